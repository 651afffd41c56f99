//! What `verify` can find, each in words that say what to do about it.

use std::fmt;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// No migrator has been here.
    NoBookkeeping,
    /// A file was edited after it ran.
    Checksum {
        /// The file.
        file: String,
    },
    /// An expand of this binary has not run.
    MissingRow {
        /// The file.
        file: String,
    },
    /// A row that no file of this binary explains: a later release's, or another tool's.
    ExtraRow {
        /// Its number.
        version: i64,
        /// sqlx's description.
        description: String,
    },
    /// A row that only sqlx's table has, or that says it failed: another tool wrote it.
    ForeignRow {
        /// Its number.
        version: i64,
        /// sqlx's description.
        description: String,
    },
    /// The migrator's own tables were changed by another.
    Bookkeeping {
        /// What of them.
        what: String,
    },
    /// An index that a failed `CREATE INDEX CONCURRENTLY` left behind: it costs and serves nobody.
    InvalidIndex {
        /// Its name.
        index: String,
    },
    /// A constraint that old rows were never held against.
    NotValidConstraint {
        /// Its table.
        table: String,
        /// Its name.
        constraint: String,
    },
    /// A guard of the history is gone.
    GuardMissing {
        /// Its table.
        table: String,
        /// Its name.
        trigger: String,
    },
    /// A guard of the history is switched off.
    GuardDisabled {
        /// Its table.
        table: String,
        /// Its name.
        trigger: String,
    },
    /// A login holds a right that no `up` gives to anybody.
    ForeignGrant {
        /// Who; `PUBLIC` is everybody.
        grantee: String,
        /// What, with the column if it is of one.
        privilege: String,
        /// On which table or sequence; empty for the schema itself.
        object: String,
    },
    /// A login of the configuration lacks a right that every `up` gives it.
    MissingGrant {
        /// Who.
        grantee: String,
        /// What, with the column if it is of one.
        privilege: String,
        /// On which table or sequence; empty for the schema itself.
        object: String,
    },
    /// A login may do more than its grants say.
    TooMighty {
        /// Who.
        login: String,
        /// By what.
        why: String,
    },
    /// A table elsewhere inherits from one of ours: its rows are seen here, and none of our guards looks at them.
    Heir {
        /// Which.
        table: String,
        /// From which of ours.
        of: String,
    },
    /// Something in the schema was changed by hand.
    Drift,
    /// An order is not what its events tell.
    History {
        /// Which, and how.
        sentence: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBookkeeping => write!(f, "no migrator has been here: run `migrator up`"),
            Self::Checksum { file } => write!(f, "{file} was changed after it had been applied"),
            Self::MissingRow { file } => write!(f, "{file} has not been applied"),
            Self::ExtraRow { version, description } => {
                write!(f, "migration {version} ({description}) is applied and unknown to this release")
            }
            Self::ForeignRow { version, description } => {
                write!(
                    f,
                    "migration {version} ({description}) was not recorded by this migrator, or did not finish"
                )
            }
            Self::Bookkeeping { what } => write!(f, "the migrator's own tables were changed: {what}"),
            Self::InvalidIndex { index } => {
                write!(f, "index {index} is INVALID: drop it and create it again")
            }
            Self::NotValidConstraint { table, constraint } => {
                write!(f, "constraint {constraint} of {table} is NOT VALID: older rows were never checked")
            }
            Self::GuardMissing { table, trigger } => {
                write!(f, "trigger {trigger} of {table} is missing: history is not guarded")
            }
            Self::GuardDisabled { table, trigger } => {
                write!(f, "trigger {trigger} of {table} is disabled: history is not guarded")
            }
            Self::ForeignGrant { grantee, privilege, object } => {
                let object = or_schema(object);
                write!(f, "{grantee} holds {privilege} on {object}, which no `up` gives: revoke it")
            }
            Self::MissingGrant { grantee, privilege, object } => {
                let object = or_schema(object);
                write!(f, "{grantee} lacks {privilege} on {object}: `migrator up` gives it again")
            }
            Self::TooMighty { login, why } => {
                write!(f, "{login} may do more than its grants say: {why}")
            }
            Self::Heir { table, of } => {
                write!(f, "table {table} inherits from {of}: its rows are seen here, and nothing guards them")
            }
            Self::Drift => {
                write!(f, "the schema is not what the last `up` left: something was changed by hand")
            }
            Self::History { sentence } => f.write_str(sentence),
        }
    }
}

fn or_schema(object: &str) -> &str {
    if object.is_empty() { "the schema" } else { object }
}
