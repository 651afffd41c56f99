//! An old database to adopt from, and an adoption of it in one call.

use migrator::migrate::{AdoptError, AdoptOptions, Adopted, ChangeOptions, Doubt, adopt_until};
use sqlx::PgConnection;
use testkit::{Role, TestDatabase};

use crate::support::{DEADLINE, empty, run};

pub(super) const TABLES: &str = include_str!("old.sql");

/// The database of the replaced services.
pub(crate) struct Old {
    pub(crate) database: TestDatabase,
    pub(super) admin: PgConnection,
}

impl Old {
    /// With so many orders.
    pub(crate) async fn of(orders: i64) -> Self {
        let (database, mut admin) = empty().await;
        run(&mut admin, &TABLES.replace(":orders", &orders.to_string())).await.expect("old orders");
        Self { database, admin }
    }

    /// Statements of the replaced services, or of somebody's hand.
    pub(crate) async fn run(&mut self, sql: &str) {
        run(&mut self.admin, sql).await.expect("run in the old database");
    }

    /// How it is adopted, unless a test wants it otherwise.
    pub(super) fn how(&self) -> AdoptOptions {
        AdoptOptions {
            from: self.database.options(Role::Admin),
            schema: "public".to_owned(),
            time_zone: "UTC".to_owned(),
            doubt: Doubt::Up,
            moved: false,
            batch_rows: 300,
            is_quick: false,
        }
    }
}

async fn call(
    database: &TestDatabase,
    how: &AdoptOptions,
    is_plan: bool,
) -> Result<(Adopted, String), AdoptError> {
    let mut options = ChangeOptions::embedded().expect("the embedded files");
    options.deadline = DEADLINE;
    let mut report = Vec::new();
    let address = database.options(Role::Owner);
    let done = adopt_until(&address, &options, how, is_plan, &mut report, std::future::pending()).await?;
    Ok((done, String::from_utf8(report).expect("text")))
}

/// Adopts as the owner; answers what was done, and the report.
pub(super) async fn adopt(
    database: &TestDatabase,
    how: &AdoptOptions,
) -> Result<(Adopted, String), AdoptError> {
    call(database, how, false).await
}

/// Looks only.
pub(super) async fn plan(
    database: &TestDatabase,
    how: &AdoptOptions,
) -> Result<(Adopted, String), AdoptError> {
    call(database, how, true).await
}

/// The rows of a report, without its first line.
pub(super) fn rows_of(report: &str) -> i64 {
    i64::try_from(report.lines().count() - 1).expect("a number")
}
