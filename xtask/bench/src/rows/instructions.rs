//! Instructions of the rules, counted by valgrind's callgrind on `order-model/examples/instructions.rs`: the same each time, however
//! busy the machine is, so a slower rule is found where no time could tell.
//!
//! Plain callgrind, and the difference between a thousand turns and two thousand: the start of a process is in both. A harness such as
//! iai-callgrind would bring a runner to install and a macro to learn for that one subtraction.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::error::BenchError;
use crate::measure::Bench;
use crate::report::{Findings, Goal, Row};

const GROUP: &str = "instructions";
const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.json");
const WORKS: [&str; 3] = ["decide", "next", "parse"];
const TURNS: u64 = 1000;
/// What two builds of the same sources may differ by.
const TOLERANCE: f64 = 0.02;

/// Instructions a turn, as they were when somebody last agreed to them.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Baseline {
    /// They hold for this compiler, kind of processor and C library (whose allocator is in them) only.
    made_by: String,
    turns: BTreeMap<String, u64>,
}

pub(super) fn measure(bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        findings.rows.push(Row::skipped(GROUP, "instructions of the rules", "valgrind is not installed"));
        return Ok(());
    }
    let program = build()?;
    let made_by = format!("{}, {}, {}", findings.machine.rustc, std::env::consts::ARCH, c_library());
    let mut counted = Baseline { made_by: made_by.clone(), ..Baseline::default() };
    for work in WORKS {
        let (once, twice) = (count(&program, work, TURNS)?, count(&program, work, 2 * TURNS)?);
        counted.turns.insert(work.to_owned(), twice.saturating_sub(once) / TURNS);
    }
    if bench.options.renew_baseline {
        let text = serde_json::to_string_pretty(&counted)? + "\n";
        fs::write(BASELINE, text).map_err(BenchError::file(BASELINE))?;
    }
    let known: Baseline = serde_json::from_slice(&fs::read(BASELINE).map_err(BenchError::file(BASELINE))?)?;
    findings.rows.extend(counted.turns.iter().map(|(work, turns)| row(work, *turns, &known, &made_by)));
    findings.keep(GROUP, &counted);
    Ok(())
}

fn row(work: &str, turns: u64, known: &Baseline, made_by: &str) -> Row {
    let what = format!("{work}: {turns} instructions");
    match known.turns.get(work).filter(|_| known.made_by == made_by) {
        Some(before) => {
            let ratio = crate::measure::as_float(turns) / crate::measure::as_float(*before);
            Row::counted(GROUP, what, "the baseline", Goal::AtMost(1.0 + TOLERANCE), ratio)
        }
        None => Row::skipped(GROUP, what, "the baseline is of another compiler, processor or C library"),
    }
}

fn c_library() -> String {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    said.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned()).unwrap_or_default()
}

fn build() -> Result<PathBuf, BenchError> {
    const PROGRAM: &str = "cargo";
    let words = ["build", "--release", "--quiet", "--package", "order-model", "--example", "instructions"];
    let status = Command::new(PROGRAM)
        .args(words)
        .status()
        .map_err(|source| BenchError::Start { program: PROGRAM, source })?;
    if !status.success() {
        return Err(BenchError::Ended { program: PROGRAM, status, said: "what it says is above".to_owned() });
    }
    Ok(PathBuf::from("target/release/examples/instructions"))
}

fn count(program: &PathBuf, work: &str, turns: u64) -> Result<u64, BenchError> {
    const PROGRAM: &str = "valgrind";
    let output = Command::new(PROGRAM)
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([work, &turns.to_string()])
        .output()
        .map_err(|source| BenchError::Start { program: PROGRAM, source })?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(BenchError::Ended { program: PROGRAM, status: output.status, said });
    }
    parse(&said).ok_or(BenchError::Unread { program: PROGRAM, said })
}

/// `==7== Collected : 123456`
fn parse(said: &str) -> Option<u64> {
    said.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Verdict;

    #[test]
    fn what_callgrind_prints_is_understood() {
        assert_eq!(parse("==7== Events    : Ir\n==7== Collected : 123456\n==7==\n"), Some(123_456));
        assert_eq!(parse("==7== nothing\n"), None);
    }

    #[test]
    fn three_percent_more_is_too_many_and_another_compiler_tells_nothing() {
        let known =
            Baseline { made_by: "a".to_owned(), turns: BTreeMap::from([("decide".to_owned(), 1000)]) };
        assert_eq!(row("decide", 1015, &known, "a").verdict(), Verdict::Met);
        assert_eq!(row("decide", 1030, &known, "a").verdict(), Verdict::Missed);
        assert_eq!(row("decide", 1030, &known, "b").verdict(), Verdict::Skipped);
    }
}
