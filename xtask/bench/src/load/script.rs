//! Which request comes next, and what its answer must say.

use hyper::Method;
use hyper::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use load_generator::{Answer, Verdict, get, sends};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::ledger::{Ledger, Made};
use super::spec::{Kind, Spec};
use crate::population::{Population, Toggle};

/// Strides of walks that meet everything in scattered order; primes that divide no population's size.
const STRIDE_OF_TOGGLES: i64 = 7919;
const STRIDE_OF_USERS: i64 = 2741;
/// Whose orders are nearly all unpaid: `subject/growth.sql`.
pub(crate) const BUSY_CREATOR: &str = "busy-creator";

const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// One request of ours.
pub(super) type Question = load_generator::Question<Expected>;

/// What the answer must say.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    /// How a seeded order stands, `acknowledged` moves or more after its seed.
    /// `known_version` is what its `If-None-Match` says.
    Standing { order_id: i64, acknowledged: i64, known_version: Option<i64> },
    /// A seeded order, whole.
    Order { order_id: i64, acknowledged: i64 },
    /// The events of a seeded order.
    History { order_id: i64, acknowledged: i64 },
    /// A move that changed the order.
    Moved { order_id: i64, number: i64 },
    /// A new order.
    Created { number: u64 },
    /// One that was made before, as it was made.
    Made(Made),
    /// The paid orders of a user.
    Paid { user: i64 },
    /// All orders of a user; moves acknowledged before, by order.
    All { user: i64, acknowledged: Vec<i64> },
    /// The one order of somebody who was made up for it.
    AllMade(Made),
    /// A page of the busy creator's paid orders.
    Busy,
}

/// The requests of one load.
#[derive(Debug)]
pub(super) struct Script {
    kind: Kind,
    warming: bool,
    seed: u64,
    dice: StdRng,
    toggle: i64,
    user: i64,
    created: u64,
    pub(super) population: Population,
    pub(super) ledger: Ledger,
}

impl Script {
    pub(super) fn new(spec: &Spec, population: Population) -> Self {
        let mut dice = StdRng::seed_from_u64(spec.seed);
        let user = dice.random_range(0..population.users());
        Self {
            kind: spec.kind,
            warming: spec.warming,
            seed: spec.seed,
            dice,
            toggle: spec.moved_before * STRIDE_OF_TOGGLES,
            user,
            created: 0,
            population,
            ledger: Ledger::default(),
        }
    }

    fn question(&mut self) -> Question {
        match self.kind {
            Kind::Status => self.status(),
            Kind::Order => self.order(),
            Kind::History => self.history(),
            Kind::Update => self.update(),
            Kind::Create => self.create(),
            Kind::Paid => self.paid(),
            Kind::Busy => get(format!("/orders/created_by/{BUSY_CREATOR}"), Expected::Busy).of_orders(),
            Kind::Mixed => self.mixed(),
            Kind::Keyed => self.keyed(),
            Kind::Cold(user) => get(format!("/orders/user/{user}"), Expected::Paid { user }).of_orders(),
        }
    }

    fn mixed(&mut self) -> Question {
        match self.dice.random_range(0..20) {
            0..5 => self.status(),
            5 => self.order(),
            6 => self.history(),
            7..11 => self.update(),
            11 => self.update_if_match(),
            12 | 13 => self.create(),
            14 => self.made(),
            15 => self.all_made(),
            16 | 17 => self.conditional(),
            18 => self.paid(),
            _ => self.all(),
        }
    }

    fn keyed(&mut self) -> Question {
        match self.dice.random_range(0..20) {
            0..8 => self.status(),
            8 | 9 => self.conditional(),
            10 => self.order(),
            11 => self.history(),
            12..16 => self.update(),
            16 => self.update_if_match(),
            17 | 18 => self.create(),
            _ => self.made(),
        }
    }

    /// Any order; in a mixture often one that was just moved, otherwise none that another load may have moved.
    fn any(&mut self) -> (i64, i64) {
        let mut order_id = self.dice.random_range(1..=self.population.orders());
        if !self.kind.is_mixture() {
            while self.population.order(order_id).toggles() {
                order_id = self.dice.random_range(1..=self.population.orders());
            }
        } else if self.dice.random() {
            let behind = self.dice.random_range(0..64);
            order_id = self.nth_toggle(self.toggle - behind * STRIDE_OF_TOGGLES).order_id;
        }
        (order_id, self.ledger.moves(order_id).acknowledged)
    }

    fn status(&mut self) -> Question {
        let (order_id, acknowledged) = self.any();
        get(
            format!("/orders/{order_id}/status"),
            Expected::Standing { order_id, acknowledged, known_version: None },
        )
    }

    fn conditional(&mut self) -> Question {
        let (order_id, acknowledged) = self.any();
        let version = self.population.order(order_id).version + acknowledged;
        let expected = Expected::Standing { order_id, acknowledged, known_version: Some(version) };
        get(format!("/orders/{order_id}/status"), expected).with(IF_NONE_MATCH, &format!("\"{version}\""))
    }

    fn order(&mut self) -> Question {
        let (order_id, acknowledged) = self.any();
        get(format!("/orders/{order_id}"), Expected::Order { order_id, acknowledged })
    }

    fn history(&mut self) -> Question {
        let (order_id, acknowledged) = self.any();
        get(format!("/orders/{order_id}/history?limit=200"), Expected::History { order_id, acknowledged })
    }

    fn nth_toggle(&self, at: i64) -> Toggle {
        let count = if self.warming { self.population.users() } else { self.population.toggles() };
        self.population.toggle(at.rem_euclid(count), self.warming)
    }

    /// Passes over orders whose last move has no answer, or got none that says what became of it.
    fn update(&mut self) -> Question {
        for _ in 0..self.population.toggles() {
            self.toggle += STRIDE_OF_TOGGLES;
            let Toggle { order_id, requester_id } = self.nth_toggle(self.toggle);
            let Some(number) = self.ledger.begin_move(order_id) else { continue };
            let is_requested = self.population.order(order_id).rung_after(number) == 2;
            let body = format!(
                r#"{{"state_type":"requested","new_value":{is_requested},"user_id":"{requester_id}"}}"#
            );
            let expected = Expected::Moved { order_id, number };
            return sends(Method::PUT, format!("/orders/{order_id}/update"), body, expected);
        }
        self.status()
    }

    fn update_if_match(&mut self) -> Question {
        let question = self.update();
        let Expected::Moved { order_id, number } = question.expected else { return question };
        let version = self.population.order(order_id).version + number - 1;
        question.with(IF_MATCH, &format!("\"{version}\""))
    }

    fn create(&mut self) -> Question {
        self.created += 1;
        let number = self.created;
        let body = format!(
            r#"{{"requester_id":"{}","created_by":"creator-{}","model_id":"65f0c0de{:016x}","custom_params":{{"material":"pla","number":{number}}},"cost_initial":10.25,"cost_final":12.5}}"#,
            self.requester(number),
            number % 500,
            number % 2000,
        );
        let question = sends(Method::POST, "/orders/".to_owned(), body, Expected::Created { number });
        if self.kind == Kind::Keyed { question.with(KEY, &self.requester(number)) } else { question }
    }

    /// Who asks for the nth create: nobody else ever did.
    pub(super) fn requester(&self, number: u64) -> String {
        format!("made-{}-{number}", self.seed)
    }

    fn made(&mut self) -> Question {
        let pick = self.dice.random();
        match self.ledger.made(pick) {
            Some(made) => get(format!("/orders/{}", made.order_id), Expected::Made(made)),
            None => self.create(),
        }
    }

    fn all_made(&mut self) -> Question {
        let pick = self.dice.random();
        match self.ledger.made(pick) {
            Some(made) => {
                let path = format!("/orders/user/{}?status=all", self.requester(made.number));
                get(path, Expected::AllMade(made)).of_orders()
            }
            None => self.create(),
        }
    }

    fn paid(&mut self) -> Question {
        self.user = (self.user + STRIDE_OF_USERS) % self.population.users();
        let user = self.user + 1;
        get(format!("/orders/user/{user}"), Expected::Paid { user }).of_orders()
    }

    fn all(&mut self) -> Question {
        let user = self.dice.random_range(1..=self.population.users());
        let ids = self.population.of_user(user).into_iter().map(|facts| facts.order_id);
        let acknowledged = ids.map(|id| self.ledger.moves(id).acknowledged).collect();
        let expected = Expected::All { user, acknowledged };
        get(format!("/orders/user/{user}?status=all"), expected).of_orders()
    }
}

impl load_generator::Script for Script {
    type Expected = Expected;

    fn next(&mut self) -> Question {
        self.question()
    }

    fn judge(&mut self, question: &Question, answer: &Answer) -> Verdict {
        self.verdict(question, answer)
    }
}
