//! Every key of a configuration as a table for people to read, made of its schema and its defaults.

use std::fmt::Write;

use figment::Figment;
use figment::providers::{Format, Toml};
use serde_json::{Map, Value};

use super::{Settings, json_schema};

/// A line a key, in the schema's order: the key, its default, what it is and what it may be.
pub fn table<C: Settings>() -> String {
    let schema = json_schema::<C>();
    let defaults = Figment::from(Toml::string(C::DEFAULTS)).extract::<Value>().unwrap_or_default();
    let mut table = "| key | default | what it is |\n|---|---|---|\n".to_owned();
    if let Some(properties) = properties(schema.as_value()) {
        lines(properties, "", &defaults, &mut table);
    }
    table
}

fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties")?.as_object()
}

fn lines(keys: &Map<String, Value>, above: &str, defaults: &Value, table: &mut String) {
    for (name, schema) in keys {
        let key = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        let default = &defaults[name];
        if let Some(below) = properties(schema) {
            lines(below, &key, default, table);
            continue;
        }
        let default = if default.is_null() { String::new() } else { format!("`{default}`") };
        let about = about(schema).replace('\n', " ").replace('|', "\\|");
        // Writing to a text cannot fail.
        let _ = writeln!(table, "| `{key}` | {default} | {about} |");
    }
}

/// What a key is, and what it may be.
fn about(schema: &Value) -> String {
    let mut about = schema["description"].as_str().unwrap_or_default().to_owned();
    let choices = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
    for choice in choices.into_iter().flatten() {
        if let (Some(name), Some(means)) = (choice["const"].as_str(), choice["description"].as_str()) {
            let _ = write!(about, " `{name}`: {}", lower_first(means));
        }
    }
    if let (Some(least), Some(most)) = (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
        let _ = write!(about, " From {least} to {most}.");
    }
    if schema["writeOnly"] == true || schema["items"]["writeOnly"] == true {
        about += " Secret.";
    }
    about
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_tells_what_it_is_what_it_may_be_and_what_it_is_by_default() {
        let schema = json!({
            "a": {"properties": {
                "count": {"description": "How\nmany.", "minimum": 1, "maximum": 9},
                "mode": {"description": "How.", "oneOf": [{"const": "x", "description": "Like | this."}]},
            }},
            "secret": {"description": "A word.", "writeOnly": true},
        });
        let mut table = String::new();
        lines(schema.as_object().unwrap(), "", &json!({"a": {"count": 3}}), &mut table);
        let expected = "| `a.count` | `3` | How many. From 1 to 9. |\n\
                        | `a.mode` |  | How. `x`: like \\| this. |\n\
                        | `secret` |  | A word. Secret. |\n";
        assert_eq!(table, expected);
    }
}
