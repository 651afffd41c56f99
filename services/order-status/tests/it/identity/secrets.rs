//! Secrets are planted in every place that the service has for one, things go wrong in every way that a caller or an operator
//! can bring about, and whatever the process said by then is searched for them.

use std::fmt::Write;

use reqwest::Method;
use serde_json::json;
use testkit::{Role, TestDatabase};

use super::callers::{GATEWAY_SECRET, OPERATOR, REQUESTER, STRANGER, TOKEN_SECRET, signed, token};
use crate::support::program::Program;
use crate::support::{Answer, BUYER, Instance, MAKER};

const PASSWORD: &str = "planted-database-password-hunter2";

/// The address of a database with a password in it.
fn url(host: &str, database: &str) -> String {
    format!("postgres://atelier_writer:{PASSWORD}@{host}/{database}?sslmode=disable")
}

/// Tokens that are good, and tokens that are wrong in one way each.
fn tokens() -> Vec<String> {
    let good = token(REQUESTER);
    let claims = json!({"sub": BUYER, "exp": 4_102_444_800_u64});
    vec![
        token(OPERATOR),
        token(STRANGER),
        signed(&claims, "another-secret-another-secret-another"),
        signed(&json!({"sub": BUYER, "exp": 1}), TOKEN_SECRET),
        signed(&json!({"sub": [], "exp": 4_102_444_800_u64}), TOKEN_SECRET),
        signed(&json!({"sub": BUYER, "username": 7, "exp": 4_102_444_800_u64}), TOKEN_SECRET),
        format!("{good}x"),
        "planted-garbage-that-is-no-token".to_owned(),
        format!("planted-garbage.{}.x", "A".repeat(20_000)),
        good,
    ]
}

/// Asks in every way that goes wrong somewhere; gives all that was answered.
async fn provoke(instance: &Instance) -> String {
    let mut said = String::new();
    let bodies = [
        json!({"requester_id": BUYER, "created_by": MAKER}).to_string(),
        "no json".to_owned(),
        "{}".to_owned(),
    ];
    for token in tokens() {
        for (method, path) in [
            (Method::POST, "/orders"),
            (Method::GET, "/orders/1"),
            (Method::GET, "/orders/999"),
            (Method::GET, "/orders/seven/status"),
            (Method::GET, "/orders/1/history?after=planted"),
            (Method::PUT, "/orders/1/update"),
            (Method::DELETE, "/orders/1"),
            (Method::GET, "/nowhere"),
        ] {
            let request = instance
                .request(method, path)
                .header("authorization", format!("Bearer {token}"))
                .header("x-gateway-secret", GATEWAY_SECRET)
                .header("x-user-id", REQUESTER.user_id)
                .body(bodies[path.len() % bodies.len()].clone());
            writeln!(said, "{:?}", Answer::of(request).await).unwrap();
        }
    }
    for headers in [
        vec![("x-gateway-secret", GATEWAY_SECRET), ("x-gateway-secret", TOKEN_SECRET)],
        vec![("x_gateway_secret", GATEWAY_SECRET)],
        vec![("x-gateway-secret", &GATEWAY_SECRET[..36])],
        vec![("x-gateway-secret", GATEWAY_SECRET), ("x-user-id", " "), ("x-roles", GATEWAY_SECRET)],
        vec![("authorization", TOKEN_SECRET)],
        vec![("authorization", "Basic cGxhbnRlZA=="), ("idempotency-key", "a b")],
        vec![("if-match", PASSWORD), ("x-request-id", "not sane \u{1F511}")],
    ] {
        let mut request = instance.request(Method::PUT, "/orders/1/update").body("{");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        writeln!(said, "{:?}", Answer::of(request).await).unwrap();
    }
    for path in ["/metrics", "/readyz", "/livez", "/version", "/nowhere"] {
        writeln!(said, "{:?}", instance.ops(path).await).unwrap();
    }
    said
}

/// Asserts that none of the planted texts stands in `text`, nor the part of a token that proves or tells something.
#[track_caller]
fn assert_hidden(what: &str, text: &str) {
    let found = |needle: &str| {
        let at = text.find(needle);
        at.map(|at| text[at.saturating_sub(200)..].chars().take(400).collect::<String>())
    };
    for secret in [TOKEN_SECRET, GATEWAY_SECRET, PASSWORD] {
        assert_eq!(found(secret), None, "{what} shows {secret}");
    }
    for token in tokens() {
        let parts =
            token.split('.').skip(1).filter(|part| part.len() > 8).map(|part| &part[..part.len().min(40)]);
        for part in parts.chain([&token[..token.len().min(60)]]) {
            assert_eq!(found(part), None, "{what} shows a token");
        }
    }
}

/// Runs the program with everything planted, provokes it, ends it, and searches.
async fn hunt(mode: &str, level: &str, database_url: &str) {
    let program = Program::serve(
        database_url,
        &[
            ("ATELIER_AUTH__MODE", mode),
            ("ATELIER_AUTH__HS256__SECRETS", TOKEN_SECRET),
            ("ATELIER_AUTH__GATEWAY__SECRETS", GATEWAY_SECRET),
            ("ATELIER_LOG__LEVEL", level),
            ("ATELIER_SHUTDOWN__DELAY_MS", "0"),
        ],
    );
    let instance = program.instance().await;
    let answers = provoke(&instance).await;
    program.signal("TERM");
    let ended = program.end().await;
    let what = format!("{mode} at {level}");
    assert_hidden(&format!("an answer, {what}"), &answers);
    assert!(ended.output.lines().count() > 80, "{what}: too little was logged to be searched");
    assert_hidden(&format!("the log, {what}"), &ended.output);
    assert_hidden(&format!("standard error, {what}"), &ended.errors);
}

#[tokio::test]
async fn no_secret_and_no_token_is_shown_while_the_database_is_there() {
    let database = TestDatabase::create().await.expect("a database");
    assert_eq!(database.user(Role::Writer), "atelier_writer");
    let url = url(&format!("{}:{}", database.host(), database.port()), database.name());
    for mode in ["token", "gateway"] {
        hunt(mode, "info", &url).await;
    }
}

#[tokio::test]
async fn no_secret_and_no_token_is_shown_at_the_most_talkative_level() {
    let database = TestDatabase::create().await.expect("a database");
    let url = url(&format!("{}:{}", database.host(), database.port()), database.name());
    for mode in ["token", "gateway"] {
        hunt(mode, "trace", &url).await;
    }
}

#[tokio::test]
async fn no_secret_and_no_token_is_shown_while_the_database_is_down() {
    let nobody = url("127.0.0.1:1", "atelier");
    hunt("token", "debug", &nobody).await;
    // A server that is there and refuses: no such database.
    let database = TestDatabase::empty().await.expect("a database");
    hunt("token", "debug", &url(&format!("{}:{}", database.host(), database.port()), "no_such_database"))
        .await;
}

#[tokio::test]
async fn what_is_said_before_it_serves_shows_no_secret() {
    let url = url("127.0.0.1:1", "atelier");
    let planted = [
        ("ATELIER_AUTH__MODE", "token"),
        ("ATELIER_AUTH__HS256__SECRETS", TOKEN_SECRET),
        ("ATELIER_AUTH__GATEWAY__SECRETS", GATEWAY_SECRET),
        ("ATELIER_DATABASE__URL", url.as_str()),
    ];
    let too_short = &GATEWAY_SECRET[..31];
    for (arguments, more, code) in [
        (&["config", "dump"] as &[&str], [("ATELIER_LOG__FORMAT", "json"); 1], 0),
        (&["config", "check"], [("ATELIER_LOG__FORMAT", "json")], 0),
        (&["config", "check"], [("ATELIER_LOG__FORMAT", "yaml")], 64),
        (&[], [("ATELIER_AUTH__JWKS__URL", "http://issuer.example.com/keys")], 64),
        (&[], [("ATELIER_AUTH__GATEWAY__SECRETS", too_short)], 64),
        (&[], [("ATELIER_AUTH__HS256__SECRETS_FILE", TOKEN_SECRET)], 64),
        (&[], [("ATELIER_AUTH__MODE", GATEWAY_SECRET)], 64),
        (&[], [("ATELIER_DATABASE__PORT", PASSWORD)], 64),
    ] {
        let ended = Program::run(arguments, &[&planted[..], &more].concat()).await;
        assert_eq!(ended.code, Some(code), "{arguments:?} {more:?}: {ended:?}");
        let said = format!("{}\n{}", ended.output, ended.errors);
        assert!(!said.contains(too_short), "{said}");
        assert_hidden(&format!("{arguments:?} {more:?}"), &said);
    }
}

#[tokio::test]
async fn a_token_mode_that_could_verify_nothing_or_anything_ends_with_64() {
    let url = url("127.0.0.1:1", "atelier");
    let base = [("ATELIER_AUTH__MODE", "token"), ("ATELIER_DATABASE__URL", url.as_str())];
    let jwks = ("ATELIER_AUTH__JWKS__URL", "https://issuer.example.com/keys");
    for (more, key) in [
        (vec![], "auth.jwks.url"),
        (vec![jwks], "auth.token.audience"),
        (vec![jwks, ("ATELIER_AUTH__TOKEN__ISSUER", "https://issuer.example.com")], "auth.token.audience"),
        (vec![jwks, ("ATELIER_AUTH__TOKEN__AUDIENCE", "atelier")], "auth.token.issuer"),
        (vec![("ATELIER_AUTH__MODE", "gateway")], "auth.gateway.secrets_file"),
    ] {
        let ended = Program::run(&[], &[&base[..], &more].concat()).await;
        assert_eq!((ended.code, ended.output.as_str()), (Some(64), ""), "{more:?}: {ended:?}");
        assert!(ended.errors.contains(key), "{more:?}: {}", ended.errors);
    }
}
