//! The order that the document's examples show, made of the same types as every other.
//! `None` stands for a sample that its own type refuses; a test would find its example missing.

use order_model::{Alert, Cost, ModelId, Order, OrderId, Reason, Role, Stage, UserId, Username, Version};
use serde_json::value::RawValue;
use service_kit::http::{FieldError, IfMatch, ListKey, Problem, Query};
use time::macros::datetime;

use crate::store::{Event, OrderRecord, Standing, Terms};

fn order(stage: Stage, version: i64, alert: Option<&str>) -> Option<Order> {
    let reason = |text: &str| Reason::try_from(text.to_owned()).ok();
    Some(Order {
        id: OrderId::try_from(7).ok()?,
        requester_id: UserId::try_from("ada".to_owned()).ok()?,
        created_by: Username::try_from("maren".to_owned()).ok()?,
        stage,
        alert: alert.map(|text| Alert { raised_by: Role::Requester, reason: reason(text) }),
        version: Version::new(version)?,
    })
}

/// The order at a stage, without an alert.
pub(super) fn record(stage: Stage, version: i64) -> Option<OrderRecord> {
    Some(OrderRecord {
        order: order(stage, version, None)?,
        terms: Terms {
            model_id: ModelId::try_from("65f0c0de0000000000000abc".to_owned()).ok(),
            custom_params: RawValue::from_string(r#"{"color":"blue","height_cm":12.5}"#.to_owned()).ok()?,
            cost_initial: Cost::try_from(30.0).ok(),
            cost_final: None,
        },
        created_at: datetime!(2026-01-02 03:04:05.678901 UTC),
        updated_at: datetime!(2026-01-02 03:04:05.678901 UTC),
    })
}

/// The same, accepted and with an alert.
pub(super) fn standing() -> Option<Standing> {
    let order = order(Stage::Accepted, 4, Some("The height should be 13 cm"))?;
    Some(Standing { order, updated_at: datetime!(2026-01-03 09:10:11.123456 UTC) })
}

/// Its first two events.
pub(super) fn events() -> [Event; 2] {
    let event = |version, at, state_type: Stage, from_stage: Option<Stage>| Event {
        version,
        at,
        state_type: state_type.to_string(),
        new_value: true,
        from_stage: from_stage.map(|stage| stage.to_string()),
        to_stage: state_type.to_string(),
        actor: "ada".to_owned(),
        role: Role::Requester.as_str().to_owned(),
        on_behalf_of: None,
        reason: None,
    };
    [
        event(1, datetime!(2026-01-02 03:04:05.678901 UTC), Stage::Created, None),
        event(2, datetime!(2026-01-02 04:05:06.789012 UTC), Stage::Requested, Some(Stage::Created)),
    ]
}

/// The cursor of a page that ended after them.
pub(super) fn cursor() -> String {
    ListKey { epoch: 0, parts: &["history", "7"] }.encode(2)
}

/// 422 for a path whose id is none.
pub(super) fn wrong_order_id() -> Problem {
    let error = FieldError { field: "order_id".into(), message: order_model::OrderIdError.to_string() };
    Problem::invalid_fields(vec![error])
}

/// 422 for a page of no items.
pub(super) fn wrong_limit() -> Option<Problem> {
    let mut query = Query::read(Some("limit=0"), &["limit", "after"]);
    query.limit();
    query.finish().err()
}

/// 400 for a cursor that is none.
pub(super) fn wrong_cursor() -> Option<Problem> {
    ListKey { epoch: 0, parts: &[] }.decode("7").err()
}

/// 400 for a version without its quotes.
pub(super) fn wrong_if_match() -> Option<Problem> {
    use axum::http::header::{HeaderMap, HeaderValue, IF_MATCH};
    IfMatch::read(&HeaderMap::from_iter([(IF_MATCH, HeaderValue::from_static("3"))])).err()
}
