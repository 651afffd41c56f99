//! `adopt`: the orders of the replaced services come over, from two tables that disagree into one that cannot.
//!
//! A pass goes through the old keys a range at a time. A range that is as it was when it was last looked at costs two hashes; any
//! other is mapped by the old database (`mapping`), judged and written here (`target`). Each range is a transaction, so a pass may be
//! stopped, killed and begun again at any moment, and the next one picks up what came later. At the end all is held against the old
//! database by checksums (`verify`). docs/adr/0022-adoption.md says why it is so.

mod error;
mod mapping;
pub(super) mod memory;
mod params;
mod progress;
mod rule;
mod source;
mod sql;
mod target;
mod verify;

use std::collections::BTreeMap;
use std::io::{self, Write};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, query, query_as, query_scalar};
use tokio::time::Instant;

use super::change::{self, ChangeError, ChangeOptions};
use super::lock::{self, Held, Key};
use super::session;
pub use error::AdoptError;
use progress::Progress;
use rule::{Finding, HEADER, Rule};
pub use source::OldCounts;
use source::Source;
use target::{Fate, Judged};
use verify::Verdict;

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

/// How often a range is copied again because it changed while it was verified.
const TRIES: u32 = 5;

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

struct Pass<'a> {
    source: Source,
    target: PgConnection,
    held: Option<Held>,
    how: &'a AdoptOptions,
    done: Adopted,
    keys: i64,
}

impl<'a> Pass<'a> {
    async fn open(
        database: &PgConnectOptions,
        options: &ChangeOptions,
        how: &'a AdoptOptions,
        is_plan: bool,
    ) -> Result<Self, AdoptError> {
        let database = options.named(database);
        let mut target = session::connect(&database, options.deadline).await.map_err(ChangeError::Connect)?;
        if !change::is_current(&mut target, &options.migrations).await? {
            return Err(AdoptError::SchemaBehind);
        }
        let held = if is_plan {
            None
        } else {
            let taken = lock::acquire(&mut target, &database, Key::Adoption, options.deadline).await;
            Some(taken.map_err(ChangeError::Lock)?)
        };
        let mut source = Source::open(how, options.deadline).await?;
        let known = memory::read(&mut target).await.map_err(AdoptError::New)?;
        if let Some(known) = known {
            if known.source != source.identity && !how.moved {
                return Err(AdoptError::AnotherSource { known: known.source, given: source.identity });
            }
            if (known.time_zone.as_str(), known.doubt.as_str()) != (how.time_zone.as_str(), how.doubt.name())
            {
                return Err(AdoptError::OtherChoices { time_zone: known.time_zone, doubt: known.doubt });
            }
        }
        let old = source.counts().await.map_err(AdoptError::OldRead)?;
        let done = Adopted { is_plan, old: Some(old), ..Adopted::default() };
        Ok(Self { source, target, held, how, done, keys: old.orders.max(old.customs) })
    }

    /// Looks at everything, and writes the report as it goes.
    async fn plan(mut self, report: &mut (impl Write + ?Sized)) -> Result<Adopted, AdoptError> {
        writeln!(report, "{HEADER}").map_err(AdoptError::Report)?;
        let mut progress = Progress::new("looking", self.keys);
        let mut found: BTreeMap<&'static str, i64> = BTreeMap::new();
        let mut after = 0;
        while let Some((upto, keys)) =
            self.source.next(after, self.how.batch_rows).await.map_err(AdoptError::OldRead)?
        {
            for one in self.look(after, upto).await? {
                self.count(one.fate, 1);
                write_findings(&one.findings, &mut found, report).map_err(AdoptError::Report)?;
            }
            progress.add(keys);
            after = upto;
        }
        for table in KEYLESS {
            let mut above = i64::MIN;
            while let Some(page) = self.keyless(table, &mut above).await? {
                self.count(Fate::LeftOut, page.len() as u64);
                write_findings(&page, &mut found, report).map_err(AdoptError::Report)?;
            }
        }
        progress.end();
        report.flush().map_err(AdoptError::Report)?;
        self.done.findings = told(found);
        Ok(self.done)
    }

    async fn adopt(mut self, report: &mut (impl Write + ?Sized)) -> Result<Adopted, AdoptError> {
        let (last, verified) = self.copy().await?;
        self.copy_keyless().await?;
        let ids_from = target::move_ids_on(&mut self.target).await.map_err(AdoptError::New)?;
        self.done.ids_from = Some(ids_from);
        let verified = if self.how.is_quick { verified } else { self.verify(last).await? };
        self.done.verified = Some(verified);
        memory::finish(&mut self.target).await.map_err(AdoptError::New)?;
        self.report(report).await?;
        // The lock ends with the session, and nothing hangs on the farewell.
        let _ = self.target.close().await;
        Ok(self.done)
    }

    /// All ranges after the one that the pass came to. Answers the last key, and how many orders were verified on the way.
    async fn copy(&mut self) -> Result<(i64, i64), AdoptError> {
        let mut after = memory::begin(&mut self.target, &self.source.identity, self.how)
            .await
            .map_err(AdoptError::New)?;
        let mut progress = Progress::new("adopting", self.keys);
        let mut verified = 0;
        while let Some((upto, keys)) =
            self.source.next(after, self.how.batch_rows).await.map_err(AdoptError::OldRead)?
        {
            if let Some(held) = &self.held {
                held.assert(&mut self.target).await.map_err(ChangeError::Lock)?;
            }
            let known = memory::digest(&mut self.target, after, upto).await.map_err(AdoptError::New)?;
            let is_same = !known.is_empty()
                && known == self.source.digest(after, upto).await.map_err(AdoptError::OldRead)?;
            if is_same {
                self.count(Fate::Same, keys.unsigned_abs());
            } else {
                self.copy_range(after, upto).await?;
                if self.how.is_quick {
                    verified += self.verify_range(after, upto).await?;
                }
            }
            memory::reached(&mut self.target, upto).await.map_err(AdoptError::New)?;
            progress.add(keys);
            after = upto;
        }
        // What was adopted and lies behind the last key that there is.
        target::tell_gone(&mut self.target, (after, i64::MAX), &[]).await.map_err(AdoptError::New)?;
        progress.end();
        Ok((after, verified))
    }

    async fn look(&mut self, after: i64, upto: i64) -> Result<Vec<Judged>, AdoptError> {
        let rows = self.source.rows(after, upto).await.map_err(AdoptError::OldRead)?;
        target::judge(&mut self.target, rows).await.map_err(AdoptError::New)
    }

    async fn copy_range(&mut self, after: i64, upto: i64) -> Result<(), AdoptError> {
        let mut judged = self.look(after, upto).await?;
        target::write(&mut self.target, &mut judged).await.map_err(AdoptError::New)?;
        let keys: Vec<i64> = judged.iter().map(|one| one.old.order_id).collect();
        target::tell_gone(&mut self.target, (after, upto), &keys).await.map_err(AdoptError::New)?;
        for one in &judged {
            self.count(one.fate, 1);
        }
        Ok(())
    }

    fn count(&mut self, fate: Fate, keys: u64) {
        *match fate {
            Fate::Same => &mut self.done.unchanged,
            Fate::New => &mut self.done.adopted,
            Fate::Changed => &mut self.done.changed,
            Fate::LeftOut | Fate::Taken | Fate::ChangedInBoth => &mut self.done.left,
        } += keys;
    }

    /// The next rows of a table that no key leads to.
    async fn keyless(
        &mut self,
        table: (&'static str, &'static str),
        above: &mut i64,
    ) -> Result<Option<Vec<Finding>>, AdoptError> {
        let page =
            self.source.keyless(table, *above, self.how.batch_rows).await.map_err(AdoptError::OldRead)?;
        *above = page.last().map_or(*above, |finding| finding.old_id);
        Ok((!page.is_empty()).then_some(page))
    }

    /// They are told anew by each pass: what was mended since is no finding any more.
    async fn copy_keyless(&mut self) -> Result<(), AdoptError> {
        query("DELETE FROM atelier.schema_meta_adoption_findings WHERE rule = $1")
            .bind(rule::NO_ORDER_ID)
            .execute(&mut self.target)
            .await
            .map_err(AdoptError::New)?;
        for table in KEYLESS {
            let mut above = i64::MIN;
            while let Some(page) = self.keyless(table, &mut above).await? {
                self.count(Fate::LeftOut, page.len() as u64);
                let all: Vec<&Finding> = page.iter().collect();
                target::tell(&mut self.target, &all).await.map_err(AdoptError::New)?;
            }
        }
        Ok(())
    }

    /// Every range up to the last key. The old services go on meanwhile, so one that differs is copied again before it is judged.
    async fn verify(&mut self, last: i64) -> Result<i64, AdoptError> {
        let mut progress = Progress::new("verifying", self.keys);
        let (mut after, mut verified) = (0, 0);
        while let Some((upto, keys)) =
            self.source.next(after, self.how.batch_rows).await.map_err(AdoptError::OldRead)?
        {
            let upto = upto.min(last);
            if upto <= after {
                break;
            }
            verified += self.verify_range(after, upto).await?;
            progress.add(keys);
            after = upto;
        }
        progress.end();
        let all: i64 =
            query_scalar("SELECT count(*) FROM atelier.schema_meta_adopted WHERE version IS NOT NULL")
                .fetch_one(&mut self.target)
                .await
                .map_err(AdoptError::New)?;
        self.done.not_compared = Some(all - verified);
        Ok(verified)
    }

    async fn verify_range(&mut self, after: i64, upto: i64) -> Result<i64, AdoptError> {
        let mut tries = 0;
        loop {
            let verdict = verify::range(&mut self.source, &mut self.target, (after, upto))
                .await
                .map_err(AdoptError::New)?;
            tries += 1;
            match verdict {
                Ok(Verdict::Equal(orders)) => return Ok(orders),
                Ok(Verdict::Different(orders)) if tries == TRIES => {
                    return Err(AdoptError::Different { orders });
                }
                Err(error) if tries == TRIES => return Err(AdoptError::OldRead(error)),
                _ => self.copy_range(after, upto).await?,
            }
        }
    }

    /// The whole report, from what the database remembers: exact however often the adoption was cut short.
    async fn report(&mut self, report: &mut (impl Write + ?Sized)) -> Result<(), AdoptError> {
        writeln!(report, "{HEADER}").map_err(AdoptError::Report)?;
        let mut found = BTreeMap::new();
        let mut last = Finding {
            order_id: i64::MIN,
            old_table: "".into(),
            old_id: i64::MIN,
            rule: "".into(),
            found: String::new(),
        };
        loop {
            let page: Vec<Finding> = query_as(
                "SELECT order_id, old_table, old_id, rule, found FROM atelier.schema_meta_adoption_findings
                 WHERE (order_id, old_table, old_id, rule) > ($1, $2, $3, $4)
                 ORDER BY order_id, old_table, old_id, rule LIMIT $5",
            )
            .bind(last.order_id)
            .bind(&*last.old_table)
            .bind(last.old_id)
            .bind(&*last.rule)
            .bind(i64::from(self.how.batch_rows))
            .fetch_all(&mut self.target)
            .await
            .map_err(AdoptError::New)?;
            write_findings(&page, &mut found, report).map_err(AdoptError::Report)?;
            match page.into_iter().next_back() {
                Some(finding) => last = finding,
                None => break,
            }
        }
        report.flush().map_err(AdoptError::Report)?;
        self.done.findings = told(found);
        Ok(())
    }
}

/// The tables, and the column of each that is the order's id.
const KEYLESS: [(&str, &str); 2] = [("orders", "order_id"), ("customs", "id")];

fn write_findings(
    findings: &[Finding],
    found: &mut BTreeMap<&'static str, i64>,
    report: &mut (impl Write + ?Sized),
) -> io::Result<()> {
    for finding in findings {
        if let Some(rule) = Rule::named(&finding.rule) {
            *found.entry(rule.name).or_default() += 1;
        }
        finding.write(report)?;
    }
    Ok(())
}

fn told(found: BTreeMap<&'static str, i64>) -> Vec<Found> {
    let found = found.into_iter().filter_map(|(name, rows)| Some((Rule::named(name)?, rows)));
    found.map(|(Rule { name: rule, choice }, rows)| Found { rule, rows, choice }).collect()
}
