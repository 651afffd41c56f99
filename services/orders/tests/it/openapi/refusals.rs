//! Every refusal that the document declares, of both lists, given by a running service and as it was declared.

use futures_util::future::join_all;
use reqwest::Method;
use service_kit::identity::AuthMode;
use sqlx::Executor;
use testkit::openapi::{Held, Route};
use testkit::proxy::{Link, Proxy};
use testkit::{Role, TestDatabase, wait};

use super::{ROUTES, check, document};
use crate::identity::{Mode, OPERATOR, STRANGER};
use crate::support::{Answer, PATIENCE, Service};

/// The catalog has no part in a refusal.
const NO_CATALOG: &str = "http://127.0.0.1:9/catalog";
/// Whoever waits in vain is not waited for long.
const BRIEF: (&str, &str) = ("database.item_deadline_ms", "500");

/// Both lists of people who have none.
fn lists() -> impl Iterator<Item = (Route, &'static str)> {
    ROUTES.into_iter().zip(["/orders/created_by/maren", "/orders/user/ada"])
}

/// A service that takes tokens, ready.
async fn ready(url: &str, more: &[(&str, &str)]) -> Service {
    let service = Service::start(url, NO_CATALOG, &[Mode::Token.keys(), more].concat()).await;
    let ready = || async { (service.ops("/readyz").await.status == 200).then_some(()) };
    wait::until("ready", PATIENCE, ready).await.expect("it becomes ready");
    service
}

async fn ask(service: &Service, path: &str) -> Answer {
    Mode::Token.get(Some(OPERATOR), service, path).await
}

/// Asserts that an answer is a refusal of this code, as its operation declares it.
#[track_caller]
fn refusal(held: &mut Held, route: Route, status: u16, code: &str, answer: &Answer) {
    check(held, route, status, answer);
    answer.assert_problem(status, code);
}

async fn what_does_not_fit(database: &TestDatabase, held: &mut Held) {
    let service = ready(&database.url(Role::Reader), &[]).await;
    for (route, path) in lists() {
        refusal(held, route, 401, "unauthenticated", &service.get(path).await);
        let stranger = Mode::Token.get(Some(STRANGER), &service, path).await;
        refusal(held, route, 403, "not_authorized", &stranger);
        let method = service.send(Method::POST, path).await;
        refusal(held, route, 405, "method_not_allowed", &method);
        refusal(held, route, 400, "bad_cursor", &ask(&service, &format!("{path}?after=x")).await);
        refusal(held, route, 422, "invalid_fields", &ask(&service, &format!("{path}?limit=0")).await);
        let flood = [("x-flood", "x".repeat(40_000))];
        check(held, route, 431, &service.get_with(path, &flood).await);
    }
}

async fn what_comes_too_often(database: &TestDatabase, held: &mut Held) {
    let limits = [("limits.caller_requests_per_second", "1"), ("limits.caller_burst_requests", "1")];
    let service = ready(&database.url(Role::Reader), &limits).await;
    for (route, path) in lists() {
        let refused = || async {
            let answer = ask(&service, path).await;
            (answer.status == 429).then_some(answer)
        };
        let answer = wait::until("the limit is reached", PATIENCE, refused).await.expect("it is");
        refusal(held, route, 429, "rate_limited", &answer);
    }
}

async fn what_is_away_or_busy(database: &TestDatabase, held: &mut Held) {
    let keys = [
        ("auth.mode", "token"),
        ("auth.jwks.url", "http://127.0.0.1:1/keys"),
        ("auth.token.issuer", "i"),
        ("auth.token.audience", "a"),
    ];
    let without_keys = Service::start(&database.url(Role::Reader), NO_CATALOG, &keys).await;
    // A token that names no key of ours would have to be looked up; one that is signed with a shared secret would not.
    let token = [("authorization", "Bearer eyJhbGciOiJFUzI1NiJ9.e30.AAAA".to_owned())];
    let nowhere = "postgres://nobody@127.0.0.1:1/none?sslmode=disable";
    let without_database =
        Service::start(nowhere, NO_CATALOG, &[Mode::Token.keys(), &[BRIEF]].concat()).await;
    let proxy = Proxy::start(database.host(), database.port()).await.expect("a proxy");
    let few = [("database.read_connections", "1"), ("database.queue_items_max", "1"), BRIEF];
    let busy = ready(&database.url_through(Role::Reader, proxy.address()), &few).await;
    for (route, path) in lists() {
        let unknown = without_keys.get_with(path, &token).await;
        refusal(held, route, 503, "identity_unavailable", &unknown);
        refusal(held, route, 503, "database_unavailable", &ask(&without_database, path).await);
        proxy.set(Link::Sound);
        let works = || async { (ask(&busy, path).await.status == 200).then_some(()) };
        wait::until("the database is reached", PATIENCE, works).await.expect("reached");
        // One is being worked on and one waits, for an answer that does not come: for a third there is no room.
        proxy.set(Link::Silent);
        let answers = join_all((0..3).map(|_| ask(&busy, path))).await;
        let shed = answers.iter().find(|answer| answer.json()["code"] == "overloaded");
        refusal(held, route, 503, "overloaded", shed.expect("one is sent away"));
    }
}

async fn what_others_hold_and_what_is_our_bug(database: &TestDatabase, held: &mut Held) {
    let service = ready(&database.url(Role::Reader), &[]).await;
    let mut owner = database.connect(Role::Owner).await.expect("the owner");
    owner.execute("BEGIN; LOCK TABLE atelier.orders").await.expect("the table is held");
    for (route, path) in lists() {
        refusal(held, route, 503, "contended", &ask(&service, path).await);
    }
    // A right that was forgotten is nobody's outage: it is a mistake of ours.
    let forget = "ROLLBACK; REVOKE ALL ON ALL TABLES IN SCHEMA atelier FROM atelier_reader";
    owner.execute(forget).await.expect("revoked");
    for (route, path) in lists() {
        refusal(held, route, 500, "internal", &ask(&service, path).await);
    }
}

#[tokio::test]
async fn every_declared_refusal_of_both_lists_is_given_as_it_is_declared() {
    let database = TestDatabase::create().await.expect("a database");
    let mut held = Held::against(document(AuthMode::Token));
    what_does_not_fit(&database, &mut held).await;
    what_comes_too_often(&database, &mut held).await;
    what_is_away_or_busy(&database, &mut held).await;
    what_others_hold_and_what_is_our_bug(&database, &mut held).await;
    let odd = held.difference(&ROUTES);
    assert!(odd.is_empty(), "declared and not given, or the other way about: {odd:?}");
}
