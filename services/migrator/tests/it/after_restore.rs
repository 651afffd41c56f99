//! `after-restore`: nothing that was handed out before a restore is handed out, or taken, again.

use migrator::migrate::{Finding, after_restore, verify_history};
use sqlx::query_scalar;
use testkit::{Role, TestDatabase};

use crate::support::run;

const ORDER: &str = "WITH made AS (
        INSERT INTO atelier.orders (order_id, requester_id, created_by)
        VALUES (nextval('atelier.order_id_seq'), 'ada', 'maren') RETURNING order_id
    )
    INSERT INTO atelier.order_events (order_id, version, state_type, new_value, to_stage, to_alert, actor, role)
    SELECT order_id, 1, 'created', true, 'created', false, 'ada', 'requester' FROM made RETURNING order_id";

#[tokio::test]
async fn ids_go_on_far_ahead_and_the_epoch_is_raised_each_time() {
    let database = TestDatabase::create().await.expect("a database");
    let mut writer = database.connect(Role::Writer).await.expect("connected");
    let before: i64 = query_scalar(ORDER).fetch_one(&mut writer).await.expect("an order");
    let first = after_restore(&database.options(Role::Owner), 500).await.expect("done");
    assert_eq!((first.history_epoch, first.orders, first.broken), (1, 1, vec![]));
    assert_eq!(first.ids_from, before + 500);
    let after: i64 = query_scalar(ORDER).fetch_one(&mut writer).await.expect("an order");
    assert_eq!(after, first.ids_from);
    let second = after_restore(&database.options(Role::Owner), 500).await.expect("done");
    assert_eq!((second.history_epoch, second.orders, second.ids_from), (2, 2, after + 500));
}

#[tokio::test]
async fn a_restored_history_that_lies_is_named() {
    let database = TestDatabase::create().await.expect("a database");
    let mut admin = database.connect(Role::Admin).await.expect("connected");
    let order: i64 = query_scalar(ORDER).fetch_one(&mut admin).await.expect("an order");
    run(&mut admin, "ALTER TABLE atelier.orders DISABLE TRIGGER ALL").await.expect("as a superuser may");
    run(&mut admin, "UPDATE atelier.orders SET version = 9").await.expect("a lie");
    let restored = after_restore(&database.options(Role::Owner), 1).await.expect("done");
    let [sentence] = restored.broken.as_slice() else { panic!("{restored:?}") };
    assert!(sentence.contains(&format!("order {order}: the row says")), "{sentence}");
    let found = verify_history(&database.options(Role::Reader)).await.expect("verified");
    assert_eq!(found, [Finding::History { sentence: sentence.clone() }], "without raising the epoch");
}

#[tokio::test]
async fn a_login_without_the_right_changes_nothing() {
    let database = TestDatabase::create().await.expect("a database");
    assert!(after_restore(&database.options(Role::Writer), 1).await.is_err());
    let mut admin = database.connect(Role::Admin).await.expect("connected");
    let epoch: i32 = query_scalar("SELECT history_epoch::int4 FROM atelier.schema_meta")
        .fetch_one(&mut admin)
        .await
        .expect("the epoch");
    assert_eq!(epoch, 0);
}
