//! Data access. Functions take batches and answer one outcome an item, in the items' order; SQL stands beside them.
//! No rule of the lifecycle may stand here: whoever writes asks `order_model::decide` first.

mod create;
mod history;
mod read;
mod record;
mod transition;

pub(crate) use create::{CreateOutcome, NewOrder, create};
pub(crate) use history::{Event, HistoryQuestion, read_history};
pub(crate) use read::{read_orders, read_standings};
pub(crate) use record::{OrderRecord, Standing, Terms};
pub(crate) use transition::{MoveError, MoveItem, MoveOutcome, Transitions};
