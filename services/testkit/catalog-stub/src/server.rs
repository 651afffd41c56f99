//! The HTTP side of the double: one route, and the answers that a test asked for.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State as Extract};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use serde_json::{Value, json};

use crate::{Behaviour, Model, Reply, State};

const JSON: &str = "application/json";

type Shared = Arc<Mutex<State>>;

pub(super) fn router(state: Shared) -> Router {
    Router::new().route("/catalog/models/id/{id}", get(answer)).with_state(state)
}

#[expect(clippy::disallowed_methods, reason = "a slow catalog is what a test asked for")]
async fn answer(Extract(state): Extract<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let (behaviour, model) = ask(&state, &id, headers.clone());
    if !behaviour.delay.is_zero() {
        tokio::time::sleep(behaviour.delay).await;
    }
    reply(&behaviour, &id, model, &headers)
}

fn ask(state: &Shared, id: &str, headers: HeaderMap) -> (Behaviour, Option<Model>) {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let key = id.to_ascii_lowercase();
    let behaviour = state.of_model.get(&key).unwrap_or(&state.behaviour).clone();
    let model = match state.models.get(&key) {
        Some(model) => Some(model.clone()),
        None if state.only_known => None,
        None => Model::of(id),
    };
    if !state.forgetful {
        state.asked.entry(key).or_default().push(headers);
    }
    (behaviour, model)
}

fn reply(behaviour: &Behaviour, id: &str, model: Option<Model>, headers: &HeaderMap) -> Response {
    let Some(model) = model else { return not_found() };
    let object = model.json(behaviour.price);
    match &behaviour.reply {
        Reply::Model => found(&json!({ "model": object }), behaviour.etag.then(|| etag(id)), headers),
        Reply::NotFound => not_found(),
        Reply::ServerError => text(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "it broke"),
        Reply::Garbage => text(StatusCode::OK, JSON, r#"{"model": {"model_id": "#),
        Reply::Html => text(StatusCode::OK, "text/html", "<html><body>Please log in</body></html>"),
        Reply::WrongTypes => {
            let wrong = json!({ "model_id": 7, "name": ["a"], "description": {}, "format": 1, "price": {}, "created_by": true });
            found(&json!({ "model": wrong }), None, headers)
        }
        Reply::Sparse => found(&json!({ "model": { "model_id": id } }), None, headers),
        Reply::Verbose => found(&verbose(object), None, headers),
        Reply::ByteOrderMark => text(StatusCode::OK, JSON, format!("\u{feff}{}", json!({ "model": object }))),
        Reply::Redirect(to) => (StatusCode::FOUND, [(header::LOCATION, to.clone())]).into_response(),
        Reply::Endless => {
            let chunk = Bytes::from_static(&[b' '; 8192]);
            let body = Body::from_stream(stream::repeat_with(move || Ok::<_, std::io::Error>(chunk.clone())));
            ([(header::CONTENT_TYPE, JSON)], body).into_response()
        }
        Reply::Other { status, content_type, body } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::IM_A_TEAPOT);
            (status, [(header::CONTENT_TYPE, content_type.clone())], body.clone()).into_response()
        }
    }
}

fn found(body: &Value, etag: Option<HeaderValue>, headers: &HeaderMap) -> Response {
    let Some(etag) = etag else { return text(StatusCode::OK, JSON, body.to_string()) };
    if headers.get(header::IF_NONE_MATCH) == Some(&etag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    ([(header::CONTENT_TYPE, HeaderValue::from_static(JSON)), (header::ETAG, etag)], body.to_string())
        .into_response()
}

fn verbose(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.insert("stock".to_owned(), json!({ "shop": 3 }));
        fields.insert("_id".to_owned(), json!("internal"));
    }
    json!({ "model": object, "took_ms": 1 })
}

/// One version of a model for ever: it is the same for everybody who asks.
fn etag(id: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{id}\"")).unwrap_or(HeaderValue::from_static("\"model\""))
}

fn not_found() -> Response {
    text(StatusCode::NOT_FOUND, JSON, r#"{"error": "Model not found"}"#)
}

fn text(status: StatusCode, content_type: &'static str, body: impl Into<String>) -> Response {
    (status, [(header::CONTENT_TYPE, content_type)], body.into()).into_response()
}
