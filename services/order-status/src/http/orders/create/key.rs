//! `Idempotency-Key`: how a repeated create is recognised. Whose key it is, and which request it stands for.

use axum::http::{HeaderMap, HeaderName};
use serde::Serialize;
use serde_json::value::RawValue;
use service_kit::http::{Problem, codes};
use sha2::{Digest, Sha256};

use crate::store::{Idempotency, NewOrder};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

const CHARS_MAX: usize = 255;

/// The key of a request, if it has one.
pub(super) fn read(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = given.next() else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let visible = (1..=CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !visible || given.next().is_some() {
        return Err(malformed());
    }
    Ok(Some(text.to_owned()))
}

/// 400 for a key that is none.
pub(super) fn malformed() -> Problem {
    Problem::new(
        codes::MALFORMED_HEADER,
        "Idempotency-Key must be one key of 1 to 255 visible ASCII characters",
    )
}

/// What two requests must have in common to be the same.
#[derive(Serialize)]
struct Normalised<'a> {
    order_id: Option<order_model::OrderId>,
    requester_id: &'a order_model::UserId,
    created_by: &'a order_model::Username,
    model_id: Option<&'a order_model::ModelId>,
    custom_params: &'a RawValue,
    cost_initial: Option<order_model::Cost>,
    cost_final: Option<order_model::Cost>,
}

/// Ties `key` of `caller` to what `new` asks for. How the body was spelt (spaces, order of fields) does not matter.
pub(super) fn tie(caller: String, key: String, new: &NewOrder) -> Result<Idempotency, Problem> {
    let normalised = Normalised {
        order_id: new.order_id,
        requester_id: &new.requester_id,
        created_by: &new.created_by,
        model_id: new.terms.model_id.as_ref(),
        custom_params: &new.terms.custom_params,
        cost_initial: new.terms.cost_initial,
        cost_final: new.terms.cost_final,
    };
    let json = serde_json::to_vec(&normalised).map_err(Problem::internal)?;
    Ok(Idempotency { caller, key, request_hash: Sha256::digest(json).into() })
}
