//! The orders that the document's examples show, made of the same types as every other.
//! `None` stands for a sample that its own type refuses; a test would find its example missing.

use order_model::{Cost, ModelId, OrderId, Stage};
use serde_json::value::RawValue;
use service_kit::http::{ListKey, Problem};
use time::macros::datetime;

use crate::catalog::ModelDetails;
use crate::store::ListItem;

const MODEL_ID: &str = "65f0c0de0000000000000abc";

/// Two paid orders, newest first.
pub(super) fn items() -> [Option<ListItem>; 2] {
    [item(9), item(7)]
}

fn item(order_id: i64) -> Option<ListItem> {
    Some(ListItem {
        order_id: OrderId::try_from(order_id).ok()?,
        requester_id: "ada".to_owned(),
        created_by: "maren".to_owned(),
        stage: Stage::Paid,
        alert: false,
        version: 5,
        model_id: ModelId::try_from(MODEL_ID.to_owned()).ok(),
        custom_params: RawValue::from_string(r#"{"color":"blue"}"#.to_owned()).ok()?,
        cost_initial: Cost::try_from(30.0).ok(),
        cost_final: Cost::try_from(32.5).ok(),
        created_at: datetime!(2026-01-02 03:04:05.678901 UTC),
    })
}

/// Their model, of whose file the catalog does not tell the format.
pub(super) fn model() -> ModelDetails {
    let told = |text: &str| Some(text.to_owned());
    ModelDetails {
        model_id: told(MODEL_ID),
        name: told("Vase"),
        description: told("A tall vase"),
        format: None,
        price: told("30.00"),
        created_by: told("maren"),
    }
}

/// The cursor of a page that ended after them.
pub(super) fn cursor() -> String {
    ListKey { epoch: 0, parts: &["requester", "paid", "any", "ada"] }.encode(7)
}

/// 400 for a cursor that is none.
pub(super) fn wrong_cursor() -> Option<Problem> {
    ListKey { epoch: 0, parts: &[] }.decode("7").err()
}
