//! W3C trace context: which trace a request belongs to, read once at the edge, passed on to whoever is asked for it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanId, TraceFlags, TraceId, TraceState};

use super::span::{Chosen, Outgoing, OutgoingCall, Parent, RequestSpan, ServerSpan, new_span_id};
use super::tracer::Tracer;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// A `tracestate` of more bytes than this need not be passed on (W3C Trace Context, "Limits").
const STATE_BYTES_MAX: usize = 512;

/// The trace of a request: the caller's, or a new one.
#[derive(Debug, Clone)]
pub struct TraceContext {
    trace_id: TraceId,
    caller: Option<Caller>,
    state: Option<HeaderValue>,
    span: RequestSpan,
}

/// What a caller said in `traceparent`.
#[derive(Debug, Clone)]
struct Caller {
    trace_id: TraceId,
    span_id: SpanId,
    chosen: bool,
    /// As it came: what a later version says behind the flags is passed on with it.
    header: HeaderValue,
}

impl TraceContext {
    /// What `headers` say, or a new trace; and whether it gets spans.
    pub(crate) fn receive(headers: &HeaderMap, tracer: Tracer) -> Self {
        let caller = headers.get(TRACEPARENT).and_then(Caller::parse);
        // A state without a parent says nothing.
        let state = caller.as_ref().and_then(|_| headers.get(TRACESTATE));
        let state = state.filter(|value| value.len() <= STATE_BYTES_MAX).cloned();
        let trace_id = caller
            .as_ref()
            .map_or_else(|| TraceId::from(rand::random::<u128>().max(1)), |caller| caller.trace_id);
        let tracer = tracer.choose(trace_id, caller.as_ref().map(|caller| caller.chosen));
        let span = RequestSpan::of(tracer.map(|tracer| Chosen { tracer, trace_id, span_id: new_span_id() }));
        Self { trace_id, caller, state, span }
    }

    /// The trace's id.
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The id of the request's span, if it has one.
    pub fn span_id(&self) -> Option<SpanId> {
        self.span.chosen().map(|chosen| chosen.span_id)
    }

    /// The request's span, to be carried along with the work.
    pub fn span(&self) -> RequestSpan {
        self.span
    }

    /// Begins the request's own span, where it gets one.
    pub(crate) fn serve(&self, method: &'static str, route: Option<&str>) -> ServerSpan {
        ServerSpan::begin(self, method, route)
    }

    /// Begins a call that is made for this request.
    pub fn call(&self, call: &OutgoingCall) -> Outgoing {
        Outgoing::begin(self, call)
    }

    pub(super) fn caller(&self) -> Option<Parent> {
        self.caller.as_ref().map(|caller| Parent { span_id: caller.span_id, is_remote: true })
    }

    pub(super) fn state(&self) -> TraceState {
        self.state.as_ref().and_then(|state| state.to_str().ok()?.parse().ok()).unwrap_or_default()
    }

    /// The headers of a request that is made for this one, where this one has no span: the caller's own words, or that nobody chose it.
    pub(super) fn headers(&self) -> HeaderMap {
        match &self.caller {
            Some(caller) => self.with_state(caller.header.clone()),
            None => self.with_state(parent(self.trace_id, new_span_id(), TraceFlags::NOT_SAMPLED)),
        }
    }

    /// The headers of a request that is made under a span of ours.
    pub(super) fn headers_under(&self, span_id: SpanId) -> HeaderMap {
        self.with_state(parent(self.trace_id, span_id, TraceFlags::SAMPLED))
    }

    fn with_state(&self, parent: HeaderValue) -> HeaderMap {
        [(TRACEPARENT, Some(parent)), (TRACESTATE, self.state.clone())]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

fn parent(trace_id: TraceId, span_id: SpanId, flags: TraceFlags) -> HeaderValue {
    let text = format!("00-{trace_id}-{span_id}-{:02x}", flags.to_u8());
    // Hex digits and dashes are always a header.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

impl Caller {
    /// `version-trace_id-parent_id-flags`, in lower-case hex; all zeros name nothing, and ff is no version.
    fn parse(header: &HeaderValue) -> Option<Self> {
        let mut parts = header.to_str().ok()?.split('-');
        let mut hex = |digits: usize| {
            parts.next().filter(|part| {
                part.len() == digits && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            })
        };
        let (version, trace_id, span_id, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
        if version == "ff" || (version == "00" && parts.next().is_some()) {
            return None;
        }
        let trace_id = TraceId::from_hex(trace_id).ok().filter(|id| *id != TraceId::INVALID)?;
        let span_id = SpanId::from_hex(span_id).ok().filter(|id| *id != SpanId::INVALID)?;
        let chosen = u8::from_str_radix(flags, 16).ok()? & TraceFlags::SAMPLED.to_u8() != 0;
        Some(Self { trace_id, span_id, chosen, header: header.clone() })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for TraceContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let received = parts.extensions.get::<Self>().cloned();
        Ok(received.unwrap_or_else(|| Self::receive(&parts.headers, Tracer::off())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed_on(parent: &str, state: &'static str) -> HeaderMap {
        let headers = [
            (TRACEPARENT, HeaderValue::from_str(parent).unwrap()),
            (TRACESTATE, HeaderValue::from_static(state)),
        ];
        TraceContext::receive(&headers.into_iter().collect(), Tracer::off()).headers()
    }

    #[test]
    fn a_good_context_is_passed_on_whole() {
        for parent in [
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
            // A later version may say more behind the flags.
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-more",
        ] {
            let headers = passed_on(parent, "rojo=1");
            assert_eq!(
                (&headers["traceparent"], &headers["tracestate"]),
                (&parent.parse().unwrap(), &"rojo=1".parse().unwrap())
            );
        }
    }

    #[test]
    fn anything_else_is_replaced_by_a_trace_of_ours_that_nobody_chose() {
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
            let headers = passed_on(parent, "rojo=1");
            let ours = Caller::parse(&headers["traceparent"]).expect("a parent of ours");
            assert!(!ours.chosen && !headers.contains_key("tracestate"), "{parent}: {headers:?}");
            assert!(!headers["traceparent"].to_str().unwrap().contains("4bf92f3577b34da6"), "{parent}");
        }
    }
}
