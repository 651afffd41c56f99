//! `/auth/verify`, on a listener of its own: a proxy asks it whether a request may pass, and as whose.

use std::net::SocketAddr;

use reqwest::Method;
use testkit::wait;

use super::callers::{CREATOR, GATEWAY_SECRET, Mode, OPERATOR, REQUESTER, TOKEN_SECRET, Who, assert_unknown};
use crate::support::{Answer, App, BUYER, Instance, MAKER};

const VERIFY_LISTEN: &str = "ATELIER_AUTH__VERIFY_LISTEN";

/// A service with a verify listener, and that listener.
async fn app(mode: Mode) -> (App, Instance) {
    let address = SocketAddr::from(([127, 0, 0, 1], wait::free_port().expect("a port")));
    let listen = address.to_string();
    let app = App::start_with(&[mode.settings(), &[(VERIFY_LISTEN, listen.as_str())]].concat()).await;
    let verify = Instance::at(address, app.ops_address);
    (app, verify)
}

async fn asked(mode: Mode, who: Option<Who>, verify: &Instance, path: &str) -> Answer {
    Answer::of(mode.sign(who, verify.request(Method::GET, path))).await
}

/// User id, username and roles, as the proxy would set them.
fn identity(answer: &Answer) -> [Option<&str>; 3] {
    assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{answer:?}");
    ["x-user-id", "x-username", "x-roles"].map(|name| answer.header(name))
}

#[tokio::test]
async fn it_says_who_is_asking_in_headers_that_a_proxy_passes_on() {
    for mode in [Mode::Token, Mode::Gateway] {
        let (_app, verify) = app(mode).await;
        let nameless = Who { username: None, ..REQUESTER };
        for (who, expected) in [
            (REQUESTER, [Some(BUYER), Some("buyers-name"), None]),
            (CREATOR, [Some("makers-id"), Some(MAKER), None]),
            (OPERATOR, [Some("operator-9"), Some("olga"), Some("operator")]),
            (nameless, [Some(BUYER), None, None]),
        ] {
            for path in ["/auth/verify", "/auth/verify/", "/auth/verify?original=%2Forders%2F1"] {
                let answer = asked(mode, Some(who), &verify, path).await;
                assert_eq!(identity(&answer), expected, "{mode:?} {path}");
            }
        }
    }
}

#[tokio::test]
async fn what_it_says_is_what_a_service_behind_a_gateway_takes() {
    let (app, verify) = app(Mode::Token).await;
    let gateway = app.second(Mode::Gateway.settings()).await;
    let order_id = {
        let body = serde_json::json!({"requester_id": BUYER, "created_by": MAKER});
        let made = super::callers::As(&app, REQUESTER).post(&body).await;
        made.order()["id"].as_i64().unwrap()
    };
    for (who, status) in [(REQUESTER, 200), (OPERATOR, 200), (super::callers::STRANGER, 404)] {
        let answer = asked(Mode::Token, Some(who), &verify, "/auth/verify").await;
        let mut passed = gateway
            .request(Method::GET, &format!("/orders/{order_id}"))
            .header("x-gateway-secret", GATEWAY_SECRET);
        for (name, value) in ["x-user-id", "x-username", "x-roles"].into_iter().zip(identity(&answer)) {
            // A proxy that found no such header passes on an empty one.
            passed = passed.header(name, value.unwrap_or_default());
        }
        assert_eq!(Answer::of(passed).await.status, status, "{}", who.user_id);
    }
    app.finish().await;
}

#[tokio::test]
async fn who_is_unknown_may_not_pass() {
    for mode in [Mode::Token, Mode::Gateway] {
        let (_app, verify) = app(mode).await;
        for path in ["/auth/verify", "/auth/verify/"] {
            let answer = asked(mode, None, &verify, path).await;
            assert_unknown(&answer);
            assert_eq!(["x-user-id", "x-username", "x-roles"].map(|name| answer.header(name)), [None; 3]);
        }
        let forged = verify.request(Method::GET, "/auth/verify").header("x-user-id", "root");
        assert_unknown(&Answer::of(forged.header("x-roles", "operator")).await);
    }
}

#[tokio::test]
async fn it_never_repeats_what_proves_a_caller() {
    for mode in [Mode::Token, Mode::Gateway] {
        let (_app, verify) = app(mode).await;
        let answer = format!("{:?}", asked(mode, Some(OPERATOR), &verify, "/auth/verify").await);
        for secret in [TOKEN_SECRET, GATEWAY_SECRET, &super::callers::token(OPERATOR)] {
            assert!(!answer.contains(secret), "{answer}");
        }
    }
}

#[tokio::test]
async fn it_stands_on_its_own_listener_and_nothing_else_stands_there() {
    let (app, verify) = app(Mode::Token).await;
    for path in ["/auth/verify", "/auth/verify/", "/auth"] {
        let answer = asked(Mode::Token, Some(OPERATOR), &app, path).await;
        answer.refused(404, "unknown_path", "There is nothing at this path");
        assert_eq!(app.ops(path).await.0, 404);
    }
    for path in ["/", "/orders/1", "/orders", "/auth", "/auth/verify/x", "/livez", "/metrics", "/readyz"] {
        let answer = asked(Mode::Token, Some(OPERATOR), &verify, path).await;
        answer.refused(404, "unknown_path", "There is nothing at this path");
    }
}

#[tokio::test]
async fn it_is_served_nowhere_unless_configured() {
    for mode in [Mode::Token, Mode::Gateway] {
        let app = mode.app().await;
        let answer = asked(mode, Some(OPERATOR), &app, "/auth/verify").await;
        answer.refused(404, "unknown_path", "There is nothing at this path");
        assert_eq!(app.ops("/auth/verify").await.0, 404);
    }
}

/// What an edge needs that is asked by callers with tokens: it learns here who they are, and vouches for them there.
#[tokio::test]
async fn a_gateway_with_keys_of_tokens_asks_by_token_and_vouches_by_secret() {
    let address = SocketAddr::from(([127, 0, 0, 1], wait::free_port().expect("a port")));
    let listen = address.to_string();
    let keys = [(VERIFY_LISTEN, listen.as_str()), ("ATELIER_AUTH__HS256__SECRETS", TOKEN_SECRET)];
    let app = App::start_with(&[Mode::Gateway.settings(), &keys].concat()).await;
    let verify = Instance::at(address, app.ops_address);

    let answer = asked(Mode::Token, Some(OPERATOR), &verify, "/auth/verify").await;
    assert_eq!(identity(&answer), [Some("operator-9"), Some("olga"), Some("operator")]);
    assert_unknown(&asked(Mode::Gateway, Some(OPERATOR), &verify, "/auth/verify").await);
    assert_unknown(&asked(Mode::Token, Some(OPERATOR), &app, "/orders/1").await);
    assert_eq!(asked(Mode::Gateway, Some(OPERATOR), &app, "/orders/1").await.status, 404);
}
