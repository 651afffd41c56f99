//! The shapes of answers, as the document tells them. Examples come from the views themselves,
//! so a key that is added to one and not to the other is found by a test.

use order_model::Stage;
use service_kit::http::openapi::schemas::{
    Shape, boolean, cursor, free_object, identity, list, model_id, money, named, names, or_null, order_id,
    record, text, time, version,
};

/// Every schema that operations name.
pub(super) fn all() -> [(&'static str, Shape); 3] {
    [("Page", page()), ("Item", item()), ("ModelDetails", model_details())]
}

fn page() -> Shape {
    record(
        "A page of orders.",
        [
            ("orders", list("Newest first: the highest id.", named("Item"))),
            ("next", or_null(cursor("`after` of the next page; `null` on the last."))),
        ],
        [],
    )
}

fn item() -> Shape {
    record(
        "An order, and what is known of its model.",
        [
            ("id", order_id("The same as `order_id`.")),
            ("order_id", order_id("The order's id.")),
            ("model_id", or_null(model_id("The model, if it is one of the catalog's."))),
            ("custom_params", free_object("The buyer's wishes.")),
            ("user_id", identity("The user who wants it made, and pays.")),
            ("created_by", identity("The username of whoever makes it.")),
            ("status", names("The stage.", Stage::ALL.map(Stage::as_str))),
            ("alert", boolean("Somebody says that something is wrong.")),
            ("version", version("How often it has changed, its making included.")),
            ("created_at", time("When it was made.")),
            ("cost_initial", or_null(money("What it was to cost at first."))),
            ("cost_final", or_null(money("What it costs in the end."))),
            ("model_details", or_null(named("ModelDetails"))),
            ("model_status", model_status()),
        ],
        [],
    )
}

fn model_status() -> Shape {
    names(
        "`found`: the catalog told. `missing`: it has no such model. `unavailable`: it did not answer in time, or answered \
         nonsense; ask again later. `none`: the order names no model.",
        ["found", "missing", "unavailable", "none"],
    )
}

fn model_details() -> Shape {
    let told = |about| or_null(text(about));
    record(
        "A model, as the catalog tells it; what it does not tell is `null`.",
        [
            ("model_id", told("The catalog's id of it.")),
            ("name", told("What it is called.")),
            ("description", told("What it is.")),
            ("format", told("The format of its file.")),
            ("price", told("What it costs, as the catalog writes it.")),
            ("created_by", told("Who made it.")),
        ],
        [],
    )
}
