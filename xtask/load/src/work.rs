//! What a shop asks all day, on orders that this load makes itself: creates under a key, moves along the ladder under the version
//! that was seen last, reads, lists. Whatever was acknowledged must be told from then on.

mod judge;

use std::collections::HashMap;

use hyper::Method;
use hyper::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;

use crate::client::Answer;
use crate::drive::Script;
use crate::people::{People, Person};
use crate::question::{self, Question, Verdict, get, sends};

/// The ladder: an order of version n stands on the nth.
pub(crate) const STAGES: [&str; 5] = ["created", "requested", "accepted", "completed", "paid"];
/// How far back the orders lie that are looked at most.
const RECENT: usize = 64;
const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What an answer must say.
#[derive(Clone, Debug)]
pub enum Expected {
    /// A new order, or one that is as old as its key.
    Made {
        /// Of the create.
        number: u64,
    },
    /// The next version of an order.
    Moved {
        /// Of the order's create.
        number: u64,
        /// What it becomes.
        version: i64,
    },
    /// How an order stands, no older than what was acknowledged before.
    Standing {
        /// Of the order's create.
        number: u64,
        /// What was acknowledged.
        least: i64,
        /// Whether it was asked for only if it changed since.
        is_known: bool,
    },
    /// Its events.
    History {
        /// Of the order's create.
        number: u64,
        /// What was acknowledged.
        least: i64,
    },
    /// A buyer's orders.
    List {
        /// Whose.
        buyer: String,
        /// What was acknowledged of each by then, where the page has room for all.
        least: Vec<(i64, i64)>,
    },
}

/// An order of this load.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) order_id: i64,
    /// That was acknowledged.
    pub(crate) version: i64,
    /// That was asked for.
    pub(crate) asked: i64,
    /// Of the acknowledged version.
    tag: String,
}

/// The work, and what is known of it.
pub struct Work {
    people: People,
    run: String,
    model_id: Option<String>,
    dice: StdRng,
    /// How many creates were asked for.
    created: u64,
    pub(crate) made: HashMap<u64, Made>,
    /// The numbers of those made, in their order.
    pub(crate) numbers: Vec<u64>,
    /// The numbers of those that can be moved: not paid, and no move of them is on its way or unknown.
    open: Vec<u64>,
}

impl Work {
    /// Of these people; orders are of `model_id`, or of none.
    pub fn new(run: &str, people: People, model_id: Option<String>, seed: u64) -> Self {
        Self {
            people,
            run: run.to_owned(),
            model_id,
            dice: StdRng::seed_from_u64(seed),
            created: 0,
            made: HashMap::new(),
            numbers: Vec::new(),
            open: Vec::new(),
        }
    }

    /// Those who ask.
    pub fn people(&mut self) -> &mut People {
        &mut self.people
    }

    /// How many orders were acknowledged.
    pub fn orders(&self) -> usize {
        self.numbers.len()
    }

    /// The numbers of the creates that were asked for and not acknowledged.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = u64> {
        (0..self.created).filter(|number| !self.made.contains_key(number))
    }

    fn of(&mut self, person: &Person, mut question: Question<Expected>) -> Question<Expected> {
        question.headers.extend(self.people.headers(person));
        question
    }

    fn create(&mut self) -> Question<Expected> {
        let number = self.created;
        self.created += 1;
        self.ask_for(number)
    }

    /// The create of this number, for the first time or again.
    pub(crate) fn ask_for(&mut self, number: u64) -> Question<Expected> {
        let (buyer, maker) = (self.people.buyer(number), self.people.maker(number));
        let body = json!({
            "requester_id": buyer.0, "created_by": maker.0, "model_id": self.model_id, "cost_final": 12.5,
            "custom_params": { "number": number },
        });
        let question =
            sends(Method::POST, "/orders/".to_owned(), body.to_string(), Expected::Made { number });
        self.of(&buyer, question).with(KEY, &format!("load-{}-{number}", self.run))
    }

    /// Once more, as a client does that has missed the answer.
    fn again(&mut self) -> Question<Expected> {
        match self.any() {
            Some(number) => self.ask_for(number),
            None => self.create(),
        }
    }

    fn step(&mut self) -> Question<Expected> {
        if self.open.is_empty() {
            return self.create();
        }
        let number = self.open.swap_remove(self.dice.random_range(0..self.open.len()));
        let Some(made) = self.made.get_mut(&number) else { return self.create() };
        made.asked = made.version + 1;
        let (order_id, version, tag) = (made.order_id, made.asked, made.tag.clone());
        let stage = usize::try_from(version - 1).ok().and_then(|at| STAGES.get(at)).unwrap_or(&STAGES[4]);
        let is_makers = ["accepted", "completed"].contains(stage);
        let person = if is_makers { self.people.maker(number) } else { self.people.buyer(number) };
        let mut body = json!({ "state_type": stage, "new_value": true });
        if self.people.are_believed() {
            body[if is_makers { "username" } else { "user_id" }] = json!(person.0);
        }
        let path = format!("/orders/{order_id}/update");
        let question = sends(Method::PUT, path, body.to_string(), Expected::Moved { number, version });
        self.of(&person, question).with(IF_MATCH, &tag)
    }

    /// Often one that was just made.
    fn any(&mut self) -> Option<u64> {
        let count = self.numbers.len();
        let from = if self.dice.random() { count.saturating_sub(RECENT) } else { 0 };
        (count > 0).then(|| self.numbers[self.dice.random_range(from..count)])
    }

    /// A read of any order: what comes behind its path, and whether it is asked for only if it changed.
    fn look(&mut self, part: &str, is_known: bool) -> Question<Expected> {
        match self.any() {
            Some(number) => self.look_at(number, part, is_known),
            None => self.create(),
        }
    }

    pub(crate) fn look_at(&mut self, number: u64, part: &str, is_known: bool) -> Question<Expected> {
        let Some(made) = self.made.get(&number) else { return self.ask_for(number) };
        let (path, least, tag) = (format!("/orders/{}{part}", made.order_id), made.version, made.tag.clone());
        let expected = match part {
            "/history" => Expected::History { number, least },
            _ => Expected::Standing { number, least, is_known },
        };
        let buyer = self.people.buyer(number);
        let question = self.of(&buyer, get(path, expected));
        if is_known { question.with(IF_NONE_MATCH, &tag) } else { question }
    }

    fn list(&mut self) -> Question<Expected> {
        let Some(number) = self.any() else { return self.create() };
        let all = self.people.orders_with(number, self.created).into_iter().flatten();
        let least = all.filter_map(|number| self.made.get(&number));
        let least = least.map(|made| (made.order_id, made.version)).collect();
        let buyer = self.people.buyer(number);
        let path = format!("/orders/user/{}?status=all&limit=200", buyer.0);
        let expected = Expected::List { buyer: buyer.0.clone(), least };
        self.of(&buyer, get(path, expected)).of_orders()
    }
}

impl Script for Work {
    type Expected = Expected;

    fn next(&mut self) -> Question<Expected> {
        match self.dice.random_range(0..20) {
            0 | 1 => self.create(),
            2 => self.again(),
            3..9 => self.step(),
            9..14 => self.look("/status", false),
            14 | 15 => self.look("/status", true),
            16 | 17 => self.look("", false),
            18 => self.look("/history", false),
            _ => self.list(),
        }
    }

    fn judge(&mut self, question: &Question<Expected>, answer: &Answer) -> Verdict {
        match self.hold(question, answer) {
            Ok(verdict) => verdict,
            Err(mismatch) => Verdict::Mismatch(mismatch),
        }
    }
}

/// A mismatch, or whatever it is without one.
type Held = Result<Verdict, question::Mismatch>;
