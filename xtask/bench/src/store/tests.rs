//! The seed against a real database: it equals the formula, and the history law holds.

use sqlx::query_as;
use testkit::TestDatabase;
use testkit::database::Role;

use super::*;
use crate::population::stage;

type Seeded = (i64, String, String, String, bool, i64, Option<String>, bool);

async fn seeded(population: Population, more: &str) -> Vec<Seeded> {
    let database = TestDatabase::create().await.expect("a database");
    let mut connection = database.connect(Role::Admin).await.expect("a connection");
    let setting = format!("SET bench.orders = '{}'", population.orders());
    run(&mut connection, &setting).await.expect("the setting");
    run(&mut connection, SEED).await.expect("the seed, with the law's triggers on");
    if !more.is_empty() {
        run(&mut connection, "SET session_replication_role = replica").await.expect("no triggers");
        run(&mut connection, more).await.expect("the rest of the seed");
    }
    database.check_history_law().await.expect("the law holds");
    query_as(
        "SELECT order_id, requester_id, created_by, stage::text, alert, version, model_id, paid_at IS NOT NULL
         FROM atelier.orders ORDER BY order_id",
    )
    .fetch_all(&mut connection)
    .await
    .expect("the orders")
}

#[tokio::test]
async fn every_seeded_order_is_what_the_formula_says() {
    let population = Population::of(2000).expect("a population");
    let rows = seeded(population, "").await;
    assert_eq!(rows.len(), 2000 + 100 * 50);
    for ((order_id, requester, creator, found, alert, version, model_id, paid), expected_id) in
        rows.iter().zip(1..)
    {
        let facts = population.order(expected_id);
        assert_eq!(
            (*order_id, requester, creator),
            (expected_id, &facts.requester_id.to_string(), &format!("creator-{}", facts.creator))
        );
        assert_eq!(
            (found.as_str(), *alert, *version),
            (stage(facts.rung), facts.alert, facts.version),
            "{facts:?}"
        );
        assert_eq!((model_id, *paid), (&facts.model_id, facts.rung == crate::population::PAID), "{facts:?}");
    }
}

#[tokio::test]
async fn the_busy_creator_has_a_tenth_more_orders_and_ten_paid_ones() {
    let population = Population::of(2000).expect("a population");
    let rows = seeded(population, GROWTH).await;
    let of_busy: Vec<&Seeded> = rows.iter().filter(|row| row.2 == "busy-creator").collect();
    assert_eq!((of_busy.len(), of_busy.iter().filter(|row| row.7).count()), (200, 10));
}
