//! `cargo xtask schemathesis`: an outside judge of the HTTP contract. It reads the document that each service serves, makes requests
//! from it, valid and not, follows its links, and holds every answer against it. What it cannot know is in `schemathesis.toml`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::shell;

/// The judge's program.
pub(crate) const PROGRAM: &str = "schemathesis";

/// How far it goes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A thousand examples an operation, other ones each time: some ten minutes. Without it, few and always the same.
    #[arg(long)]
    pub(crate) long: bool,
}

/// Judges both services, the second even if the first was found wanting. `$@` is the judge with its flags.
const BOTH: &str = r#"
judge() { "$@" ${BEARER_TOKEN:+--header "Authorization: Bearer $BEARER_TOKEN"}; }
judge "$@" "$ORDER_STATUS_URL/openapi.json"
code=$?
judge "$@" "$ORDERS_URL/openapi.json" && exit $code
"#;

const SHORT: [&str; 4] = ["--seed", "1", "--max-examples", "60"];
const LONG: [&str; 2] = ["--max-examples", "1000"];

/// What it prints about the phase in which requests follow each other.
const SCENARIOS: &str = "Scenarios:";

/// Judges both services, as callers that are believed and as callers that are known by token.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    if shell::find(PROGRAM).is_none() {
        return Err(Failure::missing_tool(PROGRAM));
    }
    shell::build(&shell::PROGRAMS)?;
    let flags: &[&str] = if args.long { &LONG } else { &SHORT };
    let mut outcomes = Vec::new();
    for callers in [&[][..], &["--token"]] {
        let mut command = shell::program(shell::sibling("up")?);
        command.args(callers).args([
            "--run",
            "sh",
            "-c",
            BOTH,
            "sh",
            PROGRAM,
            "run",
            "--generation-database",
            "none",
        ]);
        outcomes.push(judge(command.args(flags)));
    }
    outcomes.into_iter().collect()
}

/// Runs one system with its judge. A judge that never let one request follow another was content too early.
fn judge(command: &mut Command) -> Result<(), Failure> {
    let start = |command: &Command, source| Failure::Start { command: shell::describe(command), source };
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|source| start(command, source))?;
    let lines = child.stdout.take().into_iter().flat_map(|output| BufReader::new(output).lines());
    let mut services = 0;
    for line in lines.map_while(Result::ok) {
        println!("{line}");
        services += usize::from(scenarios(&line) > 0);
    }
    let status = child.wait().map_err(|source| start(command, source))?;
    if !status.success() {
        return Err(Failure::Ended { command: PROGRAM.to_owned(), status });
    }
    if services == 2 {
        return Ok(());
    }
    let remedy = "Its document has lost the links between operations.".to_owned();
    Err(Failure::Found { count: 2 - services, what: "services had no scenario of several requests", remedy })
}

/// How many scenarios a line of its output tells of.
fn scenarios(line: &str) -> u32 {
    line.trim().strip_prefix(SCENARIOS).and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_are_counted_where_the_judge_tells_of_them() {
        assert_eq!(scenarios("     Scenarios:    63"), 63);
        assert_eq!(scenarios(" ⏭  Stateful (not applicable)"), 0);
    }
}
