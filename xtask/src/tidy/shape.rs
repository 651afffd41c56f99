//! The shape of a source file: it opens with its purpose, it is short, and what it silences it explains.

use super::code::find_words;
use super::tree::File;
use super::{Tree, Violation};

const LINES_MAX: usize = 400;
const LINES_MAX_WITHOUT_REASON: usize = 300;
/// Tests repeat themselves on purpose, so a file with them may be longer.
const LINES_MAX_WITH_TESTS: usize = 600;
const REASON: &str = "//! Long because:";

/// Every file opens with what it is for and what it must never do.
pub(super) fn files_open_with_their_purpose(tree: &Tree) -> Vec<Violation> {
    let silent = tree.rust().filter(|file| !file.text.starts_with("//! "));
    let remedy = "Open the file with `//!`: what it is for, what it must never do.";
    silent.map(|file| file.violation(1, "the file does not say what it is for", remedy)).collect()
}

/// Code is short; tests may be longer.
pub(super) fn files_stay_small(tree: &Tree) -> Vec<Violation> {
    tree.rust().filter_map(too_long).collect()
}

fn too_long(file: &File) -> Option<Violation> {
    let all = file.lines().count();
    let code = if file.is_test() { 0 } else { file.tests_begin().map_or(all, |line| line - 1) };
    let has_reason = file.lines().any(|(_, line)| line.starts_with(REASON));
    let split = "Split it by meaning, not by length.";
    if code > LINES_MAX {
        return Some(file.violation(
            LINES_MAX,
            format!("{code} lines of code, more than {LINES_MAX}"),
            split,
        ));
    }
    if code > LINES_MAX_WITHOUT_REASON && !has_reason {
        let what = format!("{code} lines of code, more than {LINES_MAX_WITHOUT_REASON} without a reason");
        let remedy = "Split it by meaning, or give the reason at its top: `//! Long because: …`";
        return Some(file.violation(LINES_MAX_WITHOUT_REASON, what, remedy));
    }
    (all > LINES_MAX_WITH_TESTS).then(|| {
        file.violation(LINES_MAX_WITH_TESTS, format!("{all} lines, more than {LINES_MAX_WITH_TESTS}"), split)
    })
}

/// `#[allow]` and `#[expect]` carry `reason = "…"`.
pub(super) fn suppressions_have_reasons(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in tree.rust() {
        let code = file.code();
        for (at, attribute) in attributes(&code) {
            let silences = ["allow", "expect"].iter().any(|word| {
                find_words(attribute, word).any(|at| attribute[at + word.len()..].starts_with('('))
            });
            if silences && find_words(attribute, "reason").next().is_none() {
                let line = code[..at].lines().count().max(1);
                let remedy = "Write #[expect(lint, reason = \"…\")].";
                violations.push(file.violation(line, "a lint is silenced without a reason", remedy));
            }
        }
    }
    violations
}

/// `#[…]` and `#![…]` with where they begin; brackets inside are counted.
fn attributes(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices('#') {
        let rest = &code[at + 1..];
        let skip = usize::from(rest.starts_with('!'));
        if !rest[skip..].starts_with('[') {
            continue;
        }
        let mut depth = 0_usize;
        let end = rest.char_indices().find_map(|(index, c)| {
            match c {
                '[' => depth += 1,
                ']' => depth -= 1,
                _ => {}
            }
            (c == ']' && depth == 0).then_some(index)
        });
        // One past the `#`, so that the line of the attribute counts in full.
        found.push((at + 1, &rest[..end.unwrap_or(rest.len())]));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture;
    use super::*;

    #[test]
    fn a_file_without_a_purpose_is_found() {
        let tree = fixture(&[("a.rs", "fn main() {}\n"), ("b.rs", "//! Text.\n")]);
        assert_eq!(files_open_with_their_purpose(&tree).len(), 1);
    }

    #[test]
    fn long_code_needs_a_reason_and_very_long_code_has_none() {
        let reasoned = format!("//! Text.\n{REASON} it is a table.\n{}", "x\n".repeat(320));
        let tree = fixture(&[
            ("short.rs", &"x\n".repeat(300)),
            ("long.rs", &"x\n".repeat(301)),
            ("reasoned.rs", &reasoned),
            ("very.rs", &reasoned.repeat(2)),
        ]);
        let found: Vec<String> =
            files_stay_small(&tree).iter().map(|v| v.path.display().to_string()).collect();
        assert_eq!(found, ["long.rs", "very.rs"]);
    }

    #[test]
    fn tests_count_for_less() {
        let with_tests = format!("{}#[cfg(test)]\n{}", "x\n".repeat(250), "x\n".repeat(300));
        let tree = fixture(&[
            ("a.rs", &with_tests),
            ("tests/b.rs", &"x\n".repeat(600)),
            ("tests/c.rs", &"x\n".repeat(601)),
        ]);
        assert_eq!(files_stay_small(&tree).len(), 1);
    }

    #[test]
    fn a_suppression_without_a_reason_is_found_on_its_line() {
        let text = "//! Text.\n#[expect(dead_code, reason = \"later\")]\nfn a() {}\n#[allow(\n    dead_code\n)]\nfn b() {}\n";
        let violations = suppressions_have_reasons(&fixture(&[("a.rs", text)]));
        assert_eq!(violations.iter().map(|v| v.line).collect::<Vec<_>>(), [4]);
    }
}
