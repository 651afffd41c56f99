//! What is made of the code for people to read: the document. `examples/documents.rs` prints it.

use service_kit::http::openapi::{About, Api};
use service_kit::identity::AuthMode;

use super::schemas;
use crate::state::AppState;

/// What the document says of the service. It adds no problem codes to the common ones.
const ABOUT: About = About {
    title: "Atelier Orders",
    description: "The orders of a user or of a creator, paid ones unless asked otherwise, each with its model from the catalog.\n\n\
        Both spellings of every path answer, with and without the slash at the end.",
    codes: &[],
};

/// An API without routes, its schemas known.
pub(super) fn api(mode: AuthMode) -> Api<AppState> {
    schemas::all().into_iter().fold(Api::new(ABOUT, mode), |api, (name, shape)| api.schema(name, shape))
}

/// The document (OpenAPI 3.1) of a service that knows its callers in this mode.
pub fn openapi(mode: AuthMode) -> String {
    super::api(mode).into_json()
}
