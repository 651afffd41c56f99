//! The table: for the terminal in columns, for documents in Markdown.

use super::{Goal, Row, Verdict};
use crate::statistics::Estimate;

const HEAD: [&str; 7] = ["group", "measure", "of", "goal", "measured", "95 % interval", ""];

fn cells(row: &Row) -> [String; 7] {
    let goal = match row.goal {
        Goal::AtLeast(value) => format!("at least {}", number(value)),
        Goal::AtMost(value) => format!("at most {}", number(value)),
        Goal::Told => String::new(),
    };
    let verdict = match row.verdict() {
        Verdict::Met => "met".to_owned(),
        Verdict::Missed => "MISSED".to_owned(),
        Verdict::Told => String::new(),
        Verdict::Skipped => format!("skipped: {}", row.skipped.as_deref().unwrap_or_default()),
    };
    let (measured, interval) = match row.figure {
        Some(Estimate { median, low, high, rounds }) if rounds > 1 => {
            (number(median), format!("{} .. {}", number(low), number(high)))
        }
        Some(figure) => (number(figure.median), String::new()),
        None => (String::new(), String::new()),
    };
    [row.group.to_string(), row.what.clone(), row.of.clone(), goal, measured, interval, verdict]
}

/// Two digits behind the point where they mean something.
pub(crate) fn number(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// In columns.
pub(crate) fn columns(rows: &[Row]) -> String {
    let mut lines = vec![HEAD.map(str::to_owned)];
    lines.extend(rows.iter().map(cells));
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|at| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or(0))
        .collect();
    lines.insert(1, std::array::from_fn(|at| "-".repeat(widths[at])));
    let line = |cells: &[String; 7]| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_goal_and_a_skipped_row_say_so() {
        let rows = [
            Row::timed("throughput", "GET status", "pgbench", Goal::AtLeast(0.85), &[0.5, 0.6, 0.7]),
            Row::skipped("images", "image size", "no images were built"),
        ];
        let table = columns(&rows);
        assert!(
            table.contains("at least 0.85") && table.contains("0.60") && table.contains("MISSED"),
            "{table}"
        );
        assert!(table.contains("skipped: no images were built"), "{table}");
    }
}
