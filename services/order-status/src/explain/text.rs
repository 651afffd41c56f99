//! An explanation for people: a line a fact, what it is about in front. What people wrote stands in quotes, with escapes for whatever
//! would leave its line.

use std::fmt::{Display, Write as _};
use std::io::{self, Write};

use order_model::{Cost, NextMove, Order, Role, next_moves};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::store::{Dossier, Event, OrderRecord};

/// Writes all of it.
pub(super) fn say(dossier: &Dossier, out: &mut impl Write) -> io::Result<()> {
    let Dossier { record, events, traces, breaches } = dossier;
    match record {
        Some(record) => say_row(record, out)?,
        None => say_line(out, "order", "no row, only events")?,
    }
    for event in events {
        say_line(out, event.version, in_words(event, traces.get(&event.version)))?;
    }
    if breaches.is_empty() {
        say_line(out, "law", "holds: the events lead to the row")?;
    }
    for breach in breaches {
        say_line(out, "law", format_args!("BROKEN: {breach}"))?;
    }
    let Some(OrderRecord { order, .. }) = record else { return Ok(()) };
    next_moves(order).iter().try_for_each(|next| say_line(out, "next", who_may(next, order)))
}

fn say_line(out: &mut impl Write, about: impl Display, words: impl Display) -> io::Result<()> {
    writeln!(out, "{about:<9} {words}")
}

fn say_row(record: &OrderRecord, out: &mut impl Write) -> io::Result<()> {
    let OrderRecord { order, terms, created_at, updated_at } = record;
    let Order { id, requester_id, created_by, stage, alert, version } = order;
    say_line(out, "order", format_args!("{id}, {stage} at version {version}"))?;
    say_line(out, "requester", requester_id)?;
    say_line(out, "creator", created_by)?;
    if let Some(alert) = alert {
        let reason = alert.reason.as_ref().map(|reason| format!(": {:?}", reason.as_str()));
        let by = alert.raised_by.as_str();
        say_line(out, "alert", format_args!("raised by the {by}{}", reason.unwrap_or_default()))?;
    }
    if let Some(model_id) = &terms.model_id {
        say_line(out, "model", model_id.as_str())?;
    }
    say_line(out, "params", terms.custom_params.get())?;
    for (cost, when) in [(terms.cost_initial, "at first"), (terms.cost_final, "in the end")] {
        if let Some(cost) = cost.map(Cost::get) {
            say_line(out, "cost", format_args!("{cost} {when}"))?;
        }
    }
    say_line(out, "made", at(*created_at))?;
    say_line(out, "changed", at(*updated_at))
}

fn in_words(event: &Event, trace_id: Option<&String>) -> String {
    let Event { state_type, new_value, actor, role, .. } = event;
    let mut words = format!("{}  {state_type} = {new_value} by {actor} ({role}", at(event.at));
    // Writing to a text does not fail.
    if let Some(party) = &event.on_behalf_of {
        let _ = write!(words, " for the {party}");
    }
    words.push(')');
    if let Some(from) = event.from_stage.as_ref().filter(|from| **from != event.to_stage) {
        let _ = write!(words, ": {from} → {}", event.to_stage);
    }
    if let Some(reason) = &event.reason {
        let _ = write!(words, "; {reason:?}");
    }
    if let Some(trace_id) = trace_id {
        let _ = write!(words, "; trace {trace_id}");
    }
    words
}

fn who_may(next: &NextMove, order: &Order) -> String {
    let by = next.by.iter().map(|role| match role {
        Role::Requester => format!("{} (requester)", order.requester_id),
        Role::Creator => format!("{} (creator)", order.created_by),
        Role::Operator => "an operator".to_owned(),
    });
    format!("{} = {} by {}", next.state_type, next.new_value, by.collect::<Vec<_>>().join(" or "))
}

fn at(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}
