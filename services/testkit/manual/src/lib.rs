//! What is written about a program, held against the program: its help fits a screen, its examples are understood, and so is
//! every command of it that a document shows or names.
//!
//! It only reads and parses; nothing here runs what is written. `xtask` depends on it, so it must stay as light as that.

pub mod console;
mod help;
mod typed;

use std::fs;
use std::path::{Path, PathBuf};

pub use help::check;
pub use typed::{Fence, Typed, fences, typed};

/// Documents that tell of the past, whose commands were right then.
const HISTORY: [&str; 1] = ["CHANGELOG.md"];

/// Whether the Markdown file at `path` tells how it is now.
pub fn is_document(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
        && !HISTORY.iter().any(|name| path.ends_with(name))
}

/// The repository's documents: where each is, from the root, and its text.
pub fn documents() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap_or(Path::new("."));
    let mut documents = Vec::new();
    collect(root, Path::new(""), &mut documents);
    documents.sort();
    documents
}

/// What cannot be read is no document: the rule of `cargo xtask tidy` sees each file that git has.
fn collect(root: &Path, folder: &Path, documents: &mut Vec<(PathBuf, String)>) {
    let entries = fs::read_dir(root.join(folder)).into_iter().flatten().filter_map(Result::ok);
    for entry in entries {
        let name = entry.file_name();
        let path = folder.join(&name);
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && name != "target" && !name.to_string_lossy().starts_with('.') {
            collect(root, &path, documents);
        } else if is_document(&path)
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            documents.push((path, text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_found_and_the_past_is_none() {
        let documents = documents();
        let has = |name: &str| documents.iter().any(|(path, _)| path == Path::new(name));
        assert!(has("README.md") && has("docs/api.md") && has("k8s/dev/README.md"));
        assert!(!has("CHANGELOG.md"));
    }
}
