//! The migrator's configuration: where the database is, whom to grant what, how patient to be.
//! It is read nowhere else, and it knows nothing of commands.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use service_kit::config::{Mistakes, Settings};
use service_kit::database::{Build, DatabaseAddress};
use service_kit::telemetry::{LogFormat, check_level};
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
pub struct DatabaseSection {
    /// Where it is, and the login, which owns the schema. Not a pooler's address.
    #[serde(flatten)]
    pub address: DatabaseAddress,
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

impl AddressError {
    /// For `map_err`.
    pub(crate) fn of(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(error))
    }
}

impl Settings for Config {
    const DEFAULTS: &'static str = include_str!("../config.default.toml");

    fn check(&self, mistakes: &mut Mistakes<'_>) {
        self.database.address.check(mistakes);
        check_level(&self.log.level, mistakes);
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
        let options = self.address.connect_options().map_err(AddressError::of)?;
        Ok(options.application_name(&Build::of("migrator").application_name()))
    }
}
