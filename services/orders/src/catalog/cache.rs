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
    fresh: Duration,
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
    /// As the catalog says now.
    pub(super) fn now(known: Known, tag: Option<HeaderValue>) -> Self {
        Self { known, tag, confirmed: Instant::now() }
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
            found: fresh + Duration::from_secs(config.stale_seconds),
            missing: Duration::from_secs(config.missing_seconds),
        };
        let entries = Entries::builder()
            .max_capacity(config.bytes_max)
            .weigher(|_, entry: &Arc<Entry>| entry.bytes())
            .expire_after(lifetimes)
            .build();
        Self { entries, fresh }
    }

    /// What is remembered of `id`.
    pub(super) fn look(&self, id: &ModelId) -> Remembered {
        match self.entries.get(id) {
            None => Remembered::Nothing,
            // That there is none is forgotten when it is no longer fresh.
            Some(entry) if entry.known.is_none() || entry.confirmed.elapsed() < self.fresh => {
                Remembered::Fresh(entry.known.clone())
            }
            Some(entry) => Remembered::Stale(entry),
        }
    }

    /// Remembers it.
    pub(super) fn keep(&self, id: ModelId, entry: Entry) {
        self.entries.insert(id, Arc::new(entry));
    }
}

struct Lifetimes {
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
        let long = Cache::new(&config(60, 60, 60));
        long.keep(id(1), Entry::now(Some(model("vase")), None));
        assert!(matches!(long.look(&id(1)), Remembered::Fresh(Some(_))));
        let stale = Cache::new(&config(0, 60, 60));
        stale.keep(id(1), Entry::now(Some(model("vase")), None));
        assert!(matches!(stale.look(&id(1)), Remembered::Stale(_)));
        let never = Cache::new(&config(0, 0, 60));
        never.keep(id(1), Entry::now(Some(model("vase")), None));
        assert!(matches!(never.look(&id(1)), Remembered::Nothing));
    }

    #[test]
    fn that_there_is_none_is_fresh_or_forgotten_but_never_stale() {
        let cache = Cache::new(&config(0, 60, 60));
        cache.keep(id(1), Entry::now(None, None));
        assert!(matches!(cache.look(&id(1)), Remembered::Fresh(None)));
        let never = Cache::new(&config(60, 60, 0));
        never.keep(id(1), Entry::now(None, None));
        assert!(matches!(never.look(&id(1)), Remembered::Nothing));
    }

    #[test]
    fn the_bound_of_bytes_holds() {
        let cache = Cache::new(&config(60, 60, 60));
        let long = "x".repeat(100_000);
        for number in 0..100 {
            cache.keep(id(number), Entry::now(Some(model(&long)), None));
        }
        cache.entries.run_pending_tasks();
        let kept = cache.entries.weighted_size();
        assert!((500_000..=1_000_000).contains(&kept), "{kept}");
    }
}
