//! The checker of the history law notices each way of breaking it, with the triggers out of its way.

use sqlx::{Executor, PgConnection};
use testkit::{HistoryError, Role, TestDatabase, check_history_law};

/// One order that was requested, and its two events: the law holds.
const GOOD: &str = "
INSERT INTO atelier.orders (order_id, requester_id, created_by, stage, version) VALUES (1, 'u', 'm', 'requested', 2);
INSERT INTO atelier.order_events (order_id, version, state_type, new_value, from_stage, to_stage, from_alert, to_alert, actor, role)
VALUES (1, 1, 'created', true, NULL, 'created', NULL, false, 'u', 'requester'),
       (1, 2, 'requested', true, 'created', 'requested', false, false, 'u', 'requester');";

async fn unguarded() -> (TestDatabase, PgConnection) {
    let database = TestDatabase::create().await.expect("a database");
    let mut admin = database.connect(Role::Admin).await.expect("connected");
    admin.execute("SET session_replication_role = replica").await.expect("no triggers");
    admin.execute(sqlx::raw_sql(GOOD)).await.expect("a good history");
    (database, admin)
}

#[tokio::test]
async fn a_good_history_passes() {
    let (_database, mut admin) = unguarded().await;
    check_history_law(&mut admin).await.expect("the law holds");
}

#[tokio::test]
async fn every_break_is_found() {
    for (sql, sentence) in [
        ("UPDATE atelier.orders SET stage = 'accepted'", "the row says accepted at version 2"),
        ("UPDATE atelier.orders SET version = 3", "the row says requested at version 3"),
        (
            "UPDATE atelier.orders SET alert = true, alert_raised_by = 'creator'",
            "the row says requested with an alert at version 2, the last event requested at",
        ),
        ("DELETE FROM atelier.orders", "there are events and no row"),
        ("DELETE FROM atelier.order_events", "there is a row and no events"),
        ("DELETE FROM atelier.order_events WHERE version = 1", "event 2 stands where 1 should"),
        (
            "UPDATE atelier.order_events SET state_type = 'accepted', from_stage = 'requested', to_stage = 'accepted' WHERE version = 2",
            "event 2 does not begin where the one before ended",
        ),
    ] {
        let (_database, mut admin) = unguarded().await;
        admin.execute(sql).await.expect("the break is made");
        let error = check_history_law(&mut admin).await.expect_err(sql);
        let HistoryError::Broken { broken } = error else { panic!("{error}") };
        assert!(broken.iter().any(|line| line.contains(sentence)), "{sql}: {broken:?}");
    }
}
