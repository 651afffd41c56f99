//! Against other implementations of the contract: their own runner measures, its ratios get our goals.

use std::fs;
use std::path::{self, Path};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

use crate::error::BenchError;
use crate::measure::Bench;
use crate::report::{Findings, Goal, Row};
use crate::statistics::Estimate;

const GROUP: &str = "peers";
const SUBJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/subject");
/// Where the committed subject expects the programs.
const RELEASE: &str = "{here}/../../../target/release";

/// Measure, test, peer, goal. A test or peer that begins so is meant.
const GOALS: [(&str, &str, &str, Goal); 16] = [
    ("requests/s", "status", "gin", Goal::AtLeast(3.0)),
    ("requests/s", "status", "fastapi", Goal::AtLeast(20.0)),
    ("requests/s", "status", "pgbench:atelier", Goal::AtLeast(0.85)),
    ("requests/s", "paid", "gin", Goal::AtLeast(3.0)),
    ("requests/s", "paid", "fastapi", Goal::AtLeast(15.0)),
    ("requests/s", "update", "gin", Goal::AtLeast(4.0)),
    ("requests/s", "update", "fastapi", Goal::AtLeast(17.0)),
    ("requests/s", "update", "pgbench:atelier", Goal::AtLeast(1.5)),
    ("requests/s", "create", "gin", Goal::AtLeast(4.0)),
    ("requests/s", "create", "fastapi", Goal::AtLeast(15.0)),
    ("p99 of GET status", "80%", "gin", Goal::AtMost(0.5)),
    ("memory under load", "", "gin", Goal::AtMost(1.0)),
    ("memory under load", "", "fastapi", Goal::AtMost(0.2)),
    ("cold list, 50 models", "cold", "gin/sequential", Goal::AtMost(0.15)),
    ("cold list, 50 models", "cold", "fastapi/sequential", Goal::AtMost(0.15)),
    ("catalog calls/model, 200 at once", "cold", "", Goal::Told),
];

/// What `compare` writes, as far as it is read.
#[derive(Debug, Deserialize)]
struct Compared {
    ratios: Vec<Ratio>,
    notes: Vec<String>,
    round_trips_alone: Value,
}

#[derive(Debug, Deserialize)]
struct Ratio {
    what: String,
    test: String,
    against: String,
    #[serde(rename = "ratio")]
    median: f64,
    low: f64,
    high: f64,
    rounds: usize,
}

pub(super) fn measure(bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    const PROGRAM: &str = "compare";
    let Some(folder) = &bench.options.peers else {
        findings.rows.push(Row::skipped(GROUP, "against other implementations", "--peers names no folder"));
        return Ok(());
    };
    let file = bench.log.with_extension("compare.json");
    let subject = bench.log.with_extension("subject.toml");
    write_subject(&bench.programs, &subject)?;
    let mut command = Command::new(folder.join(PROGRAM));
    command.arg("--subject").arg(&subject).args(["--against", &bench.options.against.join(",")]);
    command.arg("--json").arg(&file);
    if bench.options.quick {
        command.arg("--counts");
    } else {
        command.arg("--rounds").arg(bench.options.rounds.to_string());
        command.arg("--seconds").arg(bench.options.seconds.to_string());
    }
    let status = command.status().map_err(|source| BenchError::Start { program: PROGRAM, source })?;
    // With 2 it has figures, and says in its notes who was disqualified.
    if !status.success() && status.code() != Some(2) {
        return Err(BenchError::Peers { status });
    }
    let text = fs::read(&file).map_err(BenchError::file(&file))?;
    for file in [&file, &subject] {
        drop(fs::remove_file(file));
    }
    let compared: Compared = serde_json::from_slice(&text)?;
    findings.rows.extend(compared.ratios.iter().map(row));
    findings.notes.extend(compared.notes.iter().map(|note| format!("peers: {note}")));
    findings.keep(GROUP, serde_json::from_slice::<Value>(&text)?.get("runs"));
    findings.keep(GROUP, &compared.round_trips_alone);
    if !status.success() {
        let what = "peers or ourselves that answer wrongly";
        findings.rows.push(Row::counted(GROUP, what, "disqualified", Goal::AtMost(0.0), 1.0));
    }
    Ok(())
}

/// The subject with the programs that are measured.
fn write_subject(programs: &Path, into: &Path) -> Result<(), BenchError> {
    let committed = Path::new(SUBJECT).join("atelier.toml");
    let text = fs::read_to_string(&committed).map_err(BenchError::file(&committed))?;
    let programs = path::absolute(programs).map_err(BenchError::file(programs))?;
    let text = text.replace(RELEASE, &programs.display().to_string()).replace("{here}", SUBJECT);
    fs::write(into, text).map_err(BenchError::file(into))
}

fn row(found: &Ratio) -> Row {
    let is_meant = |(what, test, against, _): &&(&str, &str, &str, Goal)| {
        found.what == *what
            && found.test.starts_with(test)
            && (against.is_empty() || found.against == *against)
    };
    let goal = GOALS.iter().find(is_meant).map_or(Goal::Told, |(.., goal)| *goal);
    let figure = Estimate { median: found.median, low: found.low, high: found.high, rounds: found.rounds };
    let what = format!("{}, {}", found.what, found.test);
    Row { figure: Some(figure), ..Row::timed(GROUP, what, found.against.clone(), goal, &[found.median]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(what: &str, test: &str, against: &str) -> Ratio {
        let (what, test, against) = (what.to_owned(), test.to_owned(), against.to_owned());
        Ratio { what, test, against, median: 2.0, low: 1.9, high: 2.1, rounds: 7 }
    }

    #[test]
    fn a_ratio_gets_the_goal_of_its_measure_test_and_peer() {
        let goal = |what, test, against| row(&ratio(what, test, against)).goal;
        assert_eq!(goal("requests/s", "status", "gin"), Goal::AtLeast(3.0));
        assert_eq!(
            goal("p99 of GET status", "80% of the slower's capacity, against gin", "gin"),
            Goal::AtMost(0.5)
        );
        assert_eq!(goal("p99 of GET status", "50% of the slower's capacity, against gin", "gin"), Goal::Told);
        assert_eq!(goal("memory under load", "paid", "fastapi"), Goal::AtMost(0.2));
        assert_eq!(goal("requests/s", "status", "sqlx-pool"), Goal::Told);
    }

    #[test]
    fn what_compare_writes_is_understood() {
        let text = r#"{"ratios": [{"what": "requests/s", "test": "status", "subject": "atelier", "against": "gin", "key": "rate",
            "ratio": 3.5, "low": 3.1, "high": 3.9, "rounds": 7, "better": "more"}], "notes": ["n"], "round_trips_alone": {}}"#;
        let compared: Compared = serde_json::from_str(text).expect("should be understood");
        let row = row(&compared.ratios[0]);
        assert_eq!(row.figure.map(|figure| (figure.median, figure.rounds)), Some((3.5, 7)));
    }
}
