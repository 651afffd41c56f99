//! A real browser: a page that may call sends what needs a preflight and reads what is exposed; a page of elsewhere does not.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use serde_json::{Value, json};
use testkit::browser::Browser;
use tokio::net::TcpListener;

use crate::nginx::Nginx;
use crate::system::{System, token};

/// A page of an origin of its own, without anything on it.
async fn page() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let routes = Router::new().route("/", get(|| async { Html("<title>A shop</title>") }));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}")
}

/// What the page gets to read of an answer, or that it gets nothing.
async fn fetched(browser: &Browser, url: &str, options: &Value) -> Value {
    let script = format!(
        "return fetch({}, {options}).then(async answer => ({{status: answer.status, etag: answer.headers.get('etag'), \
         id: answer.headers.get('x-request-id'), challenge: answer.headers.get('www-authenticate'), \
         hidden: answer.headers.get('server'), body: await answer.json()}}), () => 'nothing')",
        json!(url)
    );
    browser.script(&script).await.expect("an answer of the page")
}

#[tokio::test]
#[ignore = "needs chromium"]
async fn a_page_that_may_call_sends_and_reads_and_another_gets_nothing() {
    let system = System::start().await;
    let (shop, elsewhere) = (page().await, page().await);
    let site = system.site().without_rate().with(crate::ORIGIN, &shop);
    let nginx = Nginx::start(&site).await;
    let url = format!("http://{}/orders", nginx.address);
    let maker = nginx.client().request(reqwest::Method::POST, "/orders").bearer_auth(token("ada"));
    let made = crate::client::Answer::of(
        maker.body(json!({"requester_id": "ada", "created_by": "maren"}).to_string()),
    )
    .await;
    let id = made.json()["order"]["order_id"].as_i64().expect("an id");
    let bearer = format!("Bearer {}", token("ada"));
    let put = |version: &str| {
        let headers = json!({
            "authorization": bearer, "content-type": "application/json", "if-match": version,
            "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        });
        let body = json!({ "state_type": "requested", "new_value": true }).to_string();
        json!({ "method": "PUT", "headers": headers, "body": body })
    };
    let update = format!("{url}/{id}/update");

    let browser = Browser::open(&elsewhere).await.expect("a browser");
    for asked in [fetched(&browser, &update, &put("\"1\"")).await, fetched(&browser, &url, &json!({})).await]
    {
        assert_eq!(asked, "nothing");
    }
    // Its browser did not even send it.
    let version = nginx.client().get(&format!("/orders/{id}"), &token("ada")).await;
    assert_eq!(version.header("etag"), Some("\"1\""), "{version:?}");

    let browser = Browser::open(&shop).await.expect("a browser");
    let moved = fetched(&browser, &update, &put("\"1\"")).await;
    assert_eq!((&moved["status"], &moved["etag"]), (&json!(200), &json!("\"2\"")), "{moved}");
    assert!(moved["id"].is_string() && moved["hidden"].is_null(), "{moved}");
    let stale = fetched(&browser, &update, &put("\"1\"")).await;
    assert_eq!((&stale["status"], &stale["body"]["current_version"]), (&json!(412), &json!(2)), "{stale}");
    let nobody = fetched(&browser, &url, &json!({})).await;
    assert_eq!(
        (&nobody["status"], &nobody["body"]["code"]),
        (&json!(401), &json!("unauthenticated")),
        "{nobody}"
    );
    assert_eq!(nobody["challenge"], r#"Bearer error="invalid_token""#, "{nobody}");
    let large =
        json!({ "method": "POST", "headers": { "authorization": bearer }, "body": "a".repeat(70_000) });
    let large = fetched(&browser, &url, &large).await;
    assert_eq!(
        (&large["status"], &large["body"]["code"]),
        (&json!(413), &json!("body_too_large")),
        "{large}"
    );
}
