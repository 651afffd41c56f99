//! Old parameters as the new schema takes them. The text is passed on as it is, so that no digit of a number is lost; here it is
//! only judged.

use serde_json::Value;

/// A text of JSON for `orders.custom_params`, and whether it had to be put under a key because it is no object.
pub(super) fn adopted(kind: &str, text: Option<&str>) -> (String, bool) {
    match (kind, text) {
        ("object", Some(text)) => (text.to_owned(), false),
        ("string", Some(text)) if is_object(text) => (text.to_owned(), false),
        ("string", Some(text)) => (format!("{{\"value\": {}}}", Value::from(text)), true),
        ("other", Some(text)) => (format!("{{\"value\": {text}}}"), true),
        _ => ("{}".to_owned(), false),
    }
}

/// Whether PostgreSQL will take it for an object, too: it stores no NUL.
fn is_object(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object() && !has_nul(&value))
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(has_nul),
        Value::Object(entries) => entries.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::adopted;

    #[test]
    fn a_text_that_holds_an_object_becomes_it_and_keeps_each_digit() {
        let text = r#" {"height": 1.10, "id": 123456789012345678901234567890} "#;
        assert_eq!(adopted("string", Some(text)), (text.to_owned(), false));
        assert_eq!(adopted("object", Some("{}")), ("{}".to_owned(), false));
        assert_eq!(adopted("large", None), ("{}".to_owned(), false));
    }

    #[test]
    fn what_is_no_object_is_kept_under_a_key() {
        for (kind, text, kept) in [
            ("other", "[1]", r#"{"value": [1]}"#),
            ("string", "[1]", r#"{"value": "[1]"}"#),
            ("string", "say \"hi\"\n", r#"{"value": "say \"hi\"\n"}"#),
            ("string", r#"{"a":"\u0000"}"#, r#"{"value": "{\"a\":\"\\u0000\"}"}"#),
            ("string", r#"{"a":"\ud800"}"#, r#"{"value": "{\"a\":\"\\ud800\"}"}"#),
        ] {
            assert_eq!(adopted(kind, Some(text)), (kept.to_owned(), true), "{kind} {text}");
        }
    }
}
