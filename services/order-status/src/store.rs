//! Data access. A statement answers a whole batch, one outcome an item, in the items' order; SQL stands beside it.
//! No rule of the lifecycle may stand here: whoever writes asks `order_model::decide` first.

mod create;
mod dossier;
mod history;
mod read;
mod record;
mod transition;

pub(crate) use create::{CreateOrder, CreateOutcome, Idempotency, NewOrder, PruneKeys};
pub(crate) use dossier::Dossier;
pub(crate) use history::{Event, HistoryQuestion, ReadHistory};
pub(crate) use read::{ReadOrder, ReadStanding};
pub(crate) use record::{OrderRecord, Standing, Terms};
pub(crate) use transition::{MoveItem, MoveOrder, MoveOutcome};
