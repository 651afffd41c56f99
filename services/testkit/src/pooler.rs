//! The real `PgBouncer` in front of a test's database.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;

use crate::file::TestFile;
use crate::wait::{self, TimedOut};
use crate::{Role, TestDatabase};

const PATIENCE: Duration = Duration::from_secs(10);

/// For how long a client keeps the server's session that it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// Until its connection ends.
    Session,
    /// Until its transaction ends.
    Transaction,
}

/// A running pooler. It is killed with this value.
#[derive(Debug)]
pub struct Pooler {
    address: SocketAddr,
    child: Child,
    _files: [TestFile; 2],
}

/// Why there is no pooler.
#[derive(Debug, thiserror::Error)]
pub enum PoolerError {
    /// Its files could not be written, or it is not installed.
    #[error("PgBouncer could not be started")]
    Start(#[from] io::Error),
    /// It does not listen.
    #[error(transparent)]
    Silent(#[from] TimedOut),
}

impl Pooler {
    /// Starts one for the logins of `database`; `more` are further lines of its configuration.
    pub async fn start(database: &TestDatabase, pooling: Pooling, more: &str) -> Result<Self, PoolerError> {
        let roles = [Role::Admin, Role::Owner, Role::Writer, Role::Reader];
        let users = TestFile::new(&roles.map(|role| format!("\"{}\" \"\"\n", database.user(role))).concat())?;
        let address = SocketAddr::from(([127, 0, 0, 1], wait::free_port()?));
        let (host, port) = (database.host(), database.port());
        let unit = match pooling {
            Pooling::Session => "session",
            Pooling::Transaction => "transaction",
        };
        // It refuses to work as root; what it reads, it reads before it is somebody else.
        let user = if fs::metadata(users.path())?.uid() == 0 { "user = nobody" } else { "" };
        let configuration = TestFile::new(&format!(
            "[databases]\n* = host={host} port={port}\n[pgbouncer]\nlisten_addr = {}\nlisten_port = {}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = {unit}\n{user}\n{more}\n",
            address.ip(),
            address.port(),
            users.path(),
        ))?;
        let child = Command::new("pgbouncer")
            .args(["--quiet", configuration.path()])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let pooler = Self { address, child, _files: [configuration, users] };
        let listens = || async { TcpStream::connect(address).await.ok() };
        wait::until("PgBouncer listens", PATIENCE, listens).await?;
        Ok(pooler)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
