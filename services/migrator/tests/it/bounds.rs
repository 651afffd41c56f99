//! Every bound of the contract has a CHECK with a name, and rows outside of it are refused by that name.

use std::collections::BTreeSet;

use sqlx::query_scalar;
use testkit::Role;

use crate::support::{create, migrated, refusal, run};

/// Constraint, and a value for a column of an order that it refuses. Other columns are good.
const ORDERS: &[(&str, &str, &str)] = &[
    ("orders_order_id_range", "order_id", "0"),
    ("orders_order_id_range", "order_id", "9007199254740992"),
    ("orders_requester_id_identity", "requester_id", "''"),
    ("orders_requester_id_identity", "requester_id", "' u'"),
    ("orders_requester_id_identity", "requester_id", "E'u\\u00a0'"),
    ("orders_requester_id_identity", "requester_id", "E'u\\u3000'"),
    ("orders_requester_id_identity", "requester_id", "E'u\\nv'"),
    ("orders_requester_id_identity", "requester_id", "E'u\\u007fv'"),
    ("orders_requester_id_identity", "requester_id", "E'u\\u0085v'"),
    ("orders_requester_id_identity", "requester_id", "repeat('u', 256)"),
    ("orders_created_by_identity", "created_by", "''"),
    ("orders_created_by_identity", "created_by", "'m '"),
    ("orders_created_by_identity", "created_by", "E'm\\tn'"),
    ("orders_created_by_identity", "created_by", "repeat('ü', 256)"),
    ("orders_alert_reason_needs_alert", "alert_reason", "'because'"),
    ("orders_alert_raised_by_with_alert", "alert_raised_by", "'creator'"),
    ("orders_alert_raised_by_with_alert", "alert", "true"),
    ("orders_version_range", "version", "0"),
    ("orders_version_range", "version", "9007199254740992"),
    ("orders_model_id_hex", "model_id", "'0123456789abcdef0123456'"),
    ("orders_model_id_hex", "model_id", "'0123456789abcdef0123456g'"),
    ("orders_model_id_hex", "model_id", "E'0123456789abcdef01234567\\n'"),
    ("orders_custom_params_object", "custom_params", "'[]'"),
    ("orders_custom_params_object", "custom_params", "'null'"),
    (
        "orders_custom_params_size",
        "custom_params",
        "(SELECT jsonb_object_agg(n, md5(n::text)) FROM generate_series(1, 9000) AS n)",
    ),
    ("orders_cost_initial_range", "cost_initial", "-0.01"),
    ("orders_cost_initial_range", "cost_initial", "'NaN'"),
    ("orders_cost_final_range", "cost_final", "-0.01"),
    ("orders_cost_final_range", "cost_final", "'NaN'"),
    ("orders_paid_at_with_stage", "paid_at", "now()"),
    ("orders_paid_at_with_stage", "stage", "'paid'"),
    ("orders_created_at_finite", "created_at", "'infinity'"),
    ("orders_updated_at_finite", "updated_at", "'-infinity'"),
];

/// The same for an event of order 1 at version 2, otherwise: requested by its requester.
const EVENTS: &[(&str, &str, &str)] = &[
    ("order_events_order_id_range", "order_id", "0"),
    ("order_events_version_range", "version", "0"),
    ("order_events_at_finite", "at", "'infinity'"),
    ("order_events_one_move", "state_type", "'lost'"),
    ("order_events_from_unless_first", "from_stage", "NULL"),
    ("order_events_from_unless_first", "from_alert", "NULL"),
    ("order_events_from_unless_first", "version", "1"),
    ("order_events_one_move", "state_type", "'accepted'"),
    ("order_events_one_move", "state_type", "'alert'"),
    ("order_events_one_move", "state_type", "'created'"),
    ("order_events_one_move", "new_value", "false"),
    ("order_events_one_move", "to_stage", "'accepted'"),
    ("order_events_one_move", "from_stage", "'requested'"),
    ("order_events_one_move", "to_alert", "true"),
    ("order_events_actor_identity", "actor", "''"),
    ("order_events_actor_identity", "actor", "E'\\u2003u'"),
    ("order_events_role_known", "role", "'admin'"),
    ("order_events_on_behalf_of_operator", "on_behalf_of", "'creator'"),
    ("order_events_reason_length", "reason", "repeat('r', 501)"),
    ("order_events_trace_id_hex", "trace_id", "repeat('A', 32)"),
    ("order_events_trace_id_hex", "trace_id", "repeat('0', 31)"),
];

const KEYS: &[(&str, &str, &str)] = &[
    ("idempotency_keys_caller_identity", "caller", "''"),
    ("idempotency_keys_caller_identity", "caller", "E'u\\u2028'"),
    ("idempotency_keys_key_visible", "key", "''"),
    ("idempotency_keys_key_visible", "key", "'a b'"),
    ("idempotency_keys_key_visible", "key", "'ü'"),
    ("idempotency_keys_key_visible", "key", "repeat('k', 256)"),
    ("idempotency_keys_request_hash_length", "request_hash", "'\\x00'"),
    ("idempotency_keys_order_id_range", "order_id", "0"),
    ("idempotency_keys_created_at_finite", "created_at", "'infinity'"),
];

/// Bounds that need more than one odd value; each has a case of its own below.
const WHOLE_ROWS: [(&str, &str); 4] = [
    (
        "orders_alert_reason_length",
        "INSERT INTO atelier.orders (order_id, requester_id, created_by, alert, alert_raised_by, alert_reason)
         VALUES (1, 'u', 'm', true, 'creator', repeat('r', 501))",
    ),
    (
        "orders_alert_raised_by_role",
        "INSERT INTO atelier.orders (order_id, requester_id, created_by, alert, alert_raised_by) VALUES (1, 'u', 'm', true, 'x')",
    ),
    (
        "orders_paid_at_finite",
        "INSERT INTO atelier.orders (order_id, requester_id, created_by, stage, paid_at) VALUES (1, 'u', 'm', 'paid', 'infinity')",
    ),
    (
        "order_events_on_behalf_of_party",
        "INSERT INTO atelier.order_events (order_id, version, state_type, new_value, to_stage, to_alert, actor, role, on_behalf_of)
         VALUES (1, 1, 'created', true, 'created', false, 'u', 'operator', 'operator')",
    ),
];

fn order(column: &str, value: &str) -> String {
    let mut row = vec![("order_id", "1"), ("requester_id", "'u'"), ("created_by", "'m'")];
    put(&mut row, column, value);
    insert("orders", &row)
}

fn event(column: &str, value: &str) -> String {
    let mut row = vec![
        ("order_id", "1"),
        ("version", "2"),
        ("state_type", "'requested'"),
        ("new_value", "true"),
        ("from_stage", "'created'"),
        ("to_stage", "'requested'"),
        ("from_alert", "false"),
        ("to_alert", "false"),
        ("actor", "'u'"),
        ("role", "'requester'"),
    ];
    put(&mut row, column, value);
    insert("order_events", &row)
}

fn key(column: &str, value: &str) -> String {
    let hash = "decode(repeat('00', 32), 'hex')";
    let mut row = vec![("caller", "'u'"), ("key", "'k'"), ("request_hash", hash), ("order_id", "1")];
    put(&mut row, column, value);
    insert("idempotency_keys", &row)
}

fn put<'a>(row: &mut Vec<(&'a str, &'a str)>, column: &'a str, value: &'a str) {
    row.retain(|(name, _)| *name != column);
    row.push((column, value));
}

fn insert(table: &str, row: &[(&str, &str)]) -> String {
    let columns: Vec<&str> = row.iter().map(|(name, _)| *name).collect();
    let values: Vec<&str> = row.iter().map(|(_, value)| *value).collect();
    format!("INSERT INTO atelier.{table} ({}) VALUES ({})", columns.join(", "), values.join(", "))
}

#[tokio::test]
async fn each_bound_refuses_by_its_name() {
    let (_database, mut admin) = migrated(Role::Admin).await;
    // Only the named CHECK may be the one that refuses: the history law would otherwise come first or after.
    run(&mut admin, "SET session_replication_role = replica").await.expect("no triggers");
    let orders = ORDERS.iter().map(|(name, column, value)| (*name, order(column, value)));
    let events = EVENTS.iter().map(|(name, column, value)| (*name, event(column, value)));
    let keys = KEYS.iter().map(|(name, column, value)| (*name, key(column, value)));
    let mut cases: Vec<(&str, String)> = orders.chain(events).chain(keys).collect();
    cases.extend(WHOLE_ROWS.iter().map(|(name, sql)| (*name, (*sql).to_owned())));
    for (name, sql) in &cases {
        let refused = refusal(&mut admin, sql).await;
        assert_eq!((refused.code.as_str(), refused.constraint.as_deref()), ("23514", Some(*name)), "{sql}");
    }

    let all: Vec<String> = query_scalar(
        "SELECT conname::text FROM pg_constraint WHERE contype = 'c' AND conrelid = ANY
            (ARRAY['atelier.orders', 'atelier.order_events', 'atelier.idempotency_keys']::regclass[])",
    )
    .fetch_all(&mut admin)
    .await
    .expect("the constraints");
    let tried: BTreeSet<&str> = cases.iter().map(|(name, _)| *name).collect();
    let untried: Vec<&String> = all.iter().filter(|name| !tried.contains(name.as_str())).collect();
    assert!(untried.is_empty(), "no case for {untried:?}");
}

#[tokio::test]
async fn what_lies_on_a_bound_is_accepted() {
    let (_database, mut admin) = migrated(Role::Admin).await;
    run(&mut admin, "SET session_replication_role = replica").await.expect("no triggers");
    for (column, value) in [
        ("order_id", "9007199254740991"),
        ("requester_id", "repeat('ü', 255)"),
        ("requester_id", "E'a b\\u00a0c'"),
        ("requester_id", "'https://issuer.example/users/1'"),
        ("created_by", "'日本語'"),
        ("model_id", "'0123456789ABCDEFabcdef01'"),
        ("cost_initial", "0"),
        ("cost_final", "9999999999.99"),
        ("custom_params", "jsonb_build_object('text', repeat('x', 16384))"),
    ] {
        run(&mut admin, "BEGIN").await.expect("begun");
        run(&mut admin, &order(column, value)).await.expect(value);
        run(&mut admin, "ROLLBACK").await.expect("as before");
    }
    run(&mut admin, &key("key", "repeat('~', 255)")).await.expect("the longest key");
}

#[tokio::test]
async fn moves_stay_heap_only_but_for_paid() {
    let (_database, mut admin) = migrated(Role::Admin).await;
    run(&mut admin, &create(1)).await.expect("an order");
    run(&mut admin, "SET session_replication_role = replica").await.expect("no triggers");
    let counts =
        "SELECT pg_stat_get_xact_tuples_hot_updated(c) || ' of ' || pg_stat_get_xact_tuples_updated(c)
        FROM (SELECT 'atelier.orders'::regclass::oid AS c) AS t";
    // What was counted before is handed over, so that the counts begin at zero.
    run(&mut admin, "SELECT pg_stat_force_next_flush()").await.expect("flushed");
    run(&mut admin, "BEGIN").await.expect("begun");
    run(&mut admin, "UPDATE atelier.orders SET stage = 'requested', version = 4").await.expect("a move");
    let hot: String = query_scalar(counts).fetch_one(&mut admin).await.expect("counts");
    assert_eq!(hot, "1 of 1");
    run(&mut admin, "UPDATE atelier.orders SET alert = true, alert_raised_by = 'creator', version = 5")
        .await
        .expect("an alert");
    let hot: String = query_scalar(counts).fetch_one(&mut admin).await.expect("counts");
    assert_eq!(hot, "2 of 2");
    run(&mut admin, "UPDATE atelier.orders SET stage = 'paid', paid_at = now(), version = 6")
        .await
        .expect("paid");
    let hot: String = query_scalar(counts).fetch_one(&mut admin).await.expect("counts");
    assert_eq!(hot, "2 of 3", "a paid move writes the indexes of paid orders");
}

#[tokio::test]
async fn ids_from_the_sequence_end_at_the_largest_exact_integer() {
    let (_database, mut admin) = migrated(Role::Admin).await;
    run(&mut admin, "SELECT setval('atelier.order_id_seq', 9007199254740991)").await.expect("set");
    assert_eq!(refusal(&mut admin, "SELECT nextval('atelier.order_id_seq')").await.code, "2200H");
}
