//! What was done and found, in words or as JSON.

mod adoption;
mod plan;

use std::io::{self, Write};

use serde::Serialize;

use crate::migrate::up::Applied;
use crate::migrate::{Filled, Restored, Status, UpReport, Verification, Window};
pub(super) use adoption::{adopted, erased};
pub(super) use plan::{down_plan, plan};

pub(super) fn json(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

pub(super) fn up(report: &UpReport, out: &mut impl Write) -> io::Result<()> {
    for Applied { file, took_ms } in &report.applied {
        writeln!(out, "applied {file} in {took_ms} ms")?;
    }
    let changed = if report.applied.is_empty() { ", nothing to apply" } else { "" };
    writeln!(out, "the schema is at {}{changed}", report.schema_version)?;
    if report.granted {
        writeln!(out, "the grants are in place")?;
    }
    pending(&report.contracts_pending, &report.backfills_pending, out)
}

pub(super) fn filled(filled: &[Filled], out: &mut impl Write) -> io::Result<()> {
    for done in filled {
        let end = if done.is_finished { "finished" } else { "stopped; run it again to go on" };
        let (rows, rate, in_all) = (done.rows, done.rate(), done.rows_done);
        writeln!(out, "{}: {rows} rows, {rate} a second, {in_all} in all; {end}", done.file)?;
    }
    if filled.is_empty() { writeln!(out, "nothing to fill") } else { Ok(()) }
}

pub(super) fn undone(undone: &[String], out: &mut impl Write) -> io::Result<()> {
    for file in undone {
        writeln!(out, "took back {file}")?;
    }
    if undone.is_empty() { writeln!(out, "nothing to take back") } else { Ok(()) }
}

pub(super) fn status(status: &Status, out: &mut impl Write) -> io::Result<()> {
    let window = match status.window {
        Window::Fits => "it fits",
        Window::TooOld => "too old: run `migrator up`",
        Window::TooNew => "too new: deploy a later release",
    };
    writeln!(
        out,
        "schema {}, this release needs {}: {window}",
        status.schema_version, status.needed_version
    )?;
    writeln!(
        out,
        "applications must be of schema {} or newer; history epoch {}",
        status.min_app_schema, status.history_epoch
    )?;
    for row in &status.applied {
        writeln!(out, "  applied  {:04} {}", row.version, row.description)?;
    }
    for file in &status.expands_pending {
        writeln!(out, "  missing  {file}")?;
    }
    if status.is_new {
        return writeln!(
            out,
            "nobody has worked here yet: `migrator up` runs the contracts and backfills, too"
        );
    }
    pending(&status.contracts_pending, &status.backfills_pending, out)
}

pub(super) fn verification(found: &Verification, out: &mut impl Write) -> io::Result<()> {
    for finding in &found.findings {
        // Names come from the database, and whoever gave them may have meant the terminal.
        let words =
            finding.to_string().replace(|letter: char| letter.is_control() && letter != '\n', "\u{fffd}");
        writeln!(out, "{words}")?;
    }
    if !found.looks_are_known && found.schema_version > 0 {
        writeln!(
            out,
            "whether something was changed by hand cannot be told before this release's `up` ran on this server"
        )?;
    }
    match found.findings.len() {
        0 => writeln!(out, "the schema is at {} and as the migrations made it", found.schema_version),
        1 => writeln!(out, "1 finding"),
        count => writeln!(out, "{count} findings"),
    }
}

pub(super) fn restored(restored: &Restored, out: &mut impl Write) -> io::Result<()> {
    let Restored { history_epoch, ids_from, orders, broken } = restored;
    writeln!(out, "the history epoch is {history_epoch}: entity tags and cursors of before are refused")?;
    writeln!(out, "ids are drawn from {ids_from} on")?;
    for sentence in broken {
        writeln!(out, "BROKEN {sentence}")?;
    }
    if broken.is_empty() {
        writeln!(out, "each of {orders} orders is what its events tell")?;
    }
    Ok(())
}

fn pending(contracts: &[String], backfills: &[String], out: &mut impl Write) -> io::Result<()> {
    for (what, files) in [("contracts", contracts), ("backfills", backfills)] {
        if !files.is_empty() {
            writeln!(out, "{what} pending: {}", files.join(", "))?;
        }
    }
    Ok(())
}
