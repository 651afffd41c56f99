//! One order as its callers see it, if nothing ever happened at once: what each request must be answered with, by the rules of
//! `order_model`. It is what histories are held against, and knows neither HTTP nor a database.

use std::collections::BTreeMap;

use order_model::{
    Actor, Change, Move, Order, OrderId, Refusal, Stage, StateType, UserId, Username, Version, decide,
};
use stateright::semantics::SequentialSpec;

use crate::support::{BUYER, MAKER};

/// What is asked.
#[derive(Debug, Clone)]
pub(super) enum Op {
    /// A create under a key. Requests with different wishes are different requests.
    Create { key: String, wish: u32 },
    /// A move.
    Move { asked: Move, actor: Actor },
    /// A read of the status.
    Read,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// The order was made under this id, now or before.
    Made { order_id: i64, replayed: bool },
    /// This is how the order stands, after a move or when it was read.
    Stands(Standing),
    /// No, and at which version the order is, where a refusal says it.
    Refused { code: String, version: Option<i64> },
}

/// How an order stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) version: i64,
    pub(super) stage: String,
    /// In the order of [`StateType::ALL`].
    pub(super) flags: [bool; 5],
    pub(super) alert_reason: Option<String>,
}

/// An order that may be, and the keys under which it was asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Slot {
    /// Under which id; `None` if the service chooses and has not told yet.
    pub(super) order_id: Option<i64>,
    order: Option<Order>,
    wishes: BTreeMap<String, u32>,
}

/// The buyer of every order, or its maker.
pub(super) fn actor(is_buyer: bool) -> Actor {
    let user_id = is_buyer.then(|| UserId::try_from(BUYER.to_owned()).expect("an id"));
    let username = (!is_buyer).then(|| Username::try_from(MAKER.to_owned()).expect("a name"));
    Actor { user_id, username, operator: false }
}

impl Slot {
    /// An order that callers name, or one whose id the service chooses.
    pub(super) fn new(order_id: Option<i64>) -> Self {
        Self { order_id, ..Self::default() }
    }

    fn create(&mut self, key: &str, wish: u32) -> Told {
        let replayed = match (self.wishes.get(key), &self.order) {
            (Some(known), _) if *known == wish => true,
            (Some(_), _) => return refused("idempotency_key_reused", None),
            (None, Some(_)) => return refused("order_exists", None),
            (None, None) => false,
        };
        if !replayed {
            self.wishes.insert(key.to_owned(), wish);
            self.order = Some(Order {
                id: OrderId::MAX,
                requester_id: UserId::try_from(BUYER.to_owned()).expect("an id"),
                created_by: Username::try_from(MAKER.to_owned()).expect("a name"),
                stage: Stage::Created,
                alert: None,
                version: Version::FIRST,
            });
        }
        Told::Made { order_id: self.order_id.unwrap_or_default(), replayed }
    }

    fn transition(&mut self, asked: &Move, actor: &Actor) -> Told {
        let Some(order) = &self.order else { return refused("order_not_found", None) };
        match decide(order, asked, actor) {
            Err(refusal) => Told::of_refusal(refusal, order.version),
            Ok(Change::Nothing) => Told::Stands(standing(order)),
            Ok(Change::Event(transition)) => {
                let after = order.after(&transition);
                let told = Told::Stands(standing(&after));
                self.order = Some(after);
                told
            }
        }
    }
}

impl SequentialSpec for Slot {
    type Op = Op;
    type Ret = Told;

    fn invoke(&mut self, op: &Op) -> Told {
        match op {
            Op::Create { key, wish } => self.create(key, *wish),
            Op::Move { asked, actor } => self.transition(asked, actor),
            Op::Read => match &self.order {
                Some(order) => Told::Stands(standing(order)),
                None => refused("order_not_found", None),
            },
        }
    }

    fn is_valid_step(&mut self, op: &Op, told: &Told) -> bool {
        // Which id the service chooses is its own affair; it must only never choose another for the same order.
        if let (None, Told::Made { order_id, .. }) = (self.order_id, told) {
            self.order_id = Some(*order_id);
        }
        self.invoke(op) == *told
    }
}

impl Told {
    fn of_refusal(refusal: Refusal, current: Version) -> Self {
        let current = Some(current.get());
        match refusal {
            Refusal::NotAuthorized => refused("not_authorized", None),
            Refusal::VersionMismatch { .. } => refused("version_mismatch", current),
            Refusal::LaterStages { .. } => refused("later_stages", current),
            Refusal::TooEarly { .. } => refused("earlier_stage_missing", current),
            Refusal::AlertRaised { .. } => refused("alert_raised", current),
            Refusal::ReasonRequired { .. } => refused("reason_required", None),
        }
    }
}

fn refused(code: &str, version: Option<i64>) -> Told {
    Told::Refused { code: code.to_owned(), version }
}

fn standing(order: &Order) -> Standing {
    Standing {
        version: order.version.get(),
        stage: order.stage.as_str().to_owned(),
        flags: StateType::ALL.map(|state_type| order.flags().get(state_type)),
        alert_reason: order.alert.as_ref().and_then(|alert| Some(alert.reason.as_ref()?.as_str().to_owned())),
    }
}
