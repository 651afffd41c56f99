//! `values.schema.json`: what Helm holds a release's values against before anything is rendered.

use serde_json::{Map, Value, json};

use super::ReferenceError;
use super::options::{Mark, Opt, Options};
use crate::charts::Chart;

/// The whole schema; keys that it does not know are refused at every level.
pub(crate) fn schema(chart: Chart, options: &Options) -> Result<Value, ReferenceError> {
    let properties = Value::Object(properties(&options.roots)?);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("Values of the chart {}", chart.name()),
        "type": "object",
        "additionalProperties": false,
        "$defs": used(&options.kinds, &properties),
        "properties": properties,
    });
    // Whether maps keep their order depends on what is built beside this program.
    schema.sort_all_objects();
    Ok(schema)
}

/// The kinds that are named by `schema`, or by such a kind.
fn used(kinds: &Map<String, Value>, schema: &Value) -> Map<String, Value> {
    let mut used = Map::new();
    let mut naming = vec![schema];
    while let Some(schema) = naming.pop() {
        let text = schema.to_string();
        for (name, kind) in kinds {
            if !used.contains_key(name) && text.contains(&format!("\"#/$defs/{name}\"")) {
                used.insert(name.clone(), kind.clone());
                naming.push(kind);
            }
        }
    }
    used
}

fn properties(options: &[Opt]) -> Result<Map<String, Value>, ReferenceError> {
    options.iter().map(|option| Ok((option.name().to_owned(), of(option)?))).collect()
}

fn of(option: &Opt) -> Result<Value, ReferenceError> {
    let mut schema = Map::from_iter([("description".to_owned(), json!(option.description))]);
    match &option.mark {
        Some(Mark::Kind(name)) => {
            schema.insert("$ref".to_owned(), json!(format!("#/$defs/{name}")));
        }
        Some(Mark::Schema(words)) => {
            schema.insert("type".to_owned(), json!(kind(option)?));
            schema.extend(words.clone());
        }
        None => {
            schema.insert("type".to_owned(), json!(kind(option)?));
            if !option.children.is_empty() {
                schema.insert("additionalProperties".to_owned(), json!(false));
                schema.insert("properties".to_owned(), Value::Object(properties(&option.children)?));
            }
        }
    }
    Ok(Value::Object(schema))
}

/// The type of the default, which no empty list or map without a mark tells.
fn kind(option: &Opt) -> Result<&'static str, ReferenceError> {
    let untold = || ReferenceError::Untold { path: option.path.clone() };
    match &option.default {
        Value::Bool(_) => Ok("boolean"),
        Value::Number(number) if number.is_f64() => Ok("number"),
        Value::Number(_) => Ok("integer"),
        Value::String(_) => Ok("string"),
        Value::Object(_) if !option.children.is_empty() => Ok("object"),
        Value::Array(_) | Value::Object(_) if option.mark.is_none() => Err(untold()),
        Value::Array(_) => Ok("array"),
        Value::Object(_) => Ok("object"),
        Value::Null => Err(untold()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says by panicking that something is not as it should be")]

    use super::*;

    fn of_text(text: &str) -> Result<Value, ReferenceError> {
        schema(Chart::Atelier, &Options::read(text)?)
    }

    #[test]
    fn types_are_those_of_the_defaults_and_marks_say_more() {
        let text = "# G.\ng:\n  # A.\n  a: 0.5\n  # B.\n  # @ {minimum: 1, maximum: 9}\n  b: 2\n  # C.\n  # @ name\n  c: \"\"\n";
        let schema = of_text(text).unwrap();
        let group = &schema["properties"]["g"];
        assert_eq!(group["additionalProperties"], json!(false));
        assert_eq!(group["properties"]["a"], json!({"type": "number", "description": "A."}));
        let b = json!({"type": "integer", "description": "B.", "minimum": 1, "maximum": 9});
        assert_eq!(group["properties"]["b"], b);
        assert_eq!(group["properties"]["c"], json!({"$ref": "#/$defs/name", "description": "C."}));
    }

    #[test]
    fn an_empty_list_or_map_must_say_what_may_stand_there() {
        for text in ["# A.\na: []\n", "# A.\na: {}\n", "# A.\na:\n"] {
            assert!(of_text(text).unwrap_err().to_string().starts_with("a is empty"), "{text}");
        }
        assert!(of_text("# A.\n# @ texts\na: {}\n").is_ok());
    }

    #[test]
    fn every_group_of_a_chart_refuses_keys_that_it_does_not_know() {
        fn closed(at: &str, schema: &Value) {
            let Some(properties) = schema["properties"].as_object() else { return };
            assert_eq!(schema["additionalProperties"], json!(false), "{at}");
            properties.iter().for_each(|(key, schema)| closed(&format!("{at}.{key}"), schema));
        }
        for (chart, group) in [
            (Chart::Atelier, "/properties/database/properties/auth"),
            (Chart::AtelierOperator, "/properties/crds"),
        ] {
            let schema = schema(chart, &Options::of_chart(chart).unwrap()).unwrap();
            assert!(schema.pointer(group).unwrap()["properties"].is_object());
            closed("", &schema);
        }
    }
}
