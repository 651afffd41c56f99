//! What the tests of this folder share: short histories, small sets of migrations, and looking at refusals.

use std::time::Duration;

use migrator::migrate::{ChangeOptions, MigrationSet, up};
use sqlx::{AssertSqlSafe, PgConnection, query_scalar, raw_sql};
use testkit::{Role, TestDatabase};

/// Long enough for a busy machine; nothing waits for it unless something is wrong.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A migrated database and a connection to it.
pub(crate) async fn migrated(role: Role) -> (TestDatabase, PgConnection) {
    let database = TestDatabase::create().await.expect("a database");
    let connection = database.connect(role).await.expect("connected");
    (database, connection)
}

/// A database that no migrator has seen, and its superuser.
pub(crate) async fn empty() -> (TestDatabase, PgConnection) {
    let database = TestDatabase::empty().await.expect("a database");
    let admin = database.connect(Role::Admin).await.expect("connected");
    (database, admin)
}

/// A session that calls itself `name`, as an application does; it lasts as long as what is returned.
pub(crate) async fn application(database: &TestDatabase, name: &str) -> PgConnection {
    let options = database.options(Role::Admin).application_name(name);
    <PgConnection as sqlx::Connection>::connect_with(&options).await.expect("connected")
}

/// Migrators that wait for a lock of somebody else.
pub(crate) const WAITING: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'atelier/migrator%' AND wait_event_type = 'Lock'";
/// All migrators.
pub(crate) const CONNECTED: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'atelier/migrator%'";

/// Waits until so many sessions are as `sql` asks.
pub(crate) async fn count(database: &TestDatabase, sql: &'static str, expected: i64) {
    testkit::wait::until(sql, DEADLINE, || async {
        let mut other = database.connect(Role::Admin).await.ok()?;
        let found: i64 = query_scalar(sql).fetch_one(&mut other).await.ok()?;
        (found == expected).then_some(())
    })
    .await
    .expect("it comes about");
}

/// Runs statements as they are.
pub(crate) async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.map(|_| ())
}

/// How the server refused: its code, and the constraint that it named.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    pub(crate) constraint: Option<String>,
}

/// Runs statements that must be refused.
pub(crate) async fn refusal(connection: &mut PgConnection, sql: &str) -> Refusal {
    match run(connection, sql).await {
        Ok(()) => panic!("this was accepted: {sql}"),
        Err(sqlx::Error::Database(error)) => Refusal {
            code: error.code().unwrap_or_default().into_owned(),
            constraint: error.constraint().map(str::to_owned),
        },
        Err(error) => panic!("this failed otherwise: {sql}: {error}"),
    }
}

/// One statement that makes an order of the user `u` and the maker `m`, as the service would.
pub(crate) fn create(order_id: i64) -> String {
    format!(
        "WITH o AS (
            INSERT INTO atelier.orders (order_id, requester_id, created_by) VALUES ({order_id}, 'u', 'm') RETURNING order_id
         )
         INSERT INTO atelier.order_events (order_id, version, state_type, new_value, to_stage, to_alert, actor, role)
         SELECT order_id, 1, 'created', true, 'created', false, 'u', 'requester' FROM o"
    )
}

/// `ChangeOptions` for a set of small files, each under a reason of its own.
pub(crate) fn files(files: &[(&str, &str)]) -> ChangeOptions {
    let texts: Vec<(&str, String)> = files.iter().map(|(name, sql)| (*name, with_reason(sql))).collect();
    let migrations = MigrationSet::parse(texts.iter().map(|(name, sql)| (*name, sql.as_str())))
        .expect("well-formed files");
    ChangeOptions { migrations, roles: None, deadline: DEADLINE, image: None, approved_up_hash: None }
}

/// A database that was founded with the expands of a set, so that its contracts and backfills wait; and the whole set.
pub(crate) async fn expanded(set: &[(&str, &str)]) -> (TestDatabase, PgConnection, ChangeOptions) {
    let (database, admin) = empty().await;
    let whole = files(set);
    up(&database.options(Role::Admin), &expands(set)).await.expect("founded");
    (database, admin, whole)
}

/// A database as a release of `schema` left it, with everything of later numbers still to come.
pub(crate) async fn of_schema(schema: i64) -> TestDatabase {
    let (database, _admin) = empty().await;
    let mut options = ChangeOptions::embedded().expect("the embedded files");
    let old = options.migrations.iter().filter(|file| file.version <= schema);
    options.migrations = MigrationSet::parse(old.map(|file| (&*file.file, &*file.sql))).expect("well-formed");
    up(&database.options(Role::Admin), &options).await.expect("up");
    database
}

/// What is left of a set without its contracts and backfills.
pub(crate) fn expands(set: &[(&str, &str)]) -> ChangeOptions {
    let waits =
        |&(name, sql): &(&str, &str)| name.ends_with(".contract.sql") || sql.starts_with("-- backfill:");
    files(&set.iter().copied().filter(|file| !waits(file)).collect::<Vec<_>>())
}

fn with_reason(sql: &str) -> String {
    if sql.starts_with("--") { sql.to_owned() } else { format!("-- Why: a test.\n{sql}") }
}
