//! What the rules look at: the repository's text files, and the migrations of the last release.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Violation, code, git};
use crate::failure::Failure;
use crate::shell;

/// One text file of the repository.
#[derive(Debug)]
pub(crate) struct File {
    /// Relative to the root.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// The repository as the rules see it.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
    /// Migrations as the last release has them; empty before the first.
    pub(super) released: BTreeMap<PathBuf, String>,
}

impl Tree {
    /// What git tracks or would track; files that are not UTF-8 are left out.
    pub(crate) fn of_repository() -> Result<Self, Failure> {
        let root = shell::root();
        let mut files = Vec::new();
        for path in git::files()? {
            // A deleted file is still listed until the deletion is staged, and a link is another file's text.
            let Ok(metadata) = fs::symlink_metadata(root.join(&path)) else { continue };
            if !metadata.is_file() {
                continue;
            }
            let bytes = fs::read(root.join(&path)).map_err(Failure::file(&path))?;
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(File { path, text });
            }
        }
        Ok(Self { files, released: git::released_migrations()? })
    }

    /// The Rust sources.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.extension().is_some_and(|extension| extension == "rs"))
    }

    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == Path::new(path))
    }
}

impl File {
    /// The path with `/` between its parts.
    pub(super) fn name(&self) -> String {
        self.path.to_string_lossy().replace('\\', "/")
    }

    /// Numbered lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Rust text with comments and literals blanked, line for line.
    pub(super) fn code(&self) -> String {
        code::only(&self.text)
    }

    /// Under `tests/`, or a `tests.rs` beside what it tests: compiled for tests only.
    pub(super) fn is_test(&self) -> bool {
        self.path.iter().any(|part| part == "tests" || part == "tests.rs")
    }

    /// The line on which the file's own tests begin.
    pub(super) fn tests_begin(&self) -> Option<usize> {
        self.lines().find(|(_, line)| line.trim() == "#[cfg(test)]").map(|(number, _)| number)
    }

    pub(super) fn violation(&self, line: usize, what: impl Into<String>, remedy: &'static str) -> Violation {
        Violation { path: self.path.clone(), line, what: what.into(), remedy }
    }
}

#[cfg(test)]
pub(super) fn fixture(files: &[(&str, &str)]) -> Tree {
    let files =
        files.iter().map(|(path, text)| File { path: path.into(), text: (*text).to_owned() }).collect();
    Tree { files, released: BTreeMap::new() }
}
