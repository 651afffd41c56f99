//! What must stay true of the operator's chart: rights no wider than its work, in no namespace but those that are watched.

use chart::Chart;
use chart::render::{RenderError, Rendering};
use serde_json::{Value, json};

use crate::{name, text};

/// Everything that the folder `ci` makes, by the name of the file.
fn matrix() -> Vec<(String, Vec<Value>)> {
    let names = Chart::AtelierOperator.matrix().expect("the folder ci");
    assert!(names.len() >= 3, "{names:?}");
    names.into_iter().map(|name| (name.clone(), objects(&of(&name)))).collect()
}

fn of(name: &str) -> Rendering {
    Rendering::of_chart(Chart::AtelierOperator, name)
}

fn objects(rendering: &Rendering) -> Vec<Value> {
    rendering.objects().expect("values that the chart takes")
}

fn of_kind<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| object["kind"] == kind)
}

/// The rules of every Role but those that people are given.
fn rules(objects: &[Value]) -> impl Iterator<Item = &Value> {
    of_kind(objects, "Role")
        .filter(|role| !text(role, "/metadata/name").ends_with("-approver"))
        .flat_map(|role| role["rules"].as_array().into_iter().flatten())
}

#[test]
#[ignore = "needs helm"]
fn its_rights_are_roles_and_name_what_they_are_for() {
    for (file, objects) in matrix() {
        for kind in ["ClusterRole", "ClusterRoleBinding"] {
            assert_eq!(of_kind(&objects, kind).count(), 0, "{file}: {kind}");
        }
        assert!(rules(&objects).count() >= 8, "{file}");
        for rule in rules(&objects) {
            assert!(!rule.to_string().contains("\"*\""), "{file}: {rule}");
            let resources = rule["resources"].to_string();
            assert!(!resources.contains("pods/log") && !resources.contains("pods/exec"), "{file}: {rule}");
            if rule["resources"] == json!(["secrets"]) {
                assert_eq!(rule["verbs"], json!(["get"]), "{file}: by their names only");
            }
            if rule["resources"] == json!(["schemamigrations"]) {
                assert_eq!(
                    rule["verbs"],
                    json!(["get", "list", "watch"]),
                    "{file}: what is wanted is people's"
                );
            }
        }
    }
}

#[test]
#[ignore = "needs helm"]
fn it_works_where_it_watches_and_the_policy_holds_there() {
    let objects = objects(&of("all-enabled"));
    let watched = json!(["shop", "shop-staging"]);
    let of_secrets = rules(&objects).filter(|rule| rule["resources"] == json!(["secrets"]));
    let named: Vec<&Value> = of_secrets.map(|rule| &rule["resourceNames"]).collect();
    let secrets = json!(["atelier-database-migrator", "atelier-database-ca"]);
    assert_eq!(named, [&secrets, &secrets], "one Role in each namespace, held to the Secrets that are named");
    let binding = of_kind(&objects, "ValidatingAdmissionPolicyBinding").next().expect("a binding");
    let selector = &binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"][0];
    assert_eq!(selector["values"], watched);
    let arguments = of_kind(&objects, "Deployment").next().expect("a Deployment").to_string();
    for namespace in ["shop", "shop-staging"] {
        assert!(arguments.contains(&format!("--watch-namespace={namespace}\"")), "{namespace}: {arguments}");
    }
}

#[test]
#[ignore = "needs helm"]
fn nobody_connects_to_it_but_who_may_read_its_metrics() {
    let ingress = |file: &str| {
        let objects = objects(&of(file));
        let policy = of_kind(&objects, "NetworkPolicy").next().expect("a policy");
        let pods = of_kind(&objects, "Deployment").next().expect("a Deployment");
        assert_eq!(policy["spec"]["podSelector"], pods["spec"]["selector"], "{file}");
        policy["spec"]["ingress"].clone()
    };
    assert_eq!(ingress("minimal"), Value::Null);
    let rules = ingress("all-enabled");
    let [rule] = &rules.as_array().expect("rules")[..] else { panic!("one rule") };
    assert_eq!(rule["ports"], json!([{ "protocol": "TCP", "port": "ops" }]));
    assert!(rule["from"].to_string().contains("monitoring"), "{rule}");
}

#[test]
#[ignore = "needs helm"]
fn two_releases_share_no_name_in_the_cluster_but_the_kinds() {
    let of_cluster = |objects: Vec<Value>| -> Vec<String> {
        let kinds = ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"];
        objects.iter().filter(|it| kinds.contains(&text(it, "/kind"))).map(name).collect()
    };
    let one = of_cluster(objects(&of("minimal")));
    let other = of_cluster(objects(&of("minimal").named("second")));
    assert_eq!((one.len(), other.len()), (2, 2));
    assert!(one.iter().all(|name| !other.contains(name)), "{one:?} {other:?}");
}

#[test]
#[ignore = "needs helm"]
fn what_is_missing_or_misspelt_is_said() {
    let refusal = |rendering: Rendering| match rendering.text() {
        Err(RenderError::Refused(said)) => said,
        other => panic!("{other:?}"),
    };
    let said = refusal(of("minimal").set("allowedImagePrefixes", &json!([])));
    assert!(said.contains("name the registry and path below which images"), "{said}");
    let said = refusal(of("all-enabled").set("networkPolicy.prometheusFrom", &json!([])));
    assert!(said.contains("Prometheus could not reach it"), "{said}");
    for (path, value) in [
        ("alowedImagePrefixes", json!(["a"])),
        ("crds.kep", json!(true)),
        ("replicas", json!(6)),
        ("verifyIntervalSeconds", json!(9)),
        ("image.tag", json!("latest")),
    ] {
        let said = refusal(of("minimal").set(path, &value));
        assert!(said.contains(path.rsplit('.').next().unwrap_or_default()), "{path}: {said}");
    }
}
