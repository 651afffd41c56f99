//! The one statement that writes orders, their first events and their keys.

use order_model::{Cost, ModelId};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::NewOrder;

/// An order to be made, and its place in the batch.
pub(super) struct Asked<'a> {
    pub(super) index: usize,
    pub(super) item: &'a NewOrder,
    /// Its id, or `None` to draw one.
    pub(super) id: Option<i64>,
}

/// What was tried for the item at a place of the batch. One that is left out has a key that is known.
pub(super) struct Tried {
    pub(super) index: usize,
    /// Under which id.
    pub(super) order_id: i64,
    /// When it was made; `None` if the id is taken.
    pub(super) created_at: Option<OffsetDateTime>,
}

/// The columns of the orders to be made, one entry an order.
struct Columns<'a> {
    order_id: Vec<Option<i64>>,
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
    fn of(asked: &[Asked<'a>]) -> Self {
        fn column<'a, T>(items: &[&'a NewOrder], pick: impl Fn(&'a NewOrder) -> T) -> Vec<T> {
            items.iter().map(|&item| pick(item)).collect()
        }
        let order_id = asked.iter().map(|asked| asked.id).collect();
        let items: Vec<&NewOrder> = asked.iter().map(|asked| asked.item).collect();
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

/// Inserts. Whose key is known already is left out; whose key is committed by somebody else during the statement makes it fail.
#[expect(clippy::too_many_lines, reason = "one statement and its parameters: apart they could not be read")]
pub(super) async fn insert(
    connection: &mut PgConnection,
    asked: &[Asked<'_>],
) -> Result<Vec<Tried>, sqlx::Error> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let columns = Columns::of(asked);
    let named: Vec<i64> = asked.iter().filter_map(|asked| asked.id).collect();
    // Sorted, so that two batches that name the same ids meet them in the same order and cannot deadlock.
    // An id that is drawn while somebody else names it here is left to that one: rows are known by their ids alone.
    let rows = sqlx::query!(
        r#"
        WITH asked AS MATERIALIZED (
            SELECT a.*, coalesce(a.named_id, nextval('atelier.order_id_seq')) AS order_id
            FROM unnest($1::int8[], $2::text[], $3::text[], $4::text[], $5::text[], $6::numeric[], $7::numeric[],
                        $8::text[], $9::text[], $10::text[], $11::text[], $12::bytea[]) WITH ORDINALITY
                AS a(named_id, requester_id, created_by, model_id, custom_params, cost_initial, cost_final,
                     role, actor, caller, key, request_hash, place)
            WHERE NOT EXISTS (
                SELECT FROM atelier.idempotency_keys AS known WHERE known.caller = a.caller AND known.key = a.key
            )
        ), tried AS (
            SELECT * FROM asked WHERE named_id IS NOT NULL OR order_id <> ALL ($13::int8[])
        ), made AS (
            INSERT INTO atelier.orders
                (order_id, requester_id, created_by, model_id, custom_params, cost_initial, cost_final)
            SELECT order_id, requester_id, created_by, model_id, custom_params::jsonb, cost_initial, cost_final
            FROM tried
            ORDER BY order_id
            ON CONFLICT (order_id) DO NOTHING
            RETURNING order_id, created_at
        ), recorded AS (
            INSERT INTO atelier.order_events
                (order_id, version, state_type, new_value, to_stage, to_alert, actor, role)
            SELECT order_id, 1, 'created', true, 'created', false, tried.actor, tried.role
            FROM tried
            JOIN made USING (order_id)
        ), keyed AS (
            INSERT INTO atelier.idempotency_keys (caller, key, request_hash, order_id)
            SELECT tried.caller, tried.key, tried.request_hash, made.order_id
            FROM tried
            JOIN made USING (order_id)
            WHERE tried.key IS NOT NULL
            ORDER BY tried.caller, tried.key
        )
        SELECT tried.place AS "place!", tried.order_id AS "order_id!", made.created_at AS "created_at?"
        FROM tried
        LEFT JOIN made USING (order_id)
        "#,
        &columns.order_id as &[Option<i64>],
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
        &named,
    )
    .fetch_all(connection)
    .await?;
    let tried = rows.into_iter().filter_map(|row| {
        let asked = asked.get(usize::try_from(row.place - 1).ok()?)?;
        Some(Tried { index: asked.index, order_id: row.order_id, created_at: row.created_at })
    });
    Ok(tried.collect())
}
