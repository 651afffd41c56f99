//! A balancer of connections in front of instances of a service, as a Service of Kubernetes is one: a new connection goes to an instance
//! whose `/readyz` says yes, and from then on bytes are carried.
//!
//! It asks nothing twice and mends no answer. A gateway that sends a failed request to another instance hides what a service loses
//! when it stops, and cannot hide it for requests that must not be sent twice; here each loss is seen.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use reqwest::Client;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval};

use crate::wait::{self, TimedOut};

/// How often each instance is asked whether it is ready.
const PERIOD: Duration = Duration::from_millis(100);
/// How long it may take to say so, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where an instance is reached by its callers, and where it says whether it wants them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backend {
    /// For its callers.
    pub api: SocketAddr,
    /// For `/readyz`.
    pub ops: SocketAddr,
}

/// A running balancer. It is gone with this value, and so are the connections that it carries.
#[derive(Debug)]
pub struct Balancer {
    address: SocketAddr,
    client: Client,
    known: Arc<Known>,
    balancing: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Known(Mutex<Instances>);

#[derive(Debug, Default)]
struct Instances {
    /// Each, and whether it is ready.
    all: Vec<(Backend, bool)>,
    turn: usize,
}

/// Why there is no balancer.
#[derive(Debug, thiserror::Error)]
pub enum BalancerError {
    /// No port.
    #[error("the balancer cannot listen")]
    Listen(#[from] io::Error),
    /// No client to ask instances with.
    #[error("the balancer's client cannot be built")]
    Client(#[from] reqwest::Error),
}

impl Balancer {
    /// Starts one on a port of its own, in front of nobody.
    pub async fn start() -> Result<Self, BalancerError> {
        service_kit::tls::install_provider();
        let client = Client::builder().no_proxy().pool_max_idle_per_host(0).timeout(PATIENCE).build()?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let known = Arc::<Known>::default();
        let balancing = tokio::spawn(balance(listener, Arc::clone(&known)));
        Ok(Self { address, client, known, balancing })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// One more instance; it gets connections once it is ready.
    pub fn add(&self, backend: Backend) {
        self.known.lock().all.push((backend, false));
        tokio::spawn(look(self.client.clone(), Arc::downgrade(&self.known), backend));
    }

    /// An instance that is no more.
    pub fn remove(&self, backend: Backend) {
        self.known.lock().all.retain(|(it, _)| *it != backend);
    }

    /// Waits until so many instances get connections.
    pub async fn until_ready(&self, count: usize, deadline: Duration) -> Result<(), TimedOut> {
        let ready = || async { (self.known.ready().len() == count).then_some(()) };
        wait::until("as many instances are ready", deadline, ready).await
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.balancing.abort();
    }
}

impl Known {
    fn lock(&self) -> MutexGuard<'_, Instances> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ready(&self) -> Vec<Backend> {
        self.lock().all.iter().filter_map(|&(backend, is_ready)| is_ready.then_some(backend)).collect()
    }

    /// The instance whose turn it is.
    fn next(&self) -> Option<Backend> {
        let ready = self.ready();
        let mut instances = self.lock();
        instances.turn = instances.turn.wrapping_add(1);
        ready.get(instances.turn.checked_rem(ready.len())?).copied()
    }

    /// Keeps what an instance said; `None` if it was taken away meanwhile.
    fn note(&self, backend: Backend, is_ready: bool) -> Option<()> {
        let mut instances = self.lock();
        let (_, known) = instances.all.iter_mut().find(|(it, _)| *it == backend)?;
        *known = is_ready;
        Some(())
    }
}

async fn balance(listener: TcpListener, known: Arc<Known>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        // Where nobody is ready, the client learns it by the end of its connection.
        if let Some(backend) = known.next() {
            connections.spawn(async move {
                // A connection that breaks is broken for its client too, which is where it is told.
                let _ = carry(client, backend.api).await;
            });
        }
    }
}

async fn carry(mut client: TcpStream, to: SocketAddr) -> io::Result<()> {
    let mut server = TcpStream::connect(to).await?;
    // What is small is not held back to be sent with more.
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

/// Asks one instance on and on, until it is taken away.
async fn look(client: Client, known: Weak<Known>, backend: Backend) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_wanted = Some(());
    while is_wanted.is_some() {
        ticks.tick().await;
        let asked = client.get(format!("http://{}/readyz", backend.ops)).send().await;
        let is_ready = asked.is_ok_and(|answer| answer.status().is_success());
        is_wanted = known.upgrade().and_then(|known| known.note(backend, is_ready));
    }
}
