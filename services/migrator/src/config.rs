//! The migrator's configuration: where the database is, whom to grant what, how patient to be.
//! It is read nowhere else, and it knows nothing of commands.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use service_kit::config::{Alias, Mistakes, Secret, Settings};
use service_kit::database::{DatabaseConfig, SslMode};
use service_kit::telemetry::LogFormat;
use sqlx::postgres::PgConnectOptions;

use crate::migrate::Roles;

/// All of it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the database is, and who works on it.
    pub database: DatabaseSection,
    /// How the migrator goes about it.
    pub migrations: MigrationsSection,
    /// What is told on standard error.
    pub log: LogSection,
}

/// The `[database]` section: what the services have, without what concerns requests, and with the roles.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSection {
    /// Everything in one: `postgres://user:password@host:port/name`. Either this or the parts below.
    pub url: Option<Secret>,
    /// The server's name or address, or the folder of its socket. Not a pooler's.
    pub host: Option<String>,
    /// The server's port; 5432 if absent.
    #[schemars(range(min = 1, max = 65_535))]
    pub port: Option<u16>,
    /// The database's name; `atelier` if absent.
    pub name: Option<String>,
    /// The login: the schema's owner.
    pub user: Option<String>,
    /// The login's password.
    pub password: Option<Secret>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
    /// How the connection is secured. If absent: `verify-full`, on loopback `prefer`.
    pub sslmode: Option<SslMode>,
    /// A file with the certificate authority that signed the server's certificate; if absent, the well-known ones.
    pub ca_file: Option<PathBuf>,
    /// Lets a connection to another machine be unencrypted or unverified.
    pub allow_plaintext: bool,
    /// The three logins of the split tier. Without them, one login owns everything and no grants are made.
    pub roles: RolesSection,
}

/// The `[database.roles]` section.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolesSection {
    /// Owns the schema; the migrator's login.
    pub owner: Option<String>,
    /// The login of order-status.
    pub writer: Option<String>,
    /// The login of orders.
    pub reader: Option<String>,
}

/// The `[migrations]` section.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MigrationsSection {
    /// How long to wait for a starting server, for the lock, and (each file anew) for busy tables. Milliseconds.
    #[schemars(range(min = 1, max = 86_400_000))]
    pub deadline_ms: u64,
    /// The image that this runs in, remembered with each applied file.
    pub image: Option<String>,
}

/// The `[log]` section.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogSection {
    /// The least level that is logged; directives such as `info,sqlx=warn` work too.
    pub level: String,
    /// The form of a line.
    pub format: LogFormat,
}

/// The address of the database, or the file with its password, cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("section [database] does not lead to a database")]
pub struct AddressError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Settings for Config {
    const DEFAULTS: &'static str = include_str!("../config.default.toml");
    const ALIASES: &'static [Alias] = &[];

    fn check(&self, mistakes: &mut Mistakes<'_>) {
        self.database.connection().check(mistakes);
        let RolesSection { owner, writer, reader } = &self.database.roles;
        let named = [("owner", owner), ("writer", writer), ("reader", reader)];
        if named.iter().any(|(_, name)| name.is_some()) {
            for (key, _) in named.iter().filter(|(_, name)| name.is_none()) {
                mistakes.add(
                    &format!("database.roles.{key}"),
                    "must be set: the split tier names all three, the single tier none",
                );
            }
        }
        if let (Some(owner), Some(writer), Some(reader)) = (owner, writer, reader)
            && let Err(error) = Roles::new(owner, writer, reader)
        {
            mistakes.add("database.roles.owner", error.to_string());
        }
    }
}

impl Config {
    /// The split tier's logins, if they are named.
    pub fn roles(&self) -> Option<Roles> {
        let RolesSection { owner, writer, reader } = &self.database.roles;
        Roles::new(owner.as_deref()?, writer.as_deref()?, reader.as_deref()?).ok()
    }

    /// How long anything is waited for.
    pub fn deadline(&self) -> Duration {
        Duration::from_millis(self.migrations.deadline_ms)
    }
}

impl DatabaseSection {
    /// How to connect.
    pub fn connect_options(&self) -> Result<PgConnectOptions, AddressError> {
        self.connection().connect_options("migrator").map_err(|error| AddressError(Box::new(error)))
    }

    /// The same in the services' words, so that addresses, secrets and TLS are judged in one place.
    /// What concerns requests is never used here; the limits of statements are set by each migration.
    fn connection(&self) -> DatabaseConfig {
        DatabaseConfig {
            url: self.url.clone(),
            host: self.host.clone(),
            port: self.port,
            name: self.name.clone(),
            user: self.user.clone(),
            password: self.password.clone(),
            password_file: self.password_file.clone(),
            sslmode: self.sslmode,
            ca_file: self.ca_file.clone(),
            allow_plaintext: self.allow_plaintext,
            connections: 1,
            connect_timeout_ms: 10_000,
            item_deadline_ms: 10_000,
            statement_timeout_ms: 10_000,
            queue_items_max: 1,
        }
    }
}
