//! Spans of requests and of calls to the catalog: what they say, how they hang together, and that nobody waits for a collector.

mod collector;
mod harmless;
mod process;

use testkit::otlp::{ReceivedSpan, SpanReceiver};
use testkit::{Role, TestDatabase};

use crate::catalog::with_models;
use crate::fixtures::{insert, model_id};
use crate::support::{Answer, PATIENCE, World};

const PATH: &str = "/orders/user/ada";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
const CHOSEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const NOT_CHOSEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

/// A service whose spans go to a receiver, with one order of ada's.
async fn traced(keys: &[(&str, &str)]) -> (SpanReceiver, World) {
    let receiver = SpanReceiver::start().await.expect("a receiver");
    let endpoint = receiver.endpoint();
    let ours = [("telemetry.otlp.endpoint", endpoint.as_str()), ("telemetry.otlp.delay_ms", "20")];
    let world = World::with(&[&ours, keys].concat()).await;
    insert(&world.database, &with_models(1)).await;
    (receiver, world)
}

async fn ask(world: &World, headers: &[(&str, &str)]) -> Answer {
    let headers: Vec<(&str, String)> =
        headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    world.service.get_with(PATH, &headers).await
}

async fn server_span(receiver: &SpanReceiver) -> ReceivedSpan {
    receiver.until("the request's span", PATIENCE, |span| span.kind == "server").await.expect("received")
}

/// The call to the catalog, once it is there.
async fn catalog_span(receiver: &SpanReceiver) -> ReceivedSpan {
    let is_it = |span: &ReceivedSpan| span.attributes.contains_key("url.template");
    receiver.until("the call's span", PATIENCE, is_it).await.expect("received")
}

/// The statement that read the list, once it is there.
async fn statement_span(receiver: &SpanReceiver) -> ReceivedSpan {
    let is_it = |span: &ReceivedSpan| span.attributes.contains_key("db.system.name");
    receiver.until("the statement's span", PATIENCE, is_it).await.expect("received")
}

/// Asserts that the statement hangs under the request, and tells nothing but what it is.
#[track_caller]
fn assert_statement(server: &ReceivedSpan, statement: &ReceivedSpan) {
    assert_eq!((&statement.trace_id, &statement.parent_span_id), (&server.trace_id, &server.span_id));
    assert_eq!((statement.name.as_str(), statement.kind.as_str()), ("list_requester_paid", "client"));
    assert!(!statement.is_error && statement.took <= server.took);
    assert_attributes(statement, &[("db.system.name", "postgresql")]);
}

/// One header of the last call to the catalog.
fn sent(world: &World, name: &str) -> Option<String> {
    let headers = world.catalog.headers(&model_id(1));
    headers.last().expect("it was asked").get(name).map(|value| value.to_str().expect("ASCII").to_owned())
}

#[track_caller]
fn assert_attributes(span: &ReceivedSpan, expected: &[(&str, &str)]) {
    let expected = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(span.attributes, expected, "{}", span.name);
}

/// Asserts that the caller's span, the request and the call to the catalog hang under each other, and are told as they should be.
#[track_caller]
fn assert_one_trace(server: &ReceivedSpan, catalog: &ReceivedSpan, address: std::net::SocketAddr) {
    assert_eq!((server.trace_id.as_str(), server.parent_span_id.as_str()), (TRACE, CALLER));
    assert_eq!((&catalog.trace_id, &catalog.parent_span_id), (&server.trace_id, &server.span_id));
    assert_eq!(
        (server.name.as_str(), catalog.name.as_str()),
        ("GET /orders/user/{user_id}", "GET /models/id/{model_id}")
    );
    assert_eq!((server.kind.as_str(), catalog.kind.as_str()), ("server", "client"));
    assert!(!server.is_error && !catalog.is_error && catalog.took <= server.took);
    // Exactly these: no path, no query, nobody's name, no id of a model.
    assert_attributes(
        server,
        &[
            ("http.request.method", "GET"),
            ("http.response.status_code", "200"),
            ("http.route", "/orders/user/{user_id}"),
        ],
    );
    assert_attributes(
        catalog,
        &[
            ("http.request.method", "GET"),
            ("http.response.status_code", "200"),
            ("server.address", &address.ip().to_string()),
            ("server.port", &address.port().to_string()),
            ("url.template", "/models/id/{model_id}"),
        ],
    );
}

#[tokio::test]
async fn client_request_statement_and_call_to_the_catalog_are_one_trace() {
    let (receiver, world) = traced(&[]).await;
    let answer = ask(&world, &[("traceparent", CHOSEN), ("tracestate", "rojo=1")]).await;
    assert_eq!(answer.model_statuses(), ["found"]);
    let (server, catalog) = (server_span(&receiver).await, catalog_span(&receiver).await);
    assert_one_trace(&server, &catalog, world.catalog.address());
    assert_statement(&server, &statement_span(&receiver).await);
    let passed_on = format!("00-{TRACE}-{}-01", catalog.span_id);
    assert_eq!(sent(&world, "traceparent"), Some(passed_on), "the catalog hangs under our call");
    assert_eq!(sent(&world, "tracestate").as_deref(), Some("rojo=1"));
    assert_eq!((server.state.as_str(), catalog.state.as_str()), ("rojo=1", "rojo=1"));
    assert_eq!(server.resource["service.name"], "orders");
    assert_eq!(server.resource["service.version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn a_request_that_its_caller_did_not_choose_has_no_span_and_its_context_is_passed_on() {
    let (receiver, world) = traced(&[("telemetry.trace_ratio", "1")]).await;
    ask(&world, &[("traceparent", NOT_CHOSEN), ("tracestate", "rojo=1")]).await;
    assert_eq!(
        (sent(&world, "traceparent").as_deref(), sent(&world, "tracestate").as_deref()),
        (Some(NOT_CHOSEN), Some("rojo=1"))
    );
    // What was begun later has arrived, so what was begun before would have, too.
    ask(&world, &[]).await;
    let server = server_span(&receiver).await;
    assert!(server.trace_id != TRACE && server.parent_span_id.is_empty(), "{server:?}");
    assert!(receiver.spans().iter().all(|span| span.trace_id != TRACE));
}

#[tokio::test]
async fn a_ratio_of_none_makes_no_span_and_tells_the_catalog_so() {
    let (receiver, world) = traced(&[("telemetry.trace_ratio", "0")]).await;
    assert_eq!(ask(&world, &[]).await.model_statuses(), ["found"]);
    let parent = sent(&world, "traceparent").expect("a trace of ours");
    assert!(parent.starts_with("00-") && parent.ends_with("-00"), "{parent}");
    ask(&world, &[("traceparent", CHOSEN)]).await;
    assert_eq!(server_span(&receiver).await.trace_id, TRACE, "only what the caller chose");
    assert_eq!(receiver.spans().iter().filter(|span| span.kind == "server").count(), 1);
}

#[tokio::test]
async fn a_caller_has_no_say_where_the_sampler_gives_none() {
    let (receiver, world) = traced(&[("telemetry.sampler", "always_on")]).await;
    ask(&world, &[("traceparent", NOT_CHOSEN)]).await;
    let server = server_span(&receiver).await;
    assert_eq!((server.trace_id.as_str(), server.parent_span_id.as_str()), (TRACE, CALLER));

    let (receiver, world) = traced(&[("telemetry.sampler", "always_off")]).await;
    ask(&world, &[("traceparent", CHOSEN)]).await;
    assert_eq!(sent(&world, "traceparent").as_deref(), Some(CHOSEN), "it is the caller's all the same");
    assert!(receiver.spans().is_empty() && receiver.headers().is_empty());
}

#[tokio::test]
async fn a_failure_of_ours_is_an_error_with_a_type_and_a_callers_mistake_is_none() {
    let database = TestDatabase::create().await.expect("a database");
    let receiver = SpanReceiver::start().await.expect("a receiver");
    let endpoint = receiver.endpoint();
    let keys = [
        ("telemetry.otlp.endpoint", endpoint.as_str()),
        ("telemetry.otlp.delay_ms", "20"),
        ("telemetry.sampler", "always_on"),
        ("database.item_deadline_ms", "200"),
    ];
    let away = "postgres://nobody@127.0.0.1:1/none";
    let service = crate::support::Service::start(away, "http://127.0.0.1:1/catalog", &keys).await;
    assert_eq!(service.get(PATH).await.status, 503);
    let failed = server_span(&receiver).await;
    assert!(failed.is_error, "{failed:?}");
    assert_eq!(failed.attributes["error.type"], "503");
    drop(service);

    let url = database.url(Role::Reader);
    let service = crate::support::Service::start(&url, "http://127.0.0.1:1/catalog", &keys).await;
    for path in ["/orders/user/ada?limit=planted", "/planted"] {
        assert!((400..500).contains(&service.get(path).await.status));
    }
    let is_it = |span: &ReceivedSpan| span.name == "GET";
    let unknown = receiver.until("the unknown path", PATIENCE, is_it).await.expect("received");
    assert_attributes(&unknown, &[("http.request.method", "GET"), ("http.response.status_code", "404")]);
    let is_it = |span: &ReceivedSpan| span.attributes["http.response.status_code"] == "422";
    let wrong = receiver.until("the wrong query", PATIENCE, is_it).await.expect("received");
    assert!(!wrong.is_error && !unknown.is_error && !format!("{wrong:?}").contains("planted"), "{wrong:?}");
}

#[tokio::test]
async fn a_call_that_tells_nothing_says_why() {
    let (receiver, mut world) = traced(&[]).await;
    world.catalog.stop();
    assert_eq!(ask(&world, &[("traceparent", CHOSEN)]).await.model_statuses(), ["unavailable"]);
    let (server, catalog) = (server_span(&receiver).await, catalog_span(&receiver).await);
    assert!(catalog.is_error && !server.is_error, "{catalog:?} {server:?}");
    assert_eq!(catalog.attributes["error.type"], "unreachable");
    assert!(!catalog.attributes.contains_key("http.response.status_code"));
}
