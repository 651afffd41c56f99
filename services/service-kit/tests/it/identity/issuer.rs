//! An issuer: it serves a key set, or what a test wants instead, and counts how often it is asked.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Frame;
use serde_json::Value;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::keys::{self, AUDIENCE, ISSUER, Key};
use super::{Door, serve, until};

/// What it answers with.
#[derive(Clone)]
pub(super) enum Conduct {
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
    /// The beginning of a set, and then spaces without end.
    Endless,
}

/// A body that does not end.
struct Unending {
    next: Option<Bytes>,
    then: Option<Bytes>,
}

impl hyper::body::Body for Unending {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.next.take().or_else(|| self.then.clone());
        next.map_or(Poll::Pending, |bytes| Poll::Ready(Some(Ok(Frame::data(bytes)))))
    }
}

const BEGINNING: Bytes = Bytes::from_static(b"{\"keys\":[");

struct Inner {
    conduct: Mutex<Conduct>,
    set: Mutex<Vec<u8>>,
    calls: AtomicUsize,
    redirected: AtomicUsize,
}

/// A running issuer. It is gone with this value.
pub(super) struct Issuer {
    address: SocketAddr,
    inner: Arc<Inner>,
    _stop: DropGuard,
}

impl Issuer {
    /// One that serves these keys.
    pub(super) async fn of(keys: &[&Key]) -> Self {
        Self::with(Conduct::Says(keys::set(keys).to_string().into())).await
    }

    pub(super) async fn with(conduct: Conduct) -> Self {
        let inner = Arc::new(Inner {
            conduct: Mutex::new(conduct),
            set: Mutex::default(),
            calls: AtomicUsize::new(0),
            redirected: AtomicUsize::new(0),
        });
        let served = Arc::clone(&inner);
        let answer = get(move |request: Request| {
            let inner = Arc::clone(&served);
            async move { inner.answer(request.uri().path()).await }
        });
        let routes = Router::new().route("/keys", answer.clone()).route("/elsewhere", answer);
        let stop = CancellationToken::new();
        let address = serve(routes, stop.clone()).await;
        Self { address, inner, _stop: stop.drop_guard() }
    }

    /// Where its set is.
    pub(super) fn url(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    pub(super) fn conduct(&self, conduct: Conduct) {
        *self.inner.conduct.lock().unwrap_or_else(PoisonError::into_inner) = conduct;
    }

    /// Serves this set from now on.
    pub(super) fn serve(&self, set: &Value) {
        self.conduct(Conduct::Says(set.to_string().into()));
    }

    /// What stands where a redirect leads to.
    pub(super) fn behind_redirect(&self, set: &Value) {
        *self.inner.set.lock().unwrap_or_else(PoisonError::into_inner) = set.to_string().into();
    }

    /// How often its set was asked for.
    pub(super) fn calls(&self) -> usize {
        self.inner.calls.load(Ordering::SeqCst)
    }

    /// How often a redirect was followed.
    pub(super) fn redirected(&self) -> usize {
        self.inner.redirected.load(Ordering::SeqCst)
    }

    /// Waits until it was asked that often.
    pub(super) async fn until_calls(&self, count: usize) {
        until("the issuer is asked", || async { self.calls() >= count }).await;
    }

    /// A door that takes this issuer's tokens, with further keys. The set was asked for before this returns.
    pub(super) async fn door(&self, more: &[(&str, &str)]) -> Door {
        let url = self.url();
        let ours = [
            ("mode", "token"),
            ("jwks.url", url.as_str()),
            ("token.issuer", ISSUER),
            ("token.audience", AUDIENCE),
        ];
        let asked = self.calls();
        let door = Door::open(&[&ours, more].concat()).await;
        self.until_calls(asked + 1).await;
        door
    }
}

impl Inner {
    async fn answer(&self, path: &str) -> Response {
        if path == "/elsewhere" {
            self.redirected.fetch_add(1, Ordering::SeqCst);
            return respond(200, whole(self.set.lock().unwrap_or_else(PoisonError::into_inner).clone()));
        }
        self.calls.fetch_add(1, Ordering::SeqCst);
        let conduct = self.conduct.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match conduct {
            Conduct::Says(bytes) => respond(200, whole(bytes)),
            Conduct::Status(status) => respond(status, whole(b"{\"keys\":[]}".to_vec())),
            Conduct::Redirect => {
                let mut response = respond(302, whole(Vec::new()));
                response.headers_mut().insert("location", "/elsewhere".parse().expect("a header"));
                response
            }
            Conduct::Silent => std::future::pending().await,
            Conduct::Stalls => respond(200, Unending { next: Some(BEGINNING), then: None }),
            Conduct::Endless => {
                respond(200, Unending { next: Some(BEGINNING), then: Some(vec![b' '; 16 * 1024].into()) })
            }
        }
    }
}

fn whole(bytes: Vec<u8>) -> Full<Bytes> {
    Full::new(bytes.into())
}

fn respond<B>(status: u16, body: B) -> Response
where
    B: hyper::body::Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    Response::builder().status(status).body(Body::new(body)).expect("an answer")
}
