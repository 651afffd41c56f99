//! Spans: of a request, of a call to somebody else, of a statement. Only where the request was chosen; each ends when it is dropped.
//!
//! They are made here and handed to the library's queue as data. What lies between in its interface (current contexts, samplers,
//! tracers by name) would be asked for every request, chosen or not: docs/adr/0010.

use std::borrow::Cow;
use std::convert::Infallible;
use std::mem;
use std::time::{Instant, SystemTime};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use hyper::StatusCode;
use hyper::header::HeaderMap;
use opentelemetry::trace::{Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{Key, KeyValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use opentelemetry_semantic_conventions::attribute::{
    DB_OPERATION_BATCH_SIZE, DB_SYSTEM_NAME, ERROR_TYPE, HTTP_REQUEST_METHOD, HTTP_RESPONSE_STATUS_CODE,
    HTTP_ROUTE, SERVER_ADDRESS, SERVER_PORT, URL_TEMPLATE,
};

use super::context::TraceContext;
use super::tracer::Inner;

/// The span of the request that something is done for, or none where it was not chosen. Made to be carried along with the work.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestSpan(Option<Chosen>);

/// A span of ours that others can hang under.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chosen {
    pub(super) tracer: &'static Inner,
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
}

impl RequestSpan {
    pub(super) const fn of(chosen: Option<Chosen>) -> Self {
        Self(chosen)
    }

    pub(super) const fn chosen(self) -> Option<Chosen> {
        self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestSpan {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<TraceContext>().map(TraceContext::span).unwrap_or_default())
    }
}

/// A span that has begun.
#[derive(Debug)]
pub(super) struct Span {
    tracer: &'static Inner,
    context: SpanContext,
    parent: Option<Parent>,
    kind: SpanKind,
    name: Cow<'static, str>,
    began: (SystemTime, Instant),
    attributes: Vec<KeyValue>,
    links: Vec<Link>,
    status: Status,
}

/// What a span hangs under.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parent {
    pub(super) span_id: SpanId,
    pub(super) is_remote: bool,
}

impl Span {
    fn begin(this: Chosen, parent: Option<Parent>, state: TraceState, kind: SpanKind) -> Self {
        Self {
            tracer: this.tracer,
            context: SpanContext::new(this.trace_id, this.span_id, TraceFlags::SAMPLED, false, state),
            parent,
            kind,
            name: Cow::Borrowed(""),
            began: (this.tracer.clock.now().into(), Instant::now()),
            attributes: Vec::new(),
            links: Vec::new(),
            status: Status::Unset,
        }
    }

    /// One under `parent`, in the same trace.
    fn under(parent: Chosen, state: TraceState, kind: SpanKind) -> Self {
        let this = Chosen { span_id: new_span_id(), ..parent };
        Self::begin(this, Some(Parent { span_id: parent.span_id, is_remote: false }), state, kind)
    }

    fn set(&mut self, name: impl Into<Key>, value: impl Into<Value>) {
        self.attributes.push(KeyValue::new(name, value));
    }

    /// Says that it failed, with a word of a closed set.
    fn failed(&mut self, error_type: impl Into<Value>) {
        self.set(ERROR_TYPE, error_type);
        self.status = Status::error("");
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        let (start_time, began) = self.began;
        let mut links = SpanLinks::default();
        links.links = mem::take(&mut self.links);
        self.tracer.take(SpanData {
            span_context: self.context.clone(),
            parent_span_id: self.parent.map_or(SpanId::INVALID, |parent| parent.span_id),
            parent_span_is_remote: self.parent.is_some_and(|parent| parent.is_remote),
            span_kind: self.kind.clone(),
            name: mem::take(&mut self.name),
            start_time,
            // The machine's clock may be set while a request is served.
            end_time: start_time + began.elapsed(),
            attributes: mem::take(&mut self.attributes),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links,
            status: mem::take(&mut self.status),
            instrumentation_scope: self.tracer.scope(),
        });
    }
}

/// A new id; zeros name nothing.
pub(super) fn new_span_id() -> SpanId {
    SpanId::from(rand::random::<u64>().max(1))
}

/// The span of a request, from its headers to its answer.
#[derive(Debug)]
pub struct ServerSpan(Option<Span>);

impl ServerSpan {
    pub(super) fn begin(context: &TraceContext, method: &'static str, route: Option<&str>) -> Self {
        let Some(this) = context.span().chosen() else { return Self(None) };
        let mut span = Span::begin(this, context.caller(), context.state(), SpanKind::Server);
        // An invented method is neither a name nor a value.
        let (word, method) = if method == "other" { ("HTTP", "_OTHER") } else { (method, method) };
        span.name = route.map_or(Cow::Borrowed(word), |route| Cow::Owned(format!("{word} {route}")));
        span.set(HTTP_REQUEST_METHOD, method);
        if let Some(route) = route {
            span.set(HTTP_ROUTE, route.to_owned());
        }
        Self(Some(span))
    }

    /// Ends it with the answer. That of a client who left ends without one.
    pub(crate) fn end(self, status: StatusCode) {
        let Some(mut span) = self.0 else { return };
        span.set(HTTP_RESPONSE_STATUS_CODE, i64::from(status.as_u16()));
        if status.is_server_error() {
            span.failed(status.as_str().to_owned());
        }
    }
}

/// A kind of calls to somebody else: what may be said of each, without the ids in its address.
#[derive(Debug, Clone)]
pub struct OutgoingCall {
    /// The method.
    pub method: &'static str,
    /// The path with names in the place of ids.
    pub template: &'static str,
    /// The other's host.
    pub address: String,
    /// The other's port.
    pub port: u16,
}

/// One such call, from its request to its answer.
#[derive(Debug)]
pub struct Outgoing {
    span: Option<Span>,
    headers: HeaderMap,
}

impl Outgoing {
    pub(super) fn begin(context: &TraceContext, call: &OutgoingCall) -> Self {
        let Some(parent) = context.span().chosen() else {
            return Self { span: None, headers: context.headers() };
        };
        let mut span = Span::under(parent, context.state(), SpanKind::Client);
        span.name = Cow::Owned(format!("{} {}", call.method, call.template));
        span.set(HTTP_REQUEST_METHOD, call.method);
        span.set(URL_TEMPLATE, call.template);
        span.set(SERVER_ADDRESS, call.address.clone());
        span.set(SERVER_PORT, i64::from(call.port));
        let headers = context.headers_under(span.context.span_id());
        Self { span: Some(span), headers }
    }

    /// What tells the other which trace the call belongs to.
    pub fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    /// Notes what the other answered.
    pub fn answered(&mut self, status: StatusCode) {
        if let Some(span) = &mut self.span {
            span.set(HTTP_RESPONSE_STATUS_CODE, i64::from(status.as_u16()));
        }
    }

    /// Notes that the call told nothing, with a word of a closed set.
    pub fn failed(&mut self, error_type: &'static str) {
        if let Some(span) = &mut self.span {
            span.failed(error_type);
        }
    }
}

/// A statement, from the first byte that is sent to the last answer.
#[derive(Debug)]
pub struct StatementSpan(Span);

impl StatementSpan {
    /// Notes that it failed, with a word of a closed set.
    pub fn failed(&mut self, error_type: &'static str) {
        self.0.failed(error_type);
    }
}

/// The span of one statement that serves `requests`; none where none of them was chosen.
///
/// A span lies in one trace only. It is that of the first request that was chosen, whose trace is then whole: client, service,
/// statement. Where there are more, it has a link to each, the first included, so that any of them leads to it.
pub fn statement_span(
    name: &'static str,
    requests: impl IntoIterator<Item = RequestSpan>,
) -> Option<StatementSpan> {
    let mut size = 0_i64;
    let chosen: Vec<Chosen> =
        requests.into_iter().inspect(|_| size += 1).filter_map(RequestSpan::chosen).collect();
    let mut span = Span::under(*chosen.first()?, TraceState::NONE, SpanKind::Client);
    span.name = Cow::Borrowed(name);
    span.set(DB_SYSTEM_NAME, "postgresql");
    // One operation is no batch, says the convention.
    if size > 1 {
        span.set(DB_OPERATION_BATCH_SIZE, size);
    }
    if chosen.len() > 1 {
        span.links = chosen.iter().map(|request| Link::with_context(request.context())).collect();
    }
    Some(StatementSpan(span))
}

impl Chosen {
    fn context(&self) -> SpanContext {
        SpanContext::new(self.trace_id, self.span_id, TraceFlags::SAMPLED, false, TraceState::NONE)
    }
}
