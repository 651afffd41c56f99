//! Each state of the world, and what follows from it: a file of `fixtures/` a question.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use operator::reconcile::build::inputs;
use operator::reconcile::decide::{Conclusion, decide, refused, superseded};
use operator::reconcile::seen::{Seen, SeenJob, SeenSecret, Word};
use operator::reconcile::update_status::status;
use operator::reconcile::validate::validate;
use serde::Deserialize;
use serde_json::Value;

use crate::support::{PREFIX, migration};

const INTERVAL: Duration = Duration::from_hours(1);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    #[serde(default)]
    spec: Value,
    #[serde(default = "labelled")]
    secrets: BTreeMap<String, SeenSecret>,
    #[serde(default)]
    jobs: Vec<SeenJob>,
    now: Timestamp,
    expect: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Expected {
    ready: bool,
    stalled: bool,
    reason: String,
    message: Option<String>,
    approved: Option<String>,
    drift: Option<String>,
    plan_hash: Option<String>,
    start: Option<Start>,
    again_seconds: Option<u64>,
    #[serde(default)]
    removed: Vec<String>,
}

#[derive(Deserialize, PartialEq, Debug)]
#[serde(deny_unknown_fields)]
struct Start {
    word: Word,
    approved: Option<String>,
    #[serde(default)]
    attempt: u32,
}

fn labelled() -> BTreeMap<String, SeenSecret> {
    BTreeMap::from([("atelier-database".to_owned(), SeenSecret::Labelled)])
}

#[test]
fn from_each_state_follows_what_its_fixture_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures");
    let mut paths: Vec<_> =
        fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert!(paths.len() >= 25, "only {} fixtures", paths.len());
    for path in paths {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a fixture");
        let fixture: Fixture =
            serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        holds(&name, fixture);
    }
}

fn holds(name: &str, Fixture { spec, secrets, mut jobs, now, expect }: Fixture) {
    let migration = migration(&if spec.is_null() { Value::Object(serde_json::Map::default()) } else { spec });
    let inputs = inputs(&migration.spec);
    for job in &mut jobs {
        if job.inputs.is_empty() {
            job.inputs.clone_from(&inputs);
        }
        if job.name.is_empty() {
            job.name = format!("{}-{}", job.word.name(), job.attempt);
        }
    }
    let seen = Seen { secrets, jobs };
    let conclusion = match validate(&migration.spec, &seen, &[PREFIX.to_owned()]) {
        Ok(()) => decide(&migration.spec, &inputs, &seen, INTERVAL, now),
        Err(refusal) => refused(&refusal),
    };
    told(name, &expect, &status(&migration, &conclusion, &seen, now).conditions);
    let Conclusion { message, plan_hash, start, again, .. } = &conclusion;
    if let Some(part) = &expect.message {
        assert!(message.contains(part.as_str()), "{name}: {message:?} does not say {part:?}");
    }
    assert_eq!(*plan_hash, expect.plan_hash, "{name}: the hash to approve");
    let start = start.as_ref().map(|order| Start {
        word: order.word,
        approved: order.approved.clone(),
        attempt: order.attempt,
    });
    assert_eq!(start, expect.start, "{name}: the Job that is due");
    if let Some(seconds) = expect.again_seconds {
        assert_eq!(again.as_secs(), seconds, "{name}: when to look again");
    }
    assert_eq!(superseded(&seen, &inputs), expect.removed, "{name}: Jobs that go");
}

fn told(
    name: &str,
    expect: &Expected,
    conditions: &[k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition],
) {
    let of = |kind: &str| {
        let found = conditions.iter().find(|condition| condition.type_ == kind).expect("every kind is told");
        (found.status.as_str(), found.reason.as_str())
    };
    let word = |is: bool| if is { "True" } else { "False" };
    assert_eq!(of("Ready"), (word(expect.ready), expect.reason.as_str()), "{name}: Ready");
    assert_eq!(of("Stalled").0, word(expect.stalled), "{name}: Stalled");
    assert_eq!(of("Reconciling").0, word(!expect.ready && !expect.stalled), "{name}: Reconciling");
    for (kind, expected) in [("Approved", &expect.approved), ("DriftDetected", &expect.drift)] {
        if let Some(expected) = expected {
            let (status, reason) = of(kind);
            assert_eq!(&format!("{status} {reason}"), expected, "{name}: {kind}");
        }
    }
}
