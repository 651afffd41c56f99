//! What every request passes on its way in and out: its id, the rendering of problems, cache headers, metrics, one log line.
//! It must never log a raw path, a query, a body or a header: the route is enough, and says nothing of anybody.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use hyper::header::{CACHE_CONTROL, CONNECTION, HeaderMap, HeaderValue, VARY};
use hyper::{Method, StatusCode, Uri};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::field::display;

use super::problem::{Problem, codes};
use super::request_id::{RequestIds, X_REQUEST_ID};
use super::server::HEADER_BYTES_MAX;
use crate::audit::Audit;
use crate::identity::Witness;
use crate::lifecycle::Leaving;
use crate::metrics::HttpMetrics;
use crate::telemetry::{RequestLog, TraceContext, Tracer};

/// What the edge needs of the process around it.
#[derive(Clone)]
pub struct Edge {
    /// Where new request ids come from.
    pub request_ids: RequestIds,
    /// Where requests are counted.
    pub metrics: HttpMetrics,
    /// Which requests are logged.
    pub log: RequestLog,
    /// Writes who was refused, and what operators read.
    pub audit: Audit,
    /// Makes spans of requests.
    pub tracer: Tracer,
    /// Whether clients are to take their next request elsewhere.
    pub leaving: Leaving,
}

/// What a handler adds to its request's log line, by putting it among the response's extensions.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogFields {
    /// The order that was made; one that the path names need not be said again.
    pub order_id: Option<i64>,
    /// In which role the caller acted.
    pub caller_role: Option<&'static str>,
}

/// Puts the edge around `routes`: unknown paths and methods get problems, a panic gets a 500.
pub fn wrap(routes: Router, edge: Edge) -> Router {
    routes
        .fallback(|| async { Problem::new(codes::UNKNOWN_PATH, "There is nothing at this path") })
        .method_not_allowed_fallback(|| async {
            Problem::new(
                codes::METHOD_NOT_ALLOWED,
                "This path does not take that method; Allow lists those it takes",
            )
        })
        // One layer of two: each costs a request its boxes.
        .layer((from_fn_with_state(Arc::new(edge), pass), CatchPanicLayer::custom(answer_panic)))
}

#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {0}")]
struct Panicked(String);

#[expect(clippy::needless_pass_by_value, reason = "the signature is tower-http's")]
fn answer_panic(panic: Box<dyn std::any::Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    Problem::internal(Panicked(message)).into_response()
}

async fn pass(State(edge): State<Arc<Edge>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = edge.request_ids.take_or_make(request.headers().get(X_REQUEST_ID));
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let order_id = order_id(route.as_ref(), request.uri());
    let witness = Witness::default();
    request.extensions_mut().insert(witness.clone());
    let trace = TraceContext::receive(request.headers(), edge.tracer);
    let span = trace.serve(method_name(&method), route.as_ref().map(route_name));
    request.extensions_mut().insert(trace.clone());
    let _active = edge.metrics.active();

    let mut response = if header_bytes(request.headers()) > HEADER_BYTES_MAX {
        (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, [(CONNECTION, "close")]).into_response()
    } else {
        next.run(request).await
    };

    let log = response.extensions_mut().remove::<LogFields>().unwrap_or_default();
    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = &problem {
        let allow = response.headers_mut().remove(hyper::header::ALLOW);
        response = problem.render(id.to_str().unwrap_or_default());
        if let Some(allow) = allow {
            response.headers_mut().insert(hyper::header::ALLOW, allow);
        }
    }
    let status = response.status();
    finish_headers(&mut response, id.clone());
    if edge.leaving.has_begun() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }

    let entry = Entry {
        trace: &trace,
        request_id: id.to_str().unwrap_or_default(),
        method: method_name(&method),
        route: route.as_ref().map_or("unmatched", route_name),
        status,
        order_id: log.order_id.or(order_id),
        caller_role: log.caller_role,
        code: problem.as_ref().map(|problem| problem.code().name),
    };
    let duration = started.elapsed();
    if let Some(problem) = &problem {
        edge.metrics.shed(problem.code());
    }
    edge.metrics.observe(entry.method, entry.route, status.as_str(), duration);
    if edge.log.wants(status.as_u16(), duration) {
        entry.write(duration, problem.as_ref());
    }
    edge.audit.note(&entry, &witness);
    span.end(status);
    response
}

/// hyper's own bound is that of a buffer, which one large read may pass.
fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

fn finish_headers(response: &mut Response, id: HeaderValue) {
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    // No shared cache may mix callers, and an error must not outlive its cause.
    let cache = if is_error { "no-store" } else { "private, no-cache" };
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, id);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(VARY, HeaderValue::from_static("Authorization"));
}

/// Both spellings of a route are one route in logs and metrics.
fn route_name(path: &MatchedPath) -> &str {
    let path = path.as_str();
    if path.len() > 1 { path.trim_end_matches('/') } else { path }
}

/// A method's name, if it is one that HTTP knows: invented ones must add no series.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// The order that a path names, if it is a number that an order could have.
fn order_id(route: Option<&MatchedPath>, uri: &Uri) -> Option<i64> {
    let place = route?.as_str().split('/').position(|segment| segment == "{order_id}")?;
    uri.path().split('/').nth(place)?.parse().ok()
}

/// What is said of a request when it has been answered.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) trace: &'a TraceContext,
    pub(crate) request_id: &'a str,
    pub(crate) method: &'static str,
    pub(crate) route: &'a str,
    pub(crate) status: StatusCode,
    pub(crate) order_id: Option<i64>,
    pub(crate) caller_role: Option<&'static str>,
    pub(crate) code: Option<&'static str>,
}

impl Entry<'_> {
    fn write(&self, duration: Duration, problem: Option<&Problem>) {
        let Self { trace, request_id, method, route, status, order_id, caller_role, code } = *self;
        let duration_ms = (duration.as_secs_f64() * 1e6).round() / 1e3;
        let cause = problem.and_then(Problem::cause_chain);
        let trace_id = display(trace.trace_id());
        let span_id = trace.span_id().map(display);
        let is_error = status.is_server_error();
        let status = status.as_u16();
        if is_error {
            tracing::error!(
                target: "request", trace_id, span_id, request_id, method, route, status, duration_ms, order_id, caller_role, code, cause
            );
        } else {
            tracing::info!(
                target: "request", trace_id, span_id, request_id, method, route, status, duration_ms, order_id, caller_role, code, cause
            );
        }
    }
}
