//! A connection that sends bytes as they are, and what must be so of whatever comes back.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Behaviour;

/// Nothing here takes so long, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where requests are sent, one after the other, as long as the other end keeps the connection.
pub(crate) struct Wire {
    address: SocketAddr,
    stream: Option<TcpStream>,
}

impl Wire {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// Sends a request that is one, whatever its parts are; its answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Behaviour {
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => TcpStream::connect(self.address).await.expect("the service listens"),
        };
        let asked = timeout(PATIENCE, exchange(stream, request)).await;
        let (stream, answer) = asked.expect("an answer, or the end");
        let Some((head, body)) = answer else { return "closed".to_owned() };
        if !head.contains("connection: close") && !head.starts_with("http/1.1 1") {
            self.stream = Some(stream);
        }
        judged(&head, &body).unwrap_or_else(|| panic!("no answer of ours: {head}{body}"))
    }

    /// The same with bytes that may be no request, or several: the connection is not used again.
    pub(crate) async fn ask_once(&mut self, bytes: &[u8]) -> Behaviour {
        let behaviour = self.ask(bytes).await;
        self.stream = None;
        behaviour
    }
}

/// Asks. Gives the head of the answer in lower case, and its body; nothing where the connection ended without one.
async fn exchange(mut stream: TcpStream, request: &[u8]) -> (TcpStream, Option<(String, String)>) {
    // One that is not content with the beginning may have closed already, and what it said is still there.
    let _ = stream.write_all(request).await;
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end + 4]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            let end = end + 4 + length.unwrap_or(0_usize);
            if read.len() >= end {
                let body = String::from_utf8_lossy(&read[head.len()..end]).into_owned();
                return (stream, Some((head, body)));
            }
        }
        if stream.read_buf(&mut read).await.unwrap_or_default() == 0 {
            return (stream, None);
        }
    }
}

/// What an answer is, in a few words; `None` where no answer may be so.
fn judged(head: &str, body: &str) -> Option<Behaviour> {
    let status: u16 = head.split(' ').nth(1)?.parse().ok()?;
    if body.is_empty() {
        // Said by the library that reads requests, or to a client that has it already.
        return matches!(status, 100 | 304 | 400 | 404 | 413 | 414 | 431).then(|| status.to_string());
    }
    if status < 400 && !head.contains("application/json") {
        // A page of the documents.
        return Some(status.to_string());
    }
    let body: Value = serde_json::from_str(body).ok()?;
    if status < 400 {
        return Some(status.to_string());
    }
    let is_problem = head.contains("application/problem+json") && body["status"] == status;
    let fields = body["errors"].as_array().into_iter().flatten().map(|error| error["message"].to_string());
    // A message repeats parts of the input now and then, so its first words must do.
    let words = |message: String| message.split(' ').take(3).collect::<Vec<_>>().join(" ");
    let fields: Vec<String> = fields.map(words).take(4).collect();
    let is_ours = is_problem && status != 500 && body["code"].is_string();
    is_ours.then(|| format!("{} {}", body["code"], fields.join(";")))
}

#[test]
fn an_error_of_ours_and_an_answer_that_is_no_json_are_noticed() {
    let json = "http/1.1 200 ok\r\ncontent-type: application/json\r\n\r\n";
    assert!(judged(json, "{}").is_some() && judged(json, "{").is_none());
    let problem = |status: u16| {
        let head = format!("http/1.1 {status} x\r\ncontent-type: application/problem+json\r\n\r\n");
        judged(&head, &format!(r#"{{"status": {status}, "code": "internal"}}"#))
    };
    assert!(problem(422).is_some() && problem(500).is_none());
    assert!(judged("http/1.1 500 x\r\n\r\n", "").is_none());
}
