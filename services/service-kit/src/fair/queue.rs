//! A bounded queue in which every caller has a fair share: callers take turns, and when it is full, whoever has most in it gives way.
//!
//! One caller alone may fill the whole queue; ten thousand requests of one delay another's by one turn. It knows no time and no tasks.

use std::collections::{HashMap, VecDeque};

use super::Share;

/// How many items may be refused for each that is looked for.
const REFUSALS_PER_ITEM: usize = 8;

/// The queue.
#[derive(Debug)]
pub struct FairQueue<T> {
    /// What waits, by caller, oldest first. No lane is empty.
    lanes: HashMap<Share, VecDeque<T>>,
    /// Whose turn it is: every caller with a lane, once.
    turns: VecDeque<Share>,
    items: usize,
    items_max: usize,
}

impl<T> FairQueue<T> {
    /// An empty queue for so many items.
    pub fn new(items_max: usize) -> Self {
        Self { lanes: HashMap::new(), turns: VecDeque::new(), items: 0, items_max }
    }

    /// Puts `item` behind what waits for the same caller. Returns what has to leave, if the queue is full: the newest
    /// item of the caller with most in it, which may be `item` itself.
    pub fn push(&mut self, share: Share, item: T) -> Option<T> {
        let left = if self.items < self.items_max {
            None
        } else {
            let own = self.lanes.get(&share).map_or(0, VecDeque::len);
            let longest = self.lanes.iter().map(|(share, lane)| (lane.len(), *share)).max();
            match longest {
                Some((length, greedy)) if length > own + 1 => self.pop_newest(greedy),
                _ => return Some(item),
            }
        };
        let lane = self.lanes.entry(share).or_default();
        if lane.is_empty() {
            self.turns.push_back(share);
        }
        lane.push_back(item);
        self.items += 1;
        left
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.items == 0
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.items
    }

    /// Takes the oldest item of the caller whose turn it is.
    pub fn pop(&mut self) -> Option<T> {
        self.pop_turn().map(|(_, item)| item)
    }

    /// Takes at most `items_max` items in fair turns. What `admits` refuses keeps its place among its caller's, and the caller
    /// has had the turn. After many refusals it stops looking, and goes on from there the next time: a thousand that wait
    /// for one thing must not make everybody wait.
    pub fn take(&mut self, items_max: usize, mut admits: impl FnMut(&T) -> bool) -> Vec<T> {
        let mut taken = Vec::with_capacity(items_max.min(self.items));
        let mut passed_over = Vec::new();
        while taken.len() < items_max
            && passed_over.len() < REFUSALS_PER_ITEM * items_max
            && let Some((share, item)) = self.pop_turn()
        {
            if admits(&item) {
                taken.push(item);
            } else {
                passed_over.push((share, item));
            }
        }
        // The last one first, so that each lane is again as it was.
        for (share, item) in passed_over.into_iter().rev() {
            self.put_back(share, item);
        }
        taken
    }

    /// Removes every item that `is_over` says so of.
    pub fn remove_where(&mut self, mut is_over: impl FnMut(&T) -> bool) -> Vec<T> {
        let mut removed = Vec::new();
        self.lanes.retain(|_, lane| {
            let (over, kept): (Vec<T>, Vec<T>) =
                std::mem::take(lane).into_iter().partition(|item| is_over(item));
            removed.extend(over);
            *lane = kept.into();
            !lane.is_empty()
        });
        self.turns.retain(|share| self.lanes.contains_key(share));
        self.items -= removed.len();
        removed
    }

    /// What waits, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.lanes.values().flatten()
    }

    fn pop_turn(&mut self) -> Option<(Share, T)> {
        let share = self.turns.pop_front()?;
        let lane = self.lanes.get_mut(&share)?;
        let item = lane.pop_front()?;
        if lane.is_empty() {
            self.lanes.remove(&share);
        } else {
            self.turns.push_back(share);
        }
        self.items -= 1;
        Some((share, item))
    }

    fn put_back(&mut self, share: Share, item: T) {
        let lane = self.lanes.entry(share).or_default();
        if lane.is_empty() {
            self.turns.push_back(share);
        }
        lane.push_front(item);
        self.items += 1;
    }

    fn pop_newest(&mut self, share: Share) -> Option<T> {
        let lane = self.lanes.get_mut(&share)?;
        let item = lane.pop_back()?;
        if lane.is_empty() {
            self.lanes.remove(&share);
            self.turns.retain(|turn| *turn != share);
        }
        self.items -= 1;
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn push_all(queue: &mut FairQueue<(u64, usize)>, caller: u64, count: usize) -> Vec<(u64, usize)> {
        (0..count).filter_map(|number| queue.push(Share(caller), (caller, number))).collect()
    }

    #[test]
    fn callers_take_turns() {
        let mut queue = FairQueue::new(100);
        push_all(&mut queue, 1, 50);
        push_all(&mut queue, 2, 2);
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).take(5).collect();
        assert_eq!(order, [(1, 0), (2, 0), (1, 1), (2, 1), (1, 2)]);
    }

    #[test]
    fn one_caller_alone_may_fill_it_and_no_more() {
        let mut queue = FairQueue::new(10);
        assert_eq!(push_all(&mut queue, 1, 12), [(1, 10), (1, 11)]);
    }

    #[test]
    fn in_a_full_queue_whoever_has_most_gives_way() {
        let mut queue = FairQueue::new(10);
        push_all(&mut queue, 1, 10);
        assert_eq!(push_all(&mut queue, 2, 6), [(1, 9), (1, 8), (1, 7), (1, 6), (1, 5), (2, 5)]);
    }

    #[test]
    fn a_caller_gives_way_to_as_many_others_as_there_are_places() {
        let mut queue = FairQueue::new(3);
        push_all(&mut queue, 1, 3);
        assert_eq!(queue.push(Share(2), (2, 0)), Some((1, 2)));
        assert_eq!(queue.push(Share(3), (3, 0)), Some((1, 1)));
        assert_eq!(queue.push(Share(4), (4, 0)), Some((4, 0)), "everybody has one place");
    }

    #[test]
    fn those_behind_many_who_are_refused_have_their_turn() {
        let mut queue = FairQueue::new(100);
        for caller in 1..=20 {
            push_all(&mut queue, caller, 1);
        }
        assert_eq!(
            queue.take(1, |(caller, _)| *caller > 12),
            [],
            "twelve wait for something, eight are looked at"
        );
        assert_eq!(queue.take(1, |(caller, _)| *caller > 12), [(13, 0)], "then whoever is behind them");
    }

    #[test]
    fn many_that_wait_for_one_thing_are_not_all_looked_at() {
        let mut queue = FairQueue::new(1_000);
        push_all(&mut queue, 1, 1_000);
        let mut looks = 0;
        let taken = queue.take(2, |_| {
            looks += 1;
            false
        });
        assert_eq!((taken, looks, queue.len()), (vec![], 16, 1_000));
        assert_eq!(queue.pop(), Some((1, 0)));
    }

    proptest! {
        /// Nothing is lost or doubled, the bound holds, and each caller's items keep their order.
        #[test]
        fn what_goes_in_comes_out_once_and_in_order(
            steps in proptest::collection::vec(proptest::option::weighted(0.7, 0_u64..5), 1..200),
            items_max in 1_usize..20,
        ) {
            let mut queue = FairQueue::new(items_max);
            let mut pushed: HashMap<u64, Vec<usize>> = HashMap::new();
            let mut out: HashMap<u64, Vec<usize>> = HashMap::new();
            let mut gone = Vec::new();
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Some(caller) => {
                        pushed.entry(caller).or_default().push(number);
                        gone.extend(queue.push(Share(caller), (caller, number)));
                    }
                    None if number % 3 == 0 => {
                        // Some callers are refused: what they have keeps its place.
                        for (caller, number) in queue.take(2, |(caller, _)| caller % 2 == 0) {
                            out.entry(caller).or_default().push(number);
                        }
                    }
                    None => if let Some((caller, number)) = queue.pop() {
                        out.entry(caller).or_default().push(number);
                    },
                }
                prop_assert!(queue.items <= items_max);
                prop_assert_eq!(queue.items, queue.lanes.values().map(VecDeque::len).sum::<usize>());
                prop_assert_eq!(queue.turns.len(), queue.lanes.len());
            }
            while let Some((caller, number)) = queue.pop() {
                out.entry(caller).or_default().push(number);
            }
            for (caller, mut numbers) in pushed {
                numbers.retain(|number| !gone.contains(&(caller, *number)));
                prop_assert_eq!(out.remove(&caller).unwrap_or_default(), numbers);
            }
        }
    }
}
