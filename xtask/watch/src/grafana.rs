//! Dashboards as Grafana wants them: its JSON, with variables for data source, namespace and release, and a place for each panel.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::panel::{Dashboard, Form, Panel, Query, Section, Unit};

/// Grafana counts the width of a screen as 24.
const COLUMNS: u64 = 24;

/// The format that all of Grafana since 10 reads.
const SCHEMA_VERSION: u32 = 39;

/// The file `name`, its keys sorted: the same text whatever `serde_json` was built with.
pub(crate) fn json(name: &str, dashboard: &Dashboard) -> String {
    let value = json!({
        "uid": format!("atelier-{name}"),
        "title": dashboard.title,
        "description": dashboard.about,
        "tags": ["atelier"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": false,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": { "from": "now-1h", "to": "now" },
        "templating": { "list": variables() },
        "links": [{
            "type": "dashboards", "tags": ["atelier"], "title": "Atelier", "includeVars": true, "keepTime": true
        }],
        "panels": panels(dashboard),
    });
    format!("{:#}\n", sorted(value))
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let pairs: BTreeMap<_, _> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(pairs.into_iter().collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

/// What whoever looks may choose. The component tells our `build_info` from that of others.
fn variables() -> Value {
    let chosen = |name: &str, label: &str, selector: &str| {
        json!({
            "type": "query", "name": name, "label": label, "datasource": datasource(), "refresh": 2, "sort": 1,
            "query": { "refId": name, "query": format!("label_values(build_info{{{selector}}}, {name})") },
        })
    };
    let ours = r#"component=~"order-status|orders""#;
    json!([
        { "type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus" },
        chosen("namespace", "Namespace", ours),
        chosen("release", "Release", &format!(r#"{ours},namespace="$namespace""#)),
    ])
}

fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

/// Every panel behind its section's heading, from left to right, as many in a line as fit.
fn panels(dashboard: &Dashboard) -> Vec<Value> {
    let mut all = Vec::new();
    let mut top = 0;
    for Section { title, panels } in &dashboard.sections {
        let place = json!({ "x": 0, "y": top, "w": COLUMNS, "h": 1 });
        all.push(
            json!({ "id": all.len() + 1, "type": "row", "title": title, "gridPos": place, "panels": [] }),
        );
        top += 1;
        let (mut left, mut line) = (0, 0);
        for panel in panels {
            let (width, height) = size(panel.form);
            if left + width > COLUMNS {
                (left, top, line) = (0, top + line, 0);
            }
            let place = json!({ "x": left, "y": top, "w": width, "h": height });
            all.push(one(all.len() + 1, panel, &place, dashboard.component));
            (left, line) = (left + width, line.max(height));
        }
        top += line;
    }
    all
}

const fn size(form: Form) -> (u64, u64) {
    match form {
        Form::Lines => (8, 8),
        Form::Number => (4, 4),
    }
}

fn one(id: usize, panel: &Panel, place: &Value, component: Option<&str>) -> Value {
    let targets = panel.queries.iter().zip('A'..).map(|(Query { text, legend }, letter)| {
        json!({
            "refId": letter, "datasource": datasource(), "expr": expression(text, component), "legendFormat": legend,
            "instant": panel.form == Form::Number, "range": panel.form == Form::Lines,
        })
    });
    let (kind, options) = match panel.form {
        Form::Lines => (
            "timeseries",
            json!({ "legend": { "displayMode": "list", "placement": "bottom" }, "tooltip": { "mode": "multi" } }),
        ),
        Form::Number => {
            ("stat", json!({ "reduceOptions": { "calcs": ["lastNotNull"] }, "colorMode": "none" }))
        }
    };
    json!({
        "id": id, "type": kind, "title": panel.title, "description": panel.about, "gridPos": place,
        "datasource": datasource(), "targets": targets.collect::<Vec<_>>(), "options": options,
        "fieldConfig": { "defaults": field(panel.form, panel.unit), "overrides": [] },
    })
}

/// Prometheus' own words for the short ones of the tables.
fn expression(text: &str, component: Option<&str>) -> String {
    let component = component.map_or_else(String::new, |name| format!(r#",component="{name}""#));
    let selector = format!(r#"namespace="$namespace",release="$release"{component}"#);
    text.replace("{@", &format!("{{{selector}")).replace("[@]", "[$__rate_interval]")
}

fn field(form: Form, unit: Unit) -> Value {
    let (name, mappings) = match unit {
        Unit::Count => ("short", json!([])),
        Unit::PerSecond => ("suffix:/s", json!([])),
        Unit::Seconds => ("s", json!([])),
        Unit::Share => ("percentunit", json!([])),
        Unit::Bytes => ("bytes", json!([])),
        Unit::YesNo => ("none", words(&["no", "yes"])),
        Unit::Breaker => ("none", words(&["closed", "trying", "open"])),
    };
    let mut field = json!({ "unit": name, "mappings": mappings });
    if form == Form::Lines {
        field["custom"] = json!({ "fillOpacity": 10, "showPoints": "never" });
        // What takes milliseconds on a good day and seconds on a bad one is to be read on both.
        if unit == Unit::Seconds {
            field["custom"]["scaleDistribution"] = json!({ "type": "log", "log": 10 });
        } else {
            field["min"] = json!(0);
        }
    }
    field
}

/// What stands for 0, 1 and so on.
fn words(words: &[&str]) -> Value {
    let options =
        words.iter().enumerate().map(|(at, word)| (at.to_string(), json!({ "index": at, "text": word })));
    json!([{ "type": "value", "options": options.collect::<Map<_, _>>() }])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dashboard(panels: Vec<Panel>) -> Dashboard {
        let sections = vec![Section { title: "Section", panels }];
        Dashboard { title: "Title", about: "", component: Some("orders"), sections }
    }

    #[test]
    fn short_words_become_prometheus_own() {
        let short = r#"rate(a_total{@,b="c"}[@]) + d{@}"#;
        let expected = r#"rate(a_total{namespace="$namespace",release="$release",component="orders",b="c"}[$__rate_interval]) + d{namespace="$namespace",release="$release",component="orders"}"#;
        assert_eq!(expression(short, Some("orders")), expected);
        assert_eq!(expression("e{@}", None), r#"e{namespace="$namespace",release="$release"}"#);
    }

    #[test]
    fn panels_stand_side_by_side_and_never_on_each_other() {
        let number = || Panel::number("", Unit::Count, "");
        let lines = || Panel::lines("", Unit::Count, "");
        let dashboard = dashboard(vec![number(), lines(), lines(), lines(), number()]);
        let places: Vec<_> = panels(&dashboard)
            .iter()
            .map(|panel| ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap()))
            .collect();
        let expected = [[0, 0, 24, 1], [0, 1, 4, 4], [4, 1, 8, 8], [12, 1, 8, 8], [0, 9, 8, 8], [8, 9, 4, 4]];
        assert_eq!(places, expected);
    }

    #[test]
    fn keys_are_sorted_however_deep() {
        let sorted = sorted(json!({ "b": [{ "d": 1, "c": 2 }], "a": 3 }));
        assert_eq!(sorted.to_string(), r#"{"a":3,"b":[{"c":2,"d":1}]}"#);
    }
}
