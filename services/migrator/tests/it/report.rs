//! `--report`: how each command ended, as the controller reads it from a pod's termination message.

use std::path::PathBuf;
use std::process::Command;

use operator::report::{Outcome, Report};
use testkit::{Role, TestDatabase};

use crate::support::run;

/// Runs the binary, and reads its exit code and its report.
fn reported(url: &str, args: &[&str]) -> (Option<i32>, Report) {
    let file: PathBuf =
        std::env::temp_dir().join(format!("atelier-report-{}-{}", std::process::id(), args.join("-")));
    let output = Command::new(env!("CARGO_BIN_EXE_migrator"))
        .args(args)
        .arg("--report")
        .arg(&file)
        .env_clear()
        .env("ATELIER_DATABASE__URL", url)
        .env("ATELIER_MIGRATIONS__DEADLINE_MS", "1500")
        .output()
        .expect("the binary runs");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    drop(std::fs::remove_file(&file));
    let code = output.status.code();
    // No exit code would make up for a text that is no report: it would have no state.
    (code, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

#[tokio::test]
async fn an_up_tells_where_it_left_the_schema() {
    let database = TestDatabase::empty().await.expect("a database");
    let url = database.url(Role::Admin);
    let (_, plan) = reported(&url, &["plan"]);
    let before = plan.state.expect("a state");
    assert_eq!((plan.outcome, before.schema_version), (Outcome::Done, 0));
    assert!(before.expands.iter().any(|file| file.starts_with("0001_")), "{before:?}");

    let other = "0".repeat(32);
    let (code, refused) = reported(&url, &["up", "--approved-plan-hash", &other]);
    assert_eq!((code, refused.outcome), (Some(66), Outcome::NotApproved), "{}", refused.message);
    assert_eq!(refused.state.expect("a state").schema_version, 0, "nothing was run");

    let hash = before.up_hash.expect("a hash");
    let (code, up) = reported(&url, &["up", "--approved-plan-hash", &hash]);
    assert_eq!((code, up.outcome), (Some(0), Outcome::Done), "{}", up.message);
    let state = up.state.expect("a state");
    assert_eq!((state.schema_version, state.expands.len()), (state.needed_version, 0));
    assert!(state.fingerprint.is_some() && state.is_drifted == Some(false), "{state:?}");
}

#[tokio::test]
async fn what_went_wrong_is_one_word_with_its_causes() {
    let database = TestDatabase::create().await.expect("a database");
    let mut admin = database.connect(Role::Admin).await.expect("connected");
    let url = database.url(Role::Owner);

    run(&mut admin, "SELECT pg_advisory_lock(27431051700299122)").await.expect("locked");
    let (code, held) = reported(&url, &["up"]);
    assert_eq!((code, held.outcome), (Some(75), Outcome::LockHeld));
    assert!(held.message.contains("pg_terminate_backend"), "{}", held.message);
    run(&mut admin, "SELECT pg_advisory_unlock_all()").await.expect("unlocked");

    run(&mut admin, "CREATE INDEX by_hand ON atelier.orders (requester_id)").await.expect("by hand");
    let (code, drifted) = reported(&url, &["verify"]);
    assert_eq!((code, drifted.outcome, drifted.findings), (Some(1), Outcome::FindingsFound, Some(1)));
    assert!(drifted.message.contains("changed by hand"), "{}", drifted.message);

    run(&mut admin, "UPDATE atelier.schema_meta SET min_app_schema = 9999")
        .await
        .expect("as a contract does");
    let (code, newer) = reported(&url, &["up"]);
    assert_eq!((code, newer.outcome), (Some(67), Outcome::UnknownNewerSchema));
    assert_eq!(newer.state.map(|state| state.min_app_schema), Some(9999), "it has no plan, but a state");

    run(&mut admin, "UPDATE atelier._sqlx_migrations SET checksum = '' WHERE version = 3")
        .await
        .expect("edited");
    run(&mut admin, "UPDATE atelier.schema_meta SET min_app_schema = 0").await.expect("set back");
    assert_eq!(reported(&url, &["up"]).1.outcome, Outcome::ChecksumMismatch);
}

#[test]
fn a_database_that_is_away_and_a_wrong_configuration_are_told_too() {
    let (code, away) = reported("postgres://nobody@127.0.0.1:1/nothing?sslmode=disable", &["up"]);
    assert_eq!((code, away.outcome, away.state), (Some(75), Outcome::DatabaseUnreachable, None));
    let (code, wrong) = reported("no address", &["up"]);
    assert_eq!((code, wrong.outcome), (Some(64), Outcome::Configuration));
}
