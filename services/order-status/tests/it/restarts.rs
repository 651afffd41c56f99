//! Restarts, one instance after the other, behind a balancer of connections: no request is lost. What is answered with an error, not at
//! all or by a broken connection is lost; nobody asks twice.
//!
//! The long form is `cargo xtask bench --only restarts`: more restarts, more requests, programs as they are shipped.

use testkit::balancer::{Backend, Balancer};
use testkit::{Role, TestDatabase};

use crate::support::program::Program;
use crate::support::{Instance, PATIENCE, PATIENT, shop};

const RESTARTS: usize = 4;

/// A program on `database`, and where it is reached.
async fn start(database: &TestDatabase) -> (Program, Backend) {
    let more = [&PATIENT[..], &[("ATELIER_SHUTDOWN__DELAY_MS", "1500")]].concat();
    let program = Program::serve(&database.url(Role::Writer), &more);
    let instance = program.instance().await;
    (program, Backend { api: instance.address, ops: instance.ops_address })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_two_instances_are_restarted_in_turn_no_request_is_lost() {
    let database = TestDatabase::create().await.expect("a database");
    shop::seed(&database).await;
    let balancer = Balancer::start().await.expect("a balancer");
    let mut running = vec![start(&database).await, start(&database).await];
    for (_, backend) in &running {
        balancer.add(*backend);
    }
    balancer.until_ready(2, PATIENCE).await.expect("both");

    let front = Instance::at(balancer.address(), running[0].1.ops);
    let load = shop::load(front).await;
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

    shop::check(&database).await;
}
