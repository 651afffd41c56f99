//! What came out: rows with goals, and everything raw beside them.

pub(crate) mod chart;
mod earlier;
pub(crate) mod table;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::statistics::Estimate;
use rig::machine::Machine;

/// What a figure has to be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
    /// It is told for the reader; nothing hangs on it.
    Told,
}

/// How a row ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Met,
    Missed,
    Told,
    Skipped,
}

/// One line of the table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The group, as `--only` names it.
    pub(crate) group: Cow<'static, str>,
    pub(crate) what: String,
    /// What it is compared with, or the unit.
    pub(crate) of: String,
    pub(crate) goal: Goal,
    /// Whether time can change it: what it cannot change decides over `--quick`.
    pub(crate) timed: bool,
    pub(crate) figure: Option<Estimate>,
    /// Why there is no figure.
    pub(crate) skipped: Option<String>,
}

impl Row {
    /// A row that was measured in rounds; without a round it is skipped.
    pub(crate) fn timed(
        group: &'static str,
        what: impl Into<String>,
        of: impl Into<String>,
        goal: Goal,
        values: &[f64],
    ) -> Self {
        let figure = Estimate::of(values);
        let skipped = figure.is_none().then(|| "no round was measured".to_owned());
        Self { group: group.into(), what: what.into(), of: of.into(), goal, timed: true, figure, skipped }
    }

    /// A row that was counted, once.
    pub(crate) fn counted(
        group: &'static str,
        what: impl Into<String>,
        of: impl Into<String>,
        goal: Goal,
        value: f64,
    ) -> Self {
        Self { timed: false, ..Self::timed(group, what, of, goal, &[value]) }
    }

    /// A row that this machine or this build cannot have.
    pub(crate) fn skipped(group: &'static str, what: impl Into<String>, why: impl Into<String>) -> Self {
        let why = Some(why.into());
        Self { skipped: why, ..Self::timed(group, what, "", Goal::Told, &[]) }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let Some(figure) = self.figure else { return Verdict::Skipped };
        let is_met = match self.goal {
            Goal::Told => return Verdict::Told,
            Goal::AtLeast(goal) => figure.median >= goal,
            Goal::AtMost(goal) => figure.median <= goal,
        };
        if is_met { Verdict::Met } else { Verdict::Missed }
    }

    /// How far it is past its goal: 1 is just there, more is better, whichever way the goal points.
    pub(crate) fn share_of_goal(&self) -> Option<f64> {
        let figure = self.figure?;
        match self.goal {
            Goal::AtLeast(goal) => Some(figure.median / goal),
            // Where there may be none and is none, nothing is better.
            Goal::AtMost(_) if figure.median <= 0.0 => Some(f64::INFINITY),
            Goal::AtMost(goal) => Some(goal / figure.median),
            Goal::Told => None,
        }
    }
}

/// Everything that a run found.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Findings {
    pub(crate) machine: Machine,
    /// As it was typed.
    pub(crate) options: Vec<String>,
    pub(crate) rows: Vec<Row>,
    /// What a reader must know before believing a row.
    pub(crate) notes: Vec<String>,
    /// Raw figures by group.
    pub(crate) raw: BTreeMap<String, Vec<Value>>,
}

impl Findings {
    /// Whether something that time cannot change is not as it should be.
    pub(crate) fn misses_what_is_sure(&self) -> bool {
        self.rows.iter().any(|row| !row.timed && row.verdict() == Verdict::Missed)
    }

    /// Keeps a raw figure.
    pub(crate) fn keep(&mut self, group: &str, figure: impl Serialize) {
        // A figure of ours is always JSON; one that were not would be missing from the file, not wrong in it.
        let value = serde_json::to_value(figure).unwrap_or_default();
        self.raw.entry(group.to_owned()).or_default().push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_met_from_either_side() {
        let row = |goal, value| Row::counted("trips", "a", "b", goal, value);
        assert_eq!(row(Goal::AtLeast(3.0), 3.1).verdict(), Verdict::Met);
        assert_eq!(row(Goal::AtLeast(3.0), 2.9).verdict(), Verdict::Missed);
        assert_eq!(row(Goal::AtMost(0.2), 0.2).verdict(), Verdict::Met);
        assert_eq!(row(Goal::AtMost(0.2), 0.3).verdict(), Verdict::Missed);
        assert_eq!(row(Goal::Told, 7.0).verdict(), Verdict::Told);
        assert_eq!(Row::skipped("images", "a", "no images").verdict(), Verdict::Skipped);
    }

    #[test]
    fn longer_bars_are_better_whichever_way_the_goal_points() {
        let share = |goal| Row::counted("trips", "a", "b", goal, 4.0).share_of_goal();
        assert_eq!(share(Goal::AtLeast(2.0)), Some(2.0));
        assert_eq!(share(Goal::AtMost(8.0)), Some(2.0));
        let none = Row::counted("crosstalk", "a", "b", Goal::AtMost(0.0), 0.0).share_of_goal();
        assert_eq!(none, Some(f64::INFINITY));
    }
}
