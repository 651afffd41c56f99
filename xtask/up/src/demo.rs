//! `cargo xtask up`: everything up, in words; then it stays until somebody or something ends it.

use std::process::ExitCode;

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

/// Runs the demonstration system.
pub(crate) async fn run(demo: Demo) -> Result<ExitCode, UpError> {
    let mut signals = Signals::listen()?;
    let mut running = Running::default();
    let outcome = tokio::select! {
        outcome = live(&demo, &mut running) => outcome,
        stopped = signals.next() => Err(UpError::Stopped(stopped)),
    };
    if let Err(UpError::Stopped(_)) = outcome {
        say!("\nStopping.");
    } else if outcome.is_err()
        && let Some(home) = &mut running.home
    {
        // Whoever looks for the reason needs the logs.
        home.keep();
    }
    let kept = running.home.as_ref().filter(|home| !home.is_temporary()).map(|home| home.folder().to_owned());
    tokio::select! {
        () = stop(running) => {}
        // A second Ctrl-C: the guards of the children finish the work without us.
        stopped = signals.next() => return Err(UpError::Stopped(stopped)),
    }
    match (outcome, kept) {
        // Ctrl-C is how it is meant to end, unless it is a proof.
        (Err(UpError::Stopped(_)), Some(folder)) if !demo.once => {
            say!("Stopped. The data stays in {} (`--reset` starts from nothing).", folder.display());
            Ok(ExitCode::SUCCESS)
        }
        (outcome, _) => outcome.map(|()| ExitCode::SUCCESS),
    }
}

/// Brings everything up, then waits for an end; `--once` ends by itself.
async fn live(demo: &Demo, running: &mut Running) -> Result<(), UpError> {
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
    let http = Http::new()?;
    start_services(home, &mut running.system, &http, (status, orders), &logins, catalog.url()).await?;

    let at = Addresses { status: status.api_url(), orders: orders.api_url() };
    let made = samples::make(&http, &at.status, catalog.models()).await?;
    say!(
        "Samples     {}",
        if made == 0 {
            "are there from an earlier run".to_owned()
        } else {
            format!("{made} orders made, at every stage")
        }
    );
    let model = catalog.models().iter().find(|model| model.created_by == MAKER);
    let tour = Tour::plan(&http, &at, model.map(|model| model.model_id.as_str())).await?;
    if demo.once {
        tour.walk(&http).await?;
        say!("\nThe tour went as it says.");
        return Ok(());
    }
    say!("\norder-status  {}   operations {}", at.status, status.ops_url());
    say!("orders        {}   operations {}", at.orders, orders.ops_url());
    say!("catalog       {} (a demo that lives in this process)", catalog.url());
    say!("database      {}", logins.admin);
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

async fn start_services(
    home: &Home,
    system: &mut System,
    http: &Http,
    (status, orders): (Ports, Ports),
    logins: &Logins,
    catalog_url: &str,
) -> Result<(), UpError> {
    system.start_status(home, status, &logins.writer)?;
    system.start_orders(home, orders, &logins.reader, catalog_url)?;
    system.ready(http, "order-status", status).await?;
    system.ready(http, "orders", orders).await?;
    say!("Services    order-status and orders are ready");
    Ok(())
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
