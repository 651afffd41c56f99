//! `cargo xtask image`: each program in an image of its own, beside the certificate authorities and nothing else.
//!
//! Programs are compiled here, by the cargo that everybody uses, and the `Dockerfile` is told where they are; so no
//! engine compiles anything, and an image holds what was measured. Nothing is pushed unless `--push` says where to.

mod contents;
mod engine;
mod list;
mod listing;
mod programs;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::shell;
use engine::Engine;
pub(crate) use engine::is_of_this_machine;
use listing::Entry;
pub(crate) use programs::{Arch, Libc, Place, Programs};

const EXAMPLES: &str = "\
Examples:
  cargo xtask image --save target/images                  # as docker-archives
  cargo xtask image --push registry.example.com/atelier   # into a registry
  cargo xtask image --with-dev --profile dev --save target/images";

/// Which images, by what, and where they go.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Build with this engine [default: the first that works].
    #[arg(long, value_enum)]
    engine: Option<Engine>,
    /// Keep each image as a docker-archive in this folder, beside `images.json`, which says what is where.
    #[arg(long, value_name = "FOLDER")]
    save: Option<PathBuf>,
    /// Name the images below this registry and push them, as in `registry.example.com/atelier`.
    #[arg(long, value_name = "REGISTRY")]
    push: Option<String>,
    /// What stands behind the colon of each name.
    #[arg(long, default_value = env!("CARGO_PKG_VERSION"))]
    tag: String,
    /// The cargo profile; `dev` is for tests: a quarter of the time, four times the size, overflow checked.
    #[arg(long, default_value = "release")]
    profile: String,
    /// Link with musl, into static programs, or with this machine's C library, whose parts go into the image too
    /// [default: musl, where it can be had].
    #[arg(long, value_enum)]
    libc: Option<Libc>,
    /// For which processors; for others than this machine's it is compiled across [default: this machine's].
    #[arg(long, value_enum)]
    arch: Option<Arch>,
    /// Build `catalog-stub` too, for clusters that have no catalog (k8s/dev), and the services of other releases, tagged
    /// `before`, `after` and `broken`, to upgrade from and to (xtask/other-releases).
    #[arg(long)]
    with_dev: bool,
}

/// Where images are named while no registry is.
const LOCAL: &str = "localhost/atelier";
/// A larger image is no failure, but it is said.
const BYTES_MAX: u64 = 25_000_000;

/// Compiles, builds, then saves and pushes as asked.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    make(Engine::choose(args.engine, Engine::works)?, args).map(|_| ())
}

/// Pushes every image for each of `arches`, and a list of them under `tag`; gives names and digests of those lists.
pub(crate) fn publish(
    registry: &str,
    tag: &str,
    arches: &[Arch],
    profile: &str,
) -> Result<Vec<(String, String)>, Failure> {
    let engine = Engine::choose(None, Engine::works)?;
    let mut members: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for arch in arches {
        let args = Args {
            engine: Some(engine),
            save: None,
            push: Some(registry.to_owned()),
            tag: format!("{tag}-{}", arch.name()),
            profile: profile.to_owned(),
            libc: Some(Libc::Musl),
            arch: Some(*arch),
            with_dev: false,
        };
        for Entry { image, digest, .. } in make(engine, &args)? {
            let member = digest.map(|digest| format!("{image}@{digest}"));
            members.entry(image).or_default().extend(member);
        }
    }
    let scratch = shell::root().join("target/image");
    let push = |(image, members): (String, Vec<String>)| {
        let digest = engine.push_list(&format!("{image}:{tag}"), &members, &scratch)?;
        Ok((image, digest))
    };
    members.into_iter().map(push).collect()
}

fn make(engine: Engine, args: &Args) -> Result<Vec<Entry>, Failure> {
    println!("image: building with {engine}");
    let programs = Programs::compile(&Place::ours()?, &args.profile, args.libc, args.arch, args.with_dev)?;
    let folder = shell::root().join("target/image");
    let saved = args.save.as_ref().map(|folder| absolute(folder)).transpose()?;
    let listed = saved.as_ref().unwrap_or(&folder);
    fs::create_dir_all(listed).map_err(Failure::file(listed))?;
    let packer = Packer { args, engine, folder: &folder, saved: saved.as_deref(), labels: labels() };
    let entries = packer.pack(&programs, &args.tag)?;
    if args.with_dev {
        for (release, programs) in programs.others() {
            packer.pack(&programs, release)?;
        }
    }
    let list = listed.join("images.json");
    fs::write(&list, listing::json(&entries)).map_err(Failure::file(&list))?;
    println!("image: {} lists them", list.display());
    Ok(entries)
}

/// What is the same for all images of a run.
struct Packer<'a> {
    args: &'a Args,
    engine: Engine,
    folder: &'a Path,
    saved: Option<&'a Path>,
    labels: Vec<(&'static str, String)>,
}

impl Packer<'_> {
    /// Puts each program into an image with this tag.
    fn pack(&self, programs: &Programs, tag: &str) -> Result<Vec<Entry>, Failure> {
        let Self { args, engine, folder, saved, labels } = self;
        let context = folder.join("context");
        let mut entries = Vec::new();
        for (program, bytes) in contents::lay_out(&context, programs)? {
            let image = format!("{}/{program}", args.push.as_deref().unwrap_or(LOCAL));
            let name = format!("{image}:{tag}");
            // It prints the image's id, by which nobody asks for it.
            shell::output(&mut engine.build(program, &name, &context, args.arch, labels))?;
            let stem = if tag == args.tag { program.to_owned() } else { format!("{program}.{tag}") };
            let archive = saved.map(|folder| save(*engine, &name, folder, &stem)).transpose()?;
            let digest = args.push.as_ref().map(|_| engine.push(&name, folder)).transpose()?;
            println!("image: {name}, {}{}", megabytes(bytes), over_budget(bytes));
            entries.push(Entry { program, image, tag: tag.to_owned(), digest, archive });
        }
        Ok(entries)
    }
}

fn absolute(folder: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(folder).map_err(Failure::file(folder))
}

/// The archive's name within `folder`.
fn save(engine: Engine, name: &str, folder: &Path, stem: &str) -> Result<String, Failure> {
    let archive = format!("{stem}.tar");
    let path = folder.join(&archive);
    // Not every engine writes over an archive that is there.
    if path.exists() {
        fs::remove_file(&path).map_err(Failure::file(&path))?;
    }
    shell::run(&mut engine.save(name, &path))?;
    Ok(archive)
}

/// What is known only while building; the `Dockerfile` has the others.
fn labels() -> Vec<(&'static str, String)> {
    let git = |words: &[&str]| shell::ask(shell::program("git").args(words));
    // The commit alone, whatever tags there are, and whether the sources are still it.
    let revision = git(&["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]);
    let source = git(&["remote", "get-url", "origin"]).filter(|url| is_public(url));
    let version = Some(env!("CARGO_PKG_VERSION").to_owned());
    // The commit's time and not now: the same sources make the same image.
    let created = git(&["log", "-1", "--format=%cI"]);
    let labels = [("version", version), ("revision", revision), ("created", created), ("source", source)];
    labels.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// An address that says where the sources are, and neither a folder of this machine nor somebody's login.
fn is_public(url: &str) -> bool {
    url.starts_with("https://") && !url.contains('@')
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}

fn over_budget(bytes: u64) -> String {
    if bytes <= BYTES_MAX { String::new() } else { format!(", more than {}", megabytes(BYTES_MAX)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dockerfile() -> String {
        fs::read_to_string(shell::root().join("Dockerfile")).expect("the Dockerfile")
    }

    /// What the last command of the `Dockerfile`'s first stage does, by the words of the programs that it calls.
    fn steps() -> Vec<String> {
        let text = dockerfile();
        let script = text.split("\nRUN set -eu; ").nth(1).and_then(|rest| rest.split("\n\n").next());
        let script = script.expect("a script").replace("\\\n", "\n");
        let doubles = "uname() { echo x86_64; }; for it in rustup cargo install; do eval \"$it() { echo $it \\$*; }\"; done\n";
        let said = shell::output(shell::program("sh").args(["-euc", &format!("{doubles}{script}")]));
        said.expect("a script that runs").lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_dockerfile_compiles_as_we_do_and_puts_everything_where_its_stages_look() {
        let target = "x86_64-unknown-linux-musl";
        let words = programs::services("release").join(" ");
        let mut expected =
            vec![format!("rustup target add {target}"), format!("cargo auditable {words} --target {target}")];
        let bundle = "/etc/ssl/certs/ca-certificates.crt";
        for program in programs::names(false) {
            expected.push(format!("install -D target/{target}/release/{program} /{program}/{program}"));
            expected.push(format!("install -D --mode 644 {bundle} /{program}{bundle}"));
        }
        assert_eq!(steps(), expected);
    }

    #[test]
    fn the_dockerfile_takes_the_compiler_that_is_pinned() {
        let (text, root) = (dockerfile(), shell::root());
        let toolchain = fs::read_to_string(root.join("rust-toolchain.toml")).expect("the toolchain's file");
        let version = toolchain.split('"').nth(1).expect("a version");
        assert!(text.contains(&format!("FROM docker.io/library/rust:{version}-")), "{version}");
        assert!(text.contains(&format!("RUSTUP_TOOLCHAIN={version}\n")), "{version}");
    }

    #[test]
    fn every_image_has_a_stage_that_is_labelled_with_its_manifest() {
        let text = dockerfile();
        for program in programs::names(true) {
            let services = shell::root().join("services");
            let folder = if program == "catalog-stub" { services.join("testkit") } else { services };
            let path = folder.join(program).join("Cargo.toml");
            let manifest = fs::read_to_string(&path).expect("a manifest");
            let described =
                manifest.lines().find(|line| line.starts_with("description = ")).expect("a description");
            let stage = text.split(&format!("\nFROM base AS {program}\n")).nth(1).expect(program);
            let stage = stage.split("\nFROM ").next().unwrap_or_default();
            for part in [
                format!("COPY --from=programs /{program}/ /\n"),
                format!("ENTRYPOINT [\"/{program}\"]\n"),
                format!("LABEL org.opencontainers.image.title=\"{program}\"\n"),
                described.replacen("description = ", "LABEL org.opencontainers.image.description=", 1),
            ] {
                assert!(stage.contains(&part), "{part} is missing in {stage}");
            }
        }
        assert!(text.contains("FROM scratch AS base\n") && text.contains("USER 65532:65532\n"));
    }

    #[test]
    fn development_clusters_are_given_the_catalog_of_this_version() {
        let path = shell::root().join("k8s/dev/catalog.yaml");
        let text = fs::read_to_string(path).expect("the manifest");
        assert!(text.contains(&format!("image: {LOCAL}/catalog-stub:{}\n", env!("CARGO_PKG_VERSION"))));
    }

    #[test]
    fn a_source_is_named_only_if_anybody_could_go_there() {
        assert!(is_public("https://example.com/atelier.git"));
        for url in
            ["/srv/atelier", "git@example.com:atelier.git", "https://me:secret@example.com/atelier.git"]
        {
            assert!(!is_public(url), "{url}");
        }
    }

    #[test]
    fn a_size_is_said_and_so_is_one_that_is_too_large() {
        assert_eq!((megabytes(11_960_000), over_budget(25_000_000)), ("11.9 MB".to_owned(), String::new()));
        assert_eq!(over_budget(25_000_001), ", more than 25.0 MB");
    }
}
