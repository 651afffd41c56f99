//! `adopt`: an old database of every known defect comes over whole, and whatever did not fit is told.

mod follow_up;
mod killed;
mod odd;
pub(crate) mod old;
mod refusals;
mod secured;

use std::collections::BTreeMap;

use sqlx::query_scalar;
use testkit::Role;

use crate::support::{migrated, run};
use old::{Old, adopt, plan, rows_of};

/// What must be found in so many thousand old orders: each defect once a thousand, but for what follows from another.
fn expected(thousands: i64) -> BTreeMap<&'static str, i64> {
    let once = [
        "flag_missing",
        "no_custom",
        "requester_differs",
        "requester_unusable",
        "no_requester",
        "creator_unusable",
        "model_unusable",
        "params_too_large",
        "cost_rounded",
        "state_unknown",
        "no_order_id",
        "duplicate_order",
    ];
    let twice = [
        "flags_off_ladder",
        "no_order",
        "cost_unusable",
        "created_at_missing",
        "paid_in_orders_only",
        "paid_in_customs_only",
    ];
    let mut all: BTreeMap<&str, i64> = once.into_iter().map(|rule| (rule, thousands)).collect();
    all.extend(twice.into_iter().map(|rule| (rule, 2 * thousands)));
    all.insert("params_no_object", 3 * thousands);
    all
}

#[tokio::test]
async fn every_defect_is_told_with_its_choice_and_everything_else_is_adopted() {
    let old = Old::of(2000).await;
    let (database, mut admin) = migrated(Role::Admin).await;
    let (planned, plan_report) = plan(&database, &old.how()).await.expect("a plan");
    let none: i64 = query_scalar("SELECT count(*) FROM atelier.schema_meta_adopted")
        .fetch_one(&mut admin)
        .await
        .expect("a number");
    assert_eq!(none, 0, "a plan writes nothing");

    let (done, report) = adopt(&database, &old.how()).await.expect("adopted");
    let found: BTreeMap<&str, i64> = done.findings.iter().map(|found| (found.rule, found.rows)).collect();
    assert_eq!(found, expected(2));
    let planned: BTreeMap<&str, i64> =
        planned.findings.iter().map(|found| (found.rule, found.rows)).collect();
    assert_eq!(planned, found);
    assert_eq!((rows_of(&plan_report), rows_of(&report)), (rows_of(&report), found.values().sum()));
    assert_eq!((done.adopted, done.left), (1998, 4), "two without a requester, two rows without an id");
    assert_eq!((done.verified, done.not_compared, done.ids_from), (Some(1998), Some(0), Some(2001)));
    database.check_history_law().await.expect("the law holds");
    let written: i64 =
        query_scalar("SELECT count(*) FROM atelier.orders").fetch_one(&mut admin).await.expect("a number");
    assert_eq!(written, 1998);
}

/// One order as JSON: what a person would look at.
const ORDER: &str = "SELECT concat_ws(' ', stage, CASE WHEN alert THEN 'alert' END, requester_id, created_by, coalesce(model_id, 'none'),
    custom_params, coalesce(cost_initial::text, 'none'), coalesce(cost_final::text, 'none'),
    to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')) FROM atelier.orders WHERE order_id = $1";

/// Orders of each defect, and sound ones, by what must become of them.
const CHOSEN: [(i64, &str); 20] = [
    (
        30,
        "created user-30 maker-30 a7e11e50000000000000001e {\"wood\": \"oak\", \"height\": 30.10} 130.00 none 2024-01-01 12:00:30.250",
    ),
    (
        40,
        "created alert user-40 maker-40 a7e11e500000000000000028 {\"wood\": \"oak\", \"height\": 40.10} 140.00 160.50 2024-01-01 12:00:40.250",
    ),
    (
        1,
        "paid user-1 maker-1 a7e11e500000000000000001 {\"wood\": \"oak\", \"height\": 1} 101.00 121.50 2024-01-01 12:00:01.250",
    ),
    (
        2,
        "accepted user-2 maker-2 a7e11e500000000000000002 {\"wood\": \"oak\", \"height\": 2.10} 102.00 122.50 2024-01-01 12:00:02.250",
    ),
    (
        3,
        "paid user-3 maker-3 a7e11e500000000000000003 {\"wood\": \"oak\", \"height\": 3} 103.00 none 2024-01-01 12:00:03.250",
    ),
    (
        4,
        "paid user-4 maker-4 a7e11e500000000000000004 {\"wood\": \"oak\", \"height\": 4.10} 104.00 124.50 2024-01-01 12:00:04.250",
    ),
    (5, "created user-5 maker-5 none {} none none 1970-01-01 00:00:00.000"),
    (
        6,
        "created user-6 maker-6 a7e11e500000000000000006 {\"wood\": \"oak\", \"height\": 6.10} 106.00 none 2024-01-01 12:00:06.250",
    ),
    (
        7,
        "accepted user-7 maker-7 none {\"wood\": \"oak\", \"height\": 7} 107.00 127.50 2024-01-01 12:00:07.250",
    ),
    (
        9,
        "paid user-9 maker-9 a7e11e500000000000000009 {\"wood\": \"oak\", \"height\": 9} 109.00 none 2024-01-01 12:00:09.250",
    ),
    (
        10,
        "created user-10 maker-10 none {\"wood\": \"oak\", \"height\": 10.10} 110.00 130.50 2024-01-01 12:00:10.250",
    ),
    (
        11,
        "requested user-11 maker-11 a7e11e50000000000000000b {\"value\": [1, 2]} 111.00 131.50 2024-01-01 12:00:11.250",
    ),
    (
        12,
        "accepted user-12 maker-12 a7e11e50000000000000000c {\"value\": \"as tall as the door\"} 112.00 none 2024-01-01 12:00:12.250",
    ),
    (13, "completed user-13 maker-13 a7e11e50000000000000000d {} 113.00 133.50 2024-01-01 12:00:13.250"),
    (
        14,
        "paid user-14 maker-14 none {\"wood\": \"oak\", \"height\": 14.10} none 134.50 2024-01-01 12:00:14.250",
    ),
    (
        16,
        "requested user-16 maker-16 a7e11e500000000000000010 {\"wood\": \"oak\", \"height\": 16.10} 12.35 136.50 2024-01-01 12:00:16.250",
    ),
    (
        19,
        "paid user-19 maker-19 a7e11e500000000000000013 {\"wood\": \"oak\", \"height\": 19} 119.00 139.50 2024-01-01 12:00:19.250",
    ),
    (
        20,
        "created user-20 maker-20 a7e11e500000000000000014 {\"wood\": \"oak\", \"height\": 20.10} 120.00 140.50 2024-01-01 12:00:20.250",
    ),
    (
        23,
        "completed user-23 maker-23 a7e11e500000000000000017 {\"wood\": \"oak\", \"height\": 23} 123.00 143.50 2024-01-01 12:00:23.250",
    ),
    (
        24,
        "paid user-24 maker-24 a7e11e500000000000000018 {\"value\": \"{\\\"engraving\\\": \\\"\\\\u0000\\\"}\"} 124.00 none 2024-01-01 12:00:24.250",
    ),
];

#[tokio::test]
async fn each_choice_is_the_one_that_is_written_down() {
    let old = Old::of(1000).await;
    let (database, mut admin) = migrated(Role::Admin).await;
    adopt(&database, &old.how()).await.expect("adopted");
    for (order_id, is) in CHOSEN {
        let found: String = query_scalar(ORDER).bind(order_id).fetch_one(&mut admin).await.expect("an order");
        assert_eq!(found, is, "order {order_id}");
    }
}

#[tokio::test]
async fn history_says_what_is_known_and_marks_what_is_not() {
    let old = Old::of(1000).await;
    let (database, mut admin) = migrated(Role::Admin).await;
    adopt(&database, &old.how()).await.expect("adopted");
    let told: Vec<String> = query_scalar(
        "SELECT concat_ws(' ', version, state_type, new_value, actor, role, on_behalf_of, reason,
            CASE WHEN at = o.created_at THEN 'at its time' WHEN at > now() - interval '1 hour' THEN 'now' END)
         FROM atelier.order_events JOIN atelier.orders AS o USING (order_id, version) WHERE false
         UNION ALL SELECT line FROM (SELECT concat_ws(' ', e.version, state_type, new_value, actor, role, on_behalf_of, reason,
            CASE WHEN at = o.created_at THEN 'at its time' WHEN at > now() - interval '1 hour' THEN 'now' END) AS line
         FROM atelier.order_events AS e JOIN atelier.orders AS o USING (order_id) WHERE order_id = 40 OR order_id = 29
         ORDER BY order_id, e.version) AS lines",
    )
    .fetch_all(&mut admin)
    .await
    .expect("events");
    let reason = "Adopted from the replaced services";
    let moved = |version: i32, what: &str, party: &str| {
        format!("{version} {what} t atelier-adoption operator {party} {reason} now")
    };
    assert_eq!(
        told,
        [
            format!("1 created t user-29 requester {reason} at its time"),
            moved(2, "requested", "requester"),
            moved(3, "accepted", "creator"),
            moved(4, "completed", "creator"),
            moved(5, "paid", "requester"),
            format!("1 created t user-40 requester {reason} at its time"),
            moved(2, "alert", "requester"),
        ]
    );
}

#[tokio::test]
async fn doubt_goes_down_where_that_is_asked_and_times_are_of_the_zone_that_is_named() {
    let old = Old::of(1000).await;
    let (database, mut admin) = migrated(Role::Admin).await;
    let mut how = old.how();
    how.doubt = migrator::migrate::Doubt::Down;
    how.time_zone = "Europe/Berlin".to_owned();
    adopt(&database, &how).await.expect("adopted");
    for (order_id, stage) in
        [(1, "created"), (2, "created"), (3, "completed"), (4, "completed"), (29, "paid")]
    {
        let found: String = query_scalar("SELECT stage::text FROM atelier.orders WHERE order_id = $1")
            .bind(order_id)
            .fetch_one(&mut admin)
            .await
            .expect("an order");
        assert_eq!(found, stage, "order {order_id}");
    }
    let hour: String =
        query_scalar("SELECT (created_at AT TIME ZONE 'UTC')::text FROM atelier.orders WHERE order_id = 30")
            .fetch_one(&mut admin)
            .await
            .expect("an order");
    assert_eq!(hour, "2024-01-01 11:00:30.25");
}

#[tokio::test]
async fn a_row_that_was_changed_by_hand_or_lost_fails_the_verification() {
    let old = Old::of(1000).await;
    let (database, mut admin) = migrated(Role::Admin).await;
    adopt(&database, &old.how()).await.expect("adopted");
    run(&mut admin, "UPDATE atelier.orders SET cost_final = 1 WHERE order_id = 31").await.expect("by hand");
    let error = adopt(&database, &old.how()).await.expect_err("one order differs");
    assert!(error.to_string().starts_with("1 orders are not what the old database promises: 31"), "{error}");
    run(&mut admin, "UPDATE atelier.orders SET cost_final = 151.5 WHERE order_id = 31")
        .await
        .expect("set back");
    adopt(&database, &old.how()).await.expect("equal again");

    run(&mut admin, "UPDATE atelier.schema_meta_adopted SET version = NULL WHERE order_id = 32")
        .await
        .expect("as a bug would");
    let error = adopt(&database, &old.how()).await.expect_err("nobody knows of it");
    assert!(error.to_string().ends_with("promises: 32"), "{error}");
}
