//! Whether a request gets spans, decided before there is one: a request that gets none pays for the question only.

use opentelemetry::trace::TraceId;

use super::config::Sampler;

/// How a request is chosen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sampling {
    follows_caller: bool,
    /// Trace ids whose lower half is below this are chosen.
    below: u64,
}

impl Sampling {
    /// One that chooses this part of all traces, from 0 to 1, where the sampler leaves it a choice.
    pub(super) fn new(sampler: Sampler, ratio: f64) -> Self {
        let (follows_caller, ratio) = match sampler {
            Sampler::AlwaysOn => (false, 1.0),
            Sampler::AlwaysOff => (false, 0.0),
            Sampler::TraceIdRatio => (false, ratio),
            Sampler::ParentBasedAlwaysOn => (true, 1.0),
            Sampler::ParentBasedAlwaysOff => (true, 0.0),
            Sampler::ParentBasedTraceIdRatio => (true, ratio),
        };
        Self { follows_caller, below: part_of_range(ratio) }
    }

    /// Whether the trace is chosen; `caller` is what a caller who named the trace says of it.
    pub(super) fn chooses(self, trace_id: TraceId, caller: Option<bool>) -> bool {
        match caller {
            Some(chosen) if self.follows_caller => chosen,
            // The id decides, so that all services with one ratio choose the same traces. It is the arithmetic of OpenTelemetry's own
            // samplers: the lower 8 bytes without their last bit.
            _ => (lower_half(trace_id) >> 1) < self.below,
        }
    }
}

fn lower_half(trace_id: TraceId) -> u64 {
    trace_id.to_bytes().last_chunk().map_or(0, |half| u64::from_be_bytes(*half))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "the ratio is from 0 to 1, and one trace in 2^53 more or less is nothing"
)]
fn part_of_range(ratio: f64) -> u64 {
    (ratio.clamp(0.0, 1.0) * (1_u64 << 63) as f64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(sampler: Sampler, ratio: f64, caller: Option<bool>) -> usize {
        let sampling = Sampling::new(sampler, ratio);
        // Steps of the golden ratio spread evenly over all ids.
        let ids = (0..10_000_u128).map(|n| TraceId::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        ids.filter(|id| sampling.chooses(*id, caller)).count()
    }

    #[test]
    fn a_ratio_chooses_that_part_of_all_traces() {
        for (ratio, expected) in [(0.0, 0), (0.01, 100), (0.5, 5000), (1.0, 10_000)] {
            let found = chosen(Sampler::ParentBasedTraceIdRatio, ratio, None);
            assert!(found.abs_diff(expected) <= 5, "{ratio}: {found}");
            assert_eq!(chosen(Sampler::TraceIdRatio, ratio, Some(true)), found, "the caller has no say");
        }
        assert_eq!(chosen(Sampler::AlwaysOn, 0.0, Some(false)), 10_000);
        assert_eq!(chosen(Sampler::AlwaysOff, 1.0, Some(true)), 0);
    }

    #[test]
    fn the_callers_decision_is_followed_where_the_sampler_says_so() {
        for (sampler, ratio) in [
            (Sampler::ParentBasedTraceIdRatio, 0.01),
            (Sampler::ParentBasedAlwaysOn, 0.0),
            (Sampler::ParentBasedAlwaysOff, 1.0),
        ] {
            assert_eq!(chosen(sampler, ratio, Some(true)), 10_000, "{sampler:?}");
            assert_eq!(chosen(sampler, ratio, Some(false)), 0, "{sampler:?}");
        }
        assert_eq!(chosen(Sampler::ParentBasedAlwaysOn, 0.0, None), 10_000);
        assert_eq!(chosen(Sampler::ParentBasedAlwaysOff, 1.0, None), 0);
    }
}
