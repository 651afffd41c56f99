//! What is made of the code for people to read: the document, the lifecycle, the list of problems. `examples/documents.rs` prints them.

use std::fmt::Write as _;

use service_kit::http::openapi::{About, Api};
use service_kit::http::{Code, codes};
use service_kit::identity::AuthMode;

use super::{lifecycle, problems, schemas};
use crate::state::AppState;

/// What the document says of the service.
const ABOUT: About = About {
    title: "Atelier Order Status",
    description: "Orders of made-to-order work and their lifecycle: make an order, move it, see where it stands and how it came there.\n\n\
        Both spellings of every path answer, with and without the slash at the end.",
    codes: problems::ALL,
};

/// An API without routes, its schemas known.
pub(super) fn api(mode: AuthMode) -> Api<AppState> {
    schemas::all().into_iter().fold(Api::new(ABOUT, mode), |api, (name, shape)| api.schema(name, shape))
}

/// The document (OpenAPI 3.1) of a service that knows its callers in this mode.
pub fn openapi(mode: AuthMode) -> String {
    super::api(mode).into_json()
}

/// The lifecycle: its table and its diagram, in Markdown.
pub fn lifecycle() -> String {
    format!("{}\n{}", lifecycle::table(), lifecycle::diagram())
}

/// Every problem code of both services, by status, in Markdown.
pub fn problems() -> String {
    let ours = problems::ALL.iter().map(|code| (code, "order status"));
    let mut all: Vec<(&Code, &str)> = codes::ALL.iter().map(|code| (code, "both")).chain(ours).collect();
    all.sort_by_key(|(code, _)| code.status.as_u16());
    let mut text = String::from(
        "| code | status | title | of | what it means, and what to do |\n|---|---|---|---|---|\n",
    );
    for (Code { name, status, title, about }, service) in all {
        // Writing to a text does not fail.
        let _ = writeln!(text, "| `{name}` | {} | {title} | {service} | {} |", status.as_u16(), about.trim());
    }
    text
}
