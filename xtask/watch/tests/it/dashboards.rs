//! The dashboards as Grafana reads them. `cargo xtask codegen --check` holds the chart's files against the same.

use serde_json::Value;

/// A panel that asks something.
pub(crate) struct Panel {
    pub(crate) dashboard: &'static str,
    pub(crate) title: String,
    /// Grafana's name of it.
    pub(crate) unit: String,
    /// As it is now, not over time.
    pub(crate) is_number: bool,
    pub(crate) queries: Vec<Query>,
}

pub(crate) struct Query {
    pub(crate) text: String,
    /// With `{{label}}` where the answer's label stands.
    pub(crate) legend: String,
}

impl Query {
    /// Whether its data are kube-state-metrics'.
    pub(crate) fn is_of_kubernetes(&self) -> bool {
        self.text.contains("kube_")
    }
}

/// Each dashboard and its name.
fn dashboards() -> impl Iterator<Item = (&'static str, Value)> {
    watch::dashboards().into_iter().map(|(name, text)| (name, serde_json::from_str(&text).expect("JSON")))
}

/// The panels of all dashboards, in their order.
pub(crate) fn panels() -> Vec<Panel> {
    dashboards().flat_map(|(name, dashboard)| panels_of(name, &dashboard)).collect()
}

fn panels_of(name: &'static str, dashboard: &Value) -> Vec<Panel> {
    let word = |value: &Value| value.as_str().expect("a text").to_owned();
    let panels =
        dashboard["panels"].as_array().expect("panels").iter().filter(|panel| panel["type"] != "row");
    panels
        .map(|panel| Panel {
            dashboard: name,
            title: word(&panel["title"]),
            unit: word(&panel["fieldConfig"]["defaults"]["unit"]),
            is_number: panel["type"] == "stat",
            queries: panel["targets"]
                .as_array()
                .expect("targets")
                .iter()
                .map(|target| Query { text: word(&target["expr"]), legend: word(&target["legendFormat"]) })
                .collect(),
        })
        .collect()
}

#[test]
fn every_query_asks_for_what_was_chosen_and_nothing_else() {
    for panel in panels() {
        assert!(!panel.queries.is_empty(), "{} asks nothing", panel.title);
        for query in &panel.queries {
            let selectors = query.text.matches('{').count();
            let chosen = if query.is_of_kubernetes() {
                "{namespace=\"$namespace\","
            } else {
                "{namespace=\"$namespace\",release=\"$release\""
            };
            assert_eq!(query.text.matches(chosen).count(), selectors, "{}: {}", panel.title, query.text);
        }
    }
}

#[test]
fn every_dashboard_lets_choose_data_source_namespace_and_release() {
    for (name, dashboard) in dashboards() {
        let variables = dashboard["templating"]["list"].as_array().expect("variables");
        let names: Vec<_> =
            variables.iter().map(|variable| variable["name"].as_str().expect("a name")).collect();
        assert_eq!(names, ["datasource", "namespace", "release"], "{name}");
    }
}
