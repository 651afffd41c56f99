//! An answer of the service, and what every answer must have: the one place where the shape of problems is checked.

use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// Every problem code that this service may answer with, and its status.
const CODES: [(&str, u16); 26] = [
    ("malformed_body", 400),
    ("malformed_header", 400),
    ("bad_cursor", 400),
    ("unauthenticated", 401),
    ("not_authorized", 403),
    ("unknown_path", 404),
    ("order_not_found", 404),
    ("method_not_allowed", 405),
    ("request_timeout", 408),
    ("order_exists", 409),
    ("later_stages", 409),
    ("earlier_stage_missing", 409),
    ("alert_raised", 409),
    ("version_mismatch", 412),
    ("body_too_large", 413),
    ("unsupported_media_type", 415),
    ("invalid_fields", 422),
    ("idempotency_key_reused", 422),
    ("reason_required", 422),
    ("rate_limited", 429),
    ("internal", 500),
    ("identity_unavailable", 503),
    ("database_unavailable", 503),
    ("overloaded", 503),
    ("contended", 503),
    ("read_only", 503),
];

/// What a problem may have; the first six always.
const PROBLEM_KEYS: [&str; 9] = [
    "type",
    "title",
    "status",
    "detail",
    "code",
    "request_id",
    "errors",
    "current_version",
    "retry_after_seconds",
];

/// An answer that has what all answers have.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    headers: HeaderMap,
}

impl Answer {
    /// Sends `request` and checks what came back.
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        Self::attempt(request).await.expect("an answer")
    }

    /// The same; an error where no whole answer came.
    pub(crate) async fn attempt(request: RequestBuilder) -> Result<Self, reqwest::Error> {
        let answer = Self::unchecked(request).await?;
        answer.check();
        Ok(answer)
    }

    /// Sends `request` and takes what comes, also what the service says that does not look like the rest: a page, an asset.
    pub(crate) async fn unchecked(request: RequestBuilder) -> Result<Self, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, text: response.text().await? })
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A header that may come once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        assert!(values.next().is_none(), "{name} comes twice: {self:?}");
        Some(value.to_str().expect("a header in ASCII"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The order in the answer to a create or a move that succeeded.
    pub(crate) fn order(&self) -> Value {
        assert!(matches!(self.status, 200 | 201), "{self:?}");
        self.json()["order"].take()
    }

    /// Asserts a refusal by status, code and sentence; gives the whole problem.
    pub(crate) fn refused(&self, status: u16, code: &str, detail: &str) -> Value {
        let problem = self.json();
        let got = (self.status, problem["code"].as_str(), problem["detail"].as_str());
        assert_eq!(got, (status, Some(code), Some(detail)), "{self:?}");
        problem
    }

    /// Asserts 422 for one field; its message is the detail too, so that old callers show something of use.
    pub(crate) fn wrong_field(&self, field: &str, message: &str) {
        let problem = self.refused(422, "invalid_fields", &format!("{field} {message}"));
        let errors = serde_json::json!([{"field": field, "message": message}]);
        assert_eq!(problem["errors"], errors, "{self:?}");
    }

    fn check(&self) {
        assert!(self.header("x-request-id").is_some_and(|id| !id.is_empty()), "{self:?}");
        assert_eq!(self.header("vary"), Some("Authorization"), "{self:?}");
        if self.status >= 400 {
            self.check_problem();
            return;
        }
        assert_eq!(self.header("cache-control"), Some("private, no-cache"), "{self:?}");
        if !self.text.is_empty() {
            assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        }
    }

    fn check_problem(&self) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        let problem = self.json();
        let object = problem.as_object().expect("a problem is an object");
        for key in &PROBLEM_KEYS[..6] {
            assert!(object.contains_key(*key), "no {key}: {self:?}");
        }
        for key in object.keys() {
            assert!(PROBLEM_KEYS.contains(&key.as_str()), "{key} is no part of a problem: {self:?}");
        }
        let code = problem["code"].as_str().expect("the code is a text");
        assert!(CODES.contains(&(code, self.status)), "{code} does not belong to {}: {self:?}", self.status);
        assert_eq!(problem["type"], format!("urn:atelier:problem:{code}"), "{self:?}");
        assert_eq!(problem["status"], self.status, "{self:?}");
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"), "{self:?}");
        for key in ["title", "detail"] {
            assert!(problem[key].as_str().is_some_and(|text| !text.trim().is_empty()), "{key}: {self:?}");
        }
        for error in problem["errors"].as_array().into_iter().flatten() {
            assert!(error["field"].is_string() && error["message"].is_string(), "{self:?}");
        }
        let has = |key: &str| object.contains_key(key);
        assert!(!has("errors") || self.status == 422, "{self:?}");
        let tells_version =
            matches!(code, "version_mismatch" | "later_stages" | "earlier_stage_missing" | "alert_raised");
        assert_eq!(has("current_version"), tells_version, "{self:?}");
        assert_eq!(has("retry_after_seconds"), matches!(self.status, 429 | 503), "{self:?}");
        let seconds = problem["retry_after_seconds"].as_u64().map(|seconds| seconds.to_string());
        assert_eq!(self.header("retry-after"), seconds.as_deref(), "{self:?}");
        assert_eq!(self.header("allow").is_some(), self.status == 405, "{self:?}");
    }
}
