//! A restore to an earlier time, then `after-restore`: nothing that callers hold from the lost time is taken for something new.

use migrator::migrate::after_restore;
use reqwest::Method;
use serde_json::json;
use testkit::Role;

use crate::support::{Answer, App, BUYER, Instance, MAKER};

/// Orders before the backup, and orders that are lost.
const ORDERS: usize = 30;

async fn orders(instance: &Instance) -> Vec<i64> {
    let mut ids = Vec::new();
    for _ in 0..ORDERS {
        ids.push(instance.order().await);
    }
    ids
}

/// The tag of an order's state now.
async fn tag(instance: &Instance, order_id: i64) -> String {
    instance.status(order_id).await.header("etag").expect("a tag").to_owned()
}

/// A move of the buyer's, if the order still is what `tag` says.
async fn request(instance: &Instance, order_id: i64, tag: &str) -> Answer {
    let body = json!({"state_type": "requested", "new_value": true, "user_id": BUYER});
    let path = format!("/orders/{order_id}/update");
    let request = instance.request(Method::PUT, &path).header("if-match", tag);
    Answer::of(request.header("content-type", "application/json").body(body.to_string())).await
}

#[tokio::test]
async fn no_id_is_given_twice_and_tags_and_cursors_of_the_lost_time_are_refused() {
    let app = App::start().await;
    let kept = orders(&app).await;
    let backup = app.database.back_up().await.expect("a backup");

    // Each time an instance of its own: nobody's connection outlives a backup or a restore.
    let old = app.second(&[]).await;
    let lost = orders(&old).await;
    let moved = kept[0];
    assert_eq!(old.buyer(moved, "alert", true).await.status, 200);
    assert_eq!(old.buyer(moved, "alert", false).await.status, 200);
    let lost_tag = tag(&old, moved).await;
    let page = old.get(&format!("/orders/{moved}/history?limit=1")).await.json();
    let lost_cursor = page["next"].as_str().expect("another page").to_owned();

    app.database.restore(backup).await.expect("restored");
    let done = after_restore(&app.database.options(Role::Owner), 1_000).await.expect("done");
    assert_eq!((done.history_epoch, done.orders, done.broken.len()), (1, 30, 0));
    let new = app.second(&[]).await;
    // As many moves as were lost, so that the version is the same and only the epoch tells them apart.
    assert_eq!(new.buyer(moved, "alert", true).await.status, 200);
    assert_eq!(new.buyer(moved, "alert", false).await.status, 200);
    assert_eq!(tag(&new, moved).await, format!("\"1.{}", lost_tag.trim_start_matches('"')));
    request(&new, moved, &lost_tag).await.refused(
        412,
        "version_mismatch",
        "The order has changed since: it is at version 3",
    );
    let old_page = new.get(&format!("/orders/{moved}/history?limit=1&after={lost_cursor}")).await;
    assert_eq!((old_page.status, &old_page.json()["code"]), (400, &json!("bad_cursor")));

    let again = orders(&new).await;
    let twice: Vec<&i64> = again.iter().filter(|id| lost.contains(id) || kept.contains(id)).collect();
    assert_eq!(twice, Vec::<&i64>::new(), "ids that were given before");
    assert_eq!(
        new.post(&json!({"requester_id": BUYER, "created_by": MAKER, "order_id": kept[1]})).await.status,
        409
    );
    println!(
        "restored: {} orders kept, {} lost, {} made since, no id twice",
        kept.len(),
        lost.len(),
        again.len()
    );
    app.finish().await;
}
