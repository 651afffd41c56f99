//! `cargo xtask schemathesis`: an outside judge of the HTTP contract. It reads the document that each service serves, makes requests
//! from it, valid and not, follows its links, and holds every answer against it. What it cannot know is in `schemathesis.toml`.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::failure::Failure;
use crate::shell;

/// The judge's program.
pub(crate) const PROGRAM: &str = "schemathesis";

/// How far it goes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A thousand examples an operation, other ones each time: some fifteen minutes. Without it, few and always the same.
    #[arg(long)]
    pub(crate) long: bool,
}

const SERVICES: usize = 2;

/// What stands before the number of scenarios, in which requests follow each other.
const SCENARIOS: &str = "Scenarios:";

/// Judges both services, as callers that are believed and as callers that are known by token.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    if shell::find(PROGRAM).is_none() {
        return Err(Failure::missing_tool(PROGRAM));
    }
    shell::build(&shell::PROGRAMS)?;
    let outcomes: Vec<_> = [&[][..], &["--token"]].map(|callers| judge(callers, args)).into();
    outcomes.into_iter().collect()
}

/// Runs one system with its judge. A judge that let requests follow each other less often than it was told was content too early.
fn judge(callers: &[&str], args: &Args) -> Result<(), Failure> {
    let examples: u32 = if args.long { 1000 } else { 60 };
    let mut command = shell::program(shell::sibling("up")?);
    command.args(callers).args(["--run", "sh", ".ci/schemathesis.sh"]);
    command.args(["--generation-database", "none", "--max-examples", &examples.to_string()]);
    if !args.long {
        command.args(["--seed", "1"]);
    }
    let failed = |source| Failure::Start { command: PROGRAM.to_owned(), source };
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(failed)?;
    let mut judged = 0;
    let lines = child.stdout.take().into_iter().flat_map(|output| BufReader::new(output).lines());
    for line in lines.map_while(Result::ok) {
        println!("{line}");
        judged += usize::from(scenarios(&line).is_some_and(|count| count >= examples));
    }
    let status = child.wait().map_err(failed)?;
    if !status.success() {
        return Err(Failure::Ended { command: PROGRAM.to_owned(), status });
    }
    if judged == SERVICES {
        return Ok(());
    }
    let remedy =
        "Look for `Scenarios` above: documents without links between operations have none.".to_owned();
    Err(Failure::Found { count: SERVICES - judged, what: "services with too few scenarios", remedy })
}

/// How many scenarios a line of its output tells of.
fn scenarios(line: &str) -> Option<u32> {
    line.trim().strip_prefix(SCENARIOS)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_are_counted_where_the_judge_tells_of_them() {
        assert_eq!(scenarios("     Scenarios:    63"), Some(63));
        assert_eq!(scenarios(" ⏭  Stateful (not applicable)"), None);
    }
}
