//! Somebody else's session on the database: it holds rows that the service would like to change, and seeds orders in bulk.

use sqlx::{Connection, Executor, PgConnection, query, query_scalar};
use testkit::{Role, TestDatabase};

/// Something that is held until it is let go.
pub(crate) struct Lock(PgConnection);

impl Lock {
    async fn begin(database: &TestDatabase) -> Self {
        let mut connection = database.connect(Role::Owner).await.expect("the owner");
        connection.execute("BEGIN").await.expect("a transaction");
        Self(connection)
    }

    /// Locks the row of an order, as somebody at a prompt would.
    pub(crate) async fn order(database: &TestDatabase, order_id: i64) -> Self {
        let mut lock = Self::begin(database).await;
        query("SELECT FROM atelier.orders WHERE order_id = $1 FOR UPDATE")
            .bind(order_id)
            .fetch_one(&mut lock.0)
            .await
            .expect("the row is locked");
        lock
    }

    /// Writes an idempotency key of a caller's, and neither keeps it nor takes it back.
    pub(crate) async fn key(database: &TestDatabase, caller: &str, key: &str) -> Self {
        let mut lock = Self::begin(database).await;
        query("INSERT INTO atelier.idempotency_keys VALUES ($1, $2, decode(repeat('00', 32), 'hex'), 1)")
            .bind(caller)
            .bind(key)
            .execute(&mut lock.0)
            .await
            .expect("the key is written");
        lock
    }

    /// Locks the tables of orders, as a change of the schema does.
    pub(crate) async fn tables(database: &TestDatabase) -> Self {
        let mut lock = Self::begin(database).await;
        let tables = "LOCK TABLE atelier.orders, atelier.order_events, atelier.idempotency_keys";
        lock.0.execute(tables).await.expect("the tables are locked");
        lock
    }

    /// Lets it go.
    pub(crate) async fn release(mut self) {
        self.0.execute("ROLLBACK").await.expect("let go");
        let _ = self.0.close().await;
    }
}

/// An order to be seeded: its id, how many rungs above `created` it stands, and the role that raised its alert, if any.
pub(crate) type Seed = (i64, i32, Option<&'static str>);

/// Writes orders of `requester` and `creator` with the whole history that leads to where they stand, in one statement.
pub(crate) async fn seed(database: &TestDatabase, requester: &str, creator: &str, seeds: &[Seed]) {
    let ids: Vec<i64> = seeds.iter().map(|seed| seed.0).collect();
    let rungs: Vec<i32> = seeds.iter().map(|seed| seed.1).collect();
    let alerts: Vec<Option<&str>> = seeds.iter().map(|seed| seed.2).collect();
    let mut owner = database.connect(Role::Owner).await.expect("the owner");
    let count: i64 = query_scalar(
        "
        WITH ladder AS (
            SELECT enum_range(NULL::atelier.order_stage) AS stages
        ), asked AS (
            SELECT * FROM unnest($1::int8[], $2::int4[], $3::text[]) AS a (order_id, rung, raised_by)
        ), made AS (
            INSERT INTO atelier.orders
                (order_id, requester_id, created_by, stage, alert, alert_raised_by, version, paid_at)
            SELECT order_id, $4, $5, stages[rung + 1], raised_by IS NOT NULL, raised_by,
                   1 + rung + (raised_by IS NOT NULL)::int, CASE WHEN rung = 4 THEN now() END
            FROM asked, ladder
        ), climbed AS (
            INSERT INTO atelier.order_events
                (order_id, version, state_type, new_value, from_stage, to_stage, from_alert, to_alert, actor, role)
            SELECT order_id, 1 + step, stages[step + 1]::text, true, stages[step], stages[step + 1],
                   CASE WHEN step > 0 THEN false END, false,
                   CASE WHEN step IN (2, 3) THEN $5 ELSE $4 END,
                   CASE WHEN step IN (2, 3) THEN 'creator' ELSE 'requester' END
            FROM asked, ladder, generate_series(0, rung) AS step
            UNION ALL
            SELECT order_id, 2 + rung, 'alert', true, stages[rung + 1], stages[rung + 1], false, true,
                   CASE WHEN raised_by = 'creator' THEN $5 ELSE $4 END, raised_by
            FROM asked, ladder
            WHERE raised_by IS NOT NULL
        )
        SELECT count(*) FROM asked",
    )
    .bind(&ids)
    .bind(&rungs)
    .bind(&alerts)
    .bind(requester)
    .bind(creator)
    .fetch_one(&mut owner)
    .await
    .expect("seeded");
    assert_eq!(usize::try_from(count), Ok(seeds.len()));
    let _ = owner.close().await;
}
