//! A second run and a third: what came later comes over, what was moved here is never overwritten, and nothing is done twice.

use testkit::{Role, TestDatabase};

use super::old::{Old, adopt, rows_of};
use crate::support::{create, migrated, run};

/// Somebody raises an alert here, of order 37, which was adopted as accepted.
const MOVED_HERE: &str = "WITH o AS (
        UPDATE atelier.orders SET alert = true, alert_raised_by = 'creator', version = 4 WHERE order_id = 37
    )
    INSERT INTO atelier.order_events (order_id, version, state_type, new_value, from_stage, to_stage, from_alert, to_alert, actor, role)
    VALUES (37, 4, 'alert', true, 'accepted', 'accepted', false, true, 'maker-37', 'creator')";

/// What the replaced services did since, and a hand that mends order 8.
const CHANGED_THERE: &str = "
    INSERT INTO orders (order_id, requester_id, created_by, requested) VALUES (5001, 'late', 'maker-1', true), (5002, 'late', 'maker-1', true);
    INSERT INTO customs (id, user_id, created_by, custom_params) VALUES (5001, 'late', 'maker-1', '{}'), (5002, 'late', 'maker-1', '{}');
    UPDATE orders SET requester_id = 'user-8' WHERE order_id = 8;
    UPDATE orders SET accepted = true, completed = true WHERE order_id = 31;
    UPDATE orders SET paid = false WHERE order_id = 29;
    UPDATE customs SET state = 'required' WHERE id = 29;
    UPDATE orders SET alert = true WHERE order_id = 30;
    UPDATE orders SET alert = false, requested = true WHERE order_id = 40;
    UPDATE customs SET cost_final = 77 WHERE id = 33;
    UPDATE customs SET created_at = created_at + interval '1 day' WHERE id = 36;
    UPDATE orders SET completed = true WHERE order_id = 37;
    DELETE FROM orders WHERE order_id = 38;
    DELETE FROM customs WHERE id = 38;";

async fn told(database: &TestDatabase, sql: &'static str) -> String {
    let mut admin = database.connect(Role::Admin).await.expect("connected");
    sqlx::query_scalar(sql).fetch_one(&mut admin).await.expect("a text")
}

#[tokio::test]
async fn what_changed_since_comes_over_once_and_what_was_moved_in_both_is_left_and_told() {
    let mut old = Old::of(1000).await;
    let (database, mut admin) = migrated(Role::Admin).await;
    let (_, first) = adopt(&database, &old.how()).await.expect("adopted");
    run(&mut admin, MOVED_HERE).await.expect("moved");
    run(&mut admin, &create(5002)).await.expect("an order of the new system");
    old.run(CHANGED_THERE).await;

    let (done, report) = adopt(&database, &old.how()).await.expect("the follow-up");
    assert_eq!((done.adopted, done.changed), (2, 6), "5001 and 8; 29, 30, 31, 33, 36, 40");
    assert_eq!(done.not_compared, Some(3), "36, 37 and 38");
    for line in [
        "36,orders,34,changed_fixed,flags requested; state required,",
        "37,orders,35,changed_in_both,flags requested+accepted+completed; state required,",
        "38,orders,38,gone,,",
        "5002,orders,1002,id_taken,flags requested; state required,",
    ] {
        assert!(report.contains(line), "{line} is missing in {report}");
    }
    assert!(
        first.contains("8,orders,7,no_requester,") && !report.contains("8,orders,7,no_requester,"),
        "it is mended"
    );
    assert_eq!(rows_of(&report), rows_of(&first) + 4);
    let states = told(
        &database,
        "SELECT string_agg(concat_ws(' ', order_id, stage, CASE WHEN alert THEN 'alert' END, version, cost_final), ', ' ORDER BY order_id)
         FROM atelier.orders WHERE order_id IN (29, 30, 31, 33, 37, 38, 40, 5001)",
    )
    .await;
    assert_eq!(
        states,
        "29 completed 6 149.50, 30 created alert 2, 31 completed 4 151.50, 33 completed 4 77.00, 37 accepted alert 4 157.50, \
         38 completed 4 158.50, 40 requested 4 160.50, 5001 requested 2"
    );
    database.check_history_law().await.expect("the law holds");

    let before = told(&database, "SELECT count(*)::text FROM atelier.order_events").await;
    let mut quick = old.how();
    quick.is_quick = true;
    let (again, _) = adopt(&database, &quick).await.expect("a quick run");
    assert!(
        again.verified < Some(400) && again.unchanged > 600,
        "only the range where rows are gone is looked at: {again:?}"
    );
    let (again, same) = adopt(&database, &old.how()).await.expect("another run");
    assert_eq!((again.adopted, again.changed, again.verified), (0, 0, done.verified));
    assert_eq!(same, report);
    assert_eq!(told(&database, "SELECT count(*)::text FROM atelier.order_events").await, before);
}

#[tokio::test]
async fn a_quick_run_misses_nothing_behind_a_pass_that_was_cut_short() {
    let mut old = Old::of(1000).await;
    let (database, mut admin) = migrated(Role::Admin).await;
    adopt(&database, &old.how()).await.expect("adopted");
    let cut_short = "UPDATE atelier.schema_meta_adoption SET is_finished = false, done_to = 900";
    run(&mut admin, cut_short).await.expect("as a death leaves it");
    old.run("UPDATE orders SET accepted = true WHERE order_id = 31").await;
    let mut quick = old.how();
    quick.is_quick = true;
    let (done, _) = adopt(&database, &quick).await.expect("the follow-up");
    assert_eq!(
        (done.changed, done.verified),
        (1, Some(299)),
        "one range of 300, of which order 8 was left out"
    );
}

#[tokio::test]
async fn whoever_was_erased_here_does_not_come_back_by_a_change_there() {
    let mut old = Old::of(1000).await;
    let (database, _admin) = migrated(Role::Admin).await;
    adopt(&database, &old.how()).await.expect("adopted");
    crate::erase::erase(&database, Some("user-31"), None, false).await;
    old.run("UPDATE orders SET accepted = true WHERE order_id = 31").await;
    let (done, _) = adopt(&database, &old.how()).await.expect("the follow-up");
    assert_eq!((done.adopted, done.changed, done.not_compared), (0, 0, Some(1)));
    let left =
        told(&database, "SELECT count(*)::text FROM atelier.orders WHERE requester_id = 'user-31'").await;
    assert_eq!(left, "0");
}
