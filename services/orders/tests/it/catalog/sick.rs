//! Every way in which a catalog can be sick, tried on the real program: the list is there at its deadline, says `unavailable`,
//! and the program does not grow. One table of it is printed.

use std::time::Duration;

use testkit::catalog::{Behaviour, Catalog, Reply};
use testkit::{Role, TestDatabase, wait};

use super::with_models;
use crate::fixtures::insert;
use crate::process::Program;
use crate::raw_catalog::{Conduct, RawCatalog};
use crate::support::{Answer, MARGIN, environment};

const DEADLINE: Duration = Duration::from_millis(300);
const KEYS: [(&str, &str); 3] = [
    ("catalog.page_deadline_ms", "300"),
    ("catalog.request_timeout_ms", "1000"),
    // Each page asks anew: the breaker has its own tests.
    ("catalog.breaker.failures_max", "20"),
];

/// How much a program may grow while it reads what a sick catalog sends. Five answers of 1 MiB are read at once, each into a
/// buffer that doubles as it fills, and the allocator keeps what was freed for a while.
const GROWTH_MAX: f64 = 48.0 * 1024.0 * 1024.0;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"model\": ";

async fn resident_bytes(program: &Program) -> f64 {
    let text = program.ops("/metrics").await.text;
    let line = text.lines().find_map(|line| line.strip_prefix("process_resident_memory_bytes "));
    line.expect("the gauge").parse().expect("a number")
}

/// Asks three times, prints the row, and holds it against what is promised.
#[expect(clippy::print_stdout, reason = "the figures are what this is for")]
async fn row(what: &str, database: &TestDatabase, url: &str) {
    let program = Program::start(environment(&database.url(Role::Reader), url, &KEYS)).await;
    // The first list of a process also connects to the database.
    program.get("/orders/user/nobody").await;
    let before = resident_bytes(&program).await;
    let mut answers: Vec<Answer> = Vec::new();
    for _ in 0..3 {
        answers.push(program.get("/orders/user/ada").await);
    }
    let growth = resident_bytes(&program).await - before;
    let longest = answers.iter().map(|answer| answer.took).max().unwrap_or_default();
    println!(
        "{what:<22} longest list {:>4} ms, deadline {} ms; grown by {:.1} MiB",
        longest.as_millis(),
        DEADLINE.as_millis(),
        growth / 1024.0 / 1024.0
    );
    for answer in answers {
        assert_eq!(answer.model_statuses(), ["unavailable"; 5], "{what}");
    }
    assert!(longest < DEADLINE + MARGIN, "{what}: {longest:?}");
    assert!(growth < GROWTH_MAX, "{what}: grown by {growth} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_there_at_its_deadline_however_sick_the_catalog_is() {
    let database = TestDatabase::create().await.expect("a database");
    insert(&database, &with_models(5)).await;

    let dead = format!("http://127.0.0.1:{}/catalog", wait::free_port().expect("a port"));
    row("dead", &database, &dead).await;

    let catalog = Catalog::start().await.expect("a catalog");
    let inward = format!("http://{}/catalog/models/id/65f0c0defeed000000000001", catalog.address());
    for (what, behaviour) in [
        ("ten seconds slow", Behaviour::slow(Duration::from_secs(10))),
        ("500", Behaviour::reply(Reply::ServerError)),
        ("garbage", Behaviour::reply(Reply::Garbage)),
        ("wrong JSON types", Behaviour::reply(Reply::WrongTypes)),
        ("a page for people", Behaviour::reply(Reply::Html)),
        ("redirect inward", Behaviour::reply(Reply::Redirect(inward))),
    ] {
        catalog.behave(behaviour);
        row(what, &database, &catalog.base_url()).await;
    }

    for (what, conduct) in [
        ("a body without end", Conduct::Flood(HEAD.to_vec())),
        ("a slow drip", Conduct::Drip(HEAD.to_vec(), Duration::from_millis(20))),
    ] {
        let catalog = RawCatalog::start(conduct).await;
        row(what, &database, &catalog.url()).await;
    }
}
