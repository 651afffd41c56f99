//! A connection that sends bytes, for what no well-behaved client would send.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::PATIENCE;

pub(crate) struct Raw {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    /// The header lines, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        Self { stream, unread: Vec::new() }
    }

    /// Sends, as far as the server takes it: one that has answered already may have closed.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = timeout(PATIENCE, self.stream.write_all(bytes.as_ref())).await.expect("the server reads");
    }

    /// The next answer; `None` if the connection is closed without one.
    pub(crate) async fn answer(&mut self) -> Option<RawAnswer> {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.read().await {
                return None;
            }
        };
        let head =
            String::from_utf8(self.unread.drain(..end).collect()).expect("headers in ASCII").to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.trim().parse::<usize>().expect("a length"));
        while self.unread.len() < length {
            assert!(self.read().await, "the body breaks off: {head}");
        }
        let body = String::from_utf8(self.unread.drain(..length).collect()).expect("a body in UTF-8");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Some(RawAnswer { status, head, body })
    }

    /// Whether the server closed the connection with nothing more to say. Waits for it.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.unread.is_empty() && !self.read().await
    }

    /// Whether the server cut the connection, throwing away what it had not read, instead of ending it. Asks once more to see.
    pub(crate) async fn is_cut(&mut self) -> bool {
        let asked = self.stream.write_all(b"GET /orders/1 HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let read = timeout(PATIENCE, self.stream.read(&mut [0; 8192])).await.expect("an answer or the end");
        asked.is_err() || read.is_err()
    }

    /// Reads some more; false at the end of the connection, also when it is cut.
    async fn read(&mut self) -> bool {
        let mut some = [0; 8192];
        let read =
            timeout(PATIENCE, self.stream.read(&mut some)).await.expect("the server answers or closes");
        let Ok(count) = read else { return false };
        self.unread.extend_from_slice(&some[..count]);
        count > 0
    }
}
