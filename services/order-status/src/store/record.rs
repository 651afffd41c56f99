//! An order as it is stored, and the way from a row to it. A row that no rule could have written is a bug, not a guess.

use order_model::{Alert, Cost, ModelId, Order, OrderId, Reason, Role, Stage, UserId, Username, Version};
use rust_decimal::Decimal;
use serde_json::value::RawValue;
use sqlx::types::Json;
use time::OffsetDateTime;

/// A whole order: what may change, and what was agreed when it was made.
#[derive(Debug, Clone)]
pub(crate) struct OrderRecord {
    /// The facts that the rules decide by.
    pub(crate) order: Order,
    /// What was asked for.
    pub(crate) terms: Terms,
    /// When it was made.
    pub(crate) created_at: OffsetDateTime,
    /// When its last event was.
    pub(crate) updated_at: OffsetDateTime,
}

/// What was asked for. Fixed at creation.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    /// The model to make, if it is one of the catalog's.
    pub(crate) model_id: Option<ModelId>,
    /// The buyer's wishes, a JSON object.
    pub(crate) custom_params: Box<RawValue>,
    /// What it was to cost at first.
    pub(crate) cost_initial: Option<Cost>,
    /// What it costs in the end.
    pub(crate) cost_final: Option<Cost>,
}

/// An order's facts without its terms: all that `status` shows.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    /// The facts that the rules decide by.
    pub(crate) order: Order,
    /// When its last event was.
    pub(crate) updated_at: OffsetDateTime,
}

/// A stored value that no order can have.
#[derive(Debug, thiserror::Error)]
#[error("order {order_id} has an impossible {column} in the database")]
pub(crate) struct Inconsistent {
    order_id: i64,
    column: &'static str,
}

impl From<Inconsistent> for sqlx::Error {
    fn from(error: Inconsistent) -> Self {
        Self::Decode(Box::new(error))
    }
}

/// The columns of [`Order`].
pub(super) struct OrderColumns {
    pub(super) order_id: i64,
    pub(super) requester_id: String,
    pub(super) created_by: String,
    pub(super) stage: String,
    pub(super) alert_raised_by: Option<String>,
    pub(super) alert_reason: Option<String>,
    pub(super) version: i64,
}

/// The columns of [`Terms`].
pub(super) struct TermsColumns {
    pub(super) model_id: Option<String>,
    pub(super) custom_params: Json<Box<RawValue>>,
    pub(super) cost_initial: Option<Decimal>,
    pub(super) cost_final: Option<Decimal>,
}

impl TryFrom<OrderColumns> for Order {
    type Error = Inconsistent;

    fn try_from(columns: OrderColumns) -> Result<Self, Inconsistent> {
        let order_id = columns.order_id;
        let wrong = |column| Inconsistent { order_id, column };
        let alert = match columns.alert_raised_by {
            None => None,
            Some(role) => Some(Alert {
                raised_by: Role::from_name(&role).ok_or(wrong("alert_raised_by"))?,
                reason: optional(columns.alert_reason, Reason::try_from)
                    .map_err(|()| wrong("alert_reason"))?,
            }),
        };
        Ok(Self {
            id: OrderId::try_from(order_id).map_err(|_| wrong("order_id"))?,
            requester_id: UserId::try_from(columns.requester_id).map_err(|_| wrong("requester_id"))?,
            created_by: Username::try_from(columns.created_by).map_err(|_| wrong("created_by"))?,
            stage: Stage::from_name(&columns.stage).ok_or(wrong("stage"))?,
            alert,
            version: Version::new(columns.version).ok_or(wrong("version"))?,
        })
    }
}

impl TermsColumns {
    pub(super) fn into_terms(self, order_id: i64) -> Result<Terms, Inconsistent> {
        let wrong = |column| Inconsistent { order_id, column };
        Ok(Terms {
            model_id: optional(self.model_id, ModelId::try_from).map_err(|()| wrong("model_id"))?,
            custom_params: self.custom_params.0,
            cost_initial: optional(self.cost_initial, Cost::try_from).map_err(|()| wrong("cost_initial"))?,
            cost_final: optional(self.cost_final, Cost::try_from).map_err(|()| wrong("cost_final"))?,
        })
    }
}

fn optional<T, U, E>(value: Option<T>, parse: impl FnOnce(T) -> Result<U, E>) -> Result<Option<U>, ()> {
    value.map(parse).transpose().map_err(|_| ())
}
