//! `PUT /orders/{order_id}/update`: one move of an order, by one of its parties.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use order_model::{Actor, Move, OrderId, Reason, Refusal, Role, Stage, StateType, Version};
use serde_json::json;
use service_kit::http::openapi::{Answer, Operation, schemas};
use service_kit::http::{Fields, IfMatch, LogFields, Problem, path_param};
use service_kit::identity::{Caller, Identity};

use super::OF_THIS_ORDER;
use crate::http::problems::{order_not_found, read_only, refused};
use crate::http::view::{OrderView, Written, answer, entity_tag};
use crate::http::writable::Writable;
use crate::http::{lifecycle, samples};
use crate::metrics::Outcome;
use crate::state::AppState;
use crate::store::{MoveItem, MoveOutcome, OrderRecord};

/// What the document says of it.
pub(in crate::http) fn describe() -> Operation {
    let sample = samples::record(Stage::Requested, 2);
    let written = sample.as_ref().map(|record| written(StateType::Requested, record));
    let about = format!(
        "Sets or clears one flag of an order.\n\n{}\n\
        An operator may do every row in a party's place. Setting a flag to the value that it has changes nothing and answers 200.",
        lifecycle::table()
    );
    let if_match = "The versions at which the order may be, as entity tags; without it, or with `*`, any.";
    Operation::new("update_order", "Move an order", about)
        .path("order_id", schemas::order_id("The order's id."), 7)
        .header("If-Match", schemas::entity_tags(if_match))
        .body(
            "Move",
            [
                ("a move", json!({"state_type": "requested", "new_value": true, "user_id": "ada"})),
                (
                    "an alert",
                    json!({"state_type": "alert", "new_value": true, "reason": "The height should be 13 cm", "user_id": "ada"}),
                ),
                (
                    "a refund",
                    json!({"state_type": "paid", "new_value": false, "reason": "It broke in the post"}),
                ),
            ],
        )
        .answers(
            Answer::json(StatusCode::OK, "The order after the move.", "Updated", &written)
                .with(["etag"])
                .leads_to("get_order_status", "Which moves are open from here.", [OF_THIS_ORDER])
                .leads_to("get_order_history", "The events up to this one.", [OF_THIS_ORDER]),
        )
        .refuses([samples::wrong_order_id(), order_not_found(), read_only()])
        .refuses(samples::wrong_if_match())
        .refuses(parse(Identity::Open, Fields::default(), None).err())
        .refuses(refusals().map(|refusal| refused(refusal, Version::FIRST.next())))
}

/// Each way in which the rules say no.
fn refusals() -> [Refusal; 6] {
    [
        Refusal::NotAuthorized,
        Refusal::VersionMismatch { current: Version::FIRST.next() },
        Refusal::LaterStages { state_type: StateType::Requested },
        Refusal::TooEarly { state_type: StateType::Completed, previous: Stage::Accepted },
        Refusal::AlertRaised { state_type: StateType::Paid },
        Refusal::ReasonRequired { state_type: StateType::Paid },
    ]
}

/// Answers 200 with the order after the move, or says why not.
pub(in crate::http) async fn handle(
    caller: Caller,
    _writable: Writable,
    State(state): State<AppState>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let (metrics, gate) = (&state.metrics, &state.gate);
    let order_id: OrderId = path_param("order_id", path)?;
    let if_match = accepted_versions(IfMatch::read(request.headers())?, gate.history_epoch());
    let sees_everything = caller.identity.sees_everything();
    let (asked, actor) = parse(caller.identity, state.form.read(request).await?, if_match)?;
    let state_type = asked.state_type;

    let item = MoveItem { order_id, asked, actor, sees_everything };
    let outcome = state
        .moves
        .ask(caller.asker, item)
        .await
        .inspect_err(|_| metrics.moved(state_type, None, Outcome::Failed))?;
    match outcome {
        MoveOutcome::Done { record, role } => {
            metrics.moved(state_type, role, if role.is_some() { Outcome::Done } else { Outcome::Unchanged });
            let mut response = answer(&written(state_type, &record), entity_tag(gate, record.order.version));
            let caller_role = role.map(Role::as_str);
            response.extensions_mut().insert(LogFields { order_id: None, caller_role });
            Ok(response)
        }
        MoveOutcome::Refused { refusal, current } => {
            metrics.moved(state_type, None, Outcome::Refused);
            Err(refused(refusal, current))
        }
        MoveOutcome::Missing => {
            metrics.moved(state_type, None, Outcome::Refused);
            Err(order_not_found())
        }
    }
}

fn written(state_type: StateType, record: &OrderRecord) -> Written<'_> {
    Written { message: format!("State {state_type} updated"), order: OrderView::from(record) }
}

/// The versions of this epoch that the caller would accept. Those handed out before a restore match nothing.
fn accepted_versions(if_match: IfMatch, epoch: i32) -> Option<Vec<Version>> {
    match if_match {
        IfMatch::Any => None,
        IfMatch::OneOf(tags) => Some(
            tags.into_iter()
                .filter(|tag| tag.epoch == epoch)
                .filter_map(|tag| Version::new(tag.version))
                .collect(),
        ),
    }
}

fn parse(
    identity: Identity,
    mut fields: Fields,
    if_match: Option<Vec<Version>>,
) -> Result<(Move, Actor), Problem> {
    let (state_type, is_unknown) = state_type(&mut fields);
    let new_value = fields.boolean("new_value");
    if new_value.is_none() && !fields.is_refused("new_value") {
        fields.refuse_missing("new_value");
    }
    let reason = fields.text::<Reason>("reason");
    let claims = identity.claims(&mut fields);
    // Old callers show this sentence; `errors` says which there are.
    fields
        .finish()
        .map_err(|problem| if is_unknown { problem.with_detail("Invalid state_type") } else { problem })?;

    // Both are there where nothing was refused; the type system does not know it.
    let (Some(state_type), Some(new_value)) = (state_type, new_value) else {
        return Err(Problem::invalid_fields(Vec::new()));
    };
    Ok((Move { state_type, new_value, reason, if_match }, claims.actor()?))
}

/// The state type, and whether the body names one that there is not.
fn state_type(fields: &mut Fields) -> (Option<StateType>, bool) {
    let Some(name) = fields.text::<String>("state_type") else {
        if !fields.is_refused("state_type") {
            fields.refuse_missing("state_type");
        }
        return (None, false);
    };
    let known = StateType::from_name(&name);
    if known.is_none() {
        fields.refuse("state_type", "must be one of requested, accepted, completed, paid, alert");
    }
    (known, known.is_none())
}
