//! What each login may not do. A verb that is not asked for here is not known to be forbidden.

use migrator::migrate::{ChangeOptions, up};
use sqlx::query_scalar;
use testkit::database::roles;
use testkit::{Role, TestDatabase};

use crate::support::{create, migrated, refusal, run};

const FORBIDDEN: &str = "42501";

/// What neither writer nor reader may do.
const FORBIDDEN_TO_BOTH: [&str; 21] = [
    "TRUNCATE atelier.orders",
    "TRUNCATE atelier.order_events",
    "TRUNCATE atelier.idempotency_keys",
    "ALTER TABLE atelier.orders DISABLE TRIGGER orders_law_on_update",
    "ALTER TABLE atelier.order_events DISABLE TRIGGER ALL",
    "ALTER TABLE atelier.orders DROP CONSTRAINT orders_version_range",
    "ALTER TABLE atelier.orders ADD COLUMN mine int",
    "DROP TABLE atelier.order_events",
    "DROP TRIGGER order_events_no_delete ON atelier.order_events",
    "CREATE OR REPLACE FUNCTION atelier.history_refuses_this() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "CREATE TABLE atelier.mine (n int)",
    "CREATE TRIGGER mine BEFORE INSERT ON atelier.orders FOR EACH ROW EXECUTE FUNCTION atelier.history_refuses_this()",
    "SET session_replication_role = replica",
    "DELETE FROM atelier.orders",
    "DELETE FROM atelier.order_events",
    "UPDATE atelier.order_events SET reason = 'x'",
    "SET atelier.erasing = 'on'; UPDATE atelier.order_events SET actor = 'x'",
    "UPDATE atelier.idempotency_keys SET order_id = 1",
    "UPDATE atelier.schema_meta SET min_app_schema = 0",
    "INSERT INTO atelier.schema_meta_files (version, phase) VALUES (99, 'expand')",
    "SELECT setval('atelier.order_id_seq', 1)",
];

/// What the reader may not do beside.
const FORBIDDEN_TO_READER: [&str; 7] = [
    "INSERT INTO atelier.orders (order_id, requester_id, created_by) VALUES (1, 'u', 'm')",
    "INSERT INTO atelier.order_events (order_id, version) VALUES (1, 1)",
    "INSERT INTO atelier.idempotency_keys VALUES ('u', 'k', '', 1)",
    "UPDATE atelier.orders SET updated_at = now()",
    "SELECT 1 FROM atelier.orders FOR UPDATE",
    "DELETE FROM atelier.idempotency_keys",
    "SELECT nextval('atelier.order_id_seq')",
];

#[tokio::test]
async fn forbidden_verbs_are_refused_to_writer_and_reader() {
    for role in [Role::Writer, Role::Reader] {
        let (_database, mut connection) = migrated(role).await;
        for sql in FORBIDDEN_TO_BOTH {
            assert_eq!(refusal(&mut connection, sql).await.code, FORBIDDEN, "{role:?}: {sql}");
        }
    }
}

#[tokio::test]
async fn the_reader_reads_only() {
    let (_database, mut reader) = migrated(Role::Reader).await;
    for sql in FORBIDDEN_TO_READER {
        assert_eq!(refusal(&mut reader, sql).await.code, FORBIDDEN, "{sql}");
    }
    for table in
        ["orders", "order_events", "idempotency_keys", "schema_meta", "schema_meta_files", "_sqlx_migrations"]
    {
        run(&mut reader, &format!("TABLE atelier.{table}")).await.expect(table);
    }
}

#[tokio::test]
async fn the_writer_changes_what_moves_change_and_no_term_of_an_order() {
    let (database, mut writer) = migrated(Role::Writer).await;
    let columns: Vec<String> =
        query_scalar("SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'atelier' AND table_name = 'orders'")
            .fetch_all(&mut database.connect(Role::Admin).await.expect("connected"))
            .await
            .expect("columns");
    let moved = ["stage", "alert", "alert_reason", "alert_raised_by", "version", "paid_at", "updated_at"];
    assert!(columns.len() > moved.len());
    for column in columns {
        let sql = format!("UPDATE atelier.orders SET {column} = {column}");
        if moved.contains(&column.as_str()) {
            run(&mut writer, &sql).await.expect(&column);
        } else {
            assert_eq!(refusal(&mut writer, &sql).await.code, FORBIDDEN, "{column}");
        }
    }
}

#[tokio::test]
async fn the_writer_can_do_its_work() {
    let (_database, mut writer) = migrated(Role::Writer).await;
    for sql in [
        create(1).as_str(),
        "SELECT nextval('atelier.order_id_seq')",
        "INSERT INTO atelier.idempotency_keys VALUES ('u', 'k', decode(repeat('00', 32), 'hex'), 1)",
        "DELETE FROM atelier.idempotency_keys",
        "SELECT 1 FROM atelier.orders WHERE order_id = 1 FOR NO KEY UPDATE SKIP LOCKED",
    ] {
        run(&mut writer, sql).await.expect(sql);
    }
}

#[tokio::test]
async fn whatever_else_somebody_granted_is_gone_after_the_next_up() {
    let database = TestDatabase::create().await.expect("a database");
    let mut owner = database.connect(Role::Owner).await.expect("connected");
    let excess = "GRANT ALL ON ALL TABLES IN SCHEMA atelier TO atelier_writer, atelier_reader, PUBLIC;
        GRANT UPDATE (requester_id) ON atelier.orders TO atelier_writer;
        GRANT ALL ON SCHEMA atelier TO PUBLIC;
        GRANT ALL ON SEQUENCE atelier.order_id_seq TO PUBLIC;";
    run(&mut owner, excess).await.expect("an excess of grants");
    let mut writer = database.connect(Role::Writer).await.expect("connected");
    run(&mut writer, "UPDATE atelier.orders SET requester_id = 'x'").await.expect("the excess works");

    let mut options = ChangeOptions::embedded().expect("the embedded files");
    options.roles = Some(roles());
    up(&database.options(Role::Owner), &options).await.expect("up");
    for role in [Role::Writer, Role::Reader] {
        let mut connection = database.connect(role).await.expect("connected");
        for sql in FORBIDDEN_TO_BOTH {
            assert_eq!(refusal(&mut connection, sql).await.code, FORBIDDEN, "{role:?}: {sql}");
        }
    }
    let refused = refusal(&mut writer, "UPDATE atelier.orders SET requester_id = 'x'").await;
    assert_eq!(refused.code, FORBIDDEN);
}

#[tokio::test]
async fn a_later_table_of_the_owner_can_be_read_at_once() {
    let database = TestDatabase::create().await.expect("a database");
    let mut owner = database.connect(Role::Owner).await.expect("connected");
    run(&mut owner, "CREATE TABLE atelier.later (n int)").await.expect("a table");
    for role in [Role::Writer, Role::Reader] {
        let mut connection = database.connect(role).await.expect("connected");
        run(&mut connection, "TABLE atelier.later").await.expect("readable");
    }
}
