//! `orders ask`: one question, asked until it is answered as expected, and words where it is not.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Output;
use std::sync::mpsc::{Receiver, channel};

use crate::process::program;

const TOKEN: &str = "a-token-that-nobody-may-see";

/// Gives each connection the next of these answers, then the last one again. What was asked comes out of the receiver.
fn answering(statuses: &'static [&'static str]) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (asked, questions) = channel();
    std::thread::spawn(move || {
        for (index, stream) in listener.incoming().enumerate() {
            let mut stream = stream.expect("a connection");
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).unwrap_or_default();
            let status = statuses[index.min(statuses.len() - 1)];
            let body = "the reason why";
            let answer = format!(
                "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes());
            let _ = asked.send(String::from_utf8_lossy(&request[..length]).into_owned());
        }
    });
    (address, questions)
}

fn ask(words: &[&str]) -> Output {
    program([]).arg("ask").args(words).output().expect("it runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

#[test]
fn the_expected_answer_is_exit_0_whatever_it_is() {
    let (address, _questions) = answering(&["401 Unauthorized"]);
    let output = ask(&["--expect", "401", &format!("http://{address}/orders/user/ada")]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(said(&output).contains("/orders/user/ada was answered as expected"), "{output:?}");
}

#[test]
fn a_service_that_is_not_ready_yet_is_asked_again() {
    let (address, questions) = answering(&["503 Service Unavailable", "200 OK"]);
    let output = ask(&[&format!("http://{address}/readyz")]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(questions.try_iter().count(), 2);
}

#[test]
fn another_answer_is_exit_1_and_says_what_came() {
    let (address, _questions) = answering(&["503 Service Unavailable"]);
    let output = ask(&["--patience-seconds", "1", &format!("http://{address}/readyz")]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("503 Service Unavailable instead of 200 OK: the reason why"), "{said}");
}

#[test]
fn nobody_there_is_exit_1() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let output = ask(&["--patience-seconds", "1", &format!("http://{free}/readyz")]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said(&output).contains("nobody answered"), "{output:?}");
}

#[test]
fn method_body_headers_and_the_token_are_sent_and_the_token_is_not_shown() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("ask-token");
    std::fs::write(&file, format!("{TOKEN}\n")).expect("a file");
    let (address, questions) = answering(&["500 Internal Server Error"]);
    let url = format!("http://{address}/orders/");
    let words = [
        "--method",
        "POST",
        "--body",
        "{\"a\": 1}",
        "--header",
        "Idempotency-Key: 7",
        "--patience-seconds",
        "1",
    ];
    let output = ask(&[&words[..], &["--bearer-file", &file.display().to_string(), &url]].concat());
    let question = questions.recv().expect("a question").to_lowercase();
    for part in
        ["post /orders/ ", "idempotency-key: 7", "content-type: application/json", &format!("bearer {TOKEN}")]
    {
        assert!(question.contains(part), "{part}: {question}");
    }
    assert!(!said(&output).contains(TOKEN), "{output:?}");
}

#[test]
fn a_header_without_a_colon_is_refused_as_a_command_line_is() {
    let output = ask(&["--header", "Idempotency-Key", "http://127.0.0.1:1/"]);
    assert_eq!(output.status.code(), Some(64), "{output:?}");
}
