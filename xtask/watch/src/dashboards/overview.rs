//! The overview: whether both services keep their promises, and where to look if not.

use super::{orders, shared};
use crate::panel::Unit::{Count, PerSecond, Seconds, Share};
use crate::panel::{Dashboard, Panel, Section};

pub(crate) fn overview() -> Dashboard {
    Dashboard {
        title: "Atelier / Overview",
        about: "Both services: promises, requests, orders, and what they stand on.",
        component: None,
        sections: vec![promises(), requests(), moves(), below()],
    }
}

fn promises() -> Section {
    let about = "Of the failures that 30 days may have. 100 % is all, 0 % is none. By the recording rules.";
    let panels = [
        Panel::number("Failures left", Share, about)
            .query("{{component}}", "atelier:requests_failed:budget_left30d{@}"),
        Panel::number("Slow reads left", Share, "The same for status reads of more than 50 ms.")
            .query("{{component}}", "atelier:status_reads_slow:budget_left30d{@}"),
        Panel::number("Pods ready", Count, "By kube-state-metrics.").query(
            "{{deployment}}",
            r#"kube_deployment_status_replicas_available{namespace="$namespace",deployment=~".+-(order-status|orders)"}"#,
        ),
    ];
    Section::new("Promises", panels.into_iter().chain(shared::schema()))
}

fn requests() -> Section {
    let panels = [
        Panel::lines("Requests", PerSecond, "By service.")
            .query("{{component}}", "sum by (component) (rate(http_server_request_duration_seconds_count{@}[@]))"),
        shared::failed_by_component(),
        Panel::lines("Duration", Seconds, "What half of all requests, and 99 of 100, take at most.")
            .query(
                "{{component}} p50",
                "histogram_quantile(0.5, sum by (le, component) (rate(http_server_request_duration_seconds_bucket{@}[@])))",
            )
            .query(
                "{{component}} p99",
                "histogram_quantile(0.99, sum by (le, component) (rate(http_server_request_duration_seconds_bucket{@}[@])))",
            ),
        Panel::lines("Callers' mistakes", PerSecond, "Answers of 4xx.").query(
            "{{status}}",
            r#"sum by (status) (rate(http_server_request_duration_seconds_count{@,status=~"4.."}[@]))"#,
        ),
        Panel::lines("In flight", Count, "Requests being served.")
            .query("{{component}}", "sum by (component) (http_server_active_requests{@})"),
        shared::shed().query(
            "{{component}} {{reason}}",
            "sum by (component, reason) (rate(http_server_shed_total{@}[@]))",
        ),
    ];
    Section::new("Requests", panels)
}

fn moves() -> Section {
    let panels = [
        Panel::lines("Creates", PerSecond, "By what became of them, and those answered from an earlier one.")
            .query("{{outcome}}", "sum by (outcome) (rate(orders_created_total{@}[@]))")
            .query("repeated", "sum(rate(idempotent_replays_total{@}[@]))"),
        Panel::lines("Moves done", PerSecond, "By what was set or cleared.").query(
            "{{state_type}}",
            r#"sum by (state_type) (rate(order_transitions_total{@,outcome="done"}[@]))"#,
        ),
        Panel::lines("Moves not done", PerSecond, "By why not.").query(
            "{{outcome}}",
            r#"sum by (outcome) (rate(order_transitions_total{@,outcome!="done"}[@]))"#,
        ),
    ];
    Section::new("Orders", panels)
}

fn below() -> Section {
    let panels = [
        Panel::lines("Statement time", Seconds, "What 99 of 100 statements take at most.").query(
            "{{component}}",
            "histogram_quantile(0.99, sum by (le, component) (rate(db_statement_duration_seconds_bucket{@}[@])))",
        ),
        Panel::lines("Requests in a statement", Count, "On average. The more wait, the more go along.").query(
            "{{component}}",
            "sum by (component) (rate(batch_size_sum{@}[@])) / sum by (component) (rate(batch_size_count{@}[@]))",
        ),
        shared::connections_by_component(),
        orders::calls().query("{{outcome}}", "sum by (outcome) (rate(catalog_requests_total{@}[@]))"),
        Panel::lines("Asked of the catalog's cache", PerSecond, "Models, by how it answered.")
            .query("{{outcome}}", "sum by (outcome) (rate(catalog_cache_total{@}[@]))"),
        orders::breaker().query("{{pod}}", "max by (pod) (catalog_breaker_state{@})"),
    ];
    Section::new("What they stand on", panels)
}
