//! A batch of creates: one statement writes rows, first events and keys; who got no row learns why from a second one.

use std::collections::{HashMap, HashSet};

use order_model::{Order, OrderId, Stage, Version};
use sqlx::PgConnection;

use super::insert::insert;
use super::{CreateOutcome, Idempotency, NewOrder};
use crate::store::read::read_orders;
use crate::store::record::OrderRecord;

/// Most ids drawn at once while looking for free ones.
const DRAW_MAX: i64 = 65_536;

/// How often a create that lost the race for its key is looked at again. Its winner has committed by then.
const RACES_MAX: usize = 3;

/// Makes orders; one outcome an item, in the items' order.
pub(super) async fn create_orders(
    connection: &mut PgConnection,
    items: &[NewOrder],
) -> Result<Vec<CreateOutcome>, sqlx::Error> {
    match create_distinct(connection, items).await {
        // Somebody committed one of the keys meanwhile, and the statement took everybody down with it: go singly.
        Err(error) if lost_key_race(&error) => {
            let mut outcomes = Vec::with_capacity(items.len());
            for item in items {
                outcomes.push(create_alone(connection, item).await?);
            }
            Ok(outcomes)
        }
        settled => settled,
    }
}

async fn create_alone(connection: &mut PgConnection, item: &NewOrder) -> Result<CreateOutcome, sqlx::Error> {
    let mut races = 0;
    loop {
        match create_distinct(connection, std::slice::from_ref(item)).await {
            Err(error) if lost_key_race(&error) && races < RACES_MAX => races += 1,
            settled => return settled.map(|mut outcomes| outcomes.swap_remove(0)),
        }
    }
}

fn lost_key_race(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::constraint)
        == Some("idempotency_keys_pkey")
}

/// In one statement each id and each key stands once; a second one waits for the first's outcome.
async fn create_distinct(
    connection: &mut PgConnection,
    items: &[NewOrder],
) -> Result<Vec<CreateOutcome>, sqlx::Error> {
    let mut outcomes = vec![CreateOutcome::Exists; items.len()];
    let mut waiting: Vec<usize> = (0..items.len()).collect();
    while !waiting.is_empty() {
        let (mut ids, mut keys) = (HashSet::new(), HashSet::new());
        let (round, later) = waiting.into_iter().partition(|&index| {
            let item = &items[index];
            let key = item.idempotency.as_ref().map(|it| (&it.caller, &it.key));
            let id_is_free = item.order_id.is_none_or(|id| ids.insert(id));
            key.is_none_or(|key| keys.insert(key)) && id_is_free
        });
        create_round(connection, items, round, &mut outcomes).await?;
        waiting = later;
    }
    Ok(outcomes)
}

async fn create_round(
    connection: &mut PgConnection,
    items: &[NewOrder],
    mut round: Vec<usize>,
    outcomes: &mut [CreateOutcome],
) -> Result<(), sqlx::Error> {
    let mut extra = 0;
    while !round.is_empty() {
        let numbered = number(connection, items, &round, extra).await?;
        let made = insert(connection, items, &numbered).await?;
        for &(id, index) in &numbered {
            if let (Some(&created_at), Ok(order_id)) = (made.get(&id), OrderId::try_from(id)) {
                outcomes[index] = CreateOutcome::Created { order_id, created_at };
            }
        }
        round.retain(|&index| !matches!(outcomes[index], CreateOutcome::Created { .. }));
        if round.is_empty() {
            return Ok(());
        }
        let replays = read_replays(connection, items, &round).await?;
        round.retain(|&index| match replays.get(&index) {
            Some(replay) => {
                outcomes[index] = replay.clone();
                false
            }
            // A named id that is taken stays taken; a drawn one is drawn anew.
            None => items[index].order_id.is_none(),
        });
        extra = (extra * 2).max(1);
    }
    Ok(())
}

/// Gives each item of the round its id: the one it names, or one that no order has yet.
async fn number(
    connection: &mut PgConnection,
    items: &[NewOrder],
    round: &[usize],
    extra: i64,
) -> Result<Vec<(i64, usize)>, sqlx::Error> {
    let unnumbered = round.iter().filter(|&&index| items[index].order_id.is_none()).count();
    let mut drawn = if unnumbered == 0 {
        Vec::new()
    } else {
        let wanted = i64::try_from(unnumbered).unwrap_or(DRAW_MAX) + extra;
        draw_ids(connection, wanted.min(DRAW_MAX)).await?
    }
    .into_iter();
    // Whoever gets none this time is looked at again in the next round of drawing.
    Ok(round
        .iter()
        .filter_map(|&index| Some((items[index].order_id.map(OrderId::get).or_else(|| drawn.next())?, index)))
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

/// What the keys of the round's items say, by item.
async fn read_replays(
    connection: &mut PgConnection,
    items: &[NewOrder],
    round: &[usize],
) -> Result<HashMap<usize, CreateOutcome>, sqlx::Error> {
    let keyed: Vec<(usize, &Idempotency)> =
        round.iter().filter_map(|&index| Some((index, items[index].idempotency.as_ref()?))).collect();
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
