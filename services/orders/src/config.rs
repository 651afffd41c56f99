//! The orders service's configuration. Defaults stand in `config.default.toml`, the schema in `config.schema.json`.

use schemars::JsonSchema;
use serde::Deserialize;
use service_kit::config::{Alias, Mistakes, Settings};
use service_kit::service::{REPLACED_ALIASES, ServiceConfig};
use service_kit::telemetry::{OTEL_ALIASES, OTEL_PREFIX};

use crate::catalog::CatalogConfig;

/// Everything that can be configured. The database may be a replica; its login needs the reader's rights only.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub struct Config {
    /// The sections that every service has.
    #[serde(flatten)]
    pub base: ServiceConfig,
    /// The catalog of models.
    pub catalog: CatalogConfig,
}

impl Settings for Config {
    const DEFAULTS: &'static str = include_str!("../config.default.toml");

    const ALIASES: &'static [&'static [Alias]] = &[
        REPLACED_ALIASES,
        &[Alias { variable: "CATALOG_URL", key: "catalog.url", convert: str::to_owned, outranked_by: &[] }],
        OTEL_ALIASES,
    ];
    const STANDARDS: &'static [&'static str] = &[OTEL_PREFIX];

    fn check(&self, mistakes: &mut Mistakes<'_>) {
        self.base.check(mistakes);
        self.catalog.check(mistakes);
        if self.base.database.write_connections > 0 {
            mistakes.add("database.write_connections", "must be 0: this service writes nothing");
        }
    }
}
