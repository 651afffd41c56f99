//! `cargo xtask test`: one PostgreSQL for the run, then every test of the workspace.
//!
//! Plain `cargo test` works too; it starts a server for each test binary, which is slower.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::OnceLock;

use crate::failure::Failure;
use crate::needs::{self, Needs, Required};
use crate::shell;
use crate::tidy::Tree;

const EXAMPLES: &str = "\
Examples:
  cargo xtask test                                      # everything
  cargo xtask test -p orders filters                    # by package and name
  cargo xtask test --postgres 15,17,18 -p migrator      # against each of these
  cargo xtask test -p watch -- --ignored                # what needs something";

/// Which tests, and what they may not leave out.
#[derive(Default, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Fail, instead of skipping, where a test's named need is missing; `all` means every need. CI=true means all.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub(crate) require: Vec<String>,
    /// Run everything once with each of these major versions of PostgreSQL, among 15, 17 and 18.
    #[arg(long, value_delimiter = ',', value_name = "MAJOR")]
    pub(crate) postgres: Vec<u64>,
    /// Filters and flags for `cargo test`, such as a test's name or `-p orders`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) forwarded: Vec<OsString>,
}

/// Runs the tests that need nothing by name, then those whose needs this machine meets.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let tree = Tree::of_repository()?;
    let (met, missing): (Needs, Needs) = needs::scan(tree.rust().map(|file| file.text.as_str()))
        .into_iter()
        .partition(|(need, _)| needs::is_met(need));
    shell::build(&["up"])?;
    let majors: Vec<Option<u64>> =
        if args.postgres.is_empty() { vec![None] } else { args.postgres.iter().copied().map(Some).collect() };
    let mut passed = Ok(());
    for major in majors {
        let mut plain = with_postgres(major)?;
        let plain = shell::run(plain.args(["test", "--no-fail-fast"]).args(selection(args)));
        let named = if args.forwarded.is_empty() { run_named(major, &met) } else { Ok(()) };
        passed = passed.and(plain).and(named);
    }
    report(&missing, &Required::new(&args.require)).and(passed)
}

/// `-p` and filters narrow the run; otherwise it is the whole workspace.
fn selection(args: &Args) -> Vec<OsString> {
    let chooses = |word: &OsString| word == "-p" || word == "--package" || word == "--workspace";
    let mut words = args.forwarded.clone();
    if !words.iter().any(chooses) {
        words.insert(0, "--workspace".into());
    }
    words
}

fn run_named(major: Option<u64>, met: &Needs) -> Result<(), Failure> {
    let names: Vec<&String> = met.values().flatten().collect();
    if names.is_empty() {
        return Ok(());
    }
    shell::run(
        with_postgres(major)?.args(["test", "--workspace", "--no-fail-fast", "--", "--ignored"]).args(names),
    )
}

/// `cargo` inside a helper that starts a server before it and ends it after it.
fn with_postgres(major: Option<u64>) -> Result<Command, Failure> {
    let cargo = shell::cargo();
    let mut command = shell::program(shell::sibling("up")?);
    if let Some(major) = major {
        // A server that is named whole would win over it.
        command.env("ATELIER_POSTGRES_MAJOR", major.to_string()).env_remove("ATELIER_POSTGRES_BIN");
    }
    command.args(["with-postgres", "--"]).arg(cargo.get_program());
    Ok(command)
}

fn report(missing: &Needs, required: &Required) -> Result<(), Failure> {
    let count: usize = missing.values().map(Vec::len).sum();
    let names: Vec<String> =
        missing.iter().map(|(need, tests)| format!("{need}: {}", tests.join(" "))).collect();
    if count == 0 {
        println!("\nskipped: 0");
    } else {
        println!("\nskipped: {count} ({})", names.join("; "));
    }
    let names: Vec<String> = missing.keys().filter(|need| required.has(need)).cloned().collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Failure::Missing { names, remedy: "Install the programs that it stands for, or do not require it." })
}

/// The test programs of one package; beside them the helper that brings them a server. They are built with those of the whole
/// workspace, as a run of all tests builds them: for one package alone most of what it depends on would be compiled again, with
/// fewer features.
pub(crate) fn programs(package: &str) -> Result<Vec<PathBuf>, Failure> {
    static SAID: OnceLock<String> = OnceLock::new();
    if SAID.get().is_none() {
        shell::build(&["up"])?;
        let mut cargo = shell::cargo();
        cargo.args(["test", "--workspace", "--no-run", "--message-format=json-render-diagnostics"]);
        drop(SAID.set(shell::output(&mut cargo)?));
    }
    let messages = SAID.get().into_iter().flat_map(|said| said.lines());
    Ok(messages.filter_map(|line| executable(line, package)).collect())
}

/// What a message of cargo's says of where a test program of `package` is, if it is about one.
fn executable(message: &str, package: &str) -> Option<PathBuf> {
    let value = |key: &str| message.split_once(&format!("\"{key}\":\""))?.1.split('"').next();
    let is_package = |id: &str| id.contains(&format!("/{package}#"));
    // A target that could be tested says so of itself, too.
    let (_, profile) = message.split_once("\"profile\":{")?;
    let is_test = profile.split('}').next().is_some_and(|profile| profile.contains("\"test\":true"));
    (is_test && value("package_id").is_some_and(is_package)).then(|| value("executable"))?.map(PathBuf::from)
}

/// Whether a program has tests of such names.
pub(crate) fn has_any(program: &Path, filters: &[&str]) -> bool {
    let listed = shell::ask(shell::program(program).arg("--list").args(filters));
    listed.is_some_and(|listed| listed.lines().any(|line| line.ends_with(": test")))
}

/// Runs some tests of a program by their names, whatever they need, with all that they print.
pub(crate) fn by_name(
    program: &Path,
    filters: &[&str],
    environment: &[(&str, String)],
) -> Result<(ExitStatus, String), Failure> {
    let mut command = shell::program(shell::sibling("up")?);
    command.args(["with-postgres", "--"]).arg(program).args(["--include-ignored", "--nocapture"]);
    shell::heard(command.args(filters).envs(environment.iter().cloned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_s_test_programs_are_told_from_others() {
        let message = |package: &str, is_test: bool| {
            format!(
                r#"{{"reason":"compiler-artifact","package_id":"path+file:///here/services/{package}#0.1.0","target":{{"name":"it","test":true}},"profile":{{"opt_level":"0","test":{is_test}}},"executable":"/there/it-1","fresh":true}}"#
            )
        };
        assert_eq!(executable(&message("orders", true), "orders"), Some(PathBuf::from("/there/it-1")));
        assert_eq!(executable(&message("orders", false), "orders"), None);
        assert_eq!(executable(&message("preorders", true), "orders"), None);
        assert_eq!(executable(r#"{"reason":"build-finished","success":true}"#, "orders"), None);
    }
}
