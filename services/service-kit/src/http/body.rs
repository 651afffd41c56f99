//! Reading a request's JSON body: within its limits, as an object, with every wrong field named at once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::header::CONTENT_TYPE;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::problem::{FieldError, Problem, codes, shortened};

/// The largest body that any call takes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// How much of a larger one is still read, so that its sender gets to read the 413 instead of a reset connection.
const DRAIN_BYTES_MAX: usize = 1024 * 1024;

/// Reads bodies, with the deadline of the configuration.
#[derive(Debug, Clone)]
pub struct Form {
    timeout: Arc<Duration>,
}

impl Form {
    /// A reader that gives a body `timeout` to arrive.
    pub fn new(timeout: Duration) -> Self {
        Self { timeout: Arc::new(timeout) }
    }

    /// The fields of `request`'s body.
    pub async fn read(&self, request: Request) -> Result<Fields, Problem> {
        check_media_type(&request)?;
        check_announced_length(&request)?;
        let bytes =
            tokio::time::timeout(*self.timeout, collect(request.into_body())).await.map_err(|_| {
                Problem::new(codes::REQUEST_TIMEOUT, "The body did not arrive in time; send it again")
            })??;
        if bytes.is_empty() {
            return Err(Problem::new(codes::MALFORMED_BODY, "The body is empty; send a JSON object"));
        }
        // Fields stay raw until they are taken: only then is it known which of them matter.
        serde_json::from_slice(&bytes).map(Fields::of).map_err(|error| match error.classify() {
            Category::Data => Problem::new(codes::INVALID_FIELDS, "The body must be a JSON object"),
            _ => Problem::new(codes::MALFORMED_BODY, format!("The body is not JSON: {error}")),
        })
    }
}

/// Why a value that is JSON by its form cannot be read, in words for whoever sent it.
pub fn unreadable(error: &serde_json::Error) -> &'static str {
    // The library has no kinds for these, only texts.
    let text = error.to_string();
    if text.starts_with("number out of range") {
        "holds a number that is too large"
    } else if text.starts_with("recursion limit") {
        "is nested too deeply"
    } else {
        "cannot be read: it holds half of a surrogate pair"
    }
}

/// A body may come without a media type, as callers of the replaced services send it, but not with that of something else.
fn check_media_type(request: &Request) -> Result<(), Problem> {
    let Some(given) = request.headers().get(CONTENT_TYPE) else {
        return Ok(());
    };
    let essence =
        given.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        Ok(())
    } else {
        Err(Problem::new(codes::UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json"))
    }
}

/// A body that says that it is too large even to be read to its end is not waited for.
fn check_announced_length(request: &Request) -> Result<(), Problem> {
    let announced = request.body().size_hint().lower();
    if announced > DRAIN_BYTES_MAX as u64 { Err(too_large()) } else { Ok(()) }
}

fn too_large() -> Problem {
    Problem::new(codes::BODY_TOO_LARGE, "The body must have at most 65536 bytes")
}

async fn collect(mut body: Body) -> Result<Bytes, Problem> {
    let mut kept = BytesMut::new();
    let mut seen = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Problem::new(codes::MALFORMED_BODY, "The body ended before it was complete").with_cause(error)
        })?;
        let Ok(data) = frame.into_data() else { continue };
        seen += data.len();
        if seen <= BODY_BYTES_MAX {
            kept.extend_from_slice(&data);
        } else if seen > DRAIN_BYTES_MAX {
            break;
        }
    }
    if seen > BODY_BYTES_MAX {
        return Err(too_large());
    }
    Ok(kept.freeze())
}

/// The fields of a JSON object, taken one by one. What is wrong is gathered, so that one answer names it all.
#[derive(Debug, Default)]
pub struct Fields {
    fields: BTreeMap<String, Box<RawValue>>,
    errors: Vec<FieldError>,
}

/// A JSON object as it was sent: a field that is sent twice shows, instead of one of the two winning in silence.
struct Object(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Object;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Object(pairs))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

impl Fields {
    fn of(Object(pairs): Object) -> Self {
        let mut read = Self::default();
        for (field, raw) in pairs {
            if read.fields.insert(field.clone(), raw).is_some() && !read.is_refused(&field) {
                read.errors.push(FieldError {
                    field: Cow::Owned(shortened(field)),
                    message: "must be given once".to_owned(),
                });
            }
        }
        read
    }

    /// Takes a field out as it was written; an absent one and `null` are the same.
    pub fn take_raw(&mut self, field: &str) -> Option<Box<RawValue>> {
        self.fields.remove(field).filter(|raw| raw.get() != "null")
    }

    /// Takes a field out; an absent one and `null` are the same.
    pub fn take(&mut self, field: &'static str) -> Option<Value> {
        let raw = self.take_raw(field)?;
        match serde_json::from_str(raw.get()) {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(field, unreadable(&error));
                None
            }
        }
    }

    /// Notes that a field is wrong, and what it must be.
    pub fn refuse(&mut self, field: &'static str, message: impl Into<String>) {
        self.errors.push(FieldError { field: Cow::Borrowed(field), message: message.into() });
    }

    /// Notes that a field is missing.
    pub fn refuse_missing(&mut self, field: &'static str) {
        self.refuse(field, "is required");
    }

    /// A text that parses as `T`.
    pub fn text<T>(&mut self, field: &'static str) -> Option<T>
    where
        T: TryFrom<String, Error: std::fmt::Display>,
    {
        match self.take(field)? {
            Value::String(text) => match T::try_from(text) {
                Ok(parsed) => Some(parsed),
                Err(error) => {
                    self.refuse(field, error.to_string());
                    None
                }
            },
            _ => {
                self.refuse(field, "must be a text");
                None
            }
        }
    }

    /// A boolean; `"yes"` and `1` are none.
    pub fn boolean(&mut self, field: &'static str) -> Option<bool> {
        match self.take(field)? {
            Value::Bool(value) => Some(value),
            _ => {
                self.refuse(field, "must be true or false");
                None
            }
        }
    }

    /// Whether a field was named wrong already.
    pub fn is_refused(&self, field: &str) -> bool {
        self.errors.iter().any(|error| error.field == field)
    }

    /// Nothing where all was right, else one problem that names every wrong field.
    pub fn finish(self) -> Result<(), Problem> {
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::invalid_fields(self.errors)) }
    }
}
