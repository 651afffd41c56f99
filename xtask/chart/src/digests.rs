//! The file that `cargo xtask image` writes: which image each program is in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Images by program.
#[derive(Debug, Default)]
pub(crate) struct Digests {
    registry: Option<String>,
    images: BTreeMap<String, ImageValues>,
}

/// An image as the chart names it, behind the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ImageValues {
    pub(crate) repository: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<String>,
}

/// One line of the file; what it says of archives does not matter here.
#[derive(Debug, Deserialize)]
struct Line {
    image: String,
    tag: String,
    digest: Option<String>,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DigestsError {
    /// It cannot be read.
    #[error("the file of digests {} cannot be read", file.display())]
    Unreadable { file: PathBuf, source: std::io::Error },
    /// It is not what `cargo xtask image` writes.
    #[error("{} is not what `cargo xtask image` writes", file.display())]
    Malformed { file: PathBuf, source: serde_json::Error },
    /// The images lie in several places, and the chart knows one.
    #[error("{} names images in several registries; the chart takes them from one", file.display())]
    Registries { file: PathBuf },
}

impl Digests {
    /// Reads the file.
    pub(crate) fn read(file: &Path) -> Result<Self, DigestsError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| DigestsError::Unreadable { file: file.to_owned(), source })?;
        let lines: BTreeMap<String, Line> = serde_json::from_str(&text)
            .map_err(|source| DigestsError::Malformed { file: file.to_owned(), source })?;
        let mut digests = Self::default();
        for (program, Line { image, tag, digest }) in lines {
            let (registry, repository) = image.rsplit_once('/').unwrap_or(("", &image));
            if digests.registry.get_or_insert_with(|| registry.to_owned()) != registry {
                return Err(DigestsError::Registries { file: file.to_owned() });
            }
            let tag = digest.is_none().then_some(tag);
            digests.images.insert(program, ImageValues { repository: repository.to_owned(), tag, digest });
        }
        Ok(digests)
    }

    /// Where all images are.
    pub(crate) fn registry(&self) -> Option<&str> {
        self.registry.as_deref()
    }

    /// The image of `program`.
    pub(crate) fn of(&self, program: &str) -> Option<ImageValues> {
        self.images.get(program).cloned()
    }
}
