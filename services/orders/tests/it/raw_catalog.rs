//! A catalog on a bare socket, for what no decent server does: dripping, stopping in mid-answer, never answering.
//! It counts what is in flight and remembers each request line, letter for letter.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use testkit::certificate::Certificate;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// What it does once it has read a request.
#[derive(Debug, Clone)]
pub(crate) enum Conduct {
    /// Waits for a permit of the test's, then answers with a model of the asked id.
    Gate,
    /// Answers these bytes and closes.
    Bytes(Vec<u8>),
    /// Answers these bytes, then spaces without end, as fast as they are taken.
    Flood(Vec<u8>),
    /// Answers these bytes, then one space in each of these intervals, without end.
    Drip(Vec<u8>, Duration),
}

/// A running one. It ends with the test's runtime.
#[derive(Debug)]
pub(crate) struct RawCatalog {
    address: SocketAddr,
    scheme: &'static str,
    /// Lets answers out of [`Conduct::Gate`], one a permit.
    pub(crate) gate: Arc<Semaphore>,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    in_flight: AtomicUsize,
    in_flight_max: AtomicUsize,
    bytes_sent: AtomicUsize,
    heads: Mutex<Vec<String>>,
}

impl RawCatalog {
    pub(crate) async fn start(conduct: Conduct) -> Self {
        Self::with(conduct, None).await
    }

    /// One that proves with this who it is.
    pub(crate) async fn start_with_tls(conduct: Conduct, certificate: &Certificate) -> Self {
        Self::with(conduct, Some(certificate)).await
    }

    async fn with(conduct: Conduct, certificate: Option<&Certificate>) -> Self {
        let tls = certificate.map(|certificate| certificate.acceptor().expect("TLS"));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (gate, seen) = (Arc::new(Semaphore::new(0)), Arc::new(Seen::default()));
        let (accepted_gate, accepted_seen) = (Arc::clone(&gate), Arc::clone(&seen));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (gate, seen, conduct) =
                    (Arc::clone(&accepted_gate), Arc::clone(&accepted_seen), conduct.clone());
                let tls = tls.clone();
                tokio::spawn(async move {
                    // A caller who leaves is no event of the catalog's.
                    let _ = match tls {
                        None => serve(stream, &conduct, &gate, &seen).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, &conduct, &gate, &seen).await,
                            Err(error) => Err(error),
                        },
                    };
                });
            }
        });
        Self { address, scheme, gate, seen }
    }

    /// What goes into `catalog.url`.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}/catalog", self.scheme, self.address)
    }

    /// Requests that are being answered.
    pub(crate) fn in_flight(&self) -> usize {
        self.seen.in_flight.load(Ordering::SeqCst)
    }

    /// The most that ever were.
    pub(crate) fn in_flight_max(&self) -> usize {
        self.seen.in_flight_max.load(Ordering::SeqCst)
    }

    /// Bytes that the callers' side took.
    pub(crate) fn bytes_sent(&self) -> usize {
        self.seen.bytes_sent.load(Ordering::SeqCst)
    }

    /// The head of each request, in the order of their coming.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.seen.heads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Counts a request for as long as it lives.
struct InFlight<'a>(&'a Seen);

impl<'a> InFlight<'a> {
    fn enter(seen: &'a Seen) -> Self {
        let now = seen.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        seen.in_flight_max.fetch_max(now, Ordering::SeqCst);
        Self(seen)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    conduct: &Conduct,
    gate: &Semaphore,
    seen: &Seen,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let id = head.split_whitespace().nth(1).and_then(|path| path.rsplit('/').next()).unwrap_or("").to_owned();
    seen.heads.lock().unwrap_or_else(PoisonError::into_inner).push(head);
    let in_flight = InFlight::enter(seen);
    match conduct {
        Conduct::Gate => {
            let mut leaves = [0];
            tokio::select! {
                permit = gate.acquire() => permit.map_err(io::Error::other)?.forget(),
                _ = stream.read(&mut leaves) => return Ok(()),
            }
            drop(in_flight);
            let body = format!(r#"{{"model": {{"model_id": "{id}", "name": "model {id}"}}}}"#);
            stream.write_all(&answer(&body)).await?;
        }
        Conduct::Bytes(bytes) => stream.write_all(bytes).await?,
        Conduct::Flood(bytes) => {
            stream.write_all(bytes).await?;
            loop {
                let sent = stream.write(&[b' '; 16 * 1024]).await?;
                seen.bytes_sent.fetch_add(sent, Ordering::SeqCst);
            }
        }
        Conduct::Drip(bytes, every) => {
            stream.write_all(bytes).await?;
            let mut ticks = tokio::time::interval(*every);
            loop {
                ticks.tick().await;
                stream.write_all(b" ").await?;
                seen.bytes_sent.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
    stream.shutdown().await
}

/// A good answer's bytes.
pub(crate) fn answer(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
        .into_bytes()
}
