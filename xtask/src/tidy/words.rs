//! Words that must not be in the repository: delays in tests, notes for later, a machine's paths, public addresses.

use std::net::Ipv4Addr;

use super::code::find_words;
use super::tree::File;
use super::{Tree, Violation};

/// Written in two parts, so that this file does not find itself.
const LATER: [&str; 4] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX"), concat!("HA", "CK")];
const MACHINE_PATHS: [&str; 4] =
    [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!("/t", "mp/")];
/// Made by tools, or legal text that is quoted as it is.
const NOT_OURS: [&str; 1] = ["Cargo.lock"];

fn ours(tree: &Tree) -> impl Iterator<Item = &File> {
    tree.files.iter().filter(|file| !NOT_OURS.contains(&file.name().as_str()))
}

/// A test waits on a condition with a deadline.
pub(super) fn tests_never_sleep(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in tree.rust() {
        let begin = if file.is_test() { Some(0) } else { file.tests_begin() };
        let Some(begin) = begin else { continue };
        for (index, line) in file.code().lines().enumerate().skip(begin) {
            if find_words(line, "sleep").any(|at| line[at + 5..].starts_with('(')) {
                let remedy = "Wait on the condition itself, with a deadline.";
                violations.push(file.violation(index + 1, "a test sleeps", remedy));
            }
        }
    }
    violations
}

/// What is not done is an issue, not a comment.
pub(super) fn nothing_is_left_for_later(tree: &Tree) -> Vec<Violation> {
    let remedy = "Do it, or file an issue and say in a sentence what is so today.";
    search(tree, remedy, |line| {
        let word = LATER.iter().find(|word| find_words(line, word).next().is_some())?;
        Some(format!("{word} in a file"))
    })
}

/// A path of one person's machine helps nobody else.
pub(super) fn no_machine_paths(tree: &Tree) -> Vec<Violation> {
    let remedy = "Name it relative to the repository, or ask the system for its folder.";
    search(tree, remedy, |line| {
        MACHINE_PATHS.iter().find_map(|path| {
            let mut places = line.match_indices(path).map(|(at, _)| line[..at].chars().next_back());
            let starts =
                |before: Option<char>| !before.is_some_and(|c| c.is_alphanumeric() || "_-.}~*".contains(c));
            places.any(starts).then(|| format!("a path of one machine: {path}…"))
        })
    })
}

/// An address in an example belongs to somebody, unless it is reserved for examples (RFC 5737) or private.
pub(super) fn no_public_addresses(tree: &Tree) -> Vec<Violation> {
    let remedy = "Use 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 or a name under example.com.";
    search(tree, remedy, |line| {
        let tokens = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'));
        let mut addresses = tokens.filter_map(|token| token.trim_matches('.').parse::<Ipv4Addr>().ok());
        addresses.find(|address| is_public(*address)).map(|address| format!("a public address: {address}"))
    })
}

fn is_public(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    let carrier = first == 100 && (64..128).contains(&second);
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || carrier
        || first == 0
        || first >= 224)
}

fn search(tree: &Tree, remedy: &'static str, found: impl Fn(&str) -> Option<String>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in ours(tree) {
        for (number, line) in file.lines() {
            violations.extend(found(line).map(|what| file.violation(number, what, remedy)));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture;
    use super::*;

    fn lines(violations: &[Violation]) -> Vec<usize> {
        violations.iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn a_delay_is_found_in_tests_and_in_nothing_else() {
        let text = "fn a() { sleep(b) }\n#[cfg(test)]\nmod tests {\n    fn c() { sleep(d) }\n}\n";
        let tree = fixture(&[("src/a.rs", text)]);
        assert_eq!(lines(&tests_never_sleep(&tree)), [4]);
        let tree = fixture(&[("tests/a.rs", "fn a() {\n// sleep(b)\ntokio::time::sleep(b)\n}\n")]);
        assert_eq!(lines(&tests_never_sleep(&tree)), [3]);
    }

    #[test]
    fn a_note_for_later_is_found_as_a_word() {
        let text = format!("{}: x\nmktemp aXXXXXX\n{}S\n", LATER[0], LATER[3]);
        assert_eq!(lines(&nothing_is_left_for_later(&fixture(&[("a.md", &text)]))), [1]);
    }

    #[test]
    fn a_machine_path_is_found_and_a_part_of_a_longer_one_is_not() {
        let text = format!("{}anna/x\n/var{}x\n$HOME{}x\n", MACHINE_PATHS[0], MACHINE_PATHS[3], "/x");
        assert_eq!(lines(&no_machine_paths(&fixture(&[("a.md", &text)]))), [1]);
    }

    #[test]
    fn only_public_addresses_are_found() {
        let public = Ipv4Addr::new(9, 9, 9, 9);
        let text = format!("127.0.0.1:5017\n192.0.2.7\n10.1.2.3\n{public}\nversion 1.2.3\n");
        assert_eq!(lines(&no_public_addresses(&fixture(&[("a.md", &text)]))), [4]);
    }
}
