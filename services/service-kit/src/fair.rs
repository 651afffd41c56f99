//! Fairness between callers, wherever requests wait for something: for a connection to the database, for a call to the catalog.

mod places;
mod queue;

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::LazyLock;

pub use places::{NoPlace, Place, Places};
pub use queue::FairQueue;

/// Whom a piece of work counts for. A number, because a queue must not hold names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Share(u64);

/// Random for each process: nobody can choose a name that falls into another's share.
static HASHES: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl Share {
    /// What the process itself has to do.
    pub const OWN: Self = Self(0);

    /// The share of whoever `caller` names.
    pub fn of(caller: &impl Hash) -> Self {
        Self(HASHES.hash_one(caller))
    }
}
