//! A double of the model catalog: it answers by arithmetic, misbehaves on request, and remembers who asked what.
//!
//! A test tells it how to behave as a whole or for one model; nothing in it is random, so a failure repeats itself.

mod behaviour;
pub mod demo;
mod model;
mod server;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::HeaderMap;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub use behaviour::{Behaviour, Price, Reply};
pub use model::Model;

/// A running catalog on a port of its own. It ends with this value.
#[derive(Debug)]
pub struct Catalog {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
}

/// For tests: nobody else can reach it, and no two of them meet.
const FREE_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

#[derive(Debug, Default)]
struct State {
    behaviour: Behaviour,
    of_model: HashMap<String, Behaviour>,
    models: HashMap<String, Model>,
    only_known: bool,
    forgetful: bool,
    asked: HashMap<String, Vec<HeaderMap>>,
}

impl State {
    fn knowing(models: impl IntoIterator<Item = Model>) -> Self {
        let models = models.into_iter().map(|model| (model.model_id.to_ascii_lowercase(), model)).collect();
        Self { models, only_known: true, ..Self::default() }
    }
}

impl Catalog {
    /// Starts one that knows every well-formed id: what a model is called and costs follows from its id.
    pub async fn start() -> io::Result<Self> {
        Self::serve(FREE_PORT, State::default()).await
    }

    /// Starts one that knows these models and no other.
    pub async fn with_models(models: impl IntoIterator<Item = Model>) -> io::Result<Self> {
        Self::serve(FREE_PORT, State::knowing(models)).await
    }

    /// Starts one for longer than a test, where it is told to listen: it remembers nobody, so it never grows.
    pub async fn listen(address: SocketAddr, models: impl IntoIterator<Item = Model>) -> io::Result<Self> {
        Self::serve(address, State { forgetful: true, ..State::knowing(models) }).await
    }

    async fn serve(address: SocketAddr, state: State) -> io::Result<Self> {
        let state = Arc::new(Mutex::new(state));
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = axum::serve(listener, server::router(Arc::clone(&state)));
        tokio::spawn(async move {
            // Not a graceful end: a catalog that goes away cuts its answers off.
            tokio::select! {
                _ = serving => {}
                _ = stopped => {}
            }
        });
        Ok(Self { address, state, stop: Some(stop) })
    }

    /// What goes into `catalog_url`.
    pub fn base_url(&self) -> String {
        format!("http://{}/catalog", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it answers about every model from now on, unless [`Self::behave_for`] says otherwise.
    pub fn behave(&self, behaviour: Behaviour) {
        self.with_state(|state| state.behaviour = behaviour);
    }

    /// How it answers about one model from now on.
    pub fn behave_for(&self, model_id: &str, behaviour: Behaviour) {
        self.with_state(|state| state.of_model.insert(model_id.to_ascii_lowercase(), behaviour));
    }

    /// How often a model was asked for, whatever was answered; the id's case does not matter.
    pub fn calls(&self, model_id: &str) -> usize {
        self.with_state(|state| state.asked.get(&model_id.to_ascii_lowercase()).map_or(0, Vec::len))
    }

    /// How often anything was asked for.
    pub fn calls_total(&self) -> usize {
        self.with_state(|state| state.asked.values().map(Vec::len).sum())
    }

    /// The headers of each request for a model, oldest first.
    pub fn headers(&self, model_id: &str) -> Vec<HeaderMap> {
        self.with_state(|state| state.asked.get(&model_id.to_ascii_lowercase()).cloned().unwrap_or_default())
    }

    /// Forgets who asked, so that the next part of a test counts from zero.
    pub fn forget_calls(&self) {
        self.with_state(|state| state.asked.clear());
    }

    /// Stops listening, as a catalog that is away.
    pub fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    fn with_state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
