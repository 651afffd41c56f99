//! Making orders. One statement writes the rows and their first events, so that no order is without its history.

use std::collections::{HashMap, HashSet};

use order_model::{Cost, OrderId, UserId, Username};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::record::Terms;

/// Most ids drawn at once while looking for free ones.
const DRAW_MAX: i64 = 65_536;

/// An order to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewOrder {
    /// Its id, or `None` to be given one.
    pub(crate) order_id: Option<OrderId>,
    /// Who wants it made; also the actor of its first event.
    pub(crate) requester_id: UserId,
    /// Who makes it.
    pub(crate) created_by: Username,
    /// What is asked for.
    pub(crate) terms: Terms,
}

/// What became of an order to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CreateOutcome {
    /// It was made.
    Created {
        /// Its id.
        order_id: OrderId,
        /// When.
        created_at: OffsetDateTime,
    },
    /// There is an order of that id already.
    Exists,
}

/// Makes orders.
pub(crate) async fn create(
    connection: &mut PgConnection,
    items: &[NewOrder],
) -> Result<Vec<CreateOutcome>, sqlx::Error> {
    let mut outcomes = vec![CreateOutcome::Exists; items.len()];
    // An id that callers named stands once in a statement: whoever named it again finds it taken.
    let mut named = HashSet::new();
    let (given, mut unnumbered): (Vec<usize>, Vec<usize>) =
        (0..items.len()).partition(|&index| items[index].order_id.is_some());
    let given = given
        .into_iter()
        .filter_map(|index| Some((items[index].order_id?.get(), index)))
        .filter(|(id, _)| named.insert(*id))
        .collect();
    settle(connection, items, given, &mut outcomes).await?;

    let mut extra = 0;
    while !unnumbered.is_empty() {
        let wanted = i64::try_from(unnumbered.len()).unwrap_or(DRAW_MAX);
        let free = draw_ids(connection, (wanted + extra).min(DRAW_MAX)).await?;
        let numbered = free.into_iter().zip(unnumbered.iter().copied()).collect();
        settle(connection, items, numbered, &mut outcomes).await?;
        unnumbered.retain(|&index| outcomes[index] == CreateOutcome::Exists);
        extra = (extra * 2).max(1);
    }
    Ok(outcomes)
}

/// Draws `count` ids and keeps those that no order has. Callers may have named ids ahead of the sequence.
async fn draw_ids(connection: &mut PgConnection, count: i64) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        SELECT drawn.order_id AS "order_id!"
        FROM (SELECT nextval('atelier.order_id_seq') AS order_id FROM generate_series(1, $1::int8)) AS drawn
        WHERE NOT EXISTS (SELECT FROM atelier.orders AS taken WHERE taken.order_id = drawn.order_id)
        "#,
        count
    )
    .fetch_all(connection)
    .await
}

async fn settle(
    connection: &mut PgConnection,
    items: &[NewOrder],
    numbered: Vec<(i64, usize)>,
    outcomes: &mut [CreateOutcome],
) -> Result<(), sqlx::Error> {
    if numbered.is_empty() {
        return Ok(());
    }
    let made = insert(connection, items, &numbered).await?;
    for (id, index) in numbered {
        if let (Some(&created_at), Ok(order_id)) = (made.get(&id), OrderId::try_from(id)) {
            outcomes[index] = CreateOutcome::Created { order_id, created_at };
        }
    }
    Ok(())
}

/// Inserts, and returns which ids were free and when their orders were made.
async fn insert(
    connection: &mut PgConnection,
    items: &[NewOrder],
    numbered: &[(i64, usize)],
) -> Result<HashMap<i64, OffsetDateTime>, sqlx::Error> {
    let column = |pick: fn(&NewOrder) -> String| -> Vec<String> {
        numbered.iter().map(|&(_, index)| pick(&items[index])).collect()
    };
    let cost = |pick: fn(&Terms) -> Option<Cost>| -> Vec<Option<Decimal>> {
        numbered.iter().map(|&(_, index)| pick(&items[index].terms).map(Cost::get)).collect()
    };
    let ids: Vec<i64> = numbered.iter().map(|&(id, _)| id).collect();
    let requesters = column(|item| item.requester_id.as_str().to_owned());
    let creators = column(|item| item.created_by.as_str().to_owned());
    let params = column(|item| item.terms.custom_params.get().to_owned());
    let models: Vec<Option<String>> = numbered
        .iter()
        .map(|&(_, index)| items[index].terms.model_id.as_ref().map(|id| id.as_str().to_owned()))
        .collect();
    let costs_initial = cost(|terms| terms.cost_initial);
    let costs_final = cost(|terms| terms.cost_final);

    // Sorted, so that two batches that name the same ids meet them in the same order and cannot deadlock.
    let rows = sqlx::query!(
        r#"
        WITH asked AS (
            SELECT *
            FROM unnest($1::int8[], $2::text[], $3::text[], $4::text[], $5::text[], $6::numeric[], $7::numeric[])
                AS a(order_id, requester_id, created_by, model_id, custom_params, cost_initial, cost_final)
        ), made AS (
            INSERT INTO atelier.orders
                (order_id, requester_id, created_by, model_id, custom_params, cost_initial, cost_final)
            SELECT order_id, requester_id, created_by, model_id, custom_params::jsonb, cost_initial, cost_final
            FROM asked
            ORDER BY order_id
            ON CONFLICT (order_id) DO NOTHING
            RETURNING order_id, requester_id, created_at
        ), recorded AS (
            INSERT INTO atelier.order_events
                (order_id, version, state_type, new_value, to_stage, to_alert, actor, role)
            SELECT order_id, 1, 'created', true, 'created', false, requester_id, 'requester'
            FROM made
        )
        SELECT order_id AS "order_id!", created_at AS "created_at!" FROM made
        "#,
        &ids,
        &requesters,
        &creators,
        &models as &[Option<String>],
        &params,
        &costs_initial as &[Option<Decimal>],
        &costs_final as &[Option<Decimal>],
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.order_id, row.created_at)).collect())
}
