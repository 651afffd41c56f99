//! The two services as children: how they are configured, when they are ready, and how they stop.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::Method;
use tokio::time::interval;

use crate::callers::Callers;
use crate::client::Http;
use crate::error::UpError;
use crate::guard::Guarded;
use crate::home::Home;
use crate::ports::Ports;

const READY_TIMEOUT: Duration = Duration::from_secs(30);
const READY_POLL: Duration = Duration::from_millis(50);

/// Where the services answer.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    pub(crate) status: String,
    pub(crate) orders: String,
}

/// The services of this run, in the order in which they were started.
#[derive(Debug, Default)]
pub(crate) struct System(Vec<Guarded>);

impl System {
    /// Starts order-status; it is not ready yet.
    pub(crate) fn start_status(
        &mut self,
        home: &Home,
        ports: Ports,
        callers: &Callers,
        database_url: &str,
    ) -> Result<(), UpError> {
        let environment = common(ports, callers, database_url);
        self.start("order-status", home, &environment)
    }

    /// Starts orders; it is not ready yet.
    pub(crate) fn start_orders(
        &mut self,
        home: &Home,
        ports: Ports,
        callers: &Callers,
        database_url: &str,
        catalog_url: &str,
    ) -> Result<(), UpError> {
        let mut environment = common(ports, callers, database_url);
        environment.push(("ATELIER_CATALOG__URL", catalog_url.to_owned()));
        self.start("orders", home, &environment)
    }

    fn start(
        &mut self,
        name: &'static str,
        home: &Home,
        environment: &[(&str, String)],
    ) -> Result<(), UpError> {
        let child = Guarded::start(name, &beside_us(name)?, environment, home.log(name))?;
        self.0.push(child);
        Ok(())
    }

    /// Polls `/readyz` until it says yes, the child ends, or the deadline passes.
    pub(crate) async fn ready(
        &mut self,
        http: &Http,
        name: &'static str,
        ports: Ports,
    ) -> Result<(), UpError> {
        let url = format!("{}/readyz", ports.ops_url());
        let deadline = Instant::now() + READY_TIMEOUT;
        let mut ticks = interval(READY_POLL);
        let mut last = None;
        loop {
            ticks.tick().await;
            if let Some(child) = self.0.iter_mut().find(|child| child.name == name)
                && child.status().is_some()
            {
                return Err(child.ended().await);
            }
            match http.send(&Method::GET, &url, None).await {
                Ok(answer) if answer.status == 200 => return Ok(()),
                Ok(answer) => last = Some(format!("{} {}", answer.status, answer.text)),
                Err(_) => {}
            }
            if Instant::now() > deadline {
                let log = self.0.iter().find(|child| child.name == name).map(|child| child.log.clone());
                return Err(UpError::NotReady { name, url, answer: last, log: log.unwrap_or_default() });
            }
        }
    }

    /// Waits until a child ends by itself, which none should.
    pub(crate) async fn first_end(&mut self) -> UpError {
        let [first, second] = self.0.as_mut_slice() else { return std::future::pending().await };
        tokio::select! {
            error = first.ended() => error,
            error = second.ended() => error,
        }
    }

    /// Stops all, together, and names those that did not stop cleanly; one that had ended before is no news.
    pub(crate) async fn stop(mut self) -> Vec<&'static str> {
        self.0.retain_mut(|child| child.status().is_none());
        let stops: Vec<_> =
            self.0.into_iter().map(|child| (child.name, tokio::spawn(child.stop()))).collect();
        let mut unclean = Vec::new();
        for (name, stop) in stops {
            if !stop.await.unwrap_or(false) {
                unclean.push(name);
            }
        }
        unclean
    }
}

/// What both services are told. Nobody balances load here, so they stop without waiting for anybody to notice.
fn common(ports: Ports, callers: &Callers, database_url: &str) -> Vec<(&'static str, String)> {
    let mut environment = callers.settings();
    environment.extend([
        ("ATELIER_DATABASE__URL", database_url.to_owned()),
        ("ATELIER_LISTEN", format!("127.0.0.1:{}", ports.api)),
        ("ATELIER_OPS_LISTEN", format!("127.0.0.1:{}", ports.ops)),
        ("ATELIER_SHUTDOWN__DELAY_MS", "0".to_owned()),
    ]);
    environment
}

/// A program that was built into the folder in which this one lies.
fn beside_us(name: &'static str) -> Result<PathBuf, UpError> {
    let here = std::env::current_exe().map_err(|source| UpError::Start { name, source })?;
    let program = here.with_file_name(name);
    if program.is_file() { Ok(program) } else { Err(UpError::NotBuilt { name, program }) }
}
