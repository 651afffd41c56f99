//! Migrations: named, numbered without gaps, with a reason, without roles, and never changed once they are released.
//! What a name and a header mean is the migrator's to judge; here is only what needs the whole repository.

use std::path::{Path, PathBuf};

use super::tree::File;
use super::{Tree, Violation};

const FOLDER: &str = "migrations";
const NAMING: &str = "Name it NNNN_name.expand.sql or NNNN_name.contract.sql, NNNN_name.down.sql beside an expand; numbers go up by one.";
/// A file that fills rows; no schema version counts it.
const BACKFILL: &str = "-- backfill:";
/// Where order-status and orders state the schema that they were written for.
const WINDOW: &str = "services/service-kit/src/database/window.rs";
const WINDOW_CONSTANT: &str = "pub const APP_SCHEMA: i64 = ";

/// What a migration's file name says.
struct Named<'a> {
    file: &'a File,
    number: i64,
    phase: &'a str,
}

impl Named<'_> {
    /// Whether the schema's version counts it.
    fn expands(&self) -> bool {
        self.phase == "expand" && !header(self.file).any(|line| line.starts_with(BACKFILL))
    }
}

/// The comments that a file begins with.
fn header(file: &File) -> impl Iterator<Item = &str> {
    file.text.lines().take_while(|line| line.starts_with("-- "))
}

fn sql(tree: &Tree) -> impl Iterator<Item = &File> {
    let here = |file: &&File| file.path.parent() == Some(Path::new(FOLDER));
    tree.files
        .iter()
        .filter(here)
        .filter(|file| file.path.extension().is_some_and(|extension| extension == "sql"))
}

fn parse(file: &File) -> Option<Named<'_>> {
    let name = file.path.file_name()?.to_str()?.strip_suffix(".sql")?;
    let (stem, phase) = name.rsplit_once('.')?;
    let (number, words) = stem.split_once('_')?;
    let number = (number.len() == 4).then(|| number.parse().ok()).flatten()?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let known = matches!(phase, "expand" | "contract" | "down");
    (known && !words.is_empty() && words.chars().all(plain)).then_some(Named { file, number, phase })
}

/// Names parse; numbers are 1, 2, 3 … without a gap or a double.
pub(super) fn are_named_and_numbered(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut named = Vec::new();
    for file in sql(tree) {
        match parse(file) {
            Some(migration) => named.push(migration),
            None => violations.push(file.violation(1, "the name of this migration does not parse", NAMING)),
        }
    }
    named.sort_by_key(|migration| migration.number);
    for (expected, migration) in (1..).zip(named.iter().filter(|migration| migration.phase != "down")) {
        if migration.number != expected {
            let what = format!("this migration should be number {expected:04}");
            violations.push(migration.file.violation(1, what, NAMING));
            break;
        }
    }
    violations
}

/// The header says why; the directives before that line are the migrator's to judge.
pub(super) fn say_why(tree: &Tree) -> Vec<Violation> {
    let silent = sql(tree).filter(|file| !header(file).any(|line| line.starts_with("-- Why: ")));
    let remedy = "Let its first line be a sentence: `-- Why: …`";
    silent.map(|file| file.violation(1, "this migration does not say why it is there", remedy)).collect()
}

/// Roles are configuration: two installs share a server, and the migrator grants after each `up`.
pub(super) fn name_no_roles(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in sql(tree) {
        for (number, line) in file.lines() {
            let statement = line.split("--").next().unwrap_or_default().to_ascii_uppercase();
            let words: Vec<&str> =
                statement.split(|c: char| !super::code::is_word(c)).filter(|word| !word.is_empty()).collect();
            let is_about_roles = |pair: &[&str]| {
                matches!(pair, ["CREATE" | "ALTER" | "DROP" | "SET", "ROLE" | "USER"] | ["OWNER", "TO"])
            };
            let names_role = words.iter().any(|word| matches!(*word, "GRANT" | "REVOKE" | "AUTHORIZATION"))
                || words.windows(2).any(is_about_roles);
            if names_role && !words.contains(&"PUBLIC") {
                let remedy = "Names of roles are configuration: let `migrator up` grant after the files.";
                violations.push(file.violation(number, "a migration names a role", remedy));
            }
        }
    }
    violations
}

/// What a release holds stays as it is, for databases remember its checksum.
pub(super) fn are_append_only(tree: &Tree) -> Vec<Violation> {
    let remedy = "It was released: restore it, and write a new migration.";
    let changed = tree.released.iter().filter_map(|(path, text)| {
        match tree.files.iter().find(|file| file.path == *path) {
            Some(file) if file.text == *text => None,
            Some(file) => Some(file.violation(1, "a released migration was changed", remedy)),
            None => Some(Violation {
                path: path.clone(),
                line: 1,
                what: "a released migration is gone".into(),
                remedy,
            }),
        }
    });
    changed.collect()
}

/// The services state the schema they were written for; it is the newest expanding migration.
pub(super) fn services_know_the_newest(tree: &Tree) -> Vec<Violation> {
    let newest = sql(tree).filter_map(parse).filter(Named::expands).map(|migration| migration.number).max();
    let Some(newest) = newest else { return Vec::new() };
    let stated = tree.file(WINDOW).and_then(|file| {
        let mut lines = file.lines();
        lines.find_map(|(number, line)| {
            Some((file, number, line.strip_prefix(WINDOW_CONSTANT)?.trim_end_matches(';')))
        })
    });
    let remedy = "State the highest expanding migration: `pub const APP_SCHEMA: i64 = N;`";
    match stated {
        Some((_, _, number)) if number.parse() == Ok(newest) => Vec::new(),
        Some((file, line, number)) => {
            vec![file.violation(
                line,
                format!("APP_SCHEMA is {number}, the newest migration is {newest}"),
                remedy,
            )]
        }
        None => {
            vec![Violation {
                path: PathBuf::from(WINDOW),
                line: 1,
                what: "APP_SCHEMA is not stated".into(),
                remedy,
            }]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture;
    use super::*;

    #[test]
    fn a_gap_a_double_and_an_odd_name_are_found() {
        let gap = fixture(&[("migrations/0001_a.expand.sql", ""), ("migrations/0003_b.contract.sql", "")]);
        let double = fixture(&[("migrations/0001_a.expand.sql", ""), ("migrations/0001_b.expand.sql", "")]);
        let odd = fixture(&[("migrations/1_a.expand.sql", ""), ("migrations/README.md", "")]);
        for tree in [gap, double, odd] {
            assert_eq!(are_named_and_numbered(&tree).len(), 1);
        }
        let good = fixture(&[
            ("migrations/0002_b.contract.sql", ""),
            ("migrations/0001_a.expand.sql", ""),
            ("migrations/0001_a.down.sql", ""),
        ]);
        assert_eq!(are_named_and_numbered(&good), []);
    }

    #[test]
    fn the_reason_comes_first_or_right_after_directives() {
        let tree = fixture(&[
            ("migrations/0001_a.expand.sql", "-- Why: a.\nSELECT 1;\n"),
            ("migrations/0002_b.expand.sql", "-- no-transaction\n-- lock_timeout: 5s\n-- Why: b.\n"),
            ("migrations/0003_c.expand.sql", "SELECT 1;\n-- Why: c.\n"),
        ]);
        assert_eq!(say_why(&tree).len(), 1);
    }

    #[test]
    fn a_role_is_found_and_a_comment_about_one_is_not() {
        let text = "-- Why: no GRANT here.\nREVOKE ALL ON t FROM PUBLIC;\nGRANT SELECT ON t TO reader;\n\
                    ALTER TABLE t OWNER TO o;\nCREATE TABLE t (role text);\n";
        let violations = name_no_roles(&fixture(&[("migrations/0001_a.expand.sql", text)]));
        assert_eq!(violations.iter().map(|v| v.line).collect::<Vec<_>>(), [3, 4]);
    }

    #[test]
    fn a_released_migration_neither_changes_nor_goes() {
        let mut tree =
            fixture(&[("migrations/0001_a.expand.sql", "new"), ("migrations/0003_c.expand.sql", "c")]);
        tree.released = [("migrations/0001_a.expand.sql", "old"), ("migrations/0002_b.expand.sql", "b")]
            .map(|(path, text)| (path.into(), text.to_owned()))
            .into();
        assert_eq!(are_append_only(&tree).len(), 2);
    }

    #[test]
    fn the_stated_schema_is_the_newest_expanding_one() {
        let files = |text| {
            fixture(&[
                ("migrations/0001_a.expand.sql", ""),
                ("migrations/0002_b.contract.sql", ""),
                ("migrations/0003_c.expand.sql", "-- backfill: batch=10\n-- Why: c.\n"),
                (WINDOW, text),
            ])
        };
        assert_eq!(services_know_the_newest(&files("pub const APP_SCHEMA: i64 = 1;\n")), []);
        assert_eq!(services_know_the_newest(&files("pub const APP_SCHEMA: i64 = 2;\n")).len(), 1);
        assert_eq!(services_know_the_newest(&files("")).len(), 1);
    }
}
