//! Rows that `cargo xtask bench` measures anyway: its program is run for one group, and its goals are ours.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::Finding;
use crate::cli::Options;
use crate::error::ProveError;

/// A report of bench's, as far as it is needed here.
#[derive(Deserialize)]
struct Report {
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    what: String,
    of: String,
    goal: Goal,
    figure: Option<Figure>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Goal {
    AtLeast(f64),
    AtMost(f64),
    Told,
}

#[derive(Clone, Copy, Deserialize)]
struct Figure {
    median: f64,
}

/// Runs one group, and holds what has a goal against it.
pub(super) async fn prove(group: &'static str, options: &Options) -> Result<Finding, ProveError> {
    let report = std::env::temp_dir().join(format!("atelier-prove-{}.json", std::process::id()));
    let mut bench = Command::new(&options.bench);
    bench.args(["--only", group, "--programs"]).arg(&options.programs).arg("--json").arg(&report);
    bench.args(options.short.then_some(["--quick", "--rounds", "3", "--seconds", "3"]).into_iter().flatten());
    let status = tokio::task::spawn_blocking(move || bench.status()).await;
    let status =
        status.map_err(std::io::Error::other).and_then(|status| status).map_err(ProveError::Place)?;
    // One that missed a goal has written its figures before it says so.
    let read = read(&report);
    drop(fs::remove_file(&report));
    read.map(|report| report.finding()).map_err(|source| ProveError::Bench { status, source })
}

fn read(path: &Path) -> Result<Report, std::io::Error> {
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}

impl Report {
    fn finding(&self) -> Finding {
        let figures = self.rows.iter().map(|row| {
            let median = row.figure.map_or("nothing".to_owned(), |figure| format!("{:.2}", figure.median));
            let value = median.trim_end_matches('0').trim_end_matches('.');
            format!("{}: {value} ({})", row.what, row.of)
        });
        let is_met = self.rows.iter().all(Row::is_met) && !self.rows.is_empty();
        Finding { figure: figures.collect::<Vec<_>>().join("; "), is_met }
    }
}

impl Row {
    fn is_met(&self) -> bool {
        match (self.goal, self.figure) {
            (Goal::Told, _) => true,
            (_, None) => false,
            (Goal::AtLeast(goal), Some(Figure { median })) => median >= goal,
            (Goal::AtMost(goal), Some(Figure { median })) => median <= goal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(goal: &str, figure: &str) -> Finding {
        let row = format!(r#"{{"what": "lost", "of": "of 7", "goal": {goal}, "figure": {figure}}}"#);
        let report: Report =
            serde_json::from_str(&format!(r#"{{"rows": [{row}], "notes": []}}"#)).expect("a report");
        report.finding()
    }

    #[test]
    fn a_goal_that_is_missed_or_was_not_measured_is_not_met() {
        let met = found(r#"{"at_most": 0.0}"#, r#"{"median": 0.0, "low": 0.0}"#);
        assert!(met.is_met && met.figure == "lost: 0 (of 7)", "{}", met.figure);
        assert!(!found(r#"{"at_most": 0.0}"#, r#"{"median": 1.0}"#).is_met);
        assert!(!found(r#"{"at_least": 1.0}"#, "null").is_met);
        assert!(found("\"told\"", r#"{"median": 1.0}"#).is_met);
    }
}
