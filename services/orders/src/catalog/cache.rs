//! What is remembered of the catalog's answers, by model, within a bound of bytes.
//! A model is fresh for a while, then stale, which is still shown while it is asked for again, then forgotten.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::sync::Cache as Entries;
use order_model::ModelId;
use reqwest::header::HeaderValue;
use serde_json::value::RawValue;

use super::config::CacheConfig;

/// What an entry takes beside its texts: the map's own bookkeeping, the key, two counters.
const ENTRY_BYTES: usize = 256;

/// What is known of a model: its details as lists show them, or that there is none.
pub(super) type Known = Option<Arc<RawValue>>;

/// The cache.
#[derive(Debug)]
pub(super) struct Cache {
    entries: Entries<ModelId, Arc<Entry>>,
    lifetimes: Lifetimes,
}

/// What an entry holds.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// What the catalog said.
    pub(super) known: Known,
    /// By what it can be asked whether it still says so.
    pub(super) tag: Option<HeaderValue>,
    /// When it last did.
    confirmed: Instant,
}

/// What the cache says.
#[derive(Debug)]
pub(super) enum Remembered {
    /// This, and nobody need be asked.
    Fresh(Known),
    /// This, but it should be asked for again.
    Stale(Arc<Entry>),
    /// Nothing.
    Nothing,
}

impl Entry {
    /// As the catalog says at `confirmed`.
    pub(super) fn new(known: Known, tag: Option<HeaderValue>, confirmed: Instant) -> Self {
        Self { known, tag, confirmed }
    }

    fn bytes(&self) -> u32 {
        let texts = self.known.as_deref().map_or(0, |details| details.get().len());
        let tag = self.tag.as_ref().map_or(0, HeaderValue::len);
        u32::try_from(ENTRY_BYTES + texts + tag).unwrap_or(u32::MAX)
    }
}

impl Cache {
    pub(super) fn new(config: &CacheConfig) -> Self {
        let fresh = Duration::from_secs(config.fresh_seconds);
        let lifetimes = Lifetimes {
            fresh,
            found: fresh + Duration::from_secs(config.stale_seconds),
            missing: Duration::from_secs(config.missing_seconds),
        };
        let entries = Entries::builder()
            .max_capacity(config.bytes_max)
            .weigher(|_, entry: &Arc<Entry>| entry.bytes())
            .expire_after(lifetimes)
            .build();
        Self { entries, lifetimes }
    }

    /// What is remembered of `id` at `now`.
    pub(super) fn look(&self, id: &ModelId, now: Instant) -> Remembered {
        let Some(entry) = self.entries.get(id) else { return Remembered::Nothing };
        let age = now.saturating_duration_since(entry.confirmed);
        // The map forgets too, to be rid of what nobody asks for; by its own clock, which nobody can hand in.
        if age >= self.lifetimes.of(&entry) {
            Remembered::Nothing
        } else if entry.known.is_none() || age < self.lifetimes.fresh {
            Remembered::Fresh(entry.known.clone())
        } else {
            Remembered::Stale(entry)
        }
    }

    /// Remembers it.
    pub(super) fn keep(&self, id: ModelId, entry: Entry) {
        self.entries.insert(id, Arc::new(entry));
    }
}

/// For how long an entry is worth anything.
#[derive(Debug, Clone, Copy)]
struct Lifetimes {
    /// Of what was found, for how long nobody need be asked.
    fresh: Duration,
    found: Duration,
    missing: Duration,
}

impl Lifetimes {
    fn of(&self, entry: &Entry) -> Duration {
        if entry.known.is_some() { self.found } else { self.missing }
    }
}

impl Expiry<ModelId, Arc<Entry>> for Lifetimes {
    fn expire_after_create(&self, _: &ModelId, entry: &Arc<Entry>, _: Instant) -> Option<Duration> {
        Some(self.of(entry))
    }

    fn expire_after_update(
        &self,
        _: &ModelId,
        entry: &Arc<Entry>,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(self.of(entry))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn id(number: u32) -> ModelId {
        ModelId::try_from(format!("{number:024x}")).unwrap()
    }

    fn model(description: &str) -> Arc<RawValue> {
        Arc::from(RawValue::from_string(format!(r#"{{"description": "{description}"}}"#)).unwrap())
    }

    fn config(fresh_seconds: u64, stale_seconds: u64, missing_seconds: u64) -> CacheConfig {
        CacheConfig { bytes_max: 1_000_000, fresh_seconds, stale_seconds, missing_seconds }
    }

    #[test]
    fn a_model_is_fresh_then_stale_then_forgotten() {
        let now = Instant::now();
        let long = Cache::new(&config(60, 60, 60));
        long.keep(id(1), Entry::new(Some(model("vase")), None, now));
        assert!(matches!(long.look(&id(1), now), Remembered::Fresh(Some(_))));
        let stale = Cache::new(&config(0, 60, 60));
        stale.keep(id(1), Entry::new(Some(model("vase")), None, now));
        assert!(matches!(stale.look(&id(1), now), Remembered::Stale(_)));
        let never = Cache::new(&config(0, 0, 60));
        never.keep(id(1), Entry::new(Some(model("vase")), None, now));
        assert!(matches!(never.look(&id(1), now), Remembered::Nothing));
    }

    #[test]
    fn that_there_is_none_is_fresh_or_forgotten_but_never_stale() {
        let now = Instant::now();
        let cache = Cache::new(&config(0, 60, 60));
        cache.keep(id(1), Entry::new(None, None, now));
        assert!(matches!(cache.look(&id(1), now), Remembered::Fresh(None)));
        let never = Cache::new(&config(60, 60, 0));
        never.keep(id(1), Entry::new(None, None, now));
        assert!(matches!(never.look(&id(1), now), Remembered::Nothing));
    }

    #[test]
    fn the_bound_of_bytes_holds() {
        let cache = Cache::new(&config(60, 60, 60));
        let (now, long) = (Instant::now(), "x".repeat(100_000));
        for number in 0..100 {
            cache.keep(id(number), Entry::new(Some(model(&long)), None, now));
        }
        cache.entries.run_pending_tasks();
        let kept = cache.entries.weighted_size();
        assert!((500_000..=1_000_000).contains(&kept), "{kept}");
    }

    /// The catalog says this of a model, which is found or is not; or somebody looks.
    #[derive(Debug, Clone, Copy)]
    enum Event {
        Said { found: bool },
        Looked,
    }

    proptest! {
        /// By a clock that jumps: what is shown is what was said last, and never for longer than it is worth.
        #[test]
        fn what_is_shown_was_said_last_and_is_no_older_than_it_may_be(
            events in proptest::collection::vec(
                (0_u32..4, 0_u64..12, prop_oneof![any::<bool>().prop_map(|found| Event::Said { found }), Just(Event::Looked)]),
                1..80,
            )
        ) {
            let (fresh, stale, missing) = (10, 20, 5);
            let cache = Cache::new(&config(fresh, stale, missing));
            let (mut now, mut said) = (Instant::now(), HashMap::new());
            for (number, (model_id, seconds, event)) in events.into_iter().enumerate() {
                now += Duration::from_secs(seconds);
                if let Event::Said { found } = event {
                    let known = found.then(|| model(&number.to_string()));
                    cache.keep(id(model_id), Entry::new(known.clone(), None, now));
                    said.insert(model_id, (known, now));
                    continue;
                }
                let text = |known: &Known| known.as_deref().map(|it| it.get().to_owned());
                let (known, age) = match said.get(&model_id) {
                    Some((known, at)) => (text(known), (now - *at).as_secs()),
                    None => (None, u64::MAX),
                };
                let has_found = known.is_some();
                let (fresh_for, shown_for) = if has_found { (fresh, fresh + stale) } else { (missing, missing) };
                match cache.look(&id(model_id), now) {
                    Remembered::Fresh(shown) => {
                        prop_assert_eq!(text(&shown), known);
                        prop_assert!(age < fresh_for);
                    }
                    Remembered::Stale(entry) => {
                        prop_assert_eq!(text(&entry.known), known);
                        prop_assert!((fresh_for..shown_for).contains(&age));
                    }
                    Remembered::Nothing => prop_assert!(age >= shown_for),
                }
            }
        }
    }
}
