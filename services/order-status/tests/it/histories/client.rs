//! A client that asks one thing after the other of whichever instance answers, and writes down what it asked and was told.

use std::collections::HashSet;
use std::sync::OnceLock;

use order_model::{Move, Reason, StateType, Username, Version};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};

use super::record::{Record, Thread};
use super::spec::{Op, Slot, Standing, Told, actor};
use super::system::System;
use crate::support::{Answer, BUYER, Instance, MAKER};

/// Orders of a history. The last one's id is the service's choice.
pub(super) const SLOTS: usize = 3;

/// What a party may set to what. The ladder's steps come more often than the alert's, so that orders climb.
const MOVES: [(StateType, bool, bool); 12] = [
    (StateType::Requested, true, true),
    (StateType::Requested, true, true),
    (StateType::Requested, false, true),
    (StateType::Accepted, true, false),
    (StateType::Accepted, true, false),
    (StateType::Accepted, false, false),
    (StateType::Completed, true, false),
    (StateType::Completed, false, false),
    (StateType::Paid, true, true),
    (StateType::Alert, true, true),
    (StateType::Alert, false, true),
    (StateType::Alert, true, false),
];

/// The orders that the clients of one history ask about.
pub(super) struct Shop {
    /// Which history: keys and ids are of this one alone.
    number: i64,
    ids: [OnceLock<i64>; SLOTS],
}

/// What became of a question.
enum Fate {
    Told(Told),
    /// It was not carried out: the service says so.
    Nothing,
    Unknown,
}

pub(super) struct Client<'a> {
    number: u32,
    /// How often it was not told what became of a question.
    generation: u32,
    moves: u32,
    chance: StdRng,
    system: &'a System,
    shop: &'a Shop,
    record: &'a Record,
    /// Which instance it asks.
    node: usize,
    /// The version at which it last saw each order.
    seen: [Option<i64>; SLOTS],
}

impl Shop {
    pub(super) fn new(number: i64) -> Self {
        let shop = Self { number, ids: Default::default() };
        for (slot, id) in (0..).zip(&shop.ids[..SLOTS - 1]) {
            id.set(1_000_000 + number * 10 + slot).expect("it was empty");
        }
        shop
    }

    /// Each order as it was before anything was asked.
    pub(super) fn slots(number: i64) -> [Slot; SLOTS] {
        Self::new(number).ids.map(|id| Slot::new(id.get().copied()))
    }

    fn is_named(slot: usize) -> bool {
        slot < SLOTS - 1
    }

    fn order_id(&self, slot: usize) -> Option<i64> {
        self.ids[slot].get().copied()
    }

    /// Some keys are used by all clients. An order of which callers name the id is asked for under two of them.
    fn create(&self, slot: usize, chance: &mut StdRng) -> Op {
        let keys = if Self::is_named(slot) { 2 } else { 1 };
        let key = format!("history-{}-{slot}-{}", self.number, chance.random_range(0..keys));
        // Now and then the key of another request.
        Op::Create { key, wish: u32::from(chance.random_ratio(1, 6)) }
    }
}

impl<'a> Client<'a> {
    pub(super) fn new(
        number: u32,
        seed: u64,
        system: &'a System,
        shop: &'a Shop,
        record: &'a Record,
    ) -> Self {
        let chance = StdRng::seed_from_u64(seed ^ (u64::from(number) << 48));
        let node = usize::from(number.is_multiple_of(2));
        Self { number, generation: 0, moves: 0, chance, system, shop, record, node, seen: [None; SLOTS] }
    }

    /// Asks so many things.
    pub(super) async fn ask(mut self, count: usize) {
        for _ in 0..count {
            let slot = self.chance.random_range(0..SLOTS);
            let op = self.choose(slot);
            self.put(slot, op).await;
        }
    }

    /// Reads every order that is known, until it is told; and its history, which tells what was done that nobody was told of.
    pub(super) async fn read_all(mut self) {
        for slot in 0..SLOTS {
            let Some(order_id) = self.shop.order_id(slot) else { continue };
            while !self.put(slot, Op::Read).await {}
            let running = self.system.nodes[0].running().expect("it runs");
            let history = running.instance.get(&format!("/orders/{order_id}/history?limit=200")).await.json();
            let events = history["events"].as_array().into_iter().flatten();
            let reasons: HashSet<String> =
                events.filter_map(|event| Some(event["reason"].as_str()?.to_owned())).collect();
            self.record.forget(slot, &reasons);
        }
    }

    fn choose(&mut self, slot: usize) -> Op {
        let chance = &mut self.chance;
        if self.shop.order_id(slot).is_none() || chance.random_ratio(1, 5) {
            return self.shop.create(slot, chance);
        }
        if chance.random_ratio(1, 3) {
            return Op::Read;
        }
        let &(state_type, new_value, is_buyer) = MOVES.choose(chance).expect("there are some");
        // Now and then the other party tries, who may not.
        let is_buyer = is_buyer != chance.random_ratio(1, 12);
        let version = self.seen[slot].and_then(Version::new).filter(|_| chance.random_ratio(1, 3));
        let if_match = version.map(|version| vec![version]);
        // By its reason the move is known again in the order's history.
        self.moves += 1;
        let reason = Reason::try_from(format!("{}-{}", self.number, self.moves)).ok();
        Op::Move { asked: Move { state_type, new_value, reason, if_match }, actor: actor(is_buyer) }
    }

    /// Asks, and writes it down. Whether it was told anything.
    async fn put(&mut self, slot: usize, op: Op) -> bool {
        let Some(running) = self.system.nodes[self.node].running() else {
            // Nobody is there: it goes to the other one.
            self.node = 1 - self.node;
            tokio::task::yield_now().await;
            return false;
        };
        let thread: Thread = self.number * 1_000 + self.generation;
        let number = self.record.asks(slot, thread, op.clone());
        match send(&running.instance, self.shop, slot, &op).await {
            Fate::Told(told) => {
                match &told {
                    Told::Made { order_id, .. } => drop(self.shop.ids[slot].set(*order_id)),
                    Told::Stands(standing) => self.seen[slot] = Some(standing.version),
                    Told::Refused { version, .. } => self.seen[slot] = version.or(self.seen[slot]),
                }
                self.record.told(number, told);
                return true;
            }
            // A read that nobody was told of changed nothing.
            Fate::Unknown if !matches!(op, Op::Read) => self.generation += 1,
            Fate::Unknown | Fate::Nothing => self.record.nothing(number),
        }
        self.node = 1 - self.node;
        false
    }
}

async fn send(instance: &Instance, shop: &Shop, slot: usize, op: &Op) -> Fate {
    let order_id = shop.order_id(slot);
    let path = |what: &str| format!("/orders/{}/{what}", order_id.expect("its id is known"));
    let request = match op {
        Op::Create { key, wish } => {
            let mut body = json!({"requester_id": BUYER, "created_by": MAKER, "cost_final": wish});
            if Shop::is_named(slot) {
                body["order_id"] = order_id.into();
            }
            let request = instance.request(Method::POST, "/orders").header("idempotency-key", key);
            request.body(body.to_string())
        }
        Op::Move { asked, actor } => {
            let reason = asked.reason.as_ref().map(Reason::as_str);
            let mut body =
                json!({"state_type": asked.state_type, "new_value": asked.new_value, "reason": reason});
            match (&actor.user_id, &actor.username) {
                (Some(user_id), _) => body["user_id"] = user_id.as_str().into(),
                (None, username) => body["username"] = username.as_ref().map(Username::as_str).into(),
            }
            let mut request = instance.request(Method::PUT, &path("update")).body(body.to_string());
            for version in asked.if_match.iter().flatten() {
                request = request.header("if-match", format!("\"{version}\""));
            }
            request
        }
        Op::Read => instance.request(Method::GET, &path("status")),
    };
    match Answer::attempt(request.header("content-type", "application/json")).await {
        Ok(answer) => understood(&answer, op),
        Err(_) => Fate::Unknown,
    }
}

fn understood(answer: &Answer, op: &Op) -> Fate {
    let body = answer.json();
    match answer.status {
        201 => {
            let order = &body["order"];
            assert_eq!((&order["version"], &order["status"]), (&json!(1), &json!("created")), "{answer:?}");
            let replayed = answer.header("idempotency-replayed").is_some();
            Fate::Told(Told::Made { order_id: order["order_id"].as_i64().expect("an id"), replayed })
        }
        200 if matches!(op, Op::Read) => Fate::Told(Told::Stands(standing(&body))),
        200 => Fate::Told(Told::Stands(standing(&body["order"]))),
        // What does not ask to look first says that nothing was changed.
        503 if body["detail"].as_str().is_some_and(|detail| detail.contains("look whether it was made")) => {
            Fate::Unknown
        }
        503 => Fate::Nothing,
        403 | 404 | 409 | 412 | 422 => {
            let code = body["code"].as_str().expect("a code").to_owned();
            Fate::Told(Told::Refused { code, version: body["current_version"].as_i64() })
        }
        _ => panic!("{op:?}: {answer:?}"),
    }
}

fn standing(order: &Value) -> Standing {
    Standing {
        version: order["version"].as_i64().expect("a version"),
        stage: order["status"].as_str().expect("a stage").to_owned(),
        flags: StateType::ALL.map(|flag| order[flag.as_str()].as_bool().expect("a flag")),
        alert_reason: order["alert_reason"].as_str().map(str::to_owned),
    }
}
