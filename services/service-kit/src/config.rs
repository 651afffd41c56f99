//! Configuration, read in one place: defaults < aliases < file < environment.
//!
//! Every mistake is found before the process starts, and all of them are listed at once.
//! A secret must never appear in a message, a dump or a log.

mod check;
mod layers;
mod listen;
mod mistake;
mod schema;
mod secret;
mod table;
mod walker;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

pub use check::Mistakes;
pub use layers::{Alias, Sources};
pub use listen::is_loopback_host;
pub use listen::{Listen, ListenError};
pub use mistake::ConfigError;
pub use schema::json_schema;
pub use secret::Secret;
pub use table::table;

/// The configuration of one binary.
pub trait Settings: DeserializeOwned + JsonSchema {
    /// The defaults: a TOML file that stands beside the code and is embedded in the binary.
    const DEFAULTS: &'static str;

    /// Environment variables of others, such as the replaced services, and the keys that they fill: lists of them.
    const ALIASES: &'static [&'static [Alias]] = &[];

    /// How variables begin that belong to a standard of which [`Self::ALIASES`] are a part: the others do nothing, and are told.
    const STANDARDS: &'static [&'static str] = &[];

    /// Adds what no key alone can tell: values that exclude or require each other.
    fn check(&self, mistakes: &mut Mistakes<'_>);
}

/// A configuration that passed, and where each value came from.
#[derive(Debug)]
pub struct Loaded<C> {
    /// The values.
    pub settings: C,
    /// What the operator should know: which alias filled which key, and which variables do nothing.
    pub notices: Vec<String>,
    /// Every key that has a value, in order, secrets masked.
    pub values: Vec<DumpedValue>,
}

/// One key of a loaded configuration, fit to be shown.
#[derive(Debug)]
pub struct DumpedValue {
    /// The key, levels joined by dots.
    pub key: String,
    /// The value as TOML; `"***"` for a secret.
    pub value: String,
    /// The layer that it came from, in words.
    pub origin: String,
}

/// Reads the configuration from `sources`, or says everything that is wrong with it.
pub fn load<C: Settings>(sources: &Sources) -> Result<Loaded<C>, ConfigError> {
    let schema = json_schema::<C>();
    let layers = layers::Layers::read(C::DEFAULTS, &C::ALIASES.concat(), C::STANDARDS, sources)?;
    let mut walk = walker::Walk::new(&layers);
    let value = walk.root(schema.as_value());
    let (mut found, values) = walk.finish();

    let settings = match serde_json::from_value::<C>(value) {
        Ok(settings) => {
            settings.check(&mut Mistakes::new(&layers, &mut found));
            Some(settings)
        }
        // The walker has named what is wrong in most cases; what only serde sees is added, so that nothing stays silent.
        Err(error) => {
            if found.is_empty() {
                found.push(mistake::Mistake::whole(error.to_string()));
            }
            None
        }
    };
    match settings {
        Some(settings) if found.is_empty() => Ok(Loaded { settings, notices: layers.notices, values }),
        _ => Err(ConfigError::Mistakes(found)),
    }
}

/// Reads the process's own environment: the only place that does.
#[expect(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
pub fn process_sources(file: Option<PathBuf>) -> Sources {
    let file = file.or_else(|| std::env::var_os("ATELIER_CONFIG").map(PathBuf::from));
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    Sources { file, environment }
}
