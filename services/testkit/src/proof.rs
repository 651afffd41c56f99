//! How thoroughly a test proves what it proves: `cargo xtask prove` asks for the long form and names a seed, everything else
//! gets the short one.

use crate::environment;

const LONG: &str = "ATELIER_TEST_LONG";
const SEED: &str = "ATELIER_TEST_SEED";

/// `long` where the long form is asked for.
pub fn either<T>(long: T, short: T) -> T {
    if environment::variable(LONG).is_some() { long } else { short }
}

/// What chance hangs on.
pub fn seed() -> u64 {
    let named = environment::variable(SEED).and_then(|seed| seed.to_str()?.parse().ok());
    named.unwrap_or(1)
}
