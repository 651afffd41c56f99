//! The Job of the operator is the Job of the chart: the same values, rendered once for mode `job` and once for mode `operator`.

use std::path::Path;
use std::process::Command;

use operator::crd::SchemaMigration;
use operator::reconcile::build::{Order, build};
use operator::reconcile::seen::Word;
use serde_json::{Value, json};

const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../charts/atelier");

/// Everything that a Job may have, or as little as it can.
const RICH: &[&str] = &[
    "database.migrations.host=direct.example.com",
    "database.migrations.port=6543",
    "database.tls.caSecret=atelier-ca",
    "database.auth.migrator.existingSecret=owner",
    "database.auth.writer.existingSecret=writer",
    "database.auth.reader.existingSecret=reader",
    "database.auth.reader.usernameKey=user",
    "database.roles.owner=o",
    "database.roles.writer=w",
    "database.roles.reader=r",
    "migrations.retry=3",
    "migrations.podLabels.team=shop",
    "migrations.podAnnotations.note=yes",
    "migrations.nodeSelector.disk=fast",
    "migrations.tolerations[0].key=spot",
    "migrations.tolerations[0].operator=Exists",
    "migrations.patienceSeconds=7",
    "migrations.approvedPlanHash=11111111111111111111111111111111",
    "image.pullSecrets[0]=registry",
];
const POOR: &[&str] = &[
    "database.existingSecret=login",
    "database.sslmode=require",
    "migrations.resources=null",
    "database.port=6432",
];

fn rendered(mode: &str, values: &[&str]) -> Vec<Value> {
    let mut helm = Command::new("helm");
    helm.args(["template", "shop", CHART, "--namespace", "shop", "--kube-version", "1.33.0"]);
    let facts =
        ["database.host=db.example.com", "catalog.url=http://c/catalog", "auth.hs256.existingSecret=a"];
    for value in facts.iter().chain(values) {
        helm.args(["--set", value]);
    }
    let output = helm.args(["--set", &format!("migrations.mode={mode}")]).output().expect("helm");
    let (said, text) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{said}");
    serde_saphyr::from_multiple(&text).expect("manifests")
}

fn of<'a>(objects: &'a [Value], kind: &str, does: &str) -> &'a Value {
    let is_it = |object: &&Value| {
        object["kind"] == kind && object["metadata"]["name"].as_str().is_some_and(|name| name.contains(does))
    };
    objects.iter().find(is_it).unwrap_or_else(|| panic!("no {kind} {does}"))
}

/// What the cluster would make of it: a Job's types, without what is empty.
fn plain(spec: &Value) -> Value {
    let job: k8s_openapi::api::batch::v1::Job =
        serde_json::from_value(json!({ "spec": spec })).expect("a Job's spec");
    let mut spec = serde_json::to_value(job).expect("JSON")["spec"].take();
    // The chart's services share an account; a migration cannot choose one, and neither gets a token.
    if let Some(pod) = spec["template"]["spec"].as_object_mut() {
        pod.remove("serviceAccountName");
    }
    if let Some(env) = spec["template"]["spec"]["containers"][0]["env"].as_array_mut() {
        env.sort_by_key(|variable| variable["name"].to_string());
    }
    spec
}

#[test]
#[ignore = "needs helm"]
fn the_operator_makes_the_job_that_the_chart_renders() {
    assert!(Path::new(CHART).is_dir());
    for values in [RICH, POOR] {
        let jobs = rendered("job", values);
        let objects = rendered("operator", values);
        let none = |object: &Value| object["kind"] == "Job" || object["kind"] == "CronJob";
        assert!(!objects.iter().any(none), "mode operator renders no Job");
        let wanted = of(&objects, "SchemaMigration", "shop");
        let migration: SchemaMigration = serde_json::from_value(wanted.clone()).expect("a migration");
        let order = Order { word: Word::Up, approved: None, attempt: 0 };
        let built = build(&migration, &order).expect("a Job");
        let built = serde_json::to_value(built).expect("JSON")["spec"].take();
        assert_eq!(plain(&built), plain(&of(&jobs, "Job", "migrate")["spec"]));
    }
}

#[test]
#[ignore = "needs helm"]
fn the_hook_is_the_same_job_before_everything_else() {
    let hooks = rendered("hook", RICH);
    let jobs = rendered("job", RICH);
    for does in ["migrate", "contract"] {
        let hook = of(&hooks, "Job", does);
        assert_eq!(hook["metadata"]["annotations"]["helm.sh/hook"], "pre-install,pre-upgrade");
        assert_eq!(hook["metadata"]["annotations"]["helm.sh/hook-delete-policy"], "before-hook-creation");
        assert_eq!(plain(&hook["spec"]), plain(&of(&jobs, "Job", does)["spec"]));
        let account = &hook["spec"]["template"]["spec"]["serviceAccountName"];
        assert!(account.is_null(), "there is none of ours before the first install");
    }
}
