//! What is wrong with a configuration, in words: the key, the layer it came from, what is allowed. Never a secret's text.

use std::path::{Path, PathBuf};

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file named by `--config` or `ATELIER_CONFIG` cannot be read.
    #[error("the configuration file {} cannot be read: {source}", file.display())]
    UnreadableFile {
        /// Which file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no TOML. Only the place is told: the line itself may hold a secret.
    #[error("the configuration file {} is no TOML: {place}", file.display())]
    Syntax {
        /// Which file.
        file: PathBuf,
        /// Where in it.
        place: String,
    },
    /// Values that cannot be used; all of them.
    #[error("{}", list(.0))]
    Mistakes(Vec<Mistake>),
}

impl ConfigError {
    pub(super) fn syntax(file: &Path, error: &figment::Error) -> Self {
        // The parser's first line says where, its next ones quote the text.
        let place = error.to_string().lines().next().unwrap_or_default().to_owned();
        Self::Syntax { file: file.to_owned(), place }
    }
}

/// One value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    key: String,
    origin: Option<String>,
    problem: String,
}

impl Mistake {
    pub(super) fn at(key: &str, origin: &str, problem: impl Into<String>) -> Self {
        Self { key: key.to_owned(), origin: Some(origin.to_owned()), problem: problem.into() }
    }

    pub(super) fn missing(key: &str, problem: impl Into<String>) -> Self {
        Self { key: key.to_owned(), origin: None, problem: problem.into() }
    }

    /// Whether it is about `key`.
    pub(super) fn is_at(&self, key: &str) -> bool {
        self.key == key
    }

    pub(super) fn whole(problem: String) -> Self {
        Self { key: "configuration".to_owned(), origin: None, problem }
    }
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { key, origin, problem } = self;
        match origin {
            Some(origin) => write!(f, "{key} ({origin}): {problem}"),
            None => {
                let variable = key.to_uppercase().replace('.', "__");
                write!(f, "{key} (not set; file key {key}, or ATELIER_{variable}): {problem}")
            }
        }
    }
}

fn list(mistakes: &[Mistake]) -> String {
    let count = mistakes.len();
    let mut text = format!("{count} mistake{} in the configuration:", if count == 1 { "" } else { "s" });
    for mistake in mistakes {
        text.push_str("\n  ");
        text.push_str(&mistake.to_string());
    }
    text
}
