//! JSON answers.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;

use super::problem::Problem;

/// Room for the headers that an answer has in the end.
const HEADERS: usize = 12;

/// 200 with `body`, whose text takes `bytes` most of the time: where there is room for it, it is written without being moved.
pub fn json(body: &impl Serialize, bytes: usize) -> Response {
    let mut text = Vec::with_capacity(bytes);
    if let Err(error) = serde_json::to_writer(&mut text, body) {
        return Problem::internal(error).into_response();
    }
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.reserve(HEADERS);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
