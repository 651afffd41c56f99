//! A link between a client and a server that a test can silence, slow down, reset, cut in mid-answer, have lose one answer in so
//! many, or lead to another server.
//!
//! It carries bytes and knows no protocol, so it stands in front of a database and of a service alike.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How the link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// As it should be.
    Sound,
    /// Each question arrives so much later, as at a server that is far away.
    Late(Duration),
    /// Nothing goes through, and nobody is told.
    Silent,
    /// Nothing goes through, and what was tried meanwhile stays silent when the link is sound again: as behind a firewall that
    /// has forgotten its connections. New ones go through then.
    Forgotten,
    /// Every connection is reset, those that are there and those that come.
    Reset,
    /// So many bytes a second go through, either way.
    Slow(u32),
    /// So many bytes of the server still go through, then the connection breaks and the link is sound again.
    CutAfter(usize),
    /// Every request goes through. Of a thousand answers so many are lost: their connection breaks before their first byte
    /// or in the midst of them. Which ones follows from `seed` and from their number.
    LosesAnswers {
        /// How many of a thousand.
        per_mille: u32,
        /// What else the choice hangs on.
        seed: u64,
    },
}

/// A proxy in front of a server. When it is dropped it ends, and every connection through it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
    _end: DropGuard,
}

#[derive(Debug)]
struct State {
    target: watch::Sender<(String, u16)>,
    link: watch::Sender<Link>,
    answers: AtomicU64,
    cuts: AtomicUsize,
}

impl Proxy {
    /// Starts one in front of `host` and `port`, on a loopback port of its own. The link is sound.
    pub async fn start(host: &str, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            target: watch::Sender::new((host.to_owned(), port)),
            link: watch::Sender::new(Link::Sound),
            answers: AtomicU64::new(0),
            cuts: AtomicUsize::new(0),
        });
        let end = CancellationToken::new();
        let (accepted, ended) = (Arc::clone(&state), end.clone());
        tokio::spawn(async move {
            while let Some(Ok((client, _))) = ended.run_until_cancelled(listener.accept()).await {
                let (state, ended) = (Arc::clone(&accepted), ended.clone());
                tokio::spawn(async move {
                    // A connection that breaks is what this is for.
                    let _ = ended.run_until_cancelled(carry(client, &state)).await;
                });
            }
        });
        Ok(Self { address, state, _end: end.drop_guard() })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the link for connections that are there and those that come.
    pub fn set(&self, link: Link) {
        self.state.link.send_replace(link);
    }

    /// Leads to another server from now on; connections to the one before break.
    pub fn lead_to(&self, host: &str, port: u16) {
        self.state.target.send_replace((host.to_owned(), port));
    }

    /// How often a connection was cut.
    pub fn cuts(&self) -> usize {
        self.state.cuts.load(Ordering::SeqCst)
    }
}

impl State {
    async fn unless_silent(&self) -> io::Result<Link> {
        let mut heard = self.link.subscribe();
        if *heard.borrow() == Link::Forgotten {
            std::future::pending::<()>().await;
        }
        heard.wait_for(|link| *link != Link::Silent).await.map(|link| *link).map_err(io::Error::other)
    }

    /// How many of `count` bytes still go through before the connection breaks; `None` where it does not.
    fn cut(&self, link: Link, count: usize, begins_answer: bool) -> Option<usize> {
        let kept = match link {
            Link::Sound | Link::Late(_) | Link::Silent | Link::Forgotten | Link::Reset | Link::Slow(_) => {
                None
            }
            Link::CutAfter(left) => {
                let rest = left.checked_sub(count).map(Link::CutAfter);
                self.link.send_replace(rest.unwrap_or(Link::Sound));
                rest.is_none().then_some(0)
            }
            Link::LosesAnswers { per_mille, seed } => {
                begins_answer.then(|| self.lost(per_mille, seed, count)).flatten()
            }
        };
        if kept.is_some() {
            self.cuts.fetch_add(1, Ordering::SeqCst);
        }
        kept
    }

    /// Whether the next answer is lost, and after how many of its first `count` bytes: half of the time after none.
    fn lost(&self, per_mille: u32, seed: u64, count: usize) -> Option<usize> {
        let number = self.answers.fetch_add(1, Ordering::SeqCst);
        let mut chance = StdRng::seed_from_u64(seed.wrapping_add(number));
        let is_lost = chance.random_ratio(per_mille, 1000);
        is_lost.then(|| if chance.random() { 0 } else { chance.random_range(0..count) })
    }
}

async fn carry(mut client: TcpStream, state: &State) -> io::Result<()> {
    let mut targets = state.target.subscribe();
    let target = targets.borrow_and_update().clone();
    let mut server = TcpStream::connect(target).await?;
    // What is small is not held back to be sent with more: a link adds nothing of its own.
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (client_read, client_write) = client.split();
    let (server_read, server_write) = server.split();
    let asked = AtomicBool::new(false);
    let mut heard = state.link.subscribe();
    tokio::select! {
        done = ask(client_read, server_write, state, &asked) => return done,
        done = answer(server_read, client_write, state, &asked) => return done,
        _ = targets.changed() => {}
        _ = heard.wait_for(|link| *link == Link::Reset) => {}
    }
    client.set_zero_linger()?;
    server.set_zero_linger()
}

/// What a link carries at a time where it is slow: so little that it is soon as it should be again.
const SLOW_BYTES: usize = 128;

/// Passes bytes on at the speed of the link.
async fn pass(to: &mut WriteHalf<'_>, mut bytes: &[u8], state: &State) -> io::Result<()> {
    while !bytes.is_empty() {
        let link = *state.link.borrow();
        let count = match link {
            Link::Slow(bytes_per_second) => {
                let count = bytes.len().min(SLOW_BYTES);
                let seconds = Duration::from_secs(1) * u32::try_from(count).unwrap_or(u32::MAX);
                lag(seconds / bytes_per_second).await;
                count
            }
            _ => bytes.len(),
        };
        to.write_all(&bytes[..count]).await?;
        bytes = &bytes[count..];
    }
    Ok(())
}

async fn ask(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    state: &State,
    asked: &AtomicBool,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        if let Link::Late(late) = state.unless_silent().await? {
            lag(late).await;
        }
        asked.store(true, Ordering::SeqCst);
        pass(&mut to, &buffer[..count], state).await?;
    }
}

#[expect(clippy::disallowed_methods, reason = "the time that a way takes is what is imitated")]
async fn lag(late: Duration) {
    tokio::time::sleep(late).await;
}

async fn answer(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    state: &State,
    asked: &AtomicBool,
) -> io::Result<()> {
    let mut buffer = vec![0; 4 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        let link = state.unless_silent().await?;
        // The first bytes after something was asked begin an answer.
        let begins_answer = asked.swap(false, Ordering::SeqCst);
        if let Some(kept) = state.cut(link, count, begins_answer) {
            return to.write_all(&buffer[..kept]).await;
        }
        pass(&mut to, &buffer[..count], state).await?;
    }
}
