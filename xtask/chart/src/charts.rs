//! The charts of this repository, and where they are.

use std::path::PathBuf;

use clap::ValueEnum;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Chart {
    /// Both services and the migrator.
    Atelier,
    /// The controller of `SchemaMigration`s.
    AtelierOperator,
}

impl Chart {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Atelier, Self::AtelierOperator];

    /// The folder's name, which is the chart's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Atelier => "atelier",
            Self::AtelierOperator => "atelier-operator",
        }
    }

    /// Its folder.
    pub fn folder(self) -> PathBuf {
        [env!("CARGO_MANIFEST_DIR"), "..", "..", "charts", self.name()].iter().collect()
    }

    /// The files of its folder `ci`, by the first parts of their names, in order.
    pub fn matrix(self) -> std::io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.folder().join("ci"))? {
            let name = entry?.file_name();
            names.extend(name.to_string_lossy().strip_suffix("-values.yaml").map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }
}
