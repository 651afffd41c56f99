//! Audit lines of the log: every refusal of a caller, and what operators read; a keyed hash stands for the caller.

use serde_json::{Value, json};
use testkit::{Role, TestDatabase};

use super::callers::{As, GATEWAY_SECRET, Mode, OPERATOR, REQUESTER, STRANGER, TOKEN_SECRET};
use crate::support::program::Program;
use crate::support::{BUYER, MAKER};

const KEY: &str = "planted-audit-key-0123456789abcdefgh";

/// The audit lines of a run in which the requester makes an order, a stranger and nobody look at it, an operator too.
async fn lines(key: &str) -> Vec<Value> {
    let database = TestDatabase::create().await.expect("a database");
    // A quiet log is no reason not to audit; the line that says where it listens is wanted all the same.
    let ours = [
        ("ATELIER_AUDIT__KEY", key),
        ("ATELIER_LOG__LEVEL", "error,service_kit::service=info"),
        ("ATELIER_SHUTDOWN__DELAY_MS", "0"),
    ];
    let program = Program::serve(&database.url(Role::Writer), &[Mode::Token.settings(), &ours].concat());
    let instance = program.instance().await;
    instance.until_ready().await;
    let order = As(&instance, REQUESTER).order().await;
    let path = format!("/orders/{order}");
    assert_eq!(As(&instance, REQUESTER).get(&path).await.status, 200);
    assert_eq!(As(&instance, STRANGER).get(&path).await.status, 404);
    assert_eq!(instance.get(&path).await.status, 401);
    let foreign = json!({"requester_id": BUYER, "created_by": MAKER});
    assert_eq!(As(&instance, STRANGER).post(&foreign).await.status, 403);
    assert_eq!(As(&instance, REQUESTER).moves(order, "accepted", true).await.status, 403);
    assert_eq!(As(&instance, OPERATOR).get(&path).await.status, 200);
    assert_eq!(As(&instance, OPERATOR).get(&format!("{path}/history")).await.status, 200);
    assert_eq!(As(&instance, OPERATOR).moves(order, "requested", true).await.status, 200);
    program.signal("TERM");
    let ended = program.end().await;
    for name in [BUYER, "buyers-name", "stranger-1", "operator-9", KEY, TOKEN_SECRET, GATEWAY_SECRET] {
        assert!(!ended.output.contains(name), "{name} stands in the log: {}", ended.output);
    }
    let lines = ended.output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["target"] == "audit").collect()
}

#[tokio::test]
async fn refusals_and_operators_reads_are_audited_and_nothing_else() {
    let lines = lines(KEY).await;
    let told: Vec<Value> = lines
        .iter()
        .map(|line| {
            json!([line["event"], line["method"], line["route"], line["status"], line["caller_role"]])
        })
        .collect();
    let (order, operator) = ("/orders/{order_id}", "operator");
    assert_eq!(
        told,
        [
            json!(["denied", "GET", order, 401, null]),
            json!(["denied", "POST", "/orders", 403, null]),
            json!(["denied", "PUT", "/orders/{order_id}/update", 403, null]),
            json!(["operator_read", "GET", order, 200, operator]),
            json!(["operator_read", "GET", "/orders/{order_id}/history", 200, operator]),
        ]
    );
    for line in &lines {
        assert!(line["request_id"].is_string(), "{line}");
        assert_eq!(line["order_id"].is_i64(), line["route"] != "/orders", "{line}");
    }
    assert_eq!(lines[0]["code"], "unauthenticated");
    assert_eq!(lines[1]["code"], "not_authorized");
}

#[tokio::test]
async fn a_caller_has_one_hash_under_one_key_and_another_under_another() {
    let callers = |lines: &[Value]| lines.iter().map(|line| line["caller"].clone()).collect::<Vec<_>>();
    let (one, again) = (callers(&lines(KEY).await), callers(&lines(KEY).await));
    let other = callers(&lines("another-audit-key-0123456789abcdefgh").await);
    assert_eq!(one, again);
    assert_eq!(one[3], one[4], "the operator twice");
    assert_ne!(one[1], one[2], "stranger and requester");
    for (one, other) in one.iter().zip(&other) {
        assert!(one.as_str().is_some_and(|hash| hash.len() == 16), "{one}");
        assert_ne!(one, other);
    }
}
