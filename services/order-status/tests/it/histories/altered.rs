//! A way to the database on which one text of the statements is replaced by another that is as long: how a service is seen
//! without a guard that its statements have. The program is the one that ships, and nothing in it knows of this.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What is sought, and what stands there instead; blanks make up for the difference.
pub(super) type Alteration = (&'static str, &'static str);

/// The way. It ends with this value.
pub(super) struct Altered {
    address: SocketAddr,
    count: Arc<AtomicUsize>,
    _end: DropGuard,
}

impl Altered {
    pub(super) async fn start(to: SocketAddr, alteration: Alteration) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let (count, end) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
        let (counted, ended) = (Arc::clone(&count), end.clone());
        tokio::spawn(ended.run_until_cancelled_owned(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(carry(client, to, alteration, Arc::clone(&counted)));
            }
        }));
        Self { address, count, _end: end.drop_guard() }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many statements were altered.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

async fn carry(
    client: TcpStream,
    to: SocketAddr,
    alteration: Alteration,
    count: Arc<AtomicUsize>,
) -> io::Result<()> {
    let server = TcpStream::connect(to).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ((from_client, mut to_client), (mut from_server, to_server)) =
        (client.into_split(), server.into_split());
    tokio::select! {
        done = ask(from_client, to_server, alteration, &count) => done,
        done = copy(&mut from_server, &mut to_client) => done.map(drop),
    }
}

async fn ask(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    (sought, instead): Alteration,
    count: &AtomicUsize,
) -> io::Result<()> {
    // A statement is prepared once a connection and sent in one piece, which is much smaller than this.
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        let piece = &mut buffer[..read];
        if let Some(at) = piece.windows(sought.len()).position(|window| window == sought.as_bytes()) {
            let padded = format!("{instead:width$}", width = sought.len());
            assert_eq!(padded.len(), sought.len(), "what stands instead is no longer");
            piece[at..at + sought.len()].copy_from_slice(padded.as_bytes());
            count.fetch_add(1, Ordering::SeqCst);
        }
        to.write_all(piece).await?;
    }
}
