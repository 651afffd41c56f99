//! The old database: looked at, never written. The session is READ ONLY, and each look is a transaction of its own under a time limit, so
//! that the replaced services go on undisturbed, and no snapshot of ours keeps their rows from being cleaned up.

use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, FromRow, query_as, query_scalar, raw_sql};

use super::mapping;
use super::old_order::OldOrder;
use super::rule::{Finding, NO_ORDER_ID};
use super::{AdoptError, AdoptOptions, Doubt};
use crate::migrate::session::{self, Possession};

/// The session writes nothing, whatever its login may do, and no look takes longer than two minutes. Rows are hashed as text, so nothing
/// may change how a text looks.
const SETTINGS: &str = "SET default_transaction_read_only = on; SET statement_timeout = '2min'; SET DateStyle = 'ISO'; SET TimeZone = 'UTC';
    SET extra_float_digits = 1; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex'";

/// What each table must have: a column, and the types that it may be of, or any.
const ORDERS: [(&str, &[&str]); 9] = [
    ("id", INTEGERS),
    ("order_id", INTEGERS),
    ("requester_id", &[]),
    ("created_by", &[]),
    ("requested", BOOLEAN),
    ("accepted", BOOLEAN),
    ("completed", BOOLEAN),
    ("paid", BOOLEAN),
    ("alert", BOOLEAN),
];
const CUSTOMS: [(&str, &[&str]); 9] = [
    ("id", INTEGERS),
    ("model_id", &[]),
    ("user_id", &[]),
    ("created_by", &[]),
    ("custom_params", &["jsonb"]),
    ("cost_initial", &[]),
    ("cost_final", &[]),
    ("state", &[]),
    ("created_at", &["timestamp without time zone", "timestamp with time zone"]),
];
const INTEGERS: &[&str] = &["smallint", "integer", "bigint"];
const BOOLEAN: &[&str] = &["boolean"];

/// Where the tables are, and how what they leave open is read.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) schema: String,
    pub(super) time_zone: String,
    /// Whether `customs.created_at` has a zone of its own.
    pub(super) has_zone: bool,
    /// Whether doubt is settled upwards.
    pub(super) is_up: bool,
}

/// How many rows there are.
#[derive(Debug, Clone, Copy, FromRow, serde::Serialize)]
pub struct OldCounts {
    /// In `orders`.
    pub orders: i64,
    /// In `customs`.
    pub customs: i64,
}

/// A connection to it.
#[derive(Debug)]
pub(super) struct Source {
    connection: PgConnection,
    pub(super) place: Place,
    /// Which database it is: its name, and the number of its server where we may ask.
    pub(super) identity: String,
}

impl Source {
    /// Connects, and looks whether the two tables are there and as they should be.
    pub(super) async fn open(how: &AdoptOptions, deadline: Duration) -> Result<Self, AdoptError> {
        let mut connection = session::connect(&how.from, deadline).await.map_err(AdoptError::OldConnect)?;
        match session::possession(&how.from, &mut connection).await.map_err(AdoptError::OldRead)? {
            Possession::Ours => {}
            Possession::Shared => return Err(AdoptError::Pooled),
            Possession::Unknown => return Err(AdoptError::Alone),
        }
        raw_sql(SETTINGS).execute(&mut connection).await.map_err(AdoptError::OldRead)?;
        let place = Place {
            schema: how.schema.clone(),
            time_zone: how.time_zone.clone(),
            has_zone: false,
            is_up: how.doubt == Doubt::Up,
        };
        let mut source = Self { connection, place, identity: String::new() };
        source.identity = source.identify().await.map_err(AdoptError::OldRead)?;
        let mut wrong = Vec::new();
        for (table, columns) in [("orders", &ORDERS[..]), ("customs", &CUSTOMS[..])] {
            let types = source.types(table).await.map_err(AdoptError::OldRead)?;
            let of = |name: &str| types.iter().find(|(it, _)| it == name).map(|(_, of)| of.as_str());
            for (name, allowed) in columns {
                match of(name) {
                    None => wrong.push(format!("{table}.{name} is missing")),
                    Some(is) if !allowed.is_empty() && !allowed.contains(&is) => {
                        wrong.push(format!("{table}.{name} is {is} instead of {}", allowed.join(" or ")));
                    }
                    Some(is) => {
                        source.place.has_zone |= *name == "created_at" && is.ends_with("with time zone");
                    }
                }
            }
        }
        if !wrong.is_empty() {
            return Err(AdoptError::Shape { schema: how.schema.clone(), wrong });
        }
        let known: bool = source
            .ask("SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = $1)", &how.time_zone)
            .await?;
        if known { Ok(source) } else { Err(AdoptError::TimeZone { name: how.time_zone.clone() }) }
    }

    async fn ask(&mut self, sql: &'static str, text: &str) -> Result<bool, AdoptError> {
        query_scalar(sql).bind(text).fetch_one(&mut self.connection).await.map_err(AdoptError::OldRead)
    }

    async fn identify(&mut self) -> Result<String, sqlx::Error> {
        let (name, may): (String, bool) = query_as(
            "SELECT current_database()::text, has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')",
        )
        .fetch_one(&mut self.connection)
        .await?;
        if !may {
            return Ok(name);
        }
        let server: String = query_scalar("SELECT system_identifier::text FROM pg_control_system()")
            .fetch_one(&mut self.connection)
            .await?;
        Ok(format!("{name} of server {server}"))
    }

    async fn types(&mut self, table: &str) -> Result<Vec<(String, String)>, sqlx::Error> {
        let named = format!("{}.{table}", quoted(&self.place.schema));
        query_as(
            "SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute
             WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
        )
        .bind(named)
        .fetch_all(&mut self.connection)
        .await
    }

    /// How many rows there are.
    pub(super) async fn counts(&mut self) -> Result<OldCounts, sqlx::Error> {
        let schema = quoted(&self.place.schema);
        let sql = format!(
            "SELECT (SELECT count(*) FROM {schema}.orders) AS orders, (SELECT count(*) FROM {schema}.customs) AS customs"
        );
        query_as(AssertSqlSafe(sql)).fetch_one(&mut self.connection).await
    }

    /// The key that ends the next range of `rows_max` keys, and how many there are; none behind the last one.
    pub(super) async fn next(
        &mut self,
        after: i64,
        rows_max: u32,
    ) -> Result<Option<(i64, i64)>, sqlx::Error> {
        let schema = quoted(&self.place.schema);
        let keys = |table: &str, key: &str| {
            format!(
                "(SELECT DISTINCT {key} AS key FROM {schema}.{table}
                  WHERE {key} > $1::int8 AND {key} <= 9007199254740991 ORDER BY {key} LIMIT $2::int8)"
            )
        };
        let sql = format!(
            "SELECT max(key)::int8, count(*) FROM (
                SELECT key FROM ({} UNION {}) AS both_tables ORDER BY key LIMIT $2::int8
             ) AS range",
            keys("orders", "order_id"),
            keys("customs", "id"),
        );
        let (upto, keys): (Option<i64>, i64) = query_as(AssertSqlSafe(sql))
            .bind(after)
            .bind(i64::from(rows_max))
            .fetch_one(&mut self.connection)
            .await?;
        Ok(upto.map(|upto| (upto, keys)))
    }

    /// One hash of all that stands between two keys.
    pub(super) async fn digest(&mut self, after: i64, upto: i64) -> Result<String, sqlx::Error> {
        let sql = format!(
            "{} SELECT coalesce(md5(string_agg(order_id || hash, '' ORDER BY order_id)), '') FROM pairs",
            mapping::pairs(&self.place)
        );
        query_scalar(AssertSqlSafe(sql)).bind(after).bind(upto).fetch_one(&mut self.connection).await
    }

    /// The orders between two keys, mapped.
    pub(super) async fn rows(&mut self, after: i64, upto: i64) -> Result<Vec<OldOrder>, sqlx::Error> {
        let sql = format!(
            "{} SELECT order_id, o_id, c_id, spare_ids, requester_id, created_by, rung, alert, model_id, params_kind, params,
                cost_initial::text, cost_final::text, created_at, hash, notes, found
             FROM mapped ORDER BY order_id",
            mapping::mapped(&self.place)
        );
        query_as(AssertSqlSafe(sql)).bind(after).bind(upto).fetch_all(&mut self.connection).await
    }

    /// The checksum of what is promised between two keys, but for some orders; `no_objects` have parameters that are none.
    pub(super) async fn checksum(
        &mut self,
        (after, upto): (i64, i64),
        but: &[i64],
        no_objects: &[i64],
    ) -> Result<(i64, String), sqlx::Error> {
        let sql = format!("{}{}", mapping::promised(&self.place), mapping::CHECKSUM);
        let asked = query_as(AssertSqlSafe(sql)).bind(after).bind(upto).bind(but).bind(no_objects);
        asked.fetch_one(&mut self.connection).await
    }

    /// The same, a line an order.
    pub(super) async fn lines(
        &mut self,
        (after, upto): (i64, i64),
        but: &[i64],
        no_objects: &[i64],
    ) -> Result<Vec<(i64, String)>, sqlx::Error> {
        let sql = format!("{}{}", mapping::promised(&self.place), mapping::LINES);
        let asked = query_as(AssertSqlSafe(sql)).bind(after).bind(upto).bind(but).bind(no_objects);
        asked.fetch_all(&mut self.connection).await
    }

    /// Rows that no key leads to: the next ones above a row number, of one table.
    pub(super) async fn keyless(
        &mut self,
        (table, key): (&'static str, &str),
        above: i64,
        rows_max: u32,
    ) -> Result<Vec<Finding>, sqlx::Error> {
        let schema = quoted(&self.place.schema);
        let sql = format!(
            "SELECT id::int8, coalesce({key}, 0)::int8 FROM {schema}.{table}
             WHERE ({key} IS NULL OR {key} NOT BETWEEN 1 AND 9007199254740991) AND id > $1::int8 ORDER BY id LIMIT $2::int8"
        );
        let rows: Vec<(i64, i64)> = query_as(AssertSqlSafe(sql))
            .bind(above)
            .bind(i64::from(rows_max))
            .fetch_all(&mut self.connection)
            .await?;
        let finding = |(old_id, order_id)| Finding {
            order_id,
            old_table: table.into(),
            old_id,
            rule: NO_ORDER_ID.into(),
            found: String::new(),
        };
        Ok(rows.into_iter().map(finding).collect())
    }
}

/// A name, as SQL has it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
