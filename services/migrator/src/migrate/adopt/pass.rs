//! One pass over the old database: looked at and told, or copied, verified and told. It decides nothing about a row.

use std::collections::BTreeMap;
use std::io::Write;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, query, query_as, query_scalar};

use super::progress::Progress;
use super::rule::{self, Finding, HEADER, told, write_findings};
use super::source::Source;
use super::target::{self, Fate, Judged};
use super::verify::{self, Verdict};
use super::{AdoptError, AdoptOptions, Adopted, memory};
use crate::migrate::change::{self, ChangeError, ChangeOptions};
use crate::migrate::lock::{self, Held, Key};
use crate::migrate::session;

/// How often a range is copied again because it changed while it was verified.
const TRIES: u32 = 5;

/// The tables, and the column of each that is the order's id.
const KEYLESS: [(&str, &str); 2] = [("orders", "order_id"), ("customs", "id")];

pub(super) struct Pass<'a> {
    source: Source,
    target: PgConnection,
    held: Option<Held>,
    how: &'a AdoptOptions,
    done: Adopted,
    keys: i64,
}

impl<'a> Pass<'a> {
    pub(super) async fn open(
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
    pub(super) async fn plan(mut self, report: &mut (impl Write + ?Sized)) -> Result<Adopted, AdoptError> {
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

    pub(super) async fn adopt(mut self, report: &mut (impl Write + ?Sized)) -> Result<Adopted, AdoptError> {
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
