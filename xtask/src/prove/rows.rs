//! Every claim, and what proves it. What is written here stands in docs/reliability.md as it is.

mod chance;
mod reliability;
mod security;

use super::named_tests::Tests;

/// A claim.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) claim: &'static str,
    pub(super) goal: &'static str,
    pub(super) by: By,
    /// What shows that the proof can fail: what `--control` breaks, or where a test's opposite is.
    pub(super) control: &'static str,
}

/// What proves a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// `xtask/prove`, which knows the row by its name.
    Program,
    /// The same, by a row of `cargo xtask bench`.
    Measured,
    /// Tests of the workspace.
    Tests(Tests),
    /// Words behind `cargo`, each of which must end well.
    Commands(&'static [&'static [&'static str]]),
    /// Two builds in two folders.
    SamePrograms,
}

/// All, in the order of the page.
pub(super) fn all() -> impl Iterator<Item = &'static Row> {
    reliability::ROWS.iter().chain(&chance::ROWS).chain(&security::ROWS)
}
