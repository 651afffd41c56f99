//! HTTP to a pod through a forwarded port: the way that every cluster has, whatever its network lets in.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderValue};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;
use testkit::wait::TimedOut;
use tokio::time::timeout;

use super::Namespace;
use crate::error::Failure;

const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `null` where the body is no JSON.
    pub(crate) body: Value,
}

impl Namespace {
    /// One request on a connection of its own, so that a pod that goes takes nothing along but this.
    pub(crate) async fn send(
        &self,
        pod: &str,
        port: u16,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, Failure> {
        let late = TimedOut { what: format!("{pod} answers {}", request.uri()), deadline: ANSWER_MAX };
        timeout(ANSWER_MAX, self.exchange(pod, port, request)).await.map_err(|_| late)?
    }

    async fn exchange(
        &self,
        pod: &str,
        port: u16,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Answer, Failure> {
        let mut forwarder = self.all::<Pod>().portforward(pod, &[port]).await?;
        let not_forwarded = || Failure::NotForwarded { pod: pod.to_owned(), port };
        let stream = forwarder.take_stream(port).ok_or_else(not_forwarded)?;
        let broken = |source| Failure::Http { pod: pod.to_owned(), source };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let connection = tokio::spawn(connection);
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_static("atelier"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        let answer = sender.send_request(request).await.map_err(broken)?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.map_err(broken)?.to_bytes();
        connection.abort();
        Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
    }
}
