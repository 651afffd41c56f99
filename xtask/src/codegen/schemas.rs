//! The JSON schema of each binary's configuration, and the definition of the kind `SchemaMigration`, printed by the binaries
//! themselves.

use std::path::Path;

use super::documents::write;
use crate::failure::Failure;
use crate::shell;

const PACKAGES: [&str; 3] = ["migrator", "order-status", "orders"];

pub(super) const FILES: [&str; 4] = [
    "services/migrator/config.schema.json",
    "services/order-status/config.schema.json",
    "services/orders/config.schema.json",
    "charts/atelier-operator/templates/crd.yaml",
];

/// Builds the binaries and keeps what `config schema` prints.
pub(super) fn make(fresh: &Path) -> Result<(), Failure> {
    shell::build(&shell::PROGRAMS)?;
    for (package, file) in PACKAGES.iter().zip(FILES) {
        let schema = shell::output(shell::program(shell::sibling(package)?).args(["config", "schema"]))?;
        write(fresh, file, &schema)?;
    }
    let definition = shell::output(shell::program(shell::sibling(PACKAGES[0])?).arg("crd"))?;
    write(fresh, FILES[3], &definition)
}
