//! How often one caller may ask: a token bucket a caller and a process. Off unless configured; an edge in front may do it instead.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use schemars::JsonSchema;
use serde::Deserialize;

use super::CallerKey;
use crate::http::{Problem, codes};

/// How often one caller may ask.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct LimitsConfig {
    /// Requests a second that one caller may make for long; no limit if absent.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub caller_requests_per_second: Option<u32>,
    /// Requests that one caller may make at once after a pause.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub caller_burst_requests: u32,
}

pub(super) struct Limiter {
    buckets: DefaultKeyedRateLimiter<CallerKey>,
    clock: DefaultClock,
}

impl Limiter {
    /// `None` where no limit is configured.
    pub(super) fn new(config: &LimitsConfig) -> Option<Self> {
        let rate = NonZeroU32::new(config.caller_requests_per_second?)?;
        let burst = NonZeroU32::new(config.caller_burst_requests)?;
        let quota = Quota::per_second(rate).allow_burst(burst);
        Some(Self { buckets: RateLimiter::keyed(quota), clock: DefaultClock::default() })
    }

    /// Counts a request, or says when to come again.
    pub(super) fn admit(&self, key: &CallerKey) -> Result<(), Problem> {
        self.buckets.check_key(key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            Problem::new(
                codes::RATE_LIMITED,
                "You ask more often than this service allows; wait, then try again",
            )
            .with_retry_after(whole_seconds(wait))
        })
    }

    /// Forgets whoever has not asked for so long that their bucket is full: what is kept is bounded by who asks now.
    pub(super) fn forget_idle(&self) {
        self.buckets.retain_recent();
        self.buckets.shrink_to_fit();
    }
}

/// Rounded up: coming a moment too early would only be refused again.
fn whole_seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> CallerKey {
        CallerKey::Address(Some([127, 0, 0, last].into()))
    }

    #[test]
    fn one_caller_runs_dry_and_another_does_not() {
        let config = LimitsConfig { caller_requests_per_second: Some(1), caller_burst_requests: 3 };
        let limiter = Limiter::new(&config).unwrap();
        for _ in 0..3 {
            limiter.admit(&address(1)).unwrap();
        }
        assert_eq!(limiter.admit(&address(1)).unwrap_err().code(), codes::RATE_LIMITED);
        limiter.admit(&address(2)).unwrap();
        limiter.admit(&CallerKey::User(order_model::UserId::try_from("ada".to_owned()).unwrap())).unwrap();
    }

    #[test]
    fn without_a_rate_there_is_no_limit() {
        let config = LimitsConfig { caller_requests_per_second: None, caller_burst_requests: 3 };
        assert!(Limiter::new(&config).is_none());
    }
}
