//! The history law in the database: what breaks it is refused, by the guard that is meant to and by no other.

use sqlx::PgConnection;
use testkit::{Role, TestDatabase};

use crate::support::{Refusal, create, migrated, refusal, run};

const ON_INSERT: &str = "orders:orders_law_on_insert";
const ON_UPDATE: &str = "orders:orders_law_on_update";
const ON_EVENT: &str = "order_events:order_events_law_on_insert";

/// Order 1, requested: version 2.
async fn requested() -> (TestDatabase, PgConnection) {
    let (database, mut admin) = migrated(Role::Admin).await;
    run(&mut admin, &create(1)).await.expect("an order");
    run(
        &mut admin,
        &moved("stage = 'requested', version = 2", &[event(2, "requested", true, "created", "requested")]),
    )
    .await
    .expect("a move");
    (database, admin)
}

/// One event of order 1 as a row of values; the alert is down before and after.
fn event(version: i64, state_type: &str, new_value: bool, from: &str, to: &str) -> String {
    with_alert(version, state_type, new_value, (from, false), (to, false))
}

fn with_alert(
    version: i64,
    state_type: &str,
    new_value: bool,
    from: (&str, bool),
    to: (&str, bool),
) -> String {
    format!(
        "(1, {version}, '{state_type}', {new_value}, '{}'::atelier.order_stage, '{}'::atelier.order_stage, {}, {}, 'm', 'creator')",
        from.0, to.0, from.1, to.1
    )
}

const EVENTS: &str = "INSERT INTO atelier.order_events (order_id, version, state_type, new_value, from_stage, to_stage, from_alert, to_alert, actor, role) VALUES";

/// One statement that changes the row of order 1 and writes these events.
fn moved(set: &str, events: &[String]) -> String {
    format!("WITH o AS (UPDATE atelier.orders SET {set} WHERE order_id = 1) {EVENTS} {}", events.join(", "))
}

/// The statement is refused as a break of the law, and would be accepted without these guards, each `table:trigger`:
/// so the test fails when one of them is gone, and each of them is needed.
async fn refused_by(admin: &mut PgConnection, sql: &str, guards: &[&str]) {
    let by_law = Refusal { code: "23000".to_owned(), constraint: Some("history_law".to_owned()) };
    assert_eq!(refusal(admin, sql).await, by_law, "{sql}");
    run(admin, "BEGIN").await.expect("begun");
    for guard in guards {
        let (table, trigger) = guard.split_once(':').expect("table:trigger");
        run(admin, &format!("ALTER TABLE atelier.{table} DISABLE TRIGGER {trigger}"))
            .await
            .expect("disabled");
    }
    run(admin, sql).await.expect("only this guard refuses it");
    run(admin, "ROLLBACK").await.expect("as before");
}

#[tokio::test]
async fn a_row_and_its_event_in_one_statement_are_accepted() {
    let (database, _admin) = requested().await;
    database.check_history_law().await.expect("the law holds");
}

#[tokio::test]
async fn several_events_of_one_order_in_one_statement_are_accepted() {
    let (database, mut admin) = requested().await;
    let events = [
        event(3, "accepted", true, "requested", "accepted"),
        with_alert(4, "alert", true, ("accepted", false), ("accepted", true)),
        with_alert(5, "completed", true, ("accepted", true), ("completed", true)),
        with_alert(6, "completed", false, ("completed", true), ("accepted", true)),
    ];
    let sql = moved("stage = 'accepted', alert = true, alert_raised_by = 'creator', version = 6", &events);
    run(&mut admin, &sql).await.expect("four moves in one statement");
    database.check_history_law().await.expect("the law holds");
}

#[tokio::test]
async fn many_orders_in_one_statement_are_accepted_and_one_bad_one_refuses_all() {
    let (database, mut admin) = migrated(Role::Admin).await;
    let many = |stage: &str| {
        format!(
            "WITH o AS (INSERT INTO atelier.orders (order_id, requester_id, created_by, stage)
                SELECT n, 'u', 'm', CASE n WHEN 77 THEN '{stage}'::atelier.order_stage ELSE 'created' END
                FROM generate_series(1, 128) AS n)
             INSERT INTO atelier.order_events (order_id, version, state_type, new_value, to_stage, to_alert, actor, role)
             SELECT n, 1, 'created', true, 'created', false, 'u', 'requester' FROM generate_series(1, 128) AS n"
        )
    };
    refused_by(&mut admin, &many("requested"), &[ON_INSERT]).await;
    run(&mut admin, &many("created")).await.expect("128 orders");
    database.check_history_law().await.expect("the law holds");
}

#[tokio::test]
async fn an_order_without_its_first_event_is_refused() {
    let (_database, mut admin) = migrated(Role::Admin).await;
    let sql = "INSERT INTO atelier.orders (order_id, requester_id, created_by) VALUES (9, 'u', 'm')";
    refused_by(&mut admin, sql, &[ON_INSERT]).await;
}

#[tokio::test]
async fn an_order_change_without_an_event_is_refused() {
    for set in [
        "stage = 'accepted', version = 3",
        "stage = 'accepted'",
        "alert = true, alert_raised_by = 'creator'",
        "version = 3",
        "stage = 'paid', paid_at = now()",
    ] {
        let (_database, mut admin) = requested().await;
        refused_by(&mut admin, &format!("UPDATE atelier.orders SET {set} WHERE order_id = 1"), &[ON_UPDATE])
            .await;
    }
}

#[tokio::test]
async fn going_back_to_an_older_version_is_refused() {
    let (_database, mut admin) = requested().await;
    let sql = "UPDATE atelier.orders SET stage = 'created', version = 1 WHERE order_id = 1";
    refused_by(&mut admin, sql, &[ON_UPDATE]).await;
}

#[tokio::test]
async fn a_conflicting_insert_that_turns_into_an_update_is_refused_as_well() {
    let (_database, mut admin) = requested().await;
    let upsert = "INSERT INTO atelier.orders (order_id, requester_id, created_by) VALUES (1, 'u', 'm')
        ON CONFLICT (order_id) DO UPDATE SET stage = 'accepted'";
    refused_by(&mut admin, upsert, &[ON_UPDATE]).await;
    let merge = "MERGE INTO atelier.orders AS o USING (VALUES (1)) AS v (id) ON o.order_id = v.id
        WHEN MATCHED THEN UPDATE SET stage = 'accepted'";
    refused_by(&mut admin, merge, &[ON_UPDATE]).await;
}

#[tokio::test]
async fn an_event_without_its_order_or_ahead_of_it_is_refused() {
    let (_database, mut admin) = requested().await;
    let ahead = format!("{EVENTS} {}", event(3, "accepted", true, "requested", "accepted"));
    refused_by(&mut admin, &ahead, &[ON_EVENT]).await;
    let orphan = "INSERT INTO atelier.order_events (order_id, version, state_type, new_value, to_stage, to_alert, actor, role)
        VALUES (2, 1, 'created', true, 'created', false, 'u', 'requester')";
    refused_by(&mut admin, orphan, &[ON_EVENT]).await;
}

#[tokio::test]
async fn a_gap_in_the_versions_is_refused() {
    let (_database, mut admin) = requested().await;
    let sql =
        moved("stage = 'accepted', version = 4", &[event(4, "accepted", true, "requested", "accepted")]);
    refused_by(&mut admin, &sql, &[ON_EVENT]).await;
}

#[tokio::test]
async fn an_event_that_does_not_begin_where_the_one_before_ended_is_refused() {
    let (_database, mut admin) = requested().await;
    let wrong_stage =
        moved("stage = 'completed', version = 3", &[event(3, "completed", true, "accepted", "completed")]);
    refused_by(&mut admin, &wrong_stage, &[ON_EVENT]).await;
    let wrong_alert =
        moved("version = 3", &[with_alert(3, "alert", false, ("requested", true), ("requested", false))]);
    refused_by(&mut admin, &wrong_alert, &[ON_EVENT]).await;
    let wrong_second =
        [event(3, "accepted", true, "requested", "accepted"), event(4, "paid", true, "completed", "paid")];
    let sql = moved("stage = 'paid', paid_at = now(), version = 4", &wrong_second);
    refused_by(&mut admin, &sql, &[ON_EVENT]).await;
}

#[tokio::test]
async fn a_row_that_is_not_what_its_last_event_says_is_refused() {
    let (_database, mut admin) = requested().await;
    let accepted = [event(3, "accepted", true, "requested", "accepted")];
    for set in [
        "stage = 'completed', version = 3",
        "stage = 'accepted', alert = true, alert_raised_by = 'creator', version = 3",
        "stage = 'accepted', version = 4",
    ] {
        refused_by(&mut admin, &moved(set, &accepted), &[ON_UPDATE]).await;
    }
    // The row stays at the first of two events.
    let both = [accepted[0].clone(), event(4, "completed", true, "accepted", "completed")];
    refused_by(&mut admin, &moved("stage = 'accepted', version = 3", &both), &[ON_UPDATE, ON_EVENT]).await;
}

#[tokio::test]
async fn an_order_keeps_its_number_and_its_birthday() {
    let guard = "orders:orders_identity_is_fixed";
    let (_database, mut admin) = requested().await;
    refused_by(&mut admin, "UPDATE atelier.orders SET created_at = '2000-01-01'", &[guard]).await;
    refused_by(&mut admin, "UPDATE atelier.orders SET order_id = 2", &[guard, ON_UPDATE]).await;
    // To a number that has a history of its own: the law alone would not see it.
    run(&mut admin, &create(3)).await.expect("another order");
    let swap = "UPDATE atelier.orders SET order_id = 7 WHERE order_id = 3";
    refused_by(&mut admin, swap, &[guard, ON_UPDATE]).await;
    run(&mut admin, "UPDATE atelier.orders SET order_id = order_id, updated_at = now()")
        .await
        .expect("the same is no change");
}

#[tokio::test]
async fn nothing_is_deleted_or_truncated() {
    let (_database, mut admin) = requested().await;
    for (sql, guards) in [
        ("DELETE FROM atelier.orders WHERE order_id = 1", ["orders:orders_no_delete"].as_slice()),
        ("DELETE FROM atelier.order_events WHERE order_id = 1", &["order_events:order_events_no_delete"]),
        (
            "SET atelier.erasing = 'on'; DELETE FROM atelier.order_events",
            &["order_events:order_events_no_delete"],
        ),
        ("TRUNCATE atelier.orders", &["orders:orders_no_truncate"]),
        ("TRUNCATE atelier.order_events", &["order_events:order_events_no_truncate"]),
    ] {
        refused_by(&mut admin, sql, guards).await;
    }
}

#[tokio::test]
async fn events_never_change() {
    let guard = ["order_events:order_events_no_unrecorded_update"];
    let (_database, mut admin) = requested().await;
    for set in ["actor = 'x'", "reason = 'x'", "at = now()", "trace_id = repeat('0', 32)", "txid = '7'"] {
        refused_by(&mut admin, &format!("UPDATE atelier.order_events SET {set}"), &guard).await;
    }
}

/// The first statements of an erasure; what follows is in its transaction, and puts [`TOKEN`] where the person was.
const ERASING: &str =
    "BEGIN; INSERT INTO atelier.erasures (token) VALUES ('erased-0123456789abcdef0123456789abcdef')";
const TOKEN: &str = "'erased-0123456789abcdef0123456789abcdef'";

#[tokio::test]
async fn a_recorded_erasure_puts_its_token_for_the_actor_and_does_nothing_else() {
    let guard = ["order_events:order_events_no_unrecorded_update"];
    let (database, mut admin) = requested().await;
    let erase = format!("UPDATE atelier.order_events SET actor = {TOKEN}, reason = NULL");
    refused_by(&mut admin, &format!("SET atelier.erasing = 'on'; {erase}"), &guard).await;
    for set in [
        format!("actor = {TOKEN}, role = 'operator'"),
        format!("actor = {TOKEN}, at = now()"),
        format!("actor = {TOKEN}, reason = 'framed'"),
        "actor = 'mallory'".to_owned(),
    ] {
        let sql = format!("{ERASING}; UPDATE atelier.order_events SET {set} WHERE version = 2");
        assert_eq!(refusal(&mut admin, &sql).await.constraint.as_deref(), Some("history_law"), "{sql}");
        run(&mut admin, "ROLLBACK").await.expect("ended");
    }
    run(&mut admin, &format!("{ERASING}; {erase}; COMMIT")).await.expect("replaced");
    refused_by(&mut admin, &erase, &guard).await;
    database.check_history_law().await.expect("the law holds");
}

#[tokio::test]
async fn a_party_of_an_order_is_replaced_by_the_token_of_a_recorded_erasure_only() {
    let guard = ["orders:orders_parties_are_fixed"];
    for column in ["requester_id", "created_by"] {
        let (database, mut admin) = requested().await;
        let sql = format!("UPDATE atelier.orders SET {column} = {TOKEN}");
        refused_by(&mut admin, &sql, &guard).await;
        let other = format!("{ERASING}; UPDATE atelier.orders SET {column} = 'mallory'");
        assert_eq!(refusal(&mut admin, &other).await.constraint.as_deref(), Some("history_law"), "{other}");
        run(&mut admin, "ROLLBACK").await.expect("ended");
        run(&mut admin, &format!("{ERASING}; {sql}; COMMIT")).await.expect("replaced");
        run(&mut admin, "UPDATE atelier.orders SET requester_id = requester_id")
            .await
            .expect("the same is no change");
        database.check_history_law().await.expect("the law holds");
    }
}

#[tokio::test]
async fn who_erased_and_when_is_the_servers_to_say() {
    let (_database, mut admin) = requested().await;
    run(
        &mut admin,
        &ERASING.replace("(token) VALUES (", "(at, erased_by, token) VALUES ('2000-01-01', 'nobody', "),
    )
    .await
    .expect("recorded");
    let is_true: bool =
        sqlx::query_scalar("SELECT at = now() AND erased_by = session_user FROM atelier.erasures")
            .fetch_one(&mut admin)
            .await
            .expect("the record");
    assert!(is_true);
}

#[tokio::test]
async fn the_record_of_an_erasure_stays_and_is_for_its_own_transaction() {
    let (_database, mut admin) = requested().await;
    run(&mut admin, &format!("{ERASING}; COMMIT")).await.expect("recorded");
    for (sql, guard) in [
        ("UPDATE atelier.erasures SET at = now()", "erasures:erasures_no_update"),
        ("DELETE FROM atelier.erasures", "erasures:erasures_no_delete"),
        ("TRUNCATE atelier.erasures", "erasures:erasures_no_truncate"),
        ("UPDATE atelier.order_events SET actor = 'x'", "order_events:order_events_no_unrecorded_update"),
    ] {
        refused_by(&mut admin, sql, &[guard]).await;
    }
}

#[tokio::test]
async fn names_that_a_session_puts_in_front_do_not_mislead_the_guards() {
    let (_database, mut admin) = requested().await;
    // Comparisons of a stage with a stage that find no difference, ahead of the real ones.
    let decoy = "CREATE SCHEMA decoy; SET search_path = decoy, pg_temp, pg_catalog;
        CREATE FUNCTION decoy.same(atelier.order_stage, atelier.order_stage) RETURNS boolean LANGUAGE sql AS 'SELECT true';
        CREATE OPERATOR decoy.= (FUNCTION = decoy.same, LEFTARG = atelier.order_stage, RIGHTARG = atelier.order_stage);";
    run(&mut admin, decoy).await.expect("a decoy");
    let sql = "UPDATE atelier.orders SET stage = 'accepted'";
    refused_by(&mut admin, sql, &[ON_UPDATE]).await;
    run(&mut admin, "ALTER FUNCTION atelier.orders_equal_their_last_event() RESET search_path")
        .await
        .expect("reset");
    run(&mut admin, sql)
        .await
        .expect("without a path of its own, the guard is misled: the decoy is a good one");
}
