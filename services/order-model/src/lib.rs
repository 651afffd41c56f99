//! The rules of an order's life: ids, stages, the transition table, [`decide`].
//!
//! Everything here is a pure function of its arguments.
//! This crate must never do I/O, read a clock or depend on a crate that does: `cargo xtask tidy` checks it.

mod actor;
mod decide;
mod id;
mod money;
mod next;
mod order;
mod stage;
mod table;
mod text;

pub use actor::{Actor, Party, Role};
pub use decide::{Change, Move, Refusal, Transition, decide};
pub use id::{ModelId, ModelIdError, OrderId, OrderIdError, Version};
pub use money::{Cost, CostError};
pub use next::{NextMove, next_moves};
pub use order::{Alert, Order};
pub use stage::{Flags, Stage, StateType};
pub use table::{ClearedBy, Row, TABLE, row};
pub use text::{Reason, TextError, UserId, Username};
