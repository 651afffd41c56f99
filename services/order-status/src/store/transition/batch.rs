//! A batch of moves: one read of their rows, the decisions, one compare-and-set statement that writes rows and events together.

use order_model::OrderId;
use sqlx::PgConnection;

use super::fold::{Fold, fold};
use super::write::{Fate, write};
use super::{MoveItem, MoveOutcome};
use crate::store::read::read_orders;

/// Moves orders; one outcome an item, in the items' order.
pub(crate) async fn move_orders(
    connection: &mut PgConnection,
    items: &[MoveItem],
) -> Result<Vec<MoveOutcome>, sqlx::Error> {
    let mut ids: Vec<OrderId> = items.iter().map(|item| item.order_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let records = read_orders(connection, &ids).await?;
    let folds: Vec<Fold> = records
        .iter()
        .flatten()
        .map(|record| {
            let own = items.iter().enumerate().filter(|(_, item)| item.order_id == record.order.id);
            fold(record, own)
        })
        .collect();

    let written = write(connection, &folds).await?;
    let mut outcomes = vec![MoveOutcome::Missing; items.len()];
    for fold in folds {
        let fate = written.get(&fold.before.id.get());
        for (place, outcome, waits) in fold.outcomes {
            outcomes[place] = if waits { settle(outcome, fate) } else { outcome };
        }
    }
    Ok(outcomes)
}

fn settle(outcome: MoveOutcome, fate: Option<&Fate>) -> MoveOutcome {
    match (outcome, fate) {
        (MoveOutcome::Done { mut record, role }, Some(Fate::Changed(updated_at))) => {
            record.updated_at = *updated_at;
            MoveOutcome::Done { record, role }
        }
        (outcome, Some(Fate::Changed(_))) => outcome,
        (_, Some(Fate::Locked)) => MoveOutcome::Locked,
        (_, Some(Fate::Lost) | None) => MoveOutcome::Lost,
    }
}
