//! The order status service's configuration. Defaults stand in `config.default.toml`, the schema in `config.schema.json`.

use schemars::JsonSchema;
use serde::Deserialize;
use service_kit::config::{Alias, Mistakes, Settings};
use service_kit::service::{REPLACED_ALIASES, ServiceConfig};
use service_kit::telemetry::{OTEL_ALIASES, OTEL_PREFIX};

/// Everything that can be configured. The database's login needs the writer's rights.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub struct Config {
    /// The sections that every service has.
    #[serde(flatten)]
    pub base: ServiceConfig,
}

impl Settings for Config {
    const DEFAULTS: &'static str = include_str!("../config.default.toml");

    const ALIASES: &'static [&'static [Alias]] = &[REPLACED_ALIASES, OTEL_ALIASES];
    const STANDARDS: &'static [&'static str] = &[OTEL_PREFIX];

    fn check(&self, mistakes: &mut Mistakes<'_>) {
        self.base.check(mistakes);
        if self.base.database.write_connections == 0 {
            mistakes.add("database.write_connections", "must be 1 at least: this service writes");
        }
    }
}
