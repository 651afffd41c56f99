//! Metrics as people read of them: a table for docs/metrics.md.

use std::fmt::Write;

use super::Name;

/// A metric that is registered.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) name: Name,
    /// `counter`, `gauge` or `histogram`.
    pub(super) kind: &'static str,
    pub(super) labels: Vec<String>,
}

/// One line a metric, by name.
pub(super) fn table(described: &[Described]) -> String {
    let mut lines: Vec<&Described> = described.iter().collect();
    lines.sort_by_key(|it| it.name.as_str());
    let mut table = "| metric | type | labels | what it tells |\n|---|---|---|---|\n".to_owned();
    for Described { name, kind, labels } in lines {
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        // Writing to a text cannot fail.
        let _ = writeln!(table, "| `{}` | {kind} | {} | {} |", name.as_str(), labels.join(" "), name.help());
    }
    table
}
