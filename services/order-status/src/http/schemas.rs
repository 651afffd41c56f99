//! The shapes of bodies and answers, as the document tells them. Examples come from the views themselves (see [`super::samples`]),
//! so a key that is added to one and not to the other is found by a test.

use order_model::{Party, Role, Stage, StateType};
use service_kit::http::openapi::schemas::{
    Shape, boolean, cursor, free_object, identity, list, model_id, money, money_given, named, names, or_null,
    order_id, reason, record, text, time, version,
};

/// Every schema that operations name.
pub(super) fn all() -> [(&'static str, Shape); 9] {
    [
        ("Order", order()),
        ("Status", status()),
        ("NextMove", next_move()),
        ("Event", event()),
        ("History", history()),
        ("Created", written("`Order created successfully`.")),
        ("Updated", written("`State <state_type> updated`.")),
        ("NewOrder", new_order()),
        ("Move", a_move()),
    ]
}

fn stage(about: &str) -> Shape {
    names(about, Stage::ALL.map(Stage::as_str))
}

fn state_type(about: &str) -> Shape {
    names(about, StateType::ALL.map(StateType::as_str))
}

fn role(about: &str) -> Shape {
    names(about, [Role::Requester, Role::Creator, Role::Operator].map(Role::as_str))
}

fn alert_reason() -> Shape {
    or_null(reason("What whoever raised the alert said; `null` without an alert."))
}

fn order() -> Shape {
    record(
        "An order.",
        [
            ("id", order_id("The same as `order_id`.")),
            ("order_id", order_id("The order's id.")),
            ("requester_id", identity("The user who wants it made, and pays.")),
            ("created_by", identity("The username of whoever makes it.")),
            ("requested", boolean("At stage `requested` or above.")),
            ("accepted", boolean("At stage `accepted` or above.")),
            ("completed", boolean("At stage `completed` or above.")),
            ("paid", boolean("At stage `paid`.")),
            ("alert", boolean("Somebody says that something is wrong.")),
            ("status", stage("The stage.")),
            ("version", version("How often it has changed, its making included.")),
            ("alert_reason", alert_reason()),
            ("model_id", or_null(model_id("The model to make, if it is one of the catalog's."))),
            ("custom_params", free_object("The buyer's wishes.")),
            ("cost_initial", or_null(money("What it was to cost at first."))),
            ("cost_final", or_null(money("What it costs in the end."))),
            ("created_at", time("When it was made.")),
            ("updated_at", time("When its last event was.")),
        ],
        [],
    )
}

fn status() -> Shape {
    record(
        "Where an order stands, and what can happen next.",
        [
            ("order_id", order_id("The order's id.")),
            ("requested", boolean("At stage `requested` or above.")),
            ("accepted", boolean("At stage `accepted` or above.")),
            ("completed", boolean("At stage `completed` or above.")),
            ("paid", boolean("At stage `paid`.")),
            ("alert", boolean("Somebody says that something is wrong.")),
            ("status", stage("The stage.")),
            ("version", version("How often it has changed, its making included.")),
            ("alert_reason", alert_reason()),
            ("updated_at", time("When its last event was.")),
            ("next", list("Each move that the ladder allows from here.", named("NextMove"))),
        ],
        [],
    )
}

fn next_move() -> Shape {
    record(
        "A move that the ladder allows.",
        [
            ("state_type", state_type("What would be set.")),
            ("new_value", boolean("To what.")),
            ("by", list("Who may do it.", role("In which role."))),
        ],
        [],
    )
}

fn event() -> Shape {
    record(
        "Something that happened to an order. Events never change.",
        [
            ("version", version("The version that the order had after it; 1 is its making.")),
            ("at", time("When.")),
            ("state_type", names("What was set; `created` is its making.", event_types())),
            ("new_value", boolean("To what.")),
            ("from_status", or_null(stage("The stage before; `null` at its making."))),
            ("to_status", stage("The stage after.")),
            ("actor", identity("Who: a creator's username, anybody else's user id.")),
            ("role", role("In which role.")),
            (
                "on_behalf_of",
                or_null(names(
                    "In whose place, where an operator moved the ladder.",
                    [Party::Requester, Party::Creator].map(Party::as_str),
                )),
            ),
            ("reason", or_null(reason("Why, if they said."))),
        ],
        [],
    )
}

/// What an event may have set: its making, and whatever callers may set.
fn event_types() -> impl Iterator<Item = &'static str> {
    [Stage::Created.as_str()].into_iter().chain(StateType::ALL.map(StateType::as_str))
}

fn history() -> Shape {
    record(
        "A page of events.",
        [
            ("events", list("Oldest first.", named("Event"))),
            ("next", or_null(cursor("`after` of the next page; `null` on the last."))),
        ],
        [],
    )
}

fn written(message: &str) -> Shape {
    record(
        "What was done, and the order after it.",
        [("message", text(message)), ("order", named("Order"))],
        [],
    )
}

fn new_order() -> Shape {
    record(
        "An order to be made. Flags in it are ignored: nobody creates a paid order.",
        [
            ("requester_id", identity("The user who wants it made: the caller, unless that is an operator.")),
            ("created_by", identity("The username of whoever is to make it.")),
        ],
        [
            ("order_id", or_null(order_id("Its id; without one the service gives it the next."))),
            ("model_id", or_null(model_id("The model to make, if it is one of the catalog's."))),
            (
                "custom_params",
                or_null(free_object(
                    "The buyer's wishes: at most 16 KiB as compact JSON and 32 levels deep, no integer beyond 64 bits, no NUL. \
                     A text that holds such an object is decoded, for callers of the replaced service.",
                )),
            ),
            ("cost_initial", or_null(money_given("What it is to cost."))),
            ("cost_final", or_null(money_given("What it costs in the end."))),
            ("user_id", claimed_user_id()),
            ("username", claimed_username()),
        ],
    )
}

fn a_move() -> Shape {
    record(
        "A flag to be set or cleared.",
        [("state_type", state_type("What to set.")), ("new_value", boolean("To what."))],
        [
            ("reason", or_null(reason("Why. Required to set `paid` back to false."))),
            ("user_id", claimed_user_id()),
            ("username", claimed_username()),
        ],
    )
}

fn claimed_user_id() -> Shape {
    or_null(identity(
        "The caller's user id where `auth.mode` is `open`; elsewhere it must be the verified one.",
    ))
}

fn claimed_username() -> Shape {
    or_null(identity("The caller's name where `auth.mode` is `open`; elsewhere it must be the verified one."))
}
