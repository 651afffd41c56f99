//! The programs that go into images: compiled against musl into static ones, or, where that cannot be had, with this
//! machine's C library. Which of the two came about is always said.

use std::env;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::failure::Failure;
use crate::shell;

/// Each ships in an image of its name.
const SERVICES: [&str; 3] = ["order-status", "orders", "migrator"];
/// Not shipped.
const STUB: &str = "catalog-stub";
/// The package of other releases, and its programs, each of which is all services of one; of the last one nothing but the
/// migrator differs.
const OTHERS: (&str, [(&str, &[&str]); 3]) =
    ("other-releases", [("before", &SERVICES), ("after", &SERVICES), ("broken", &["migrator"])]);

/// Whose C library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Libc {
    // Part of the program: static, the same on every machine.
    Musl,
    // This machine's, whose files go into the image beside the program.
    Glibc,
}

/// Whose instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Arch {
    Amd64,
    Arm64,
}

impl Arch {
    /// As images name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// As compilers do.
    fn compilers(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }
}

/// What was compiled.
#[derive(Debug)]
pub(crate) struct Programs {
    /// Where they are.
    pub(crate) folder: PathBuf,
    /// Name and place of each.
    pub(crate) files: Vec<(&'static str, PathBuf)>,
    pub(super) are_static: bool,
}

/// Whose sources are compiled, and where cargo puts what it builds.
pub(crate) struct Place {
    sources: PathBuf,
    target: PathBuf,
}

impl Place {
    /// This repository; this program lies in a folder of what cargo builds.
    pub(crate) fn ours() -> Result<Self, Failure> {
        let ours = shell::sibling("xtask")?;
        Ok(Self { sources: shell::root(), target: ours.ancestors().nth(2).unwrap_or(&ours).to_owned() })
    }

    /// Sources that were checked out elsewhere, which keep what is built of them.
    pub(crate) fn of(sources: &Path) -> Self {
        Self { sources: sources.to_owned(), target: sources.join("target") }
    }
}

impl Programs {
    /// Compiles the services with one cargo, then the stub with another: it would add features to what ships.
    pub(crate) fn compile(
        place: &Place,
        profile: &str,
        libc: Option<Libc>,
        arch: Option<Arch>,
        with_dev: bool,
    ) -> Result<Self, Failure> {
        let across = arch.filter(|arch| arch.compilers() != env::consts::ARCH);
        let target = format!("{}-unknown-linux-musl", across.map_or(env::consts::ARCH, Arch::compilers));
        let compiler = across.map(|arch| format!("{}-linux-gnu-gcc", arch.compilers()));
        let libc = match libc {
            // No library of this machine is any good on another kind.
            Some(Libc::Glibc) if across.is_none() => Libc::Glibc,
            asked => match (lacking(&target, compiler.as_deref()), asked.or(across.map(|_| Libc::Musl))) {
                (None, _) => Libc::Musl,
                (Some(lack), Some(_)) => return Err(lack),
                (Some(lack), None) => {
                    println!("image: NOT STATIC, this machine's C library goes into the images; {lack}");
                    Libc::Glibc
                }
            },
        };
        let mut builds = vec![services(profile)];
        if with_dev {
            builds.push(words(&["--bins", "--package", STUB], profile));
            builds.push(words(&["--bins", "--package", OTHERS.0], profile));
        }
        let is_listed = shell::find("cargo-auditable").is_some();
        if !is_listed {
            println!("image: NO LIST OF DEPENDENCIES in the programs; cargo-auditable is not installed");
        }
        for words in builds {
            let mut cargo = shell::cargo();
            cargo.current_dir(&place.sources).args(is_listed.then_some("auditable")).args(words);
            cargo.arg("--target-dir").arg(&place.target);
            if libc == Libc::Musl {
                let flags = flags(&place.sources, &target, across.is_some());
                cargo.args(["--target", &target, "--config", &flags]);
            }
            if let Some(compiler) = &compiler {
                let variable = format!("CC_{}", target.replace('-', "_"));
                cargo.env(&variable, shell::variable(&variable).unwrap_or_else(|| compiler.into()));
                cargo.args(["--config", &format!("target.{target}.linker=\"rust-lld\"")]);
            }
            shell::run(&mut cargo)?;
        }
        let mut folder = place.target.clone();
        if libc == Libc::Musl {
            folder.push(&target);
        }
        folder.push(if profile == "dev" { "debug" } else { profile });
        let files = names(with_dev).map(|name| (name, folder.join(name))).collect();
        Ok(Self { folder, files, are_static: libc == Libc::Musl })
    }

    /// The services of the releases before and after, by the names of these, as they were compiled with the stub.
    pub(super) fn others(&self) -> impl Iterator<Item = (&'static str, Self)> {
        OTHERS.1.into_iter().map(|(release, services)| {
            let files = services.iter().map(|name| (*name, self.folder.join(release))).collect();
            (release, Self { folder: self.folder.clone(), files, are_static: self.are_static })
        })
    }
}

/// The programs, each of a package of its name.
pub(super) fn names(with_dev: bool) -> impl Iterator<Item = &'static str> {
    SERVICES.into_iter().chain(with_dev.then_some(STUB))
}

/// What cargo is told to compile what ships.
pub(super) fn services(profile: &str) -> Vec<String> {
    let packages: Vec<&str> = SERVICES.iter().flat_map(|name| ["--package", *name]).collect();
    words(&[&["--bins"], packages.as_slice()].concat(), profile)
}

fn words(what: &[&str], profile: &str) -> Vec<String> {
    let words = [&["build", "--locked"], what, &["--profile", profile]].concat();
    words.into_iter().map(str::to_owned).collect()
}

/// Keeps this machine's folders out of the programs: two folders give the same program, and it names nobody's. Across, the
/// linker of this machine knows nothing of the other's libraries, which the compiler brings along.
fn flags(sources: &Path, target: &str, is_across: bool) -> String {
    let cargo_home = shell::variable("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let folders = [(Some(sources.to_owned()), "/atelier"), (cargo_home, "/cargo")];
    let flags = folders.into_iter().filter_map(|(folder, name)| {
        Some(format!("{:?}", format!("--remap-path-prefix={}={name}", folder?.display())))
    });
    let own = is_across.then(|| "\"-Clink-self-contained=yes\"".to_owned());
    format!("target.{target}.rustflags=[{}]", flags.chain(own).collect::<Vec<_>>().join(", "))
}

/// What this machine lacks for static programs. The compiler's part is fetched if it is missing, by whoever has rustup.
fn lacking(target: &str, across: Option<&str>) -> Option<Failure> {
    let has_target = || {
        let mut question = shell::program("rustc");
        shell::ask(question.args(["--print", "target-libdir", "--target", target]))
            .is_some_and(|folder| Path::new(&folder).is_dir())
    };
    if !has_target() {
        println!("image: fetching what the compiler needs for {target}");
        drop(shell::run(shell::program("rustup").args(["target", "add", target])));
    }
    if !has_target() {
        let remedy = "`rustup target add` fetches it.";
        return Some(Failure::Missing { names: vec![target.to_owned()], remedy });
    }
    let chosen = format!("CC_{}", target.replace('-', "_"));
    let compiler = across.unwrap_or("musl-gcc");
    let is_there = shell::variable(&chosen).is_some() || shell::find(compiler).is_some();
    let remedy = "ring has parts in C; `cargo xtask tools` says how to get it.";
    (!is_there).then(|| Failure::Missing { names: vec![compiler.to_owned()], remedy })
}
