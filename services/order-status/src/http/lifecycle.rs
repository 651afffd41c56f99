//! The transition table as text, for the document and for people: written from the table itself, so that it cannot drift.

use std::fmt::Write as _;

use order_model::{ClearedBy, Party, Row, TABLE};

/// The table, in Markdown.
pub(super) fn table() -> String {
    let mut text = String::from(
        "| `state_type` | set true by | from | set false by | from | refused while |\n|---|---|---|---|---|---|\n",
    );
    for row in &TABLE {
        let (below, reached) = row.step.map_or(("any stage", "any stage".to_owned()), |(below, reached)| {
            (below.as_str(), format!("`{reached}`"))
        });
        let below = if row.step.is_some() { format!("`{below}`") } else { below.to_owned() };
        let held = if row.refused_while_alert { "an alert is raised" } else { "" };
        // Writing to a text does not fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {below} | {} | {reached} | {held} |",
            row.state_type,
            setters(row),
            clearers(row)
        );
    }
    text
}

/// The ladder, as a Mermaid diagram.
pub(super) fn diagram() -> String {
    let mut text = String::from("```mermaid\nstateDiagram-v2\n");
    let begin = TABLE.iter().filter_map(|row| row.step).map(|(below, _)| below).min();
    if let Some(stage) = begin {
        let _ = writeln!(text, "    [*] --> {stage}");
    }
    for row in &TABLE {
        let name = row.state_type;
        let Some((below, reached)) = row.step else {
            let _ = writeln!(
                text,
                "    note right of {}: {name} can be raised at any stage by the {}",
                begin.map_or("", order_model::Stage::as_str),
                setters(row)
            );
            continue;
        };
        let held = if row.refused_while_alert { ", not while an alert is raised" } else { "" };
        let _ = writeln!(text, "    {below} --> {reached}: {name} = true, {}{held}", setters(row));
        let _ = writeln!(text, "    {reached} --> {below}: {name} = false, {}", clearers(row));
    }
    text.push_str("```\n");
    text
}

fn setters(row: &Row) -> String {
    row.set_by.iter().map(|party| Party::as_str(*party)).collect::<Vec<_>>().join(" or ")
}

fn clearers(row: &Row) -> String {
    match row.cleared_by {
        ClearedBy::Setter => setters(row),
        ClearedBy::OperatorWithReason => "operator, with a reason".to_owned(),
        ClearedBy::Raiser => "whoever raised it, or an operator".to_owned(),
    }
}
