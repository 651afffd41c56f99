//! One request with what its answer must say, and what an answer turned out to be.

use std::fmt;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use serde::Deserialize;

/// One request, and what is known about its answer.
#[derive(Clone, Debug)]
pub struct Question<E> {
    /// Whether orders answers it, and not order-status.
    pub is_list: bool,
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub path: String,
    /// JSON.
    pub body: Option<String>,
    /// Besides those that every request has.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What the answer must say.
    pub expected: E,
}

/// A question that only reads.
pub fn get<E>(path: String, expected: E) -> Question<E> {
    Question { is_list: false, method: Method::GET, path, body: None, headers: Vec::new(), expected }
}

/// A question with a body.
pub fn sends<E>(method: Method, path: String, body: String, expected: E) -> Question<E> {
    Question { method, body: Some(body), ..get(path, expected) }
}

impl<E> Question<E> {
    /// It goes to orders.
    #[must_use]
    pub fn of_orders(self) -> Self {
        Self { is_list: true, ..self }
    }

    /// With one more header, unless the value could not be one.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }
}

/// What an answer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it must be.
    Good,
    /// 503, and when to come back.
    Refused,
    /// Another status than the right one.
    Failed(u16),
    /// The right status, and something that is not so.
    Mismatch(Mismatch),
}

/// Something that is not so, or belongs to another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    what: &'static str,
    found: Found,
}

/// The value, in the answer's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found(Box<str>);

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.found.0)
    }
}

/// Says `what` is wrong with what was `found`, unless it is so.
pub fn holds(is_so: bool, what: &'static str, found: &dyn fmt::Debug) -> Result<(), Mismatch> {
    if is_so { Ok(()) } else { Err(Mismatch { what, found: Found(format!("{found:?}").into()) }) }
}

/// A body, as what it should be.
pub fn read<'a, T: Deserialize<'a>>(body: &'a Bytes) -> Result<T, Mismatch> {
    serde_json::from_slice(body).map_err(|error| Mismatch {
        what: "not the JSON that was expected",
        found: Found(format!("{error} in {}", String::from_utf8_lossy(body)).into()),
    })
}
