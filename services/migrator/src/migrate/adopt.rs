//! `adopt`: the orders of the replaced services come over, from two tables that disagree into one that cannot.
//!
//! A pass goes through the old keys a range at a time. A range that is as it was when it was last looked at costs two hashes; any
//! other is mapped by the old database (`mapping`), judged and written here (`target`). Each range is a transaction, so a pass may be
//! stopped, killed and begun again at any moment, and the next one picks up what came later. At the end all is held against the old
//! database by checksums (`verify`). docs/adr/0019-adoption.md says why it is so.

mod error;
mod mapping;
pub(super) mod memory;
mod old_order;
mod params;
mod pass;
mod progress;
mod rule;
mod source;
mod sql;
mod target;
mod verify;

use std::io::Write;

use sqlx::postgres::PgConnectOptions;
use tokio::time::Instant;

use super::change::{ChangeError, ChangeOptions};
pub use error::AdoptError;
use pass::Pass;
pub use source::OldCounts;

/// How an adoption goes about it.
#[derive(Clone, Debug)]
pub struct AdoptOptions {
    /// The old database.
    pub from: PgConnectOptions,
    /// The schema of its two tables.
    pub schema: String,
    /// The zone of its times, which have none.
    pub time_zone: String,
    /// Which way doubt is settled.
    pub doubt: Doubt,
    /// Whether it is the same database as before although it looks like another.
    pub moved: bool,
    /// Keys a range.
    pub batch_rows: u32,
    /// Whether only ranges that changed are verified: for the pause of a switch, after a whole verification.
    pub is_quick: bool,
}

/// Which way doubt about a stage is settled: flags with a gap, and `paid` in one of the tables only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Doubt {
    /// What anybody said was reached, was.
    Up,
    /// Only what everything agrees on.
    Down,
}

impl Doubt {
    const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// What was done, or would be.
#[derive(Debug, Default, serde::Serialize)]
pub struct Adopted {
    /// Whether nothing was written.
    pub is_plan: bool,
    /// Rows of the old database when it began.
    pub old: Option<OldCounts>,
    /// Orders that were made by this call.
    pub adopted: u64,
    /// Orders that were made before, and changed there since.
    pub changed: u64,
    /// Keys that are as they were.
    pub unchanged: u64,
    /// Keys that were left as they are: no order was made, or it was moved in both systems.
    pub left: u64,
    /// What did not fit, of all calls so far.
    pub findings: Vec<Found>,
    /// Orders that the checksums of both databases agree on; absent of a plan.
    pub verified: Option<i64>,
    /// Orders that are told by the report, or were moved here since, and so not compared; absent where only changes were verified.
    pub not_compared: Option<i64>,
    /// New ids are drawn from here on; absent of a plan.
    pub ids_from: Option<i64>,
    /// How long it took. Milliseconds.
    pub took_ms: u64,
    /// The most memory that the process has had. KiB.
    pub memory_max_kib: Option<u64>,
}

/// How often a rule was applied.
#[derive(Debug, serde::Serialize)]
pub struct Found {
    /// Its name.
    pub rule: &'static str,
    /// To how many rows.
    pub rows: i64,
    /// What is done then.
    pub choice: &'static str,
}

/// Adopts, or with `is_plan` tells what would be adopted and writes nothing but the report. Gives way to `stop`: what was written stays.
pub async fn adopt_until(
    database: &PgConnectOptions,
    options: &ChangeOptions,
    how: &AdoptOptions,
    is_plan: bool,
    report: &mut (impl Write + ?Sized),
    stop: impl Future<Output = ()>,
) -> Result<Adopted, AdoptError> {
    let work = async {
        let begin = Instant::now();
        let pass = Pass::open(database, options, how, is_plan).await?;
        let mut done = if is_plan { pass.plan(report).await? } else { pass.adopt(report).await? };
        done.took_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        done.memory_max_kib = progress::memory_max_kib();
        Ok(done)
    };
    tokio::select! {
        done = work => done,
        () = stop => Err(ChangeError::Stopped.into()),
    }
}
