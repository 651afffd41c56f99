//! `cargo xtask ci`: everything that CI checks, in its order, each step timed and repeatable by name.
//!
//! All steps run even if one fails, so that one run shows everything that is wrong.

use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::chart;
use crate::codegen;
use crate::failure::Failure;
use crate::needs::Required;
use crate::{bench, schemathesis, shell, squawk, test, tidy, workflows};

const EXAMPLES: &str = "\
Examples:
  cargo xtask ci                          # every step, cheap ones first
  cargo xtask ci --only tidy,clippy       # some of them
  cargo xtask ci --require nginx          # fail where nginx is missing";

/// Which steps, and what they may not leave out.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Run only these steps.
    #[arg(long, value_delimiter = ',', value_name = "STEP")]
    only: Vec<Step>,
    /// Fail, instead of skipping, where a tool or a test's named need is missing; `all` means every one. CI=true means all.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    require: Vec<String>,
    /// Let `deny` ask the advisory database too, which it fetches from the network.
    #[arg(long)]
    advisories: bool,
    /// Let `schemathesis` take its time: more requests, and other ones each time.
    #[arg(long)]
    long: bool,
    /// What runs the step e2e instead of `cargo xtask e2e`, which wants kind: a command that brings a cluster along.
    #[arg(long, value_name = "COMMAND")]
    e2e: Option<String>,
    /// Let `e2e` leave out the cases whose subjects have not changed since this commit, but for its short set. Without it all
    /// are run: a clone does not know what was proven before.
    #[arg(long, value_name = "COMMIT")]
    changed_since: Option<String>,
}

/// Cheap ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Step {
    Fmt,
    Tidy,
    Squawk,
    Workflows,
    Deny,
    Clippy,
    Codegen,
    Chart,
    Test,
    Postgres,
    Up,
    Bench,
    Schemathesis,
    E2e,
}

enum Outcome {
    Passed,
    /// For want of this tool.
    Skipped(&'static str),
    Failed(Failure),
}

impl Step {
    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    fn repeat(self) -> &'static str {
        match self {
            Self::Fmt => "cargo fmt --all   (repairs it)",
            Self::Tidy => "cargo xtask tidy",
            Self::Squawk => "cargo xtask squawk",
            Self::Workflows => "cargo xtask workflows",
            Self::Deny => "cargo deny check bans licenses sources",
            Self::Clippy => "cargo clippy --workspace --all-targets -- -D warnings",
            Self::Codegen => "cargo xtask codegen   (renews it)",
            Self::Chart => "cargo xtask chart",
            Self::Test => "cargo xtask test",
            Self::Postgres => "cargo xtask test --postgres 15,18 -p migrator",
            Self::Up => "cargo xtask up --once",
            Self::Bench => "cargo xtask bench --quick",
            Self::Schemathesis => "cargo xtask schemathesis",
            Self::E2e => "cargo xtask e2e   (--help says how to name a cluster)",
        }
    }

    /// What must be installed for it, beside the toolchain.
    fn tool(self, args: &Args) -> Option<&'static str> {
        match self {
            Self::Deny => Some("cargo-deny"),
            Self::Squawk => Some(squawk::PROGRAM),
            Self::Schemathesis => Some(schemathesis::PROGRAM),
            Self::E2e if args.e2e.is_none() => Some("kind"),
            _ => None,
        }
    }

    /// Whether its tool may not be missing. A cluster is more than a program that could be installed, and not every machine
    /// can hold one: `all` does not mean it, `kind` does.
    fn requires(self, tool: &str, args: &Args) -> bool {
        let required = Required::new(&args.require);
        if self == Self::E2e { required.names(tool) } else { required.has(tool) }
    }

    fn run(self, args: &Args) -> Outcome {
        if let Some(tool) = self.tool(args).filter(|tool| shell::find(tool).is_none()) {
            return if self.requires(tool, args) {
                Outcome::Failed(Failure::missing_tool(tool))
            } else {
                Outcome::Skipped(tool)
            };
        }
        let outcome = match self {
            Self::Fmt => shell::run(shell::cargo().args(["fmt", "--all", "--check"])),
            Self::Tidy => tidy::run(),
            Self::Squawk => squawk::run(),
            Self::Workflows => workflows::run(&workflows::Args { require: args.require.clone() }),
            Self::Deny => deny(args),
            Self::Clippy => shell::run(shell::cargo().args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--locked",
                "--",
                "-D",
                "warnings",
            ])),
            Self::Codegen => codegen::run(&codegen::Args { check: true }),
            Self::Chart => chart::run(&chart::Args { require: args.require.clone() }),
            Self::Test => test::run(&test::Args { require: args.require.clone(), ..test::Args::default() }),
            Self::Postgres => test::run(&test::Args {
                postgres: vec![15, 18],
                forwarded: vec!["-p".into(), "migrator".into()],
                ..test::Args::default()
            }),
            Self::Up => up_once(),
            Self::Bench => bench::quick(),
            Self::Schemathesis => schemathesis::run(&schemathesis::Args { long: args.long }),
            Self::E2e => e2e(args),
        };
        outcome.map_or_else(Outcome::Failed, |()| Outcome::Passed)
    }
}

fn deny(args: &Args) -> Result<(), Failure> {
    let mut command = shell::cargo();
    command.args(["deny", "--workspace", "--locked", "check"]);
    if args.advisories {
        command.arg("advisories");
    }
    shell::run(command.args(["bans", "licenses", "sources"]))
}

/// By whoever brings a cluster along, or in one of kind's.
fn e2e(args: &Args) -> Result<(), Failure> {
    let mut words = args.e2e.as_deref().unwrap_or("cargo xtask e2e").split_whitespace();
    let mut command = shell::program(words.next().unwrap_or_default());
    command.args(words);
    if let Some(base) = &args.changed_since {
        command.args(["--changed-since", base]);
    }
    shell::run(&mut command)
}

/// The first thing that a newcomer types, done by a machine: everything up, the tour walked, everything down.
fn up_once() -> Result<(), Failure> {
    shell::build(&shell::PROGRAMS)?;
    shell::run(shell::program(shell::sibling("up")?).arg("--once"))
}

/// Runs the steps, then lists each with its time; fails if one failed.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let chosen = Step::value_variants().iter().copied();
    let chosen: Vec<Step> = chosen.filter(|step| args.only.is_empty() || args.only.contains(step)).collect();
    let mut results = Vec::new();
    for (number, step) in chosen.iter().enumerate() {
        println!("\n=== {} ({}/{})", step.name(), number + 1, chosen.len());
        let start = Instant::now();
        let outcome = step.run(args);
        if let Outcome::Failed(failure) = &outcome {
            println!("{failure}");
        }
        println!("=== {} took {}", step.name(), seconds(start.elapsed()));
        results.push((*step, outcome, start.elapsed()));
    }
    summary(&results)
}

fn summary(results: &[(Step, Outcome, Duration)]) -> Result<(), Failure> {
    println!();
    for (step, outcome, took) in results {
        let verdict = match outcome {
            Outcome::Passed => "passed".to_owned(),
            Outcome::Skipped(tool) => {
                format!("skipped: {tool} is not installed; `cargo xtask tools` says how to get it")
            }
            Outcome::Failed(_) => format!("FAILED; repeat it with: {}", step.repeat()),
        };
        println!("{:<12} {:>7}  {verdict}", step.name(), seconds(*took));
    }
    let skipped = results.iter().filter(|(_, outcome, _)| matches!(outcome, Outcome::Skipped(_))).count();
    println!("skipped steps: {skipped}");
    let count = results.iter().filter(|(_, outcome, _)| matches!(outcome, Outcome::Failed(_))).count();
    if count == 0 {
        return Ok(());
    }
    let remedy = "The list above says how to repeat each.".to_owned();
    Err(Failure::Found { count, what: "steps failed", remedy })
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}
