//! Values that cannot be meant: each is refused, with a sentence that names the key.

use chart::render::Rendering;
use serde_json::{Value, json};

use crate::refusal;

#[test]
#[ignore = "needs helm"]
fn a_misspelt_key_is_refused_by_its_name_wherever_it_stands() {
    let paths = chart::paths().expect("the values");
    let mut groups: Vec<&str> =
        paths.iter().filter_map(|(path, _)| path.rsplit_once('.').map(|(group, _)| group)).collect();
    groups.dedup();
    assert!(groups.len() > 30, "{groups:?}");
    for group in groups {
        let said = refusal(&Rendering::of("minimal").set(&format!("{group}.misspelt"), &json!(1)));
        assert!(said.contains("'misspelt' not allowed"), "{group}: {said}");
        assert!(said.contains(&format!("/{}", group.replace('.', "/"))), "{group}: {said}");
    }
    assert!(refusal(&Rendering::of("minimal").set("misspelt", &json!(1))).contains("'misspelt' not allowed"));
}

#[test]
#[ignore = "needs helm"]
fn a_value_of_the_wrong_type_is_refused_wherever_it_stands() {
    for (path, default) in chart::paths().expect("the values") {
        let wrong = if default.is_array() { json!({ "a": "map" }) } else { json!(["a", "list"]) };
        assert!(!refusal(&Rendering::of("minimal").set(&path, &wrong)).is_empty(), "{path} takes {wrong}");
    }
}

/// A file, what is changed of it, and a part of the answer.
type Impossible = (&'static str, Vec<(&'static str, Value)>, &'static str);

/// Values, and a part of the sentence that they are answered with.
fn impossible() -> Vec<Impossible> {
    let one = |file, path, value, said| (file, vec![(path, value)], said);
    vec![
        one("minimal", "database.host", json!(""), "database.host is not set"),
        one("minimal", "catalog.url", json!(""), "catalog.url is not set"),
        one("minimal", "catalog.url", json!("ftp://c"), "/catalog/url"),
        one("minimal", "auth.hs256.existingSecret", json!(""), "nobody signs tokens"),
        one("minimal", "auth.jwks.url", json!("https://i/k"), "auth.token.issuer is not set"),
        one("minimal", "auth.mode", json!("open"), "auth.allowOpenOnNetwork"),
        one("minimal", "auth.mode", json!("gateway"), "networkPolicy.gatewayFrom is empty"),
        one("gateway-mode", "networkPolicy.enabled", json!(false), "networkPolicy.enabled is false"),
        one("minimal", "database.sslmode", json!("disable"), "would send the password unprotected"),
        one("minimal", "database.roles.owner", json!("o"), "one login does everything"),
        one("split-logins", "database.existingSecret", json!("one"), "use one of them"),
        one("split-logins", "database.roles.reader", json!(""), "database.roles.reader is not set"),
        one("minimal", "image.tag", json!("latest"), "image.tag is latest"),
        one("minimal", "orders.image.tag", json!("latest"), "orders.image.tag is latest"),
        one("minimal", "edge.nginx.image.tag", json!("latest"), "edge.nginx.image.tag is latest"),
        one("minimal", "orders.podDisruptionBudget.maxUnavailable", json!(0), "/maxUnavailable"),
        one("minimal", "orders.podDisruptionBudget.maxUnavailable", json!("0%"), "/maxUnavailable"),
        one("minimal", "fullnameOverride", json!("4a"), "/fullnameOverride"),
        one("minimal", "nameOverride", json!("a b"), "/nameOverride"),
        one("minimal", "enabled", json!(false), "enabled is false"),
        one(
            "minimal",
            "metrics.serviceMonitor.enabled",
            json!(true),
            "networkPolicy.prometheusFrom is empty",
        ),
        one("minimal", "networkPolicy.egress.enabled", json!(true), "networkPolicy.egress.database is empty"),
        one("no-crds", "networkPolicy.egress.issuer", json!([]), "networkPolicy.egress.issuer is empty"),
        one(
            "external-secrets",
            "externalSecrets.store.name",
            json!(""),
            "externalSecrets.store.name is not set",
        ),
        one("external-secrets", "externalSecrets.enabled", json!(false), "externalSecrets.enabled is not"),
        one("ha", "orders.autoscaling.minReplicas", json!(13), "orders.autoscaling.minReplicas is more"),
        one(
            "minimal",
            "orders.podSpec",
            json!({"hostNetwork": true}),
            "orders.podSpec.hostNetwork is the chart's",
        ),
        one(
            "minimal",
            "orders.service.spec",
            json!({"ports": []}),
            "orders.service.spec.ports is the chart's",
        ),
        one("minimal", "orders.config", json!({"listen": "[::]:1"}), "orders.config.listen would leave"),
        one("minimal", "test.tokenSecret", json!("token"), "test.userId is not set"),
        one("minimal", "test.walk.enabled", json!(true), "test.walk.creatorSecret is not set"),
        one("single-login", "test.tokenSecret", json!("token"), "with auth.mode open no token"),
        (
            "minimal",
            vec![("catalog.tls.caSecret", json!("a")), ("catalog.tls.caConfigMap", json!("b"))],
            "catalog.tls.caSecret and catalog.tls.caConfigMap are both set",
        ),
    ]
}

#[test]
#[ignore = "needs helm"]
fn values_that_cannot_be_meant_are_refused_with_a_sentence_that_names_the_key() {
    for (file, values, sentence) in impossible() {
        let mut rendering = Rendering::of(file);
        for (path, value) in &values {
            rendering = rendering.set(path, value);
        }
        let said = refusal(&rendering);
        assert!(said.contains(sentence), "{file} {values:?}: {said}");
    }
}

#[test]
#[ignore = "needs helm"]
fn everything_that_is_wrong_is_said_at_once() {
    let said =
        refusal(&Rendering::of("minimal").set("database.host", &json!("")).set("catalog.url", &json!("")));
    assert!(said.contains("database.host is not set") && said.contains("catalog.url is not set"), "{said}");
}

#[test]
#[ignore = "needs helm"]
fn more_connections_than_the_budget_has_are_refused_with_the_figures() {
    // Two pods and a third in a rollout: (2 + 2) × 3 and 2 × 3, and two of the migrator.
    let with = |budget: u64| Rendering::of("minimal").set("database.connectionBudget", &json!(budget));
    assert_eq!(refusal(&with(20)), "");
    let said = refusal(&with(19));
    assert!(said.contains("may open 20 connections") && said.contains("connectionBudget is 19"), "{said}");
    let scaled = with(50)
        .set("orderStatus.autoscaling.enabled", &json!(true))
        .set("orderStatus.autoscaling.maxReplicas", &json!(10));
    assert!(refusal(&scaled).contains("may open 52 connections"), "{}", refusal(&scaled));
    let thrifty = scaled.set("orderStatus.config.database.write_connections", &json!(1));
    assert_eq!(refusal(&thrifty), "");
}
