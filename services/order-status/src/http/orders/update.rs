//! `PUT /orders/{order_id}/update`: one move of an order, by one of its parties.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use order_model::{Actor, Move, OrderId, Reason, Role, StateType, Version};
use service_kit::database::Gate;
use service_kit::http::{Fields, Form, IfMatch, LogFields, Problem, path_param};
use service_kit::identity::Caller;

use crate::http::problems::{order_not_found, refused};
use crate::http::view::{OrderView, Written, answer, entity_tag};
use crate::metrics::{OrderMetrics, Outcome};
use crate::store::{MoveError, MoveItem, MoveOutcome, Transitions};

/// Answers 200 with the order after the move, or says why not.
pub(in crate::http) async fn handle(
    caller: Caller,
    State(transitions): State<Transitions>,
    State(gate): State<Gate>,
    State(form): State<Form>,
    State(metrics): State<OrderMetrics>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let order_id: OrderId = path_param("order_id", path)?;
    let if_match = accepted_versions(IfMatch::read(request.headers())?, gate.history_epoch());
    let sees_everything = caller.sees_everything();
    let (asked, actor) = parse(caller, form.read(request).await?, if_match)?;
    let state_type = asked.state_type;

    let item = MoveItem { order_id, asked, actor, sees_everything };
    let outcome =
        transitions.apply(item).await.inspect_err(|_| metrics.moved(state_type, None, Outcome::Failed))?;
    match outcome {
        MoveOutcome::Done { record, role } => {
            metrics.moved(state_type, role, if role.is_some() { Outcome::Done } else { Outcome::Unchanged });
            let body =
                Written { message: format!("State {state_type} updated"), order: OrderView::from(&*record) };
            let mut response = answer(&body, entity_tag(&gate, record.order.version), order_id);
            let caller_role = role.map(Role::as_str);
            response.extensions_mut().insert(LogFields { order_id: Some(order_id.get()), caller_role });
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
        // `apply` tries these again until its deadline and answers for them itself.
        MoveOutcome::Lost | MoveOutcome::Locked => Err(MoveError::Contended.into()),
    }
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
    caller: Caller,
    mut fields: Fields,
    if_match: Option<Vec<Version>>,
) -> Result<(Move, Actor), Problem> {
    let (state_type, is_unknown) = state_type(&mut fields);
    let new_value = fields.boolean("new_value");
    if new_value.is_none() && !fields.is_refused("new_value") {
        fields.refuse_missing("new_value");
    }
    let reason = fields.text::<Reason>("reason");
    let claims = caller.claims(&mut fields);
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
