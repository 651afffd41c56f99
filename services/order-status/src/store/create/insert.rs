//! The one statement that writes orders, their first events and their keys.

use std::collections::HashMap;

use order_model::{Cost, ModelId};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::NewOrder;

/// The columns of the orders to be made, one entry an order.
struct Columns<'a> {
    order_id: Vec<i64>,
    requester_id: Vec<&'a str>,
    created_by: Vec<&'a str>,
    model_id: Vec<Option<&'a str>>,
    custom_params: Vec<&'a str>,
    cost_initial: Vec<Option<Decimal>>,
    cost_final: Vec<Option<Decimal>>,
    role: Vec<&'static str>,
    actor: Vec<&'a str>,
    caller: Vec<Option<&'a str>>,
    key: Vec<Option<&'a str>>,
    request_hash: Vec<Option<&'a [u8]>>,
}

impl<'a> Columns<'a> {
    fn of(items: &'a [NewOrder], numbered: &[(i64, usize)]) -> Self {
        fn column<'a, T>(items: &[&'a NewOrder], pick: impl Fn(&'a NewOrder) -> T) -> Vec<T> {
            items.iter().map(|&item| pick(item)).collect()
        }
        let order_id = numbered.iter().map(|&(id, _)| id).collect();
        let items: Vec<&NewOrder> = numbered.iter().map(|&(_, index)| &items[index]).collect();
        let key = |item: &'a NewOrder| item.idempotency.as_ref();
        Self {
            order_id,
            requester_id: column(&items, |item| item.requester_id.as_str()),
            created_by: column(&items, |item| item.created_by.as_str()),
            model_id: column(&items, |item| item.terms.model_id.as_ref().map(ModelId::as_str)),
            custom_params: column(&items, |item| item.terms.custom_params.get()),
            cost_initial: column(&items, |item| item.terms.cost_initial.map(Cost::get)),
            cost_final: column(&items, |item| item.terms.cost_final.map(Cost::get)),
            role: column(&items, |item| item.made_by.0.as_str()),
            actor: column(&items, |item| item.made_by.1.as_str()),
            caller: column(&items, |item| key(item).map(|it| it.caller.as_str())),
            key: column(&items, |item| key(item).map(|it| it.key.as_str())),
            request_hash: column(&items, |item| key(item).map(|it| it.request_hash.as_slice())),
        }
    }
}

/// Inserts, and returns which ids were free and when their orders were made. Whose key is known already is left out;
/// whose key is committed by somebody else during the statement makes it fail.
pub(super) async fn insert(
    connection: &mut PgConnection,
    items: &[NewOrder],
    numbered: &[(i64, usize)],
) -> Result<HashMap<i64, OffsetDateTime>, sqlx::Error> {
    if numbered.is_empty() {
        return Ok(HashMap::new());
    }
    let columns = Columns::of(items, numbered);
    // Sorted, so that two batches that name the same ids meet them in the same order and cannot deadlock.
    let rows = sqlx::query!(
        r#"
        WITH asked AS (
            SELECT *
            FROM unnest($1::int8[], $2::text[], $3::text[], $4::text[], $5::text[], $6::numeric[], $7::numeric[],
                        $8::text[], $9::text[], $10::text[], $11::text[], $12::bytea[])
                AS a(order_id, requester_id, created_by, model_id, custom_params, cost_initial, cost_final,
                     role, actor, caller, key, request_hash)
            WHERE NOT EXISTS (
                SELECT FROM atelier.idempotency_keys AS known WHERE known.caller = a.caller AND known.key = a.key
            )
        ), made AS (
            INSERT INTO atelier.orders
                (order_id, requester_id, created_by, model_id, custom_params, cost_initial, cost_final)
            SELECT order_id, requester_id, created_by, model_id, custom_params::jsonb, cost_initial, cost_final
            FROM asked
            ORDER BY order_id
            ON CONFLICT (order_id) DO NOTHING
            RETURNING order_id, created_at
        ), recorded AS (
            INSERT INTO atelier.order_events
                (order_id, version, state_type, new_value, to_stage, to_alert, actor, role)
            SELECT order_id, 1, 'created', true, 'created', false, asked.actor, asked.role
            FROM asked
            JOIN made USING (order_id)
        ), keyed AS (
            INSERT INTO atelier.idempotency_keys (caller, key, request_hash, order_id)
            SELECT asked.caller, asked.key, asked.request_hash, made.order_id
            FROM asked
            JOIN made USING (order_id)
            WHERE asked.key IS NOT NULL
            ORDER BY asked.caller, asked.key
        )
        SELECT order_id AS "order_id!", created_at AS "created_at!" FROM made
        "#,
        &columns.order_id,
        &columns.requester_id as &[&str],
        &columns.created_by as &[&str],
        &columns.model_id as &[Option<&str>],
        &columns.custom_params as &[&str],
        &columns.cost_initial as &[Option<Decimal>],
        &columns.cost_final as &[Option<Decimal>],
        &columns.role as &[&str],
        &columns.actor as &[&str],
        &columns.caller as &[Option<&str>],
        &columns.key as &[Option<&str>],
        &columns.request_hash as &[Option<&[u8]>],
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.order_id, row.created_at)).collect())
}
