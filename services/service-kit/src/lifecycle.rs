//! One object from start to end: signals, the order in which things stop, and the tasks that must not die.
//!
//! SIGTERM → un-ready while still serving, each answer asking its client to come back on another connection → stop accepting, let
//! requests finish → whatever they needed closes after them.
//! Telemetry is flushed by [`crate::service::Running::run`], after all of this.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::chain::chain;
use crate::readiness::{Condition, Readiness};

/// How a process stops.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShutdownConfig {
    /// How long it goes on serving, un-ready, so that load balancers notice. Milliseconds.
    #[schemars(range(min = 0, max = 300_000))]
    pub delay_ms: u64,
    /// How long requests in flight may take after that. Milliseconds.
    #[schemars(range(min = 0, max = 300_000))]
    pub drain_ms: u64,
}

impl ShutdownConfig {
    /// How long requests in flight may take.
    pub fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms)
    }
}

/// Why a process ended otherwise than by being asked to.
#[derive(Debug, thiserror::Error)]
pub enum LifecycleError {
    /// Signals cannot be received.
    #[error("signals cannot be received")]
    Signals(#[source] std::io::Error),
    /// A task that must live as long as the process ended.
    #[error("the task {0} ended")]
    TaskEnded(&'static str),
    /// A task that must live as long as the process panicked.
    #[error("a task panicked")]
    TaskPanicked(#[source] tokio::task::JoinError),
    /// A second signal while stopping.
    #[error("a second signal came while stopping")]
    Aborted,
}

/// Whether the process is about to stop, at hand for every request: from then on an answer ends its connection.
///
/// A connection that is kept until the listeners stop may be closed just when its client sends the next request on it, and nobody can
/// say what became of that one. A client that is told by an answer goes elsewhere by itself.
#[derive(Debug, Clone, Default)]
pub struct Leaving(Arc<AtomicBool>);

impl Leaving {
    /// Whether it has begun.
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// From the next answer on.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The life of one process.
pub struct Lifecycle {
    readiness: Readiness,
    leaving: Leaving,
    stop_serving: CancellationToken,
    stop_rest: CancellationToken,
    front: JoinSet<&'static str>,
    rest: JoinSet<&'static str>,
}

impl Lifecycle {
    /// A process that runs.
    pub fn new(readiness: Readiness) -> Self {
        Self {
            readiness,
            leaving: Leaving::default(),
            stop_serving: CancellationToken::new(),
            stop_rest: CancellationToken::new(),
            front: JoinSet::new(),
            rest: JoinSet::new(),
        }
    }

    /// Begins with the first signal, while requests are still accepted.
    pub fn leaving(&self) -> Leaving {
        self.leaving.clone()
    }

    /// Cancelled when it is time to stop accepting requests.
    pub fn stop_serving(&self) -> CancellationToken {
        self.stop_serving.clone()
    }

    /// Cancelled when every request has been answered, for what they needed until then.
    pub fn stop_rest(&self) -> CancellationToken {
        self.stop_rest.clone()
    }

    /// Starts a task that callers reach; it must end, requests in flight answered, soon after [`Self::stop_serving`].
    pub fn serve(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        spawn(&mut self.front, name, task);
    }

    /// Starts a task that the served ones need (the database, the ops listener); it must end soon after [`Self::stop_rest`].
    pub fn support(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        spawn(&mut self.rest, name, task);
    }

    /// Runs until it is `asked` to stop or a task dies, then stops everything in order: whoever is being served when a task dies is
    /// served to the end all the same. A second wish waits for nothing.
    pub async fn run(
        mut self,
        config: &ShutdownConfig,
        mut asked: impl AsyncFnMut(),
    ) -> Result<(), LifecycleError> {
        let ended = tokio::select! {
            () = asked() => Ok(()),
            Some(ended) = self.front.join_next() => Err(died(ended)),
            Some(ended) = self.rest.join_next() => Err(died(ended)),
        };
        if let Err(error) = &ended {
            tracing::error!(error = chain(error), "the service cannot go on");
        }
        // Whoever asks for the first time while a dead task's process stops is no second one.
        let asks_left = if ended.is_ok() { 1 } else { 2 };
        let asked_twice = async {
            for _ in 0..asks_left {
                asked().await;
            }
        };
        tokio::select! {
            stopped = self.stop(config) => ended.and(stopped),
            () = asked_twice => Err(LifecycleError::Aborted),
        }
    }

    async fn stop(&mut self, config: &ShutdownConfig) -> Result<(), LifecycleError> {
        self.readiness.set("process", Condition::Unready("stopping".to_owned()));
        self.leaving.begin();
        tracing::info!(delay_ms = config.delay_ms, drain_ms = config.drain_ms, "stopping");
        delay(Duration::from_millis(config.delay_ms)).await;
        self.stop_serving.cancel();
        let served = join_all(&mut self.front).await;
        self.stop_rest.cancel();
        let rest = join_all(&mut self.rest).await;
        tracing::info!("stopped");
        served.and(rest)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the delay is the point: load balancers need time to notice, and tell nobody"
)]
async fn delay(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Does `work` now and every `period` from then on, until `stop`.
pub async fn every(period: Duration, stop: CancellationToken, mut work: impl AsyncFnMut()) {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => work().await,
        }
    }
}

fn spawn(
    tasks: &mut JoinSet<&'static str>,
    name: &'static str,
    task: impl Future<Output = ()> + Send + 'static,
) {
    tasks.spawn(async move {
        task.await;
        name
    });
}

fn died(ended: Result<&'static str, tokio::task::JoinError>) -> LifecycleError {
    ended.map_or_else(LifecycleError::TaskPanicked, LifecycleError::TaskEnded)
}

async fn join_all(tasks: &mut JoinSet<&'static str>) -> Result<(), LifecycleError> {
    let mut result = Ok(());
    while let Some(ended) = tasks.join_next().await {
        result = result.and(ended.map(|_| ()).map_err(LifecycleError::TaskPanicked));
    }
    result
}

/// SIGTERM from the cluster, SIGINT from a terminal.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on neither ends the process by itself, and each is kept until it is asked for. The first process of a container has no
    /// defaults: what comes before this is lost on it, so it comes before everything else.
    pub fn install() -> Result<Self, LifecycleError> {
        let of_kind = |kind| signal(kind).map_err(LifecycleError::Signals);
        Ok(Self {
            terminate: of_kind(SignalKind::terminate())?,
            interrupt: of_kind(SignalKind::interrupt())?,
        })
    }

    /// Waits for one of them.
    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
