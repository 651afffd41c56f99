//! Links of Markdown files into the repository lead to something.

use std::path::{Component, Path, PathBuf};

use super::{Tree, Violation};

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
}
