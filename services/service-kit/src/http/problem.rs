//! Every answer that is no success: RFC 9457 `application/problem+json`.
//!
//! Handlers return a [`Problem`]; the edge writes it, because only the edge knows the request's id.
//! A cause is for the log and must never reach a body.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};
use serde::Serialize;

use crate::chain::chain;

/// A kind of problem. Callers decide by `name`, which never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The name, and the end of the `type` URN.
    pub name: &'static str,
    /// The HTTP status it answers with.
    pub status: StatusCode,
    /// A few words, the same for every problem of this kind.
    pub title: &'static str,
}

/// Defines problem codes as constants, and `ALL` of them for the documents.
#[macro_export]
macro_rules! codes {
    ($($(#[$doc:meta])* $constant:ident = $name:literal, $status:ident, $title:literal;)*) => {
        $($(#[$doc])* pub const $constant: $crate::http::Code = $crate::http::Code {
            name: $name,
            status: $crate::http::StatusCode::$status,
            title: $title,
        };)*
        /// All of them, for the documents.
        pub const ALL: &[$crate::http::Code] = &[$($constant),*];
    };
}

/// The codes that any service may answer with. A service adds its own beside its routes.
pub mod codes {
    crate::codes! {
        /// The body is no JSON object.
        MALFORMED_BODY = "malformed_body", BAD_REQUEST, "Malformed body";
        /// A header cannot be read.
        MALFORMED_HEADER = "malformed_header", BAD_REQUEST, "Malformed header";
        /// The cursor is malformed, of another list, or of before a restore.
        BAD_CURSOR = "bad_cursor", BAD_REQUEST, "Bad cursor";
        /// No such path.
        UNKNOWN_PATH = "unknown_path", NOT_FOUND, "Unknown path";
        /// The path has no such method; `Allow` lists those it has.
        METHOD_NOT_ALLOWED = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed";
        /// The body did not arrive in time.
        REQUEST_TIMEOUT = "request_timeout", REQUEST_TIMEOUT, "Request timeout";
        /// The body is larger than any order.
        BODY_TOO_LARGE = "body_too_large", PAYLOAD_TOO_LARGE, "Body too large";
        /// The body is of another media type than JSON.
        UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Unsupported media type";
        /// JSON of the wrong shape; `errors` lists every wrong field.
        INVALID_FIELDS = "invalid_fields", UNPROCESSABLE_ENTITY, "Invalid fields";
        /// The caller is not known.
        UNAUTHENTICATED = "unauthenticated", UNAUTHORIZED, "Unauthenticated";
        /// The caller may not do this.
        NOT_AUTHORIZED = "not_authorized", FORBIDDEN, "Not authorized";
        /// Whoever vouches for callers is away.
        IDENTITY_UNAVAILABLE = "identity_unavailable", SERVICE_UNAVAILABLE, "Identity unavailable";
        /// The database is away.
        DATABASE_UNAVAILABLE = "database_unavailable", SERVICE_UNAVAILABLE, "Database unavailable";
        /// More work waits than can be done in time.
        OVERLOADED = "overloaded", SERVICE_UNAVAILABLE, "Overloaded";
        /// Somebody else holds the same order, for longer than a request may wait.
        CONTENDED = "contended", SERVICE_UNAVAILABLE, "Contended";
        /// A bug of ours. The cause stands in the log under the same `request_id`.
        INTERNAL = "internal", INTERNAL_SERVER_ERROR, "Internal error";
    }
}

/// One wrong field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Which field, as the caller spelt it.
    pub field: Cow<'static, str>,
    /// What it must be.
    pub message: String,
}

/// An answer that is no success.
#[derive(Debug, Clone)]
pub struct Problem(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    code: Code,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    current_version: Option<i64>,
    retry_after_seconds: Option<u32>,
    header: Option<(HeaderName, HeaderValue)>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

/// The body, as it goes out.
#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    current_version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u32>,
}

impl Problem {
    /// A problem of kind `code`. `detail` is a sentence that a person can act on.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            current_version: None,
            retry_after_seconds: None,
            header: None,
            cause: None,
        }))
    }

    /// A bug of ours: a fixed sentence outside, the cause in the log.
    pub fn internal(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::new(
            codes::INTERNAL,
            "Something went wrong on our side; quote the request id when you report it",
        )
        .with_cause(cause)
    }

    /// Fields of the wrong shape. With one wrong field its message is the detail, so that old callers show something of use.
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!("{} {}", one.field, one.message),
            many => format!("{} fields are wrong; errors lists each", many.len()),
        };
        let mut problem = Self::new(codes::INVALID_FIELDS, detail);
        problem.0.errors = errors;
        problem
    }

    /// The same, with another sentence.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// The same, saying at which version the thing is.
    #[must_use]
    pub fn with_current_version(mut self, version: i64) -> Self {
        self.0.current_version = Some(version);
        self
    }

    /// The same, saying when to come again: in the body and as `Retry-After`.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_seconds = Some(seconds);
        self
    }

    /// The same, with a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }

    /// The same, with what caused it, for the log.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.0.cause = Some(Arc::new(cause));
        self
    }

    /// Which kind it is.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The sentence.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// What caused it, with the whole chain, one line.
    pub(super) fn cause_chain(&self) -> Option<String> {
        self.0.cause.as_deref().map(|cause| chain(cause))
    }

    /// The answer on the wire.
    pub(super) fn render(&self, request_id: &str) -> Response {
        let Inner { code, detail, errors, current_version, retry_after_seconds, header, .. } = &*self.0;
        let body = Body {
            r#type: format!("urn:atelier:problem:{}", code.name),
            title: code.title,
            status: code.status.as_u16(),
            detail,
            code: code.name,
            request_id,
            errors,
            current_version: *current_version,
            retry_after_seconds: *retry_after_seconds,
        };
        // A struct of texts and numbers always serialises; an empty body would still carry the status.
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (code.status, bytes).into_response();
        let headers = response.headers_mut();
        headers.insert(hyper::header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after_seconds {
            headers.insert(hyper::header::RETRY_AFTER, HeaderValue::from(*seconds));
        }
        if let Some((name, value)) = header {
            headers.insert(name.clone(), value.clone());
        }
        response
    }
}

/// Hands the problem to the edge, which writes it: a body without the request's id would be half an answer.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.code.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
