//! Money: exact inside, two decimals, never negative. The currency is the shop's and is not stored.

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

/// The largest cost that a `numeric(12,2)` column holds.
const MAX: Decimal = Decimal::from_parts(0xD4A5_0FFF, 0xE8, 0, false, 2);

/// What the digits are divided by, by scale.
const DIVISORS: [f64; 3] = [1.0, 10.0, 100.0];

/// How far a binary fraction may lie from the decimal it stands for: `0.1 + 0.2` passes, `0.305` does not.
const FLOAT_SLACK: Decimal = Decimal::from_parts(1, 0, 0, false, 6);

/// A cost, 0..=9999999999.99, with two decimals. Goes out as a JSON number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(Decimal);

/// Why a number is no cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CostError {
    /// Below zero or more than the column holds.
    #[error("must be from 0 to 9999999999.99")]
    OutOfRange,
    /// More precise than money is.
    #[error("must have at most 2 decimals")]
    TooPrecise,
}

impl Cost {
    /// The amount, as the database stores it.
    pub const fn get(self) -> Decimal {
        self.0
    }
}

impl Serialize for Cost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Exact: there are at most twelve digits, and the quotient of two whole numbers is rounded once.
        #[expect(clippy::cast_precision_loss, reason = "twelve digits fit")]
        let mantissa = self.0.mantissa() as f64;
        serializer.serialize_f64(mantissa / DIVISORS[self.0.scale() as usize])
    }
}

impl TryFrom<Decimal> for Cost {
    type Error = CostError;

    fn try_from(amount: Decimal) -> Result<Self, CostError> {
        // As it comes from the database, where nothing is left to be rounded.
        if amount.scale() == 2 && amount.is_sign_positive() && amount.mantissa() <= MAX.mantissa() {
            return Ok(Self(amount));
        }
        let mut rounded = amount.round_dp(2);
        if (amount - rounded).abs() > FLOAT_SLACK {
            return Err(CostError::TooPrecise);
        }
        if rounded.is_sign_negative() && !rounded.is_zero() || rounded > MAX {
            return Err(CostError::OutOfRange);
        }
        rounded.set_sign_positive(true);
        Ok(Self(rounded))
    }
}

impl TryFrom<f64> for Cost {
    type Error = CostError;

    fn try_from(amount: f64) -> Result<Self, CostError> {
        Decimal::try_from(amount).map_err(|_| CostError::OutOfRange).and_then(Self::try_from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_decimals_pass_and_binary_noise_is_rounded_away() {
        for (given, kept) in
            [(0.0, "0"), (12.5, "12.5"), (0.1 + 0.2, "0.3"), (9_999_999_999.99, "9999999999.99"), (-0.0, "0")]
        {
            let cost = Cost::try_from(given).expect("a cost");
            assert_eq!(cost.get(), kept.parse::<Decimal>().expect("a decimal"), "{given}");
        }
    }

    #[test]
    fn a_cost_goes_out_as_the_number_that_it_is() {
        for text in
            ["0", "0.00", "0.01", "0.1", "12.5", "12.50", "1.15", "4.35", "9999999999.99", "9999999999"]
        {
            let cost = Cost::try_from(text.parse::<Decimal>().expect("a decimal")).expect("a cost");
            let written = serde_json::to_string(&cost).expect("JSON");
            let number: f64 = text.parse().expect("a number");
            assert_eq!(written, serde_json::to_string(&number).expect("JSON"), "{text}");
        }
    }

    #[test]
    fn more_decimals_and_amounts_out_of_range_are_refused() {
        assert_eq!(Cost::try_from(0.305), Err(CostError::TooPrecise));
        for amount in [-0.01, 10_000_000_000.0, 1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(Cost::try_from(amount), Err(CostError::OutOfRange), "{amount}");
        }
    }
}
