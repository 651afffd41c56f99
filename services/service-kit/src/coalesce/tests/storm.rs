//! All laws at once: callers, keys, locks, lost races, bad items, broken connections and a moving clock, in any order.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::super::core::Left;
use super::*;

/// What a statement meets at an item, at each of its attempts in turn; after the last it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meets {
    /// The statement is refused, as often as this item is in it.
    Bad,
    /// The connection breaks: this once.
    Break,
    Lost,
    Held,
}

#[derive(Debug, Clone)]
enum Step {
    Push {
        caller: u64,
        key: Option<u64>,
        meets: Vec<Meets>,
        may_repeat: bool,
    },
    Take,
    /// The statement that was sent as the so-manieth of those in flight ends.
    Settle(usize),
    Advance(u64),
    /// Whoever asked for the so-manieth item leaves.
    Leave(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let meets = prop_oneof![
        1 => Just(Meets::Bad),
        1 => Just(Meets::Break),
        3 => Just(Meets::Lost),
        3 => Just(Meets::Held),
    ];
    let step = prop_oneof![
        6 => (0_u64..3, proptest::option::weighted(0.7, 0_u64..4), proptest::collection::vec(meets, 0..3), any::<bool>())
            .prop_map(|(caller, key, meets, may_repeat)| Step::Push { caller, key, meets, may_repeat }),
        4 => Just(Step::Take),
        4 => (0_usize..3).prop_map(Step::Settle),
        2 => (1_u64..400).prop_map(Step::Advance),
        1 => (0_usize..64).prop_map(Step::Leave),
    ];
    proptest::collection::vec(step, 1..120)
}

/// What the test knows of an item.
struct Known {
    caller: u64,
    key: Option<u64>,
    meets: Vec<Meets>,
    may_repeat: bool,
    begin_by: Instant,
    attempts: usize,
    has_left: bool,
    /// A statement that it was in broke.
    has_met_break: bool,
    may_go_from: Option<Instant>,
}

impl Known {
    /// Nobody knows whether it was written, and a repetition would not be recognised.
    fn is_unknown(&self) -> bool {
        self.has_met_break && !self.may_repeat
    }
}

/// The core, what is in flight, and what the test knows.
struct Storm {
    bench: Bench,
    known: Vec<Known>,
    in_flight: Vec<Vec<Waiting<u32>>>,
    told: HashMap<u32, Answer>,
    gone: HashSet<u32>,
    /// The order in which items of one caller and key were answered.
    order: HashMap<(u64, u64), Vec<u32>>,
}

impl Storm {
    fn new() -> Self {
        let bench = Bench::new(Bounds { queue_items_max: 24, batch_items_max: 5 });
        Self {
            bench,
            known: Vec::new(),
            in_flight: Vec::new(),
            told: HashMap::new(),
            gone: HashSet::new(),
            order: HashMap::new(),
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Push { caller, key, meets, may_repeat } => {
                let item = u32::try_from(self.known.len()).expect("few");
                self.known.push(Known {
                    caller,
                    key,
                    meets,
                    may_repeat,
                    begin_by: self.bench.now + BEGIN,
                    attempts: 0,
                    has_left: false,
                    has_met_break: false,
                    may_go_from: None,
                });
                for left in self.bench.push_of(caller, item, key) {
                    assert!(self.gone.insert(left), "an item leaves once");
                }
            }
            Step::Take => self.take(),
            Step::Settle(place) if !self.in_flight.is_empty() => {
                let batch = self.in_flight.remove(place % self.in_flight.len());
                self.settle(batch);
            }
            Step::Advance(ms) => self.bench.advance(Duration::from_millis(ms)),
            Step::Leave(item) => {
                if let Some(known) = self.known.get_mut(item) {
                    known.has_left = true;
                }
            }
            Step::Settle(_) => {}
        }
    }

    fn take(&mut self) {
        let now = self.bench.now;
        let taken = self.bench.core.take(now, |item| !self.known[*item as usize].has_left);
        for (item, why) in taken.late {
            let known = &self.known[item as usize];
            assert_eq!(why == Left::InDoubt, known.has_met_break, "{item} is told the truth");
            assert!(known.has_left || known.begin_by <= now, "{item} is neither late nor left");
            assert!(self.gone.insert(item), "an item leaves once");
        }
        if taken.batch.is_empty() {
            return;
        }
        assert!(taken.batch.len() <= 5, "law 1");
        let busy: HashSet<u64> =
            self.in_flight.iter().flatten().filter_map(|it| self.known[it.item as usize].key).collect();
        for waiting in &taken.batch {
            let known = &mut self.known[waiting.item as usize];
            assert!(known.key.is_none_or(|key| !busy.contains(&key)), "law 3: {} is in flight", waiting.item);
            assert!(known.begin_by > now && !known.has_left, "law 5");
            assert!(!known.is_unknown(), "law 4: {} may have been written", waiting.item);
            assert!(known.may_go_from.is_none_or(|from| from <= now), "law 8: too early");
            assert!(!self.told.contains_key(&waiting.item) && !self.gone.contains(&waiting.item), "law 6");
            known.attempts += 1;
        }
        let numbers = items(&taken.batch);
        assert!(numbers.is_sorted(), "law 3: in the order in which they came: {numbers:?}");
        self.in_flight.push(taken.batch);
    }

    /// What the statement meets at each of its items.
    fn meetings(&self, batch: &[Waiting<u32>]) -> Vec<(u32, Option<Meets>)> {
        // What stops one item stops its followers in the same statement: they are decided on what it leaves.
        let mut stopped: HashMap<u64, Meets> = HashMap::new();
        let mut met = |known: &Known| {
            let own = known.meets.get(known.attempts - 1).copied();
            let Some(key) = known.key else { return own };
            if let Some(first) = stopped.get(&key) {
                return Some(*first);
            }
            if let Some(first @ (Meets::Lost | Meets::Held)) = own {
                stopped.insert(key, first);
            }
            own
        };
        batch.iter().map(|it| (it.item, met(&self.known[it.item as usize]))).collect()
    }

    /// Ends a statement as its items have it.
    fn settle(&mut self, batch: Vec<Waiting<u32>>) {
        let now = self.bench.now;
        let all = self.meetings(&batch);
        let is_bad = batch.iter().any(|it| self.known[it.item as usize].meets.contains(&Meets::Bad));
        let is_alone = batch.len() == 1;
        let result = if is_bad {
            Err(Failure::Refused("bad"))
        } else if all.iter().any(|(_, met)| *met == Some(Meets::Break)) {
            for (item, _) in &all {
                let known = &mut self.known[*item as usize];
                known.has_met_break = true;
            }
            Err(Failure::Unknown("broke"))
        } else {
            Ok(all
                .iter()
                .map(|(item, met)| match met {
                    Some(Meets::Lost) => Outcome::Lost,
                    Some(Meets::Held) => {
                        self.known[*item as usize].may_go_from = Some(now + Duration::from_millis(5));
                        Outcome::Held
                    }
                    _ => Outcome::Answer(*item),
                })
                .collect())
        };
        let known = &self.known;
        let may_repeat = |item: &u32| known[*item as usize].may_repeat;
        let settled = self.bench.core.settle(now, batch, result.clone(), may_repeat);
        for (item, answer) in settled {
            let known = &self.known[item as usize];
            match &answer {
                Ok(answer) => {
                    assert_eq!(*answer, item, "law 6: its own");
                    if let Some(key) = known.key {
                        self.order.entry((known.caller, key)).or_default().push(item);
                    }
                }
                Err(Unanswered::Failed("bad")) => {
                    assert!(is_alone && known.meets.contains(&Meets::Bad), "law 4: only the bad one");
                }
                Err(Unanswered::Failed(_)) => {
                    assert!(matches!(result, Err(Failure::Unknown(_))));
                    assert!(known.is_unknown() || known.begin_by <= now, "what may be repeated is");
                }
                Err(why @ (Unanswered::Contended | Unanswered::InDoubt)) => {
                    assert_eq!(*why == Unanswered::InDoubt, known.has_met_break, "{item} is told the truth");
                    assert!(
                        known.begin_by <= now + Duration::from_millis(75),
                        "there was time: with so few troubles nobody gives up"
                    );
                }
                // Refused with others, and no time to go alone: it was not begun, as far as it goes.
                Err(Unanswered::Late) => assert!(known.begin_by <= now && !known.has_met_break),
                other => panic!("{item}: {other:?}"),
            }
            assert!(self.told.insert(item, answer).is_none(), "law 6: {item} is told twice");
        }
    }

    /// Lets everything end: nobody is left without an answer, and nothing stays behind.
    fn finish(mut self) {
        for _ in 0..2_000 {
            self.take();
            if let Some(batch) = self.in_flight.pop() {
                self.settle(batch);
            } else if self.bench.core.is_empty() {
                break;
            } else {
                let due = self
                    .bench
                    .core
                    .next_due(self.bench.now)
                    .expect("what waits may go now, or at a known time");
                assert!(due > self.bench.now, "what is due and blocked by nothing goes");
                self.bench.now = due;
            }
        }
        assert!(self.bench.core.is_empty(), "something stays behind for ever");
        for item in 0..u32::try_from(self.known.len()).expect("few") {
            let (told, gone) = (self.told.contains_key(&item), self.gone.contains(&item));
            assert!(told != gone, "{item}: told {told}, gone {gone}");
        }
        for ((caller, key), answered) in self.order {
            // One that was bad or lost goes alone, but never before one that came earlier of the same caller and key.
            assert!(answered.is_sorted(), "caller {caller}, key {key}: {answered:?}");
        }
    }
}

proptest! {
    #[test]
    fn in_any_storm_the_laws_hold_and_everybody_is_told_once(steps in steps()) {
        let mut storm = Storm::new();
        for step in steps {
            storm.step(step);
        }
        storm.finish();
    }
}
