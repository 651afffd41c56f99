//! The edge's configuration in the chart: Helm reads no file outside a chart, and whoever runs NGINX alone reads none inside.

use std::fs;
use std::path::Path;

use crate::failure::Failure;
use crate::shell;

pub(super) const FOLDER: &str = "charts/atelier/edge";

const SOURCE: &str = "k8s/edge";

/// Copies every file.
pub(super) fn make(fresh: &Path) -> Result<(), Failure> {
    let (source, folder) = (shell::root().join(SOURCE), fresh.join(FOLDER));
    fs::create_dir_all(&folder).map_err(Failure::file(&folder))?;
    for entry in fs::read_dir(&source).map_err(Failure::file(&source))? {
        let entry = entry.map_err(Failure::file(&source))?;
        let path = entry.path();
        fs::copy(&path, folder.join(entry.file_name())).map_err(Failure::file(&path))?;
    }
    Ok(())
}
