//! The routes below `/orders`, one file each, as in the service.

mod create;
mod get;
mod history;
mod status;
mod update;

use serde_json::Value;

/// What is no order id in a path: none of these may reach the database.
const NO_IDS: [&str; 12] = [
    "0",
    "-1",
    "+7",
    "%207",
    "7%20",
    "7.0",
    "1e3",
    "seven",
    "9007199254740992",
    "9223372036854775808",
    "99999999999999999999999999999999",
    "%00",
];

const NO_ID: &str = "must be an integer from 1 to 9007199254740991";

/// Whether a value is a moment in RFC 3339, in UTC.
fn is_utc(value: &Value) -> bool {
    let parse = |text| time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339);
    value.as_str().is_some_and(|text| text.ends_with('Z') && parse(text).is_ok())
}

/// The keys of an object, in alphabetical order.
fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}
