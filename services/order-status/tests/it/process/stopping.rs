//! SIGTERM: un-ready while still serving, then no new connections, then the end when the requests in flight have their answers, and
//! their spans and lines are where they belong. What a container must keep to as well, [`super::first`] runs again.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::otlp::{ReceivedSpan, SpanReceiver};
use testkit::{Role, TestDatabase, wait};
use tokio::net::TcpStream;

use crate::support::foreign::Lock;
use crate::support::program::{Program, Serve};
use crate::support::raw::Raw;
use crate::support::{BUYER, Instance, MAKER, PATIENCE};

fn is_stopping(status: u16, report: &Value) -> bool {
    status == 503 && report["conditions"]["process"]["reason"] == "stopping"
}

async fn until_refused(instance: &Instance) {
    let refused = || async { TcpStream::connect(instance.address).await.is_err().then_some(()) };
    wait::until("new connections are refused", PATIENCE, refused).await.expect("refused");
}

#[tokio::test]
async fn a_log_that_nobody_reads_does_not_keep_it() {
    let more = [("ATELIER_LOG__LEVEL", "trace"), ("ATELIER_SHUTDOWN__DELAY_MS", "0")];
    let mut program = Program::serve("postgres://nobody@127.0.0.1:1/none", &more);
    let instance = program.instance().await;
    let unread = program.ignore_log();
    while instance.series("log_lines_dropped_total").await.iter().all(|(_, dropped)| *dropped < 1.0) {
        for _ in 0..100 {
            instance.get("/nothing").await;
        }
    }
    program.signal("TERM");
    assert_eq!(program.is_over().await, Some(0));
    drop(unread);
}

pub(super) async fn requests_in_flight_are_answered(serve: Serve) {
    let database = TestDatabase::create().await.expect("a database");
    let more = [("ATELIER_SHUTDOWN__DELAY_MS", "700"), ("ATELIER_DATABASE__ITEM_DEADLINE_MS", "20000")];
    let program = serve(&database.url(Role::Writer), &more);
    let instance = program.instance().await;
    instance.until_ready().await;
    let (held, free) = (instance.order().await, instance.order().await);

    let lock = Lock::order(&database, held).await;
    let mut arriving = Raw::connect(instance.address).await;
    let body = json!({"requester_id": BUYER, "created_by": MAKER}).to_string();
    let (one, other) = body.split_at(20);
    arriving
        .send(format!("POST /orders HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{one}", body.len()))
        .await;
    let stop = async {
        instance.until_active(2.0).await;
        program.signal("TERM");
        instance.until_readyz("un-ready while stopping", PATIENCE, is_stopping).await;
        let during = instance.status(free).await;
        assert_eq!(during.status, 200, "it still serves during the delay");
        assert_eq!(during.header("connection"), Some("close"), "and tells its clients to go elsewhere");
        until_refused(&instance).await;
        assert_eq!(instance.ops("/livez").await.0, 200, "the cluster still reaches it while it drains");
        lock.release().await;
        arriving.send(other).await;
        arriving.answer().await.expect("an answer to what was arriving")
    };
    let (moved, created) = tokio::join!(instance.buyer(held, "requested", true), stop);
    assert_eq!(moved.order()["version"], 2, "{moved:?}");
    assert_eq!(created.status, 201, "{created:?}");
    let ended = program.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    database.check_history_law().await.expect("the history law holds");
}

#[tokio::test]
async fn requests_in_flight_at_sigterm_are_answered_and_the_exit_is_0() {
    requests_in_flight_are_answered(Program::serve).await;
}

#[tokio::test]
async fn an_idle_client_does_not_hold_the_end_up() {
    let database = TestDatabase::create().await.expect("a database");
    let program = Program::serve(&database.url(Role::Writer), &[("ATELIER_SHUTDOWN__DELAY_MS", "0")]);
    let instance = program.instance().await;
    instance.until_ready().await;
    let mut idle = Raw::connect(instance.address).await;
    idle.send("GET /orders/1 HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(idle.answer().await.map(|answer| answer.status), Some(404));
    let mut silent = Raw::connect(instance.address).await;
    let started = Instant::now();
    program.signal("INT");
    let ended = program.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        started.elapsed() < Duration::from_secs(8),
        "it waited for clients that asked nothing: {ended:?}"
    );
    assert!(idle.is_closed().await && silent.is_closed().await);
}

#[tokio::test]
async fn without_a_database_it_stops_all_the_same() {
    let program =
        Program::serve("postgres://nobody@127.0.0.1:1/none", &[("ATELIER_SHUTDOWN__DELAY_MS", "0")]);
    let instance = program.instance().await;
    assert_eq!(instance.ops("/livez").await.0, 200);
    program.signal("TERM");
    let ended = program.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

pub(super) async fn the_drain_deadline_is_the_end(serve: Serve) {
    let database = TestDatabase::create().await.expect("a database");
    let more = [("ATELIER_SHUTDOWN__DELAY_MS", "0"), ("ATELIER_SHUTDOWN__DRAIN_MS", "300")];
    let program = serve(&database.url(Role::Writer), &more);
    let instance = program.instance().await;
    instance.until_ready().await;
    let mut endless = Raw::connect(instance.address).await;
    endless.send("POST /orders HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{").await;
    instance.until_active(1.0).await;
    let started = Instant::now();
    program.signal("TERM");
    let ended = program.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(ended.output.contains("drain deadline"), "it says so: {}", ended.output);
}

#[tokio::test]
async fn requests_that_outlast_the_drain_deadline_do_not_hold_the_end_up() {
    the_drain_deadline_is_the_end(Program::serve).await;
}

pub(super) async fn a_second_signal_is_the_end(serve: Serve) {
    for signals in [["TERM", "TERM"], ["INT", "TERM"]] {
        let program = serve("postgres://nobody@127.0.0.1:1/none", &[("ATELIER_SHUTDOWN__DELAY_MS", "60000")]);
        let instance = program.instance().await;
        assert_eq!(instance.ops("/livez").await.0, 200);
        program.signal(signals[0]);
        instance.until_readyz("un-ready while stopping", PATIENCE, is_stopping).await;
        program.signal(signals[1]);
        let ended = program.end().await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once_and_the_exit_is_not_0() {
    a_second_signal_is_the_end(Program::serve).await;
}

/// The spans of moves, of which none leaves before the end.
fn moves(receiver: &SpanReceiver) -> Vec<ReceivedSpan> {
    let is_move = |span: &ReceivedSpan| span.name == "PUT /orders/{order_id}/update";
    receiver.spans().into_iter().filter(is_move).collect()
}

pub(super) async fn the_last_request_is_told_of(serve: Serve) {
    let (database, receiver) = both().await;
    let endpoint = receiver.endpoint();
    let program = serve(&database.url(Role::Writer), &traced(&endpoint));
    let instance = program.instance().await;
    instance.until_ready().await;
    let held = instance.order().await;
    let lock = Lock::order(&database, held).await;
    let stop = async {
        instance.until_active(1.0).await;
        program.signal("TERM");
        until_refused(&instance).await;
        lock.release().await;
    };
    let (moved, ()) = tokio::join!(instance.buyer(held, "requested", true), stop);
    assert_eq!(moved.status, 200, "{moved:?}");
    let ended = program.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let [span] = &moves(&receiver)[..] else { panic!("the request's span: {:?}", receiver.spans()) };
    assert_eq!(span.attributes["http.response.status_code"], "200");
    let id = moved.header("x-request-id").expect("an id");
    let line = ended.output.lines().find(|line| line.contains(id)).expect("the request's line");
    assert!(line.contains(&span.trace_id), "{line}");
    assert!(ended.output.contains("\"stopped\""), "{}", ended.output);
}

async fn both() -> (TestDatabase, SpanReceiver) {
    let receiver = SpanReceiver::start().await.expect("a receiver");
    (TestDatabase::create().await.expect("a database"), receiver)
}

/// Every request has a span, and none leaves before the end.
fn traced(endpoint: &str) -> [(&str, &str); 5] {
    [
        ("ATELIER_TELEMETRY__OTLP__ENDPOINT", endpoint),
        ("ATELIER_TELEMETRY__OTLP__DELAY_MS", "60000"),
        ("ATELIER_TELEMETRY__SAMPLER", "always_on"),
        ("ATELIER_SHUTDOWN__DELAY_MS", "0"),
        ("ATELIER_DATABASE__ITEM_DEADLINE_MS", "20000"),
    ]
}

#[tokio::test]
async fn the_span_and_the_line_of_the_last_request_leave_before_the_end() {
    the_last_request_is_told_of(Program::serve).await;
}

#[tokio::test]
async fn a_request_that_is_cut_off_has_its_span_all_the_same() {
    let (database, receiver) = both().await;
    let endpoint = receiver.endpoint();
    // The move itself is tried until its own deadline, cut off or not: what was taken from a caller is not thrown away.
    let soon = [("ATELIER_SHUTDOWN__DRAIN_MS", "300"), ("ATELIER_DATABASE__ITEM_DEADLINE_MS", "3000")];
    let keys = [&traced(&endpoint)[..], &soon].concat();
    let program = Program::serve(&database.url(Role::Writer), &keys);
    let instance = program.instance().await;
    instance.until_ready().await;
    let held = instance.order().await;
    let _lock = Lock::order(&database, held).await;
    let mut cut = Raw::connect(instance.address).await;
    let body = json!({"state_type": "requested", "new_value": true, "user_id": BUYER}).to_string();
    let length = body.len();
    cut.send(format!(
        "PUT /orders/{held}/update HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
    .await;
    instance.until_active(1.0).await;
    program.signal("TERM");
    assert!(cut.is_closed().await, "it is cut off");
    let ended = program.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let [span] = &moves(&receiver)[..] else { panic!("the request's span: {:?}", receiver.spans()) };
    assert!(!span.attributes.contains_key("http.response.status_code"), "{span:?}");
}
