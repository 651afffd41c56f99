//! Links of Markdown files into the repository lead to something, and so do the paths that their sentences name.

use std::path::{Component, Path, PathBuf};

use super::{Tree, Violation};

/// What a path of the repository begins with, as sentences name it.
const TOP: [&str; 9] =
    [".cargo/", ".ci/", ".github/", "charts/", "docs/", "k8s/", "migrations/", "services/", "xtask/"];

/// Each path from the root that stands in a sentence as code is there; one with a placeholder is not looked at.
pub(super) fn paths_exist(tree: &Tree) -> Vec<Violation> {
    let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    let is_path = |text: &&str| is_plain(text) && TOP.iter().any(|top| text.starts_with(top));
    let mut violations = Vec::new();
    for file in tree.files.iter().filter(|file| manual::is_document(&file.path)) {
        for (number, line) in file.lines().filter(|(_, line)| !line.trim_start().starts_with("```")) {
            let missing = line
                .split('`')
                .skip(1)
                .step_by(2)
                .filter(is_path)
                .filter(|path| !tree.files.iter().any(|file| file.path.starts_with(path)));
            violations.extend(missing.map(|path| {
                file.violation(number, format!("there is no {path}"), "Name it as it is called now.")
            }));
        }
    }
    violations
}

/// Each relative link names a file or a folder that is there; addresses of the outside world are not looked at.
pub(super) fn links_resolve(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in
        tree.files.iter().filter(|file| file.path.extension().is_some_and(|extension| extension == "md"))
    {
        let folder = file.path.parent().unwrap_or(Path::new(""));
        let mut fenced = false;
        for (number, line) in file.lines() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            }
            if fenced {
                continue;
            }
            for target in targets(line) {
                if !resolves(tree, folder, target) {
                    let what = format!("the link to {target} leads nowhere");
                    violations.push(file.violation(
                        number,
                        what,
                        "Name a file of the repository, relative to this one.",
                    ));
                }
            }
        }
    }
    violations
}

/// The targets of `[text](target)` and `[label]: target` that are paths, without their anchors.
fn targets(line: &str) -> Vec<&str> {
    let prose: Vec<&str> = line.split('`').step_by(2).collect();
    let inline = prose
        .iter()
        .flat_map(|text| text.split("](").skip(1))
        .filter_map(|rest| rest.split([')', ' ']).next());
    let reference = line.trim_start().starts_with('[').then(|| line.split_once("]: ")).flatten();
    let reference = reference.and_then(|(_, rest)| rest.split_whitespace().next());
    inline
        .chain(reference)
        .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
        .filter_map(|target| target.split('#').next())
        .filter(|path| !path.is_empty())
        .collect()
}

fn resolves(tree: &Tree, folder: &Path, target: &str) -> bool {
    let mut path = PathBuf::new();
    for part in folder.join(target).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::ParentDir if path.pop() => {}
            Component::CurDir => {}
            _ => return false,
        }
    }
    tree.files.iter().any(|file| file.path.starts_with(&path))
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture;
    use super::*;

    #[test]
    fn links_to_files_folders_and_the_outside_are_fine_and_others_are_found() {
        let text = "[a](../README.md) [b](adr/) [c](https://example.com) [d](#here)\n[e](missing.md) `[f](code.md)`\n\
                    [g](api.md#part \"Title\")\n```\n[h](fenced.md)\n```\n[i](../../outside.md)\n[j]: gone.md\n";
        let tree = fixture(&[
            ("docs/index.md", text),
            ("README.md", ""),
            ("docs/adr/0001.md", ""),
            ("docs/api.md", ""),
        ]);
        let lines: Vec<usize> = links_resolve(&tree).iter().map(|violation| violation.line).collect();
        assert_eq!(lines, [2, 7, 8]);
    }

    #[test]
    fn a_path_that_is_gone_is_found_in_a_sentence() {
        let text = "`services/a/src/` and `services/a/src/lib.rs`, `services/NNNN.*` and\n`xtask/gone.rs` or `other/gone.rs`\n";
        let tree = fixture(&[("README.md", text), ("services/a/src/lib.rs", "")]);
        let lines: Vec<usize> = paths_exist(&tree).iter().map(|violation| violation.line).collect();
        assert_eq!(lines, [2]);
    }
}
