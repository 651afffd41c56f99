//! Reading orders by id. An id without an order is `None`, in its place.

use std::collections::HashMap;

use order_model::OrderId;
use serde_json::value::RawValue;
use service_kit::database::{Kind, Outcome, Statement};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::record::{OrderColumns, OrderRecord, Standing, TermsColumns};

/// Reads a whole order.
pub(crate) struct ReadOrder;

impl Statement for ReadOrder {
    const KIND: Kind = Kind::Read;
    type Question = OrderId;
    type Answer = Option<OrderRecord>;

    fn name(&self) -> &'static str {
        "order_read"
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        ids: &[OrderId],
    ) -> Result<Vec<Outcome<Option<OrderRecord>>>, sqlx::Error> {
        Ok(read_orders(connection, ids).await?.into_iter().map(Outcome::Answer).collect())
    }
}

/// Reads how an order stands.
pub(crate) struct ReadStanding;

impl Statement for ReadStanding {
    const KIND: Kind = Kind::Read;
    type Question = OrderId;
    type Answer = Option<Standing>;

    fn name(&self) -> &'static str {
        "status_read"
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        ids: &[OrderId],
    ) -> Result<Vec<Outcome<Option<Standing>>>, sqlx::Error> {
        Ok(read_standings(connection, ids).await?.into_iter().map(Outcome::Answer).collect())
    }
}

/// Whole orders, in the order of `ids`.
pub(super) async fn read_orders(
    connection: &mut PgConnection,
    ids: &[OrderId],
) -> Result<Vec<Option<OrderRecord>>, sqlx::Error> {
    let numbers = numbers(ids);
    let rows = sqlx::query!(
        r#"
        SELECT order_id, requester_id, created_by, stage::text AS "stage!", alert_raised_by, alert_reason, version,
               model_id, custom_params AS "custom_params: Json<Box<RawValue>>", cost_initial, cost_final,
               created_at, updated_at
        FROM atelier.orders
        WHERE order_id = ANY($1)
        "#,
        &numbers
    )
    .fetch_all(connection)
    .await?;

    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let order_id = row.order_id;
        let columns = OrderColumns {
            order_id,
            requester_id: row.requester_id,
            created_by: row.created_by,
            stage: row.stage,
            alert_raised_by: row.alert_raised_by,
            alert_reason: row.alert_reason,
            version: row.version,
        };
        let terms = TermsColumns {
            model_id: row.model_id,
            custom_params: row.custom_params,
            cost_initial: row.cost_initial,
            cost_final: row.cost_final,
        };
        let record = OrderRecord {
            order: columns.try_into()?,
            terms: terms.into_terms(order_id)?,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        found.insert(order_id, record);
    }
    Ok(ids.iter().map(|id| found.get(&id.get()).cloned()).collect())
}

/// How orders stand, in the order of `ids`.
pub(super) async fn read_standings(
    connection: &mut PgConnection,
    ids: &[OrderId],
) -> Result<Vec<Option<Standing>>, sqlx::Error> {
    let numbers = numbers(ids);
    let rows = sqlx::query!(
        r#"
        SELECT order_id, requester_id, created_by, stage::text AS "stage!", alert_raised_by, alert_reason, version,
               updated_at
        FROM atelier.orders
        WHERE order_id = ANY($1)
        "#,
        &numbers
    )
    .fetch_all(connection)
    .await?;

    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let columns = OrderColumns {
            order_id: row.order_id,
            requester_id: row.requester_id,
            created_by: row.created_by,
            stage: row.stage,
            alert_raised_by: row.alert_raised_by,
            alert_reason: row.alert_reason,
            version: row.version,
        };
        let standing = Standing { order: columns.try_into()?, updated_at: row.updated_at };
        found.insert(row.order_id, standing);
    }
    Ok(ids.iter().map(|id| found.get(&id.get()).cloned()).collect())
}

fn numbers(ids: &[OrderId]) -> Vec<i64> {
    ids.iter().map(|id| id.get()).collect()
}
