//! `cargo xtask up`: everything up, in words; then it stays until somebody or something ends it.

use std::process::ExitCode;

use crate::beside;
use crate::callers::Callers;
use crate::catalog::Catalog;
use crate::cli::Demo;
use crate::client::Http;
use crate::database::{self, Logins};
use crate::error::UpError;
use crate::home::Home;
use crate::plan::MAKER;
use crate::ports::{self, Ports};
use crate::samples;
use crate::say::{complain, say};
use crate::server::Server;
use crate::signals::Signals;
use crate::system::{Addresses, System};
use crate::tour::Tour;

/// Everything that must be stopped, in the reverse order of starting. Filled while it starts, so that an interrupted
/// start stops what there is.
#[derive(Default)]
struct Running {
    home: Option<Home>,
    server: Option<Server>,
    catalog: Option<Catalog>,
    system: System,
}

/// What is up, for whoever works with it.
struct Ready {
    http: Http,
    callers: Callers,
    status: Ports,
    orders: Ports,
    /// How a person looks into the database.
    admin: String,
}

impl Ready {
    fn addresses(&self) -> Addresses {
        Addresses { status: self.status.api_url(), orders: self.orders.api_url() }
    }

    /// What a command beside it is told. None begins with `ATELIER_`: a service that the command starts would take it for a key.
    fn variables(&self) -> Vec<(&'static str, String)> {
        let Addresses { status, orders } = self.addresses();
        let mut variables = self.callers.variables();
        variables.extend([("ORDER_STATUS_URL", status), ("ORDERS_URL", orders)]);
        variables
    }
}

/// Runs the demonstration system.
pub(crate) async fn run(demo: Demo) -> Result<ExitCode, UpError> {
    let mut signals = Signals::listen()?;
    let mut running = Running::default();
    let outcome = live(&demo, &mut running, &mut signals).await;
    if let Err(UpError::Stopped(_)) = outcome {
        say!("\nStopping.");
    } else if !matches!(outcome, Ok(ExitCode::SUCCESS))
        && let Some(home) = running.home.as_mut().filter(|home| home.is_temporary())
    {
        // Whoever looks for the reason needs the logs.
        home.keep();
        say!("\nThe logs stay: {}", home.log("*").display());
    }
    let kept = running.home.as_ref().filter(|home| !home.is_temporary()).map(|home| home.folder().to_owned());
    tokio::select! {
        () = stop(running) => {}
        // A second Ctrl-C: the guards of the children finish the work without us.
        stopped = signals.next() => return Err(UpError::Stopped(stopped)),
    }
    match (outcome, kept) {
        // Ctrl-C is how it is meant to end, unless it is a proof.
        (Err(UpError::Stopped(_)), Some(folder)) if !demo.ends_by_itself() => {
            say!("Stopped. The data stays in {} (`--reset` starts from nothing).", folder.display());
            Ok(ExitCode::SUCCESS)
        }
        (outcome, _) => outcome,
    }
}

/// Brings everything up and does with it what was asked for.
async fn live(demo: &Demo, running: &mut Running, signals: &mut Signals) -> Result<ExitCode, UpError> {
    let ready = tokio::select! {
        ready = bring_up(demo, running) => ready?,
        stopped = signals.next() => return Err(UpError::Stopped(stopped)),
    };
    if !demo.run.is_empty() {
        // It hears of signals itself, and ends before what it works with.
        return beside::run(&demo.run, &ready.variables(), signals).await;
    }
    tokio::select! {
        outcome = stay(demo, running, &ready) => outcome.map(|()| ExitCode::SUCCESS),
        stopped = signals.next() => Err(UpError::Stopped(stopped)),
    }
}

async fn bring_up(demo: &Demo, running: &mut Running) -> Result<Ready, UpError> {
    let home = running.home.insert(Home::open(demo)?);
    let (status, orders) = ports::choose(demo, home).await?;
    let logins = match &demo.database_url {
        Some(url) => database::prepare_given(url).await?,
        None => {
            let server = running.server.insert(Server::start_kept(home).await?);
            database::prepare_own(server).await?
        }
    };
    let catalog = running.catalog.insert(Catalog::start().await?);
    let callers = if demo.token { Callers::with_token(home)? } else { Callers::Open };
    let Logins { admin, writer, reader } = logins;
    let system = &mut running.system;
    system.start_status(home, status, &callers, &writer)?;
    system.start_orders(home, orders, &callers, &reader, catalog.url())?;
    let http = Http::new()?;
    system.ready(&http, "order-status", status).await?;
    system.ready(&http, "orders", orders).await?;
    say!("Services    order-status and orders are ready");
    if !demo.token {
        let made = samples::make(&http, &status.api_url(), catalog.models()).await?;
        say!(
            "Samples     {}",
            if made == 0 {
                "are there from an earlier run".to_owned()
            } else {
                format!("{made} orders made, at every stage")
            }
        );
    }
    Ok(Ready { http, callers, status, orders, admin })
}

/// Waits for an end, after a tour was given; `--once` walks the tour and ends by itself.
async fn stay(demo: &Demo, running: &mut Running, ready: &Ready) -> Result<(), UpError> {
    let (Some(home), Some(catalog)) = (&running.home, &running.catalog) else { return Ok(()) };
    let Ready { http, status, orders, .. } = ready;
    let at = ready.addresses();
    let model = catalog.models().iter().find(|model| model.created_by == MAKER);
    let tour = Tour::plan(http, &at, model).await?;
    if demo.once {
        tour.walk(http).await?;
        say!("\nThe tour went as it says.");
        return Ok(());
    }
    say!("\norder-status  {}   operations {}", at.status, status.ops_url());
    say!("orders        {}   operations {}", at.orders, orders.ops_url());
    say!("catalog       {} (a demo that lives in this process)", catalog.url());
    say!("database      {}", ready.admin);
    say!("logs          {}", home.log("*").display());
    say!("\nWhoever asks is believed here (auth.mode=open), on this machine only. A tour:");
    tour.print();
    say!("\nCtrl-C stops everything.");
    tokio::select! {
        error = running.system.first_end() => Err(error),
        error = server_end(running.server.as_ref()) => Err(error),
    }
}

/// Somebody else's server may come and go: the services live with that, and so do we.
async fn server_end(server: Option<&Server>) -> UpError {
    match server {
        Some(server) => UpError::from(server.ended().await),
        None => std::future::pending().await,
    }
}

/// Services first, so that their last requests still have a database and a catalog.
async fn stop(running: Running) {
    for name in running.system.stop().await {
        complain!("{name} did not stop cleanly; its log says why.");
    }
    drop(running.catalog);
    if let Some(server) = running.server {
        server.stop().await;
    }
    drop(running.home);
}
