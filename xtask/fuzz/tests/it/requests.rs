//! What a request brings: its path, its body, its headers, a cursor, a token, a trace.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use service_kit::http::ListKey;
use sha2::Sha256;

use crate::fuzz;
use crate::subject::{SECRET, Subject, request};
use crate::wire::Wire;

/// The same without ends of lines and blanks: with them it would be several lines, or several words of one.
fn in_one_line(input: &[u8], and_word: bool) -> Vec<u8> {
    let ends = |byte: &u8| matches!(byte, b'\r' | b'\n') || (and_word && *byte == b' ');
    input.iter().copied().filter(|byte| !ends(byte)).collect()
}

fn get(path: &[u8], headers: &[u8]) -> Vec<u8> {
    [b"GET ", path, b" HTTP/1.1\r\nhost: a\r\n", headers, b"\r\n\r\n"].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_asked_for_by_path() {
    let subject = Subject::open().await;
    let (mut status, mut lists) = (Wire::to(subject.status), Wire::to(subject.lists));
    fuzz("path", include_str!("../../corpus/path.txt"), async |input| {
        let asked = get(&in_one_line(input, true), b"accept: */*");
        // A path that is none may end the connection without a word to those who come later.
        format!("{} {}", status.ask_once(&asked).await, lists.ask_once(&asked).await)
    })
    .await;
    subject.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_in_a_body() {
    let subject = Subject::open().await;
    let mut wire = Wire::to(subject.status);
    fuzz("body", include_str!("../../corpus/body.txt"), async |input| {
        let created = wire.ask(&request("POST /orders", input)).await;
        format!("{created} {}", wire.ask(&request("PUT /orders/1/update", input)).await)
    })
    .await;
    subject.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_in_headers() {
    let subject = Subject::open().await;
    let mut wire = Wire::to(subject.status);
    let body = br#"{"requester_id": "ada", "created_by": "maren"}"#;
    fuzz("headers", include_str!("../../corpus/headers.txt"), async |input| {
        let read = wire.ask_once(&get(b"/orders/1", input)).await;
        let length = format!("\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        let create = [b"POST /orders HTTP/1.1\r\nhost: a\r\n", input, length.as_bytes(), body].concat();
        format!("{read} {}", wire.ask_once(&create).await)
    })
    .await;
    subject.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_in_a_query_or_a_cursor() {
    let subject = Subject::open().await;
    let mut wire = Wire::to(subject.lists);
    let of_this_list = ListKey { epoch: 0, parts: &["requester", "all", "any", "ada"] }.encode(7);
    let corpus = format!("{}status=all&after={of_this_list}", include_str!("../../corpus/cursor.txt"));
    fuzz("cursor", &corpus, async |input| {
        let path = [b"/orders/user/ada?", &*in_one_line(input, true)].concat();
        wire.ask_once(&get(&path, b"accept: */*")).await
    })
    .await;
    subject.finish().await;
}

/// A token with these parts, well signed; without a second part it is no token, and goes as it is.
fn token(input: &[u8]) -> Vec<u8> {
    let mut parts = input.splitn(2, |byte| *byte == b'.');
    let (Some(head), Some(claims)) = (parts.next(), parts.next()) else { return in_one_line(input, false) };
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key will do");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())).into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_in_a_token() {
    let subject = Subject::token().await;
    let (mut status, mut lists) = (Wire::to(subject.status), Wire::to(subject.lists));
    fuzz("token", include_str!("../../corpus/token.txt"), async |input| {
        let header = [b"authorization: Bearer ", &*token(input)].concat();
        let read = status.ask_once(&get(b"/orders/1", &header)).await;
        format!("{read} {}", lists.ask_once(&get(b"/orders/user/ada", &header)).await)
    })
    .await;
    subject.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_in_a_traceparent() {
    let subject = Subject::open().await;
    let mut wire = Wire::to(subject.status);
    fuzz("traceparent", include_str!("../../corpus/traceparent.txt"), async |input| {
        let asked = get(b"/orders/1", &[b"traceparent: ", input].concat());
        wire.ask_once(&asked).await
    })
    .await;
    subject.finish().await;
}
