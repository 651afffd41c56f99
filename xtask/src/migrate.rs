//! `cargo xtask migrate new NAME`: the next migration file, with its number, its header, and what is to be thought of.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use crate::failure::Failure;
use crate::shell;

const FOLDER: &str = "migrations";

const WHY: &str = "-- Why: \n\n";

const EXAMPLES: &str = "\
Examples:
  cargo xtask migrate new order_notes --down
  cargo xtask migrate new fill_notes --backfill 1000
  cargo xtask migrate new drop_old_notes --contract";

/// What is done about migrations here; the database is the migrator's.
#[derive(clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    /// Make the next migration file: an expand, unless it is to take something away.
    New(New),
}

/// A file that is to be made.
#[derive(clap::Args)]
pub(crate) struct New {
    /// What it does, in lower-case words, as in `order_notes`.
    #[arg(value_parser = name)]
    name: String,
    /// It takes away what no application of the release before still needs.
    #[arg(long)]
    contract: bool,
    /// It fills rows, so many a batch, while applications serve.
    #[arg(long, value_name = "ROWS", conflicts_with_all = ["contract", "down"], value_parser = clap::value_parser!(u32).range(1..))]
    backfill: Option<u32>,
    /// With a file beside it that takes it back.
    #[arg(long, conflicts_with = "contract")]
    down: bool,
}

fn name(text: &str) -> Result<String, &'static str> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let is_name = !text.is_empty() && text.chars().all(plain);
    is_name.then(|| text.to_owned()).ok_or("expected lower-case letters, digits and _")
}

pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    let Command::New(new) = command;
    let folder = shell::root().join(FOLDER);
    let entries = fs::read_dir(&folder).map_err(Failure::file(&folder))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    for file in file_names(next_number(names), new) {
        let path = folder.join(&file);
        let made = OpenOptions::new().write(true).create_new(true).open(&path);
        made.and_then(|mut made| made.write_all(header(new).as_bytes())).map_err(Failure::file(&path))?;
        println!("{FOLDER}/{file}");
    }
    println!("\nNext: its reason and its statements; {FOLDER}/README.md has the rules.");
    println!("Then: cargo xtask squawk && cargo xtask tidy && cargo xtask test -p migrator");
    if !new.contract && new.backfill.is_none() {
        println!("and APP_SCHEMA in services/service-kit/src/database/window.rs, once the services need it.");
    }
    Ok(())
}

/// One more than the highest there is.
fn next_number(names: impl Iterator<Item = String>) -> u32 {
    let number = |name: String| name.split_once('_')?.0.parse::<u32>().ok();
    names.filter_map(number).max().unwrap_or(0) + 1
}

fn file_names(number: u32, new: &New) -> Vec<String> {
    let phases: &[&str] = match new {
        New { contract: true, .. } => &["contract"],
        New { down: true, .. } => &["expand", "down"],
        New { .. } => &["expand"],
    };
    phases.iter().map(|phase| format!("{number:04}_{}.{phase}.sql", new.name)).collect()
}

/// The migrator refuses it as long as it gives no reason.
fn header(new: &New) -> String {
    match new.backfill {
        Some(rows) => format!("-- backfill: batch={rows}\n{WHY}"),
        None => WHY.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_from_the_highest_and_a_phase_is_part_of_the_name() {
        let names = ["0002_b.contract.sql", "README.md", "0001_a.expand.sql"].map(str::to_owned);
        let number = next_number(names.into_iter());
        let new = |contract, down| New { name: "notes".to_owned(), contract, down, backfill: None };
        assert_eq!(file_names(number, &new(false, false)), ["0003_notes.expand.sql"]);
        assert_eq!(file_names(number, &new(true, false)), ["0003_notes.contract.sql"]);
        assert_eq!(file_names(number, &new(false, true)), ["0003_notes.expand.sql", "0003_notes.down.sql"]);
        assert_eq!(next_number(std::iter::empty()), 1);
    }

    #[test]
    fn a_backfill_says_how_many_rows_a_batch_fills() {
        let new = New { name: "notes".to_owned(), contract: false, down: false, backfill: Some(500) };
        assert_eq!(header(&new), "-- backfill: batch=500\n-- Why: \n\n");
    }

    #[test]
    fn a_name_that_the_migrator_would_refuse_is_refused_here() {
        assert!(name("order_notes2").is_ok());
        for bad in ["", "Order", "order notes", "order-notes"] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }
}
