//! Pieces that every answer in the document has, success or not.

use serde_json::Value;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::Ref;

/// The request id of every example.
pub(super) const REQUEST_ID: &str = "5f0c3a1e9b7d4c2f8a6e0d1b3c5a7f90";

/// A response that carries the request's id and these headers.
pub(super) fn response(about: impl Into<String>, headers: &[&str]) -> ResponseBuilder {
    let response = ResponseBuilder::new().description(about);
    headers.iter().chain(&["x-request-id"]).fold(response, |response, name| {
        response.header_ref(*name, Ref::new(format!("#/components/headers/{name}")))
    })
}

/// An example with a line above it.
pub(super) fn example(summary: &str, value: Value) -> Example {
    ExampleBuilder::new().summary(summary).value(Some(value)).build()
}
