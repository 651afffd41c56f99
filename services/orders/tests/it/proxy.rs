//! A link to the database that a test can cut in mid-answer or silence.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// As it should be.
    Sound,
    /// Nothing goes through, and nobody is told.
    Silent,
    /// So many bytes of the database still go through, then the connection breaks and the link is sound again.
    CutAfter(usize),
}

/// A proxy in front of a database. It ends with the test's runtime.
pub(crate) struct Proxy {
    address: SocketAddr,
    link: Arc<watch::Sender<Link>>,
    cuts: Arc<Mutex<usize>>,
}

impl Proxy {
    pub(crate) async fn start(host: &str, port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let link = Arc::new(watch::Sender::new(Link::Sound));
        let cuts = Arc::new(Mutex::new(0));
        let (target, accepted_link, accepted_cuts) =
            ((host.to_owned(), port), Arc::clone(&link), Arc::clone(&cuts));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (target, link, cuts) =
                    (target.clone(), Arc::clone(&accepted_link), Arc::clone(&accepted_cuts));
                tokio::spawn(async move {
                    // A connection that breaks is what this is for.
                    let _ = carry(client, target, &link, &cuts).await;
                });
            }
        });
        Self { address, link, cuts }
    }

    /// The address of a database behind it.
    pub(crate) fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@{}/{database}?sslmode=disable", self.address)
    }

    /// Changes the link for connections that are there and those that come.
    pub(crate) fn set(&self, link: Link) {
        self.link.send_replace(link);
    }

    /// How often a connection was cut.
    pub(crate) fn cuts(&self) -> usize {
        *self.cuts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn carry(
    client: TcpStream,
    target: (String, u16),
    link: &watch::Sender<Link>,
    cuts: &Mutex<usize>,
) -> io::Result<()> {
    let server = TcpStream::connect(target).await?;
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    tokio::select! {
        done = ask(client_read, server_write, link.subscribe()) => done,
        done = answer(server_read, client_write, link, cuts) => done,
    }
}

async fn ask(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut link: watch::Receiver<Link>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        link.wait_for(|link| *link != Link::Silent).await.map_err(io::Error::other)?;
        to.write_all(&buffer[..count]).await?;
    }
}

async fn answer(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    link: &watch::Sender<Link>,
    cuts: &Mutex<usize>,
) -> io::Result<()> {
    let mut heard = link.subscribe();
    let mut buffer = vec![0; 4 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        let now = *heard.wait_for(|link| *link != Link::Silent).await.map_err(io::Error::other)?;
        if let Link::CutAfter(left) = now {
            let Some(left) = left.checked_sub(count) else {
                *cuts.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                link.send_replace(Link::Sound);
                return Ok(());
            };
            link.send_replace(Link::CutAfter(left));
        }
        to.write_all(&buffer[..count]).await?;
    }
}
