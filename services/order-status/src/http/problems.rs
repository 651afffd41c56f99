//! The problems that this service adds to the common ones, and the one place where a refusal becomes an answer.

use order_model::{Refusal, Version};
use service_kit::http::Problem;
use service_kit::identity::not_authorized;

service_kit::codes! {
    /// There is no such order, or none that this caller may see. Look at the id and at who is asking.
    ORDER_NOT_FOUND = "order_not_found", NOT_FOUND, "Order not found";
    /// The id that a create names is taken. Leave `order_id` out, or send an `Idempotency-Key` so that a repeat is recognised.
    ORDER_EXISTS = "order_exists", CONFLICT, "Order exists";
    /// The key was used before, for another request. Take a new key for a new order.
    KEY_REUSED = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "Idempotency key reused";
    /// The order is at another version than `If-Match` names. Read it again and decide anew; `current_version` says where it is.
    VERSION_MISMATCH = "version_mismatch", PRECONDITION_FAILED, "Version mismatch";
    /// Later stages stand on the one that was to be cleared. Clear those first; `next` of the status says what can be done.
    LATER_STAGES = "later_stages", CONFLICT, "Later stages are set";
    /// The stage below the one that was to be set is missing. Set that first; `next` of the status says what can be done.
    EARLIER_STAGE_MISSING = "earlier_stage_missing", CONFLICT, "An earlier stage is missing";
    /// An alert holds the order where it is. Let whoever raised it clear it.
    ALERT_RAISED = "alert_raised", CONFLICT, "An alert is raised";
    /// Orders can be read but not changed for now, while the database is moved or restored; nothing was changed. Try again after `retry_after_seconds`.
    READ_ONLY = "read_only", SERVICE_UNAVAILABLE, "Read only";
    /// A refund must say why. Send a `reason`.
    REASON_REQUIRED = "reason_required", UNPROCESSABLE_ENTITY, "Reason required";
}

/// 404 for this order and this caller.
pub(super) fn order_not_found() -> Problem {
    Problem::new(ORDER_NOT_FOUND, "Order not found")
}

/// 409 for an id that is taken.
pub(super) fn order_exists() -> Problem {
    Problem::new(ORDER_EXISTS, "The order ID already exists")
}

/// 422 for a key that stands for another request.
pub(super) fn key_reused() -> Problem {
    Problem::new(
        KEY_REUSED,
        "This Idempotency-Key was used for another request; use a new key for a new order",
    )
}

/// 503 for every write, for a while. Whoever restores a database is not done in a second.
pub(super) fn read_only() -> Problem {
    Problem::new(READ_ONLY, "Orders can be read but not changed just now; nothing was changed")
        .with_retry_after(30)
}

/// The answer to a move that the rules refuse, for an order that is at `current`.
pub(super) fn refused(refusal: Refusal, current: Version) -> Problem {
    let code = match refusal {
        Refusal::NotAuthorized => return not_authorized(),
        Refusal::VersionMismatch { .. } => VERSION_MISMATCH,
        Refusal::LaterStages { .. } => LATER_STAGES,
        Refusal::TooEarly { .. } => EARLIER_STAGE_MISSING,
        Refusal::AlertRaised { .. } => ALERT_RAISED,
        Refusal::ReasonRequired { .. } => return Problem::new(REASON_REQUIRED, refusal.to_string()),
    };
    Problem::new(code, refusal.to_string()).with_current_version(current.get())
}
