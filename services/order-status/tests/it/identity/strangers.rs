//! Who is unknown learns nothing, and who is a stranger learns that there is nothing.

use reqwest::Method;
use serde_json::{Value, json};

use super::callers::{CREATOR, Mode, OPERATOR, REQUESTER, STRANGER, assert_unknown, signed, token};
use crate::support::foreign::seed;
use crate::support::{Answer, App, BUYER, MAKER};

const PRESENT: i64 = 1;
const ABSENT: i64 = 999;

async fn app(mode: Mode) -> App {
    let app = mode.app().await;
    seed(&app.database, BUYER, MAKER, &[(PRESENT, 1, None)]).await;
    app
}

/// What an answer tells, without what differs with each request.
fn told(answer: &Answer) -> (u16, Value, Option<&str>) {
    let mut body = answer.json();
    body["request_id"].take();
    (answer.status, body, answer.header("etag"))
}

/// Method, path, headers, body.
type Question = (Method, String, Vec<(&'static str, &'static str)>, String);

/// Every way to ask about an order that is there, and the same about one that is not.
fn questions(order_id: i64) -> Vec<Question> {
    let read =
        |path: &str, headers| (Method::GET, format!("/orders/{order_id}{path}"), headers, String::new());
    let write =
        |headers, body: &str| (Method::PUT, format!("/orders/{order_id}/update"), headers, body.to_owned());
    let accepted = r#"{"state_type": "accepted", "new_value": true}"#;
    vec![
        read("", vec![]),
        read("/status", vec![]),
        read("/status", vec![("if-none-match", "\"2\"")]),
        read("/status", vec![("if-none-match", "*")]),
        read("/history", vec![]),
        read("/history?limit=1", vec![]),
        write(vec![], accepted),
        write(vec![("if-match", "\"2\"")], accepted),
        write(vec![("if-match", "\"7\"")], accepted),
        // A value repeated, a move that the ladder refuses, a refund without a reason.
        write(vec![], r#"{"state_type": "requested", "new_value": true}"#),
        write(vec![], r#"{"state_type": "paid", "new_value": true}"#),
        write(vec![], r#"{"state_type": "paid", "new_value": false}"#),
        write(vec![], r#"{"state_type": "alert", "new_value": true}"#),
        write(vec![], r#"{"state_type": "nonsense", "new_value": 1}"#),
        write(vec![], "no json"),
    ]
}

async fn ask(
    app: &App,
    mode: Mode,
    who: Option<super::callers::Who>,
    (method, path, headers, body): Question,
) -> Answer {
    let mut request = app.request(method, &path).body(body);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    Answer::of(mode.sign(who, request)).await
}

#[tokio::test]
async fn a_stranger_cannot_tell_an_order_that_is_there_from_one_that_is_not() {
    for mode in [Mode::Token, Mode::Gateway] {
        let app = app(mode).await;
        for (present, absent) in questions(PRESENT).into_iter().zip(questions(ABSENT)) {
            let question = format!("{mode:?} {present:?}");
            let (present, absent) = (
                ask(&app, mode, Some(STRANGER), present).await,
                ask(&app, mode, Some(STRANGER), absent).await,
            );
            assert_eq!(told(&present), told(&absent), "{question}");
            assert!(matches!(present.status, 400 | 404 | 422), "{question}: {present:?}");
        }
        assert_eq!(app.events(PRESENT).await, 2);
    }
}

#[tokio::test]
async fn who_is_unknown_is_told_nothing_else() {
    for mode in [Mode::Token, Mode::Gateway] {
        let app = app(mode).await;
        let mut answers = Vec::new();
        for question in questions(PRESENT).into_iter().chain(questions(ABSENT)) {
            answers.push(ask(&app, mode, None, question).await);
        }
        for path in
            ["/orders/0", "/orders/seven/status", "/orders/1/history?limit=0", "/orders/1/history?after=x"]
        {
            answers.push(app.get(path).await);
        }
        for body in ["", "no json", r#"{"requester_id": 7}"#] {
            answers.push(app.send(Method::POST, "/orders", body).await);
        }
        let large = app.send(Method::POST, "/orders", "x".repeat(70_000)).await;
        answers.push(large);
        for answer in &answers {
            assert_unknown(answer);
            assert_eq!(told(answer), told(&answers[0]));
        }
        assert_eq!(app.events(PRESENT).await, 2);
    }
}

#[tokio::test]
async fn one_mode_s_proof_is_worth_nothing_in_another() {
    let (by_token, by_gateway) = (app(Mode::Token).await, app(Mode::Gateway).await);
    for who in [REQUESTER, CREATOR, OPERATOR] {
        for question in questions(PRESENT) {
            assert_unknown(&ask(&by_token, Mode::Gateway, Some(who), question.clone()).await);
            assert_unknown(&ask(&by_gateway, Mode::Token, Some(who), question).await);
        }
    }
    // Nor does it add to the proper one.
    let beside = Mode::Gateway.sign(Some(OPERATOR), by_token.request(Method::GET, "/orders/1"));
    let answer = Answer::of(Mode::Token.sign(Some(STRANGER), beside)).await;
    answer.refused(404, "order_not_found", "Order not found");
    let beside = Mode::Token.sign(Some(OPERATOR), by_gateway.request(Method::GET, "/orders/1"));
    let answer = Answer::of(Mode::Gateway.sign(Some(STRANGER), beside)).await;
    answer.refused(404, "order_not_found", "Order not found");
}

#[tokio::test]
async fn a_party_is_known_by_id_or_by_name_and_never_by_one_for_the_other() {
    let app = app(Mode::Token).await;
    let asks = |sub: &str, username: Option<&str>| {
        let claims = json!({"sub": sub, "username": username, "exp": 4_102_444_800_u64});
        let token = signed(&claims, super::callers::TOKEN_SECRET);
        app.request(Method::GET, "/orders/1").header("authorization", format!("Bearer {token}"))
    };
    for (sub, username, status) in [
        (BUYER, None, 200),
        (BUYER, Some("x"), 200),
        ("x", Some(MAKER), 200),
        (MAKER, None, 404),
        (MAKER, Some("x"), 404),
        ("x", Some(BUYER), 404),
        (MAKER, Some(BUYER), 404),
        ("BUYER-7", Some("Maker-3"), 404),
        ("operator", Some("operator"), 404),
    ] {
        let answer = Answer::of(asks(sub, username)).await;
        assert_eq!(answer.status, status, "{sub} {username:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_token_that_has_expired_on_the_machine_s_clock_is_refused() {
    let app = app(Mode::Token).await;
    let with = |token: String| {
        app.request(Method::GET, "/orders/1").header("authorization", format!("Bearer {token}"))
    };
    let claims = json!({"sub": BUYER, "exp": 1_700_000_000});
    assert_unknown(&Answer::of(with(signed(&claims, super::callers::TOKEN_SECRET))).await);
    assert_eq!(Answer::of(with(token(REQUESTER))).await.status, 200);
}
