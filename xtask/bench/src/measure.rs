//! One run of one thing: a fresh process on a fresh copy of the database, warmed up, then measured from outside.

use std::path::PathBuf;

use catalog_stub::Catalog;
use serde::Serialize;
use testkit::proxy::Proxy;
use tokio::sync::OnceCell;

use crate::cli::Options;
use crate::error::BenchError;
use crate::load::{self, Kind, Report, Spec, Until};
use crate::population::Population;
use crate::store::{Copy, Store};
use rig::machine;
use rig::system::{System, Variant};

/// The share of answers that may be other than right in a run that counts.
const FAILED_MAX: f64 = 0.005;
/// The database that copies are made of.
const TEMPLATE: &str = "seeded";

/// Everything that runs are made with.
pub(crate) struct Bench {
    pub(crate) options: Options,
    pub(crate) store: Store,
    pub(crate) catalog: Catalog,
    pub(crate) population: Population,
    /// Where order-status and orders are.
    pub(crate) programs: PathBuf,
    /// Where they write their lines.
    pub(crate) log: PathBuf,
    seeded: OnceCell<()>,
}

/// What is asked of a system, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) kind: Kind,
    pub(crate) clients: usize,
    pub(crate) rate: Option<f64>,
    pub(crate) until: Until,
    pub(crate) seed: u64,
    pub(crate) moved_before: i64,
}

/// What one run was like.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) rate: f64,
    pub(crate) server_us: f64,
    pub(crate) database_us: f64,
    pub(crate) memory_mib: f64,
    pub(crate) ready_ms: f64,
    /// Statements a request.
    pub(crate) statements: f64,
    /// Requests a batch, where the build tells.
    pub(crate) batch: Option<f64>,
    pub(crate) report: Report,
}

impl Asked {
    /// So many clients, each asking when it has its answer.
    pub(crate) fn closed(kind: Kind, clients: usize, until: Until, seed: u64) -> Self {
        Self { kind, clients, rate: None, until, seed, moved_before: 0 }
    }

    pub(crate) fn spec(self, system: &System, population: Population, warming: bool) -> Spec {
        Spec {
            status: system.status,
            orders: system.orders,
            population: population.orders(),
            kind: self.kind,
            clients: self.clients,
            rate: self.rate,
            until: self.until,
            seed: self.seed,
            moved_before: self.moved_before,
            warming,
        }
    }
}

impl Bench {
    pub(crate) fn new(
        options: Options,
        store: Store,
        catalog: Catalog,
        population: Population,
        programs: PathBuf,
        log: PathBuf,
    ) -> Self {
        Self { options, store, catalog, population, programs, log, seeded: OnceCell::new() }
    }

    /// What is measured unless a row says otherwise.
    pub(crate) fn plain(&self) -> Variant {
        Variant::plain("atelier", &self.programs)
    }

    /// A fresh copy of the population, which is seeded when it is first wanted.
    pub(crate) async fn copy(&self) -> Result<Copy<'_>, BenchError> {
        self.seeded.get_or_try_init(|| self.store.seed(TEMPLATE, self.population, false)).await?;
        Ok(self.store.copy(TEMPLATE).await?)
    }

    /// Starts both services on `copy`.
    pub(crate) async fn start(&self, variant: &Variant, copy: &Copy<'_>) -> Result<System, BenchError> {
        let urls = self.store.urls(&copy.name);
        Ok(System::start(variant, &urls, &self.catalog.base_url(), &self.log).await?)
    }

    /// Starts both services on `database` at the end of a link that can be made worse.
    pub(crate) async fn start_behind(
        &self,
        variant: &Variant,
        database: &str,
    ) -> Result<(Proxy, System), BenchError> {
        let (host, port) = self.store.address();
        let proxy = Proxy::start(host, port).await.map_err(BenchError::Link)?;
        let urls = Store::urls_by(database, proxy.address().port());
        let system = System::start(variant, &urls, &self.catalog.base_url(), &self.log).await?;
        Ok((proxy, system))
    }

    /// One run on a fresh copy.
    pub(crate) async fn measure(&self, variant: &Variant, asked: Asked) -> Result<Measured, BenchError> {
        let copy = self.copy().await?;
        let system = self.start(variant, &copy).await?;
        self.warm(&system, asked).await?;
        let before = written(&copy, asked.kind).await?;
        let spec = asked.spec(&system, self.population, false);
        let measured = self.observe(variant.name, &system, &copy, asked.kind, spec).await?;
        let (written, good) = (written(&copy, asked.kind).await? - before, measured.report.good);
        if asked.kind.writes() && written < i64::try_from(good).unwrap_or_default() {
            return Err(BenchError::NotWritten { what: asked.kind.name(), good, written });
        }
        Ok(measured)
    }

    /// Until code, connections and caches are as they stay; the paid lists of every user, so that every model is known.
    pub(crate) async fn warm(&self, system: &System, asked: Asked) -> Result<(), BenchError> {
        let users = u64::try_from(self.population.users()).unwrap_or_default();
        let until = if asked.kind == Kind::Paid || asked.kind == Kind::Mixed {
            Until::Requests(users)
        } else {
            Until::Requests(users.min(2000))
        };
        let kind = if asked.kind == Kind::Mixed { Kind::Paid } else { asked.kind };
        let warm = Asked { kind, until, rate: None, clients: asked.clients.min(64), ..asked };
        let spec = warm.spec(system, self.population, true);
        sound(asked.kind, &load::run(Spec { seed: spec.seed + 1_000_000, ..spec }, None).await?)
    }

    /// One load on a warm system, and what it cost.
    pub(crate) async fn observe(
        &self,
        name: &'static str,
        system: &System,
        copy: &Copy<'_>,
        kind: Kind,
        spec: Spec,
    ) -> Result<Measured, BenchError> {
        copy.reset_statements().await?;
        let batches = batches(&system.metrics().await?);
        let pids = system.pids();
        let database = [self.store.postmaster];
        let before = (machine::cpu_seconds(&pids), machine::cpu_seconds(&database));
        let report = load::run(spec, None).await?;
        let server = machine::cpu_seconds(&pids) - before.0;
        let memory_mib = machine::memory_mib(&pids);
        let statements = copy.statements().await?;
        let spent = machine::cpu_seconds(&database) - before.1;
        sound(kind, &report)?;
        let answered = as_float(report.answered());
        let batch = mean_batch(batches, self::batches(&system.metrics().await?));
        Ok(Measured {
            name,
            kind: kind.name(),
            rate: report.rate(),
            server_us: server / answered * 1e6,
            database_us: spent / answered * 1e6,
            memory_mib,
            ready_ms: system.ready.as_secs_f64() * 1e3,
            statements: as_float(u64::try_from(statements).unwrap_or_default()) / answered,
            batch,
            report,
        })
    }
}

/// How many rows there are of what `kind` writes.
async fn written(copy: &Copy<'_>, kind: Kind) -> Result<i64, BenchError> {
    Ok(match kind {
        Kind::Create => copy.orders().await?,
        Kind::Update => copy.events().await?,
        _ => 0,
    })
}

/// A run counts only if its answers are right.
pub(crate) fn sound(kind: Kind, report: &Report) -> Result<(), BenchError> {
    let bad = as_float(report.failed + report.refused + report.broken);
    if report.mismatches > 0 || report.good == 0 || bad > FAILED_MAX * as_float(report.answered()) {
        return Err(BenchError::Wrong { what: kind.name(), report: Box::new(report.clone()) });
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a count of answers, far below 2^53")]
pub(crate) fn as_float(count: u64) -> f64 {
    count as f64
}

/// Requests that went into batches, and batches: the sum and the count of the histogram, over all its series.
fn batches(metrics: &str) -> Option<(f64, f64)> {
    let sum_of = |suffix: &str| {
        let values: Vec<f64> = metrics
            .lines()
            .filter(|line| line.split(['{', ' ']).next().is_some_and(|name| name.ends_with(suffix)))
            .filter_map(|line| line.rsplit(' ').next()?.parse().ok())
            .collect();
        (!values.is_empty()).then(|| values.iter().sum())
    };
    Some((sum_of("batch_size_sum")?, sum_of("batch_size_count")?))
}

fn mean_batch(before: Option<(f64, f64)>, after: Option<(f64, f64)>) -> Option<f64> {
    let (sum, count) = after?;
    // A series appears with its first batch.
    let (sum_before, count_before) = before.unwrap_or_default();
    let count = count - count_before;
    (count > 0.0).then(|| (sum - sum_before) / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_sizes_are_read_over_all_series_and_since_the_last_look() {
        let metrics = |requests: u32, batches: u32| {
            format!(
                "# HELP db_batch_size Items.\ndb_batch_size_bucket{{le=\"1\"}} 7\ndb_batch_size_sum{{statement=\"a\"}} {requests}\n\
                 db_batch_size_sum{{statement=\"b\"}} 10\ndb_batch_size_count{{statement=\"a\"}} {batches}\ndb_batch_size_count{{statement=\"b\"}} 10\n"
            )
        };
        let (before, after) = (batches(&metrics(5, 5)), batches(&metrics(85, 10)));
        assert_eq!(mean_batch(before, after), Some(16.0));
        assert_eq!(mean_batch(before, before), None);
        assert_eq!(batches("other_sum 7\n"), None);
    }

    #[test]
    fn one_mismatch_disqualifies_a_run() {
        let good = Report { good: 1000, refused: 4, ..Report::default() };
        assert!(sound(Kind::Status, &good).is_ok());
        assert!(sound(Kind::Status, &Report { mismatches: 1, ..good.clone() }).is_err());
        assert!(sound(Kind::Status, &Report { refused: 6, ..good }).is_err());
        assert!(sound(Kind::Status, &Report::default()).is_err());
    }
}
