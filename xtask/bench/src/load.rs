//! The load generator (xtask/load) in a process of its own, one thread, with questions that know what was seeded.

mod judge;
mod ledger;
mod script;
mod spec;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::Stdio;

use load_generator::{Plan, Target, TargetError};
pub(crate) use load_generator::{Report, Until};
pub(crate) use spec::{Kind, Spec};

use crate::population::Population;
use script::Script;

/// Why a load did not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("the load generator could not be run")]
    Start(#[source] io::Error),
    #[error("the load generator was told, or tells, what cannot be read")]
    Json(#[from] serde_json::Error),
    #[error("there is no population of {0} orders")]
    Population(i64),
    #[error("the services cannot be asked")]
    Target(#[from] TargetError),
    #[error("the load generator ended badly; what it said is above")]
    Ended,
}

/// The other process: what to do comes by standard input, what came of it goes to standard output.
pub(crate) async fn serve() -> Result<(), LoadError> {
    let spec: Spec = serde_json::from_reader(io::stdin().lock())?;
    let population = Population::of(spec.population).ok_or(LoadError::Population(spec.population))?;
    let at = |address: SocketAddr| Target::at(address, &address.to_string());
    let plan = Plan {
        status: at(spec.status)?,
        orders: at(spec.orders)?,
        clients: spec.clients,
        rate: spec.rate,
        until: spec.until,
        is_list: spec.kind.is_list(),
    };
    let (report, _) = load_generator::start(plan, Script::new(&spec, population)).await.end().await;
    serde_json::to_writer(io::stdout().lock(), &report)?;
    Ok(())
}

/// Runs a load in a process of its own, on the processors that `place` names, or wherever the system likes.
pub(crate) async fn run(spec: Spec, place: Option<&str>) -> Result<Report, LoadError> {
    let us = std::env::current_exe().map_err(LoadError::Start)?;
    let mut command = rig::at(place, &us);
    command.arg("load").stdin(Stdio::piped()).stdout(Stdio::piped());
    let ran = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().map_err(LoadError::Start)?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(&serde_json::to_vec(&spec)?).map_err(LoadError::Start)?;
        }
        let output = child.wait_with_output().map_err(LoadError::Start)?;
        if !output.status.success() {
            return Err(LoadError::Ended);
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    });
    ran.await.map_err(|error| LoadError::Start(io::Error::other(error)))?
}
