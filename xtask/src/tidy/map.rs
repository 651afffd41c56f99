//! ARCHITECTURE.md as a map: every crate is on it, and its arrows are those of the manifests.

use std::collections::BTreeSet;

use super::manifests::dependencies;
use super::tree::File;
use super::{Tree, Violation};

const MAP: &str = "ARCHITECTURE.md";
/// The crates of what ships: their folder, and none below it. What only tests have is no arrow.
const SHIPPED: &str = "services/";
const FOR_TESTS: &str = "testkit";

/// Each crate's folder is named on the map.
pub(super) fn crates_are_on_the_map(tree: &Tree) -> Vec<Violation> {
    let Some(map) = tree.file(MAP) else { return Vec::new() };
    let missing = manifests(tree).filter(|(folder, _)| !map.text.contains(&format!("`{folder}`")));
    let remedy = "Say in its table what the crate is for, in one line.";
    missing.map(|(folder, _)| map.violation(1, format!("{folder} is not on the map"), remedy)).collect()
}

/// `a --> b` stands in its drawing where crate `a` depends on crate `b`, and nowhere else.
pub(super) fn arrows_are_those_of_the_manifests(tree: &Tree) -> Vec<Violation> {
    let Some(map) = tree.file(MAP) else { return Vec::new() };
    let shipped: Vec<(&str, &File)> = manifests(tree)
        .filter_map(|(folder, file)| Some((folder.strip_prefix(SHIPPED)?, file)))
        .filter(|(name, _)| !name.starts_with(FOR_TESTS))
        .collect();
    let is_shipped = |name: &str| shipped.iter().any(|(shipped, _)| *shipped == name);
    let true_ones: BTreeSet<String> = shipped
        .iter()
        .flat_map(|(name, file)| dependencies(file).into_iter().map(move |found| (name, found)))
        .filter(|(_, found)| !found.dev && is_shipped(&found.name))
        .map(|(name, found)| format!("{name} --> {}", found.name))
        .collect();
    let drawn: BTreeSet<String> =
        map.lines().map(|(_, line)| line.trim().to_owned()).filter(|line| line.contains(" --> ")).collect();
    let remedy = "Draw the arrow, or take away the dependency, whichever was not meant.";
    let differences = true_ones.symmetric_difference(&drawn);
    differences
        .map(|arrow| map.violation(1, format!("{arrow} is drawn or depended on, not both"), remedy))
        .collect()
}

/// Every crate's folder and manifest.
fn manifests(tree: &Tree) -> impl Iterator<Item = (&str, &File)> {
    tree.files.iter().filter_map(|file| Some((file.path.to_str()?.strip_suffix("/Cargo.toml")?, file)))
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture;
    use super::*;

    fn tree(map: &str) -> Tree {
        fixture(&[
            (MAP, map),
            ("services/a/Cargo.toml", "[dependencies]\nb = 1\nserde = 1\n[dev-dependencies]\nc = 1\n"),
            ("services/b/Cargo.toml", ""),
            ("services/c/Cargo.toml", ""),
        ])
    }

    #[test]
    fn a_crate_that_is_not_on_the_map_is_found() {
        assert_eq!(crates_are_on_the_map(&tree("`services/a` `services/b` `services/c`")), []);
        assert_eq!(crates_are_on_the_map(&tree("`services/a` `services/b`")).len(), 1);
    }

    #[test]
    fn an_arrow_too_many_or_too_few_is_found() {
        assert_eq!(arrows_are_those_of_the_manifests(&tree("    a --> b\n")), []);
        assert_eq!(arrows_are_those_of_the_manifests(&tree("nothing\n")).len(), 1);
        assert_eq!(arrows_are_those_of_the_manifests(&tree("a --> b\na --> c\n")).len(), 1);
    }
}
