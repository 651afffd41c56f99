//! The batcher: while a statement is in flight the next requests gather, and one statement answers them all.
//!
//! It knows nothing of orders and nothing of PostgreSQL, and it holds to nine laws:
//!
//! 1. No timer: whoever works takes what waits, at most `batch_items_max`, and a lone request pays nothing. Beside a statement
//!    in flight another goes when it is as large, or when the first is slow and may be stuck.
//! 2. A request joins only a statement that has not been sent, so what it reads is never older than itself.
//! 3. Items of one key are never in two statements at once; in one statement they stand in the order in which they came.
//! 4. One bad item never fails its neighbours: after an error each goes alone. What was written, or may have been, is not
//!    sent again, unless the item says that a repetition is recognised.
//! 5. The queue is bounded and fair between callers, and each item has a deadline. Questions of clients who left are dropped.
//! 6. An answer reaches only its own asker: answers are matched by place, and too few or too many answer nobody.
//! 7. A statement ends at the last deadline of its items, whatever the server does.
//! 8. What somebody else holds delays only the item that needs it: that one is tried again after a pause, its followers behind it.
//! 9. Nothing here waits for anything but the statement.
//!
//! [`core::Core`] is synchronous and knows no clock: a test drives it step by step. [`Lane`] lets tasks wait for it.

mod core;
mod lane;
mod outcome;

pub(crate) use core::{Bounds, Limits};
pub use lane::Asker;
pub(crate) use lane::{Batch, Lane, Manner};
pub use outcome::Outcome;
pub(crate) use outcome::{Failure, Unanswered};

#[cfg(test)]
mod tests;
