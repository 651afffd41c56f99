//! Commands in documents: who understands each, and what runs it. A document that shows a command which nobody tries is the
//! next one that lies.
//!
//! Which test or case runs what, and why some of it nobody can, stands in `commands/inventory.rs`.

mod inventory;

use manual::{Typed, is_document, typed};

use super::tree::File;
use super::{Tree, Violation};
use inventory::{Held, Held::Cannot, Held::Does, Held::Runs, INVENTORY, PROGRAMS, TOOLS};

const TABLE: &str = "xtask/src/tidy/commands/inventory.rs";
const REMEDY: &str =
    "Let a test run it, and name that in xtask/src/tidy/commands/inventory.rs; or say there why nobody can.";
const STALE: &str = "Take the line away, or name what holds the command now.";

/// Each command of a block is understood by whoever holds its program's words against documents, and is run by a test or a
/// case, or there is a reason why not. And each line of the inventory is of use.
pub(super) fn commands_are_held(tree: &Tree) -> Vec<Violation> {
    let documents: Vec<(&File, Vec<Typed>)> = tree
        .files
        .iter()
        .filter(|file| is_document(&file.path))
        .map(|file| (file, typed(&file.text).into_iter().filter(|found| found.is_whole).collect()))
        .collect();
    let mut violations = Vec::new();
    for (file, commands) in &documents {
        for command in commands {
            let words = command.words.join(" ");
            let is_known =
                PROGRAMS.iter().map(|(program, _)| program).chain(&TOOLS).any(|it| begins(&words, it));
            if !is_known {
                let what = format!("nobody looks whether `{words}` is understood");
                violations.push(file.violation(command.line, what, REMEDY));
            }
            if !INVENTORY.iter().any(|line| is_about(line, file, &words)) {
                violations.push(file.violation(command.line, format!("nothing runs `{words}`"), REMEDY));
            }
        }
    }
    let Some(table) = tree.file(TABLE) else { return violations };
    for (program, place) in PROGRAMS {
        let parses = tree.file(place).is_some_and(|file| file.text.contains(&format!("\"{program}\"")));
        if !parses {
            violations.push(table.violation(1, format!("{place} does not name {program:?}"), STALE));
        }
    }
    for line in INVENTORY {
        let is_used = documents.iter().any(|(file, commands)| {
            commands.iter().any(|command| is_about(line, file, &command.words.join(" ")))
        });
        if !is_used {
            let what = format!("{} shows no `{}`", line.document, line.command);
            violations.push(table.violation(1, what, STALE));
        }
        if let Some(fault) = fault(tree, line.document, &line.held) {
            violations.push(table.violation(1, fault, STALE));
        }
    }
    violations
}

/// Whether a command begins with these words.
fn begins(command: &str, words: &str) -> bool {
    command
        .strip_prefix(words)
        .is_some_and(|rest| words.is_empty() || rest.is_empty() || rest.starts_with(' '))
}

fn is_about(line: &inventory::Line, file: &File, command: &str) -> bool {
    file.name() == line.document && begins(command, line.command)
}

/// What is wrong with what is said to hold a document's commands.
fn fault(tree: &Tree, document: &str, held: &Held) -> Option<String> {
    match held {
        Cannot(reason) => reason.is_empty().then(|| format!("no reason is given for {document}")),
        Does(place) => tree.file(place).is_none().then(|| format!("{place} is gone")),
        Runs(place) => {
            let reads = tree.file(place).is_some_and(|file| file.text.contains(&format!("{document}\"")));
            (!reads).then(|| format!("{place} does not read {document}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture;
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let tree = fixture(&[("README.md", text)]);
        commands_are_held(&tree).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn a_command_that_nobody_tries_is_found_and_one_that_a_sentence_names_is_not() {
        assert_eq!(lines("`cargo xtask e2e` and:\n```sh\ncargo xtask up\n```\n"), [0; 0]);
        assert_eq!(lines("```sh\ncargo xtask up\ncargo xtask e2e\n```\n"), [3], "nothing runs it");
        assert_eq!(lines("```console\n$ other --flag\n```\n"), [2, 2], "and nobody understands it");
    }

    #[test]
    fn a_command_begins_with_whole_words() {
        assert!(begins("cargo xtask up --once", "cargo xtask up") && begins("a b", ""));
        assert!(!begins("cargo xtask update", "cargo xtask up"));
    }

    #[test]
    fn what_is_said_to_run_a_document_must_read_it() {
        let tree = fixture(&[("a.rs", "include_str!(\"../docs/a.md\")")]);
        assert_eq!(fault(&tree, "docs/a.md", &Runs("a.rs")), None);
        assert!(fault(&tree, "docs/b.md", &Runs("a.rs")).is_some());
        assert!(fault(&tree, "docs/a.md", &Does("gone.rs")).is_some());
    }
}
