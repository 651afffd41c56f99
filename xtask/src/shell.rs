//! How these commands start other programs: from the repository's root, in a clean environment, with failures that
//! name the command. Nothing here interprets what the programs print.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::failure::Failure;

/// Variables that would reconfigure a service behind the back of whoever starts it here: its own keys and the names
/// that the replaced services read.
const CLEARED: [&str; 5] = ["CATALOG_URL", "DATABASE_URL", "DB_URL", "PORT", "POSTGRES_URI"];
const CLEARED_PREFIX: &str = "ATELIER_";
/// What `cargo run` told this program about itself. Build scripts of dependencies look at such variables (ring's does):
/// if they leaked into the next cargo, every command of ours would build everything anew, and so would the next plain one.
const ABOUT_US: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];
/// Which PostgreSQL to run is a choice of the person at the keyboard, not a service's setting.
const KEPT: &str = "ATELIER_POSTGRES_BIN";

/// The repository's root: the folder above this crate's.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// A variable of whoever started this: for a tool at the keyboard, the environment is an argument.
#[expect(clippy::disallowed_methods, reason = "the one place where these commands read their environment")]
pub(crate) fn variable(name: &str) -> Option<OsString> {
    env::var_os(name)
}

/// `program`, in the repository's root, without the variables that would reconfigure a service.
pub(crate) fn program(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    for name in variables().filter(|name| name.to_str().is_some_and(is_cleared)) {
        command.env_remove(name);
    }
    command
}

#[expect(clippy::disallowed_methods, reason = "only names are read, to keep some of them from children")]
fn variables() -> impl Iterator<Item = OsString> {
    env::vars_os().map(|(name, _)| name)
}

fn is_cleared(name: &str) -> bool {
    let prefixed = ABOUT_US.iter().chain([&CLEARED_PREFIX]).any(|prefix| name.starts_with(prefix));
    name != KEPT && (prefixed || CLEARED.contains(&name))
}

/// The cargo that started this program, so that its toolchain is kept.
pub(crate) fn cargo() -> Command {
    program(variable("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A program of this workspace that was built into the folder in which this one lies.
pub(crate) fn sibling(name: &str) -> Result<PathBuf, Failure> {
    let here = env::current_exe().map_err(Failure::file("the path of this program"))?;
    Ok(here.with_file_name(name))
}

/// Everything that runs. Packages that are built together share their dependencies' features; so whoever needs one of
/// these builds all, and nothing is built twice. `up` alone needs the same features and no committed queries.
pub(crate) const PROGRAMS: [&str; 4] = ["up", "order-status", "orders", "migrator"];

/// How something is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Dev,
    Release,
}

/// A program of this workspace that was built in `profile`.
pub(crate) fn built(profile: Profile, name: &str) -> Result<PathBuf, Failure> {
    let dev = sibling(name)?;
    Ok(match profile {
        Profile::Dev => dev,
        // Beside the folder in which this program lies.
        Profile::Release => dev.ancestors().nth(2).unwrap_or(&dev).join("release").join(name),
    })
}

/// Builds `packages` in the dev profile; cargo shows its own progress.
pub(crate) fn build(packages: &[&str]) -> Result<(), Failure> {
    build_in(Profile::Dev, packages)
}

/// The same in `profile`.
pub(crate) fn build_in(profile: Profile, packages: &[&str]) -> Result<(), Failure> {
    let mut command = cargo();
    command.args(["build", "--bins"]);
    if profile == Profile::Release {
        command.arg("--release");
    }
    for package in packages {
        command.args(["--package", package]);
    }
    run(&mut command)
}

/// Runs to the end with this program's own input and output.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|source| Failure::Start { command: describe(command), source })?;
    if status.success() { Ok(()) } else { Err(Failure::Ended { command: describe(command), status }) }
}

/// Runs to the end and gives what was printed; complaints go to this program's own.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Failure::Start { command: describe(command), source })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Failure::Ended { command: describe(command), status: output.status })
    }
}

/// Runs to the end, prints line by line what it prints, and gives that and how it ended.
pub(crate) fn heard(command: &mut Command) -> Result<(ExitStatus, String), Failure> {
    let failed = |command: &Command| {
        let command = describe(command);
        move |source| Failure::Start { command, source }
    };
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(failed(command))?;
    let mut said = String::new();
    let lines = child.stdout.take().into_iter().flat_map(|output| BufReader::new(output).lines());
    for line in lines.map_while(Result::ok) {
        println!("{line}");
        said += &(line + "\n");
    }
    Ok((child.wait().map_err(failed(command))?, said))
}

/// Runs to the end and gives all that was said, for programs that answer among their complaints.
pub(crate) fn told(command: &mut Command) -> Result<String, Failure> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| Failure::Start { command: describe(command), source })?;
    let told =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        return Ok(told);
    }
    eprint!("{told}");
    Err(Failure::Ended { command: describe(command), status: output.status })
}

/// What a program prints, or `None` if it cannot be run or is not content: for questions that may have no answer.
pub(crate) fn ask(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Where `name` lies on the search path.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    env::split_paths(&variable("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Whether a build server started this: such a run may skip nothing.
pub(crate) fn in_ci() -> bool {
    variable("CI").is_some_and(|value| !value.is_empty() && value != "false" && value != "0")
}

/// The command as a person would type it.
pub(crate) fn describe(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = command.get_args().map(|word| word.to_string_lossy());
    std::iter::once(name.to_string_lossy()).chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_described_as_it_would_be_typed() {
        let mut command = Command::new("/somewhere/bin/cargo");
        command.args(["test", "--workspace"]);
        assert_eq!(describe(&command), "cargo test --workspace");
    }

    #[test]
    fn variables_that_configure_services_are_cleared_and_others_are_not() {
        assert!(is_cleared("ATELIER_AUTH__MODE") && is_cleared("PORT") && is_cleared("DATABASE_URL"));
        assert!(is_cleared("CARGO_PKG_NAME") && is_cleared("CARGO_MANIFEST_DIR"));
        assert!(
            !is_cleared("PATH")
                && !is_cleared("SUPPORT")
                && !is_cleared(KEPT)
                && !is_cleared("CARGO_NET_RETRY")
        );
    }
}
