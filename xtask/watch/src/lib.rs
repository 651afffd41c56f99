//! What operators look at: the chart's dashboards, made of the tables in [`dashboards`].
//!
//! A table says what is shown and why; how Grafana wants it said is [`grafana`]'s. Files by hand would say everything that both
//! services have twice, and bury a change of one query under Grafana's own words. Whether each query finds data is not for
//! anybody to believe: the tests ask a real Prometheus that watches both services at work.

mod dashboards;
mod grafana;
mod panel;

/// Each dashboard's name and what Grafana reads.
pub fn dashboards() -> [(&'static str, String); 4] {
    [
        ("migrations", dashboards::migrations()),
        ("order-status", dashboards::order_status()),
        ("orders", dashboards::orders()),
        ("overview", dashboards::overview()),
    ]
    .map(|(name, dashboard)| (name, grafana::json(name, &dashboard)))
}
