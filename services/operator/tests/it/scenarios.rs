//! Whole passes against a double of the API server: from a wish to its Jobs and to the truth in its status.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::runtime::events::{Recorder, Reporter};
use operator::crd::SchemaMigration;
use operator::reconcile::update_status::reason_of;
use operator::reconcile::{Context, ReconcileError, reconcile};
use operator::report::{Outcome, Report, State};
use serde_json::{Value, json};

use crate::api::Cluster;
use crate::support::{PREFIX, merge, migration};

const MIGRATION: &str = "/apis/migrations.atelier.dev/v1alpha1/namespaces/shop/schemamigrations/atelier";
const SECRET: &str = "/api/v1/namespaces/shop/secrets/atelier-database";
const JOBS: &str = "/apis/batch/v1/namespaces/shop/jobs";
const HASH: &str = "11111111111111111111111111111111";
const OTHER: &str = "22222222222222222222222222222222";

/// A cluster with one migration, and a clock that a test moves.
struct World {
    cluster: Cluster,
    now: Arc<Mutex<Timestamp>>,
}

impl World {
    fn new(spec: &Value) -> Self {
        let world = Self { cluster: Cluster::default(), now: Arc::new(Mutex::new(Timestamp::UNIX_EPOCH)) };
        world.cluster.put(MIGRATION, json!(migration(spec)));
        let labels = json!({ "atelier.dev/database-credentials": "true" });
        world.cluster.put(SECRET, json!({ "metadata": { "name": "atelier-database", "labels": labels } }));
        world
    }

    fn later(&self, seconds: i64) -> String {
        let mut now = self.now.lock().expect("no panic");
        *now += SignedDuration::from_secs(seconds);
        now.to_string()
    }

    /// A person changes what is wanted.
    fn want(&self, spec: &Value) {
        let mut object = self.cluster.get(MIGRATION).expect("it is there");
        merge(&mut object["spec"], spec);
        object["metadata"]["generation"] = json!(object["metadata"]["generation"].as_i64().unwrap_or(0) + 1);
        self.cluster.put(MIGRATION, object);
    }

    fn migration(&self) -> SchemaMigration {
        serde_json::from_value(self.cluster.get(MIGRATION).expect("it is there")).expect("a migration")
    }

    /// A pass of a controller that knows nothing of any pass before.
    async fn pass(&self) -> Result<String, ReconcileError> {
        let client = self.cluster.client();
        let now = self.now.clone();
        let context = Context {
            recorder: Recorder::new(client.clone(), Reporter { controller: "test".into(), instance: None }),
            client,
            image_prefixes: vec![PREFIX.to_owned()],
            verify_interval: Duration::from_hours(1),
            clock: Arc::new(move || *now.lock().expect("no panic")),
        };
        reconcile(&self.migration(), &context).await?;
        Ok(reason_of(self.migration().status.as_ref()).unwrap_or_default().to_owned())
    }

    /// Passes, and is then asked for the one Job that does `word`.
    async fn pass_to(&self, word: &str) -> String {
        self.pass().await.expect("a pass");
        let mut found = self.jobs(word);
        assert_eq!(found.len(), 1, "one Job that does {word}: {found:?}");
        found.remove(0)
    }

    fn jobs(&self, word: &str) -> Vec<String> {
        let of_word = |job: &Value| job["metadata"]["labels"]["atelier.dev/word"] == word;
        let name = |job: &Value| job["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        self.cluster.below(JOBS).iter().filter(|job| of_word(job)).map(name).collect()
    }

    fn end(&self, job: &str, outcome: Outcome, state: Option<State>) {
        let at = self.later(5);
        self.cluster.end(job, &at, &Report { outcome, message: "said so".to_owned(), findings: None, state });
    }

    fn status(&self) -> Value {
        self.cluster.get(MIGRATION).expect("it is there")["status"].clone()
    }
}

fn at(schema_version: i64, contracts: &[&str], plan_hash: Option<&str>) -> State {
    State {
        schema_version,
        needed_version: 2,
        contracts: contracts.iter().map(|file| (*file).to_owned()).collect(),
        plan_hash: plan_hash.map(str::to_owned),
        is_drifted: Some(false),
        ..State::default()
    }
}

#[tokio::test]
async fn a_wish_becomes_a_job_and_its_report_becomes_the_status() {
    let world = World::new(&json!({}));
    let job = world.pass_to("migrate").await;
    assert_eq!(world.status()["conditions"][0]["reason"], "Applying");
    assert_eq!(world.status()["observedGeneration"], 1);
    world.end(&job, Outcome::Done, Some(at(2, &[], None)));
    assert_eq!(world.pass().await.expect("a pass"), "Applied");
    let status = world.status();
    assert_eq!((&status["currentVersion"], &status["jobName"]), (&json!(2), &json!(job)));
    assert_eq!(status["history"][0]["outcome"], "Done");
}

#[tokio::test]
async fn the_job_belongs_to_the_migration_and_holds_no_password() {
    let world = World::new(&json!({}));
    let job = world.pass_to("migrate").await;
    let job = world.cluster.get(&format!("{JOBS}/{job}")).expect("it is there");
    let owner = &job["metadata"]["ownerReferences"][0];
    assert_eq!((&owner["kind"], &owner["controller"]), (&json!("SchemaMigration"), &json!(true)));
    assert_eq!(owner["uid"], json!(world.migration().metadata.uid));
    assert_eq!(job["spec"]["template"]["spec"]["volumes"][0]["secret"]["secretName"], "atelier-database");
}

#[tokio::test]
async fn a_pass_that_finds_nothing_new_writes_nothing() {
    let world = World::new(&json!({}));
    let job = world.pass_to("migrate").await;
    world.end(&job, Outcome::Done, Some(at(2, &[], None)));
    world.pass().await.expect("a pass");
    world.cluster.calls("");
    world.pass().await.expect("a pass");
    assert_eq!(world.cluster.calls("PATCH"), 0, "nothing is written");
}

#[tokio::test]
async fn a_controller_that_dies_between_any_two_calls_goes_on_from_what_is_there() {
    for begin in [
        "PATCH /apis/batch",
        "PATCH /apis/migrations",
        "GET /api/v1/namespaces/shop/secrets",
        "GET /apis/batch",
    ] {
        let world = World::new(&json!({ "approvedPlanHash": HASH }));
        let mut reasons = Vec::new();
        for step in 0..4 {
            // It is killed at the call, a new one begins.
            world.cluster.refuse(Some((begin, 500)));
            drop(world.pass().await);
            world.cluster.refuse(None);
            reasons.push(world.pass().await.expect("a pass"));
            let (does, state) = match step {
                0 => ("migrate", at(2, &["3_c.contract.sql"], Some(HASH))),
                1 => ("contract", at(2, &[], None)),
                _ => continue,
            };
            let jobs = world.jobs(does);
            assert_eq!(jobs.len(), 1, "{begin}: {does} is made once: {jobs:?}");
            world.end(&jobs[0], Outcome::Done, Some(state));
        }
        assert_eq!(reasons, ["Applying", "Applying", "Applied", "Applied"], "{begin}");
        assert_eq!(world.status()["history"].as_array().map(Vec::len), Some(2), "{begin}");
    }
}

#[tokio::test]
async fn a_contract_runs_under_the_hash_of_its_plan_and_no_other() {
    let world = World::new(&json!({}));
    let contracts = ["3_c.contract.sql"];
    let job = world.pass_to("migrate").await;
    world.end(&job, Outcome::Done, Some(at(2, &contracts, Some(HASH))));
    assert_eq!(world.pass().await.expect("a pass"), "ContractPending");
    assert_eq!(world.status()["planHash"], HASH);

    world.want(&json!({ "approvedPlanHash": OTHER }));
    let plan = world.pass_to("plan").await;
    world.end(&plan, Outcome::Done, Some(at(2, &contracts, Some(HASH))));
    assert_eq!(world.pass().await.expect("a pass"), "ContractPending");
    assert!(world.jobs("contract").is_empty(), "another plan was approved");

    world.want(&json!({ "approvedPlanHash": HASH }));
    let contract = world.pass_to("contract").await;
    let made = world.cluster.get(&format!("{JOBS}/{contract}")).expect("it is there");
    let args = &made["spec"]["template"]["spec"]["containers"][0]["args"];
    assert_eq!(args[3], HASH, "{args}");
    world.end(&contract, Outcome::Done, Some(at(2, &[], None)));
    assert_eq!(world.pass().await.expect("a pass"), "Applied");
    assert_eq!(world.status()["history"][0]["approvedPlanHash"], HASH);
}

#[tokio::test]
async fn a_contract_waits_until_the_last_old_application_is_gone() {
    let world = World::new(&json!({ "approvedPlanHash": HASH }));
    let state = at(2, &["3_c.contract.sql"], Some(HASH));
    let job = world.pass_to("migrate").await;
    world.end(&job, Outcome::Done, Some(state.clone()));
    let first = world.pass_to("contract").await;
    world.end(&first, Outcome::OldApplicationsConnected, Some(state));
    assert_eq!(world.pass().await.expect("a pass"), "OldApplicationsConnected");
    assert_eq!(world.status()["conditions"][0]["status"], "False");
    assert_eq!(world.jobs("contract"), std::slice::from_ref(&first), "not at once");
    world.later(20);
    world.pass().await.expect("a pass");
    let second = world.jobs("contract").into_iter().find(|job| *job != first).expect("another try");
    world.end(&second, Outcome::Done, Some(at(2, &[], None)));
    assert_eq!(world.pass().await.expect("a pass"), "Applied");
    assert_eq!(world.jobs("contract"), [second], "the first one is gone");
}

#[tokio::test]
async fn a_lock_that_is_held_is_told_while_the_job_tries_on() {
    let world = World::new(&json!({}));
    let job = world.pass_to("migrate").await;
    let soon = world.later(5);
    let message = "another migration holds the lock: pid 4711".to_owned();
    let report = Report { outcome: Outcome::LockHeld, message, findings: None, state: None };
    world.cluster.leave(&job, &soon, 75, &report);
    assert_eq!(world.pass().await.expect("a pass"), "LockHeld");
    assert!(world.status()["lastError"].as_str().unwrap_or_default().contains("pid 4711"));
    world.end(&job, Outcome::Done, Some(at(2, &[], None)));
    assert_eq!(world.pass().await.expect("a pass"), "Applied");
    assert_eq!(world.status()["lastError"], Value::Null);
}

#[tokio::test]
async fn a_foreign_image_and_a_foreign_secret_make_no_job() {
    for (spec, reason) in [
        (json!({ "image": "elsewhere.example.com/migrator:1" }), "ImageNotAllowed"),
        (json!({ "database": { "credentials": { "secret": "another-teams" } } }), "SecretNotAllowed"),
    ] {
        let world = World::new(&spec);
        world.cluster.put(
            "/api/v1/namespaces/shop/secrets/another-teams",
            json!({ "metadata": { "name": "another-teams" } }),
        );
        assert_eq!(world.pass().await.expect("a pass"), reason);
        assert!(world.cluster.below(JOBS).is_empty(), "{reason}");
        assert_eq!(world.status()["conditions"][2]["status"], "True", "Stalled");
    }
}

#[tokio::test]
async fn a_secret_that_is_labelled_later_lets_it_go_on() {
    let world = World::new(&json!({}));
    world.cluster.put(SECRET, json!({ "metadata": { "name": "atelier-database" } }));
    assert_eq!(world.pass().await.expect("a pass"), "SecretNotAllowed");
    let labels = json!({ "atelier.dev/database-credentials": "true" });
    world.cluster.put(SECRET, json!({ "metadata": { "name": "atelier-database", "labels": labels } }));
    world.pass_to("migrate").await;
}

#[tokio::test]
async fn another_image_is_another_job_and_the_old_one_goes() {
    let world = World::new(&json!({}));
    let first = world.pass_to("migrate").await;
    world.end(&first, Outcome::Done, Some(at(2, &[], None)));
    world.pass().await.expect("a pass");
    world.want(&json!({ "image": format!("{PREFIX}/migrator:3.0.0") }));
    let second = world.pass_to("migrate").await;
    assert_ne!(first, second);
    assert_eq!(world.status()["currentVersion"], 2, "what was known stays until it is known better");
    assert_eq!(world.status()["conditions"][0]["status"], "False", "not ready for the new image");
}

#[tokio::test]
async fn drift_is_told_an_interval_later_and_the_migration_stays_ready() {
    let world = World::new(&json!({}));
    let job = world.pass_to("migrate").await;
    world.end(&job, Outcome::Done, Some(at(2, &[], None)));
    world.pass().await.expect("a pass");
    assert!(world.jobs("verify").is_empty(), "not yet");
    world.later(3600);
    let verify = world.pass_to("verify").await;
    world.end(&verify, Outcome::FindingsFound, Some(at(2, &[], None)));
    assert_eq!(world.pass().await.expect("a pass"), "Applied");
    let drift = &world.status()["conditions"][5];
    assert_eq!((&drift["type"], &drift["status"]), (&json!("DriftDetected"), &json!("True")));
}

#[tokio::test]
async fn a_job_that_somebody_deleted_is_made_again() {
    let world = World::new(&json!({}));
    let job = world.pass_to("migrate").await;
    world.end(&job, Outcome::Done, Some(at(2, &[], None)));
    world.pass().await.expect("a pass");
    world.cluster.take(&format!("{JOBS}/{job}"));
    assert_eq!(world.pass_to("migrate").await, job, "the same work has the same name");
}

#[tokio::test]
async fn an_event_tells_each_new_reason_once() {
    let world = World::new(&json!({}));
    let job = world.pass_to("migrate").await;
    world.pass().await.expect("a pass");
    world.end(&job, Outcome::Done, Some(at(2, &[], None)));
    world.pass().await.expect("a pass");
    world.pass().await.expect("a pass");
    // Applying, then Applied and what was planned.
    assert_eq!(world.cluster.calls("POST /apis/events.k8s.io"), 3);
}

#[tokio::test]
async fn an_event_tells_of_drift_and_of_its_end() {
    let world = World::new(&json!({}));
    let job = world.pass_to("migrate").await;
    world.end(&job, Outcome::Done, Some(at(2, &[], None)));
    world.pass().await.expect("a pass");
    for (outcome, told) in [(Outcome::FindingsFound, 1), (Outcome::FindingsFound, 0), (Outcome::Done, 1)] {
        world.later(3600);
        world.pass().await.expect("a pass");
        let verify = world.jobs("verify").pop().expect("a look");
        world.cluster.calls("");
        world.end(&verify, outcome, Some(at(2, &[], None)));
        world.pass().await.expect("a pass");
        assert_eq!(world.cluster.calls("POST /apis/events.k8s.io"), told, "{outcome:?}");
        world.pass().await.expect("a pass");
        assert_eq!(world.cluster.calls("POST /apis/events.k8s.io"), 0, "once");
    }
}
