//! Both services at work and in trouble, watched by a real Prometheus: whatever a panel or a rule asks for is there.
//! What Prometheus saw becomes the picture of the overview that the README shows.

use std::path::Path;
use std::sync::Arc;

use testkit::catalog::{Behaviour, Reply, demo};
use testkit::proxy::Link;

use crate::dashboards::{Query, panels};
use crate::load::Load;
use crate::picture::{Band, Chart, Line, draw};
use crate::prometheus::{Prometheus, Series};
use crate::rules::rules;
use crate::system::System;
use crate::{NAMESPACE, RELEASE};

/// Whose data kube-state-metrics has, which needs a Kubernetes. Prometheus must understand them all the same.
const OF_KUBERNETES: [&str; 8] = [
    "overview: Pods ready",
    "migrations: Job at work",
    "migrations: Job failed",
    "migrations: Pods not ready",
    "AtelierUnready",
    "AtelierPodUnready",
    "AtelierMigrationFailed",
    "AtelierSchemaNotVerified",
];

/// What callers must have been answered, or the load is not the mixture that it is meant to be.
const STATUSES: [&str; 8] = ["200", "201", "401", "403", "404", "409", "422", "503"];

/// Over how long a rate is taken, as Grafana would with a look every second.
const RATE_INTERVAL: &str = "5s";

/// How often Prometheus looks between one trouble and the next.
const QUIET_LOOKS: f64 = 10.0;

/// From when until when, in seconds since 1970.
type Span = (f64, f64);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs prometheus"]
async fn every_query_of_panels_and_rules_finds_data_while_both_services_work() {
    let system = Arc::new(System::start().await);
    let prometheus = Prometheus::start(&system.targets()).await;
    prometheus.until("sum(up) == 4").await;
    let load = Load::start(&system);
    let begin = prometheus.time().await;
    let troubles = go_wrong_and_right_again(&system, &prometheus).await;
    let span = (begin, prometheus.time().await);

    let mut complaints = Vec::new();
    for (name, query) in panel_queries() {
        complaints.extend(complaint(&name, &query, prometheus.between(&query, span).await));
    }
    for rule in rules() {
        complaints.extend(complaint(rule.name(), &rule.inputs(), prometheus.now(&rule.inputs()).await));
    }
    assert_eq!(complaints, [""; 0]);
    for status in STATUSES {
        prometheus
            .until(&format!(r#"http_server_request_duration_seconds_count{{status="{status}"}}"#))
            .await;
    }
    drop(load);
    draw_overview(&prometheus, span, &troubles).await;
}

/// A while of ordinary work, a catalog that fails until it is left alone, ordinary work again, a database out of reach until
/// requests are refused and connections given up, and ordinary work. Tells when there was trouble.
async fn go_wrong_and_right_again(system: &System, prometheus: &Prometheus) -> [Band; 2] {
    system.catalog.behave_for(&demo::model_id(1), Behaviour::reply(Reply::NotFound));
    prometheus.watch(QUIET_LOOKS).await;

    let from = prometheus.time().await;
    system.catalog.behave(Behaviour::reply(Reply::ServerError));
    prometheus.until("max(catalog_breaker_state) == 2").await;
    prometheus.watch(QUIET_LOOKS / 2.0).await;
    system.catalog.behave(Behaviour::default());
    let catalog = Band { what: "the catalog fails", span: (from, prometheus.time().await) };
    prometheus.until("max(catalog_breaker_state) == 0").await;
    prometheus.watch(QUIET_LOOKS).await;

    let from = prometheus.time().await;
    system.to_database.set(Link::Silent);
    prometheus.until(r#"sum(http_server_shed_total{reason="overloaded"}) > 0"#).await;
    prometheus.until("count(sum by (component) (db_reconnects_total) > 0) == 2").await;
    system.to_database.set(Link::Sound);
    let database = Band { what: "the database is out of reach", span: (from, prometheus.time().await) };
    prometheus.until(r#"min(sum by (pod) (db_connections{state="connected"})) > 0"#).await;
    prometheus.watch(QUIET_LOOKS).await;
    [catalog, database]
}

/// What panels ask, as Grafana would for this release, by the panel's name.
fn panel_queries() -> Vec<(String, String)> {
    let of_panels = panels().into_iter().flat_map(|panel| {
        let name = format!("{}: {}", panel.dashboard, panel.title);
        panel.queries.into_iter().map(move |query| (name.clone(), filled_in(&query)))
    });
    of_panels.collect()
}

fn filled_in(query: &Query) -> String {
    let text = query.text.replace("$namespace", NAMESPACE).replace("$release", RELEASE);
    text.replace("$__rate_interval", RATE_INTERVAL)
}

/// What is wrong with an answer, if anything is.
fn complaint(name: &str, query: &str, answer: Result<Vec<Series>, String>) -> Option<String> {
    let expected = !OF_KUBERNETES.contains(&name);
    match answer {
        Err(error) => Some(format!("{name} cannot be asked: {error}: {query}")),
        Ok(series) if series.iter().any(Series::has_data) == expected => None,
        Ok(_) if expected => Some(format!("{name} has no data: {query}")),
        Ok(_) => Some(format!("{name} has data: {query}")),
    }
}

/// The overview's panels over time, in cargo's folder for what tests leave behind.
#[expect(clippy::print_stdout, reason = "whoever wants the picture must know where it is")]
async fn draw_overview(prometheus: &Prometheus, span: Span, troubles: &[Band]) {
    let mut charts = Vec::new();
    for panel in panels().into_iter().filter(|panel| panel.dashboard == "overview" && !panel.is_number) {
        let mut lines = Vec::new();
        for query in &panel.queries {
            let series = prometheus.between(&filled_in(query), span).await.expect("an answer");
            lines.extend(
                series
                    .into_iter()
                    .map(|series| Line { name: named(&query.legend, &series), points: series.points }),
            );
        }
        charts.push(Chart { title: panel.title, unit: panel.unit, lines });
    }
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("overview.svg");
    std::fs::write(&file, draw(span, troubles, &charts)).expect("written");
    println!("the overview as Prometheus saw it: {}", file.display());
}

/// `{{label}}` becomes the label's value.
fn named(legend: &str, series: &Series) -> String {
    let labels = series.labels.iter();
    labels.fold(legend.to_owned(), |name, (label, value)| name.replace(&format!("{{{{{label}}}}}"), value))
}
