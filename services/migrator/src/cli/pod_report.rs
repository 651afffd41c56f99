//! How a command ended, for the controller that started it: the outcome in one word, its causes, and where the schema stands.
//! A pod's termination message is all that the controller sees; it asks no database.

use std::fs;
use std::io;
use std::path::Path;

use operator::report::{Outcome, Report, State};
use service_kit::exit::Exit;
use sqlx::postgres::PgConnectOptions;

use super::outcome::{Failure, chain};
use crate::migrate::apply::ApplyError;
use crate::migrate::lock::LockError;
use crate::migrate::plan::PlannedFile;
use crate::migrate::{self, BackfillError, ChangeError, ContractError, DownError, MigrationSet, PlanError};

/// What a command saw on its way.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Where the schema stands now.
    pub(super) state: Option<State>,
    /// What `verify` found.
    pub(super) findings: Vec<String>,
}

/// Writes it.
pub(super) fn write(path: &Path, done: &Result<Exit, Failure>, seen: Seen) -> io::Result<()> {
    let outcome = outcome(done);
    let message = match done {
        Ok(_) => seen.findings.join("; "),
        Err(failure) => {
            let chain = chain(failure);
            let causes = chain.lines().map(|line| line.trim().trim_start_matches("because: "));
            causes.collect::<Vec<_>>().join(": ").trim_start_matches("error: ").to_owned()
        }
    };
    let findings = (!seen.findings.is_empty()).then_some(seen.findings.len());
    fs::write(path, Report { outcome, message, findings, state: seen.state }.to_message()?)
}

/// Where the schema stands after a command, read anew. What is not to be had stays away: the outcome stands all the same.
pub(super) async fn state(
    database: &PgConnectOptions,
    migrations: &MigrationSet,
    done: &Result<Exit, Failure>,
) -> Option<State> {
    if matches!(outcome(done), Outcome::DatabaseUnreachable | Outcome::Stopped) {
        return None;
    }
    let names = |files: &[PlannedFile]| files.iter().map(|file| file.file.clone()).collect();
    if let Ok(plan) = migrate::plan(database, migrations).await {
        return Some(State {
            schema_version: plan.schema_version,
            needed_version: plan.needed_version,
            min_app_schema: plan.min_app_schema.into(),
            expands: names(&plan.up),
            contracts: names(&plan.contracts),
            backfills: plan.backfills_pending,
            waits_for: plan.waits_for.map(|waiting| waiting.file),
            up_hash: Some(plan.up_hash),
            plan_hash: plan.plan_hash,
            fingerprint: plan.fingerprint,
            is_drifted: plan.is_drifted,
        });
    }
    // A database that this image must not touch has no plan, but it says where it stands.
    let status = migrate::status(database, migrations).await.ok()?;
    Some(State {
        schema_version: status.schema_version,
        needed_version: status.needed_version,
        min_app_schema: status.min_app_schema.into(),
        expands: status.expands_pending,
        contracts: status.contracts_pending,
        backfills: status.backfills_pending,
        ..State::default()
    })
}

fn outcome(done: &Result<Exit, Failure>) -> Outcome {
    let failure = match done {
        Ok(Exit::Success) => return Outcome::Done,
        Ok(Exit::Checksum) => return Outcome::ChecksumMismatch,
        Ok(_) => return Outcome::FindingsFound,
        Err(failure) => failure,
    };
    let told = match failure {
        Failure::Up(error)
        | Failure::Plan(PlanError::Refused(error))
        | Failure::Contracts(ContractError::Change(error))
        | Failure::Backfill(BackfillError::Change(error))
        | Failure::Down(DownError::Change(error)) => of_change(error),
        Failure::Contracts(
            ContractError::OldApplications { .. } | ContractError::OldApplicationCame { .. },
        ) => Some(Outcome::OldApplicationsConnected),
        Failure::Contracts(ContractError::NotYet { .. }) => Some(Outcome::NotYet),
        _ => None,
    };
    told.unwrap_or_else(|| of_exit(failure.exit()))
}

fn of_change(error: &ChangeError) -> Option<Outcome> {
    match error {
        ChangeError::Lock(LockError::Held { .. } | LockError::Contended { .. }) => Some(Outcome::LockHeld),
        ChangeError::Apply(ApplyError::LockTimeout { .. }) => Some(Outcome::LockTimeout),
        ChangeError::Stopped => Some(Outcome::Stopped),
        _ => None,
    }
}

fn of_exit(exit: Exit) -> Outcome {
    match exit {
        Exit::Success => Outcome::Done,
        Exit::Failure => Outcome::Failed,
        Exit::Configuration => Outcome::Configuration,
        Exit::Checksum => Outcome::ChecksumMismatch,
        Exit::NotApproved => Outcome::NotApproved,
        Exit::NewerSchema => Outcome::UnknownNewerSchema,
        Exit::Temporary => Outcome::DatabaseUnreachable,
    }
}
