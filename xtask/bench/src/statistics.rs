//! Medians, and how sure one can be of them. The same numbers give the same interval, so a table can be made again from its JSON.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

const DRAWS: usize = 5000;
const SEED: u64 = 20_260_101;

/// A median and its bootstrap interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Estimate {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) rounds: usize,
}

impl Estimate {
    /// Of at least one value.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let middle = median(values)?;
        let mut dice = StdRng::seed_from_u64(SEED);
        let mut medians: Vec<f64> = (0..DRAWS)
            .filter_map(|_| {
                let drawn: Vec<f64> =
                    values.iter().map(|_| values[dice.random_range(0..values.len())]).collect();
                median(&drawn)
            })
            .collect();
        medians.sort_by(f64::total_cmp);
        let cut = DRAWS / 40;
        let (low, high) = (*medians.get(cut)?, *medians.get(DRAWS - 1 - cut)?);
        Some(Self { median: middle, low, high, rounds: values.len() })
    }
}

/// The middle one, or the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let above = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 { Some(above) } else { Some(f64::midpoint(sorted[sorted.len() / 2 - 1], above)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn an_interval_holds_its_median_and_is_the_same_each_time() {
        let values = [0.9, 1.0, 1.1, 1.05, 0.95, 1.2, 0.8];
        let estimate = Estimate::of(&values).expect("an estimate");
        assert!(estimate.low < estimate.median && estimate.median < estimate.high, "{estimate:?}");
        assert!(estimate.low >= 0.8 && estimate.high <= 1.2, "{estimate:?}");
        assert_eq!(Some(estimate), Estimate::of(&values));
    }

    #[test]
    fn an_interval_is_narrower_where_the_values_agree() {
        let width = |values: &[f64]| Estimate::of(values).map_or(f64::NAN, |found| found.high - found.low);
        let (agreeing, scattered) = ([1.0, 1.01, 0.99, 1.0, 1.0], [0.2, 3.0, 1.0, 2.0, 0.5]);
        assert!(width(&agreeing) < width(&scattered) / 10.0);
    }
}
