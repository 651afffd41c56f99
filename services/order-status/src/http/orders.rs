//! The routes below `/orders`, one file each.

pub(super) mod create;
pub(super) mod get;
pub(super) mod history;
pub(super) mod status;
pub(super) mod update;

use axum::http::StatusCode;
use service_kit::http::openapi::{Answer, Operation, schemas};

/// In the document, how what is asked next names the order that this request names.
const OF_THIS_ORDER: (&str, &str) = ("order_id", "$request.path.order_id");

/// Says in the document that a move can follow, on condition that the order is still as it was read.
fn leads_to_update(answer: Answer) -> Answer {
    let about = "Moves it, unless it has changed since.";
    answer.leads_to("update_order", about, [OF_THIS_ORDER, ("header.If-Match", "$response.header.ETag")])
}

/// Adds to the document of a read what every read of one order takes and answers: `If-None-Match`, and 304.
fn conditional(operation: Operation) -> Operation {
    let about = "Entity tags that the caller has already; one that is none of ours matches nothing.";
    operation
        .header("If-None-Match", schemas::text(about))
        .answers(Answer::empty(StatusCode::NOT_MODIFIED, "The caller has it already.").with(["etag"]))
}
