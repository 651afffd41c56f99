//! What whoever upgrades has to know of the schema, told from the migrations that came since the last release.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::shell;

const FOLDER: &str = "migrations";
/// Where the services state the schema that they were written for, and the one that they cannot do without.
const WINDOW: &str = "services/service-kit/src/database/window.rs";

/// A migration: its file's name and its text.
type Migration = (String, String);

/// The part of the changelog, from the tree as it is.
pub(super) fn notes(released: &BTreeMap<PathBuf, String>) -> Result<String, Failure> {
    let folder = shell::root().join(FOLDER);
    let entries = fs::read_dir(&folder).map_err(Failure::file(&folder))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".expand.sql") || name.ends_with(".contract.sql"))
        .filter(|name| !released.contains_key(&PathBuf::from(FOLDER).join(name)))
        .collect();
    names.sort();
    let read = |name: String| {
        let path = folder.join(&name);
        fs::read_to_string(&path).map(|text| (name, text)).map_err(Failure::file(path))
    };
    let migrations = names.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let window = shell::root().join(WINDOW);
    let window = fs::read_to_string(&window).map_err(Failure::file(&window))?;
    Ok(told(
        &migrations,
        stated(&window, "APP_SCHEMA"),
        stated(&window, "REQUIRED_SCHEMA"),
        released.is_empty(),
    ))
}

fn stated<'a>(window: &'a str, name: &str) -> &'a str {
    let head = format!("const {name}: i64 = ");
    window
        .lines()
        .find_map(|line| Some(line.split_once(&head)?.1))
        .map_or("?", |rest| rest.trim_end_matches(';'))
}

fn told(migrations: &[Migration], app: &str, required: &str, is_first: bool) -> String {
    if is_first {
        return format!("- The first release: its migrator makes schema {app} in a new database.");
    }
    if migrations.is_empty() {
        return format!("- No migration; the schema stays at {app}.");
    }
    let mut notes = format!("- The services are of schema {app} and serve from {required} on.");
    for (name, text) in migrations {
        let header = text.lines().take_while(|line| line.starts_with("-- "));
        let is_backfill = header.clone().any(|line| line.starts_with("-- backfill:"));
        let why =
            header.clone().find_map(|line| line.strip_prefix("-- Why: ")).unwrap_or("it does not say why.");
        let what = match name.rsplit('.').nth(1) {
            Some("contract") => {
                "takes something away, and waits for your approval and for the last old application"
            }
            _ if is_backfill => "fills rows by `migrator backfill`, while applications serve",
            _ => "runs with the upgrade, while the old applications serve",
        };
        let _ = write!(notes, "\n- `{name}` {what}: {why}");
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_migration_says_who_has_to_do_what() {
        let migrations = [
            ("0007_notes.expand.sql", "-- Why: notes.\nALTER"),
            ("0008_fill.expand.sql", "-- backfill: batch=10\n-- Why: old rows.\n"),
            ("0009_old.contract.sql", "-- Why: nobody reads it.\n"),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(
            told(&migrations, "7", "4", false),
            "- The services are of schema 7 and serve from 4 on.\n\
             - `0007_notes.expand.sql` runs with the upgrade, while the old applications serve: notes.\n\
             - `0008_fill.expand.sql` fills rows by `migrator backfill`, while applications serve: old rows.\n\
             - `0009_old.contract.sql` takes something away, and waits for your approval and for the last old application: nobody reads it."
        );
        assert_eq!(told(&[], "7", "4", false), "- No migration; the schema stays at 7.");
    }

    #[test]
    fn the_window_is_read_as_the_services_state_it() {
        let window = fs::read_to_string(shell::root().join(WINDOW)).expect("the file");
        for name in ["APP_SCHEMA", "REQUIRED_SCHEMA"] {
            assert!(stated(&window, name).parse::<u32>().is_ok(), "{name}");
        }
    }
}
