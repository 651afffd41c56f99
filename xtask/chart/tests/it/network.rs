//! Who may connect to which pods.

use chart::render::Rendering;
use serde_json::{Value, json};

use crate::{matrix, name, objects, pod_template, text};

/// The rules of a policy for a port; those of every port if none is named.
fn rules<'a>(objects: &'a [Value], policy: &str, way: &str, port: &Value) -> Vec<&'a Value> {
    let found = objects
        .iter()
        .find(|object| text(object, "/kind") == "NetworkPolicy" && text(object, "/metadata/name") == policy);
    let rules = found.expect(policy)["spec"][way].as_array().into_iter().flatten();
    rules
        .filter(|rule| rule["ports"].as_array().into_iter().flatten().any(|one| &one["port"] == port))
        .collect()
}

#[test]
#[ignore = "needs helm"]
fn the_api_is_open_and_the_ops_port_is_open_to_tests_alone() {
    let objects = objects(&Rendering::of("minimal"));
    for service in ["atelier-orders", "atelier-order-status"] {
        let api = rules(&objects, service, "ingress", &json!("http"));
        assert_eq!((api.len(), &api[0]["from"]), (1, &Value::Null), "{service}");
        let ops = rules(&objects, service, "ingress", &json!("ops"));
        let from = ops[0]["from"].as_array().expect("peers");
        assert_eq!((ops.len(), from.len()), (1, 1), "{service}");
        let component = text(&from[0], "/podSelector/matchLabels/app.kubernetes.io~1component");
        assert_eq!(component, "test", "{service}");
        assert!(rules(&objects, service, "ingress", &json!("verify")).is_empty());
    }
}

#[test]
#[ignore = "needs helm"]
fn behind_a_gateway_the_api_is_open_to_nobody_else() {
    let objects = objects(&Rendering::of("gateway-mode"));
    for service in ["atelier-orders", "atelier-order-status"] {
        for rule in rules(&objects, service, "ingress", &json!("http")) {
            let from = rule["from"].as_array().expect("peers");
            assert!(
                from.iter()
                    .all(|peer| peer["podSelector"].is_object() || peer["namespaceSelector"].is_object())
            );
            assert_eq!(
                text(&from[0], "/namespaceSelector/matchLabels/kubernetes.io~1metadata.name"),
                "gateway"
            );
        }
    }
}

#[test]
#[ignore = "needs helm"]
fn closed_egress_leaves_the_ports_that_the_addresses_name() {
    let objects = objects(&Rendering::of("no-crds").set("migrations.mode", &json!("job")));
    let direct = Rendering::of("no-crds").set("migrations.mode", &json!("job"));
    let direct = crate::objects(&direct.set("database.migrations.port", &json!(5432)));
    assert_eq!(rules(&direct, "atelier-migrations", "egress", &json!(5432)).len(), 1, "round the pooler");
    assert!(rules(&direct, "atelier-orders", "egress", &json!(5432)).is_empty());
    let to = |policy, port| rules(&objects, policy, "egress", &json!(port)).len();
    for policy in ["atelier-orders", "atelier-order-status", "atelier-migrations"] {
        assert_eq!((to(policy, 53), to(policy, 6432)), (1, 1), "{policy}");
    }
    // catalog.example.com:8443, and https of the issuer.
    assert_eq!((to("atelier-orders", 8443), to("atelier-orders", 443)), (1, 1));
    assert_eq!((to("atelier-order-status", 8443), to("atelier-order-status", 443)), (0, 1));
    assert_eq!((to("atelier-migrations", 8443), to("atelier-migrations", 443)), (0, 0));
}

#[test]
#[ignore = "needs helm"]
fn every_pod_is_under_a_policy_that_says_who_may_connect() {
    for (file, objects) in matrix() {
        let policies: Vec<&Value> =
            objects.iter().filter(|object| text(object, "/kind") == "NetworkPolicy").collect();
        let pods = objects.iter().filter_map(|object| Some((name(object), pod_template(object)?)));
        for (name, pod) in pods {
            let labels = &pod["metadata"]["labels"];
            let is_chosen = policies.iter().any(|policy| chooses(&policy["spec"]["podSelector"], labels));
            // A test is a pod that asks, and nobody asks it.
            assert!(is_chosen, "{file}: {name}");
        }
    }
}

fn chooses(selector: &Value, labels: &Value) -> bool {
    let exact = selector["matchLabels"].as_object().into_iter().flatten();
    let among = selector["matchExpressions"].as_array().into_iter().flatten();
    exact.into_iter().all(|(key, value)| &labels[key] == value)
        && among.into_iter().all(|one| {
            let values = one["values"].as_array().into_iter().flatten();
            values.into_iter().any(|value| &labels[text(one, "/key")] == value)
        })
}
