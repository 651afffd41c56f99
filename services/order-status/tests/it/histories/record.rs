//! A history: who asked what and who was told what, in the order in which it happened. And whether some sequence explains it.

use std::collections::HashSet;
use std::sync::Mutex;

use order_model::Reason;
use stateright::semantics::{ConsistencyTester, LinearizabilityTester};

use super::spec::{Op, Slot, Told};

/// Somebody who asks one thing after the other. Who was not told what became of a question is somebody else from then on,
/// because that question may still be carried out.
pub(super) type Thread = u32;

/// How a question ended.
#[derive(Debug, Clone)]
enum End {
    /// Nobody knows, or not yet: it may be carried out at any time after it was asked.
    Unknown,
    /// With this answer.
    Told(Told),
    /// It was not carried out: the service says so, or it was a read, which changes nothing.
    Nothing,
    /// Nobody was told, and nothing ever showed of it.
    Lost,
}

#[derive(Debug, Clone)]
struct Question {
    slot: usize,
    thread: Thread,
    op: Op,
    end: End,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Asked(usize),
    Ended(usize),
}

#[derive(Debug, Default)]
struct Written {
    questions: Vec<Question>,
    events: Vec<Event>,
}

/// What was written down.
#[derive(Debug, Default)]
pub(super) struct Record(Mutex<Written>);

/// What a history is made of.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    pub(super) told: usize,
    pub(super) changed: usize,
    pub(super) unknown: usize,
    pub(super) nothing: usize,
}

impl Counts {
    pub(super) fn add(&mut self, more: Self) {
        self.told += more.told;
        self.changed += more.changed;
        self.unknown += more.unknown;
        self.nothing += more.nothing;
    }
}

impl Record {
    /// Somebody is about to ask. Gives the question's number.
    pub(super) fn asks(&self, slot: usize, thread: Thread, op: Op) -> usize {
        let mut written = self.0.lock().expect("the record");
        let number = written.questions.len();
        written.questions.push(Question { slot, thread, op, end: End::Unknown });
        written.events.push(Event::Asked(number));
        number
    }

    /// The answer is here.
    pub(super) fn told(&self, number: usize, told: Told) {
        self.ends(number, End::Told(told));
    }

    /// It was not carried out, and never will be.
    pub(super) fn nothing(&self, number: usize) {
        self.ends(number, End::Nothing);
    }

    fn ends(&self, number: usize, end: End) {
        let mut written = self.0.lock().expect("the record");
        written.questions[number].end = end;
        written.events.push(Event::Ended(number));
    }

    /// How many questions have been asked.
    pub(super) fn asked(&self) -> usize {
        self.0.lock().expect("the record").questions.len()
    }

    /// Of the changes that nobody was told of, those that left no trace in `history`, the reasons of the order's events, were not
    /// made. The tester may leave out any of them anyway, so this takes possibilities from it and gives it none: with many of
    /// them it would never end.
    pub(super) fn forget(&self, slot: usize, history: &HashSet<String>) {
        let mut written = self.0.lock().expect("the record");
        let is_made = |it: &Question| matches!(it.end, End::Told(Told::Made { replayed: false, .. }));
        let is_told_made =
            written.questions.iter().any(|question| question.slot == slot && is_made(question));
        for question in written.questions.iter_mut().filter(|question| question.slot == slot) {
            let is_possible = match &question.op {
                Op::Move { asked, .. } => {
                    asked.reason.as_ref().map(Reason::as_str).is_some_and(|it| history.contains(it))
                }
                Op::Create { .. } => !is_told_made,
                Op::Read => false,
            };
            if matches!(question.end, End::Unknown) && !is_possible {
                question.end = End::Lost;
            }
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for question in &self.0.lock().expect("the record").questions {
            match &question.end {
                End::Unknown | End::Lost => counts.unknown += 1,
                End::Nothing => counts.nothing += 1,
                End::Told(told) => {
                    counts.told += 1;
                    let has_changed = match told {
                        Told::Made { replayed, .. } => !replayed,
                        Told::Stands(_) => matches!(question.op, Op::Move { .. }),
                        Told::Refused { .. } => false,
                    };
                    counts.changed += usize::from(has_changed);
                }
            }
        }
        counts
    }

    /// The orders whose questions and answers no sequence explains. Orders have nothing to do with each other, so each is
    /// looked at by itself: a history is linearizable if and only if each of its objects is.
    pub(super) fn unexplained(&self, slots: &[Slot]) -> Vec<usize> {
        let written = self.0.lock().expect("the record");
        let is_explained = |slot: usize| written.tester(slot, slots[slot].clone()).is_consistent();
        (0..slots.len()).filter(|slot| !is_explained(*slot)).collect()
    }

    /// All about one order, a line an event, for whoever has to find out why.
    pub(super) fn tell(&self, slot: usize) -> String {
        let written = self.0.lock().expect("the record");
        let lines = written.of(slot).map(|(event, question)| match event {
            Event::Asked(number) => format!("{number:3} {:5} asks {:?}", question.thread, question.op),
            Event::Ended(number) => format!("{number:3} {:5} ends {:?}", question.thread, question.end),
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Written {
    fn of(&self, slot: usize) -> impl Iterator<Item = (Event, &Question)> {
        let question = |event: Event| match event {
            Event::Asked(number) | Event::Ended(number) => &self.questions[number],
        };
        self.events
            .iter()
            .map(move |event| (*event, question(*event)))
            .filter(move |(_, question)| question.slot == slot)
    }

    fn tester(&self, slot: usize, start: Slot) -> LinearizabilityTester<(bool, Thread), Slot> {
        let mut tester = LinearizabilityTester::new(start);
        // It tries threads in the order of their numbers: what may be left out is tried when nothing else goes on.
        let undecided: HashSet<Thread> =
            self.of(slot).filter(|(_, it)| matches!(it.end, End::Unknown)).map(|(_, it)| it.thread).collect();
        for (event, question) in self.of(slot) {
            let thread = (undecided.contains(&question.thread), question.thread);
            let noted = match (event, &question.end) {
                (_, End::Nothing | End::Lost) | (Event::Ended(_), End::Unknown) => continue,
                (Event::Asked(_), _) => tester.on_invoke(thread, question.op.clone()),
                (Event::Ended(_), End::Told(told)) => tester.on_return(thread, told.clone()),
            };
            noted.expect("each thread asks one thing at a time");
        }
        tester
    }
}

#[cfg(test)]
mod tests {
    use order_model::{Move, StateType};

    use super::super::spec::{Standing, actor};
    use super::*;

    const NAMED: i64 = 7;

    fn create(key: &str) -> Op {
        Op::Create { key: key.to_owned(), wish: 1 }
    }

    fn request(new_value: bool) -> Op {
        let asked = Move { state_type: StateType::Requested, new_value, reason: None, if_match: None };
        Op::Move { asked, actor: actor(true) }
    }

    fn stands(version: i64, requested: bool) -> Told {
        let stage = if requested { "requested" } else { "created" };
        Told::Stands(Standing {
            version,
            stage: stage.to_owned(),
            flags: [requested, false, false, false, false],
            alert_reason: None,
        })
    }

    /// An order that is there.
    fn made() -> Record {
        let record = Record::default();
        let number = record.asks(0, 0, create("a"));
        record.told(number, Told::Made { order_id: NAMED, replayed: false });
        record
    }

    fn is_explained(record: &Record) -> bool {
        record.unexplained(&[Slot::new(Some(NAMED))]).is_empty()
    }

    #[test]
    fn a_read_that_began_after_a_move_had_ended_must_show_it() {
        for (version, requested, explained) in [(2, true, true), (1, false, false)] {
            let record = made();
            let moved = record.asks(0, 1, request(true));
            record.told(moved, stands(2, true));
            let read = record.asks(0, 2, Op::Read);
            record.told(read, stands(version, requested));
            assert_eq!(is_explained(&record), explained);
        }
    }

    #[test]
    fn a_read_beside_a_move_may_show_either() {
        for (version, requested) in [(2, true), (1, false)] {
            let record = made();
            let moved = record.asks(0, 1, request(true));
            let read = record.asks(0, 2, Op::Read);
            record.told(moved, stands(2, true));
            record.told(read, stands(version, requested));
            assert!(is_explained(&record));
        }
    }

    #[test]
    fn two_moves_that_are_told_the_same_version_are_unexplained() {
        let record = made();
        let (one, other) = (record.asks(0, 1, request(true)), record.asks(0, 2, request(true)));
        record.told(one, stands(2, true));
        record.told(other, stands(2, true));
        assert!(is_explained(&record), "the second found it set");
        let back = record.asks(0, 1, request(false));
        record.told(back, stands(2, false));
        assert!(!is_explained(&record));
    }

    #[test]
    fn what_nobody_was_told_of_may_have_been_done_or_not_but_never_undone() {
        for (later, explained) in [([1, 2], true), ([1, 1], true), ([2, 2], true), ([2, 1], false)] {
            let record = made();
            record.asks(0, 1, request(true));
            for version in later {
                let read = record.asks(0, 2, Op::Read);
                record.told(read, stands(version, version == 2));
            }
            assert_eq!(is_explained(&record), explained, "{later:?}");
        }
    }

    #[test]
    fn what_was_not_carried_out_must_never_be_seen() {
        let record = made();
        let moved = record.asks(0, 1, request(true));
        record.nothing(moved);
        let read = record.asks(0, 2, Op::Read);
        record.told(read, stands(2, true));
        assert!(!is_explained(&record));
    }

    #[test]
    fn a_key_makes_one_order_and_is_told_the_same_id_again() {
        for (order_id, replayed, explained) in [(8, true, true), (9, false, false), (9, true, false)] {
            let record = Record::default();
            for told in [Told::Made { order_id: 8, replayed: false }, Told::Made { order_id, replayed }] {
                let number = record.asks(0, 1, create("a"));
                record.told(number, told);
            }
            assert_eq!(record.unexplained(&[Slot::new(None)]).is_empty(), explained);
        }
    }
}
