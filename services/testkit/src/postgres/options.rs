//! How a server is run: where its data lives, what a crash may cost, what else is set.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use crate::certificate::Certificate;

/// How long a server may take to stop.
pub(super) const STOP_DEADLINE: Duration = Duration::from_secs(30);

/// What a server with a certificate proves itself with, in files beside its data.
pub(super) const CERTIFICATE_FILE: &str = "server.crt";
/// See [`CERTIFICATE_FILE`].
pub(super) const KEY_FILE: &str = "server.key";

/// Where the data lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataFolder {
    /// In a new folder, removed when the server has ended.
    Temporary,
    /// In this folder, made if needed and left as it is.
    Kept(PathBuf),
}

/// What a crash of the machine may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Everything: nothing is forced to disk, which is what tests want.
    None,
    /// Nothing that was committed.
    Full,
}

/// How a server is run.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Where the data lives.
    pub data: DataFolder,
    /// The port on the loopback address; 0 for any that is free.
    pub port: u16,
    /// What a crash of the machine may cost.
    pub durability: Durability,
    /// Whether everybody is asked for a password, the superuser for one that is made with the data.
    pub asks_password: bool,
    /// What it proves itself with; without it there is no TLS.
    pub certificate: Option<Certificate>,
    /// Further settings, name and value.
    pub settings: Vec<(String, String)>,
}

impl ServerOptions {
    /// A server for tests: fast, temporary, with room for many tests at once.
    pub fn tests() -> Self {
        Self {
            data: DataFolder::Temporary,
            port: 0,
            durability: Durability::None,
            asks_password: false,
            certificate: None,
            settings: vec![("max_connections".to_owned(), "300".to_owned())],
        }
    }

    /// A server whose data is kept in `folder`.
    pub fn kept(folder: impl Into<PathBuf>, port: u16) -> Self {
        Self {
            data: DataFolder::Kept(folder.into()),
            port,
            durability: Durability::Full,
            asks_password: true,
            certificate: None,
            settings: Vec::new(),
        }
    }

    /// All settings, name and value; later ones win. The server looks for files from within its data.
    pub(super) fn settings(&self, port: u16) -> Vec<(String, String)> {
        let mut settings = vec![
            ("listen_addresses", Ipv4Addr::LOCALHOST.to_string()),
            ("port", port.to_string()),
            ("unix_socket_directories", String::new()),
            ("timezone", "UTC".to_owned()),
        ];
        if self.durability == Durability::None {
            let off = || "off".to_owned();
            settings.extend([("fsync", off()), ("synchronous_commit", off()), ("full_page_writes", off())]);
        }
        if self.certificate.is_some() {
            settings.push(("ssl", "on".to_owned()));
            settings.push(("ssl_cert_file", format!("../{CERTIFICATE_FILE}")));
            settings.push(("ssl_key_file", format!("../{KEY_FILE}")));
        }
        let ours = settings.into_iter().map(|(name, value)| (name.to_owned(), value));
        ours.chain(self.settings.iter().cloned()).collect()
    }
}

/// How a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopMode {
    /// Transactions are rolled back, everything is written.
    Fast,
    /// As in a crash: the next start recovers.
    Immediate,
    /// By a signal that it cannot hear: nothing that it had not written is written.
    Killed,
}
