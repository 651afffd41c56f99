//! The services' answers, as far as they are held against something.

use std::borrow::Cow;

use serde::Deserialize;

type Text<'a> = Cow<'a, str>;

/// Where an order stands: a part of every answer about one.
#[expect(clippy::struct_excessive_bools, reason = "the contract's five flags")]
#[derive(Debug, Deserialize)]
pub(super) struct Standing<'a> {
    pub(super) order_id: i64,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    pub(super) version: i64,
    pub(super) alert: bool,
    pub(super) requested: bool,
    pub(super) accepted: bool,
    pub(super) completed: bool,
    pub(super) paid: bool,
}

/// A whole order, beside its standing.
#[derive(Debug, Deserialize)]
pub(super) struct Order<'a> {
    pub(super) id: i64,
    #[serde(borrow)]
    pub(super) requester_id: Text<'a>,
    #[serde(borrow)]
    pub(super) created_by: Text<'a>,
    #[serde(borrow)]
    pub(super) model_id: Option<Text<'a>>,
    pub(super) custom_params: Params,
    pub(super) cost_initial: Option<f64>,
    pub(super) cost_final: Option<f64>,
}

/// What the seed and the creates of a load put there.
#[derive(Debug, Deserialize)]
pub(super) struct Params {
    pub(super) scale: Option<i64>,
    pub(super) number: Option<u64>,
}

/// What a create or a move answers with: twice the same object, read for its two parts.
#[derive(Debug, Deserialize)]
pub(super) struct Written<T> {
    pub(super) order: T,
}

/// One page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page<'a> {
    #[serde(borrow)]
    pub(super) orders: Vec<Item<'a>>,
}

/// One order of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Item<'a> {
    pub(super) order_id: i64,
    #[serde(borrow)]
    pub(super) user_id: Text<'a>,
    #[serde(borrow)]
    pub(super) created_by: Text<'a>,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    pub(super) alert: bool,
    pub(super) version: i64,
    #[serde(borrow)]
    pub(super) model_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) model_status: Text<'a>,
    #[serde(borrow)]
    pub(super) model_details: Option<Model<'a>>,
}

/// A model, as the catalog told it.
#[derive(Debug, Deserialize)]
pub(super) struct Model<'a> {
    #[serde(borrow)]
    pub(super) model_id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
}

/// A page of events.
#[derive(Debug, Deserialize)]
pub(super) struct History<'a> {
    #[serde(borrow)]
    pub(super) events: Vec<Event<'a>>,
}

/// One event.
#[derive(Debug, Deserialize)]
pub(super) struct Event<'a> {
    pub(super) version: i64,
    #[serde(borrow)]
    pub(super) to_status: Text<'a>,
}
