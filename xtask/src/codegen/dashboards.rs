//! Grafana's dashboards in the chart, written by the program that has them as tables.

use std::path::Path;

use crate::failure::Failure;
use crate::shell;

pub(super) const FOLDER: &str = "charts/atelier/dashboards";

const PROGRAM: &str = "watch";

/// Builds the program and lets it write them.
pub(super) fn make(fresh: &Path) -> Result<(), Failure> {
    shell::build(&[PROGRAM])?;
    shell::run(shell::program(shell::sibling(PROGRAM)?).arg(fresh.join(FOLDER)))
}
