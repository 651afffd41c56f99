//! Cargo manifests, as far as rules need them: sections, keys, and the comments that give reasons.

use super::code::names_crate;
use super::tree::File;
use super::{Tree, Violation};

/// Crates whose library is not called like their package.
const RENAMED: [(&str, &str); 1] = [("load", "load_generator")];

/// One dependency of a manifest.
pub(super) struct Dependency {
    pub(super) line: usize,
    pub(super) name: String,
    /// Only tests have it.
    pub(super) dev: bool,
}

/// The dependencies that a manifest names, of every kind.
pub(super) fn dependencies(manifest: &File) -> Vec<Dependency> {
    let mut found = Vec::new();
    let (mut inside, mut dev) = (false, false);
    for (number, line) in manifest.lines() {
        let line = line.trim();
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = section.ends_with("dependencies");
            dev = section.contains("dev-dependencies");
            if let Some((kind, name)) = section.rsplit_once('.')
                && kind.ends_with("dependencies")
            {
                found.push(Dependency { line: number, name: name.to_owned(), dev });
            }
        } else if inside && let Some(name) = key(line) {
            found.push(Dependency { line: number, name, dev });
        }
    }
    found
}

fn key(line: &str) -> Option<String> {
    let (key, _) = line.split_once('=').filter(|_| !line.starts_with('#'))?;
    Some(key.trim().split('.').next().unwrap_or_default().trim_matches('"').to_owned())
}

/// Each dependency of the workspace says why it is there, behind it or at the head of its group.
pub(super) fn dependencies_have_reasons(tree: &Tree) -> Vec<Violation> {
    let Some(manifest) = tree.file("Cargo.toml") else { return Vec::new() };
    let mut violations = Vec::new();
    let mut inside = false;
    let mut headed = false;
    for (number, line) in manifest.lines() {
        let line = line.trim();
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
            headed = false;
        } else if line.is_empty() {
            headed = false;
        } else if line.starts_with('#') {
            headed = true;
        } else if inside
            && !headed
            && !line.contains(" # ")
            && let Some(name) = key(line)
        {
            let remedy = "Say in a comment what it is for, behind it or above its group.";
            violations.push(manifest.violation(number, format!("{name} has no reason"), remedy));
        }
    }
    violations
}

/// Each dependency of a crate is named in its code; one that only tests name is of tests.
pub(super) fn dependencies_are_used(tree: &Tree) -> Vec<Violation> {
    let code: Vec<(String, String)> = tree.rust().map(|file| (file.name(), file.code())).collect();
    let mut violations = Vec::new();
    for manifest in &tree.files {
        let name = manifest.name();
        let Some(folder) = name.strip_suffix("/Cargo.toml") else { continue };
        for found in dependencies(manifest) {
            let own = RENAMED.iter().find(|(package, _)| *package == found.name);
            let library =
                own.map_or_else(|| found.name.replace('-', "_"), |(_, library)| (*library).to_owned());
            let places: &[&str] =
                if found.dev { &["src/", "tests/", "examples/"] } else { &["src/", "build.rs"] };
            let is_place = |path: &str| {
                let rest = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
                rest.is_some_and(|rest| places.iter().any(|place| rest.starts_with(place)))
            };
            let mut lines = code.iter().filter(|(path, _)| is_place(path)).flat_map(|(_, code)| code.lines());
            if !lines.any(|line| names_crate(line, &library)) {
                let remedy = "Take it away, or put what only tests need under [dev-dependencies].";
                violations.push(manifest.violation(
                    found.line,
                    format!("nothing uses {}", found.name),
                    remedy,
                ));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture;
    use super::*;

    #[test]
    fn dependencies_of_every_kind_are_seen() {
        let text = "[package]\nname = \"x\"\n[dependencies]\na = \"1\"\nb.workspace = true\n[dev-dependencies.c]\n\
                    version = \"1\"\n[target.'cfg(unix)'.dependencies]\nd = \"1\"\n";
        let tree = fixture(&[("Cargo.toml", text)]);
        let names: Vec<_> =
            dependencies(&tree.files[0]).into_iter().map(|found| (found.name, found.dev)).collect();
        let expected = [("a", false), ("b", false), ("c", true), ("d", false)];
        assert_eq!(names, expected.map(|(name, dev)| (name.to_owned(), dev)));
    }

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        let text = "[workspace.dependencies]\n# Data.\na = \"1\"\n\nb = \"1\"   # money\nc = \"1\"\n[profile.dev]\nd = 1\n";
        let violations = dependencies_have_reasons(&fixture(&[("Cargo.toml", text)]));
        assert_eq!(violations.iter().map(|v| v.line).collect::<Vec<_>>(), [6]);
    }

    #[test]
    fn a_dependency_that_nothing_uses_is_found() {
        let manifest = "[dependencies]\na = 1\nb-c = 1\nload = 1\nd = 1\n[dev-dependencies]\ne = 1\nf = 1\n";
        let tree = fixture(&[
            ("x/Cargo.toml", manifest),
            ("x/src/lib.rs", "use a::A;\nfn f() { b_c::g(load_generator::h()) }\n"),
            ("x/tests/it/main.rs", "use d::D;\nuse e::E;\n"),
        ]);
        let lines: Vec<usize> = dependencies_are_used(&tree).iter().map(|found| found.line).collect();
        assert_eq!(lines, [5, 8]);
    }
}
