//! What most proofs stand on: a durable PostgreSQL with our schema in it, a catalog, both programs, and the loads that they carry.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use catalog_stub::Catalog;
use load_generator::audit::audit;
use load_generator::people::People;
use load_generator::work::Work;
use load_generator::{Plan, Report, Running, Target, Until};
use rig::system::{ORDER_STATUS, ORDERS, Service, System, Variant};
use testkit::postgres::{DataFolder, Durability, PostgresServer, ServerOptions};
use testkit::proxy::Proxy;
use testkit::wait;

use crate::cli::Options;
use crate::error::ProveError;
use crate::store::{self, urls};

/// Longer than anything here may take to come back, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(1);
/// No load of ours goes on for longer, whatever happens to whoever should stop it.
const LOAD_MAX: Duration = Duration::from_hours(2);

/// What everybody orders.
const MODEL: &str = "a7e11e500000000000000001";

/// Everything that proofs are made with.
pub(crate) struct Stage {
    pub(crate) options: Options,
    pub(crate) server: PostgresServer,
    pub(crate) catalog: Catalog,
    log: PathBuf,
}

/// Where programs write their lines; it is left where a proof could not be tried.
pub(crate) fn log() -> PathBuf {
    std::env::temp_dir().join(format!("atelier-prove-{}.log", std::process::id()))
}

/// A server whose commits outlive a crash, with these settings besides.
pub(crate) fn durable(data: DataFolder, settings: &[(&str, &str)]) -> ServerOptions {
    let settings = [&[("max_connections", "200"), ("shared_buffers", "256MB")], settings].concat();
    ServerOptions {
        data,
        port: 0,
        durability: Durability::Full,
        asks_password: false,
        certificate: None,
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    }
}

impl Stage {
    /// Starts a server with these settings, and a catalog.
    pub(crate) async fn start(options: &Options, settings: &[(&str, &str)]) -> Result<Self, ProveError> {
        let server = PostgresServer::start(durable(DataFolder::Temporary, settings), &mut |_| {}).await?;
        store::make(&server).await?;
        Self::on(options, server).await
    }

    /// On a server that has our schema.
    pub(crate) async fn on(options: &Options, server: PostgresServer) -> Result<Self, ProveError> {
        let catalog = Catalog::start().await.map_err(ProveError::Place)?;
        Ok(Self { options: options.clone(), server, catalog, log: log() })
    }

    /// The programs with the defaults of a new installation.
    pub(crate) fn plain(&self) -> Variant {
        Variant::plain("atelier", &self.options.programs)
    }

    /// Both services, whose way to the database ends at `port`.
    pub(crate) async fn system(&self, variant: &Variant, port: u16) -> Result<System, ProveError> {
        Ok(System::start(variant, &urls(port), &self.catalog.base_url(), &self.log).await?)
    }

    /// order-status alone, ready.
    pub(crate) async fn order_status(&self, variant: &Variant, port: u16) -> Result<Service, ProveError> {
        let service = Service::start(variant, ORDER_STATUS, &urls(port)[0], &[], &self.log)?;
        service.until_ready(&self.log).await?;
        Ok(service)
    }

    /// orders alone, ready.
    pub(crate) async fn orders(&self, variant: &Variant) -> Result<Service, ProveError> {
        let catalog_url = self.catalog.base_url();
        let url = &urls(self.server.port())[1];
        let service =
            Service::start(variant, ORDERS, url, &[("ATELIER_CATALOG__URL", &catalog_url)], &self.log)?;
        service.until_ready(&self.log).await?;
        Ok(service)
    }

    /// A way to the database that can be made worse.
    pub(crate) async fn link(&self) -> Result<Proxy, ProveError> {
        link("127.0.0.1", self.server.port()).await
    }

    /// A shop's requests, so many a second, until it is told to stop.
    pub(crate) async fn shop(
        &self,
        status: SocketAddr,
        orders: SocketAddr,
        rate: f64,
    ) -> Result<Shop, ProveError> {
        let at = |address: SocketAddr| Target::at(address, &address.to_string());
        let plan = Plan {
            status: at(status)?,
            orders: at(orders)?,
            clients: 16,
            rate: Some(rate),
            until: Until::Seconds(LOAD_MAX.as_secs_f64()),
            is_list: false,
        };
        let run = format!("{}-{}", self.options.seed, status.port());
        let work = Work::new(&run, People::open(&run), Some(MODEL.to_owned()), self.options.seed);
        Ok(Shop { running: load_generator::start(plan.clone(), work).await, plan })
    }
}

/// A way to whoever listens there, that can be made worse.
pub(crate) async fn link(host: &str, port: u16) -> Result<Proxy, ProveError> {
    Proxy::start(host, port).await.map_err(ProveError::Place)
}

/// A load, every answer of which is held against what was acknowledged.
pub(crate) struct Shop {
    running: Running<Work>,
    plan: Plan,
}

/// What a load found, and then whoever asked once more about all that was acknowledged.
pub(crate) struct Audited {
    pub(crate) load: Report,
    pub(crate) audit: Report,
}

impl Shop {
    /// Waits until so many more right answers came.
    pub(crate) async fn goes_on(&self, more: u64) -> Result<(), ProveError> {
        let enough = self.running.good() + more;
        let are_there = || async { (self.running.good() >= enough).then_some(()) };
        let waited = wait::until("right answers come again", PATIENCE, are_there).await;
        if waited.is_err() {
            let report = self.running.look();
            println!("{report}\n{:#?}", report.examples);
        }
        Ok(waited?)
    }

    /// How it went so far.
    pub(crate) fn look(&self) -> Report {
        self.running.look()
    }

    /// Ends it.
    pub(crate) async fn end(self) -> Report {
        self.running.stop();
        self.running.end().await.0
    }

    /// Ends it, and asks once more about everything that was acknowledged.
    pub(crate) async fn audited(self) -> Audited {
        self.running.stop();
        let (load, work) = self.running.end().await;
        let audit = match work {
            Some(work) => audit(self.plan, work).await,
            None => Report::default(),
        };
        for example in &audit.examples {
            println!("  {example}");
        }
        Audited { load, audit }
    }
}

impl Audited {
    /// Acknowledged, and missing, older than it was, or another's.
    fn lost(&self) -> u64 {
        self.audit.failed + self.audit.mismatches
    }

    /// Asked about in vain: of these nothing is known.
    fn unanswered(&self) -> u64 {
        self.audit.refused + self.audit.broken
    }

    /// Whether all that was acknowledged is there.
    pub(crate) fn is_true(&self) -> bool {
        self.load.mismatches + self.lost() + self.unanswered() == 0 && self.audit.good > 0
    }

    /// In words.
    pub(crate) fn words(&self) -> String {
        let unanswered = self.unanswered();
        let unanswered = if unanswered == 0 { String::new() } else { format!(", {unanswered} not answered") };
        format!(
            "{} right answers meanwhile, {} untrue; asked once more: {} orders as acknowledged, {} lost{unanswered}",
            self.load.good,
            self.load.mismatches,
            self.audit.good,
            self.lost()
        )
    }
}

/// Lets a fault, or a load, last so long.
#[expect(clippy::disallowed_methods, reason = "a fault of so many seconds is the point")]
pub(crate) async fn lasts(duration: Duration) {
    tokio::time::sleep(duration).await;
}
