//! SIGTERM: un-ready while still serving, then no new connections, then the end when the requests in flight have their answers.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Role, TestDatabase, wait};
use tokio::net::TcpStream;

use crate::support::foreign::Lock;
use crate::support::program::Program;
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

#[tokio::test]
async fn requests_in_flight_at_sigterm_are_answered_and_the_exit_is_0() {
    let database = TestDatabase::create().await.expect("a database");
    let more = [("ATELIER_SHUTDOWN__DELAY_MS", "700"), ("ATELIER_DATABASE__ITEM_DEADLINE_MS", "20000")];
    let program = Program::serve(&database.url(Role::Writer), &more);
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
        assert_eq!(instance.status(free).await.status, 200, "it still serves during the delay");
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

#[tokio::test]
async fn requests_that_outlast_the_drain_deadline_do_not_hold_the_end_up() {
    let database = TestDatabase::create().await.expect("a database");
    let more = [("ATELIER_SHUTDOWN__DELAY_MS", "0"), ("ATELIER_SHUTDOWN__DRAIN_MS", "300")];
    let program = Program::serve(&database.url(Role::Writer), &more);
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
async fn a_second_signal_ends_it_at_once_and_the_exit_is_not_0() {
    for signals in [["TERM", "TERM"], ["INT", "TERM"]] {
        let program =
            Program::serve("postgres://nobody@127.0.0.1:1/none", &[("ATELIER_SHUTDOWN__DELAY_MS", "60000")]);
        let instance = program.instance().await;
        assert_eq!(instance.ops("/livez").await.0, 200);
        program.signal(signals[0]);
        instance.until_readyz("un-ready while stopping", PATIENCE, is_stopping).await;
        program.signal(signals[1]);
        let ended = program.end().await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
    }
}
