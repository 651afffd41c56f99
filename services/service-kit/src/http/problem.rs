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
    /// What it means and what to do about it, for the documents.
    pub about: &'static str,
}

/// Defines problem codes as constants, and `ALL` of them for the documents. Their comments are the documents' text:
/// the first sentence says what is so, the second what the caller does about it.
#[macro_export]
macro_rules! codes {
    ($($(#[doc = $about:literal])+ $constant:ident = $name:literal, $status:ident, $title:literal;)*) => {
        $($(#[doc = $about])+ pub const $constant: $crate::http::Code = $crate::http::Code {
            name: $name,
            status: $crate::http::StatusCode::$status,
            title: $title,
            about: concat!($($about),+),
        };)*
        /// All of them, for the documents.
        pub const ALL: &[$crate::http::Code] = &[$($constant),*];
    };
}

/// The codes that any service may answer with. A service adds its own beside its routes.
pub mod codes {
    crate::codes! {
        /// The body cannot be read as JSON. Send one JSON object.
        MALFORMED_BODY = "malformed_body", BAD_REQUEST, "Malformed body";
        /// A header cannot be read; `detail` names it. Send it as the document says, or leave it out.
        MALFORMED_HEADER = "malformed_header", BAD_REQUEST, "Malformed header";
        /// The cursor is malformed, of another list, or of before a restore of the database. Begin the list again without `after`.
        BAD_CURSOR = "bad_cursor", BAD_REQUEST, "Bad cursor";
        /// There is nothing at this path. Look at the address; `/openapi.json` lists all there are.
        UNKNOWN_PATH = "unknown_path", NOT_FOUND, "Unknown path";
        /// The path does not take this method. Use one that `Allow` lists.
        METHOD_NOT_ALLOWED = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed";
        /// The body did not arrive in time; nothing was done. Send it again.
        REQUEST_TIMEOUT = "request_timeout", REQUEST_TIMEOUT, "Request timeout";
        /// The body is larger than any order can be. Send less; an order's parameters hold 16 KiB.
        BODY_TOO_LARGE = "body_too_large", PAYLOAD_TOO_LARGE, "Body too large";
        /// The body is of another media type than JSON. Send it as `application/json`.
        UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Unsupported media type";
        /// Fields or parameters are wrong; `errors` lists every one. Correct those and send it again.
        INVALID_FIELDS = "invalid_fields", UNPROCESSABLE_ENTITY, "Invalid fields";
        /// The service does not know who is asking. Get a new token, or go through the gateway.
        UNAUTHENTICATED = "unauthenticated", UNAUTHORIZED, "Unauthenticated";
        /// The caller may not do this. Ask a party of the order, or an operator.
        NOT_AUTHORIZED = "not_authorized", FORBIDDEN, "Not authorized";
        /// The caller asks more often than this service allows. Wait for `retry_after_seconds`, then try again.
        RATE_LIMITED = "rate_limited", TOO_MANY_REQUESTS, "Rate limited";
        /// Whoever vouches for callers cannot be reached. Try again after `retry_after_seconds`.
        IDENTITY_UNAVAILABLE = "identity_unavailable", SERVICE_UNAVAILABLE, "Identity unavailable";
        /// The database cannot be reached or did not answer. Try again after `retry_after_seconds`; look first whether a change was made if `detail` says so.
        DATABASE_UNAVAILABLE = "database_unavailable", SERVICE_UNAVAILABLE, "Database unavailable";
        /// More requests wait than can be answered in time. Try again after `retry_after_seconds`.
        OVERLOADED = "overloaded", SERVICE_UNAVAILABLE, "Overloaded";
        /// Somebody else holds the same order for longer than a request may wait; nothing was changed. Try again after `retry_after_seconds`.
        CONTENDED = "contended", SERVICE_UNAVAILABLE, "Contended";
        /// A bug of ours, whose cause stands in our log. Report it with its `request_id`.
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

/// How many wrong fields one answer lists: whoever sends more has not read the first ones yet.
const ERRORS_MAX: usize = 32;

/// How much of a name that a caller made up is said back.
const NAME_CHARS_MAX: usize = 64;

/// A name that a caller made up, short enough to be said back.
pub(super) fn shortened(name: String) -> String {
    match name.char_indices().nth(NAME_CHARS_MAX) {
        None => name,
        Some((end, _)) => format!("{}…", &name[..end]),
    }
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
    pub fn invalid_fields(mut errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!("{} {}", one.field, one.message),
            many if many.len() > ERRORS_MAX => {
                format!("{} fields are wrong; errors lists the first {ERRORS_MAX}", many.len())
            }
            many => format!("{} fields are wrong; errors lists each", many.len()),
        };
        errors.truncate(ERRORS_MAX);
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

    fn body<'a>(&'a self, request_id: &'a str) -> Body<'a> {
        let Inner { code, detail, errors, current_version, retry_after_seconds, .. } = &*self.0;
        Body {
            r#type: format!("urn:atelier:problem:{}", code.name),
            title: code.title,
            status: code.status.as_u16(),
            detail,
            code: code.name,
            request_id,
            errors,
            current_version: *current_version,
            retry_after_seconds: *retry_after_seconds,
        }
    }

    /// The body as the documents show it.
    pub(super) fn example(&self, request_id: &str) -> serde_json::Value {
        serde_json::to_value(self.body(request_id)).unwrap_or_default()
    }

    /// The header that this problem brings along.
    pub(super) fn header(&self) -> Option<&(HeaderName, HeaderValue)> {
        self.0.header.as_ref()
    }

    /// The answer on the wire.
    pub(super) fn render(&self, request_id: &str) -> Response {
        let Inner { code, retry_after_seconds, header, .. } = &*self.0;
        // A struct of texts and numbers always serialises; an empty body would still carry the status.
        let bytes = serde_json::to_vec(&self.body(request_id)).unwrap_or_default();
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
