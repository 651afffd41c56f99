//! `POST /orders`: make an order. It begins at `created`; flags in the body are ignored, nobody creates a paid order.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderName, HeaderValue, LOCATION};
use axum::response::Response;
use order_model::{Cost, CostError, ModelId, Order, OrderId, Role, Stage, UserId, Username, Version};
use rust_decimal::prelude::ToPrimitive;
use serde_json::json;
use service_kit::database::Gate;
use service_kit::http::openapi::{Answer, Operation, schemas};
use service_kit::http::{Fields, LogFields, Problem};
use service_kit::identity::{Caller, Identity, not_authorized};
use time::OffsetDateTime;

use crate::http::problems::{key_reused, order_exists, read_only};
use crate::http::samples;
use crate::http::view::{OrderView, Written, answer, entity_tag};
use crate::http::writable::Writable;
use crate::metrics::Outcome;
use crate::state::AppState;
use crate::store::{CreateOutcome, NewOrder, OrderRecord, Terms};

mod key;
mod params;

const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// In the document, how what is asked next names the order that was made.
const MADE: (&str, &str) = ("order_id", "$response.body#/order/order_id");

/// What the document says of it.
pub(in crate::http) fn describe() -> Operation {
    let sample = samples::record(Stage::Created, 1);
    let written = sample.as_ref().map(written);
    let about = "Makes an order, which begins at `created`. \
        With an `Idempotency-Key` it is made once, however often the request is sent; keys are kept for 24 hours at least.";
    let key = "A key of the caller's own for this order: 1 to 255 visible ASCII characters.";
    Operation::new("create_order", "Make an order", about)
        .header("Idempotency-Key", schemas::pattern(key, r"^[\x21-\x7e]+$", 1, 255))
        .body(
            "NewOrder",
            [
                ("the least", json!({"requester_id": "ada", "created_by": "maren"})),
                (
                    "a model with wishes",
                    json!({
                        "requester_id": "ada",
                        "created_by": "maren",
                        "model_id": "65f0c0de0000000000000abc",
                        "custom_params": {"color": "blue", "height_cm": 12.5},
                        "cost_initial": 30.0,
                    }),
                ),
            ],
        )
        .answers(
            Answer::json(
                StatusCode::CREATED,
                "The order was made, now or by an earlier request with the same key.",
                "Created",
                &written,
            )
            .with(["etag", "location", "idempotency-replayed"])
            .leads_to("get_order", "The whole order.", [MADE])
            .leads_to("get_order_status", "Where it stands, and which moves are open.", [MADE])
            .leads_to("get_order_history", "What happened to it.", [MADE])
            .leads_to("update_order", "Moves it.", [MADE]),
        )
        .refuses([key::malformed(), not_authorized(), order_exists(), key_reused(), read_only()])
        .refuses(parse(Identity::Open, Fields::default(), None).err())
}

/// Answers 201 with the order, the same again for a repeated key, or 409 where the id is taken.
pub(in crate::http) async fn handle(
    caller: Caller,
    _writable: Writable,
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, Problem> {
    let (metrics, gate) = (&state.metrics, &state.gate);
    let key = key::read(request.headers())?;
    let new = parse(caller.identity, state.form.read(request).await?, key)?;
    let outcome = state
        .creates
        .ask(caller.asker, new.clone())
        .await
        .inspect_err(|_| metrics.created(Outcome::Failed))?;
    match outcome {
        CreateOutcome::Created { order_id, created_at } => {
            metrics.created(Outcome::Done);
            Ok(created(&first_record(new, order_id, created_at), gate))
        }
        CreateOutcome::Replayed(record) => {
            metrics.replayed();
            let mut response = created(&record, gate);
            response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
            Ok(response)
        }
        CreateOutcome::KeyReused => {
            metrics.created(Outcome::Refused);
            Err(key_reused())
        }
        CreateOutcome::Exists => {
            metrics.created(Outcome::Refused);
            Err(order_exists())
        }
    }
}

fn first_record(new: NewOrder, order_id: OrderId, created_at: OffsetDateTime) -> OrderRecord {
    OrderRecord {
        order: Order {
            id: order_id,
            requester_id: new.requester_id,
            created_by: new.created_by,
            stage: Stage::Created,
            alert: None,
            version: Version::FIRST,
        },
        terms: new.terms,
        created_at,
        updated_at: created_at,
    }
}

fn written(record: &OrderRecord) -> Written<'_> {
    Written { message: "Order created successfully".to_owned(), order: OrderView::from(record) }
}

fn created(record: &OrderRecord, gate: &Gate) -> Response {
    let order_id = record.order.id;
    let mut response = answer(&written(record), entity_tag(gate, record.order.version));
    *response.status_mut() = StatusCode::CREATED;
    response.extensions_mut().insert(LogFields { order_id: Some(order_id.get()), caller_role: None });
    // Relative, so that it holds behind a gateway's prefix whichever spelling was asked.
    if let Ok(location) = HeaderValue::try_from(format!("/orders/{order_id}")) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

fn parse(identity: Identity, mut fields: Fields, key: Option<String>) -> Result<NewOrder, Problem> {
    let order_id = order_id(&mut fields);
    let requester_id = required::<UserId>(&mut fields, "requester_id");
    let created_by = required::<Username>(&mut fields, "created_by");
    let model_id = fields.text::<ModelId>("model_id");
    let custom_params = params::read(&mut fields);
    let cost_initial = cost(&mut fields, "cost_initial");
    let cost_final = cost(&mut fields, "cost_final");
    let claims = identity.claims(&mut fields);
    fields.finish()?;

    let (Some(requester_id), Some(created_by), Some(custom_params)) =
        (requester_id, created_by, custom_params)
    else {
        return Err(Problem::invalid_fields(Vec::new()));
    };
    let actor = claims.actor()?;
    // In `open` the requester of the body is whoever asks, unless the body says otherwise.
    let caller_id = actor.user_id.unwrap_or_else(|| requester_id.clone());
    let made_by = match (caller_id == requester_id, actor.operator) {
        (true, _) => Role::Requester,
        (false, true) => Role::Operator,
        // Nobody orders in another's name.
        (false, false) => return Err(not_authorized()),
    };
    let terms = Terms { model_id, custom_params, cost_initial, cost_final };
    let caller = caller_id.to_string();
    let mut new = NewOrder {
        order_id,
        requester_id,
        created_by,
        terms,
        made_by: (made_by, caller_id),
        idempotency: None,
    };
    new.idempotency = key.map(|key| key::tie(caller, key, &new)).transpose()?;
    Ok(new)
}

fn required<T>(fields: &mut Fields, field: &'static str) -> Option<T>
where
    T: TryFrom<String, Error: std::fmt::Display>,
{
    let value = fields.text::<T>(field);
    if value.is_none() && !fields.is_refused(field) {
        fields.refuse_missing(field);
    }
    value
}

fn order_id(fields: &mut Fields) -> Option<OrderId> {
    let raw = fields.take_raw("order_id")?;
    // By its value: JSON has one kind of number, and some writers spell 7 as 7.0. The standard library reads it exactly.
    let whole = |number: f64| if number.fract() == 0.0 { number.to_i64() } else { None };
    let number = raw.get().parse().ok().or_else(|| raw.get().parse().ok().and_then(whole));
    let id = number.and_then(|number| OrderId::try_from(number).ok());
    if id.is_none() {
        fields.refuse("order_id", order_model::OrderIdError.to_string());
    }
    id
}

fn cost(fields: &mut Fields, field: &'static str) -> Option<Cost> {
    let raw = fields.take_raw(field)?;
    if !raw.get().starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        fields.refuse(field, "must be a number");
        return None;
    }
    // A number that no float holds is no cost either.
    let cost =
        serde_json::from_str::<f64>(raw.get()).map_err(|_| CostError::OutOfRange).and_then(Cost::try_from);
    cost.map_err(|error| fields.refuse(field, error.to_string())).ok()
}
