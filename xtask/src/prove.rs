//! `cargo xtask prove`: each claim about reliability and security by its name, what proves it, and its line in docs/reliability.md,
//! which this command writes. A row is proven by a program (`xtask/prove`), by named tests, by other commands, or by two builds.

mod named_tests;
mod page;
mod rows;
mod same_programs;

use std::path::PathBuf;
use std::process::Command;

use crate::failure::Failure;
use crate::image::{Place, Programs};
use crate::shell::{self, Profile};
use page::{Page, Run};
use rows::{By, Row};

/// What marks the line of a proof's output that is its result; it may be said several times.
const FIGURE: &str = "figure: ";
/// All rows.
const ALL: &str = "all";
/// The program that proves, the one that measures for it, and what both start.
const PROGRAMS: [&str; 4] = [PROVE, BENCH, "order-status", "orders"];
const PROVE: &str = "prove";
const BENCH: &str = "bench";

/// Which proofs, and how thoroughly.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Proofs by name, or `all`; without one they are listed.
    names: Vec<String>,
    /// A minute instead of many, with programs that are not optimised, where a proof has such a form.
    #[arg(long)]
    short: bool,
    /// Break what the proof is about: it must be seen to fail, so a control that finds nothing ends with 1.
    #[arg(long)]
    control: bool,
    /// What chance hangs on.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// How long `soak` lasts.
    #[arg(long, value_name = "N")]
    minutes: Option<u32>,
    /// A folder with other builds of the services, instead of those that would be compiled.
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
}

/// What came of one proof.
struct Outcome {
    figures: Vec<String>,
    /// Of a control: whether the proof failed, as it must.
    is_as_claimed: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    if args.names.is_empty() {
        list();
        // What is claimed stands on the page as it stands here.
        return Page::read()?.write();
    }
    let rows = chosen(&args.names)?;
    let mut missed = 0;
    for row in rows {
        println!("\n{}: {}", row.name, row.claim);
        let outcome = match prove(row, args) {
            Ok(outcome) => outcome,
            // The others are run all the same.
            Err(failure) => {
                println!("{}: {failure}", row.name);
                missed += 1;
                continue;
            }
        };
        let figure = outcome.figures.join("; ");
        println!("{}: {figure}", row.name);
        println!("{}: {}", row.name, if outcome.is_as_claimed { "as claimed" } else { "MISSED" });
        missed += usize::from(!outcome.is_as_claimed);
        let mut page = Page::read()?;
        page.note(row, &Run::now(row, args, outcome.is_as_claimed, figure)?);
        page.write()?;
    }
    if missed == 0 {
        return Ok(());
    }
    let remedy = "Each says above what it found.".to_owned();
    Err(Failure::Found { count: missed, what: "proofs failed", remedy })
}

fn list() {
    for row in rows::all() {
        println!("{:<10} {}", row.name, row.claim);
    }
}

fn chosen(names: &[String]) -> Result<Vec<&'static Row>, Failure> {
    if names.iter().any(|name| name == ALL) {
        return Ok(rows::all().collect());
    }
    let (mut rows, mut unknown) = (Vec::new(), Vec::new());
    for name in names {
        match rows::all().find(|row| row.name.eq_ignore_ascii_case(name)) {
            Some(row) => rows.push(row),
            None => unknown.push(name.clone()),
        }
    }
    if unknown.is_empty() {
        return Ok(rows);
    }
    Err(Failure::Missing { names: unknown, remedy: "`cargo xtask prove` lists the proofs." })
}

fn prove(row: &Row, args: &Args) -> Result<Outcome, Failure> {
    match row.by {
        By::Program | By::Measured => by_program(row, args),
        By::SamePrograms => same_programs::run(args.short, args.control),
        By::Tests(_) | By::Commands(_) if args.control => {
            let names = vec![format!("a control of {} to run", row.name)];
            Err(Failure::Missing { names, remedy: "docs/reliability.md says what shows that it can fail." })
        }
        By::Tests(tests) => named_tests::run(tests, args),
        By::Commands(commands) => by_commands(commands),
    }
}

fn by_program(row: &Row, args: &Args) -> Result<Outcome, Failure> {
    let (folder, bench) = compile(row, args)?;
    let mut command = shell::program(shell::sibling(PROVE)?);
    command.arg(row.name).arg("--programs").arg(folder).arg("--bench").arg(bench);
    command.args(["--seed", &args.seed.to_string()]);
    command.args(args.short.then_some("--short")).args(args.control.then_some("--control"));
    if let Some(minutes) = args.minutes {
        command.args(["--minutes", &minutes.to_string()]);
    }
    let (status, said) = shell::heard(&mut command)?;
    let figures = figures(&said);
    if figures.is_empty() {
        return Err(Failure::Ended { command: shell::describe(&command), status });
    }
    Ok(Outcome { figures, is_as_claimed: status.success() })
}

/// What is proven: in a short run as everything here is built, otherwise as it ships; and the program that measures. What only asks
/// and breaks is as everything here.
fn compile(row: &Row, args: &Args) -> Result<(PathBuf, PathBuf), Failure> {
    shell::build(if args.short { &PROGRAMS } else { &PROGRAMS[..2] })?;
    let mut bench = shell::sibling(BENCH)?;
    if row.by == By::Measured && !args.short {
        shell::build_in(Profile::Release, &[BENCH])?;
        bench = shell::built(Profile::Release, BENCH)?;
    }
    let folder = match &args.programs {
        Some(folder) => folder.clone(),
        None if args.short => bench.with_file_name(""),
        None => Programs::compile(&Place::ours()?, "release", None, None, false)?.folder,
    };
    Ok((folder, bench))
}

fn by_commands(commands: &[&[&str]]) -> Result<Outcome, Failure> {
    let mut figures = Vec::new();
    for words in commands {
        let mut command: Command = shell::cargo();
        let (status, said) = shell::heard(command.args(*words))?;
        if !status.success() {
            return Err(Failure::Ended { command: shell::describe(&command), status });
        }
        let found = self::figures(&said);
        let passed = format!("`{}` passes", shell::describe(&command));
        figures.extend(if found.is_empty() { vec![passed] } else { found });
    }
    Ok(Outcome { figures, is_as_claimed: true })
}

/// What was said of results. Tests that run beside each other may say it behind something else.
fn figures(said: &str) -> Vec<String> {
    let found = said.lines().filter_map(|line| Some(line.split_once(FIGURE)?.1.trim().to_owned()));
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_chosen_by_name_in_either_case_and_unknown_ones_are_named() {
        let names = |rows: Vec<&Row>| rows.iter().map(|row| row.name).collect::<Vec<_>>();
        let typed = |words: &[&str]| chosen(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(names(typed(&["r2", "S7"]).expect("known")), ["R2", "S7"]);
        assert_eq!(typed(&["all"]).expect("known").len(), rows::all().count());
        let unknown = typed(&["R2", "R99"]).err().map(|failure| failure.to_string());
        assert!(unknown.is_some_and(|said| said.starts_with("missing: R99.")));
    }

    #[test]
    fn figures_are_found_wherever_they_stand_in_a_line() {
        assert_eq!(figures("so\nfigure: 3 of 3\ntest a ... figure: 4 ms\n"), ["3 of 3", "4 ms"]);
    }

    #[test]
    fn what_the_program_is_asked_for_it_knows() {
        let known = include_str!("../prove/src/proofs.rs");
        for row in rows::all().filter(|row| matches!(row.by, By::Program | By::Measured)) {
            assert!(known.contains(&format!("\"{}\" =>", row.name)), "{}", row.name);
        }
    }
}
