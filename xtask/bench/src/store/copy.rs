//! A database for one run: the same pages for everybody, vacuumed, in memory, on disk; and what the server counted there.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, query_as, query_scalar};
use testkit::check_history_law;

use super::{Store, StoreError, failed, run};

const NAME: &str = "run";

/// A fresh copy of a seeded database. The next copy takes its place.
pub(crate) struct Copy<'a> {
    pub(super) store: &'a Store,
    pub(crate) name: String,
}

/// How rows were moved, from the server's statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moves {
    pub(crate) updates: i64,
    /// Without touching an index.
    pub(crate) heap_only: i64,
    /// To another page; PostgreSQL counts them from 16 on.
    pub(crate) to_new_page: Option<i64>,
}

impl Store {
    /// Copies a seeded database.
    pub(crate) async fn copy(&self, template: &str) -> Result<Copy<'_>, StoreError> {
        self.execute("postgres", &format!("DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")).await?;
        self.execute("postgres", &format!("CREATE DATABASE {NAME} TEMPLATE {template} STRATEGY file_copy"))
            .await?;
        let copy = Copy { store: self, name: NAME.to_owned() };
        copy.settle().await?;
        Ok(copy)
    }

    /// The seeded database itself, for reads and for so few writes that they do not matter.
    pub(crate) async fn in_place(&self, name: &str) -> Result<Copy<'_>, StoreError> {
        let copy = Copy { store: self, name: name.to_owned() };
        copy.settle().await?;
        Ok(copy)
    }
}

impl Copy<'_> {
    async fn settle(&self) -> Result<(), StoreError> {
        let mut connection = self.connect().await?;
        let warm = "SELECT count(pg_prewarm(c.oid)) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
            WHERE relkind IN ('r', 'i', 't') AND nspname NOT IN ('pg_catalog', 'information_schema')";
        for sql in [warm, "VACUUM", "CHECKPOINT"] {
            run(&mut connection, sql).await?;
        }
        Ok(())
    }

    async fn connect(&self) -> Result<PgConnection, StoreError> {
        self.store.connect(&self.name).await
    }

    /// Counts statements from zero.
    pub(crate) async fn reset_statements(&self) -> Result<(), StoreError> {
        self.store.execute("postgres", "SELECT pg_stat_statements_reset()").await
    }

    /// How many statements the services' logins sent since.
    pub(crate) async fn statements(&self) -> Result<i64, StoreError> {
        let mut connection = self.store.connect("postgres").await?;
        query_scalar(
            "SELECT coalesce(sum(calls), 0)::int8 FROM pg_stat_statements AS s
             JOIN pg_database AS d ON d.oid = s.dbid JOIN pg_roles AS r ON r.oid = s.userid
             WHERE d.datname = $1 AND r.rolname IN ($2, $3) AND s.toplevel",
        )
        .bind(&self.name)
        .bind(super::WRITER)
        .bind(super::READER)
        .fetch_one(&mut connection)
        .await
        .map_err(failed("the statements could not be counted"))
    }

    /// How rows of orders were moved here. The server tells what a connection did a moment after it did it.
    pub(crate) async fn moves(&self) -> Result<Moves, StoreError> {
        let mut connection = self.connect().await?;
        let column =
            "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'pg_stat_user_tables'::regclass
            AND attname = 'n_tup_newpage_upd')";
        let what = "the statistics could not be read";
        let counts: bool = query_scalar(column).fetch_one(&mut connection).await.map_err(failed(what))?;
        let newpage = if counts { "n_tup_newpage_upd" } else { "NULL::int8" };
        let sql = format!(
            "SELECT n_tup_upd, n_tup_hot_upd, {newpage} FROM pg_stat_user_tables
             WHERE schemaname = 'atelier' AND relname = 'orders'"
        );
        let (updates, heap_only, to_new_page) =
            query_as(AssertSqlSafe(sql)).fetch_one(&mut connection).await.map_err(failed(what))?;
        Ok(Moves { updates, heap_only, to_new_page })
    }

    /// How many orders are there.
    pub(crate) async fn orders(&self) -> Result<i64, StoreError> {
        let mut connection = self.connect().await?;
        let counted = query_scalar("SELECT count(*) FROM atelier.orders").fetch_one(&mut connection).await;
        counted.map_err(failed("the orders could not be counted"))
    }

    /// How many events are there.
    pub(crate) async fn events(&self) -> Result<i64, StoreError> {
        let mut connection = self.connect().await?;
        let counted =
            query_scalar("SELECT count(*) FROM atelier.order_events").fetch_one(&mut connection).await;
        counted.map_err(failed("the events could not be counted"))
    }

    /// Locks an order as somebody else would, until what this returns is dropped.
    pub(crate) async fn lock(&self, order_id: i64) -> Result<PgConnection, StoreError> {
        let mut connection = self.connect().await?;
        run(&mut connection, "BEGIN").await?;
        sqlx::query("SELECT FROM atelier.orders WHERE order_id = $1 FOR UPDATE")
            .bind(order_id)
            .execute(&mut connection)
            .await
            .map_err(failed("the order could not be locked"))?;
        Ok(connection)
    }

    /// Holds everything here against the history law.
    pub(crate) async fn check_history_law(&self) -> Result<(), StoreError> {
        Ok(check_history_law(&mut self.connect().await?).await?)
    }
}
