//! The JSON schema of each binary's configuration, printed by the binary itself.

use std::fs;
use std::path::Path;

use crate::failure::Failure;
use crate::shell;

const PACKAGES: [&str; 3] = ["migrator", "order-status", "orders"];

pub(super) const FILES: [&str; 3] = [
    "services/migrator/config.schema.json",
    "services/order-status/config.schema.json",
    "services/orders/config.schema.json",
];

/// Builds the binaries and keeps what `config schema` prints.
pub(super) fn make(fresh: &Path) -> Result<(), Failure> {
    shell::build(&shell::PROGRAMS)?;
    for (package, file) in PACKAGES.iter().zip(FILES) {
        let schema = shell::output(shell::program(shell::sibling(package)?).args(["config", "schema"]))?;
        let path = fresh.join(file);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(Failure::file(folder))?;
        }
        fs::write(&path, schema).map_err(Failure::file(&path))?;
    }
    Ok(())
}
