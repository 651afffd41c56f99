//! HTTP over a stream, and to a pod through a forwarded port: the way that every cluster has, whatever its network lets in.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderValue};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;
use testkit::wait::TimedOut;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::Namespace;
use crate::error::Failure;

const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// `null` where the body is no JSON.
    pub(crate) body: Value,
}

impl Answer {
    /// A header's text; empty where it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Namespace {
    /// One request on a connection of its own, so that a pod that goes takes nothing along but this.
    pub(crate) async fn send(
        &self,
        pod: &str,
        port: u16,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, Failure> {
        let forwarded = async {
            let mut forwarder = self.all::<Pod>().portforward(pod, &[port]).await?;
            let stream = forwarder.take_stream(port);
            let stream = stream.ok_or_else(|| Failure::NotForwarded { pod: pod.to_owned(), port })?;
            exchange(stream, pod, request).await
        };
        in_time(&format!("{pod} answers"), ANSWER_MAX, forwarded).await
    }
}

/// Does `work`, which fails when there is no time left.
pub(crate) async fn in_time<T>(
    what: &str,
    deadline: Duration,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    timeout(deadline, work).await.map_err(|_| TimedOut { what: what.to_owned(), deadline })?
}

/// One request and its answer, from `whom`, over a stream that ends with it.
pub(crate) async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    whom: &str,
    mut request: Request<Full<Bytes>>,
) -> Result<Answer, Failure> {
    let headers = request.headers_mut();
    headers.entry(HOST).or_insert(HeaderValue::from_static("atelier"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let answered = async {
        let broken = |source| Failure::Http { pod: whom.to_owned(), source };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let connection = tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(broken)?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(broken)?.to_bytes();
        connection.abort();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    };
    in_time(&format!("{whom} answers"), ANSWER_MAX, answered).await
}
