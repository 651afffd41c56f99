//! Every refusal that the document declares, of every operation, given by a running service and as it was declared.

use std::convert::Infallible;

use axum::Router;
use axum::routing::get;
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use reqwest::{Body, Method, RequestBuilder};
use serde_json::{Value, json};
use service_kit::audit::{Audit, AuditConfig};
use service_kit::config::Listen;
use service_kit::http::{Edge, HttpConfig, RequestIds, Server, wrap};
use service_kit::identity::AuthMode;
use service_kit::lifecycle::Leaving;
use service_kit::metrics::{HttpMetrics, Metrics};
use service_kit::telemetry::{LogConfig, LogFormat, RequestLog, RequestLogMode, Tracer};
use sqlx::Executor;
use testkit::openapi::{Held, Route};
use testkit::proxy::{Link, Proxy};
use testkit::{Role, wait};
use tokio_util::sync::CancellationToken;

use super::{ROUTES, check, document};
use crate::identity::callers::{CREATOR, Mode, OPERATOR, REQUESTER, Who};
use crate::support::foreign::Lock;
use crate::support::{Answer, App, BUYER, Instance, MAKER, PATIENCE, settings};

const CREATE: Route = ROUTES[0];
const HISTORY: Route = ROUTES[3];
const UPDATE: Route = ROUTES[4];

/// The order that all requests are about.
const ORDER: i64 = 7;

/// Whoever waits in vain is not waited for long.
const BRIEF: (&str, &str) = ("ATELIER_DATABASE__ITEM_DEADLINE_MS", "500");

/// The configuration of a service that takes tokens, with `more`.
fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [Mode::Token.settings(), more].concat()
}

fn address((method, path): Route, order: &str) -> (Method, String) {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
    (method, path.replace("{order_id}", order))
}

/// A body that each operation with one takes.
fn good_body(route: Route) -> Option<Value> {
    match route {
        CREATE => Some(json!({"requester_id": BUYER, "created_by": MAKER})),
        UPDATE => Some(json!({"state_type": "alert", "new_value": true})),
        _ => None,
    }
}

/// A request of an operator's to an operation, right in all but what a test then changes.
fn request(instance: &Instance, route: Route, order: &str) -> RequestBuilder {
    let (method, path) = address(route, order);
    Mode::Token.sign(Some(OPERATOR), instance.request(method, &path))
}

/// The same with its body.
async fn ask(instance: &Instance, route: Route) -> Answer {
    let request = request(instance, route, &ORDER.to_string());
    Answer::of(match good_body(route) {
        Some(body) => request.body(body.to_string()),
        None => request,
    })
    .await
}

/// Asserts that an answer is a refusal of this code, as its operation declares it.
#[track_caller]
fn refusal(held: &mut Held, route: Route, status: u16, code: &str, answer: &Answer) {
    check(held, route, status, answer);
    assert_eq!(answer.json()["code"], code, "{route:?}: {answer:?}");
}

/// A move of the order by somebody.
async fn moves(app: &Instance, who: Who, body: Value) -> Answer {
    let (method, path) = address(UPDATE, &ORDER.to_string());
    Answer::of(Mode::Token.sign(Some(who), app.request(method, &path)).body(body.to_string())).await
}

async fn what_does_not_fit(app: &App, held: &mut Held) {
    for route in ROUTES {
        let (_, path) = address(route, "7");
        let unknown = Answer::of(app.request(address(route, "7").0, &path)).await;
        refusal(held, route, 401, "unauthenticated", &unknown);
        let method = Answer::of(app.request(Method::PATCH, &path)).await;
        refusal(held, route, 405, "method_not_allowed", &method);
        // It has no body and nothing else of ours: hyper says so before anybody is asked.
        let flood = request(app, route, "7").header("x-flood", "x".repeat(40_000));
        check(held, route, 431, &Answer::unchecked(flood).await.expect("an answer"));
        let Some(mut body) = good_body(route) else { continue };
        let with = |body: Body| Answer::of(request(app, route, "7").body(body));
        refusal(held, route, 400, "malformed_body", &with("{".into()).await);
        refusal(held, route, 413, "body_too_large", &with("x".repeat(70_000).into()).await);
        body["user_id"] = json!("somebody-else");
        refusal(held, route, 403, "not_authorized", &with(body.to_string().into()).await);
        refusal(held, route, 422, "invalid_fields", &with("{}".into()).await);
        let text = request(app, route, "7").header("content-type", "text/plain").body("{}");
        refusal(held, route, 415, "unsupported_media_type", &Answer::of(text).await);
        let header = if route == CREATE { "idempotency-key" } else { "if-match" };
        let junk =
            request(app, route, "7").header(header, "a b").body(good_body(route).expect("one").to_string());
        refusal(held, route, 400, "malformed_header", &Answer::of(junk).await);
    }
    for &route in ROUTES.iter().filter(|route| **route != CREATE) {
        let body = good_body(route).map(|body| body.to_string()).unwrap_or_default();
        let absent = Answer::of(request(app, route, "999").body(body.clone())).await;
        refusal(held, route, 404, "order_not_found", &absent);
        refusal(
            held,
            route,
            422,
            "invalid_fields",
            &Answer::of(request(app, route, "seven").body(body)).await,
        );
    }
    let foreign = request(app, HISTORY, "7").query(&[("after", "x")]);
    refusal(held, HISTORY, 400, "bad_cursor", &Answer::of(foreign).await);
}

async fn what_the_rules_forbid(app: &App, held: &mut Held) {
    let to = |state_type: &str, new_value: bool| json!({"state_type": state_type, "new_value": new_value});
    let keyed =
        |order: Value| request(app, CREATE, "").header("idempotency-key", "k").body(order.to_string());
    let order = json!({"order_id": ORDER, "requester_id": BUYER, "created_by": MAKER});
    assert_eq!(Answer::of(keyed(order.clone())).await.status, 201);
    let taken = Answer::of(request(app, CREATE, "").body(order.to_string())).await;
    refusal(held, CREATE, 409, "order_exists", &taken);
    let other = Answer::of(keyed(json!({"requester_id": BUYER, "created_by": "another"}))).await;
    refusal(held, CREATE, 422, "idempotency_key_reused", &other);

    refusal(held, UPDATE, 409, "earlier_stage_missing", &moves(app, CREATOR, to("accepted", true)).await);
    let old = request(app, UPDATE, "7").header("if-match", "\"9\"").body(to("requested", true).to_string());
    refusal(held, UPDATE, 412, "version_mismatch", &Answer::of(old).await);
    for (who, step) in [(REQUESTER, "requested"), (CREATOR, "accepted"), (CREATOR, "completed")] {
        assert_eq!(moves(app, who, to(step, true)).await.status, 200);
    }
    refusal(held, UPDATE, 409, "later_stages", &moves(app, REQUESTER, to("requested", false)).await);
    assert_eq!(moves(app, REQUESTER, to("alert", true)).await.status, 200);
    refusal(held, UPDATE, 409, "alert_raised", &moves(app, REQUESTER, to("paid", true)).await);
    assert_eq!(moves(app, REQUESTER, to("alert", false)).await.status, 200);
    assert_eq!(moves(app, REQUESTER, to("paid", true)).await.status, 200);
    refusal(held, UPDATE, 422, "reason_required", &moves(app, OPERATOR, to("paid", false)).await);
}

async fn what_comes_too_slowly_or_too_often(app: &App, held: &mut Held) {
    let hasty = app.second(&with(&[("ATELIER_HTTP__BODY_TIMEOUT_MS", "200")])).await;
    for route in [CREATE, UPDATE] {
        let begun = stream::iter([Ok::<_, Infallible>("{")]).chain(stream::pending());
        let slow = request(&hasty, route, "7").body(Body::wrap_stream(begun));
        refusal(held, route, 408, "request_timeout", &Answer::of(slow).await);
    }
    let limits =
        [("ATELIER_LIMITS__CALLER_REQUESTS_PER_SECOND", "1"), ("ATELIER_LIMITS__CALLER_BURST_REQUESTS", "1")];
    let limited = app.second(&with(&limits)).await;
    for route in ROUTES {
        let refused = || async {
            let answer = ask(&limited, route).await;
            (answer.status == 429).then_some(answer)
        };
        let answer = wait::until("the limit is reached", PATIENCE, refused).await.expect("it is");
        refusal(held, route, 429, "rate_limited", &answer);
    }
}

async fn what_is_away(app: &App, held: &mut Held) {
    let url = app.database.url(Role::Writer);
    let keys = [
        ("ATELIER_AUTH__MODE", "token"),
        ("ATELIER_AUTH__JWKS__URL", "http://127.0.0.1:1/keys"),
        ("ATELIER_AUTH__TOKEN__ISSUER", "i"),
        ("ATELIER_AUTH__TOKEN__AUDIENCE", "a"),
    ];
    let without_keys = Instance::start(&settings(&url, &keys)).await;
    // An HS256 token is refused without a look at the keys; this one would have to be looked up.
    let es256 = "eyJhbGciOiJFUzI1NiJ9.e30.AAAA";
    for route in ROUTES {
        let (method, path) = address(route, "7");
        let asked = without_keys.request(method, &path).header("authorization", format!("Bearer {es256}"));
        refusal(held, route, 503, "identity_unavailable", &Answer::of(asked).await);
    }

    let nowhere = "postgres://nobody@127.0.0.1:1/none?sslmode=disable";
    let without_database = Instance::start(&settings(nowhere, &with(&[BRIEF]))).await;
    for route in ROUTES {
        refusal(held, route, 503, "database_unavailable", &ask(&without_database, route).await);
    }

    let frozen = Instance::start(&settings(&url, &with(&[("ATELIER_DATABASE__READ_ONLY", "true")]))).await;
    for route in [CREATE, UPDATE] {
        refusal(held, route, 503, "read_only", &ask(&frozen, route).await);
    }
}

async fn what_is_too_much(app: &App, held: &mut Held) {
    let proxy = Proxy::start(app.database.host(), app.database.port()).await.expect("a proxy");
    let url = app.database.url_through(Role::Writer, proxy.address());
    let few = [
        ("ATELIER_DATABASE__READ_CONNECTIONS", "1"),
        ("ATELIER_DATABASE__WRITE_CONNECTIONS", "1"),
        ("ATELIER_DATABASE__QUEUE_ITEMS_MAX", "1"),
        BRIEF,
    ];
    let busy = Instance::start(&settings(&url, &with(&few))).await;
    for route in ROUTES {
        proxy.set(Link::Sound);
        busy.until_ready().await;
        let works = || async { (ask(&busy, route).await.status < 500).then_some(()) };
        wait::until("the database is reached", PATIENCE, works).await.expect("reached");
        // One is being worked on and one waits, for an answer that does not come: for a third there is no room.
        proxy.set(Link::Silent);
        let answers = join_all((0..3).map(|_| ask(&busy, route))).await;
        let shed = answers.iter().find(|answer| answer.json()["code"] == "overloaded");
        refusal(held, route, 503, "overloaded", shed.expect("one is sent away"));
    }
}

async fn what_others_hold_and_what_is_our_bug(app: &App, held: &mut Held) {
    let brief = app.second(&with(&[BRIEF])).await;
    let lock = Lock::tables(&app.database).await;
    for route in ROUTES {
        refusal(held, route, 503, "contended", &ask(&brief, route).await);
    }
    lock.release().await;

    // A right that was forgotten is nobody's outage: it is a mistake of ours.
    let forget = "REVOKE ALL ON ALL TABLES IN SCHEMA atelier FROM atelier_writer";
    app.database.connect(Role::Owner).await.expect("the owner").execute(forget).await.expect("revoked");
    for route in ROUTES {
        refusal(held, route, 500, "internal", &ask(app, route).await);
    }
}

#[tokio::test]
async fn every_declared_refusal_of_every_operation_is_given_as_it_is_declared() {
    let app = Mode::Token.app().await;
    let mut held = Held::against(document(AuthMode::Token));
    what_does_not_fit(&app, &mut held).await;
    what_the_rules_forbid(&app, &mut held).await;
    what_comes_too_slowly_or_too_often(&app, &mut held).await;
    what_is_away(&app, &mut held).await;
    what_is_too_much(&app, &mut held).await;
    what_others_hold_and_what_is_our_bug(&app, &mut held).await;
    let odd = held.difference(&ROUTES);
    assert!(odd.is_empty(), "declared and not given, or the other way about: {odd:?}");
}

#[tokio::test]
async fn an_identity_that_a_gateway_did_not_say_clearly_is_refused_as_declared() {
    let app = Mode::Gateway.app().await;
    let mut held = Held::against(document(AuthMode::Gateway));
    for route in ROUTES {
        let (method, path) = address(route, "7");
        let unknown = Answer::of(app.request(method.clone(), &path)).await;
        refusal(&mut held, route, 401, "unauthenticated", &unknown);
        let twice = Mode::Gateway.sign(Some(OPERATOR), app.request(method, &path)).header("x-user-id", "b");
        refusal(&mut held, route, 400, "malformed_header", &Answer::of(twice).await);
    }
}

/// No handler panics on purpose, so this one stands in for one that does.
#[tokio::test]
async fn a_panic_is_refused_as_declared_and_says_nothing_of_itself() {
    let listen = Listen::try_from("127.0.0.1:0".to_owned()).expect("an address");
    let config = HttpConfig { header_timeout_ms: 10_000, body_timeout_ms: 10_000, connections_max: 10 };
    let server = Server::bind(&listen, &config).await.expect("a port");
    let instance = Instance::at(server.address(), server.address());
    let log = LogConfig {
        level: "info".to_owned(),
        format: LogFormat::Json,
        requests: RequestLogMode::None,
        slow_request_ms: 0,
    };
    let metrics = HttpMetrics::new(&Metrics::new("test"));
    let audit = Audit::new(&AuditConfig { key: None, key_file: None }).expect("a key of its own");
    let edge = Edge {
        request_ids: RequestIds::counting(),
        metrics,
        log: RequestLog::new(&log),
        audit,
        tracer: Tracer::off(),
        leaving: Leaving::default(),
    };
    let routes =
        Router::new().route("/orders/{order_id}", get(async || -> &'static str { panic!("planted") }));
    tokio::spawn(server.serve(wrap(routes, edge), CancellationToken::new(), PATIENCE));

    let mut held = Held::against(document(AuthMode::Token));
    let answer = ask(&instance, ROUTES[1]).await;
    refusal(&mut held, ROUTES[1], 500, "internal", &answer);
    assert!(!answer.text.contains("planted"), "{answer:?}");
}
