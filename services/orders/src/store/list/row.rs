//! An order of a list, and the row that it comes from.

use order_model::{Cost, ModelId, OrderId, Stage};
use rust_decimal::Decimal;
use serde_json::value::RawValue;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgTypeInfo, PgValueRef};
use sqlx::types::Json;
use sqlx::{Decode, Postgres, Type};
use time::OffsetDateTime;

/// One order of a list.
#[derive(Debug)]
pub(crate) struct ListItem {
    pub(crate) order_id: OrderId,
    pub(crate) requester_id: String,
    pub(crate) created_by: String,
    pub(crate) stage: Stage,
    pub(crate) alert: bool,
    pub(crate) version: i64,
    pub(crate) model_id: Option<ModelId>,
    pub(crate) custom_params: Box<RawValue>,
    pub(crate) cost_initial: Option<Cost>,
    pub(crate) cost_final: Option<Cost>,
    pub(crate) created_at: OffsetDateTime,
}

/// A stored value that no order can have.
#[derive(Debug, thiserror::Error)]
#[error("order {order_id} has an impossible {column} in the database")]
struct Inconsistent {
    order_id: i64,
    column: &'static str,
}

/// A row, and the question's place that it answers.
pub(super) struct Row {
    pub(super) place: i64,
    pub(super) order_id: i64,
    pub(super) requester_id: String,
    pub(super) created_by: String,
    pub(super) stage: Parsed<Stage>,
    pub(super) alert: bool,
    pub(super) version: i64,
    pub(super) model_id: Option<Parsed<ModelId>>,
    pub(super) custom_params: Json<Box<RawValue>>,
    pub(super) cost_initial: Option<Decimal>,
    pub(super) cost_final: Option<Decimal>,
    pub(super) created_at: OffsetDateTime,
}

/// A text that stands for one of so many values, or for none of them. It is parsed where it lies.
pub(super) struct Parsed<T>(Option<T>);

/// What is written as a text.
pub(super) trait Written: Sized {
    fn parse(text: &str) -> Option<Self>;
}

impl Written for Stage {
    fn parse(text: &str) -> Option<Self> {
        Self::from_name(text)
    }
}

impl Written for ModelId {
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl<T> Type<Postgres> for Parsed<T> {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }
}

impl<'r, T: Written> Decode<'r, Postgres> for Parsed<T> {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(T::parse(value.as_str()?)))
    }
}

impl TryFrom<Row> for ListItem {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let order_id = row.order_id;
        let wrong = |column| sqlx::Error::Decode(Box::new(Inconsistent { order_id, column }));
        Ok(Self {
            order_id: OrderId::try_from(order_id).map_err(|_| wrong("order_id"))?,
            requester_id: row.requester_id,
            created_by: row.created_by,
            stage: row.stage.0.ok_or_else(|| wrong("stage"))?,
            alert: row.alert,
            version: row.version,
            model_id: row.model_id.map(|it| it.0.ok_or_else(|| wrong("model_id"))).transpose()?,
            custom_params: row.custom_params.0,
            cost_initial: row
                .cost_initial
                .map(Cost::try_from)
                .transpose()
                .map_err(|_| wrong("cost_initial"))?,
            cost_final: row.cost_final.map(Cost::try_from).transpose().map_err(|_| wrong("cost_final"))?,
            created_at: row.created_at,
        })
    }
}
