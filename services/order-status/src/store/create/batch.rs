//! A batch of creates: one statement writes rows, first events and keys; who got no row learns why from another.

use std::collections::{HashMap, HashSet};

use order_model::{Order, OrderId, Stage, Version};
use service_kit::database::Outcome;
use sqlx::PgConnection;

use super::insert::insert;
use super::{CreateOutcome, Idempotency, NewOrder};
use crate::store::read::read_orders;
use crate::store::record::OrderRecord;

/// Most ids drawn at once while looking for free ones.
const DRAW_MAX: i64 = 65_536;

/// Makes orders; one outcome an item, in the items' order. Only one statement makes any, so an error means that none was made.
pub(super) async fn create_orders(
    connection: &mut PgConnection,
    items: &[NewOrder],
) -> Result<Vec<Outcome<CreateOutcome>>, sqlx::Error> {
    let numbered = number(connection, items, distinct(items)).await?;
    let made = match insert(connection, items, &numbered).await {
        // Somebody committed one of the keys meanwhile, and the statement took everybody down with it.
        Err(error) if lost_key_race(&error) => return Ok(vec![Outcome::Lost; items.len()]),
        made => made?,
    };
    let mut outcomes = vec![Outcome::Lost; items.len()];
    for &(id, index) in &numbered {
        if let (Some(&created_at), Ok(order_id)) = (made.get(&id), OrderId::try_from(id)) {
            outcomes[index] = Outcome::Answer(CreateOutcome::Created { order_id, created_at });
        }
    }
    let others: Vec<usize> =
        (0..items.len()).filter(|&index| matches!(outcomes[index], Outcome::Lost)).collect();
    if others.is_empty() {
        return Ok(outcomes);
    }
    let known = match read_keys(connection, items, &others).await {
        // What was made is told, whatever became of the others: they come back.
        Err(_) if !made.is_empty() => return Ok(outcomes),
        known => known?,
    };
    // Who was left out for a known key has tried no id.
    let tried: HashSet<i64> =
        numbered.iter().filter(|(_, index)| !known.contains_key(index)).map(|&(id, _)| id).collect();
    for index in others {
        let is_taken = items[index].order_id.is_some_and(|id| tried.contains(&id.get()));
        match known.get(&index) {
            Some(known) => outcomes[index] = Outcome::Answer(known.clone()),
            // A named id that is taken stays taken; a drawn one is drawn anew.
            None if is_taken => outcomes[index] = Outcome::Answer(CreateOutcome::Exists),
            None => {}
        }
    }
    Ok(outcomes)
}

fn lost_key_race(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::constraint)
        == Some("idempotency_keys_pkey")
}

/// In one statement each id and each key stands once: the first that names it.
fn distinct(items: &[NewOrder]) -> Vec<usize> {
    let (mut ids, mut keys) = (HashSet::new(), HashSet::new());
    let is_first = |&index: &usize| {
        let item = &items[index];
        let key = item.idempotency.as_ref().map(|it| (&it.caller, &it.key));
        let id_is_free = item.order_id.is_none_or(|id| ids.insert(id));
        key.is_none_or(|key| keys.insert(key)) && id_is_free
    };
    (0..items.len()).filter(is_first).collect()
}

/// Gives each of the items at `places` its id: the one it names, or one that no order has yet.
async fn number(
    connection: &mut PgConnection,
    items: &[NewOrder],
    places: Vec<usize>,
) -> Result<Vec<(i64, usize)>, sqlx::Error> {
    let named: HashSet<OrderId> = items.iter().filter_map(|item| item.order_id).collect();
    let missing = places.iter().filter(|&&index| items[index].order_id.is_none()).count();
    let (mut drawn, mut extra) = (Vec::with_capacity(missing), 0);
    while drawn.len() < missing {
        let wanted = i64::try_from(missing - drawn.len()).unwrap_or(DRAW_MAX) + extra;
        let free = draw_ids(connection, wanted.min(DRAW_MAX)).await?;
        drawn.extend(
            free.into_iter().filter(|&id| OrderId::try_from(id).is_ok_and(|id| !named.contains(&id))),
        );
        extra = (extra * 2).max(1);
    }
    let mut drawn = drawn.into_iter();
    Ok(places
        .into_iter()
        .filter_map(|index| Some((items[index].order_id.map(OrderId::get).or_else(|| drawn.next())?, index)))
        .collect())
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

/// What is known of the keys of the items at `places`, by place.
async fn read_keys(
    connection: &mut PgConnection,
    items: &[NewOrder],
    places: &[usize],
) -> Result<HashMap<usize, CreateOutcome>, sqlx::Error> {
    let keyed: Vec<(usize, &Idempotency)> =
        places.iter().filter_map(|&index| Some((index, items[index].idempotency.as_ref()?))).collect();
    if keyed.is_empty() {
        return Ok(HashMap::new());
    }
    let callers: Vec<&str> = keyed.iter().map(|(_, it)| it.caller.as_str()).collect();
    let keys: Vec<&str> = keyed.iter().map(|(_, it)| it.key.as_str()).collect();
    let rows = sqlx::query!(
        r#"
        SELECT q.place AS "place!", k.request_hash, k.order_id
        FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS q(caller, key, place)
        JOIN atelier.idempotency_keys AS k ON k.caller = q.caller AND k.key = q.key
        "#,
        &callers as &[&str],
        &keys as &[&str],
    )
    .fetch_all(&mut *connection)
    .await?;

    let mut outcomes = HashMap::new();
    for row in rows {
        let Some(&(index, asked)) = usize::try_from(row.place - 1).ok().and_then(|place| keyed.get(place))
        else {
            continue;
        };
        if row.request_hash != asked.request_hash {
            outcomes.insert(index, CreateOutcome::KeyReused);
            continue;
        }
        let Ok(order_id) = OrderId::try_from(row.order_id) else { continue };
        if let Some(record) = read_orders(connection, &[order_id]).await?.into_iter().next().flatten() {
            outcomes.insert(index, CreateOutcome::Replayed(Box::new(as_created(record))));
        }
    }
    Ok(outcomes)
}

/// The order as its first answer showed it. Nothing of that ever changes, so no answer needs to be stored;
/// only the parameters come back from the database in its own spelling and are brought into ours.
fn as_created(record: OrderRecord) -> OrderRecord {
    let order = Order { stage: Stage::Created, alert: None, version: Version::FIRST, ..record.order };
    let mut terms = record.terms;
    let params = serde_json::from_str::<serde_json::Value>(terms.custom_params.get());
    if let Ok(compact) = params.and_then(|params| serde_json::value::to_raw_value(&params)) {
        terms.custom_params = compact;
    }
    OrderRecord { order, terms, created_at: record.created_at, updated_at: record.created_at }
}
