//! The order status service: what is asked of orders, and what it takes.

use super::shared;
use crate::panel::Unit::PerSecond;
use crate::panel::{Dashboard, Panel, Section};

pub(crate) fn order_status() -> Dashboard {
    Dashboard {
        title: "Atelier / Order status",
        about: "Orders and their lifecycle: requests, moves, statements, the process.",
        component: Some("order-status"),
        sections: vec![shared::state(), shared::requests(), moves(), shared::statements(), shared::process()],
    }
}

fn moves() -> Section {
    let panels = [
        Panel::lines("Creates", PerSecond, "By what became of them.")
            .query("{{outcome}}", "sum by (outcome) (rate(orders_created_total{@}[@]))"),
        Panel::lines(
            "Creates repeated",
            PerSecond,
            "Answered from the first one with the same Idempotency-Key.",
        )
        .query("repeated", "sum(rate(idempotent_replays_total{@}[@]))"),
        Panel::lines("Moves done", PerSecond, "By what was set or cleared.").query(
            "{{state_type}}",
            r#"sum by (state_type) (rate(order_transitions_total{@,outcome="done"}[@]))"#,
        ),
        Panel::lines(
            "Moves not done",
            PerSecond,
            "Refused by the rules, failed for want of the database, or set already.",
        )
        .query(
            "{{state_type}} {{outcome}}",
            r#"sum by (state_type, outcome) (rate(order_transitions_total{@,outcome!="done"}[@]))"#,
        ),
        Panel::lines(
            "Moves by role",
            PerSecond,
            "In which role callers acted; none where nobody was let in.",
        )
        .query("{{role}}", "sum by (role) (rate(order_transitions_total{@}[@]))"),
    ];
    Section::new("Orders", panels)
}
