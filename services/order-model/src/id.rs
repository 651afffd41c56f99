//! Ids that are numbers or hex: parsed once at the edge, carried as types from there on.
//! Nothing here may accept a value that the database would refuse.

use std::fmt;

use serde::{Serialize, Serializer};

/// The largest order id and version: 2^53 − 1, the last integer that every JSON reader holds exactly.
const MAX: i64 = (1 << 53) - 1;

/// An order's id, 1..=2^53−1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct OrderId(i64);

/// Why a number is no order id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an integer from 1 to 9007199254740991")]
pub struct OrderIdError;

impl OrderId {
    /// The largest id there can be.
    pub const MAX: Self = Self(MAX);

    /// The number, as the database stores it.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for OrderId {
    type Error = OrderIdError;

    fn try_from(value: i64) -> Result<Self, OrderIdError> {
        if (1..=MAX).contains(&value) { Ok(Self(value)) } else { Err(OrderIdError) }
    }
}

impl std::str::FromStr for OrderId {
    type Err = OrderIdError;

    /// Digits only: `+7`, ` 7` and `7.0` are no ids. Leading zeros are.
    fn from_str(text: &str) -> Result<Self, OrderIdError> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(OrderIdError);
        }
        text.parse::<i64>().map_err(|_| OrderIdError).and_then(Self::try_from)
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How often an order has changed, creation included: 1 for a new order, one more with each event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Version(i64);

impl Version {
    /// The version of an order that was just created.
    pub const FIRST: Self = Self(1);

    /// `value` as a version, if it can be one.
    pub fn new(value: i64) -> Option<Self> {
        (1..=MAX).contains(&value).then_some(Self(value))
    }

    /// The number, as the database stores it.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The version after one more event. Nobody lives to see 2^53 of them; the database would refuse that row.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A model's id in the catalog: 24 hex digits, their case kept as the buyer wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId([u8; MODEL_ID_DIGITS]);

const MODEL_ID_DIGITS: usize = 24;

/// Why a text is no model id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 24 hexadecimal digits")]
pub struct ModelIdError;

impl ModelId {
    /// The id as it was given.
    pub fn as_str(&self) -> &str {
        // Hex digits are always text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The id in lower case: two spellings of one id are one model.
    #[must_use]
    pub const fn lower_case(mut self) -> Self {
        self.0.make_ascii_lowercase();
        self
    }
}

impl TryFrom<String> for ModelId {
    type Error = ModelIdError;

    fn try_from(text: String) -> Result<Self, ModelIdError> {
        text.parse()
    }
}

impl std::str::FromStr for ModelId {
    type Err = ModelIdError;

    fn from_str(text: &str) -> Result<Self, ModelIdError> {
        let digits: [u8; MODEL_ID_DIGITS] = text.as_bytes().try_into().map_err(|_| ModelIdError)?;
        if digits.iter().all(u8::is_ascii_hexdigit) { Ok(Self(digits)) } else { Err(ModelIdError) }
    }
}

impl Serialize for ModelId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
