//! The catalog's answer, and what is passed on of it. Unknown fields are dropped, missing ones are `null`, lies are refused.

use order_model::ModelId;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// Some senders put it before their JSON; it says nothing.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A model, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ModelDetails {
    /// The catalog's id of it.
    pub(crate) model_id: Option<String>,
    /// What it is called.
    pub(crate) name: Option<String>,
    /// What it is.
    pub(crate) description: Option<String>,
    /// The format of its file.
    pub(crate) format: Option<String>,
    /// What it costs, as the catalog writes it: some send a number, some a text.
    #[serde(default, deserialize_with = "number_or_text")]
    pub(crate) price: Option<String>,
    /// Who made it.
    pub(crate) created_by: Option<String>,
}

impl ModelDetails {
    /// The text in which every list shows it: written once, shown often.
    pub(crate) fn written(&self) -> Box<RawValue> {
        // Texts and nulls are always JSON.
        serde_json::value::to_raw_value(self).unwrap_or_else(|_| RawValue::NULL.to_owned())
    }
}

#[derive(Deserialize)]
struct Answer {
    model: ModelDetails,
}

/// Why an answer is no model.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    /// Not the JSON of a model.
    #[error("not the JSON of a model")]
    Shape(#[source] serde_json::Error),
    /// Another model than was asked for.
    #[error("another model than was asked for")]
    AnotherModel,
}

/// Reads the answer to a question for `asked`.
pub(super) fn parse(body: &[u8], asked: &ModelId) -> Result<ModelDetails, WireError> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let Answer { model } = serde_json::from_slice(body).map_err(WireError::Shape)?;
    match &model.model_id {
        Some(id) if !id.eq_ignore_ascii_case(asked.as_str()) => Err(WireError::AnotherModel),
        _ => Ok(model),
    }
}

fn number_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    // Raw, so that a price of 10.50 stays 10.50.
    let Some(raw) = Option::<Box<RawValue>>::deserialize(deserializer)? else {
        return Ok(None);
    };
    match raw.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw.get()).map(Some).map_err(serde::de::Error::custom),
        Some(b'-' | b'0'..=b'9') => Ok(Some(raw.get().to_owned())),
        _ => Err(serde::de::Error::custom("price is neither a number nor a text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> ModelId {
        ModelId::try_from("65f0c0de0000000000000Abc".to_owned()).unwrap()
    }

    fn price(json: &str) -> Result<Option<String>, WireError> {
        parse(format!("{{\"model\":{{\"price\":{json}}}}}").as_bytes(), &id()).map(|model| model.price)
    }

    #[test]
    fn a_price_is_passed_on_as_text_whatever_it_was() {
        assert_eq!(price("10.50").unwrap().as_deref(), Some("10.50"));
        assert_eq!(price("\"10 EUR\"").unwrap().as_deref(), Some("10 EUR"));
        assert_eq!(price("null").unwrap(), None);
        assert!(price("true").is_err());
        assert!(price("[1]").is_err());
    }

    #[test]
    fn unknown_fields_are_dropped_and_missing_ones_are_null() {
        let model = parse(b"\xEF\xBB\xBF{\"model\":{\"name\":\"Vase\",\"internal_rank\":7}}", &id()).unwrap();
        assert_eq!(model.name.as_deref(), Some("Vase"));
        assert_eq!(model.description, None);
        assert_eq!(model.price, None);
    }

    #[test]
    fn wrong_types_and_other_models_are_refused() {
        for body in ["", "{}", "[]", "{\"model\":null}", "{\"model\":{\"name\":7}}", "<html>"] {
            assert!(matches!(parse(body.as_bytes(), &id()), Err(WireError::Shape(_))), "{body}");
        }
        let other = b"{\"model\":{\"model_id\":\"65f0c0de0000000000000abd\"}}";
        assert!(matches!(parse(other, &id()), Err(WireError::AnotherModel)));
        let same = b"{\"model\":{\"model_id\":\"65F0C0DE0000000000000ABC\"}}";
        assert!(parse(same, &id()).is_ok());
    }
}
