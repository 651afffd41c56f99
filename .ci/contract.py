"""What schemathesis cannot know of our contract; schemathesis.toml loads it. Each exception names an operation and a problem code.

Exceptions by status would hide too much: a reused key is a 422, and so is a body that was called valid and is refused.
"""

import schemathesis
from schemathesis.openapi.checks import RejectedPositiveData

# Why a request that the document calls valid may be refused: what happened before, or what no schema can say.
KNOWN_REFUSALS = {
    # A key that was drawn before, for another order.
    ("create_order", "idempotency_key_reused"),
    # A cursor is opaque and belongs to one list: no schema tells a made-up one from ours.
    ("get_order_history", "bad_cursor"),
    ("list_orders_of_user", "bad_cursor"),
    ("list_orders_of_creator", "bad_cursor"),
    # The order is at another version than If-Match names.
    ("update_order", "version_mismatch"),
    # A refund, and only that, must say why.
    ("update_order", "reason_required"),
}


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Whether a failure is one: not where a valid request met a refusal that is known."""
    if not isinstance(failure, RejectedPositiveData):
        return True
    problem = response.json()
    operation = case.operation.definition.raw["operationId"]
    if (operation, problem["code"]) in KNOWN_REFUSALS:
        return False
    # Its size, depth, integers and NULs deep inside are told in words; they may be refused, other fields may not.
    wrong = {error["field"] for error in problem.get("errors", [])}
    return (operation, wrong) != ("create_order", {"custom_params"})


@schemathesis.hook
def before_call(context, case, kwargs):
    """Keeps valid requests from ending at what is made up in them, so that the rest of them is judged too."""
    meta = case.meta
    if meta is None or meta.generation.mode.is_negative:
        return
    headers, query = case.headers or {}, case.query or {}
    if meta.phase.name == "coverage":
        # Headers are made of letters and digits, which no entity tag is; keys repeat; cursors are nobody's. Later phases send them.
        if "If-Match" in headers:
            headers["If-Match"] = "*"
        if "Idempotency-Key" in headers:
            headers["Idempotency-Key"] = (headers["Idempotency-Key"] + case.id)[-255:]
        query.pop("after", None)
    elif isinstance(case.body, dict):
        # Ids are those of orders that are there: a create that names one is a 409. The coverage phase names others.
        case.body.pop("order_id", None)
