//! Real answers held against a document, so that in the end it can be said which of its refusals were never given.

use std::collections::BTreeSet;

use axum::http::HeaderMap;
use serde_json::Value;

use super::{Document, Operation};

/// Method and path, as the document writes them.
pub type Route = (&'static str, &'static str);

/// What may come back from where: route, status, and the code of a refusal that has a body.
pub type Outcome = (Route, u16, Option<String>);

/// Headers that belong to some answers only.
const HEADERS: [&str; 7] =
    ["etag", "link", "location", "idempotency-replayed", "retry-after", "allow", "www-authenticate"];

/// A document, and what was held against it.
#[derive(Debug)]
pub struct Held {
    document: Document,
    given: BTreeSet<Outcome>,
}

impl Held {
    /// Begins.
    pub fn against(document: Document) -> Self {
        Self { document, given: BTreeSet::new() }
    }

    /// What of an answer is not as the document declares it; nothing where it is.
    pub fn mistakes_of(&mut self, route: Route, status: u16, headers: &HeaderMap, text: &str) -> Vec<String> {
        let Some(operation) = operation(&self.document, route) else {
            return vec![format!("{route:?} is not in the document")];
        };
        // What is no JSON is a text in no document of ours.
        let json = || serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        let body: Option<Value> = (!text.is_empty()).then(json);
        let mut mistakes = self.document.mistakes_of_answer(operation, status, body.as_ref());
        let declared = &operation.object["responses"][status.to_string()]["headers"];
        let undeclared =
            HEADERS.iter().filter(|name| headers.contains_key(**name) && declared.get(name).is_none());
        mistakes.extend(undeclared.map(|name| format!("{name} is not declared")));
        if status >= 400 {
            let code = body.and_then(|body| body["code"].as_str().map(str::to_owned));
            self.given.insert((route, status, code));
        }
        mistakes
    }

    /// Refusals of these operations that are declared and were not given, or the other way about.
    pub fn difference(&self, routes: &[Route]) -> Vec<Outcome> {
        let declared: BTreeSet<Outcome> = routes.iter().flat_map(|route| self.refusals(*route)).collect();
        declared.symmetric_difference(&self.given).cloned().collect()
    }

    /// Each code of each status that an operation refuses with, and the statuses without a body.
    fn refusals(&self, route: Route) -> Vec<Outcome> {
        let responses = operation(&self.document, route).map(|operation| &operation.object["responses"]);
        let responses = responses.and_then(Value::as_object).into_iter().flatten();
        let responses = responses.filter_map(|(status, response)| Some((status.parse().ok()?, response)));
        let refusals = responses.filter(|(status, _)| *status >= 400);
        refusals
            .flat_map(|(status, response)| {
                let codes = codes(response);
                let codes = if codes.is_empty() { vec![None] } else { codes };
                codes.into_iter().map(move |code| (route, status, code))
            })
            .collect()
    }
}

fn operation(document: &Document, route: Route) -> Option<Operation<'_>> {
    document.operations().into_iter().find(|it| (it.method, it.path) == route)
}

/// The code in each example of a response.
fn codes(response: &Value) -> Vec<Option<String>> {
    let examples = response.pointer("/content/application~1problem+json/examples");
    let examples = examples.and_then(Value::as_object).into_iter().flatten();
    examples.map(|(_, example)| example["value"]["code"].as_str().map(str::to_owned)).collect()
}
