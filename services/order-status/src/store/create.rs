//! Making orders, at most once a key. Rows, first events and idempotency keys are written by one statement.

mod batch;
mod insert;
mod prune;

use std::time::Duration;

use order_model::{OrderId, Role, UserId, Username};
use service_kit::database::{Database, DatabaseError};
use service_kit::fair::Share;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::record::{OrderRecord, Terms};
pub(crate) use prune::prune_keys;

/// The pause before a create that met somebody else's lock is tried again.
const LOCKED_PAUSE: Duration = Duration::from_millis(20);

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

/// The way to make orders.
#[derive(Clone)]
pub(crate) struct Creates {
    database: Database,
}

impl Creates {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }

    /// Makes one order, trying again until its deadline where somebody else holds its id or its key.
    pub(crate) async fn apply(&self, share: Share, item: NewOrder) -> Result<CreateOutcome, DatabaseError> {
        let deadline = self.database.deadline();
        let last_start = super::last_start(deadline);
        loop {
            let asked = item.clone();
            let made = self
                .database
                .run_until(deadline, share, "order_create", |connection| {
                    Box::pin(async move { batch::create_orders(connection, &[asked]).await })
                })
                .await;
            match made {
                Err(DatabaseError::Locked(_)) if Instant::now() + LOCKED_PAUSE < last_start => {
                    super::pause(LOCKED_PAUSE).await;
                }
                Err(error) => return Err(error),
                // One item, one outcome.
                Ok(outcomes) => return outcomes.into_iter().next().ok_or(DatabaseError::Deadline),
            }
        }
    }
}
