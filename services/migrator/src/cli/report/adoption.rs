//! What an adoption or an erasure did, in words.

use std::io::{self, Write};
use std::path::Path;

use crate::migrate::adopt::{Found, OldCounts};
use crate::migrate::{Adopted, Erased};

pub(in crate::cli) fn adopted(done: &Adopted, csv: &Path, out: &mut impl Write) -> io::Result<()> {
    if let Some(OldCounts { orders, customs }) = done.old {
        writeln!(out, "the old database has {orders} rows in orders and {customs} in customs")?;
    }
    let (made, moved) = if done.is_plan { ("would adopt", "move") } else { ("adopted", "moved") };
    writeln!(
        out,
        "{made} {} orders, {moved} {} that changed there since; {} are as they were, {} are left",
        done.adopted, done.changed, done.unchanged, done.left
    )?;
    for Found { rule, rows, choice } in &done.findings {
        writeln!(out, "  {rows:>8} {rule}: {choice}")?;
    }
    let rows: i64 = done.findings.iter().map(|found| found.rows).sum();
    writeln!(out, "each of {rows} findings is in {}", csv.display())?;
    match (done.verified, done.not_compared) {
        (Some(verified), Some(rest)) => writeln!(
            out,
            "verified: {verified} orders are equal on both sides; {rest} were moved here or are in the report"
        )?,
        (Some(verified), None) => {
            writeln!(out, "verified what changed: {verified} orders are equal on both sides")?;
        }
        (None, _) => {}
    }
    if let Some(ids_from) = done.ids_from {
        writeln!(out, "new ids are drawn from {ids_from} on")?;
    }
    write!(out, "took {} ms", done.took_ms)?;
    match done.memory_max_kib {
        Some(kib) => writeln!(out, ", {} MiB of memory at most", kib.div_ceil(1024)),
        None => writeln!(out),
    }
}

pub(in crate::cli) fn erased(erased: &Erased, out: &mut impl Write) -> io::Result<()> {
    let Erased { is_plan, erasures, traces } = erased;
    if *traces == crate::migrate::erase::Traces::default() {
        return writeln!(out, "there is nothing of this person");
    }
    let done = if *is_plan { "would replace them" } else { "replaced them" };
    writeln!(
        out,
        "{done} in {} orders as requester, {} as creator, and in {} events with their reasons",
        traces.requested, traces.created, traces.events
    )?;
    let done = if *is_plan { "would take away" } else { "took away" };
    writeln!(
        out,
        "{done} {} reasons of raised alerts, {} idempotency keys, the parameters of {} orders",
        traces.alert_reasons, traces.keys, traces.params
    )?;
    for erasure in erasures {
        writeln!(out, "recorded as erasure {erasure}")?;
    }
    Ok(())
}
