//! The link does what it is told, to bytes of any kind.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use testkit::proxy::{Link, Proxy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

const PATIENCE: Duration = Duration::from_secs(10);
const QUESTION: &[u8] = b"question";
const ANSWER: &[u8] = b"an answer of some length";

/// A server that answers each question, and tells of each that it got.
async fn server() -> (SocketAddr, mpsc::UnboundedReceiver<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (got, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let got = got.clone();
            tokio::spawn(async move {
                let mut question = [0; QUESTION.len()];
                while stream.read_exact(&mut question).await.is_ok() {
                    let _ = got.send(());
                    let _ = stream.write_all(ANSWER).await;
                }
            });
        }
    });
    (address, heard)
}

async fn behind(link: Link) -> (Proxy, mpsc::UnboundedReceiver<()>) {
    let (address, heard) = server().await;
    let proxy = Proxy::start(&address.ip().to_string(), address.port()).await.expect("a proxy");
    proxy.set(link);
    (proxy, heard)
}

/// Asks on a connection of its own; how many bytes of the answer came.
async fn asked(proxy: &Proxy) -> usize {
    let mut stream = TcpStream::connect(proxy.address()).await.expect("connected");
    stream.write_all(QUESTION).await.expect("sent");
    answered(&mut stream).await
}

async fn answered(stream: &mut TcpStream) -> usize {
    let mut answer = [0; ANSWER.len()];
    let mut count = 0;
    while count < ANSWER.len() {
        let read = timeout(PATIENCE, stream.read(&mut answer[count..])).await.expect("bytes or the end");
        match read {
            Ok(more) if more > 0 => count += more,
            _ => break,
        }
    }
    assert_eq!(answer[..count], ANSWER[..count]);
    count
}

#[tokio::test]
async fn a_silent_link_holds_everything_back_until_it_is_sound() {
    let (proxy, mut heard) = behind(Link::Silent).await;
    let mut stream = TcpStream::connect(proxy.address()).await.expect("connected");
    stream.write_all(QUESTION).await.expect("sent");
    assert!(timeout(Duration::from_millis(200), heard.recv()).await.is_err(), "the question went through");
    proxy.set(Link::Sound);
    assert_eq!(answered(&mut stream).await, ANSWER.len());
}

#[tokio::test]
async fn a_forgotten_connection_stays_silent_when_new_ones_go_through() {
    let (proxy, mut heard) = behind(Link::Forgotten).await;
    let mut stream = TcpStream::connect(proxy.address()).await.expect("connected");
    stream.write_all(QUESTION).await.expect("sent");
    assert!(timeout(Duration::from_millis(200), heard.recv()).await.is_err(), "the question went through");
    proxy.set(Link::Sound);
    assert_eq!(asked(&proxy).await, ANSWER.len());
    heard.recv().await;
    stream.write_all(QUESTION).await.expect("sent");
    assert!(timeout(Duration::from_millis(200), heard.recv()).await.is_err(), "nor does another");
}

#[tokio::test]
async fn a_late_link_takes_its_time_for_each_question() {
    let late = Duration::from_millis(50);
    let (proxy, _heard) = behind(Link::Late(late)).await;
    let since = Instant::now();
    assert_eq!(asked(&proxy).await, ANSWER.len());
    assert!(since.elapsed() >= late);
}

#[tokio::test]
async fn with_the_proxy_its_connections_end_even_those_that_are_forgotten() {
    let (proxy, _heard) = behind(Link::Forgotten).await;
    let mut stream = TcpStream::connect(proxy.address()).await.expect("connected");
    drop(proxy);
    let read = timeout(PATIENCE, stream.read(&mut [0; 1])).await.expect("the end");
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}

#[tokio::test]
async fn a_cut_meets_one_connection_and_the_next_is_sound() {
    let (proxy, _heard) = behind(Link::CutAfter(ANSWER.len())).await;
    assert_eq!(asked(&proxy).await, ANSWER.len());
    assert_eq!((asked(&proxy).await, proxy.cuts()), (0, 1));
    assert_eq!(asked(&proxy).await, ANSWER.len());
}

#[tokio::test]
async fn lost_answers_were_all_asked_for_and_are_lost_at_their_first_byte_or_later_as_the_seed_says() {
    let losing = Link::LosesAnswers { per_mille: 300, seed: 7 };
    let mut told = Vec::new();
    for _ in 0..2 {
        let (proxy, mut heard) = behind(losing).await;
        let mut counts = Vec::new();
        for _ in 0..200 {
            counts.push(asked(&proxy).await);
            heard.recv().await.expect("the server was asked");
        }
        assert_eq!(counts.iter().filter(|count| **count < ANSWER.len()).count(), proxy.cuts());
        told.push(counts);
    }
    assert_eq!(told[0], told[1], "the same seed loses the same answers");
    let none = told[0].iter().filter(|count| **count == 0).count();
    let some = told[0].iter().filter(|count| (1..ANSWER.len()).contains(count)).count();
    assert!(none > 15 && some > 15 && none + some < 100, "{none} lost whole, {some} in part");
}

#[tokio::test]
async fn one_connection_carries_answers_until_one_of_them_is_lost() {
    let (proxy, _heard) = behind(Link::LosesAnswers { per_mille: 100, seed: 1 }).await;
    let mut stream = TcpStream::connect(proxy.address()).await.expect("connected");
    let mut whole = 0;
    loop {
        stream.write_all(QUESTION).await.expect("sent");
        if answered(&mut stream).await < ANSWER.len() {
            break;
        }
        whole += 1;
        assert!(whole < 1000, "none was lost");
    }
    assert!(whole > 0, "the first was lost: another seed tells more");
    assert_eq!(proxy.cuts(), 1);
}

#[tokio::test]
async fn a_link_that_resets_breaks_what_is_there_and_what_comes() {
    let (proxy, _heard) = behind(Link::Sound).await;
    let mut stream = TcpStream::connect(proxy.address()).await.expect("connected");
    stream.write_all(QUESTION).await.expect("sent");
    assert_eq!(answered(&mut stream).await, ANSWER.len());
    proxy.set(Link::Reset);
    let broken =
        timeout(PATIENCE, stream.read(&mut [0])).await.expect("it is told").expect_err("no end, but");
    assert_eq!(broken.kind(), ErrorKind::ConnectionReset);
    let mut stream = TcpStream::connect(proxy.address()).await.expect("connected");
    let read = timeout(PATIENCE, stream.read(&mut [0])).await.expect("it is told");
    assert!(!matches!(read, Ok(1..)), "{read:?}");
    proxy.set(Link::Sound);
    assert_eq!(asked(&proxy).await, ANSWER.len());
}

#[tokio::test]
async fn a_slow_link_takes_its_time_and_loses_nothing() {
    let (proxy, _heard) = behind(Link::Slow(200)).await;
    let begin = Instant::now();
    assert_eq!(asked(&proxy).await, ANSWER.len());
    let bytes = u32::try_from(QUESTION.len() + ANSWER.len()).expect("few");
    assert!(begin.elapsed() >= Duration::from_secs(1) * bytes / 200, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_link_that_leads_elsewhere_breaks_what_it_carries_and_carries_what_comes_there() {
    let ((proxy, _heard), (elsewhere, mut heard)) = (behind(Link::Sound).await, server().await);
    let mut stream = TcpStream::connect(proxy.address()).await.expect("connected");
    stream.write_all(QUESTION).await.expect("sent");
    assert_eq!(answered(&mut stream).await, ANSWER.len());
    proxy.lead_to(&elsewhere.ip().to_string(), elsewhere.port());
    let read = timeout(PATIENCE, stream.read(&mut [0])).await.expect("it is told");
    assert!(!matches!(read, Ok(1..)), "{read:?}");
    assert_eq!(asked(&proxy).await, ANSWER.len());
    assert!(heard.recv().await.is_some(), "the other server was asked");
}
