//! What more than one dashboard shows: requests, statements, the schema, the process.

use crate::panel::Unit::{Bytes, Count, PerSecond, Seconds, Share, YesNo};
use crate::panel::{Panel, Section};

pub(super) fn requests() -> Section {
    let panels = [
        Panel::lines("Requests", PerSecond, "By route; a path that is none of ours is unmatched.")
            .query("{{route}}", "sum by (route) (rate(http_server_request_duration_seconds_count{@}[@]))"),
        Panel::lines("Answers", PerSecond, "By status.")
            .query("{{status}}", "sum by (status) (rate(http_server_request_duration_seconds_count{@}[@]))"),
        failed().query(
            "failed",
            r#"1 - sum(rate(http_server_request_duration_seconds_count{@,status!~"[45].."}[@])) / sum(rate(http_server_request_duration_seconds_count{@,status!~"4.."}[@]))"#,
        ),
        Panel::lines("Duration", Seconds, "What half of all requests, and 99 of 100, take at most.")
            .query("p50", "histogram_quantile(0.5, sum by (le) (rate(http_server_request_duration_seconds_bucket{@}[@])))")
            .query("p99", "histogram_quantile(0.99, sum by (le) (rate(http_server_request_duration_seconds_bucket{@}[@])))"),
        Panel::lines("Duration by route", Seconds, "What 99 of 100 requests take at most.").query(
            "{{route}}",
            "histogram_quantile(0.99, sum by (le, route) (rate(http_server_request_duration_seconds_bucket{@}[@])))",
        ),
        Panel::lines("In flight", Count, "Requests being served, by pod.")
            .query("{{pod}}", "sum by (pod) (http_server_active_requests{@})"),
        shed().query("{{reason}}", "sum by (reason) (rate(http_server_shed_total{@}[@]))"),
    ];
    Section::new("Requests", panels)
}

fn failed() -> Panel {
    Panel::lines(
        "Failed",
        Share,
        "Of the requests that are no mistakes of callers (4xx), those that we failed (5xx).",
    )
}

pub(super) fn failed_by_component() -> Panel {
    failed().query(
        "{{component}}",
        r#"1 - sum by (component) (rate(http_server_request_duration_seconds_count{@,status!~"[45].."}[@])) / sum by (component) (rate(http_server_request_duration_seconds_count{@,status!~"4.."}[@]))"#,
    )
}

pub(super) fn shed() -> Panel {
    let about = "Refused for the others' sake: more waited than could be done in time (overloaded), or one caller asked too often (rate_limited).";
    Panel::lines("Refused", PerSecond, about)
}

pub(super) fn statements() -> Section {
    let panels = [
        Panel::lines("Statements", PerSecond, "Each answers all requests that waited for one of its kind.")
            .query("{{statement}}", "sum by (statement) (rate(db_statement_duration_seconds_count{@}[@]))"),
        Panel::lines("Statement time", Seconds, "What 99 of 100 take at most.").query(
            "{{statement}}",
            "histogram_quantile(0.99, sum by (le, statement) (rate(db_statement_duration_seconds_bucket{@}[@])))",
        ),
        Panel::lines("Requests in a statement", Count, "On average. The more wait, the more go along.").query(
            "{{statement}}",
            "sum by (statement) (rate(batch_size_sum{@}[@])) / sum by (statement) (rate(batch_size_count{@}[@]))",
        ),
        Panel::lines("Wait for a statement", Seconds, "What half of all requests, and 99 of 100, wait at most.")
            .query("p50", "histogram_quantile(0.5, sum by (le) (rate(batch_wait_seconds_bucket{@}[@])))")
            .query("p99", "histogram_quantile(0.99, sum by (le) (rate(batch_wait_seconds_bucket{@}[@])))"),
        Panel::lines("Connections", Count, "Open to the database, by pod.")
            .query("{{pod}}", r#"sum by (pod) (db_connections{@,state="connected"})"#),
        reconnects().query("{{reason}}", "sum by (reason) (increase(db_reconnects_total{@}[@]))"),
    ];
    Section::new("Database", panels)
}

pub(super) fn reconnects() -> Panel {
    Panel::lines("Connections given up", Count, "Because they broke, or missed a deadline or a ping.")
}

pub(super) fn connections_by_component() -> Panel {
    Panel::lines("Connections", Count, "Open to the database.")
        .query("{{component}}", r#"sum by (component) (db_connections{@,state="connected"})"#)
}

/// Three numbers of one width.
pub(super) fn schema() -> [Panel; 3] {
    [
        Panel::number("Schema", Count, "The version of the database's schema.")
            .query("", "max(schema_version{@})"),
        Panel::number("Schema fits", YesNo, "Whether every pod can work on it.")
            .query("", "min(schema_compatible{@})"),
        Panel::number("Migrations missing", Count, "Versions that a build knows and the database lacks.")
            .query("", "max(schema_pending{@})"),
    ]
}

pub(super) fn state() -> Section {
    let panels = [
        Panel::number(
            "Least privilege",
            YesNo,
            "Whether the login can neither change the schema nor rewrite history.",
        )
        .query("", "min(db_least_privilege{@})"),
        Panel::number(
            "Age of the issuer's keys",
            Seconds,
            "Since they were last read. Nothing where callers have no tokens of an issuer.",
        )
        .query("", "max(jwks_age_seconds{@})"),
        Panel::number("Youngest pod", Seconds, "Since its start.")
            .query("", "min(time() - process_start_time_seconds{@})"),
    ];
    Section::new("State", schema().into_iter().chain(panels))
}

pub(super) fn process() -> Section {
    let panels = [
        Panel::lines("Memory", Bytes, "Resident, by pod.")
            .query("{{pod}}", "process_resident_memory_bytes{@}"),
        Panel::lines("CPU", Count, "Processors in use, by pod. The process counts whole seconds.")
            .query("{{pod}}", "rate(process_cpu_seconds_total{@}[5m])"),
        Panel::lines("Open files", Share, "Of as many as it may open, by pod.")
            .query("{{pod}}", "process_open_fds{@} / process_max_fds{@}"),
        Panel::lines(
            "Telemetry lost",
            PerSecond,
            "Spans that no collector got, and lines of the log that nobody read in time.",
        )
        .query("spans: {{reason}}", "sum by (reason) (rate(otlp_dropped_total{@}[@]))")
        .query("lines", "sum(rate(log_lines_dropped_total{@}[@]))"),
    ];
    Section::new("Process", panels)
}
