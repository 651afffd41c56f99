//! The page at `/docs` in a real browser, as a newcomer uses it.

use std::path::Path;

use sqlx::query_as;
use testkit::Role;
use testkit::docs_page::DocsPage;

use crate::support::App;

#[tokio::test]
#[ignore = "needs chromium"]
async fn an_order_is_made_and_read_from_the_page_in_a_browser() {
    let app = App::start().await;
    let page = DocsPage::open(format!("http://{}", app.address)).await.expect("a page");
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR"));
    page.picture(&pictures.join("order-status-docs.png")).await.expect("a picture");
    let operations = page.operations().await.expect("a list");
    let expected = [
        "POST /orders/ Make an order",
        "GET /orders/{order_id} A whole order",
        "GET /orders/{order_id}/status Where an order stands",
        "GET /orders/{order_id}/history What happened to an order",
        "PUT /orders/{order_id}/update Move an order",
    ];
    assert_eq!(operations, expected);

    let made = page.execute("create_order", &[]).await.expect("an answer");
    assert_eq!(made.status, "201", "{made:?}");
    let order_id = made.body["order"]["order_id"].as_i64().expect("an id");
    let mut reader = app.database.connect(Role::Reader).await.expect("the reader");
    let kept: (String, String) =
        query_as("SELECT requester_id, created_by FROM atelier.orders WHERE order_id = $1")
            .bind(order_id)
            .fetch_one(&mut reader)
            .await
            .expect("the row");
    assert_eq!(kept, ("ada".to_owned(), "maren".to_owned()));

    let order_id = order_id.to_string();
    let read = page.execute("get_order_status", &[("order_id", &order_id)]).await.expect("an answer");
    assert_eq!((read.status.as_str(), &read.body["status"]), ("200", &"created".into()), "{read:?}");
    page.picture(&pictures.join("order-status-docs-tried.png")).await.expect("a picture");

    let moved = page.execute("update_order", &[("order_id", &order_id)]).await.expect("an answer");
    assert_eq!((moved.status.as_str(), &moved.body["order"]["version"]), ("200", &2.into()), "{moved:?}");
    assert_eq!(page.complaints().await.expect("the logs"), Vec::<String>::new());
    app.finish().await;
}
