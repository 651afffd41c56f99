//! One look-up a key at a time: whoever wants what is being looked up already waits for that.
//! A flight goes on when those who wait have left: it was paid for, and the next one finds what it brought.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::Shared;
use tokio::sync::oneshot;

/// What somebody waits for: ends with an error if the flight panicked.
pub(super) type Waiting<V> = Shared<oneshot::Receiver<V>>;

/// What is under way.
#[derive(Debug)]
pub(super) struct Flights<K, V>(Arc<Mutex<HashMap<K, Waiting<V>>>>);

impl<K, V> Flights<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    /// Joins the flight for `key` if there is one.
    pub(super) fn join(&self, key: &K) -> Option<Waiting<V>> {
        self.lock().get(key).cloned()
    }

    /// Joins the flight for `key`, or starts one.
    pub(super) fn start(&self, key: K, flight: impl Future<Output = V> + Send + 'static) -> Waiting<V> {
        let mut flights = self.lock();
        if let Some(waiting) = flights.get(&key) {
            return waiting.clone();
        }
        let (landed, waiting) = oneshot::channel();
        let waiting = waiting.shared();
        flights.insert(key.clone(), waiting.clone());
        // A runtime that is going away drops what is spawned at once, and the landing looks at the list.
        drop(flights);
        let landing = Landing { key, flights: Arc::clone(&self.0) };
        tokio::spawn(async move {
            let value = flight.await;
            // First off the list, then told: whoever asks after the answer finds what the flight left behind.
            drop(landing);
            let _ = landed.send(value);
        });
        waiting
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Waiting<V>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a flight off the list, however it ended.
struct Landing<K: Eq + Hash, V> {
    key: K,
    flights: Arc<Mutex<HashMap<K, Waiting<V>>>>,
}

impl<K: Eq + Hash, V> Drop for Landing<K, V> {
    fn drop(&mut self) {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn all_who_want_the_same_wait_for_one_flight() {
        let (flights, started, gate) =
            (Flights::new(), Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        let flight = || {
            let (started, gate) = (started.clone(), gate.clone());
            async move {
                started.fetch_add(1, Ordering::Relaxed);
                gate.acquire().await.unwrap().forget();
                7
            }
        };
        let all: Vec<_> = (0..10).map(|_| flights.start("a", flight())).collect();
        assert!(flights.join(&"a").is_some() && flights.join(&"b").is_none());
        gate.add_permits(1);
        for waiting in all {
            assert_eq!(waiting.await, Ok(7));
        }
        assert_eq!(started.load(Ordering::Relaxed), 1);
        assert!(flights.join(&"a").is_none(), "it has landed");
    }

    #[tokio::test]
    async fn a_flight_that_panics_leaves_the_list() {
        let flights: Flights<_, i32> = Flights::new();
        let waiting = flights.start("a", async { std::panic::resume_unwind(Box::new("planted")) });
        assert!(waiting.await.is_err());
        assert!(flights.join(&"a").is_none());
    }

    #[tokio::test]
    async fn a_flight_goes_on_when_nobody_waits() {
        let (flights, done) = (Flights::new(), Arc::new(Semaphore::new(0)));
        let landed = done.clone();
        drop(flights.start("a", async move { landed.add_permits(1) }));
        assert!(done.acquire().await.is_ok());
    }
}
