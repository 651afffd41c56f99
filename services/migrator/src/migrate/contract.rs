//! `up --contracts`: the contracts that wait, if the plan that was approved is still the plan.
//!
//! What goes is gone, so the order is fixed: the approval, then nobody connected who is too old, then `min_app_schema`, which
//! makes older applications un-ready, then a second look at who is connected, then a batch of each backfill for what they wrote
//! last, and only then the files.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{query, query_as};

use super::applications::{self, Application};
use super::backfill::{self, BackfillError};
use super::bookkeeping::{self, AppliedRow, Memory, Origin};
use super::change::{ChangeError, ChangeOptions, change};
use super::files::{Migration, MigrationSet, Phase};
use super::lock::Held;
use super::plan::Waiting;
use super::up::{Applied, UpReport};
use super::{apply, fingerprint, plan};

/// Why no contract was run, or not all.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// As every change of the schema.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// A file has to run first.
    #[error("{file} has to run first: {}, then `migrator plan` for the hash to approve", how(*phase))]
    NotYet {
        /// Which.
        file: String,
        /// It is an expand or a backfill.
        phase: Phase,
    },
    /// A backfill before them could not be tried once more.
    #[error("whether a backfill has still something to do is not known")]
    Backfill(#[source] BackfillError),
    /// What would be done is not what was approved.
    #[error(
        "the approved plan is {approved}, but the plan is {actual} now: read `migrator plan` again, and approve that hash if it \
         is what you want"
    )]
    NotApproved {
        /// The hash that was given.
        approved: String,
        /// The hash of what would be done.
        actual: String,
    },
    /// Applications are connected that would break. Nothing was changed.
    #[error(
        "applications older than schema {needed} are connected, and nothing was changed; deploy a newer release or end them: {}",
        applications::listed(applications)
    )]
    OldApplications {
        /// The lowest schema that is needed.
        needed: i64,
        /// Who.
        applications: Vec<Application>,
    },
    /// One connected while `min_app_schema` was raised. It is un-ready now and no file was run.
    #[error(
        "an application older than schema {needed} connected meanwhile, and no contract was run; it is un-ready from now on, so \
         try again when it is gone: {}",
        applications::listed(applications)
    )]
    OldApplicationCame {
        /// The lowest schema that is needed.
        needed: i64,
        /// Who.
        applications: Vec<Application>,
    },
}

fn how(phase: Phase) -> &'static str {
    match phase {
        Phase::Backfill => "`migrator backfill`",
        Phase::Expand | Phase::Contract => "`migrator up`",
    }
}

/// What an approval is for.
enum Approval {
    /// The plan as it is now, or the rest of one that was begun under it and cut short.
    ThisPlan,
    /// A plan that was carried out; what waits now came later.
    Done,
}

/// Runs the contracts that wait, if `approved` is the hash of their plan. With an approval that was carried out, or none that
/// waits, it does nothing: a Job may run again, and an approval may be left where it was given.
pub async fn contract_until(
    database: &PgConnectOptions,
    options: &ChangeOptions,
    approved: &str,
    stop: impl Future<Output = ()>,
) -> Result<UpReport, ContractError> {
    change(database, options, stop, async |connection, held, memory| {
        let mut contracts: Vec<&Migration> = options
            .migrations
            .of(Phase::Contract)
            .filter(|file| memory.row(file.version).is_none())
            .collect();
        if memory.meta.is_founding {
            // They are the first `up`'s, which may be about to begin: the approval was given for another database.
            contracts.clear();
        }
        if let Some(last) = contracts.last().copied() {
            match judge(connection, &options.migrations, approved).await? {
                Approval::Done => contracts.clear(),
                Approval::ThisPlan => {
                    shut_out(connection, options.migrations.needed_by(last)).await?;
                    fill_up(connection, options, &memory, last).await?;
                }
            }
        }
        let mut applied = Vec::new();
        for file in contracts {
            applied.push(run(connection, options, held, file, approved).await?);
        }
        Ok(UpReport::read(connection, options, applied).await?)
    })
    .await
}

async fn judge(
    connection: &mut PgConnection,
    migrations: &MigrationSet,
    approved: &str,
) -> Result<Approval, ContractError> {
    let read = || ChangeError::bookkeeping("read");
    let (rest, is_known): (Option<String>, bool) = query_as(
        "SELECT (SELECT remaining_hash FROM atelier.schema_meta_approvals WHERE plan_hash = $1),
            EXISTS (SELECT FROM atelier.schema_meta_files WHERE plan_hash = $1)",
    )
    .bind(approved)
    .fetch_one(&mut *connection)
    .await
    .map_err(read())?;
    if is_known && rest.is_none() {
        return Ok(Approval::Done);
    }
    let plan = plan::current(connection, migrations).await.map_err(read())?;
    if let Some(Waiting { file, phase }) = plan.waits_for {
        return Err(ContractError::NotYet { file, phase });
    }
    let actual = plan.plan_hash.unwrap_or_default();
    if actual == approved || rest.as_ref() == Some(&actual) {
        return Ok(Approval::ThisPlan);
    }
    Err(ContractError::NotApproved { approved: approved.to_owned(), actual })
}

/// Nobody older than `needed` is connected, and from here on none that connects is ready.
async fn shut_out(connection: &mut PgConnection, needed: i64) -> Result<(), ContractError> {
    let read = || ChangeError::bookkeeping("read");
    let applications = applications::older_than(connection, needed).await.map_err(read())?;
    if !applications.is_empty() {
        return Err(ContractError::OldApplications { needed, applications });
    }
    bookkeeping::raise_min_app_schema(connection, needed)
        .await
        .map_err(ChangeError::bookkeeping("updated"))?;
    let applications = applications::older_than(connection, needed).await.map_err(read())?;
    if !applications.is_empty() {
        return Err(ContractError::OldApplicationCame { needed, applications });
    }
    Ok(())
}

/// A batch of each backfill before `last`, finished as it is: what older applications wrote since would be lost. Those before
/// a contract that has run are settled, and their columns may be gone.
async fn fill_up(
    connection: &mut PgConnection,
    options: &ChangeOptions,
    memory: &Memory,
    last: &Migration,
) -> Result<(), ContractError> {
    let is_contract = |row: &&AppliedRow| row.phase.as_deref() == Some(Phase::Contract.name());
    let settled = memory.applied.iter().filter(is_contract).map(|row| row.version).max().unwrap_or(0);
    let open = settled..last.version;
    for file in options.migrations.of(Phase::Backfill).filter(|file| open.contains(&file.version)) {
        let (changed, _) = backfill::batch::run(connection, file, options.deadline)
            .await
            .map_err(ContractError::Backfill)?;
        if changed > 0 {
            return Err(ContractError::NotYet { file: file.file.clone(), phase: file.phase });
        }
    }
    Ok(())
}

/// Runs one, and notes in its transaction what is left of the approved plan.
async fn run(
    connection: &mut PgConnection,
    options: &ChangeOptions,
    held: &Held,
    file: &Migration,
    approved: &str,
) -> Result<Applied, ChangeError> {
    held.assert(connection).await.map_err(ChangeError::Lock)?;
    let origin = Origin { image: options.image.as_deref(), plan_hash: Some(approved) };
    let took = apply::apply(connection, file.into(), options.deadline, async |connection| {
        bookkeeping::remember(connection, file, origin).await?;
        fingerprint::write_down(connection).await?;
        let plan = plan::current(connection, &options.migrations).await?;
        let rest = (!plan.contracts.is_empty()).then(|| plan.plan_hash.unwrap_or_default());
        note_rest(connection, approved, rest.as_deref()).await
    })
    .await
    .map_err(ChangeError::Apply)?;
    bookkeeping::remember_time(connection, file, took).await;
    Ok(Applied::new(file, took))
}

/// Nothing left is no row: the approval was carried out. A rest that has to wait for something is under no hash.
async fn note_rest(
    connection: &mut PgConnection,
    approved: &str,
    rest: Option<&str>,
) -> Result<(), sqlx::Error> {
    let noted = match rest {
        Some(rest) => query(
            "INSERT INTO atelier.schema_meta_approvals (plan_hash, remaining_hash) VALUES ($1, $2)
             ON CONFLICT (plan_hash) DO UPDATE SET remaining_hash = excluded.remaining_hash, at = now()",
        )
        .bind(approved)
        .bind(rest),
        None => query("DELETE FROM atelier.schema_meta_approvals WHERE plan_hash = $1").bind(approved),
    };
    noted.execute(connection).await.map(|_| ())
}
