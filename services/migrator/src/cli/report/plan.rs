//! A plan in words, for a terminal: what, under which locks, at what price, and what to type next.

use std::io::{self, Write};

use crate::migrate::analysis::PlannedStatement;
use crate::migrate::ground::Identity;
use crate::migrate::plan::PlannedFile;
use crate::migrate::{DownPlan, Phase, Plan};

pub(crate) fn plan(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    database(&plan.database, out)?;
    writeln!(out, "schema {}, this release needs {}", plan.schema_version, plan.needed_version)?;
    writeln!(out, "applications must be of schema {} or newer", plan.min_app_schema)?;
    for application in &plan.applications {
        writeln!(out, "connected: {application}")?;
    }
    if plan.is_drifted == Some(true) {
        writeln!(out, "DRIFT: somebody changed the schema by hand; see `migrator verify`")?;
    }
    for (what, files) in [("up runs", &plan.up), ("up --contracts runs", &plan.contracts)] {
        if !files.is_empty() {
            let names: Vec<&str> = files.iter().map(|file| &*file.file).collect();
            writeln!(out, "{what}: {}", names.join(", "))?;
        }
    }
    for planned in plan.up.iter().chain(&plan.contracts) {
        file(planned, out)?;
    }
    for backfill in &plan.backfills_pending {
        writeln!(out, "\n{backfill} is a backfill that is not finished")?;
    }
    next(plan, out)
}

fn next(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    writeln!(out)?;
    if !plan.up.is_empty() {
        writeln!(out, "hash of what up would do: {}", plan.up_hash)?;
    }
    match (&plan.plan_hash, &plan.waits_for) {
        (Some(hash), _) => {
            writeln!(out, "hash of what the contracts would do: {hash}")?;
            writeln!(out, "next: migrator up --contracts --approved-plan-hash {hash}")
        }
        (None, Some(first)) => {
            writeln!(out, "the contracts wait for {}; then plan again for a hash to approve", first.file)?;
            writeln!(
                out,
                "next: {}",
                if first.phase == Phase::Backfill { "migrator backfill" } else { "migrator up" }
            )
        }
        (None, None) if !plan.up.is_empty() => writeln!(out, "next: migrator up"),
        (None, None) if !plan.backfills_pending.is_empty() => writeln!(out, "next: migrator backfill"),
        (None, None) => writeln!(out, "nothing to do"),
    }
}

pub(crate) fn down_plan(plan: &DownPlan, out: &mut impl Write) -> io::Result<()> {
    database(&plan.database, out)?;
    writeln!(out, "schema {}, down to {}", plan.schema_version, plan.to_schema)?;
    for application in &plan.newer_applications {
        writeln!(out, "connected and newer, has to go first: {application}")?;
    }
    for file in &plan.files {
        writeln!(out, "\ntakes back {}", file.file)?;
        statements(&file.statements, out)?;
    }
    writeln!(out)?;
    if plan.files.is_empty() {
        return writeln!(out, "nothing to do");
    }
    let DownPlan { to_schema, plan_hash, .. } = plan;
    writeln!(out, "next: migrator down --to-schema {to_schema} --approved-plan-hash {plan_hash}")
}

fn database(identity: &Identity, out: &mut impl Write) -> io::Result<()> {
    write!(out, "database {} (oid {}", identity.name, identity.oid)?;
    if let Some(number) = &identity.system_identifier {
        write!(out, " of server {number}")?;
    }
    writeln!(out, ")")
}

fn file(planned: &PlannedFile, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n{}: {}", planned.file, planned.why)?;
    let transaction = if planned.transaction { "one transaction" } else { "no transaction" };
    let limit = match planned.statement_timeout_ms {
        0 => "a statement may run without end".to_owned(),
        limit => format!("a statement may run {limit} ms"),
    };
    writeln!(out, "  {transaction}; a lock is waited for {} ms; {limit}", planned.lock_timeout_ms)?;
    if let Some(needed) = planned.min_app_schema {
        writeln!(out, "  from then on applications must be of schema {needed} or newer")?;
    }
    for application in &planned.older_applications {
        writeln!(out, "  connected and older, has to go first: {application}")?;
    }
    statements(&planned.statements, out)
}

fn statements(statements: &[PlannedStatement], out: &mut impl Write) -> io::Result<()> {
    for statement in statements {
        writeln!(out)?;
        for line in statement.sql.lines() {
            writeln!(out, "    {line}")?;
        }
        for lock in &statement.locks {
            writeln!(out, "  locks {} {}", lock.relation, lock.mode)?;
        }
        for destroyed in &statement.destroys {
            writeln!(out, "  DESTROYS {destroyed}")?;
        }
    }
    Ok(())
}
