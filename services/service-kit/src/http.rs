//! The HTTP edge that both services share: the accept loop and its limits, request ids, problem answers, the request log.

mod body;
mod cursor;
mod edge;
mod etag;
mod json;
pub mod openapi;
mod path;
mod problem;
mod query;
mod request_id;
mod server;

pub use body::{Fields, Form, unreadable};
pub use cursor::ListKey;
pub(crate) use edge::Entry;
pub use edge::{Edge, LogFields, wrap};
pub use etag::{EntityTag, IfMatch, if_none_match};
pub use json::json;
pub use path::{both_spellings, path_param};
pub use problem::{Code, FieldError, Problem, codes};
pub use query::{Query, next_link};
pub use request_id::RequestIds;
pub use server::{BindError, PeerAddress, Server};

#[doc(hidden)]
pub use hyper::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

/// What a client may send, and how slowly.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// How long a client may take to send a request's headers; then its connection is closed. Milliseconds.
    #[schemars(range(min = 1, max = 300_000))]
    pub header_timeout_ms: u64,
    /// How long a client may take to send a request's body; then it is answered 408. Milliseconds.
    #[schemars(range(min = 1, max = 300_000))]
    pub body_timeout_ms: u64,
    /// Connections served at once; further ones wait to be accepted.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub connections_max: usize,
}
