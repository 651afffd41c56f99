//! An issuer of tokens, as far as a service sees it: it serves a key set, or what a test wants instead, over HTTP or HTTPS,
//! and counts how often it is asked.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State as Extract};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::Listener;
use futures_util::{Stream, StreamExt, stream};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

/// What it answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conduct {
    /// 200 and these bytes.
    Says(Vec<u8>),
    /// This status and no set.
    Status(u16),
    /// To another address, where the set is.
    Redirect,
    /// Nothing, ever.
    Silent,
    /// The beginning of a set, and then nothing more, ever.
    Stalls,
    /// The beginning of a set, and then a space now and then, for ever.
    Drips,
    /// The beginning of a set, and then spaces without end.
    Endless,
}

const BEGINNING: Bytes = Bytes::from_static(b"{\"keys\":[");
const SPACES: Bytes = Bytes::from_static(&[b' '; 16 * 1024]);
const DRIP: Duration = Duration::from_millis(20);

struct State {
    conduct: Mutex<Conduct>,
    set: Mutex<Vec<u8>>,
    /// `None`: plain HTTP.
    tls: Mutex<Option<TlsAcceptor>>,
    calls: AtomicUsize,
    redirected: AtomicUsize,
    rejected: AtomicUsize,
    bytes_given: AtomicUsize,
}

/// A running issuer. It is gone with this value.
pub struct Issuer {
    address: SocketAddr,
    is_https: bool,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

impl Issuer {
    /// One that is asked over plain HTTP, or over HTTPS where it has something to prove itself with.
    pub async fn start(conduct: Conduct, tls: Option<TlsAcceptor>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let is_https = tls.is_some();
        let state = Arc::new(State {
            conduct: Mutex::new(conduct),
            set: Mutex::default(),
            tls: Mutex::new(tls),
            calls: AtomicUsize::new(0),
            redirected: AtomicUsize::new(0),
            rejected: AtomicUsize::new(0),
            bytes_given: AtomicUsize::new(0),
        });
        let routes = Router::new()
            .route("/keys", get(answer))
            .route("/elsewhere", get(answer))
            .with_state(Arc::clone(&state));
        let entrance = Entrance { listener, state: Arc::clone(&state) };
        let serving = tokio::spawn(async move {
            let _ = axum::serve(entrance, routes).await;
        });
        Ok(Self { address, is_https, state, serving })
    }

    /// Where its set is.
    pub fn url(&self) -> String {
        format!("{}://{}/keys", if self.is_https { "https" } else { "http" }, self.address)
    }

    /// How it answers from now on.
    pub fn conduct(&self, conduct: Conduct) {
        *lock(&self.state.conduct) = conduct;
    }

    /// Serves this set from now on.
    pub fn serve(&self, set: &Value) {
        self.conduct(Conduct::Says(set.to_string().into()));
    }

    /// What stands where a redirect leads to.
    pub fn behind_redirect(&self, set: &Value) {
        *lock(&self.state.set) = set.to_string().into();
    }

    /// Proves itself otherwise from the next connection on.
    pub fn present(&self, tls: TlsAcceptor) {
        *lock(&self.state.tls) = Some(tls);
    }

    /// How often its set was asked for.
    pub fn calls(&self) -> usize {
        self.state.calls.load(Ordering::SeqCst)
    }

    /// How often a redirect was followed.
    pub fn redirected(&self) -> usize {
        self.state.redirected.load(Ordering::SeqCst)
    }

    /// How often a client went away over what it was shown as proof.
    pub fn rejected(&self) -> usize {
        self.state.rejected.load(Ordering::SeqCst)
    }

    /// How much of bodies without an end was taken, by clients and by what lies between.
    pub fn bytes_given(&self) -> usize {
        self.state.bytes_given.load(Ordering::SeqCst)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Where connections come in, over TLS or not.
struct Entrance {
    listener: TcpListener,
    state: Arc<State>,
}

impl Listener for Entrance {
    type Io = Either<TcpStream, Box<TlsStream<TcpStream>>>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let (stream, peer) = Listener::accept(&mut self.listener).await;
            let Some(tls) = lock(&self.state.tls).clone() else {
                return (Either::Left(stream), peer);
            };
            match tls.accept(stream).await {
                Ok(stream) => return (Either::Right(Box::new(stream)), peer),
                Err(_) => self.state.rejected.fetch_add(1, Ordering::SeqCst),
            };
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

async fn answer(Extract(state): Extract<Arc<State>>, request: Request) -> Response {
    let mut response = reply(&state, request.uri().path()).await;
    // Each asking is a connection of its own: what the issuer presents counts from the next one on, and a dropped one is gone.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

async fn reply(state: &Arc<State>, path: &str) -> Response {
    if path == "/elsewhere" {
        state.redirected.fetch_add(1, Ordering::SeqCst);
        return lock(&state.set).clone().into_response();
    }
    state.calls.fetch_add(1, Ordering::SeqCst);
    let conduct = lock(&state.conduct).clone();
    match conduct {
        Conduct::Says(bytes) => bytes.into_response(),
        Conduct::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
            (status, "{\"keys\":[]}").into_response()
        }
        Conduct::Redirect => (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response(),
        Conduct::Silent => std::future::pending().await,
        Conduct::Stalls => begun(state, stream::pending()),
        Conduct::Drips => begun(state, stream::unfold(tokio::time::interval(DRIP), drip)),
        Conduct::Endless => begun(state, stream::repeat(SPACES)),
    }
}

async fn drip(mut ticks: tokio::time::Interval) -> Option<(Bytes, tokio::time::Interval)> {
    ticks.tick().await;
    Some((Bytes::from_static(b" "), ticks))
}

/// The beginning of a set, and `rest`.
fn begun(state: &Arc<State>, rest: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let state = Arc::clone(state);
    let counted = stream::iter([BEGINNING]).chain(rest).map(move |chunk| {
        state.bytes_given.fetch_add(chunk.len(), Ordering::SeqCst);
        Ok::<_, Infallible>(chunk)
    });
    Body::from_stream(counted).into_response()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
