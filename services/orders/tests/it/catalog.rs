//! What the lists say of models, whatever the catalog does: they never fail because of it and never wait past their deadline.

mod answers;
mod breaker;
mod cache;
mod deadline;
mod identity;
mod limits;
mod sick;

use crate::fixtures::{Row, insert, model_id, order};
use crate::support::World;

/// Nothing is remembered, and the catalog is asked however often it failed.
const FORGETFUL: [(&str, &str); 4] = [
    ("catalog.cache.fresh_seconds", "0"),
    ("catalog.cache.stale_seconds", "0"),
    ("catalog.cache.missing_seconds", "0"),
    ("catalog.breaker.failures_max", "20"),
];

/// Ada's paid orders 1, 2, 3 …, each with the model of its number.
async fn insert_with_models(world: &World, count: u32) {
    insert(&world.database, &with_models(count)).await;
}

pub(crate) fn with_models(count: u32) -> Vec<Row> {
    (1..=count).map(|number| order(number.into()).model(model_id(number))).collect()
}
