//! What the chart tells the programs is what they take: each rendered configuration is read by the very code that a pod runs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chart::render::Rendering;
use serde_json::{Value, json};
use service_kit::config::{Loaded, Settings, Sources, load};

use crate::{matrix, name, objects, pod_template, text};

/// Reads `config` as a pod would from its file.
fn loaded<C: Settings>(test: &str, config: &str) -> Loaded<C> {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.toml"));
    std::fs::write(&file, config).expect("a file");
    let sources = Sources { file: Some(file), ..Sources::default() };
    load::<C>(&sources).expect(test)
}

/// The configuration of a service.
fn config<'a>(objects: &'a [Value], component: &str) -> &'a str {
    let is_its = |object: &&Value| {
        name(object).ends_with(&format!("-{component}")) && object.pointer("/data/config.toml").is_some()
    };
    text(objects.iter().find(is_its).expect(component), "/data/config.toml")
}

#[test]
#[ignore = "needs helm"]
fn both_services_take_what_each_file_of_values_makes() {
    for (file, objects) in matrix() {
        let status =
            loaded::<order_status::Config>(&format!("{file}-status"), config(&objects, "order-status"));
        let orders = loaded::<orders::Config>(&format!("{file}-orders"), config(&objects, "orders"));
        assert!(status.notices.is_empty() && orders.notices.is_empty(), "{file}");
        let address = if file == "all-enabled" { "[::]:5019" } else { "0.0.0.0:5019" };
        assert_eq!(orders.settings.base.listen.to_string(), address, "{file}");
    }
}

#[test]
#[ignore = "needs helm"]
fn the_migrator_takes_the_environment_that_each_file_of_values_makes() {
    let mut seen = 0;
    for (file, objects) in matrix() {
        for object in objects.iter().filter(|object| name(object).contains("Job")) {
            let container = pod_template(object).expect("pods").pointer("/spec/containers/0").expect("one");
            let variables = container["env"].as_array().into_iter().flatten();
            let environment: BTreeMap<String, String> = variables
                .map(|variable| (text(variable, "/name").to_owned(), text(variable, "/value").to_owned()))
                .collect();
            let sources = Sources { file: None, environment: environment.into_iter().collect() };
            load::<migrator::config::Config>(&sources).expect(&file);
            seen += 1;
        }
    }
    assert!(seen > 7, "{seen} pods of the migrator");
}

#[test]
#[ignore = "needs helm"]
fn the_chart_counts_connections_as_the_services_open_them() {
    let objects = objects(&Rendering::of("minimal"));
    let status = loaded::<order_status::Config>("budget-status", config(&objects, "order-status"))
        .settings
        .base
        .database;
    let orders = loaded::<orders::Config>("budget-orders", config(&objects, "orders")).settings.base.database;
    assert_eq!((status.read_connections, status.write_connections), (2, 2), "refusals.rs counts with it");
    assert_eq!((orders.read_connections, orders.write_connections), (2, 0), "refusals.rs counts with it");
}

#[test]
#[ignore = "needs helm"]
fn numbers_texts_and_lists_of_maps_arrive_as_they_were_meant() {
    let value = json!({
        "whole": 33_554_432, "share": 0.25, "yes": true, "text": "0123", "quoted": "a \"b\"\n",
        "maps": [{ "name": "a", "list": [1, 2] }, { "odd key": "é" }], "below": { "a.b": 1 },
    });
    let objects = objects(&Rendering::of("minimal").set("orders.config.own", &value));
    let lines = config(&objects, "orders");
    for line in [
        "[own]",
        "share = 0.25",
        "text = \"0123\"",
        "whole = 33554432",
        "yes = true",
        "quoted = \"a \\\"b\\\"\\n\"",
        "maps = [{list = [1, 2], name = \"a\"}, {\"odd key\" = \"é\"}]",
        "[own.below]",
        "\"a.b\" = 1",
    ] {
        assert!(lines.lines().any(|found| found == line), "{line}: {lines}");
    }
}
