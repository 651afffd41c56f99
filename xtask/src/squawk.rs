//! `cargo xtask squawk`: an outside judge of the migrations, who knows which statements lock or scan a table that is in use.

use std::fs;

use crate::failure::Failure;
use crate::shell;

/// The judge's program.
pub(crate) const PROGRAM: &str = "squawk";

const FOLDER: &str = "migrations";

/// What it asks for in vain, because the migrator does it for every file: it sets both timeouts before each, as the file's
/// directives say, and a file is one transaction, or one statement that its own reader wants to bear being run twice.
const DONE_BY_US: [&str; 3] = ["require-lock-timeout", "require-statement-timeout", "prefer-robust-stmts"];

/// What a contract is for.
const CONTRACTS: [&str; 6] = [
    "ban-drop-column",
    "ban-drop-function",
    "ban-drop-not-null",
    "ban-drop-table",
    "renaming-column",
    "renaming-table",
];

/// Judges every file, with what a contract may do left to contracts.
pub(crate) fn run() -> Result<(), Failure> {
    if shell::find(PROGRAM).is_none() {
        return Err(Failure::missing_tool(PROGRAM));
    }
    let expands = judge(".expand.sql", &DONE_BY_US);
    expands.and(judge(".contract.sql", &[&DONE_BY_US[..], &CONTRACTS[..]].concat()))
}

fn judge(ending: &str, excluded: &[&str]) -> Result<(), Failure> {
    let folder = shell::root().join(FOLDER);
    let entries = fs::read_dir(&folder).map_err(Failure::file("migrations"))?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(ending))
        .map(|name| format!("{FOLDER}/{name}"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Ok(());
    }
    // The oldest PostgreSQL that Atelier is for locks the most.
    let mut command = shell::program(PROGRAM);
    command.args(["--pg-version", "15.0", "--assume-in-transaction", "--exclude", &excluded.join(",")]);
    shell::run(command.args(files))
}
