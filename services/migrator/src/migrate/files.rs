//! The migration files as the binary carries them: their names, phases and directives, read once and refused early.
//! It never talks to a database, and it never accepts a file that it does not understand in full.

mod directives;
pub(super) mod statements;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha384};

pub use directives::{DirectiveError, Directives, parse_time};

/// The files of `migrations/`, listed by the build script.
static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// When a file may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Adds only; every application of the release before keeps working. Runs with `up`.
    Expand,
    /// Takes away; needs an approved plan and no old application. Never runs with `up`.
    Contract,
    /// Changes rows, a batch at a time, while applications serve. Runs with `backfill` only, and no version counts it.
    /// Its file is an expand's with the directive `-- backfill`.
    Backfill,
}

impl Phase {
    /// The word in file names and in `schema_meta_files.phase`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expand => "expand",
            Self::Contract => "contract",
            Self::Backfill => "backfill",
        }
    }
}

/// One migration file.
#[derive(Clone, Debug)]
pub struct Migration {
    /// The number that its name starts with; no two files share one.
    pub version: i64,
    /// The file's name, as messages show it.
    pub file: String,
    /// When it may run.
    pub phase: Phase,
    /// The whole text, to the byte.
    pub sql: String,
    /// The text of the `.down.sql` beside an expand, with a header of its own.
    pub down_sql: Option<String>,
    /// What its header asks for.
    pub directives: Directives,
}

impl Migration {
    /// SHA-384 of the text, as sqlx computes it.
    pub fn checksum(&self) -> [u8; 48] {
        Sha384::digest(&self.sql).into()
    }

    /// What sqlx derives from such a file name, for its `description` column: without number and `.sql`, `_` as blanks.
    pub fn description(&self) -> String {
        let rest = self.file.split_once('_').map_or(self.file.as_str(), |(_, rest)| rest);
        rest.trim_end_matches(".sql").replace('_', " ")
    }
}

/// All migrations in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub struct MigrationSet {
    migrations: Vec<Migration>,
}

/// Why a set of files is refused. The binary's own set is read by a test, so a user meets none of these.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The name is neither `NNNN_name.expand.sql`, `NNNN_name.contract.sql` nor `NNNN_name.down.sql`.
    #[error(
        "{file}: a migration is named NNNN_name.expand.sql or NNNN_name.contract.sql, with NNNN_name.down.sql beside an expand"
    )]
    Name {
        /// The file.
        file: String,
    },
    /// Two files share a number.
    #[error("{file} and {other} share a number")]
    SharedNumber {
        /// The later file.
        file: String,
        /// The earlier one.
        other: String,
    },
    /// A `.down.sql` without its expand.
    #[error("{file}: there is no expand of this name")]
    DownAlone {
        /// The file.
        file: String,
    },
    /// A contract that says it is a backfill.
    #[error("{file}: a backfill is an expand; a contract takes away what the backfill made needless")]
    BackfillInContract {
        /// The file.
        file: String,
    },
    /// The header or the statements cannot be accepted.
    #[error("{file}")]
    Directive {
        /// The file.
        file: String,
        /// What is wrong with it.
        source: DirectiveError,
    },
}

impl MigrationSet {
    /// The files that this binary was built with.
    pub fn embedded() -> Result<Self, FilesError> {
        Self::parse(EMBEDDED.iter().copied())
    }

    /// Reads pairs of file name and text, in any order.
    pub fn parse<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, FilesError> {
        let mut by_version: BTreeMap<i64, Migration> = BTreeMap::new();
        let mut downs = Vec::new();
        for (file, sql) in files {
            match parse_name(file).ok_or_else(|| FilesError::Name { file: file.to_owned() })? {
                Name { kind: Kind::Down, stem, version } => downs.push((file, stem, version, sql)),
                Name { kind: Kind::Phase(phase), version, .. } => {
                    let directives = directives(file, sql)?;
                    let phase = match (phase, directives.backfill_batch) {
                        (Phase::Contract, Some(_)) => {
                            return Err(FilesError::BackfillInContract { file: file.to_owned() });
                        }
                        (_, Some(_)) => Phase::Backfill,
                        (phase, None) => phase,
                    };
                    let migration = Migration {
                        version,
                        file: file.to_owned(),
                        phase,
                        sql: sql.to_owned(),
                        down_sql: None,
                        directives,
                    };
                    if let Some(other) = by_version.insert(version, migration) {
                        return Err(FilesError::SharedNumber { file: file.to_owned(), other: other.file });
                    }
                }
            }
        }
        for (file, stem, version, sql) in downs {
            directives(file, sql)?;
            let expand = format!("{stem}.expand.sql");
            by_version
                .get_mut(&version)
                .filter(|migration| migration.file == expand && migration.phase == Phase::Expand)
                .ok_or_else(|| FilesError::DownAlone { file: file.to_owned() })?
                .down_sql = Some(sql.to_owned());
        }
        Ok(Self { migrations: by_version.into_values().collect() })
    }

    /// The migrations, lowest number first.
    pub fn iter(&self) -> impl Iterator<Item = &Migration> {
        self.migrations.iter()
    }

    /// Those of one phase, lowest number first.
    pub fn of(&self, phase: Phase) -> impl Iterator<Item = &Migration> {
        self.iter().filter(move |migration| migration.phase == phase)
    }

    /// The schema version that this set leads to: its highest expand, 0 for none.
    pub fn schema_version(&self) -> i64 {
        self.of(Phase::Expand).map(|migration| migration.version).max().unwrap_or(0)
    }

    /// The lowest schema that an application may be of once `contract` has run: that of the last expand before it.
    ///
    /// Whoever was built with that expand was built in, or after, the release that stopped using what goes.
    pub fn needed_by(&self, contract: &Migration) -> i64 {
        let before = self.of(Phase::Expand).filter(|expand| expand.version < contract.version);
        before.map(|expand| expand.version).max().unwrap_or(0)
    }

    /// Names and texts, hashed: two sets with one fingerprint make the same schema.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha384::new();
        for migration in &self.migrations {
            hash.update(&migration.file);
            hash.update([0]);
            hash.update(migration.checksum());
        }
        hex(&hash.finalize()[..16])
    }
}

/// Bytes as lower-case hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn directives(file: &str, sql: &str) -> Result<Directives, FilesError> {
    Directives::parse(sql).map_err(|source| FilesError::Directive { file: file.to_owned(), source })
}

enum Kind {
    Phase(Phase),
    Down,
}

struct Name<'a> {
    version: i64,
    stem: &'a str,
    kind: Kind,
}

fn parse_name(file: &str) -> Option<Name<'_>> {
    let (stem, kind) = if let Some(stem) = file.strip_suffix(".expand.sql") {
        (stem, Kind::Phase(Phase::Expand))
    } else if let Some(stem) = file.strip_suffix(".contract.sql") {
        (stem, Kind::Phase(Phase::Contract))
    } else {
        (file.strip_suffix(".down.sql")?, Kind::Down)
    };
    let (number, name) = stem.split_once('_')?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let well_formed = number.len() == 4
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(plain);
    let version = number.parse().ok().filter(|version| *version > 0)?;
    well_formed.then_some(Name { version, stem, kind })
}

#[cfg(test)]
mod tests;
