//! One client: a kept connection to each service, made again when it breaks.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderMap, IF_MATCH, IF_NONE_MATCH};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::script::Question;

/// Past every deadline of the services: whoever is not answered by then never will be.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClientError {
    #[error("no connection")]
    Connect(#[source] std::io::Error),
    #[error("the request could not be made")]
    Request(#[source] hyper::http::Error),
    #[error("the connection broke")]
    Broken(#[source] hyper::Error),
    #[error("no answer within {PATIENCE:?}")]
    Silent,
}

/// An answer, whole.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Its connections.
pub(super) struct Client {
    status: Connection,
    orders: Connection,
}

struct Connection {
    address: SocketAddr,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    pub(super) fn new(status: SocketAddr, orders: SocketAddr) -> Self {
        let to = |address| Connection { address, sender: None };
        Self { status: to(status), orders: to(orders) }
    }

    /// Connects before anything is measured.
    pub(super) async fn connect(&mut self, to_orders: bool) -> Result<(), ClientError> {
        let connection = if to_orders { &mut self.orders } else { &mut self.status };
        connection.sender().await.map(drop)
    }

    pub(super) async fn ask(&mut self, question: &Question) -> Result<Answer, ClientError> {
        let connection = if question.is_list { &mut self.orders } else { &mut self.status };
        let answer = timeout(PATIENCE, connection.send(question)).await.unwrap_or(Err(ClientError::Silent));
        if answer.is_err() {
            connection.sender = None;
        }
        answer
    }
}

impl Connection {
    /// The kept connection, or a new one where that has ended: nothing was sent on it that could be lost.
    async fn sender(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, ClientError> {
        if let Some(mut sender) = self.sender.take()
            && sender.ready().await.is_ok()
        {
            return Ok(self.sender.insert(sender));
        }
        let sender = self.open().await?;
        Ok(self.sender.insert(sender))
    }

    async fn open(&self) -> Result<SendRequest<Full<Bytes>>, ClientError> {
        let stream = TcpStream::connect(self.address).await.map_err(ClientError::Connect)?;
        stream.set_nodelay(true).map_err(ClientError::Connect)?;
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(ClientError::Broken)?;
        // It ends with its sender, and tells it why.
        tokio::spawn(connection);
        sender.ready().await.map_err(ClientError::Broken)?;
        Ok(sender)
    }

    async fn send(&mut self, question: &Question) -> Result<Answer, ClientError> {
        let request = request(self.address, question).map_err(ClientError::Request)?;
        let sender = self.sender().await?;
        let (parts, body) = sender.send_request(request).await.map_err(ClientError::Broken)?.into_parts();
        let body = body.collect().await.map_err(ClientError::Broken)?.to_bytes();
        if parts.headers.get(CONNECTION).is_some_and(|value| value == "close") {
            self.sender = None;
        }
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }
}

fn request(address: SocketAddr, question: &Question) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let mut request =
        Request::builder().method(&question.method).uri(&question.path).header(HOST, address.to_string());
    if question.body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let versions = [(IF_NONE_MATCH, question.known_version), (IF_MATCH, question.wanted_version)];
    for (name, version) in versions {
        if let Some(version) = version {
            request = request.header(name, format!("\"{version}\""));
        }
    }
    if let Some(key) = &question.key {
        request = request.header("idempotency-key", key);
    }
    request.body(Full::from(question.body.clone().unwrap_or_default()))
}
