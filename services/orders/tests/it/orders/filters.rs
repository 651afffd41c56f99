//! Which orders a page holds, and how many.

use super::List;
use crate::fixtures::{Row, insert, order};
use crate::support::World;

const STAGES: [&str; 5] = ["created", "requested", "accepted", "completed", "paid"];

/// Two orders a stage, the higher id of them with an alert: 1 and 2 are `created`, 9 and 10 are `paid`.
async fn world_of_all_kinds(list: List) -> World {
    let world = World::start().await;
    let orders: Vec<Row> = STAGES
        .iter()
        .zip((1..).step_by(2))
        .flat_map(|(stage, id)| [order(id).at(stage), order(id + 1).at(stage).alerted()])
        .map(|order| list.owned(order, "ada"))
        .collect();
    insert(&world.database, &orders).await;
    world
}

async fn ids(world: &World, list: List, query: &str) -> Vec<i64> {
    world.get(&format!("{}?{query}", list.path("ada"))).await.ids()
}

pub(super) async fn only_paid_orders_are_listed_unless_asked_otherwise(list: List) {
    let world = world_of_all_kinds(list).await;
    assert_eq!(world.get(&list.path("ada")).await.ids(), [10, 9]);
    assert_eq!(ids(&world, list, "status=paid").await, [10, 9]);
    assert_eq!(ids(&world, list, "status=all").await, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
}

pub(super) async fn each_stage_is_listed_exactly(list: List) {
    let world = world_of_all_kinds(list).await;
    for (stage, id) in STAGES.iter().zip((1_i64..).step_by(2)) {
        let answer = world.get(&format!("{}?status={stage}", list.path("ada"))).await;
        assert_eq!(answer.ids(), [id + 1, id], "{stage}");
        assert!(answer.orders().iter().all(|order| order["status"] == *stage), "{}", answer.text);
    }
}

pub(super) async fn alerts_are_told_apart(list: List) {
    let world = world_of_all_kinds(list).await;
    assert_eq!(ids(&world, list, "alert=true").await, [10]);
    assert_eq!(ids(&world, list, "alert=false").await, [9]);
}

pub(super) async fn stage_and_alert_filter_together(list: List) {
    let world = world_of_all_kinds(list).await;
    assert_eq!(ids(&world, list, "status=all&alert=true").await, [10, 8, 6, 4, 2]);
    assert_eq!(ids(&world, list, "status=all&alert=false").await, [9, 7, 5, 3, 1]);
    assert_eq!(ids(&world, list, "alert=false&status=accepted").await, [5]);
    assert_eq!(ids(&world, list, "alert=true&status=created&limit=200").await, [2]);
}

pub(super) async fn the_newest_order_comes_first(list: List) {
    let world = World::start().await;
    // Newest is the highest id, whatever the clock said and in whatever order the rows were written.
    let late = Row { created_at: "2026-12-31T00:00:00Z", ..list.owned(order(2), "ada") };
    insert(&world.database, &[list.owned(order(30), "ada"), late, list.owned(order(11), "ada")]).await;
    insert(&world.database, &[list.owned(order(1), "ada")]).await;
    assert_eq!(world.get(&list.path("ada")).await.ids(), [30, 11, 2, 1]);
}

async fn world_of_paid(list: List, count: i64) -> World {
    let world = World::start().await;
    let orders: Vec<Row> = (1..=count).map(|id| list.owned(order(id), "ada")).collect();
    insert(&world.database, &orders).await;
    world
}

pub(super) async fn a_page_has_fifty_orders_unless_asked_otherwise(list: List) {
    let world = world_of_paid(list, 51).await;
    let answer = world.get(&list.path("ada")).await;
    assert_eq!(answer.ids(), (2..=51).rev().collect::<Vec<i64>>());
    assert!(answer.next().is_some());
}

pub(super) async fn the_limit_goes_from_1_to_200(list: List) {
    let world = world_of_paid(list, 201).await;
    assert_eq!(ids(&world, list, "limit=1").await, [201]);
    assert_eq!(ids(&world, list, "limit=200").await.len(), 200);
    for limit in ["0", "201", "-1", "1.5", "1e2", "x", "", "%201", "+1", "99999999999999999999"] {
        let answer = world.get(&format!("{}?limit={limit}", list.path("ada"))).await;
        assert_eq!(answer.wrong_fields(), ["limit"], "{limit}");
        assert!(answer.text.contains("200"), "the answer says what is allowed: {}", answer.text);
    }
}

pub(super) async fn every_wrong_parameter_is_named_in_one_answer(list: List) {
    let world = World::start().await;
    let answer = world.get(&format!("{}?status=odd&alert=2&limit=0&page=3", list.path("ada"))).await;
    assert_eq!(answer.wrong_fields(), ["alert", "limit", "page", "status"]);
    let answer = world.get(&format!("{}?Status=paid&order=asc", list.path("ada"))).await;
    assert_eq!(answer.wrong_fields(), ["Status", "order"]);
}

pub(super) async fn a_wrong_value_is_422(list: List) {
    let world = World::start().await;
    for (query, field) in [
        ("status=PAID", "status"),
        ("status=", "status"),
        ("status=paid%00", "status"),
        ("status=alert", "status"),
        ("status=paid,created", "status"),
        ("status", "status"),
        ("alert=1", "alert"),
        ("alert=True", "alert"),
        ("alert=", "alert"),
        ("alert=%FF", "alert"),
    ] {
        let answer = world.get(&format!("{}?{query}", list.path("ada"))).await;
        assert_eq!(answer.wrong_fields(), [field], "{query}");
    }
}

pub(super) async fn a_parameter_given_twice_is_422(list: List) {
    let world = World::start().await;
    for (query, field) in [("status=paid&status=all", "status"), ("limit=5&limit=5", "limit")] {
        let answer = world.get(&format!("{}?{query}", list.path("ada"))).await;
        assert_eq!(answer.wrong_fields(), [field], "{query}");
    }
}
