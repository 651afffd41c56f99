//! Making orders, at most once a key. Rows, first events and idempotency keys are written by one statement.

mod batch;
mod insert;
mod prune;

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use order_model::{OrderId, Role, UserId, Username};
use service_kit::database::{Kind, Outcome, Statement};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::record::{OrderRecord, Terms};
pub(crate) use prune::PruneKeys;

/// An order to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewOrder {
    /// Its id, or `None` to be given one.
    pub(crate) order_id: Option<OrderId>,
    /// Who wants it made.
    pub(crate) requester_id: UserId,
    /// Who makes it.
    pub(crate) created_by: Username,
    /// What is asked for.
    pub(crate) terms: Terms,
    /// Who made it, and in which role: the actor of its first event.
    pub(crate) made_by: (Role, UserId),
    /// What makes a repetition of this create recognisable.
    pub(crate) idempotency: Option<Idempotency>,
}

/// What makes a repetition of a create recognisable.
#[derive(Debug, Clone)]
pub(crate) struct Idempotency {
    /// Whose key it is: two callers may use the same one.
    pub(crate) caller: String,
    /// The key.
    pub(crate) key: String,
    /// SHA-256 of the request, parsed and normalised.
    pub(crate) request_hash: [u8; 32],
}

/// What became of an order to be made.
#[derive(Debug, Clone)]
pub(crate) enum CreateOutcome {
    /// It was made.
    Created {
        /// Its id.
        order_id: OrderId,
        /// When.
        created_at: OffsetDateTime,
    },
    /// It was made before, by the same request under the same key.
    Replayed(Box<OrderRecord>),
    /// The key was used before, for another request.
    KeyReused,
    /// There is an order of that id already.
    Exists,
}

/// Makes an order.
#[derive(Default)]
pub(crate) struct CreateOrder {
    spare: Spare,
}

/// Free ids that were drawn for an order whose own turned out to be taken.
#[derive(Default)]
struct Spare(Mutex<VecDeque<i64>>);

impl Spare {
    /// One of them; those that are `taken` by now are dropped.
    fn take_unless(&self, taken: impl Fn(i64) -> bool) -> Option<i64> {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| ids.pop_front()).find(|id| !taken(*id))
    }

    fn put(&self, ids: Vec<i64>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(ids);
    }
}

impl Statement for CreateOrder {
    const KIND: Kind = Kind::Write;
    type Question = NewOrder;
    type Answer = CreateOutcome;

    fn name(&self) -> &'static str {
        "order_create"
    }

    /// Repetitions of a create wait for its outcome.
    fn key(item: &NewOrder) -> Option<u64> {
        let Idempotency { caller, key, .. } = item.idempotency.as_ref()?;
        let mut hasher = DefaultHasher::new();
        (caller, key).hash(&mut hasher);
        Some(hasher.finish())
    }

    /// With a key, the database knows the create again.
    fn may_repeat(item: &NewOrder) -> bool {
        item.idempotency.is_some()
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        items: &[NewOrder],
    ) -> Result<Vec<Outcome<CreateOutcome>>, sqlx::Error> {
        batch::create_orders(connection, items, &self.spare).await
    }
}
