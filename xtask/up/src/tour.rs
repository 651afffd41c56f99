//! The tour: an order's way from created to paid, as curl lines that work as they are.
//!
//! The lines and the check that they work (`--once`) are made from the same steps, and so is what the README shows.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::catalog::Model;

use crate::client::{Answer, Http, HttpError};
use crate::plan::{BUYER, MAKER, Step};
use crate::say::say;
use crate::system::Addresses;

/// The first order id that a tour may take; the samples are far below.
const FIRST_ORDER_ID: u64 = 100;
const ORDER_ID_TRIES_MAX: u64 = 10_000;

/// Why a tour cannot be given, or did not go as it says.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TourError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("every order id from {FIRST_ORDER_ID} on is taken; `--reset` starts from nothing")]
    NoFreeOrderId,
    #[error("{what}: expected {expected_status} with {expected}, got {status} with {body}")]
    Unexpected { what: &'static str, expected_status: u16, expected: Value, status: u16, body: String },
}

/// One request, and what its answer must hold.
struct Stop {
    what: &'static str,
    method: Method,
    url: String,
    body: Option<String>,
    status: u16,
    /// Each value here is in the answer; of a list, some item. The README shows these of it.
    holds: Value,
}

/// The requests of one tour, in order.
pub(crate) struct Tour(Vec<Stop>);

impl Tour {
    /// A tour with an order id that is free.
    pub(crate) async fn plan(http: &Http, at: &Addresses, model: Option<&Model>) -> Result<Self, TourError> {
        for order_id in (FIRST_ORDER_ID..).take(usize::try_from(ORDER_ID_TRIES_MAX).unwrap_or(usize::MAX)) {
            let url = format!("{}/orders/{order_id}/status", at.status);
            if http.send(&Method::GET, &url, None).await?.status == 404 {
                return Ok(Self(stops(at, order_id, model)));
            }
        }
        Err(TourError::NoFreeOrderId)
    }

    /// Prints the lines.
    pub(crate) fn print(&self) {
        for stop in &self.0 {
            say!("\n# {} ({})\n{}", stop.what, stop.status, stop.curl());
        }
    }

    /// Sends each request and compares its answer.
    pub(crate) async fn walk(&self, http: &Http) -> Result<(), TourError> {
        for stop in &self.0 {
            let answer = http.send(&stop.method, &stop.url, stop.body.as_deref()).await?;
            say!("\n# {}\n{}\n{} {}", stop.what, stop.curl(), answer.status, answer.text);
            stop.check(answer)?;
        }
        Ok(())
    }
}

fn stops(at: &Addresses, order_id: u64, model: Option<&Model>) -> Vec<Stop> {
    let climb = |what, step: Step, version: u64| Stop {
        what,
        method: Method::PUT,
        url: format!("{}/orders/{order_id}/update", at.status),
        body: Some(step.body(BUYER, MAKER)),
        status: 200,
        holds: json!({
            "message": format!("State {} updated", step.name()),
            "order": { step.name(): true, "status": step.name(), "version": version },
        }),
    };
    let refused = Stop {
        status: 409,
        holds: json!({
            "type": "urn:atelier:problem:earlier_stage_missing",
            "title": "An earlier stage is missing",
            "status": 409,
            "detail": "Cannot set paid before completed",
            "code": "earlier_stage_missing",
            "current_version": 3,
        }),
        ..climb("She cannot pay for what is not finished.", Step::Paid, 3)
    };
    let get = |what, url, holds| Stop { what, method: Method::GET, url, body: None, status: 200, holds };
    let mut paid =
        json!({ "order_id": order_id, "status": "paid", "cost_final": 255.5, "model_status": "none" });
    if let Some(model) = model {
        paid["model_status"] = json!("found");
        paid["model_details"] = json!({ "name": model.name });
    }
    vec![
        create(at, order_id, model),
        climb("She asks for it.", Step::Requested, 2),
        climb("Maren accepts.", Step::Accepted, 3),
        refused,
        climb("Maren finishes it.", Step::Completed, 4),
        climb("Ada pays.", Step::Paid, 5),
        get(
            "Where it stands.",
            format!("{}/orders/{order_id}/status", at.status),
            json!({ "order_id": order_id, "status": "paid", "paid": true }),
        ),
        get(
            "Ada's paid orders, newest first, each with its model.",
            format!("{}/orders/user/{BUYER}", at.orders),
            json!({ "orders": [paid] }),
        ),
    ]
}

fn create(at: &Addresses, order_id: u64, model: Option<&Model>) -> Stop {
    let of_model = model.map(|model| format!(r#""model_id": "{}", "#, model.model_id)).unwrap_or_default();
    let order = format!(
        r#"{{"order_id": {order_id}, "requester_id": "{BUYER}", "created_by": "{MAKER}", {of_model}"cost_final": 255.5}}"#
    );
    Stop {
        what: "Ada wants a piece made by Maren.",
        method: Method::POST,
        url: format!("{}/orders/", at.status),
        body: Some(order),
        status: 201,
        holds: json!({
            "message": "Order created successfully",
            "order": { "order_id": order_id, "status": "created", "version": 1 },
        }),
    }
}

impl Stop {
    /// The line; `--json` sets the method POST and the content type.
    fn curl(&self) -> String {
        let method = if self.method == Method::PUT { "-X PUT " } else { "" };
        match &self.body {
            // The bodies hold no single quote, so the shell leaves them alone.
            Some(body) => format!("curl -s {method}--json '{body}' {}", self.url),
            None => format!("curl -s {}", self.url),
        }
    }

    fn check(&self, answer: Answer) -> Result<(), TourError> {
        if answer.status == self.status && holds(&answer.json(), &self.holds) {
            return Ok(());
        }
        Err(TourError::Unexpected {
            what: self.what,
            expected_status: self.status,
            expected: self.holds.clone(),
            status: answer.status,
            body: answer.text,
        })
    }
}

/// Whether `actual` has everything that `expected` names.
fn holds(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => {
            expected.iter().all(|(key, value)| actual.get(key).is_some_and(|actual| holds(actual, value)))
        }
        (Value::Array(actual), Value::Array(expected)) => {
            expected.iter().all(|value| actual.iter().any(|actual| holds(actual, value)))
        }
        _ => actual == expected,
    }
}

#[cfg(test)]
mod tests {
    use manual::console::examples;
    use testkit::catalog::demo;

    use super::*;

    const README: &str = include_str!("../../../README.md");

    fn addresses() -> Addresses {
        Addresses { status: "http://127.0.0.1:5017".into(), orders: "http://127.0.0.1:5019".into() }
    }

    #[test]
    fn the_readme_shows_this_tour() {
        let models = demo::models();
        let model = models.iter().find(|model| model.created_by == MAKER);
        let stops = stops(&addresses(), FIRST_ORDER_ID, model);
        let shown = examples(README, "## Try it");
        assert_eq!(shown.len(), stops.len());
        for (stop, example) in stops.iter().zip(shown) {
            assert_eq!(example.command, stop.curl());
            let answer: Value = serde_json::from_str(&example.output.replace(",…", "")).expect("JSON");
            assert_eq!(answer, stop.holds, "{}", example.command);
        }
    }

    #[test]
    fn an_answer_holds_what_is_expected_of_it_and_may_hold_more() {
        let actual = json!({ "orders": [{ "id": 1, "status": "paid" }, { "id": 2 }], "next": null });
        assert!(holds(&actual, &json!({ "orders": [{ "id": 2 }] })));
        assert!(!holds(&actual, &json!({ "orders": [{ "id": 1, "status": "created" }] })));
        assert!(!holds(&actual, &json!({ "missing": 1 })));
    }

    #[test]
    fn no_body_can_break_out_of_its_quotes() {
        for stop in stops(&addresses(), 100, demo::models().first()) {
            let Some(body) = stop.body else { continue };
            assert!(!body.contains('\''), "{body}");
            serde_json::from_str::<Value>(&body).expect("JSON");
        }
    }

    #[test]
    fn the_tour_ends_paid_and_has_one_refusal() {
        let stops = stops(&addresses(), 100, None);
        assert_eq!(stops.iter().filter(|stop| stop.status == 409).count(), 1);
        assert!(stops.last().is_some_and(|stop| stop.url.ends_with("/orders/user/ada")));
    }
}
