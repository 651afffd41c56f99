//! One client: a kept connection to each service, made again when it breaks.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderMap};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::question::Question;
use crate::target::Target;

/// Past every deadline of the services: whoever is not answered by then never will be.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens, or nobody is trusted.
    #[error("no connection")]
    Connect(#[source] std::io::Error),
    /// Our own mistake.
    #[error("the request could not be made")]
    Request(#[source] hyper::http::Error),
    /// It ended before the answer did.
    #[error("the connection broke")]
    Broken(#[source] hyper::Error),
    /// Nothing came.
    #[error("no answer within {PATIENCE:?}")]
    Silent,
}

/// An answer, whole.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Its connections.
pub(crate) struct Client {
    status: Connection,
    orders: Connection,
}

struct Connection {
    target: Target,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    pub(crate) fn new(status: Target, orders: Target) -> Self {
        let to = |target| Connection { target, sender: None };
        Self { status: to(status), orders: to(orders) }
    }

    fn connection(&mut self, to_orders: bool) -> &mut Connection {
        if to_orders { &mut self.orders } else { &mut self.status }
    }

    /// Connects before anything is measured.
    pub(crate) async fn connect(&mut self, to_orders: bool) -> Result<(), ClientError> {
        self.connection(to_orders).sender().await.map(drop)
    }

    pub(crate) async fn ask<E>(&mut self, question: &Question<E>) -> Result<Answer, ClientError> {
        let connection = self.connection(question.is_list);
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
        let stream = TcpStream::connect(self.target.address).await.map_err(ClientError::Connect)?;
        stream.set_nodelay(true).map_err(ClientError::Connect)?;
        match &self.target.tls {
            None => speak(stream).await,
            Some((connector, name)) => {
                speak(connector.connect(name.clone(), stream).await.map_err(ClientError::Connect)?).await
            }
        }
    }

    async fn send<E>(&mut self, question: &Question<E>) -> Result<Answer, ClientError> {
        let request = request(&self.target, question).map_err(ClientError::Request)?;
        let sender = self.sender().await?;
        let (parts, body) = sender.send_request(request).await.map_err(ClientError::Broken)?.into_parts();
        let body = body.collect().await.map_err(ClientError::Broken)?.to_bytes();
        if parts.headers.get(CONNECTION).is_some_and(|value| value == "close") {
            self.sender = None;
        }
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }
}

async fn speak<S>(stream: S) -> Result<SendRequest<Full<Bytes>>, ClientError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(ClientError::Broken)?;
    // It ends with its sender, and tells it why.
    tokio::spawn(connection);
    sender.ready().await.map_err(ClientError::Broken)?;
    Ok(sender)
}

fn request<E>(target: &Target, question: &Question<E>) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let path = format!("{}{}", target.prefix, question.path);
    let mut request = Request::builder().method(&question.method).uri(path).header(HOST, &target.host);
    if question.body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    for (name, value) in &question.headers {
        request = request.header(name, value);
    }
    request.body(Full::from(question.body.clone().unwrap_or_default()))
}
