//! The order status service's configuration. Defaults stand in `config.default.toml`, the schema in `config.schema.json`.

use schemars::JsonSchema;
use serde::Deserialize;
use service_kit::config::{Alias, Listen, Mistakes, Settings};
use service_kit::database::{DATABASE_KEYS, DatabaseConfig};
use service_kit::http::HttpConfig;
use service_kit::identity::AuthConfig;
use service_kit::lifecycle::ShutdownConfig;
use service_kit::service::Base;
use service_kit::telemetry::LogConfig;

/// Everything that can be configured.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where callers reach the service.
    pub listen: Listen,
    /// Where the cluster reaches it: probes and metrics. No ingress may expose it.
    pub ops_listen: Listen,
    /// How callers are known.
    pub auth: AuthConfig,
    /// The database; the login needs the writer's rights.
    pub database: DatabaseConfig,
    /// What a client may send, and how slowly.
    pub http: HttpConfig,
    /// What is logged and how.
    pub log: LogConfig,
    /// How the process stops.
    pub shutdown: ShutdownConfig,
}

impl Config {
    pub(crate) fn base(&self) -> Base<'_> {
        Base {
            listen: &self.listen,
            ops_listen: &self.ops_listen,
            auth: &self.auth,
            database: &self.database,
            http: &self.http,
            log: &self.log,
            shutdown: &self.shutdown,
        }
    }
}

impl Settings for Config {
    const DEFAULTS: &'static str = include_str!("../config.default.toml");

    const ALIASES: &'static [Alias] = &[
        Alias {
            variable: "PORT",
            key: "listen",
            convert: |port| format!("127.0.0.1:{port}"),
            outranked_by: &["listen"],
        },
        Alias {
            variable: "DB_URL",
            key: "database.url",
            convert: str::to_owned,
            outranked_by: DATABASE_KEYS,
        },
        Alias {
            variable: "POSTGRES_URI",
            key: "database.url",
            convert: str::to_owned,
            outranked_by: DATABASE_KEYS,
        },
        Alias {
            variable: "DATABASE_URL",
            key: "database.url",
            convert: str::to_owned,
            outranked_by: DATABASE_KEYS,
        },
    ];

    fn check(&self, mistakes: &mut Mistakes<'_>) {
        self.auth.check(&self.listen, mistakes);
        self.database.check(mistakes);
    }
}
