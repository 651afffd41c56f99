//! Labels and names: people add their own, and pods are found all the same.

use chart::render::Rendering;
use serde_json::{Value, json};

use crate::{name, objects, pod_template, refusal, text};

const SELECTORS: [&str; 3] =
    ["app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component"];

/// Each workload's selector and its pods' labels.
fn selected(objects: &[Value]) -> Vec<(String, Value, Value)> {
    let workloads = objects.iter().filter(|object| object.pointer("/spec/selector/matchLabels").is_some());
    workloads
        .filter_map(|object| {
            let labels = pod_template(object)?.pointer("/metadata/labels")?.clone();
            Some((name(object), object["spec"]["selector"]["matchLabels"].clone(), labels))
        })
        .collect()
}

#[test]
#[ignore = "needs helm"]
fn labels_of_ones_own_are_on_everything_and_no_selector_knows_them() {
    let labels = json!({ "team": "shop", "app.kubernetes.io/part-of": "shop" });
    let plain = objects(&Rendering::of("minimal"));
    let labelled = objects(&Rendering::of("minimal").set("commonLabels", &labels));
    for object in &labelled {
        assert_eq!(object["metadata"]["labels"]["team"], "shop", "{}", name(object));
        assert_eq!(object["metadata"]["labels"]["app.kubernetes.io/part-of"], "shop", "{}", name(object));
    }
    let (plain, labelled) = (selected(&plain), selected(&labelled));
    assert_eq!(plain.len(), 2);
    for ((name, before, _), (_, after, pods)) in plain.iter().zip(&labelled) {
        assert_eq!(before, after, "{name}");
        assert_eq!(pods["team"], "shop", "{name}");
        assert_eq!(after.as_object().map(serde_json::Map::len), Some(SELECTORS.len()), "{name}");
    }
}

#[test]
#[ignore = "needs helm"]
fn pods_have_the_labels_by_which_they_are_found() {
    for (file, objects) in crate::matrix() {
        for (name, selector, labels) in selected(&objects) {
            for (key, value) in selector.as_object().into_iter().flatten() {
                assert_eq!(&labels[key], value, "{file}: {name}");
            }
        }
    }
}

#[test]
#[ignore = "needs helm"]
fn a_label_by_which_pods_are_found_is_refused_wherever_it_is_said() {
    for place in ["commonLabels", "orders.podLabels", "orderStatus.podLabels", "migrations.podLabels"] {
        for key in SELECTORS {
            let said = refusal(&Rendering::of("minimal").set(place, &json!({ key: "mine" })));
            assert!(said.contains(&format!("{place} has {key}")), "{said}");
        }
    }
}

#[test]
#[ignore = "needs helm"]
fn a_release_may_have_a_name_that_reads_like_a_number_or_a_word_of_yaml() {
    for release in ["42", "1e5", "0x1f", "true", "null", "on"] {
        for object in objects(&Rendering::of("all-enabled").named(release)) {
            let labels = object["metadata"]["labels"].as_object().into_iter().flatten();
            for (key, value) in labels {
                assert!(value.is_string(), "{release}: {}: {key} is {value}", name(&object));
            }
            let called = text(&object, "/metadata/name");
            assert!(!called.is_empty(), "{release}: {object}");
            let begins = called.starts_with(|letter: char| letter.is_ascii_alphabetic());
            assert!(
                begins || text(&object, "/kind") != "Service",
                "{release}: no Service may be called {called}"
            );
        }
    }
}

#[test]
#[ignore = "needs helm"]
fn names_are_short_enough_whatever_the_release_is_called() {
    let long = "a".repeat(53);
    for object in objects(&Rendering::of("all-enabled").named(&long)) {
        assert!(text(&object, "/metadata/name").len() <= 63, "{}", name(&object));
    }
}
