//! Somebody who asks the edge, and what an answer must have: the shape of the edge's own problems is checked here.

use std::net::SocketAddr;

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::{ORIGIN, PATIENCE};

/// What a page may read of an answer, beside its body.
pub(crate) const EXPOSED: &str =
    "ETag, Location, Retry-After, X-Request-Id, Idempotency-Replayed, WWW-Authenticate";

/// An HTTP client of one address.
#[derive(Clone)]
pub(crate) struct Client {
    client: reqwest::Client,
    address: SocketAddr,
}

impl Client {
    pub(crate) fn of(address: SocketAddr) -> Self {
        Self { client: builder().build().expect("a client"), address }
    }

    /// One whose every request comes on a connection of its own.
    pub(crate) fn unconnected(&self) -> Self {
        let client = builder().pool_max_idle_per_host(0).build().expect("a client");
        Self { client, address: self.address }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// A read by whoever has this token, from a page that may.
    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        let request = self.request(Method::GET, path).header("origin", ORIGIN);
        Answer::of(request.bearer_auth(token)).await
    }

    /// Sends JSON.
    pub(crate) fn send(&self, method: Method, path: &str, token: &str, body: &str) -> RequestBuilder {
        let request =
            self.request(method, path).header("content-type", "application/json").header("origin", ORIGIN);
        request.bearer_auth(token).body(body.to_owned())
    }
}

fn builder() -> reqwest::ClientBuilder {
    service_kit::tls::install_provider();
    reqwest::Client::builder().no_proxy().redirect(Policy::none()).timeout(PATIENCE)
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    headers: HeaderMap,
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        Self::attempt(request).await.expect("an answer")
    }

    /// The same; an error where no whole answer came.
    pub(crate) async fn attempt(request: RequestBuilder) -> Result<Self, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, text: response.text().await? })
    }

    /// Every value of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().expect("ASCII")).collect()
    }

    /// A header that may come once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let values = self.all(name);
        assert!(values.len() < 2, "{name} comes twice: {self:?}");
        values.first().copied()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts a problem of the edge's own, whole and readable by a page that may call.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) {
        self.is_problem(status, code);
        self.is_readable();
    }

    /// The same for whoever is no page.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        let problem = self.json();
        assert_eq!((self.status, problem["code"].as_str()), (status, Some(code)), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        assert_eq!(problem["type"], format!("urn:atelier:problem:{code}"));
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"), "{self:?}");
        assert!(self.header("x-request-id").is_some_and(|id| !id.is_empty()), "{self:?}");
        for key in ["title", "detail"] {
            assert!(problem[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {self:?}");
        }
        let seconds = problem["retry_after_seconds"].as_u64().map(|seconds| seconds.to_string());
        assert_eq!(self.header("retry-after"), seconds.as_deref(), "{self:?}");
        assert_eq!(seconds.is_some(), matches!(status, 429 | 502 | 503 | 504), "{self:?}");
        assert_eq!(self.header("allow").is_some(), status == 405, "{self:?}");
        assert_eq!(self.header("www-authenticate").is_some(), status == 401, "{self:?}");
        assert_eq!(self.header("server"), Some("nginx"), "no version is told: {self:?}");
    }

    /// Asserts that a page that may call can read it, and that caches know that it was for that page.
    #[track_caller]
    pub(crate) fn is_readable(&self) {
        assert_eq!(self.header("access-control-allow-origin"), Some(ORIGIN), "{self:?}");
        assert_eq!(self.header("access-control-expose-headers"), Some(EXPOSED), "{self:?}");
        assert!(self.all("vary").contains(&"Origin"), "{self:?}");
    }

    /// Asserts that no page can read it.
    #[track_caller]
    pub(crate) fn is_unreadable(&self) {
        let granted = self.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
        assert_eq!(granted, None, "{self:?}");
        assert!(self.all("vary").contains(&"Origin"), "{self:?}");
    }
}

/// Sends bytes, for what no well-behaved client would send; what comes back until the edge closes or has said all, as text.
pub(crate) async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    // It may have answered already, and closed.
    let _ = stream.write_all(bytes).await;
    let mut said = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut said)).await.expect("the edge closes");
    String::from_utf8(said).expect("text")
}
