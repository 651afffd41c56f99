//! The plans that the services' own statements really got, with what they read: written to the server's log by `auto_explain`,
//! and taken from there.

use std::fmt::Write as _;
use std::fs;

use super::{Copy, READER, StoreError, WRITER};

/// What stands before each plan in the log.
const MARK: &str = "  plan:";

impl Copy<'_> {
    /// From now on the plan of everything that the services send is written down; for connections made after this.
    pub(crate) async fn explain(&self) -> Result<(), StoreError> {
        for login in [WRITER, READER] {
            for (name, value) in [
                ("session_preload_libraries", "auto_explain"),
                ("auto_explain.log_min_duration", "0"),
                ("auto_explain.log_analyze", "on"),
                ("auto_explain.log_buffers", "on"),
                ("auto_explain.log_timing", "off"),
                ("log_min_messages", "log"),
            ] {
                let sql = format!("ALTER ROLE {login} IN DATABASE {} SET {name} = '{value}'", self.name);
                self.store.execute("postgres", &sql).await?;
            }
        }
        Ok(())
    }

    /// The plan of each different statement, as it was the last time, in the order of their texts.
    pub(crate) fn plans(&self) -> Result<String, StoreError> {
        Ok(last_of_each(&fs::read_to_string(&self.store.log)?))
    }
}

/// The last plan of each statement in a server's log.
fn last_of_each(log: &str) -> String {
    let mut plans: Vec<(&str, &str)> = Vec::new();
    for entry in entries(log) {
        let Some((_, plan)) = entry.split_once(MARK) else { continue };
        let statement = plan.find("Query Text:").map_or(plan, |at| text_of(&plan[at..]));
        // Pings and settings have nothing to explain.
        if !statement.contains("atelier.") {
            continue;
        }
        match plans.iter_mut().find(|(known, _)| *known == statement) {
            Some((_, last)) => *last = plan,
            None => plans.push((statement, plan)),
        }
    }
    plans.sort_unstable();
    let mut text = String::new();
    for (_, plan) in plans {
        for line in plan.trim().lines() {
            let _ = writeln!(text, "{}", line.strip_prefix('\t').unwrap_or(line));
        }
        text.push('\n');
    }
    text
}

/// The statement of a plan: everything before its parameters, or before the line of its outermost node, the first with a cost.
fn text_of(plan: &str) -> &str {
    let cost = plan.find("  (cost=").unwrap_or(plan.len());
    let node = plan[..cost].rfind('\n').unwrap_or(cost);
    let end = plan.find("\n\tQuery Parameters:").map_or(node, |parameters| parameters.min(node));
    &plan[..end]
}

/// Entries of a log: each begins at a line that is not indented by a tab.
fn entries(log: &str) -> Vec<&str> {
    let mut begins: Vec<usize> =
        log.match_indices('\n').map(|(at, _)| at + 1).filter(|at| !log[*at..].starts_with('\t')).collect();
    begins.insert(0, 0);
    begins.push(log.len());
    begins.windows(2).filter_map(|pair| log.get(*pair.first()?..*pair.last()?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_plan_of_each_statement_is_kept() {
        let plan = |actual: u8| {
            format!(
                "2026-01-01 UTC [7] LOG:  duration: 0.1 ms  plan:\n\tQuery Text: SELECT 1\n\t  FROM atelier.orders\n\tQuery Parameters: $1 = '{actual}'\n\tIndex Scan  (cost=1) (actual rows={actual})\n\t  Buffers: shared hit=3\n"
            )
        };
        let log = format!("{}2026 LOG:  something else\n{}", plan(1), plan(2));
        let text = last_of_each(&log);
        assert!(text.contains("actual rows=2") && text.contains("shared hit=3"), "{text}");
        assert!(!text.contains("rows=1)") && !text.contains("something"), "{text}");
    }
}
