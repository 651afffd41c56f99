//! The routes below `/orders`, one file each.

pub(super) mod create;
pub(super) mod get;
pub(super) mod history;
pub(super) mod status;
pub(super) mod update;

use axum::http::StatusCode;
use service_kit::http::openapi::{Answer, Operation, schemas};

/// Adds to the document of a read what every read of one order takes and answers: `If-None-Match`, and 304.
fn conditional(operation: Operation) -> Operation {
    let about = "Entity tags that the caller has already; one that is none of ours matches nothing.";
    operation
        .header("If-None-Match", schemas::text(about), "\"3\"")
        .answers(Answer::empty(StatusCode::NOT_MODIFIED, "The caller has it already.").with(["etag"]))
}
