//! What came of a load: counts, times, and the first few of what went wrong in words.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What came of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// How long it took.
    pub seconds: f64,
    /// Right answers.
    pub good: u64,
    /// 503 with `Retry-After`.
    pub refused: u64,
    /// Any other status than the right one.
    pub failed: u64,
    /// Connections that broke with a request on them, or could not be made.
    pub broken: u64,
    /// Answers that belong to another question, or tell what is not so.
    pub mismatches: u64,
    /// Requests that were due and never sent, because every client still waited.
    pub unsent: u64,
    /// The first few of what went wrong, in words.
    pub examples: Vec<String>,
    /// Of right answers only; at a fixed rate from when the request was due.
    pub p50_us: u32,
    /// The same.
    pub p99_us: u32,
    /// The same.
    pub max_us: u32,
    /// The same from when the request was sent: what it took whoever got a turn.
    pub sent_p99_us: u32,
    /// The longest time between two right answers.
    pub silence_us: u32,
}

impl Report {
    /// Right answers a second.
    pub fn rate(&self) -> f64 {
        // No run has so many answers that a float could not count them.
        #[expect(clippy::cast_precision_loss, reason = "a count of answers, far below 2^53")]
        let good = self.good as f64;
        good / self.seconds.max(f64::MIN_POSITIVE)
    }

    /// All that were answered, whatever with.
    pub fn answered(&self) -> u64 {
        self.good + self.refused + self.failed + self.mismatches
    }

    /// All that were not answered as they must be.
    pub fn wrong(&self) -> u64 {
        self.refused + self.failed + self.broken + self.mismatches
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = |us: u32| f64::from(us) / 1000.0;
        write!(
            f,
            "{} requests in {:.1} s ({:.0}/s), {} failed: {} refused, {} of another status, {} broken, {} untrue; {} never sent; \
             p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms, longest silence {:.1} ms",
            self.good + self.wrong(),
            self.seconds,
            self.rate(),
            self.wrong(),
            self.refused,
            self.failed,
            self.broken,
            self.mismatches,
            self.unsent,
            milliseconds(self.p50_us),
            milliseconds(self.p99_us),
            milliseconds(self.max_us),
            milliseconds(self.silence_us),
        )
    }
}

/// The value that so many per mille of `sorted` do not exceed.
pub fn percentile(sorted: &[u32], per_mille: usize) -> u32 {
    let rank = (sorted.len() * per_mille).div_ceil(1000).max(1) - 1;
    sorted.get(rank).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_was_seen() {
        let sorted: Vec<u32> = (1..=200).collect();
        assert_eq!(percentile(&sorted, 990), 198);
        assert_eq!(percentile(&sorted, 500), 100);
        assert_eq!(percentile(&[], 990), 0);
        assert_eq!(percentile(&[7], 10), 7);
    }
}
