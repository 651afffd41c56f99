//! What is made of the comments in the chart's values.yaml: its schema, and the tables of its README. And what the chart makes
//! of the values in its folder `ci`, where helm is there.

use std::fs;
use std::path::Path;

use super::documents::{with_part, write};
use crate::failure::Failure;
use crate::shell;

pub(super) const FILES: [&str; 2] = ["charts/atelier/values.schema.json", "charts/atelier/README.md"];

const PROGRAM: &str = "chart";

/// Builds the program that reads the comments, and keeps what it prints.
pub(super) fn make(fresh: &Path) -> Result<(), Failure> {
    shell::build(&[PROGRAM])?;
    let printed = |word: &str| shell::output(shell::program(shell::sibling(PROGRAM)?).arg(word));
    write(fresh, FILES[0], &printed("schema")?)?;
    let path = shell::root().join(FILES[1]);
    let readme = fs::read_to_string(&path).map_err(Failure::file(&path))?;
    write(fresh, FILES[1], &with_part(FILES[1], &readme, "values", &printed("table")?)?)
}

pub(super) const RENDERED: &str = "k8s/rendered";

/// Renders each file of values.
pub(super) fn render(fresh: &Path) -> Result<(), Failure> {
    shell::build(&[PROGRAM])?;
    shell::run(shell::program(shell::sibling(PROGRAM)?).arg("rendered").arg(fresh.join(RENDERED)))
}
