//! Orders as callers see them. The keys are those of the replaced services; none may be renamed or dropped.

use std::sync::OnceLock;

use axum::http::header::ETAG;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use order_model::{
    Cost, Flags, ModelId, Order, OrderId, Reason, Role, Stage, UserId, Username, Version, next_moves,
};
use serde::Serialize;
use serde_json::value::RawValue;
use service_kit::database::Gate;
use service_kit::http::{EntityTag, if_none_match, json};
use time::OffsetDateTime;
use time::serde::rfc3339;

use crate::store::{Event, OrderRecord, Standing};

/// What an order or its status takes, most of the time.
const ORDER_BYTES: usize = 1024;

/// `Order`: the whole of it.
#[derive(Debug, Serialize)]
pub(crate) struct OrderView<'a> {
    /// The same as `order_id`, kept for old callers.
    id: OrderId,
    order_id: OrderId,
    requester_id: &'a UserId,
    created_by: &'a Username,
    #[serde(flatten)]
    flags: Flags,
    status: Stage,
    version: Version,
    alert_reason: Option<&'a Reason>,
    model_id: Option<&'a ModelId>,
    custom_params: &'a RawValue,
    cost_initial: Option<Cost>,
    cost_final: Option<Cost>,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl<'a> From<&'a OrderRecord> for OrderView<'a> {
    fn from(record: &'a OrderRecord) -> Self {
        let OrderRecord { order, terms, created_at, updated_at } = record;
        Self {
            id: order.id,
            order_id: order.id,
            requester_id: &order.requester_id,
            created_by: &order.created_by,
            flags: order.flags(),
            status: order.stage,
            version: order.version,
            alert_reason: order.alert.as_ref().and_then(|alert| alert.reason.as_ref()),
            model_id: terms.model_id.as_ref(),
            custom_params: &terms.custom_params,
            cost_initial: terms.cost_initial,
            cost_final: terms.cost_final,
            created_at: *created_at,
            updated_at: *updated_at,
        }
    }
}

/// `Status`: where it stands, and which moves the table allows from there.
#[derive(Debug, Serialize)]
pub(super) struct StatusView<'a> {
    order_id: OrderId,
    #[serde(flatten)]
    flags: Flags,
    status: Stage,
    version: Version,
    alert_reason: Option<&'a Reason>,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
    next: &'static RawValue,
}

impl<'a> From<&'a Standing> for StatusView<'a> {
    fn from(standing: &'a Standing) -> Self {
        let Standing { order, updated_at } = standing;
        Self {
            order_id: order.id,
            flags: order.flags(),
            status: order.stage,
            version: order.version,
            alert_reason: order.alert.as_ref().and_then(|alert| alert.reason.as_ref()),
            updated_at: *updated_at,
            next: next(order),
        }
    }
}

/// The open moves as JSON. They hang on the stage and on who raised an alert alone, so there are few and each is written once.
fn next(order: &Order) -> &'static RawValue {
    const STAGES: usize = Stage::ALL.len();
    /// Nobody, or one of three roles.
    const RAISERS: usize = 4;
    static WRITTEN: [[OnceLock<Box<RawValue>>; RAISERS]; STAGES] =
        [const { [const { OnceLock::new() }; RAISERS] }; STAGES];
    let raiser = order.alert.as_ref().map_or(0, |alert| match alert.raised_by {
        Role::Requester => 1,
        Role::Creator => 2,
        Role::Operator => 3,
    });
    WRITTEN[order.stage as usize][raiser].get_or_init(|| {
        // Names and flags are always JSON.
        serde_json::value::to_raw_value(&next_moves(order)).unwrap_or_else(|_| RawValue::NULL.to_owned())
    })
}

/// `Event`: one move, as it was written.
#[derive(Debug, Serialize)]
pub(crate) struct EventView<'a> {
    version: i64,
    #[serde(with = "rfc3339")]
    at: OffsetDateTime,
    state_type: &'a str,
    new_value: bool,
    from_status: Option<&'a str>,
    to_status: &'a str,
    actor: &'a str,
    role: &'a str,
    on_behalf_of: Option<&'a str>,
    reason: Option<&'a str>,
}

impl<'a> From<&'a Event> for EventView<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            version: event.version,
            at: event.at,
            state_type: &event.state_type,
            new_value: event.new_value,
            from_status: event.from_stage.as_deref(),
            to_status: &event.to_stage,
            actor: &event.actor,
            role: &event.role,
            on_behalf_of: event.on_behalf_of.as_deref(),
            reason: event.reason.as_deref(),
        }
    }
}

/// What a create or a move answers with.
#[derive(Debug, Serialize)]
pub(super) struct Written<'a> {
    /// A sentence that old callers show.
    pub(super) message: String,
    /// The order after it.
    pub(super) order: OrderView<'a>,
}

/// The tag of an order's version.
pub(super) fn entity_tag(gate: &Gate, version: Version) -> EntityTag {
    EntityTag { epoch: gate.history_epoch(), version: version.get() }
}

/// A JSON answer with its entity tag.
pub(super) fn answer(body: &impl Serialize, tag: EntityTag) -> Response {
    let mut response = json(body, ORDER_BYTES);
    response.headers_mut().insert(ETAG, tag.to_header());
    response
}

/// The answer to a read: 304 where `If-None-Match` names the version that there is, else the body.
pub(super) fn answer_read<B: Serialize>(
    headers: &HeaderMap,
    tag: EntityTag,
    body: impl FnOnce() -> B,
) -> Response {
    if if_none_match(headers, tag) {
        return (StatusCode::NOT_MODIFIED, [(ETAG, tag.to_header())]).into_response();
    }
    answer(&body(), tag)
}
