//! What a shop asks of the service all day: reads, moves, and creates under a key, on orders that are there from the beginning.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sqlx::query_scalar;
use testkit::{Role, TestDatabase};

use super::foreign::{self, Seed};
use super::load::Load;
use super::{BUYER, Instance, MAKER};

const ORDERS: usize = 200;
/// Whose orders the load makes.
const SHOPPER: &str = "shopper-1";

/// The orders that are there from the beginning.
pub(crate) async fn seed(database: &TestDatabase) {
    let seeds: Vec<Seed> =
        (1..=i64::try_from(ORDERS).expect("few")).map(|order_id| (order_id, 1, None)).collect();
    foreign::seed(database, BUYER, MAKER, &seeds).await;
}

/// Requests to `front`, on and on.
pub(crate) async fn load(front: Instance) -> Load {
    Load::mixed(String::new(), move |number, _| request(&front, number)).await
}

/// After the load: each key made one order, and history is whole.
pub(crate) async fn check(database: &TestDatabase) {
    let mut reader = database.connect(Role::Reader).await.expect("the reader");
    let (made, keys): (i64, i64) = (
        query_scalar("SELECT count(*) FROM atelier.orders WHERE requester_id = $1")
            .bind(SHOPPER)
            .fetch_one(&mut reader)
            .await
            .expect("a count"),
        query_scalar("SELECT count(*) FROM atelier.idempotency_keys")
            .fetch_one(&mut reader)
            .await
            .expect("a count"),
    );
    assert!(made > 0 && made == keys, "{made} orders of {keys} keys");
    database.check_history_law().await.expect("the history law holds");
}

/// Of ten requests seven read, two move and one creates. The two moves may race, and are answered 200 in either order.
fn request(front: &Instance, number: usize) -> RequestBuilder {
    let order_id = 1 + number / 10 % ORDERS;
    let body = |request: RequestBuilder, body: Value| {
        request.header("content-type", "application/json").body(body.to_string())
    };
    match number % 10 {
        0 => {
            let create =
                front.request(Method::POST, "/orders").header("idempotency-key", format!("key-{number}"));
            body(create, json!({"requester_id": SHOPPER, "created_by": MAKER}))
        }
        1 | 2 => {
            let update = front.request(Method::PUT, &format!("/orders/{order_id}/update"));
            body(update, json!({"state_type": "alert", "new_value": number % 10 == 1, "user_id": BUYER}))
        }
        3 => front.request(Method::GET, &format!("/orders/{order_id}")),
        4 => front.request(Method::GET, &format!("/orders/{order_id}/history")),
        _ => front.request(Method::GET, &format!("/orders/{order_id}/status")),
    }
}
