//! What was done and found, in words or as JSON.

use std::io::{self, Write};

use serde::Serialize;

use crate::migrate::{Restored, Status, UpReport, Verification, Window};

pub(super) fn json(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

pub(super) fn up(report: &UpReport, out: &mut impl Write) -> io::Result<()> {
    for (file, took) in &report.applied {
        writeln!(out, "applied {file} in {} ms", took.as_millis())?;
    }
    let changed = if report.applied.is_empty() { ", nothing to apply" } else { "" };
    writeln!(out, "the schema is at {}{changed}", report.schema_version)?;
    if report.granted {
        writeln!(out, "the grants are in place")?;
    }
    contracts(&report.contracts_pending, out)
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
    contracts(&status.contracts_pending, out)
}

pub(super) fn verification(found: &Verification, out: &mut impl Write) -> io::Result<()> {
    for finding in &found.findings {
        writeln!(out, "{finding}")?;
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

fn contracts(pending: &[String], out: &mut impl Write) -> io::Result<()> {
    if pending.is_empty() {
        return Ok(());
    }
    writeln!(out, "contracts pending: {}", pending.join(", "))
}
