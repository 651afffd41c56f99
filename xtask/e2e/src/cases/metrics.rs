//! What the chart brings for Prometheus and Grafana is about this release, whatever it is called, and whole.
//!
//! Rendered only: not every cluster knows the kinds of the Prometheus operator, and no operator is asked to act on them.

use serde_json::Value;

use crate::error::{Failure, ensure};
use crate::release::Release;
use crate::stage::Stage;

const SOURCE: &str = "charts/atelier/rules/atelier.yaml";
/// Everything on, and objectives that look like each other's defaults: what took the place of one must not be replaced again.
const SETTINGS: [&str; 6] = [
    "--set-json",
    r#"networkPolicy.prometheusFrom=[{"namespaceSelector": {}}]"#,
    "--set-json",
    "database.connectionBudget=80",
    "--set-json",
    concat!(
        r#"metrics={"serviceMonitor": {"enabled": true}, "dashboards": {"enabled": true}, "rules": {"enabled": true, "#,
        r#""availability": 0.99, "fastStatusReads": 0.999, "documents": "https://git.example.com/atelier/docs/"}}"#,
    ),
];
const RUNBOOKS: &str = "https://git.example.com/atelier/docs/operations.md#";

pub(super) async fn run(stage: &Stage) -> Result<(), Failure> {
    // A name that begins like the one for which the rules are written.
    let release = Release::new(stage, "atelier-shop");
    let values = stage.values(&stage.database_host()).await?;
    let objects = release.render(&values, &SETTINGS).await?;
    rules(stage.namespace.name(), one(&objects, "PrometheusRule")?)?;
    scraped(&objects, one(&objects, "ServiceMonitor")?)?;
    dashboards(&objects)
}

/// Every expression is this release's, by namespace, name and what the values say.
fn rules(namespace: &str, object: &Value) -> Result<(), Failure> {
    let source =
        std::fs::read_to_string(SOURCE).map_err(|source| Failure::File { path: SOURCE.into(), source })?;
    let rules = object["spec"]["groups"].as_array().into_iter().flatten();
    let rules: Vec<&Value> =
        rules.flat_map(|group| group["rules"].as_array().into_iter().flatten()).collect();
    let expressions: String = rules.iter().filter_map(|rule| rule["expr"].as_str()).collect();
    for (written, meant) in [
        ("namespace=\"shop\"", format!("namespace=\"{namespace}\"")),
        ("release=\"atelier\"", "release=\"atelier-shop\"".to_owned()),
        ("=~\"atelier-", "=~\"atelier-shop-".to_owned()),
        ("(1 - 0.999)", "(1 - 0.99)".to_owned()),
        ("(1 - 0.990)", "(1 - 0.999)".to_owned()),
        ("0.9 * 50", "0.9 * 80".to_owned()),
    ] {
        let (expected, found) = (source.matches(written).count(), expressions.matches(&meant).count());
        ensure(expected == found, "as many as are written", (written, expected, meant, found))?;
    }
    for alert in rules.iter().filter(|rule| rule["alert"].is_string()) {
        let runbook = alert["annotations"]["runbook_url"].as_str().unwrap_or_default();
        ensure(runbook.starts_with(RUNBOOKS), "a runbook where the values say", runbook)?;
    }
    Ok(())
}

/// The ports that are scraped are the ops ports of both services.
fn scraped(objects: &[Value], monitor: &Value) -> Result<(), Failure> {
    let wanted = monitor["spec"]["selector"]["matchLabels"].as_object().into_iter().flatten();
    let wanted: Vec<_> = wanted.collect();
    let has_labels = |object: &&Value| {
        wanted.iter().all(|(key, value)| &object["metadata"]["labels"][key.as_str()] == *value)
    };
    let port = &monitor["spec"]["endpoints"][0]["port"];
    let has_port = |object: &&Value| {
        object["spec"]["ports"].as_array().into_iter().flatten().any(|one| &one["name"] == port)
    };
    let services = objects.iter().filter(|object| object["kind"] == "Service");
    let mut found: Vec<&str> = services.filter(has_labels).filter(has_port).map(name).collect();
    found.sort_unstable();
    ensure(
        !wanted.is_empty() && found == ["atelier-shop-order-status-ops", "atelier-shop-orders-ops"],
        "the ops Services of both",
        found,
    )
}

/// A `ConfigMap` for each file, with the label by which it is found.
fn dashboards(objects: &[Value]) -> Result<(), Failure> {
    let found = objects.iter().filter(|object| object["metadata"]["labels"]["grafana_dashboard"] == "1");
    let mut names = Vec::new();
    for object in found {
        for (file, text) in object["data"].as_object().into_iter().flatten() {
            let dashboard: Option<Value> = text.as_str().and_then(|text| serde_json::from_str(text).ok());
            let is_whole =
                dashboard.is_some_and(|it| file == &format!("{}.json", it["uid"].as_str().unwrap_or("")));
            ensure(is_whole, "a dashboard", (name(object), file))?;
            names.push(file.as_str());
        }
    }
    let expected = [
        "atelier-migrations.json",
        "atelier-order-status.json",
        "atelier-orders.json",
        "atelier-overview.json",
    ];
    ensure(names == expected, "all dashboards", names)
}

fn one<'a>(objects: &'a [Value], kind: &'static str) -> Result<&'a Value, Failure> {
    let found = objects.iter().find(|object| object["kind"] == kind);
    found.ok_or_else(|| Failure::Unexpected { expected: kind, found: "none".to_owned() })
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}
