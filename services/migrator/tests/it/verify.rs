//! `verify` finds what was changed behind the migrator's back, and nothing in a database that nobody touched.

use migrator::migrate::{Finding, MigrationSet, Verification, verify};
use testkit::database::roles;
use testkit::{Role, TestDatabase};

use crate::support::{files, migrated, run};

async fn found(database: &TestDatabase) -> Vec<Finding> {
    let migrations = MigrationSet::embedded().expect("the embedded files");
    verified(database, &migrations).await.findings
}

async fn verified(database: &TestDatabase, migrations: &MigrationSet) -> Verification {
    verify(&database.options(Role::Admin), migrations, None).await.expect("verified")
}

#[tokio::test]
async fn a_fresh_database_has_no_findings_whoever_asks() {
    let (database, _admin) = migrated(Role::Admin).await;
    let migrations = MigrationSet::embedded().expect("the embedded files");
    for role in [Role::Owner, Role::Reader] {
        let found = verify(&database.options(role), &migrations, Some(&roles())).await.expect("verified");
        assert_eq!(found.findings, []);
        assert_eq!(found.schema_version, migrations.schema_version());
    }
}

#[tokio::test]
async fn an_empty_database_says_that_nobody_was_here() {
    let database = TestDatabase::empty().await.expect("a database");
    assert_eq!(found(&database).await, [Finding::NoBookkeeping]);
}

#[tokio::test]
async fn changed_missing_and_unknown_files_are_told_apart() {
    let (database, mut admin) = migrated(Role::Admin).await;
    run(
        &mut admin,
        "UPDATE atelier._sqlx_migrations SET checksum = '' WHERE version = 1;
         DELETE FROM atelier._sqlx_migrations WHERE version = 2; DELETE FROM atelier.schema_meta_files WHERE version = 2;
         INSERT INTO atelier._sqlx_migrations VALUES (900, 'later', now(), true, '', 1);
         INSERT INTO atelier.schema_meta_files (version, phase) VALUES (900, 'expand');
         INSERT INTO atelier._sqlx_migrations VALUES (901, 'foreign', now(), true, '', 1)",
    )
    .await
    .expect("changed");
    let expected = [
        Finding::Checksum { file: "0001_orders.expand.sql".to_owned() },
        Finding::MissingRow { file: "0002_order_events.expand.sql".to_owned() },
        Finding::ExtraRow { version: 900, description: "later".to_owned() },
        Finding::ForeignRow { version: 901, description: "foreign".to_owned() },
    ];
    assert_eq!(found(&database).await, expected);
}

#[tokio::test]
async fn a_guard_that_is_gone_or_off_is_found() {
    let (database, mut admin) = migrated(Role::Admin).await;
    run(
        &mut admin,
        "DROP TRIGGER order_events_no_delete ON atelier.order_events;
         ALTER TABLE atelier.orders DISABLE TRIGGER orders_law_on_update;
         ALTER TABLE atelier.orders ENABLE REPLICA TRIGGER orders_law_on_insert",
    )
    .await
    .expect("changed");
    let found = found(&database).await;
    let guard = |table: &str, trigger: &str| (table.to_owned(), trigger.to_owned());
    let (table, trigger) = guard("order_events", "order_events_no_delete");
    assert!(found.contains(&Finding::GuardMissing { table, trigger }), "{found:?}");
    for name in ["orders_law_on_update", "orders_law_on_insert"] {
        let (table, trigger) = guard("orders", name);
        assert!(found.contains(&Finding::GuardDisabled { table, trigger }), "{found:?}");
    }
}

#[tokio::test]
async fn invalid_indexes_and_constraints_that_were_never_checked_are_found() {
    let (database, mut admin) = migrated(Role::Admin).await;
    run(&mut admin, "ALTER TABLE atelier.orders ADD CONSTRAINT mine CHECK (order_id > 0) NOT VALID")
        .await
        .expect("changed");
    // Two equal rows and a unique index made concurrently: it fails and stays INVALID.
    run(&mut admin, "CREATE TABLE atelier.twice AS SELECT 1 AS n FROM generate_series(1, 2)")
        .await
        .expect("a table");
    run(&mut admin, "CREATE UNIQUE INDEX CONCURRENTLY twice_idx ON atelier.twice (n)")
        .await
        .expect_err("not unique");
    let found = found(&database).await;
    assert!(found.contains(&Finding::InvalidIndex { index: "twice_idx".to_owned() }), "{found:?}");
    let constraint =
        Finding::NotValidConstraint { table: "orders".to_owned(), constraint: "mine".to_owned() };
    assert!(found.contains(&constraint), "{found:?}");
}

#[tokio::test]
async fn a_right_that_no_up_gives_is_found_whoever_holds_it() {
    let (database, mut admin) = migrated(Role::Admin).await;
    let (writer, reader) = (database.user(Role::Writer), database.user(Role::Reader));
    for (who, privilege, object, name) in [
        (writer, "TRUNCATE", "TABLE atelier.order_events", "order_events"),
        (writer, "DELETE", "TABLE atelier.orders", "orders"),
        (writer, "UPDATE (cost_final)", "TABLE atelier.orders", "orders"),
        (writer, "TRIGGER", "TABLE atelier.orders", "orders"),
        (reader, "UPDATE", "SEQUENCE atelier.order_id_seq", "order_id_seq"),
        (reader, "CREATE", "SCHEMA atelier", ""),
        ("PUBLIC", "SELECT", "TABLE atelier.orders", "orders"),
    ] {
        run(&mut admin, &format!("GRANT {privilege} ON {object} TO {who}")).await.expect("granted");
        let finding = Finding::ForeignGrant {
            grantee: who.to_owned(),
            privilege: privilege.to_owned(),
            object: name.to_owned(),
        };
        assert!(finding.to_string().contains(privilege), "{finding}");
        assert_eq!(found(&database).await, [finding]);
        run(&mut admin, &format!("REVOKE {privilege} ON {object} FROM {who}")).await.expect("revoked");
    }
    assert_eq!(found(&database).await, [], "what up gives is no finding");
}

#[tokio::test]
async fn a_right_of_another_login_or_to_pass_it_on_is_found_where_the_logins_are_known() {
    let (database, mut admin) = migrated(Role::Admin).await;
    let migrations = MigrationSet::embedded().expect("the embedded files");
    let (writer, reader) = (database.user(Role::Writer), database.user(Role::Reader));
    let check = async || {
        let found = verify(&database.options(Role::Admin), &migrations, Some(&roles())).await;
        found.expect("verified").findings
    };
    assert_eq!(check().await, []);
    for (give, take) in [
        (
            format!("GRANT INSERT ON atelier.orders TO {reader}"),
            format!("REVOKE INSERT ON atelier.orders FROM {reader}"),
        ),
        (
            format!("GRANT UPDATE (stage) ON atelier.orders TO {reader}"),
            format!("REVOKE UPDATE (stage) ON atelier.orders FROM {reader}"),
        ),
        (
            format!("GRANT SELECT ON atelier.orders TO {writer} WITH GRANT OPTION"),
            format!("REVOKE GRANT OPTION FOR SELECT ON atelier.orders FROM {writer}"),
        ),
        (
            "GRANT SELECT ON atelier.orders TO pg_monitor".to_owned(),
            "REVOKE SELECT ON atelier.orders FROM pg_monitor".to_owned(),
        ),
    ] {
        run(&mut admin, &give).await.expect("granted");
        let found = check().await;
        assert!(matches!(&*found, [Finding::ForeignGrant { .. }]), "{give}: {found:?}");
        run(&mut admin, &take).await.expect("revoked");
        assert_eq!(check().await, [], "{take}");
    }
}

#[tokio::test]
async fn triggers_that_are_switched_off_for_all_and_a_table_that_inherits_are_found() {
    let (database, mut admin) = migrated(Role::Admin).await;
    let migrations = MigrationSet::embedded().expect("the embedded files");
    let name = database.name().to_owned();
    run(&mut admin, &format!("ALTER DATABASE {name} SET session_replication_role = 'replica'"))
        .await
        .expect("set");
    run(&mut admin, "CREATE TABLE public.mine () INHERITS (atelier.orders)").await.expect("an heir");
    let found = verify(&database.options(Role::Admin), &migrations, Some(&roles())).await.expect("verified");
    let words: Vec<String> = found.findings.iter().map(ToString::to_string).collect();
    assert_eq!(words.len(), 2, "{words:?}");
    assert!(words[0].contains("public.mine inherits from orders"), "{words:?}");
    assert!(words[1].contains("session_replication_role"), "{words:?}");
}

#[tokio::test]
async fn a_right_that_up_gives_and_that_is_gone_is_found() {
    let (database, mut admin) = migrated(Role::Admin).await;
    let migrations = MigrationSet::embedded().expect("the embedded files");
    let (writer, reader) = (database.user(Role::Writer), database.user(Role::Reader));
    for (who, privilege, object, name) in [
        (reader, "SELECT", "TABLE atelier.orders", "orders"),
        (reader, "USAGE", "SCHEMA atelier", ""),
        (writer, "INSERT", "TABLE atelier.order_events", "order_events"),
        (writer, "UPDATE (stage)", "TABLE atelier.orders", "orders"),
        (writer, "USAGE", "SEQUENCE atelier.order_id_seq", "order_id_seq"),
    ] {
        run(&mut admin, &format!("REVOKE {privilege} ON {object} FROM {who}")).await.expect("revoked");
        let finding = Finding::MissingGrant {
            grantee: who.to_owned(),
            privilege: privilege.to_owned(),
            object: name.to_owned(),
        };
        assert!(finding.to_string().contains("migrator up"), "{finding}");
        let found =
            verify(&database.options(Role::Admin), &migrations, Some(&roles())).await.expect("verified");
        assert_eq!(found.findings, [finding]);
        run(&mut admin, &format!("GRANT {privilege} ON {object} TO {who}")).await.expect("granted");
    }
}

/// One statement, or several, a kind of object; each is drift, whatever else it is.
const DRIFTS: [&str; 27] = [
    "ALTER TABLE atelier.orders ADD COLUMN mine int",
    "ALTER TABLE atelier.orders ALTER COLUMN updated_at SET DEFAULT '2000-01-01'",
    "ALTER TABLE atelier.orders ALTER COLUMN model_id TYPE varchar(30)",
    "ALTER TABLE atelier.orders ALTER COLUMN custom_params DROP NOT NULL",
    "ALTER TABLE atelier.orders DROP CONSTRAINT orders_version_range",
    "ALTER TABLE atelier.orders ADD CONSTRAINT mine CHECK (order_id > 0) NOT VALID",
    "ALTER TABLE atelier.orders SET (fillfactor = 100)",
    "ALTER TABLE atelier.idempotency_keys SET UNLOGGED",
    "ALTER TABLE atelier.orders ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY mine ON atelier.orders USING (false)",
    "CREATE RULE mine AS ON DELETE TO atelier.idempotency_keys DO INSTEAD NOTHING",
    "CREATE INDEX mine ON atelier.orders (stage)",
    "DROP INDEX atelier.orders_creator_idx",
    "CREATE TRIGGER mine BEFORE INSERT ON atelier.orders EXECUTE FUNCTION atelier.history_refuses_this()",
    "ALTER TABLE atelier.order_events DISABLE TRIGGER order_events_no_delete",
    "CREATE OR REPLACE FUNCTION atelier.history_refuses_this() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "ALTER FUNCTION atelier.history_refuses_this() RESET search_path",
    "CREATE FUNCTION atelier.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER FUNCTION atelier.history_refuses_this() OWNER TO postgres",
    "ALTER TYPE atelier.order_stage ADD VALUE 'lost'",
    "ALTER TYPE atelier.order_stage OWNER TO postgres",
    "ALTER SEQUENCE atelier.order_id_seq CYCLE",
    "ALTER SEQUENCE atelier.order_id_seq INCREMENT BY 10",
    "ALTER TABLE atelier.orders OWNER TO postgres",
    "ALTER SCHEMA atelier OWNER TO postgres",
    "CREATE TABLE atelier.mine (n int)",
    "CREATE VIEW atelier.mine AS SELECT 1 AS n",
];

#[tokio::test]
async fn every_kind_of_drift_is_found() {
    for sql in DRIFTS {
        let (database, mut admin) = migrated(Role::Admin).await;
        run(&mut admin, sql).await.expect(sql);
        assert!(found(&database).await.contains(&Finding::Drift), "{sql}");
    }
}

#[tokio::test]
async fn what_a_dump_and_a_restore_write_otherwise_is_no_drift() {
    let (database, mut admin) = migrated(Role::Admin).await;
    // Each CHECK made anew from its own definition, which is all that a restore does.
    run(
        &mut admin,
        "DO $$ DECLARE k record; BEGIN
            FOR k IN SELECT conname, conrelid::regclass AS of, pg_get_constraintdef(oid) AS text FROM pg_constraint
                WHERE contype = 'c' AND connamespace = 'atelier'::regnamespace
            LOOP
                EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', k.of, k.conname);
                EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.of, k.conname, k.text);
            END LOOP;
        END $$",
    )
    .await
    .expect("made anew");
    assert_eq!(found(&database).await, []);
}

#[tokio::test]
async fn an_up_that_applies_nothing_does_not_bless_a_drift() {
    let database = TestDatabase::empty().await.expect("a database");
    let options = files(&[("0001_a.expand.sql", "CREATE TABLE atelier.a (n int);")]);
    let address = database.options(Role::Admin);
    migrator::migrate::up(&address, &options).await.expect("up");
    let mut admin = database.connect(Role::Admin).await.expect("connected");
    run(&mut admin, "ALTER TABLE atelier.a ADD COLUMN mine int").await.expect("drifted");
    migrator::migrate::up(&address, &options).await.expect("up again");
    assert_eq!(verified(&database, &options.migrations).await.findings, [Finding::Drift]);
}

#[tokio::test]
async fn bookkeeping_that_no_command_of_ours_made_so_is_found() {
    for (change, words) in [
        ("UPDATE atelier.schema_meta SET min_app_schema = 1", "min_app_schema is 1"),
        (
            "UPDATE atelier.schema_meta_files SET down_sql = 'SELECT 1' WHERE version = 5",
            "the stored down file of migration 5",
        ),
        (
            "INSERT INTO atelier.schema_meta_files (version, phase) VALUES (99, 'expand')",
            "migration 99 is in schema_meta_files",
        ),
    ] {
        let (database, mut admin) = migrated(Role::Admin).await;
        run(&mut admin, change).await.expect("changed");
        let found: Vec<String> = found(&database).await.iter().map(ToString::to_string).collect();
        assert!(found.len() == 1 && found[0].contains(words), "{change}: {found:?}");
    }
}

#[tokio::test]
async fn how_a_login_is_set_up_to_read_is_no_drift() {
    let (database, mut admin) = migrated(Role::Admin).await;
    for setting in [
        "quote_all_identifiers = on",
        "IntervalStyle = 'iso_8601'",
        "DateStyle = 'German'",
        "bytea_output = 'escape'",
    ] {
        run(&mut admin, &format!("ALTER DATABASE {} SET {setting}", database.name())).await.expect("set");
    }
    assert_eq!(found(&database).await, []);
}
