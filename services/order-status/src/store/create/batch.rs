//! A batch of creates: one statement writes rows, first events and keys; who got no row learns why from another.

use std::collections::{HashMap, HashSet};

use order_model::{Order, OrderId, Stage, Version};
use service_kit::database::{Outcome, is_suspect};
use sqlx::PgConnection;

use super::insert::{Asked, Tried, insert};
use super::{CreateOutcome, Idempotency, NewOrder, Spare};
use crate::store::read::read_orders;
use crate::store::record::OrderRecord;

/// Most ids drawn at once while looking for free ones.
const DRAW_MAX: i64 = 65_536;

/// Makes orders; one outcome an item, in the items' order. Only one statement makes any, so an error means that none was made.
/// `spare` holds free ids that were drawn before, for want of better ones.
pub(super) async fn create_orders(
    connection: &mut PgConnection,
    items: &[NewOrder],
    spare: &Spare,
) -> Result<Vec<Outcome<CreateOutcome>>, sqlx::Error> {
    let named: HashSet<i64> = items.iter().filter_map(|item| item.order_id.map(OrderId::get)).collect();
    let ask = |index: usize| {
        let item = &items[index];
        let id = item.order_id.map(OrderId::get).or_else(|| spare.take_unless(|id| named.contains(&id)));
        Asked { index, item, id }
    };
    let asked: Vec<Asked<'_>> = distinct(items).map(ask).collect();
    let tried = match insert(connection, &asked).await {
        // Somebody committed one of the keys meanwhile, and the statement took everybody down with it.
        Err(error) if lost_key_race(&error) => return Ok(vec![Outcome::Lost; items.len()]),
        tried => tried?,
    };
    let mut outcomes = vec![Outcome::Lost; items.len()];
    for Tried { index, order_id, created_at } in &tried {
        if let (Some(created_at), Ok(order_id)) = (*created_at, OrderId::try_from(*order_id)) {
            outcomes[*index] = Outcome::Answer(CreateOutcome::Created { order_id, created_at });
        }
    }
    let others: Vec<usize> =
        (0..items.len()).filter(|&index| matches!(outcomes[index], Outcome::Lost)).collect();
    if others.is_empty() {
        return Ok(outcomes);
    }
    match explain(connection, items, &others, &tried, spare).await {
        Ok(explained) => {
            for (index, outcome) in explained {
                outcomes[index] = Outcome::Answer(outcome);
            }
            Ok(outcomes)
        }
        // What was made is told, whatever became of the others: they come back.
        Err(error) if others.len() < items.len() => {
            if is_suspect(&error) {
                for index in others {
                    outcomes[index] = Outcome::Broken;
                }
            }
            Ok(outcomes)
        }
        Err(error) => Err(error),
    }
}

/// Why the items at `others` were not made, as far as that is settled; the rest is to be tried again.
async fn explain(
    connection: &mut PgConnection,
    items: &[NewOrder],
    others: &[usize],
    tried: &[Tried],
    spare: &Spare,
) -> Result<HashMap<usize, CreateOutcome>, sqlx::Error> {
    let mut explained = read_keys(connection, items, others).await?;
    let ids: HashSet<i64> = tried.iter().map(|tried| tried.order_id).collect();
    let mut undrawn = 0;
    for &index in others {
        match items[index].order_id {
            // A named id that is taken stays taken; a drawn one is drawn anew.
            Some(id) if ids.contains(&id.get()) => {
                explained.entry(index).or_insert(CreateOutcome::Exists);
            }
            Some(_) => {}
            None => undrawn += usize::from(!explained.contains_key(&index)),
        }
    }
    // Callers may have named ids ahead of the sequence, any number in a row: the more there were, the more are drawn.
    let mut extra = 0;
    let mut free = Vec::new();
    while free.len() < undrawn {
        let wanted = i64::try_from(undrawn - free.len()).unwrap_or(DRAW_MAX) + extra;
        free.extend(draw_ids(connection, wanted.min(DRAW_MAX)).await?);
        extra = (extra * 2).max(1);
    }
    // The first free ones; what was drawn beyond is never missed.
    free.truncate(undrawn);
    spare.put(free);
    Ok(explained)
}

fn lost_key_race(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::constraint)
        == Some("idempotency_keys_pkey")
}

/// In one statement each id and each key stands once: the first that names it.
fn distinct(items: &[NewOrder]) -> impl Iterator<Item = usize> {
    let (mut ids, mut keys) = (HashSet::new(), HashSet::new());
    let is_first = move |&index: &usize| {
        let item = &items[index];
        let key = item.idempotency.as_ref().map(|it| (&it.caller, &it.key));
        let id_is_free = item.order_id.is_none_or(|id| ids.insert(id));
        key.is_none_or(|key| keys.insert(key)) && id_is_free
    };
    (0..items.len()).filter(is_first)
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
    let mut replayed = Vec::new();
    for row in rows {
        let Some(&(index, asked)) = usize::try_from(row.place - 1).ok().and_then(|place| keyed.get(place))
        else {
            continue;
        };
        if row.request_hash != asked.request_hash {
            outcomes.insert(index, CreateOutcome::KeyReused);
        } else if let Ok(order_id) = OrderId::try_from(row.order_id) {
            replayed.push((index, order_id));
        }
    }
    if replayed.is_empty() {
        return Ok(outcomes);
    }
    let ids: Vec<OrderId> = replayed.iter().map(|(_, order_id)| *order_id).collect();
    let records = read_orders(connection, &ids).await?;
    let answers = replayed.into_iter().zip(records).filter_map(|((index, _), record)| {
        Some((index, CreateOutcome::Replayed(Box::new(as_created(record?)))))
    });
    outcomes.extend(answers);
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
