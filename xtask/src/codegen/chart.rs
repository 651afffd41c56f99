//! What is made of the comments in each chart's values.yaml: its schema, and the tables of its README. And what the charts make
//! of the values in their folders `ci`, where helm is there.

use std::fs;
use std::path::Path;

use super::documents::{with_part, write};
use crate::failure::Failure;
use crate::shell;

pub(super) const FILES: [&str; 4] = [
    "charts/atelier/values.schema.json",
    "charts/atelier/README.md",
    "charts/atelier-operator/values.schema.json",
    "charts/atelier-operator/README.md",
];
/// By the first parts of the files' names.
const CHARTS: [&str; 2] = ["atelier", "atelier-operator"];

const PROGRAM: &str = "chart";

/// Builds the program that reads the comments, and keeps what it prints.
pub(super) fn make(fresh: &Path) -> Result<(), Failure> {
    shell::build(&[PROGRAM])?;
    for (chart, files) in CHARTS.iter().zip(FILES.chunks(2)) {
        let printed =
            |word: &str| shell::output(shell::program(shell::sibling(PROGRAM)?).args([word, chart]));
        write(fresh, files[0], &printed("schema")?)?;
        let path = shell::root().join(files[1]);
        let readme = fs::read_to_string(&path).map_err(Failure::file(&path))?;
        write(fresh, files[1], &with_part(files[1], &readme, "values", &printed("table")?)?)?;
    }
    Ok(())
}

pub(super) const RENDERED: &str = "k8s/rendered";

/// Renders each file of values.
pub(super) fn render(fresh: &Path) -> Result<(), Failure> {
    shell::build(&[PROGRAM])?;
    shell::run(shell::program(shell::sibling(PROGRAM)?).arg("rendered").arg(fresh.join(RENDERED)))
}
