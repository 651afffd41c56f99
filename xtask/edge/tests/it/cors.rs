//! Pages in browsers: who may call, what they may send and read, and what caches must know of it.

use reqwest::Method;

use crate::ORIGIN;
use crate::client::Answer;
use crate::double::Double;
use crate::nginx::{Nginx, Site, free_address};
use crate::system::{System, order, token};

/// Origins that look like one that may call.
const FOREIGN: [&str; 7] = [
    "https://evil.example",
    "http://shop.example.com",
    "https://shop.example.com.evil.example",
    "https://shop.example.com:8443",
    "https://sub.shop.example.com",
    "https://shop.example.com.",
    "null",
];

async fn preflight(nginx: &Nginx, path: &str, origin: &str) -> Answer {
    let request = nginx.client().request(Method::OPTIONS, path).header("origin", origin);
    let request = request.header("access-control-request-method", "PUT");
    Answer::of(request.header("access-control-request-headers", "authorization,if-match,content-type")).await
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_preflight_is_answered_before_anybody_is_asked_who_they_are() {
    let behind = Double::start(200, &[]).await;
    // A verifier that is away stops everything but this.
    let site = Site::before(behind.address).verified_by(free_address());
    let nginx = Nginx::start(&site).await;
    for path in ["/orders", "/orders/", "/orders/7/update", "/orders/user/ada", "/orders/created_by/maren/"] {
        let answer = preflight(&nginx, path, ORIGIN).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{answer:?}");
        answer.is_readable();
        let granted = [
            ("access-control-allow-methods", "GET, POST, PUT"),
            (
                "access-control-allow-headers",
                "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, traceparent",
            ),
            ("access-control-max-age", "600"),
        ];
        for (name, value) in granted {
            assert_eq!(answer.header(name), Some(value), "{answer:?}");
        }
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{answer:?}");
    }
    assert!(behind.arrived().is_empty(), "{:?}", behind.arrived());
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_page_of_another_origin_is_granted_nothing() {
    let (_system, nginx) = System::with_edge().await;
    let id = order(&nginx.client()).await;
    let path = format!("/orders/{id}");
    for origin in FOREIGN {
        let answer = preflight(&nginx, &path, origin).await;
        assert_eq!(answer.status, 204);
        answer.is_unreadable();
        let request = nginx.client().request(Method::GET, &path).header("origin", origin);
        let read = Answer::of(request.bearer_auth(token("ada"))).await;
        assert_eq!(read.status, 200, "it is the browser that keeps it from the page");
        read.is_unreadable();
        let request = nginx.client().request(Method::GET, &path).header("origin", origin);
        let refused = Answer::of(request).await;
        refused.is_problem(401, "unauthenticated");
        refused.is_unreadable();
    }
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn what_a_page_may_read_says_for_whom_it_was_and_who_is_no_page_is_told_nothing_of_pages() {
    let (_system, nginx) = System::with_edge().await;
    let id = order(&nginx.client()).await;
    let own = nginx.client().get(&format!("/orders/{id}"), &token("ada")).await;
    assert_eq!((own.status, own.header("etag")), (200, Some("\"1\"")), "{own:?}");
    own.is_readable();
    let mut vary = own.all("vary");
    vary.sort_unstable();
    assert_eq!(vary, ["Authorization", "Origin"], "{own:?}");
    assert_eq!(own.header("access-control-allow-methods"), None, "this is for preflights: {own:?}");

    let request = nginx.client().request(Method::GET, &format!("/orders/{id}"));
    let no_page = Answer::of(request.bearer_auth(token("ada"))).await;
    assert_eq!(no_page.status, 200);
    no_page.is_unreadable();

    // Without its headers it is no preflight but a method, of which the service knows.
    let options = nginx.client().request(Method::OPTIONS, "/orders").bearer_auth(token("ada"));
    assert_eq!(Answer::of(options).await.status, 405);
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn cookies_go_along_where_the_place_says_so_and_never_for_all_origins() {
    let behind = Double::start(200, &[("x-user-id", "ada")]).await;
    let with_cookies = |site: Site| {
        site.with(
            "map \"\" $cors_credentials {\n    default \"\";",
            "map \"\" $cors_credentials {\n    default true;",
        )
    };
    let nginx = Nginx::start(&with_cookies(Site::before(behind.address))).await;
    for answer in [preflight(&nginx, "/orders", ORIGIN).await, nginx.client().get("/orders", "t").await] {
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"), "{answer:?}");
        answer.is_readable();
    }
    preflight(&nginx, "/orders", FOREIGN[0]).await.is_unreadable();

    let all = with_cookies(Site::before(behind.address))
        .with("$cors_origin {\n    default \"\";", "$cors_origin {\n    default \"*\";");
    let nginx = Nginx::start(&all.with("    \"https://shop.example.com\" $http_origin;\n", "")).await;
    for origin in [ORIGIN, FOREIGN[0]] {
        let answer = preflight(&nginx, "/orders", origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{answer:?}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{answer:?}");
    }
}
