//! The JSON schema of a configuration: committed beside each binary, tested against the chart, and the walker's guide.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

/// The schema of `C`, without references, unknown keys refused.
pub fn json_schema<C: JsonSchema>() -> schemars::Schema {
    SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .for_deserialize()
        .into_generator()
        .into_root_schema_for::<C>()
}
