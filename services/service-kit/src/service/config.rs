//! The sections that every service's configuration has, and the variables that fill them beside its own.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::audit::AuditConfig;
use crate::config::{Alias, Listen, Mistakes};
use crate::database::{DATABASE_KEYS, DatabaseConfig};
use crate::http::HttpConfig;
use crate::identity::{AuthConfig, LimitsConfig};
use crate::lifecycle::ShutdownConfig;
use crate::telemetry::{LogConfig, TelemetryConfig};

/// The sections that every service's configuration has. A service flattens them into its own.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ServiceConfig {
    /// Where callers reach the service.
    pub listen: Listen,
    /// Where the cluster reaches it: probes and metrics. No ingress may expose it.
    pub ops_listen: Listen,
    /// How callers are known.
    pub auth: AuthConfig,
    /// The database.
    pub database: DatabaseConfig,
    /// What a client may send, and how slowly.
    pub http: HttpConfig,
    /// How often one caller may ask.
    pub limits: LimitsConfig,
    /// How callers are told apart in audit lines.
    pub audit: AuditConfig,
    /// What is logged and how.
    pub log: LogConfig,
    /// Which requests get spans, and where those go.
    pub telemetry: TelemetryConfig,
    /// How the process stops.
    pub shutdown: ShutdownConfig,
}

impl ServiceConfig {
    /// Adds what is wrong between the keys.
    pub fn check(&self, mistakes: &mut Mistakes<'_>) {
        if self.ops_listen.is_also(&self.listen) {
            mistakes.add("ops_listen", "is the address of listen: give it a port of its own");
        }
        self.auth.check(&self.listen, mistakes);
        self.audit.check(mistakes);
        self.database.check(mistakes);
        self.log.check(mistakes);
        self.telemetry.check(mistakes);
    }
}

/// What the replaced services read. `PORT` names no address, so it fills that of this machine.
pub const REPLACED_ALIASES: &[Alias] = &[
    Alias { variable: "PORT", key: "listen", convert: |port| format!("127.0.0.1:{port}"), outranked_by: &[] },
    database_alias("DB_URL"),
    database_alias("POSTGRES_URI"),
    database_alias("DATABASE_URL"),
];

const fn database_alias(variable: &'static str) -> Alias {
    Alias { variable, key: "database.url", convert: str::to_owned, outranked_by: DATABASE_KEYS }
}
