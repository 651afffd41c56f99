//! The orders service: lists, and the catalog behind them.

use super::shared;
use crate::panel::Unit::{Breaker, PerSecond, Share};
use crate::panel::{Dashboard, Panel, Section};

pub(crate) fn orders() -> Dashboard {
    Dashboard {
        title: "Atelier / Orders",
        about: "Lists of orders with their models: requests, the catalog, statements, the process.",
        component: Some("orders"),
        sections: vec![
            shared::state(),
            shared::requests(),
            catalog(),
            shared::statements(),
            shared::process(),
        ],
    }
}

fn catalog() -> Section {
    let panels = [
        breaker().query("{{pod}}", "max by (pod) (catalog_breaker_state{@})"),
        calls().query("{{outcome}}", "sum by (outcome) (rate(catalog_requests_total{@}[@]))"),
        Panel::lines("Asked of the cache", PerSecond, "Models, by how it answered.")
            .query("{{outcome}}", "sum by (outcome) (rate(catalog_cache_total{@}[@]))"),
        Panel::lines("Known already", Share, "Models that the cache answered without anybody waiting for the catalog.").query(
            "known",
            r#"sum(rate(catalog_cache_total{@,outcome=~"hit|stale|negative"}[@])) / sum(rate(catalog_cache_total{@}[@]))"#,
        ),
    ];
    Section::new("Catalog", panels)
}

pub(super) fn breaker() -> Panel {
    Panel::lines(
        "Catalog's breaker",
        Breaker,
        "Whether the catalog is asked: closed, it is; open, it is left alone.",
    )
}

pub(super) fn calls() -> Panel {
    Panel::lines(
        "Calls to the catalog",
        PerSecond,
        "By what came of them; breaker_open and shed are none that were made.",
    )
}
