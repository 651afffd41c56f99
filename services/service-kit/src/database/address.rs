//! Where the database is and who we are there: the same for the services and for the migrator.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::config::{Mistakes, Secret, is_loopback_host};

/// The keys that say where the database is.
pub const DATABASE_KEYS: &[&str] = &["database.url", "database.host"];

/// The keys of the `[database]` section that lead to it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct DatabaseAddress {
    /// Everything in one: `postgres://user:password@host:port/name`. Either this or the parts below.
    pub url: Option<Secret>,
    /// The server's name or address, or the folder of its socket.
    pub host: Option<String>,
    /// The server's port; 5432 if absent.
    #[schemars(range(min = 1, max = 65_535))]
    pub port: Option<u16>,
    /// The database's name; `atelier` if absent.
    pub name: Option<String>,
    /// The login's name.
    pub user: Option<String>,
    /// A file that holds the login's name; read again for each new connection, like the password.
    pub user_file: Option<PathBuf>,
    /// The login's password.
    pub password: Option<Secret>,
    /// A file that holds the password; read again for each new connection, so that it can be rotated.
    pub password_file: Option<PathBuf>,
    /// How the connection is secured. If absent: `verify-full`, on loopback `prefer`.
    pub sslmode: Option<SslMode>,
    /// A file with the certificate authority that signed the server's certificate, believed beside the well-known ones.
    pub ca_file: Option<PathBuf>,
    /// Lets a connection to another machine be unencrypted or unverified.
    pub allow_plaintext: bool,
}

/// How a connection is secured, in libpq's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// Never encrypted.
    Disable,
    /// Encrypted if the server insists.
    Allow,
    /// Encrypted if the server can.
    Prefer,
    /// Encrypted, to whomever.
    Require,
    /// Encrypted, to a server whose certificate is signed by the authority.
    VerifyCa,
    /// Encrypted, to the server that the certificate names.
    VerifyFull,
}

/// Why connection options cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectOptionsError {
    /// `database.url` is no URL of PostgreSQL's.
    #[error("database.url is not of the form postgres://user:password@host:port/name")]
    Url(#[source] sqlx::Error),
    /// `database.user_file` or `database.password_file` cannot be read.
    #[error("{key} {} cannot be read", file.display())]
    File {
        /// Which key names it.
        key: &'static str,
        /// Which file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// The library takes any scheme for its own.
fn is_postgres_url(url: &str) -> bool {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    matches!(scheme, Some("postgres" | "postgresql")) && PgConnectOptions::from_str(url).is_ok()
}

/// What the library understands behind the question mark; the rest it would ignore.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

fn parameters(url: &str) -> impl Iterator<Item = &str> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split('=').next().unwrap_or(pair))
}

/// Whether the library knows them all.
fn check_parameters(url: &str, mistakes: &mut Mistakes<'_>) -> bool {
    let unknown = |name: &&str| !(PARAMETERS.contains(name) || name.starts_with("options["));
    let mut are_known = true;
    for name in parameters(url).filter(unknown) {
        let problem = format!(
            "has the parameter '{name}', which is unknown: the known ones are {}",
            PARAMETERS.join(", ")
        );
        mistakes.add("database.url", problem);
        are_known = false;
    }
    are_known
}

/// What a file holds, without the newline that editors add.
fn read(key: &'static str, file: &Path) -> Result<String, ConnectOptionsError> {
    let text = std::fs::read_to_string(file).map_err(|source| ConnectOptionsError::File {
        key,
        file: file.to_owned(),
        source,
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

impl DatabaseAddress {
    /// Adds what is wrong between the keys.
    pub fn check(&self, mistakes: &mut Mistakes<'_>) {
        // The library would write what it does not know to the log, with its value, each time it is asked.
        if self.url.as_ref().is_some_and(|url| !check_parameters(url.expose(), mistakes)) {
            return;
        }
        match (&self.url, &self.host) {
            (None, None) => mistakes.add("database.host", "must be set, or database.url"),
            (Some(_), Some(_)) => mistakes.add("database.host", "database.url is set too; use one of them"),
            (Some(url), None) if !is_postgres_url(url.expose()) => {
                mistakes.add("database.url", "must be of the form postgres://user:password@host:port/name");
            }
            _ => {}
        }
        if self.password.is_some() && self.password_file.is_some() {
            mistakes.add("database.password_file", "database.password is set too; use one of them");
        }
        if self.user.is_some() && self.user_file.is_some() {
            mistakes.add("database.user_file", "database.user is set too; use one of them");
        }
        if self.url.is_none() && self.host.is_some() && self.user.is_none() && self.user_file.is_none() {
            mistakes.add("database.user", "must be set, or database.user_file");
        }
        if self.ca_file.is_some() && matches!(self.ssl_mode(), PgSslMode::Require) {
            let problem = "require does not look at the certificate, and so not at database.ca_file: use verify-full or verify-ca";
            mistakes.add("database.sslmode", problem);
        }
        if self.is_unprotected() {
            let problem = "would send the password to another machine unprotected: use verify-full, or set \
                           database.allow_plaintext=true";
            mistakes.add("database.sslmode", problem);
        }
    }

    /// Whether the password would go to another machine without anybody having allowed it.
    pub fn is_unprotected(&self) -> bool {
        let unverified = matches!(self.ssl_mode(), PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer);
        unverified && !self.is_loopback() && !self.allow_plaintext
    }

    /// The options of a new connection. Files are read anew each time.
    pub fn connect_options(&self) -> Result<PgConnectOptions, ConnectOptionsError> {
        let mut options = match &self.url {
            Some(url) => PgConnectOptions::from_str(url.expose()).map_err(ConnectOptionsError::Url)?,
            None => PgConnectOptions::new_without_pgpass()
                .host(self.host.as_deref().unwrap_or("localhost"))
                .port(self.port.unwrap_or(5432))
                .username(self.user.as_deref().unwrap_or("atelier"))
                .database(self.name.as_deref().unwrap_or("atelier")),
        };
        if let Some(file) = &self.user_file {
            options = options.username(&read("database.user_file", file)?);
        }
        if let Some(password) = &self.password {
            options = options.password(password.expose());
        }
        if let Some(file) = &self.password_file {
            options = options.password(&read("database.password_file", file)?);
        }
        if let Some(file) = &self.ca_file {
            options = options.ssl_root_cert(file);
        }
        // No float is read here, and a pooler need not know this parameter.
        Ok(options.ssl_mode(self.ssl_mode()).extra_float_digits(None))
    }

    fn ssl_mode(&self) -> PgSslMode {
        match self.sslmode {
            Some(SslMode::Disable) => PgSslMode::Disable,
            Some(SslMode::Allow) => PgSslMode::Allow,
            Some(SslMode::Prefer) => PgSslMode::Prefer,
            Some(SslMode::Require) => PgSslMode::Require,
            Some(SslMode::VerifyCa) => PgSslMode::VerifyCa,
            Some(SslMode::VerifyFull) => PgSslMode::VerifyFull,
            None => match self.parsed_url() {
                Some(options) if self.url_names_sslmode() => options.get_ssl_mode(),
                _ if self.is_loopback() => PgSslMode::Prefer,
                _ => PgSslMode::VerifyFull,
            },
        }
    }

    fn parsed_url(&self) -> Option<PgConnectOptions> {
        PgConnectOptions::from_str(self.url.as_ref()?.expose()).ok()
    }

    fn url_names_sslmode(&self) -> bool {
        self.url
            .as_ref()
            .is_some_and(|url| url.expose().contains("sslmode=") || url.expose().contains("ssl-mode="))
    }

    fn is_loopback(&self) -> bool {
        let from_url = self.parsed_url();
        if from_url.as_ref().is_some_and(|options| options.get_socket().is_some()) {
            return true;
        }
        let host =
            from_url.as_ref().map(PgConnectOptions::get_host).or(self.host.as_deref()).unwrap_or("localhost");
        host.starts_with('/') || is_loopback_host(host)
    }
}
