//! A walk: one wish after another asked of one order, each accepted one folded in with `Order::after`, as the service does.
//! Nothing here may judge an answer: that is what the laws are for.

use order_model::{
    Actor, Change, Move, Order, Reason, Refusal, Stage, StateType, Transition, Version, decide,
};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::select;

use crate::people::{CREATED_BY, REQUESTER_ID, Who, actor, order, reason};

/// Where the caller believes the order to be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Belief {
    Anywhere,
    Here,
    OneBehind,
    OneAhead,
}

/// One wish of a walk.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) actor: Actor,
    pub(crate) state_type: StateType,
    pub(crate) new_value: bool,
    pub(crate) reason: Option<Reason>,
    pub(crate) belief: Belief,
}

impl Wish {
    /// The question that it makes, asked of the order as it is.
    pub(crate) fn asked(&self, of: &Order) -> Move {
        let here = of.version.get();
        let if_match = match self.belief {
            Belief::Anywhere => None,
            Belief::Here => Some(here),
            Belief::OneBehind => Some(here - 1),
            Belief::OneAhead => Some(here + 1),
        };
        Move {
            state_type: self.state_type,
            new_value: self.new_value,
            reason: self.reason.clone(),
            if_match: if_match.map(|version| Version::new(version).into_iter().collect()),
        }
    }
}

fn anybody() -> impl Strategy<Value = Actor> {
    let mut people: Vec<Actor> = Who::ALL.map(Who::actor).into();
    people.push(actor(Some(REQUESTER_ID), Some(CREATED_BY), true));
    select(people)
}

/// Up to 119 wishes of anybody.
pub(crate) fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let state_type = select(StateType::ALL.to_vec());
    let reason = select(vec![None, Some(reason("because")), Some(reason("a second thought"))]);
    // Mostly a caller knows where the order is, or does not care: else the walks would stand still.
    let belief = select(vec![
        Belief::Anywhere,
        Belief::Anywhere,
        Belief::Here,
        Belief::Here,
        Belief::OneBehind,
        Belief::OneAhead,
    ]);
    // Setting is wished for three times as often as clearing: else few would climb to the top.
    let new_value = (any::<bool>(), any::<bool>()).prop_map(|(a, b)| a || b);
    let wish = (anybody(), state_type, new_value, reason, belief).prop_map(
        |(actor, state_type, new_value, reason, belief)| Wish {
            actor,
            state_type,
            new_value,
            reason,
            belief,
        },
    );
    vec(wish, 0..120)
}

/// One question of a walk, and what became of it.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) before: Order,
    pub(crate) wish: Wish,
    pub(crate) answer: Result<Change, Refusal>,
    pub(crate) after: Order,
}

impl Step {
    /// What it wrote, if anything.
    pub(crate) fn event(&self) -> Option<&Transition> {
        match &self.answer {
            Ok(Change::Event(event)) => Some(event),
            _ => None,
        }
    }
}

/// The order as it is created.
pub(crate) fn new_order() -> Order {
    Order { version: Version::FIRST, ..order(Stage::Created, None) }
}

/// What became of each wish.
pub(crate) fn walk(wishes: Vec<Wish>) -> Vec<Step> {
    let mut now = new_order();
    wishes
        .into_iter()
        .map(|wish| {
            let before = now.clone();
            let answer = decide(&before, &wish.asked(&before), &wish.actor);
            if let Ok(Change::Event(event)) = &answer {
                now = now.after(event);
            }
            Step { before, wish, answer, after: now.clone() }
        })
        .collect()
}
