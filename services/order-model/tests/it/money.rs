//! Money: two decimals, exact inside, never negative, never more than the column holds.

use order_model::{Cost, CostError};
use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};
use proptest::test_runner::RngSeed;
use rust_decimal::Decimal;

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

fn from_float(amount: f64) -> Result<Decimal, CostError> {
    Cost::try_from(amount).map(Cost::get)
}

fn from_decimal(text: &str) -> Result<Decimal, CostError> {
    Cost::try_from(decimal(text)).map(Cost::get)
}

#[test]
fn an_amount_of_up_to_two_decimals_is_kept_exactly() {
    for text in ["0", "0.0", "0.01", "0.1", "0.10", "1", "12.5", "19.99", "9999999999.98", "9999999999.99"] {
        assert_eq!(from_decimal(text), Ok(decimal(text)), "{text}");
        assert_eq!(from_float(text.parse().expect("a float")), Ok(decimal(text)), "{text}");
    }
}

#[test]
fn zeros_behind_the_second_decimal_are_no_precision() {
    assert_eq!(from_decimal("12.500000"), Ok(decimal("12.5")));
    assert_eq!(from_decimal("9999999999.9900"), Ok(decimal("9999999999.99")));
}

#[test]
fn the_noise_of_binary_fractions_is_rounded_away() {
    assert_eq!(from_float(0.1 + 0.2), Ok(decimal("0.3")));
    assert_eq!(from_float(1.1 * 1.1 + 0.09), Ok(decimal("1.3")));
    assert_eq!(from_float(4.35 * 100.0), Ok(decimal("435")));
    assert_eq!(from_float(9_999_999_999.98 + 0.01), Ok(decimal("9999999999.99")));
}

#[test]
fn a_millionth_passes_as_noise_and_more_does_not() {
    assert_eq!(from_decimal("7.000001"), Ok(decimal("7")));
    assert_eq!(from_decimal("6.999999"), Ok(decimal("7")));
    assert_eq!(from_decimal("7.0000011"), Err(CostError::TooPrecise));
    assert_eq!(from_decimal("6.9999989"), Err(CostError::TooPrecise));
    assert_eq!(from_float(7.000_000_9), Ok(decimal("7")));
    assert_eq!(from_float(7.000_001_1), Err(CostError::TooPrecise));
}

#[test]
fn a_third_decimal_is_refused_not_rounded() {
    for text in ["0.001", "0.005", "0.305", "0.015", "19.999", "1.2345", "9999999999.984"] {
        assert_eq!(from_decimal(text), Err(CostError::TooPrecise), "{text}");
        assert_eq!(from_float(text.parse().expect("a float")), Err(CostError::TooPrecise), "{text}");
    }
}

#[test]
fn nothing_above_the_largest_amount_passes() {
    for text in ["10000000000", "10000000000.00", "99999999999.99", "79228162514264337593543950335"] {
        assert_eq!(from_decimal(text), Err(CostError::OutOfRange), "{text}");
    }
    assert!(from_decimal("9999999999.995").is_err());
    for amount in [1e10, 10_000_000_000.01, 1e15, 1e28, 1e29, 1e300, f64::MAX, f64::INFINITY] {
        assert_eq!(from_float(amount), Err(CostError::OutOfRange), "{amount}");
    }
}

#[test]
fn nothing_below_zero_passes() {
    for text in ["-0.01", "-1", "-9999999999.99", "-79228162514264337593543950335"] {
        assert_eq!(from_decimal(text), Err(CostError::OutOfRange), "{text}");
    }
    for amount in [-0.01, -1.0, -1e300, f64::MIN, f64::NEG_INFINITY] {
        assert_eq!(from_float(amount), Err(CostError::OutOfRange), "{amount}");
    }
}

#[test]
fn not_a_number_is_no_cost() {
    assert_eq!(from_float(f64::NAN), Err(CostError::OutOfRange));
    assert_eq!(from_float(-f64::NAN), Err(CostError::OutOfRange));
}

#[test]
fn the_smallest_fractions_are_zero() {
    for amount in [0.0, -0.0, 1e-9, 1e-28, 1e-40, f64::MIN_POSITIVE, 5e-324] {
        assert_eq!(from_float(amount), Ok(Decimal::ZERO), "{amount}");
    }
}

#[test]
fn no_zero_keeps_a_minus() {
    for cost in
        [Cost::try_from(-0.0), Cost::try_from(decimal("-0.00")), Cost::try_from(decimal("-0.0000001"))]
    {
        let cost = cost.expect("a cost");
        assert!(!cost.get().is_sign_negative());
        assert_eq!(serde_json::to_string(&cost).expect("JSON"), "0.0");
    }
}

#[test]
fn a_cost_goes_out_as_a_json_number() {
    for (text, json) in [("0.30", "0.3"), ("12.5", "12.5"), ("7", "7.0"), ("9999999999.99", "9999999999.99")]
    {
        let cost = Cost::try_from(decimal(text)).expect("a cost");
        assert_eq!(serde_json::to_string(&cost).expect("JSON"), json);
    }
}

#[test]
fn a_refused_amount_reads_why() {
    assert_eq!(CostError::OutOfRange.to_string(), "must be from 0 to 9999999999.99");
    assert_eq!(CostError::TooPrecise.to_string(), "must have at most 2 decimals");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4096,
        rng_seed: RngSeed::Fixed(305),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_cent_survives_the_way_in_and_out(cents in 0_i64..=999_999_999_999) {
        let exact = Decimal::new(cents, 2);
        let text = exact.to_string();
        let parsed = Cost::try_from(text.parse::<f64>().expect("a float")).expect("a cost");
        prop_assert_eq!(parsed.get(), exact);
        prop_assert_eq!(Cost::try_from(exact).expect("a cost"), parsed);
        let out: f64 = serde_json::to_string(&parsed).expect("JSON").parse().expect("a float");
        prop_assert_eq!(Cost::try_from(out).expect("a cost").get(), exact);
    }

    #[test]
    fn no_thousandth_passes(cents in 0_i64..999_999_999_999, thousandth in 1_i64..=9) {
        let amount = Decimal::new(cents * 10 + thousandth, 3);
        prop_assert_eq!(Cost::try_from(amount), Err(CostError::TooPrecise));
        let float: f64 = amount.to_string().parse().expect("a float");
        prop_assert_eq!(Cost::try_from(float), Err(CostError::TooPrecise));
    }
}
