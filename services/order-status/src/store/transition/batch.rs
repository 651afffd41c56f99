//! A batch of moves: one read of their rows, the decisions, one compare-and-set statement that writes rows and events together.

use std::collections::HashMap;

use order_model::OrderId;
use service_kit::database::Outcome;
use sqlx::PgConnection;

use super::fold::{Fold, fold};
use super::write::{Fate, write};
use super::{MoveItem, MoveOutcome};
use crate::store::read::read_orders;

/// Moves orders; one outcome an item, in the items' order.
pub(crate) async fn move_orders(
    connection: &mut PgConnection,
    items: &[MoveItem],
) -> Result<Vec<Outcome<MoveOutcome>>, sqlx::Error> {
    let mut ids: Vec<OrderId> = items.iter().map(|item| item.order_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let records = read_orders(connection, &ids).await?;
    let mut own: HashMap<OrderId, Vec<(usize, &MoveItem)>> = HashMap::new();
    for (place, item) in items.iter().enumerate() {
        own.entry(item.order_id).or_default().push((place, item));
    }
    let folds: Vec<Fold> = records
        .iter()
        .flatten()
        .map(|record| fold(record, own.remove(&record.order.id).unwrap_or_default()))
        .collect();

    let written = write(connection, &folds).await?;
    let mut outcomes = vec![Outcome::Answer(MoveOutcome::Missing); items.len()];
    for fold in folds {
        let fate = written.get(&fold.before.id.get());
        for (place, outcome, waits) in fold.outcomes {
            outcomes[place] = if waits { settle(outcome, fate) } else { Outcome::Answer(outcome) };
        }
    }
    Ok(outcomes)
}

fn settle(outcome: MoveOutcome, fate: Option<&Fate>) -> Outcome<MoveOutcome> {
    match (outcome, fate) {
        (MoveOutcome::Done { mut record, role }, Some(Fate::Changed(updated_at))) => {
            record.updated_at = *updated_at;
            Outcome::Answer(MoveOutcome::Done { record, role })
        }
        (outcome, Some(Fate::Changed(_))) => Outcome::Answer(outcome),
        (_, Some(Fate::Locked)) => Outcome::Held,
        (_, Some(Fate::Lost) | None) => Outcome::Lost,
    }
}
