//! The page at `/docs` in a real browser, as a newcomer uses it.

use std::path::Path;

use testkit::docs_page::DocsPage;

use crate::fixtures::{insert, order};
use crate::support::World;

#[tokio::test]
#[ignore = "needs chromium"]
async fn a_list_is_read_from_the_page_in_a_browser() {
    let world = World::start().await;
    insert(&world.database, &[order(1), order(2)]).await;
    let page = DocsPage::open(world.service.origin()).await.expect("a page");
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("orders-docs.png");
    page.picture(&picture).await.expect("a picture");
    let expected = [
        "GET /orders/user/{user_id} A user's orders",
        "GET /orders/created_by/{username} A creator's orders",
    ];
    assert_eq!(page.operations().await.expect("a list"), expected);

    for (operation, owner) in [("list_orders_of_user", "ada"), ("list_orders_of_creator", "maren")] {
        let shown = page.execute(operation, &[]).await.expect("an answer");
        let ids: Vec<_> =
            shown.body["orders"].as_array().into_iter().flatten().map(|it| it["id"].as_i64()).collect();
        assert_eq!((shown.status.as_str(), ids), ("200", vec![Some(2), Some(1)]), "{owner}: {shown:?}");
    }
    assert_eq!(page.complaints().await.expect("the logs"), Vec::<String>::new());
}
