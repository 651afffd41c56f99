//! The migrator's Job: Kubernetes lets nobody change a Job's template, so whatever changes it must change the name, and
//! what does not must not, or every upgrade would migrate.

use chart::render::Rendering;
use serde_json::{Value, json};

use crate::{objects, text};

/// The Job's name and spec; none where this rendering has no Job or is refused.
fn job(rendering: &Rendering) -> Option<(String, Value)> {
    let objects = rendering.objects().ok()?;
    let job = objects.into_iter().find(|object| text(object, "/kind") == "Job")?;
    Some((text(&job, "/metadata/name").to_owned(), job["spec"].clone()))
}

/// Another value of the same type.
fn another(path: &str, default: &Value) -> Value {
    match default {
        Value::Bool(on) => json!(!on),
        Value::Number(number) if number.is_f64() => json!(0.5),
        Value::Number(number) => json!(number.as_i64().unwrap_or_default() + 1),
        Value::Array(_) if path.ends_with("pullSecrets") => json!(["other"]),
        Value::Array(_) => json!([{ "key": "other", "name": "other" }]),
        Value::Object(_) if path == "migrations.resources" => json!({ "limits": { "memory": "1Gi" } }),
        Value::Object(_) => json!({ "other": "other" }),
        _ if path.ends_with("digest") => json!(format!("sha256:{}", "4".repeat(64))),
        _ if path.ends_with("pullPolicy") => json!("Always"),
        _ => json!("other"),
    }
}

#[test]
#[ignore = "needs helm"]
fn a_value_changes_the_jobs_name_exactly_if_it_changes_its_spec() {
    let base = Rendering::of("split-logins");
    let (name, spec) = job(&base).expect("a Job");
    let (mut changing, mut taken) = (Vec::new(), 0);
    for (path, default) in chart::paths().expect("the values") {
        let value = if path == "migrations.image.digest" { json!("") } else { another(&path, &default) };
        let Some((other_name, other_spec)) = job(&base.clone().set(&path, &value)) else { continue };
        taken += 1;
        // A prefix of all names is no change of what is done.
        if path.ends_with("nameOverride") || path == "fullnameOverride" {
            continue;
        }
        assert_eq!(other_spec == spec, other_name == name, "{path}");
        changing.extend((other_spec != spec).then_some(path));
    }
    assert!(taken > 80, "{taken} values could be changed alone");
    for path in [
        "commonLabels",
        "database.host",
        "database.port",
        "database.roles.writer",
        "image.pullPolicy",
        "image.registry",
        "log.level",
        "migrations.activeDeadlineSeconds",
        "migrations.backoffLimit",
        "migrations.image.digest",
        "migrations.patienceSeconds",
        "migrations.podLabels",
        "migrations.resources",
        "migrations.retry",
    ] {
        assert!(changing.iter().any(|changed| changed == path), "{path} should change the Job: {changing:?}");
    }
    for path in ["orders.replicas", "catalog.url", "shutdown.drainSeconds", "metrics.dashboards.enabled"] {
        assert!(!changing.iter().any(|changed| changed == path), "{path} should not change the Job");
    }
}

#[test]
#[ignore = "needs helm"]
fn the_charts_version_and_the_releases_revision_are_no_part_of_the_job() {
    let (_, spec) = job(&Rendering::of("minimal")).expect("a Job");
    let spec = spec.to_string();
    assert!(!spec.contains("helm.sh") && !spec.contains("app.kubernetes.io/version"), "{spec}");
}

#[test]
#[ignore = "needs helm"]
fn what_is_rendered_twice_is_the_same_to_the_letter() {
    for name in chart::Chart::Atelier.matrix().expect("the folder ci") {
        let rendering = Rendering::of(&name);
        assert_eq!(rendering.text().expect("rendered"), rendering.text().expect("rendered"), "{name}");
    }
}

#[test]
#[ignore = "needs helm"]
fn no_job_where_somebody_else_migrates() {
    let objects = objects(&Rendering::of("minimal").set("migrations.mode", &json!("none")));
    assert!(!objects.iter().any(|object| text(object, "/kind").contains("Job")));
}
