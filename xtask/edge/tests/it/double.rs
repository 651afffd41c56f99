//! A double of whatever stands behind the edge: it remembers what reached it, and answers as it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request, as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    pub(crate) body_bytes: usize,
    headers: HeaderMap,
}

impl Arrived {
    /// Every value of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().expect("ASCII")).collect()
    }

    /// The names of all headers, sorted.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.headers.keys().map(reqwest::header::HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }
}

type Headers = Vec<(&'static str, &'static str)>;

struct Memory {
    answers: (u16, Headers),
    arrived: Vec<Arrived>,
}

/// It ends with this value.
pub(crate) struct Double {
    pub(crate) address: SocketAddr,
    memory: Arc<Mutex<Memory>>,
    serving: JoinHandle<()>,
}

impl Double {
    /// Answers every request so.
    pub(crate) async fn start(status: u16, headers: &[(&'static str, &'static str)]) -> Self {
        let memory =
            Arc::new(Mutex::new(Memory { answers: (status, headers.to_vec()), arrived: Vec::new() }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let routes = Router::new().fallback(answer).with_state(Arc::clone(&memory));
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Self { address, memory, serving }
    }

    /// A verifier that knows everybody as `ada`.
    pub(crate) async fn verifier() -> Self {
        Self::start(200, &[("x-user-id", "ada"), ("x-username", "ada.l")]).await
    }

    /// What arrived so far.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.memory.lock().expect("memory").arrived.clone()
    }

    /// The one request that arrived.
    #[track_caller]
    pub(crate) fn one(&self) -> Arrived {
        let mut arrived = self.arrived();
        assert_eq!(arrived.len(), 1, "{arrived:?}");
        arrived.remove(0)
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(memory): State<Arc<Mutex<Memory>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body_bytes = to_bytes(body, usize::MAX).await.map_or(0, |bytes| bytes.len());
    let mut memory = memory.lock().expect("memory");
    let path = parts.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    memory.arrived.push(Arrived {
        method: parts.method.to_string(),
        path,
        body_bytes,
        headers: parts.headers,
    });
    let (status, headers) = &memory.answers;
    let mut response = StatusCode::from_u16(*status).expect("a status").into_response();
    for &(name, value) in headers {
        response.headers_mut().append(name, value.parse().expect("a value"));
    }
    response
}
