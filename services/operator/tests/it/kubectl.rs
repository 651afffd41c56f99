//! `kubectl atelier` against a double of the API server.

use std::sync::Arc;

use clap::Parser;
use k8s_openapi::jiff::Timestamp;
use operator::kubectl::{KubectlArgs, KubectlError, run};
use serde_json::{Value, json};

use crate::api::Cluster;
use crate::support::migration;

const MIGRATION: &str = "/apis/migrations.atelier.dev/v1alpha1/namespaces/shop/schemamigrations/atelier";
const HASH: &str = "11111111111111111111111111111111";

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: KubectlArgs,
}

fn waiting() -> Cluster {
    let cluster = Cluster::default();
    let mut object = json!(migration(&json!({})));
    object["status"] = json!({
        "observedGeneration": 1, "currentVersion": 2, "targetVersion": 2, "planHash": HASH,
        "pending": ["3_c.contract.sql"], "lastError": "LockHeld: pid 4711",
        "conditions": [{
            "type": "Ready", "status": "False", "reason": "LockHeld", "message": "held by pid 4711",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }],
    });
    cluster.put(MIGRATION, object);
    cluster
}

async fn said(cluster: &Cluster, words: &[&str]) -> Result<String, KubectlError> {
    let args = Cli::parse_from(["kubectl-atelier"].iter().chain(words)).args;
    let mut out = Vec::new();
    run(cluster.client(), &args, &(Arc::new(|| Timestamp::UNIX_EPOCH) as _), &mut out).await?;
    Ok(String::from_utf8(out).expect("text"))
}

fn spec(cluster: &Cluster) -> Value {
    cluster.get(MIGRATION).expect("it is there")["spec"].clone()
}

#[tokio::test]
async fn only_the_plan_that_waits_is_approved() {
    let cluster = waiting();
    let other = said(&cluster, &["approve", "atelier", "22222222222222222222222222222222"]).await;
    assert!(matches!(other, Err(KubectlError::OtherPlan { .. })), "{other:?}");
    assert_eq!(spec(&cluster)["approvedPlanHash"], Value::Null);
    said(&cluster, &["approve", "atelier", HASH]).await.expect("approved");
    assert_eq!(spec(&cluster)["approvedPlanHash"], HASH);
}

#[tokio::test]
async fn retry_raises_the_number_and_nothing_else() {
    let cluster = waiting();
    said(&cluster, &["retry", "atelier"]).await.expect("retried");
    let mut before = json!(migration(&json!({})))["spec"].clone();
    before["retry"] = json!(1);
    assert_eq!(spec(&cluster), before);
}

#[tokio::test]
async fn status_tells_what_waits_and_what_to_type() {
    let cluster = waiting();
    let text = said(&cluster, &["status", "atelier"]).await.expect("told");
    for part in ["LockHeld", "waits  3_c.contract.sql", &format!("kubectl atelier approve atelier {HASH}")] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(said(&cluster, &["lock", "atelier"]).await.expect("told"), "held by pid 4711\n");
    assert_eq!(said(&cluster, &["status"]).await.expect("told"), "atelier: LockHeld, schema 2 of 2\n");
}

#[tokio::test]
async fn doctor_names_what_is_missing() {
    let cluster = waiting();
    let answer = said(&cluster, &["doctor"]).await;
    assert!(matches!(answer, Err(KubectlError::Unwell(2))), "no leader and no Secret: {answer:?}");
}

#[tokio::test]
async fn a_bundle_reads_no_secret() {
    let cluster = waiting();
    let text = said(&cluster, &["bundle", "atelier"]).await.expect("written");
    let bundle: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(bundle["migration"]["metadata"]["name"], "atelier");
    assert_eq!(cluster.calls("GET /api/v1/namespaces/shop/secrets"), 0);
}
