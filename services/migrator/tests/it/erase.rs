//! `erase`: nothing of a person is left in the database, and all the rest is as it was.

use std::process::Command;

use migrator::migrate::erase::Traces;
use migrator::migrate::{ChangeOptions, Erased, Person, erase_until};
use sqlx::{AssertSqlSafe, PgConnection, query_scalar};
use testkit::{Role, TestDatabase};

use crate::support::{DEADLINE, migrated, of_schema, run};

/// Erases as the owner.
pub(crate) async fn erase(
    database: &TestDatabase,
    user_id: Option<&str>,
    username: Option<&str>,
    is_plan: bool,
) -> Erased {
    let mut options = ChangeOptions::embedded().expect("the embedded files");
    options.deadline = DEADLINE;
    let owned = |name: Option<&str>| name.map(str::to_owned);
    let person = Person { user_id: owned(user_id), username: owned(username), with_params: true };
    let address = database.options(Role::Owner);
    erase_until(&address, &options, &person, is_plan, std::future::pending()).await.expect("erased")
}

/// Ada asks for an order, complains, and makes one herself, under her username.
const ADA: &str = "
WITH o AS (
    INSERT INTO atelier.orders (order_id, requester_id, created_by, stage, alert, alert_reason, alert_raised_by, version, custom_params) VALUES
        (1, 'planted-id', 'maren', 'requested', true, 'planted-words', 'requester', 3, '{\"engraving\": \"planted-wish\"}'),
        (2, 'bo', 'planted-name', 'created', false, NULL, NULL, 1, '{\"engraving\": \"for bo\"}')
)
INSERT INTO atelier.order_events (order_id, version, state_type, new_value, from_stage, to_stage, from_alert, to_alert, actor, role, reason) VALUES
    (1, 1, 'created', true, NULL, 'created', NULL, false, 'planted-id', 'requester', NULL),
    (1, 2, 'requested', true, 'created', 'requested', false, false, 'planted-id', 'operator', 'planted-words'),
    (1, 3, 'alert', true, 'requested', 'requested', false, true, 'planted-id', 'requester', 'planted-words'),
    (2, 1, 'created', true, NULL, 'created', NULL, false, 'bo', 'requester', NULL);
INSERT INTO atelier.idempotency_keys (caller, key, request_hash, order_id) VALUES
    ('planted-id', 'planted-key', sha256('a'), 1), ('bo', 'b', sha256('b'), 2);
ANALYZE atelier.orders, atelier.order_events, atelier.idempotency_keys";

/// Every text of every table, as a dump has it, and what the planner keeps of them.
async fn occurrences(admin: &mut PgConnection, text: &str) -> i64 {
    let tables: Vec<String> = query_scalar(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'atelier'
         UNION ALL VALUES ('pg_catalog.pg_stats')",
    )
    .fetch_all(&mut *admin)
    .await
    .expect("tables");
    let mut found = 0;
    for table in tables {
        let sql = format!("SELECT count(*) FROM {table} AS t WHERE t::text LIKE '%{text}%'");
        found += query_scalar::<_, i64>(AssertSqlSafe(sql)).fetch_one(&mut *admin).await.expect("a number");
    }
    found
}

#[tokio::test]
async fn nothing_of_the_person_is_left_and_the_law_holds() {
    let (database, mut admin) = migrated(Role::Admin).await;
    run(&mut admin, ADA).await.expect("orders");
    assert!(occurrences(&mut admin, "planted").await > 5, "the search finds what is there");

    let all = Traces { requested: 1, created: 1, events: 3, alert_reasons: 1, keys: 1, params: 1 };
    let planned = erase(&database, Some("planted-id"), Some("planted-name"), true).await;
    assert_eq!((planned.traces, planned.erasures.len()), (all, 0));
    assert!(occurrences(&mut admin, "planted").await > 5, "a plan changes nothing");

    let erased = erase(&database, Some("planted-id"), Some("planted-name"), false).await;
    assert_eq!((erased.traces, erased.erasures.len()), (all, 1));
    assert_eq!(occurrences(&mut admin, "planted").await, 0);
    database.check_history_law().await.expect("the law holds");
    let left: String = query_scalar(
        "SELECT string_agg(concat_ws(' ', order_id, requester_id = token, created_by = token, alert, version, custom_params), ', ' ORDER BY order_id)
         FROM atelier.orders, atelier.erasures",
    )
    .fetch_one(&mut admin)
    .await
    .expect("a text");
    assert_eq!(
        left, "1 t f t 3 {}, 2 f t f 1 {\"engraving\": \"for bo\"}",
        "one token for the whole person, and nothing else changed"
    );
    let again = erase(&database, Some("planted-id"), Some("planted-name"), false).await;
    assert_eq!((again.traces, again.erasures.len()), (Traces::default(), 0), "there is nobody left to erase");
}

#[tokio::test]
async fn whoever_is_only_a_username_is_erased_as_that() {
    let (database, mut admin) = migrated(Role::Admin).await;
    run(&mut admin, ADA).await.expect("orders");
    let erased = erase(&database, None, Some("planted-id"), false).await;
    assert_eq!(erased.traces, Traces::default(), "nobody is a creator by that name");
    let erased = erase(&database, None, Some("planted-name"), false).await;
    assert_eq!(erased.traces, Traces { created: 1, ..Traces::default() });
    let is_requester: bool =
        query_scalar("SELECT requester_id = 'planted-id' FROM atelier.orders WHERE order_id = 1")
            .fetch_one(&mut admin)
            .await
            .expect("an order");
    assert!(is_requester, "a user id is no username");
}

#[tokio::test]
async fn rows_that_somebody_holds_are_waited_for() {
    let (database, mut admin) = migrated(Role::Admin).await;
    run(&mut admin, ADA).await.expect("orders");
    run(&mut admin, "BEGIN; SELECT FROM atelier.orders WHERE order_id = 1 FOR UPDATE").await.expect("held");
    let freed = async {
        crate::support::count(&database, crate::support::WAITING, 1).await;
        run(&mut admin, "ROLLBACK").await.expect("freed");
    };
    let (erased, ()) = tokio::join!(erase(&database, Some("planted-id"), None, false), freed);
    assert_eq!(erased.erasures.len(), 1);
}

#[tokio::test]
async fn the_program_names_nobody_and_needs_this_releases_schema() {
    let (database, mut admin) = migrated(Role::Admin).await;
    run(&mut admin, ADA).await.expect("orders");
    let said = |database: &TestDatabase, role: Role, args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_migrator"))
            .arg("erase")
            .args(args)
            .env_clear()
            .env("ATELIER_DATABASE__URL", database.url(role))
            .env("ATELIER_LOG__LEVEL", "trace")
            .output()
            .expect("the binary runs");
        let told = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&told).into_owned())
    };
    assert_eq!(said(&database, Role::Owner, &[]).0, Some(64));
    assert_eq!(said(&database, Role::Owner, &["--user", ""]).0, Some(64));
    let both = ["--user", "planted-id", "--username", "planted-name"];
    let (code, told) = said(&database, Role::Writer, &both);
    assert_eq!(code, Some(64), "a service's login may not: {told}");
    assert!(!told.contains("planted"), "{told}");
    let (code, told) = said(&database, Role::Owner, &both);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("recorded as erasure 1"), "{told}");
    let token: String =
        query_scalar("SELECT token FROM atelier.erasures").fetch_one(&mut admin).await.expect("a token");
    assert!(!told.contains("planted") && !told.contains(&token), "neither who, nor which token: {told}");

    let before = of_schema(4).await;
    let (code, told) = said(&before, Role::Admin, &["--user", "u"]);
    assert_eq!(code, Some(1));
    assert!(told.contains("migrator up"), "{told}");
}
