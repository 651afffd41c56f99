//! The rules, turn after turn, for whoever counts instructions: `cargo xtask bench --only instructions`. It prints nothing.
//!
//! `instructions WORK TURNS`; what is done in a turn must not change without the committed counts.

use std::error::Error;
use std::hint::black_box;

use order_model::{
    Actor, Change, Cost, ModelId, Move, Order, OrderId, Reason, Stage, StateType, UserId, Username, Version,
    decide, next_moves,
};

/// Up the ladder, an alert on the way, and two refusals.
const WISHES: [(bool, StateType, bool); 8] = [
    (true, StateType::Requested, true),
    (true, StateType::Accepted, true),
    (false, StateType::Accepted, true),
    (false, StateType::Alert, true),
    (false, StateType::Alert, false),
    (false, StateType::Completed, true),
    (false, StateType::Paid, true),
    (true, StateType::Paid, true),
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let work = words.next().unwrap_or_default();
    let turns: u64 = words.next().unwrap_or_default().parse()?;
    let (order, requester, creator) = people()?;
    for _ in 0..turns {
        match work.as_str() {
            "decide" => walk(&order, &requester, &creator),
            "next" => drop(black_box(next_moves(black_box(&order)))),
            "parse" => drop(black_box((people()?, terms()?))),
            _ => return Err("the work is decide, next or parse".into()),
        }
    }
    Ok(())
}

/// What a request about an order is parsed into.
fn people() -> Result<(Order, Actor, Actor), Box<dyn Error>> {
    let requester_id = UserId::try_from(black_box("65f0c0de0000000000000001").to_owned())?;
    let created_by = Username::try_from(black_box("maren").to_owned())?;
    let order = Order {
        id: OrderId::try_from(black_box(7))?,
        requester_id: requester_id.clone(),
        created_by: created_by.clone(),
        stage: Stage::Created,
        alert: None,
        version: Version::FIRST,
    };
    let requester = Actor { user_id: Some(requester_id), ..Actor::default() };
    Ok((order, requester, Actor { username: Some(created_by), ..Actor::default() }))
}

/// What a create is parsed into, beside the people.
fn terms() -> Result<(ModelId, Cost, Reason), Box<dyn Error>> {
    let model_id = ModelId::try_from(black_box("a7e11e500000000000000001").to_owned())?;
    let reason = Reason::try_from(black_box("The height should be 13 cm").to_owned())?;
    Ok((model_id, Cost::try_from(black_box(255.5))?, reason))
}

fn walk(order: &Order, requester: &Actor, creator: &Actor) {
    let mut order = order.clone();
    for (by_requester, state_type, new_value) in WISHES {
        let asked = Move { state_type, new_value, reason: None, if_match: None };
        let actor = if by_requester { requester } else { creator };
        if let Ok(Change::Event(transition)) = decide(black_box(&order), black_box(&asked), actor) {
            order = order.after(&transition);
        }
    }
    black_box(order);
}
