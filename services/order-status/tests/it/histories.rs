//! Histories (R3): eight clients ask a few orders of two programs at once while answers are lost, connections to the database break
//! and programs are killed. Every question and answer is written down, and there must be a sequence in which each answer is what
//! the rules say, and which keeps the order of what did not happen at once: stateright's tester of linearizability looks for it.
//!
//! That the tester would find what the services' guards prevent is shown with programs whose statements lose a guard on their
//! way to a database that has lost its own.

mod altered;
mod client;
mod record;
mod spec;
mod system;

use std::time::Instant;

use rand::SeedableRng;
use rand::rngs::StdRng;
use sqlx::{AssertSqlSafe, Executor};
use testkit::{Role, TestDatabase, proof};

use altered::Alteration;
use client::{Client, Shop};
use record::{Counts, Record};
use system::{Fault, System};

const CLIENTS: u32 = 8;
const QUESTIONS: usize = 10;
/// By then a guard that is missing has shown itself.
const HISTORIES_WITHOUT_A_GUARD: i64 = 100;

/// One history; the orders that nothing explains, and what it is made of.
async fn history(system: &System, number: i64, fault: Fault) -> (Vec<String>, Counts) {
    let seed = proof::seed().wrapping_add(number.unsigned_abs() << 8);
    let (shop, record) = (Shop::new(number), Record::default());
    let clients = (0..CLIENTS).map(|client| Client::new(client, seed, system, &shop, &record).ask(QUESTIONS));
    let all = CLIENTS as usize * QUESTIONS;
    let mut chance = StdRng::seed_from_u64(seed);
    tokio::join!(futures_util::future::join_all(clients), system.suffer(fault, &record, all, &mut chance));
    system.heal().await;
    Client::new(CLIENTS, seed, system, &shop, &record).read_all().await;
    let unexplained = record.unexplained(&Shop::slots(number));
    (unexplained.into_iter().map(|slot| record.tell(slot)).collect(), record.counts())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_breaks_some_sequence_explains_what_eight_clients_were_told() {
    let database = TestDatabase::create().await.expect("a database");
    let system = System::start(database, None).await;
    let histories = proof::either(200, 12);
    let began = Instant::now();
    let mut sum = Counts::default();
    for number in 0..histories {
        let fault = Fault::ALL[usize::try_from(number).expect("few") % Fault::ALL.len()];
        let (unexplained, counts) = history(&system, number, fault).await;
        assert!(unexplained.is_empty(), "history {number}, {fault:?}:\n{}", unexplained.join("\n\n"));
        sum.add(counts);
    }
    let Counts { told, changed, unknown, nothing } = sum;
    println!(
        "figure: {histories} histories of {CLIENTS} clients, all explained: {told} answers, {changed} of them to creates and moves; {unknown} lost, \
         {nothing} told that nothing was done; {:.0} s",
        began.elapsed().as_secs_f64()
    );
    assert!(unknown > 0 && changed * 5 > told, "hardly anything happened");
    system.database.check_history_law().await.expect("the history law holds");
}

/// How many histories it takes until nothing explains one, where `alteration` takes a guard from the statements and `sql` the
/// database's own.
async fn found_without(alteration: Option<Alteration>, sql: &'static str) -> Option<i64> {
    let database = TestDatabase::create().await.expect("a database");
    let mut admin = database.connect(Role::Admin).await.expect("the admin");
    admin.execute(AssertSqlSafe(sql)).await.expect("the database loses its guard");
    let system = System::start(database, alteration).await;
    for number in 0..HISTORIES_WITHOUT_A_GUARD {
        if !history(&system, number, Fault::Calm).await.0.is_empty() {
            assert!(alteration.is_none() || system.altered() > 0);
            return Some(number + 1);
        }
    }
    None
}

/// What makes a move that was decided on an old version a move all the same.
const NO_VERSION_GUARD: Alteration =
    ("WHERE o.order_id = t.order_id AND o.version = t.expected", "WHERE o.order_id = t.order_id");
/// The history law would refuse what such a move writes.
const NO_HISTORY_LAW: &str = "ALTER TABLE atelier.orders DISABLE TRIGGER USER; \
    ALTER TABLE atelier.order_events DISABLE TRIGGER USER; \
    ALTER TABLE atelier.order_events DROP CONSTRAINT order_events_pkey";
/// What makes a create under a known key a create all the same.
const NO_DEDUPLICATION: Alteration = ("WHERE known.caller = a.caller AND known.key = a.key", "WHERE false");
/// The key of the table would refuse what such a create writes.
const NO_UNIQUE_KEYS: &str = "ALTER TABLE atelier.idempotency_keys DROP CONSTRAINT idempotency_keys_pkey";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_guard_of_versions_nothing_explains_them() {
    let found = found_without(Some(NO_VERSION_GUARD), NO_HISTORY_LAW).await;
    println!("figure: without the guard of versions history {} is unexplained", found.expect("it is found"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_deduplication_nothing_explains_them() {
    let found = found_without(Some(NO_DEDUPLICATION), NO_UNIQUE_KEYS).await;
    println!("figure: without deduplication history {} is unexplained", found.expect("it is found"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_unique_key_two_programs_make_two_orders_of_one_create() {
    let found = found_without(None, NO_UNIQUE_KEYS).await;
    println!("figure: without the unique key of keys history {} is unexplained", found.expect("it is found"));
}
