//! A semaphore whose waiters are served in fair turns: so many at once, and whoever waits longest of the caller whose turn it is comes next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::{FairQueue, Share};

/// Places for so many at once.
#[derive(Debug, Clone)]
pub struct Places(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    free: usize,
    waiting: FairQueue<oneshot::Sender<Place>>,
}

/// A place; it is given back with this value.
#[derive(Debug)]
pub struct Place(Option<Places>);

/// More wait than there is room for, and this one has to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many wait for a place")]
pub struct NoPlace;

impl Places {
    /// So many places, and room for so many to wait for one.
    pub fn new(places: usize, waiting_max: usize) -> Self {
        Self(Arc::new(Mutex::new(State { free: places, waiting: FairQueue::new(waiting_max) })))
    }

    /// Waits for a place. Whoever stops waiting leaves nothing behind.
    pub async fn take(&self, share: Share) -> Result<Place, NoPlace> {
        let (offer, offered) = oneshot::channel();
        // Whoever has to leave learns it when its sender is dropped: before the waiting, because it may be this one.
        let left = {
            let mut state = self.lock();
            if state.free > 0 {
                state.free -= 1;
                return Ok(Place(Some(self.clone())));
            }
            state.waiting.push(share, offer)
        };
        drop(left);
        offered.await.map_err(|_| NoPlace)
    }

    /// Passes a place on to whoever is next and still there.
    fn pass_on(&self) {
        loop {
            let next = {
                let mut state = self.lock();
                let Some(next) = state.waiting.pop() else {
                    state.free += 1;
                    return;
                };
                next
            };
            match next.send(Place(Some(self.clone()))) {
                Ok(()) => return,
                // They left: the place is offered to the next, and this one is none.
                Err(mut refused) => refused.0 = None,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(places) = self.0.take() {
            places.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use futures_util::FutureExt;

    use super::*;

    const fn share(caller: u64) -> Share {
        Share(caller)
    }

    #[tokio::test]
    async fn a_place_that_is_given_back_goes_to_the_caller_whose_turn_it_is() {
        let places = Places::new(1, 10);
        let held = places.take(share(1)).await.unwrap();
        let mut greedy: Vec<_> = (0..3).map(|_| Box::pin(places.take(share(1)))).collect();
        for waiting in &mut greedy {
            assert!(waiting.now_or_never().is_none());
        }
        let mut other = Box::pin(places.take(share(2)));
        assert!((&mut other).now_or_never().is_none());
        drop(held);
        let first = (&mut greedy[0]).now_or_never().expect("the oldest of the first caller").unwrap();
        assert!((&mut greedy[1]).now_or_never().is_none());
        drop(first);
        assert!((&mut other).now_or_never().is_some(), "then the other caller, before the first's second");
    }

    #[tokio::test]
    async fn whoever_leaves_takes_no_place_along() {
        let places = Places::new(1, 10);
        let held = places.take(share(1)).await.unwrap();
        let mut gone = Box::pin(places.take(share(2)));
        assert!((&mut gone).now_or_never().is_none());
        drop(gone);
        let mut offered = Box::pin(places.take(share(3)));
        assert!((&mut offered).now_or_never().is_none());
        drop(held);
        // It was offered the place, and leaves without having looked.
        drop(offered);
        assert!(matches!(places.take(share(4)).now_or_never(), Some(Ok(_))));
    }

    #[tokio::test]
    async fn more_than_may_wait_are_told_to_leave() {
        let places = Places::new(1, 1);
        let _held = places.take(share(1)).await.unwrap();
        let mut waiting = Box::pin(places.take(share(1)));
        assert_eq!(futures_util::poll!(&mut waiting).map(|_| ()), Poll::Pending);
        assert_eq!(places.take(share(1)).now_or_never().map(Result::err), Some(Some(NoPlace)));
    }
}
