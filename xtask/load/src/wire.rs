//! The services' answers, as far as they are held against something. The fields are the API's own: docs/api.md.
#![expect(missing_docs, reason = "each is what docs/api.md says of it")]

use std::borrow::Cow;

use serde::Deserialize;

type Text<'a> = Cow<'a, str>;

/// Where an order stands: a part of every answer about one.
#[expect(clippy::struct_excessive_bools, reason = "the contract's five flags")]
#[derive(Debug, Deserialize)]
pub struct Standing<'a> {
    pub order_id: i64,
    #[serde(borrow)]
    pub status: Text<'a>,
    pub version: i64,
    pub alert: bool,
    pub requested: bool,
    pub accepted: bool,
    pub completed: bool,
    pub paid: bool,
}

/// A whole order, beside its standing.
#[derive(Debug, Deserialize)]
pub struct Order<'a> {
    pub id: i64,
    #[serde(borrow)]
    pub requester_id: Text<'a>,
    #[serde(borrow)]
    pub created_by: Text<'a>,
    #[serde(borrow)]
    pub model_id: Option<Text<'a>>,
    pub custom_params: Params,
    pub cost_initial: Option<f64>,
    pub cost_final: Option<f64>,
}

/// What the seed and the creates of a load put there.
#[derive(Debug, Deserialize)]
pub struct Params {
    pub scale: Option<i64>,
    pub number: Option<u64>,
}

/// What a create or a move answers with: twice the same object, read for its two parts.
#[derive(Debug, Deserialize)]
pub struct Written<T> {
    pub order: T,
}

/// One page of a list.
#[derive(Debug, Deserialize)]
pub struct Page<'a> {
    #[serde(borrow)]
    pub orders: Vec<Item<'a>>,
}

/// One order of a list.
#[derive(Debug, Deserialize)]
pub struct Item<'a> {
    pub order_id: i64,
    #[serde(borrow)]
    pub user_id: Text<'a>,
    #[serde(borrow)]
    pub created_by: Text<'a>,
    #[serde(borrow)]
    pub status: Text<'a>,
    pub alert: bool,
    pub version: i64,
    #[serde(borrow)]
    pub model_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub model_status: Text<'a>,
    #[serde(borrow)]
    pub model_details: Option<Model<'a>>,
}

/// A model, as the catalog told it.
#[derive(Debug, Deserialize)]
pub struct Model<'a> {
    #[serde(borrow)]
    pub model_id: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
}

/// A page of events.
#[derive(Debug, Deserialize)]
pub struct History<'a> {
    #[serde(borrow)]
    pub events: Vec<Event<'a>>,
}

/// One event.
#[derive(Debug, Deserialize)]
pub struct Event<'a> {
    pub version: i64,
    #[serde(borrow)]
    pub to_status: Text<'a>,
}
