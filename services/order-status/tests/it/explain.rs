//! `order-status explain`: what is stored, whether it can be so, who may go on. It is asked as an operator asks, by running the program.

use manual::console::{examples, masked};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor};
use testkit::{Role, TestDatabase};

use crate::support::foreign::seed;
use crate::support::program::{Ended, Program};
use crate::support::{App, BUYER, MAKER, PATIENT};

const DOCUMENT: &str = include_str!("../../../../docs/operations.md");

async fn asked_as(database: &TestDatabase, role: Role, words: &[&str]) -> Ended {
    let url = database.url(role);
    let environment = [("ATELIER_DATABASE__URL", url.as_str()), ("ATELIER_AUTH__MODE", "open")];
    Program::run(&[&["explain"], words].concat(), &environment).await
}

async fn asked(database: &TestDatabase, order: &str) -> Ended {
    asked_as(database, Role::Writer, &["--order", order]).await
}

/// What it says for programs, and its exit code.
async fn told(database: &TestDatabase, order: &str) -> (Option<i32>, Value) {
    let ended = asked_as(database, Role::Writer, &["--order", order, "--output", "json"]).await;
    (ended.code, serde_json::from_str(&ended.output).unwrap_or_else(|_| panic!("JSON: {ended:?}")))
}

/// Breaks what only the superuser can break.
async fn break_by(database: &TestDatabase, sql: &'static str) {
    let mut admin = database.connect(Role::Admin).await.expect("the superuser");
    admin.execute("SET session_replication_role = replica").await.expect("no triggers");
    admin.execute(sql).await.expect("broken");
}

#[tokio::test]
async fn an_order_is_told_with_its_events_its_parties_and_their_next_moves() {
    let app = App::start_with(&PATIENT).await;
    let order_id = app.order_at("requested").await;
    let raise = json!({
        "state_type": "alert", "new_value": true, "username": MAKER, "reason": "too small\nby \u{202e}3 cm",
    });
    assert_eq!(app.put(order_id, &raise).await.status, 200);
    let ended = asked(&app.database, &order_id.to_string()).await;
    assert_eq!((ended.code, ended.errors.as_str()), (Some(0), ""), "{ended:?}");
    let reason = r#""too small\nby \u{202e}3 cm""#;
    for line in [
        format!("order     {order_id}, requested at version 3"),
        format!("requester {BUYER}"),
        format!("creator   {MAKER}"),
        format!("alert     raised by the creator: {reason}"),
        "params    {}".to_owned(),
        "law       holds: the events lead to the row".to_owned(),
        format!("next      requested = false by {BUYER} (requester) or an operator"),
        format!("next      accepted = true by {MAKER} (creator) or an operator"),
        format!("next      alert = false by {MAKER} (creator) or an operator"),
    ] {
        assert!(ended.output.lines().any(|said| said == line), "{line}\nis not in\n{}", ended.output);
    }
    let events: Vec<&str> =
        ended.output.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit())).collect();
    let [created, requested, alert] = events[..] else { panic!("three events: {}", ended.output) };
    assert!(created.ends_with(&format!("Z  created = true by {BUYER} (requester)")), "{created}");
    assert!(requested.ends_with(&format!("  requested = true by {BUYER} (requester): created → requested")));
    assert!(alert.ends_with(&format!("  alert = true by {MAKER} (creator); {reason}")), "{alert}");
    assert!(!ended.output.contains("trace"), "none is stored: {}", ended.output);
    app.finish().await;
}

#[tokio::test]
async fn the_document_shows_what_is_told() {
    let app = App::start_with(&PATIENT).await;
    let order = json!({
        "order_id": 7, "requester_id": "ada", "created_by": "maren", "model_id": "65f0c0de0000000000000abc",
        "custom_params": {"color": "blue", "height_cm": 12.5}, "cost_initial": 30,
    });
    assert_eq!(app.post(&order).await.status, 201);
    let request = json!({"state_type": "requested", "new_value": true, "user_id": "ada"});
    assert_eq!(app.put(7, &request).await.status, 200);
    let raise = json!({
        "state_type": "alert", "new_value": true, "username": "maren", "reason": "The drawing has no scale",
    });
    assert_eq!(app.put(7, &raise).await.status, 200);
    let documented = examples(DOCUMENT, "## What is wrong?");
    let explain = documented.iter().find(|it| it.command.contains(" explain ")).expect("an example");
    let ended = asked(&app.database, "7").await;
    assert_eq!(masked(ended.output.trim_end()), masked(explain.output.trim_end()), "{}", ended.output);
    app.finish().await;
}

#[tokio::test]
async fn programs_are_told_what_the_api_shows_and_what_it_does_not() {
    let app = App::start_with(&PATIENT).await;
    let order_id = app.order_at("completed").await;
    let (code, told) = told(&app.database, &order_id.to_string()).await;
    assert_eq!(code, Some(0));
    let mut order = app.get(&format!("/orders/{order_id}")).await.json();
    order["alert_raised_by"] = Value::Null;
    assert_eq!(told["order"], order);
    assert_eq!(told["events"], app.get(&format!("/orders/{order_id}/history")).await.json()["events"]);
    assert_eq!(told["next"], app.status(order_id).await.json()["next"]);
    assert_eq!(told["law"], json!({"holds": true, "breaches": []}));
    app.finish().await;
}

#[tokio::test]
async fn a_reader_s_login_is_enough_and_long_histories_are_told_to_their_end() {
    let app = App::start_with(&PATIENT).await;
    let order_id = app.order().await;
    for number in 0..205 {
        assert_eq!(app.buyer(order_id, "alert", number % 2 == 0).await.status, 200);
    }
    let id = order_id.to_string();
    let ended = asked_as(&app.database, Role::Reader, &["--order", &id, "--output", "json"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
    let told: Value = serde_json::from_str(&ended.output).expect("JSON");
    let versions: Vec<i64> = told["events"]
        .as_array()
        .expect("events")
        .iter()
        .map(|event| event["version"].as_i64().unwrap())
        .collect();
    assert_eq!(versions, (1..=206).collect::<Vec<i64>>());
    app.finish().await;
}

#[tokio::test]
async fn a_history_that_cannot_be_so_is_named_and_the_exit_is_1() {
    for (sql, breach, stage) in [
        (
            "UPDATE atelier.orders SET stage = 'accepted', version = 3",
            "order 7: the row says accepted at version 3, the last event completed at version 4",
            json!("accepted"),
        ),
        (
            "DELETE FROM atelier.order_events WHERE version = 2",
            "order 7: event 3 stands where 2 should",
            json!("completed"),
        ),
        ("DELETE FROM atelier.orders", "order 7: there are events and no row", Value::Null),
    ] {
        let database = TestDatabase::create().await.expect("a database");
        seed(&database, BUYER, MAKER, &[(7, 3, None)]).await;
        break_by(&database, sql).await;
        let (code, told) = told(&database, "7").await;
        assert_eq!((code, &told["law"]["holds"]), (Some(1), &json!(false)), "{told}");
        let breaches = told["law"]["breaches"].as_array().expect("breaches");
        assert!(
            breaches.iter().any(|it| it.as_str().expect("a text").starts_with(breach)),
            "{breach}: {told}"
        );
        assert_eq!(told["order"]["status"], stage, "what is there is told all the same");
        assert!(!told["events"].as_array().expect("events").is_empty());
        let ended = asked(&database, "7").await;
        assert_eq!(ended.code, Some(1));
        assert!(ended.output.contains(&format!("law       BROKEN: {breach}")), "{}", ended.output);
    }
}

#[tokio::test]
async fn only_the_order_that_was_asked_for_is_held_against_the_law() {
    let database = TestDatabase::create().await.expect("a database");
    seed(&database, BUYER, MAKER, &[(7, 2, None), (8, 2, None)]).await;
    break_by(&database, "DELETE FROM atelier.order_events WHERE order_id = 8 AND version = 2").await;
    assert_eq!(asked(&database, "7").await.code, Some(0));
    assert_eq!(asked(&database, "8").await.code, Some(1));
}

#[tokio::test]
async fn a_trace_is_told_where_it_is_stored() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let database = TestDatabase::create().await.expect("a database");
    seed(&database, BUYER, MAKER, &[(7, 1, None)]).await;
    let mut admin = database.connect(Role::Admin).await.expect("the superuser");
    admin.execute("SET session_replication_role = replica").await.expect("no triggers");
    let sql = format!("UPDATE atelier.order_events SET trace_id = '{TRACE}' WHERE version = 2");
    admin.execute(AssertSqlSafe(sql)).await.expect("stored");
    let ended = asked(&database, "7").await;
    let event = ended.output.lines().find(|line| line.starts_with("2 ")).expect("the event");
    assert!(event.ends_with(&format!("; trace {TRACE}")), "{event}");
    let (_, told) = told(&database, "7").await;
    assert_eq!((told["events"][0].get("trace_id"), &told["events"][1]["trace_id"]), (None, &json!(TRACE)));
}

#[tokio::test]
async fn an_order_that_is_not_there_and_a_database_that_is_away_are_exit_1_with_a_sentence() {
    let database = TestDatabase::create().await.expect("a database");
    let ended = asked(&database, "7").await;
    assert_eq!((ended.code, ended.output.as_str()), (Some(1), ""));
    assert_eq!(ended.errors, "there is no order 7");

    let away = [
        ("ATELIER_DATABASE__URL", "postgres://u:planted-secret@127.0.0.1:1/none"),
        ("ATELIER_AUTH__MODE", "open"),
    ];
    let ended = Program::run(&["explain", "--order", "7", "--output", "json"], &away).await;
    assert_eq!((ended.code, ended.output.as_str()), (Some(1), ""));
    assert!(ended.errors.starts_with("the database cannot be reached: "), "{ended:?}");
    assert!(!ended.errors.contains("planted-secret"), "{ended:?}");

    let empty = TestDatabase::empty().await.expect("a database");
    let ended = asked_as(&empty, Role::Owner, &["--order", "7"]).await;
    assert_eq!((ended.code, ended.output.as_str()), (Some(1), ""));
    assert!(ended.errors.starts_with("the order cannot be read: "), "{ended:?}");
}

#[tokio::test]
async fn a_number_that_no_order_can_have_and_a_configuration_that_is_none_are_exit_64() {
    let database = TestDatabase::create().await.expect("a database");
    for wrong in ["0", "-7", "seven", "9007199254740992"] {
        let ended = asked(&database, wrong).await;
        assert_eq!((ended.code, ended.output.as_str()), (Some(64), ""), "{wrong}: {ended:?}");
    }
    assert_eq!(asked_as(&database, Role::Writer, &[]).await.code, Some(64), "it must be said which");
    let ended = Program::run(&["explain", "--order", "7"], &[]).await;
    assert_eq!(ended.code, Some(64));
    assert!(ended.errors.contains("database"), "{ended:?}");
}
