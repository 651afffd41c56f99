//! A client that sends what it is told, byte for byte: decent ones are too polite for what a server has to bear.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than any answer may take: a test that waits for this long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// One connection.
pub(crate) struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Wire {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.expect("connected"), unread: Vec::new() }
    }

    /// Sends bytes as they are.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.expect("sent");
    }

    /// Sends bytes that the server may be done with before they have all arrived.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    /// A request without a body.
    pub(crate) async fn ask(&mut self, method: &str, path: &str) -> Reply {
        self.send(format!("{method} {path} HTTP/1.1\r\nhost: test\r\n\r\n")).await;
        self.answer_to(method).await
    }

    /// A request with a body.
    pub(crate) async fn post(&mut self, path: &str, headers: &str, body: impl AsRef<[u8]>) -> Reply {
        let body = body.as_ref();
        let length = body.len();
        self.send(format!("POST {path} HTTP/1.1\r\nhost: test\r\n{headers}content-length: {length}\r\n\r\n"))
            .await;
        self.send(body).await;
        self.answer().await
    }

    /// The next answer.
    pub(crate) async fn answer(&mut self) -> Reply {
        self.answer_to("GET").await
    }

    /// The next answer, to a request of this method: HEAD has no body whatever the headers say.
    pub(crate) async fn answer_to(&mut self, method: &str) -> Reply {
        timeout(PATIENCE, self.read_answer(method)).await.expect("an answer in time")
    }

    async fn read_answer(&mut self, method: &str) -> Reply {
        let head_end = loop {
            if let Some(at) = self.unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(
                self.read_more().await,
                "the connection ended: {:?}",
                String::from_utf8_lossy(&self.unread)
            );
        };
        let head: Vec<u8> = self.unread.drain(..head_end).collect();
        let head = String::from_utf8(head).expect("a head in ASCII");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut reply = Reply { status: status.expect("a status"), headers, body: String::new() };
        if method != "HEAD" {
            let length = reply.header("content-length").parse().unwrap_or(0);
            while self.unread.len() < length {
                assert!(self.read_more().await, "the connection ended in mid-body");
            }
            reply.body = String::from_utf8(self.unread.drain(..length).collect()).expect("UTF-8");
        }
        reply
    }

    async fn read_more(&mut self) -> bool {
        self.stream.read_buf(&mut self.unread).await.is_ok_and(|count| count > 0)
    }

    /// Waits until the server ends the connection; returns what it still said.
    pub(crate) async fn ended(&mut self) -> Vec<u8> {
        let end = async { while self.read_more().await {} };
        timeout(PATIENCE, end).await.expect("the server ends the connection");
        std::mem::take(&mut self.unread)
    }

    /// Whether nothing at all comes for a while.
    pub(crate) async fn is_silent_for(&mut self, while_: Duration) -> bool {
        timeout(while_, self.read_more()).await.is_err()
    }
}

impl Reply {
    /// A header's text; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(given, _)| given == name).map_or("", |(_, value)| value)
    }

    /// The body.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    /// Asserts a problem of this status and code, in the shape that all have.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.header("vary"), "Authorization");
        let body = self.json();
        assert_eq!(body["code"], code);
        assert_eq!(body["type"], format!("urn:atelier:problem:{code}"));
        assert_eq!(body["status"], status);
        assert_eq!(body["request_id"], self.header("x-request-id"));
        assert!(body["title"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
        assert!(body["detail"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    }
}
