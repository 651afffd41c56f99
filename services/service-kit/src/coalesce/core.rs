//! The queue of one kind of statement, and the rules by which batches leave it. No tasks, no clock, no database.

mod settle;

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::outcome::Unanswered;
use crate::fair::{FairQueue, Share};

/// The first and the longest pause before an item whose row somebody else holds is tried again.
const PAUSE: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(50));

/// A statement that takes longer than this may be stuck: what waits behind it may go without it.
const SLOW: Duration = Duration::from_millis(10);

/// How much may wait, and how much goes at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) queue_items_max: usize,
    pub(crate) batch_items_max: usize,
}

/// How long an item is worth anything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Until when it may be begun.
    pub(crate) begin_by: Instant,
    /// Until when its asker waits.
    pub(crate) end_by: Instant,
}

/// An item and its place in the world.
#[derive(Debug)]
pub(crate) struct Waiting<T> {
    pub(crate) item: T,
    pub(crate) limits: Limits,
    key: Option<u64>,
    number: u64,
    races: u32,
    pauses: u32,
    alone: bool,
    /// Nobody knows whether it was done; it goes again because a repetition would be recognised.
    in_doubt: bool,
}

/// An item that comes back, and from when on it may go again.
#[derive(Debug)]
struct Back<T> {
    due: Instant,
    waiting: Waiting<T>,
}

/// What left the queue at once.
#[derive(Debug)]
pub(crate) struct Taken<T> {
    /// What goes into the next statement, in the order in which it came.
    pub(crate) batch: Vec<Waiting<T>>,
    /// What is not worth beginning any more, and whether others were in its way before.
    pub(crate) late: Vec<(T, Left)>,
}

/// Why an item left without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// There was no room.
    NoRoom,
    /// Its time was over.
    Late,
    /// Others were in its way for too long. Nothing was done.
    Contended,
    /// It was sent once, and nobody knows what became of it.
    InDoubt,
}

impl<E> From<Left> for Unanswered<E> {
    fn from(why: Left) -> Self {
        match why {
            Left::NoRoom => Self::NoRoom,
            Left::Late => Self::Late,
            Left::Contended => Self::Contended,
            Left::InDoubt => Self::InDoubt,
        }
    }
}

/// A statement that has been sent.
#[derive(Debug)]
struct Flight {
    /// The number of its first item.
    number: u64,
    items: usize,
    since: Instant,
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Core<T> {
    bounds: Bounds,
    fresh: FairQueue<Waiting<T>>,
    /// What comes back goes before whatever is fresh.
    back: VecDeque<Back<T>>,
    /// The keys of what is in a statement now.
    busy: HashSet<u64>,
    flights: Vec<Flight>,
    arrivals: u64,
    /// Before this, looking for items that are late would find none.
    late_from: Option<Instant>,
}

impl<T> Waiting<T> {
    /// The same with another item.
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Waiting<U> {
        let Self { item, limits, key, number, races, pauses, alone, in_doubt } = self;
        Waiting { item: change(item), limits, key, number, races, pauses, alone, in_doubt }
    }

    fn is_late(&self, now: Instant) -> bool {
        self.limits.begin_by <= now
    }

    /// Doubled each time, and spread by up to a half, so that those who wait for one lock do not come back together.
    fn pause(&self) -> Duration {
        let (first, longest) = PAUSE;
        let pause = (first * 2_u32.saturating_pow(self.pauses)).min(longest);
        let spread = u32::try_from(self.key.unwrap_or(self.number) % 8).unwrap_or_default();
        pause + pause / 16 * spread
    }

    fn why_late(&self) -> Left {
        match self {
            Self { in_doubt: true, .. } => Left::InDoubt,
            Self { races: 0, pauses: 0, .. } => Left::Late,
            _ => Left::Contended,
        }
    }
}

impl<T> Core<T> {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            fresh: FairQueue::new(bounds.queue_items_max),
            back: VecDeque::new(),
            busy: HashSet::new(),
            flights: Vec::new(),
            arrivals: 0,
            late_from: None,
        }
    }

    /// Whether anything waits, now or later.
    pub(crate) fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.back.is_empty()
    }

    /// When something may go that may not go now, if the clock alone keeps it.
    pub(crate) fn next_due(&self, now: Instant) -> Option<Instant> {
        let newest = self.flights.iter().map(|flight| flight.since + SLOW).max();
        let fresh = newest.filter(|due| !self.fresh.is_empty() && *due > now);
        if self.back.is_empty() {
            return fresh;
        }
        // One behind another of its key has to wait for more than the clock.
        let mut seen = self.busy.clone();
        let is_first = |back: &&Back<T>| back.waiting.key.is_none_or(|key| seen.insert(key));
        self.back.iter().filter(is_first).map(|back| back.due).chain(fresh).min()
    }

    /// Whether it is worth a look: what waits may go, or is the first to wait for the statements that are in flight.
    pub(crate) fn wants_worker(&self, now: Instant) -> bool {
        self.fresh.len() == 1 || self.may_send_fresh(now)
    }

    /// While a statement is in flight the next one gathers, until it is as large: then it may go beside the first. So a lone
    /// request waits for nobody, and many share few statements. One that is slow is not waited for.
    fn may_send_fresh(&self, now: Instant) -> bool {
        let Some(largest) = self.flights.iter().map(|flight| flight.items).max() else { return true };
        self.fresh.len() >= largest || self.flights.iter().all(|flight| flight.since + SLOW <= now)
    }

    /// Lets `item` wait. Returns what has to leave for it, which may be `item` itself.
    pub(crate) fn push(
        &mut self,
        now: Instant,
        share: Share,
        key: Option<u64>,
        limits: Limits,
        item: T,
    ) -> Vec<(T, Left)> {
        let mut left = Vec::new();
        if self.fresh.len() >= self.bounds.queue_items_max && self.late_from.is_none_or(|from| from <= now) {
            let late = self.fresh.remove_where(|waiting| waiting.is_late(now));
            left.extend(late.into_iter().map(|waiting| (waiting.item, Left::Late)));
            self.late_from = self.fresh.iter().map(|waiting| waiting.limits.begin_by).min();
        }
        self.arrivals += 1;
        let number = self.arrivals;
        let waiting =
            Waiting { item, limits, key, number, races: 0, pauses: 0, alone: false, in_doubt: false };
        left.extend(self.fresh.push(share, waiting).map(|waiting| (waiting.item, Left::NoRoom)));
        left
    }

    /// Takes what the next statement answers. `is_wanted` tells whether anybody still waits for an item.
    pub(crate) fn take(&mut self, now: Instant, is_wanted: impl Fn(&T) -> bool) -> Taken<T> {
        let mut taken = Taken { batch: Vec::new(), late: Vec::new() };
        let held = self.take_back(now, &is_wanted, &mut taken);
        let is_alone = taken.batch.iter().any(|waiting| waiting.alone);
        let is_crowded = self.back.len() >= self.bounds.queue_items_max;
        if !is_alone && !is_crowded && (!taken.batch.is_empty() || self.may_send_fresh(now)) {
            self.take_fresh(now, &is_wanted, &held, &mut taken);
        }
        // A key that comes back stands before one that came later.
        taken.batch.sort_unstable_by_key(|waiting| waiting.number);
        self.busy.extend(taken.batch.iter().filter_map(|waiting| waiting.key));
        if let Some(first) = taken.batch.first() {
            self.flights.push(Flight { number: first.number, items: taken.batch.len(), since: now });
        }
        taken
    }

    /// What comes back and is due. Returns the keys of what has to stay: nothing of theirs may overtake it.
    fn take_back(
        &mut self,
        now: Instant,
        is_wanted: &impl Fn(&T) -> bool,
        taken: &mut Taken<T>,
    ) -> HashSet<u64> {
        let mut held = HashSet::new();
        // However many come back, whoever is fresh gets a part.
        let kept = if self.fresh.is_empty() { 0 } else { self.bounds.batch_items_max / 4 };
        for back in std::mem::take(&mut self.back) {
            let waiting = &back.waiting;
            let blocked = waiting.key.is_some_and(|key| self.busy.contains(&key) || held.contains(&key));
            let has_room = taken.batch.len() < self.bounds.batch_items_max - kept
                && taken.batch.iter().all(|first| !first.alone)
                && (!waiting.alone || taken.batch.is_empty());
            if waiting.is_late(now) || !is_wanted(&waiting.item) {
                let why = waiting.why_late();
                taken.late.push((back.waiting.item, why));
            } else if back.due <= now && has_room && !blocked {
                taken.batch.push(back.waiting);
            } else {
                held.extend(waiting.key);
                self.back.push_back(back);
            }
        }
        held
    }

    fn take_fresh(
        &mut self,
        now: Instant,
        is_wanted: &impl Fn(&T) -> bool,
        held: &HashSet<u64>,
        taken: &mut Taken<T>,
    ) {
        loop {
            let room = self.bounds.batch_items_max - taken.batch.len();
            let is_free = |key: u64| !self.busy.contains(&key) && !held.contains(&key);
            let next = self.fresh.take(room, |waiting| waiting.key.is_none_or(is_free));
            let is_last = next.len() < room;
            for waiting in next {
                if waiting.is_late(now) || !is_wanted(&waiting.item) {
                    taken.late.push((waiting.item, Left::Late));
                } else {
                    taken.batch.push(waiting);
                }
            }
            if is_last || taken.batch.len() == self.bounds.batch_items_max {
                return;
            }
        }
    }
}
