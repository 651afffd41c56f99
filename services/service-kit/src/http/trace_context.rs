//! W3C trace context: what a caller says of the trace that its request belongs to, to be passed on to whatever is asked for it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// A `tracestate` of more bytes than this need not be passed on (W3C Trace Context, "Limits").
const STATE_BYTES_MAX: usize = 512;

/// The trace of a request; empty where the caller named none, or none that is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceContext {
    parent: Option<HeaderValue>,
    state: Option<HeaderValue>,
}

impl TraceContext {
    /// What `headers` say.
    pub fn read(headers: &HeaderMap) -> Self {
        let parent = headers.get(TRACEPARENT).filter(|value| is_traceparent(value.as_bytes())).cloned();
        let state = headers.get(TRACESTATE).filter(|value| value.len() <= STATE_BYTES_MAX).cloned();
        // A state without a parent says nothing.
        Self { state: parent.is_some().then_some(state).flatten(), parent }
    }

    /// The headers of a request that is made for this one.
    pub fn headers(&self) -> HeaderMap {
        let named = [(TRACEPARENT, &self.parent), (TRACESTATE, &self.state)];
        named.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect()
    }
}

/// `version-trace_id-parent_id-flags`, in lower-case hex; all zeros name nothing, and ff is no version.
fn is_traceparent(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| *byte == b'-');
    let mut hex = |digits: usize| {
        parts.next().filter(|part| {
            part.len() == digits && part.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
    };
    let (version, trace_id, parent_id, flags) = (hex(2), hex(32), hex(16), hex(2));
    let is_something = |part: Option<&[u8]>| part.is_some_and(|part| part.iter().any(|byte| *byte != b'0'));
    version.is_some_and(|version| version != b"ff")
        && is_something(trace_id)
        && is_something(parent_id)
        && flags.is_some()
        && (parts.next().is_none() || version != Some(b"00"))
}

impl<S: Send + Sync> FromRequestParts<S> for TraceContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::read(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed_on(parent: &'static str, state: &'static str) -> HeaderMap {
        let value = HeaderValue::from_static;
        let headers = [(TRACEPARENT, value(parent)), (TRACESTATE, value(state))];
        TraceContext::read(&headers.into_iter().collect()).headers()
    }

    #[test]
    fn a_good_context_is_passed_on_whole() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let headers = passed_on(parent, "rojo=1");
        assert_eq!(
            (headers["traceparent"].as_bytes(), headers["tracestate"].as_bytes()),
            (parent.as_bytes(), &b"rojo=1"[..])
        );
        // A later version may say more behind the flags.
        assert_eq!(passed_on("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", "").len(), 2);
    }

    #[test]
    fn anything_else_is_dropped() {
        for parent in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e47-00f067aa0ba902b7-01",
        ] {
            assert!(passed_on(parent, "rojo=1").is_empty(), "{parent}");
        }
    }
}
