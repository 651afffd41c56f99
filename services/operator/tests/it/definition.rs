//! The definition that the API server is given: its defaults, its rules, its columns.

use operator::crd::{Reason, definition, definition_template};
use serde_json::{Value, json};

fn schema() -> Value {
    let definition = serde_json::to_value(definition()).expect("JSON");
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

#[test]
fn a_new_object_says_that_no_controller_has_seen_it() {
    let status = &schema()["properties"]["status"];
    assert_eq!(status["default"], json!({ "observedGeneration": -1 }));
    assert_eq!(status["properties"]["observedGeneration"]["default"], json!(-1));
}

#[test]
fn the_target_and_the_database_are_guarded_by_rules() {
    let spec = schema()["properties"]["spec"].clone();
    let rules = |value: &Value| value["x-kubernetes-validations"].to_string();
    assert!(rules(&spec).contains("self.target >= oldSelf.target"), "{}", rules(&spec));
    let database = &spec["properties"]["database"];
    assert!(rules(database).contains("self.host == oldSelf.host"), "{}", rules(database));
}

#[test]
fn every_reason_is_explained() {
    let text = include_str!("../../../../docs/operator.md");
    let missing: Vec<_> =
        Reason::ALL.iter().filter(|reason| !text.contains(&format!("| `{}` |", reason.name()))).collect();
    assert!(missing.is_empty(), "docs/operator.md says nothing of {missing:?}");
}

#[test]
fn the_template_is_the_definition_kept_when_the_chart_goes() {
    let template = definition_template().expect("a template");
    assert!(template.contains("name: schemamigrations.migrations.atelier.dev"), "{template}");
    assert!(template.contains("helm.sh/resource-policy: keep"));
    // What Helm sees is YAML once its own lines are gone.
    let lines: Vec<&str> = template.lines().filter(|line| !line.contains("{{")).collect();
    let yaml = lines.join("\n");
    let read: Value = serde_saphyr::from_str(&yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    let columns: Vec<&str> = read["spec"]["versions"][0]["additionalPrinterColumns"]
        .as_array()
        .expect("columns")
        .iter()
        .filter_map(|column| column["name"].as_str())
        .collect();
    assert_eq!(columns, ["Ready", "Reason", "Schema", "Target", "Drift", "Message", "Age"]);
}
