//! `custom_params`: the buyer's wishes, a JSON object whose meaning only the maker knows.
//! It is checked for what the database or a reader could not keep: size, NUL, integers that would lose digits.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use service_kit::http::{Fields, unreadable};

/// How many bytes its compact form may have.
const BYTES_MAX: usize = 16 * 1024;

/// How deep it may be nested: it goes out inside of lists, and readers give up at some depth.
const DEPTH_MAX: usize = 32;

const FIELD: &str = "custom_params";

/// The object in its compact form; an empty one where there is none.
pub(super) fn read(fields: &mut Fields) -> Option<Box<RawValue>> {
    let object = match fields.take_raw(FIELD) {
        None => Ok(Map::new()),
        Some(raw) => parse(raw.get()),
    };
    match object.and_then(|object| compact(&object)) {
        Ok(raw) => Some(raw),
        Err(message) => {
            fields.refuse(FIELD, message);
            None
        }
    }
}

fn parse(raw: &str) -> Result<Map<String, Value>, &'static str> {
    if has_inexact_integer(raw) {
        return Err("must hold no integer beyond 64 bits; send it as a text");
    }
    match serde_json::from_str(raw).map_err(|error| unreadable(&error))? {
        Value::Object(object) => Ok(object),
        // The replaced services were sent the object as a text that holds JSON.
        Value::String(text) if !has_inexact_integer(&text) => {
            serde_json::from_str(&text).map_err(|_| "must be a JSON object, or a text that holds one")
        }
        Value::String(_) => Err("must hold no integer beyond 64 bits; send it as a text"),
        _ => Err("must be a JSON object"),
    }
}

fn compact(object: &Map<String, Value>) -> Result<Box<RawValue>, &'static str> {
    if object.iter().any(|(key, value)| key.contains('\0') || has_nul(value)) {
        return Err("must not contain the character NUL");
    }
    if 1 + object.values().map(depth).max().unwrap_or(0) > DEPTH_MAX {
        return Err("is nested too deeply");
    }
    let raw = to_raw_value(object).map_err(|_| "cannot be written as JSON")?;
    if raw.get().len() > BYTES_MAX {
        return Err("must have at most 16384 bytes as compact JSON");
    }
    Ok(raw)
}

/// How deep arrays and objects stand in each other.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(object) => 1 + object.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(object) => object.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether JSON text has an integer that 64 bits do not hold: a parser would round it in silence.
fn has_inexact_integer(json: &str) -> bool {
    let mut in_string = false;
    let mut escaped = false;
    let bytes = json.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte == b'"' {
            in_string = true;
        } else if byte == b'-' || byte.is_ascii_digit() {
            let number = &json[at..];
            let end = number.find(|char: char| !matches!(char, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'));
            let number = &number[..end.unwrap_or(number.len())];
            let is_integer = !number.contains(['.', 'e', 'E']);
            if is_integer && number.parse::<i64>().is_err() && number.parse::<u64>().is_err() {
                return true;
            }
            at += number.len();
            continue;
        }
        at += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(raw: &str) -> Result<String, &'static str> {
        parse(raw).and_then(|object| compact(&object)).map(|raw| raw.get().to_owned())
    }

    #[test]
    fn an_object_and_a_text_that_holds_one_become_the_same() {
        assert_eq!(accepted(r#"{ "size": [1, 2.5] }"#), Ok(r#"{"size":[1,2.5]}"#.to_owned()));
        assert_eq!(accepted(r#""{\"size\":[1,2.5]}""#), Ok(r#"{"size":[1,2.5]}"#.to_owned()));
    }

    #[test]
    fn integers_of_64_bits_are_kept_and_larger_ones_refused() {
        for kept in ["18446744073709551615", "-9223372036854775808", "0", "1e300", "1.5"] {
            assert!(accepted(&format!("{{\"n\":{kept}}}")).is_ok(), "{kept}");
        }
        for refused in ["18446744073709551616", "-9223372036854775809"] {
            assert!(accepted(&format!("{{\"n\":{refused}}}")).is_err(), "{refused}");
            assert!(accepted(&format!("\"{{\\\"n\\\":{refused}}}\"")).is_err(), "{refused} in a text");
        }
        assert!(
            accepted(r#"{"n":"18446744073709551616 \" 99999999999999999999"}"#).is_ok(),
            "digits in a text are no integer"
        );
    }

    #[test]
    fn what_the_database_cannot_keep_is_refused() {
        for raw in [
            r#"{"a":"\u0000"}"#,
            r#"{"\u0000":1}"#,
            r#"{"a":["\u0000"]}"#,
            r#"{"a":"\ud800"}"#,
            "[]",
            "1",
            "\"x\"",
        ] {
            assert!(accepted(raw).is_err(), "{raw}");
        }
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(accepted(&nested(DEPTH_MAX - 1)).is_ok());
        assert!(accepted(&nested(DEPTH_MAX)).is_err());
        let largest = format!("{{\"a\":\"{}\"}}", "x".repeat(BYTES_MAX - 8));
        assert!(accepted(&largest).is_ok());
        assert!(accepted(&largest.replace("\"a\"", "\"aa\"")).is_err());
    }
}
