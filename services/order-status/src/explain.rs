//! `order-status explain`: what is stored about one order, whether its events lead to its row, and who may do what next.
//!
//! A tool for whoever runs the service: it asks nobody who they are and names the order's parties. It shows no secret and changes nothing.

mod text;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use order_model::{NextMove, OrderId, Role, next_moves};
use serde::Serialize;
use service_kit::cli::{self, CommonArgs, Output};
use service_kit::exit::Exit;
use service_kit::service::Service;

use crate::http::view::{EventView, OrderView};
use crate::store::Dossier;
use crate::{Config, OrderStatus};

/// Of which order, and for whom.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ExplainArgs {
    /// Which order
    #[arg(long, value_name = "ID")]
    order: OrderId,
    /// For people: text; for programs: json.
    #[arg(long, value_enum, default_value = "text", hide_possible_values = true)]
    output: Output,
}

/// Explains an order on standard output. Exit 0 where its history is as it must be, 1 where it is not or cannot be read, 64 where the
/// configuration cannot be used.
pub(crate) fn explain(common: &CommonArgs, args: ExplainArgs) -> ExitCode {
    run(common, args).into()
}

#[tokio::main(flavor = "current_thread")]
async fn run(common: &CommonArgs, args: ExplainArgs) -> Exit {
    let config = match cli::load::<Config>(common) {
        Ok(loaded) => loaded.settings,
        Err(error) => return cli::refuse(&error, Exit::Configuration),
    };
    service_kit::tls::install_provider();
    let dossier = match Dossier::read(OrderStatus::BUILD, &config.base.database, args.order).await {
        Ok(dossier) => dossier,
        Err(error) => return cli::refuse(&error, Exit::Failure),
    };
    let mut out = io::stdout().lock();
    let said = match args.output {
        Output::Text => text::say(&dossier, &mut out),
        Output::Json => say_json(&dossier, &mut out),
    };
    if said.is_ok() && dossier.breaches.is_empty() { Exit::Success } else { Exit::Failure }
}

/// The order and its events are what the API shows of them, and a little more.
#[derive(Serialize)]
struct Explanation<'a> {
    order: Option<Row<'a>>,
    events: Vec<Told<'a>>,
    law: Law<'a>,
    next: Vec<NextMove>,
}

#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    order: OrderView<'a>,
    alert_raised_by: Option<Role>,
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    event: EventView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a String>,
}

#[derive(Serialize)]
struct Law<'a> {
    holds: bool,
    breaches: &'a [String],
}

fn say_json(dossier: &Dossier, out: &mut impl Write) -> io::Result<()> {
    let Dossier { record, events, traces, breaches } = dossier;
    let explanation = Explanation {
        order: record.as_ref().map(|record| Row {
            order: OrderView::from(record),
            alert_raised_by: record.order.alert.as_ref().map(|alert| alert.raised_by),
        }),
        events: events
            .iter()
            .map(|event| Told { trace_id: traces.get(&event.version), event: EventView::from(event) })
            .collect(),
        law: Law { holds: breaches.is_empty(), breaches },
        next: record.as_ref().map(|record| next_moves(&record.order)).unwrap_or_default(),
    };
    serde_json::to_writer(&mut *out, &explanation)?;
    writeln!(out)
}
