//! JSON answers.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;

use super::problem::Problem;

/// Room for nearly every answer, so that its text is written without being moved.
const BODY_BYTES: usize = 1024;

/// Room for the headers that an answer has in the end.
const HEADERS: usize = 12;

/// 200 with `body`.
pub fn json(body: &impl Serialize) -> Response {
    let mut text = Vec::with_capacity(BODY_BYTES);
    if let Err(error) = serde_json::to_writer(&mut text, body) {
        return Problem::internal(error).into_response();
    }
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.reserve(HEADERS);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
