//! A server that pretends to be PostgreSQL and writes down all that it is told. Whoever believes it is asked for the password
//! in plain words.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use testkit::certificate::Certificate;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a client sends first that would like TLS: its length, and 1234 and 5679 in place of a version.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
/// `AuthenticationCleartextPassword`.
const ASK_FOR_PASSWORD: [u8; 9] = [b'R', 0, 0, 0, 8, 0, 0, 0, 3];

/// What it was told so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// How often a client asked for TLS and then went away, or went on.
    pub(super) asked: usize,
    /// What came after that, in plain or inside TLS.
    pub(super) said: Vec<u8>,
}

pub(super) struct Impostor {
    pub(super) address: SocketAddr,
    told: Arc<Mutex<Told>>,
}

impl Impostor {
    /// One with a certificate, or one that has no TLS and says so.
    pub(super) async fn start(certificate: Option<Certificate>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let told = Arc::<Mutex<Told>>::default();
        let heard = Arc::clone(&told);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (certificate, heard) = (certificate.clone(), Arc::clone(&heard));
                tokio::spawn(async move {
                    // A client that goes away is what it should be.
                    let _ = pretend(client, certificate, &heard).await;
                    heard.lock().expect("what was told").asked += 1;
                });
            }
        });
        Self { address, told }
    }

    pub(super) fn told(&self) -> Told {
        self.told.lock().expect("what was told").clone()
    }
}

async fn pretend(
    mut client: TcpStream,
    certificate: Option<Certificate>,
    told: &Mutex<Told>,
) -> io::Result<()> {
    let mut first = [0; SSL_REQUEST.len()];
    client.read_exact(&mut first).await?;
    if first != SSL_REQUEST {
        told.lock().expect("what was told").said.extend_from_slice(&first);
        return listen(client, told).await;
    }
    let Some(certificate) = certificate else {
        client.write_all(b"N").await?;
        return listen(client, told).await;
    };
    client.write_all(b"S").await?;
    let tls = certificate.acceptor().expect("a server's side").accept(client).await?;
    listen(tls, told).await
}

/// Writes down whatever comes, and asks for the password as soon as anything did.
async fn listen(mut client: impl AsyncRead + AsyncWrite + Unpin, told: &Mutex<Told>) -> io::Result<()> {
    let mut some = [0; 4096];
    loop {
        let count = client.read(&mut some).await?;
        if count == 0 {
            return Ok(());
        }
        told.lock().expect("what was told").said.extend_from_slice(&some[..count]);
        client.write_all(&ASK_FOR_PASSWORD).await?;
    }
}
