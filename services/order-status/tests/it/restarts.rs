//! Restarts, one instance after the other, behind a balancer of connections: no request is lost. What is answered with an error, not at
//! all or by a broken connection is lost; nobody asks twice.
//!
//! The long form is `cargo xtask bench --only restarts`: more restarts, more requests, programs as they are shipped.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sqlx::query_scalar;
use testkit::balancer::{Backend, Balancer};
use testkit::{Role, TestDatabase};

use crate::support::foreign::{Seed, seed};
use crate::support::load::Load;
use crate::support::program::Program;
use crate::support::{BUYER, Instance, MAKER, PATIENCE, PATIENT};

const RESTARTS: usize = 4;
const ORDERS: usize = 200;
/// Whose orders the load makes.
const SHOPPER: &str = "shopper-1";

/// A program on `database`, and where it is reached.
async fn start(database: &TestDatabase) -> (Program, Backend) {
    let more = [&PATIENT[..], &[("ATELIER_SHUTDOWN__DELAY_MS", "1500")]].concat();
    let program = Program::serve(&database.url(Role::Writer), &more);
    let instance = program.instance().await;
    (program, Backend { api: instance.address, ops: instance.ops_address })
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_two_instances_are_restarted_in_turn_no_request_is_lost() {
    let database = TestDatabase::create().await.expect("a database");
    let seeds: Vec<Seed> =
        (1..=i64::try_from(ORDERS).expect("few")).map(|order_id| (order_id, 1, None)).collect();
    seed(&database, BUYER, MAKER, &seeds).await;
    let balancer = Balancer::start().await.expect("a balancer");
    let mut running = vec![start(&database).await, start(&database).await];
    for (_, backend) in &running {
        balancer.add(*backend);
    }
    balancer.until_ready(2, PATIENCE).await.expect("both");

    let front = Instance::at(balancer.address(), running[0].1.ops);
    let load = Load::mixed(String::new(), move |number, _| request(&front, number)).await;
    for _ in 0..RESTARTS {
        let (program, backend) = running.remove(0);
        program.signal("TERM");
        let ended = program.end().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        balancer.remove(backend);
        load.goes_on().await;
        let next = start(&database).await;
        balancer.add(next.1);
        running.push(next);
        balancer.until_ready(2, PATIENCE).await.expect("both again");
        load.goes_on().await;
    }
    println!("{RESTARTS} restarts: {}", load.end_without_failure().await);

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
