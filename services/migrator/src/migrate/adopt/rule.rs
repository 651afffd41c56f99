//! What an old row may have that the new schema cannot hold as it is, and the choice that is made then: the one list of both.
//! A finding names rows by their numbers and holds no name and no text of anybody's, so an erasure need not look for them here.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use super::Found;

/// Why a row did not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rule {
    /// Its name, as the report and the mapping have it.
    pub(super) name: &'static str,
    /// What is done then.
    pub(super) choice: &'static str,
}

const fn rule(name: &'static str, choice: &'static str) -> Rule {
    Rule { name, choice }
}

/// An order of the new system has the id already.
pub(super) const ID_TAKEN: &str = "id_taken";
/// Moved here since it was adopted, and changed there, too.
pub(super) const CHANGED_IN_BOTH: &str = "changed_in_both";
/// A party or the day of creation changed there after the adoption.
pub(super) const CHANGED_FIXED: &str = "changed_fixed";
/// Adopted, and gone there since.
pub(super) const GONE: &str = "gone";
/// The database takes no such row.
pub(super) const REFUSED: &str = "refused";
/// No order has such an id.
pub(super) const NO_ORDER_ID: &str = "no_order_id";
/// More than one row of an id.
pub(super) const DUPLICATE: &str = "duplicate_order";
/// Parameters that are no object.
pub(super) const PARAMS_NO_OBJECT: &str = "params_no_object";

/// All of them, in the order in which they are told.
pub(super) const RULES: [Rule; 24] = [
    rule(
        "flags_off_ladder",
        "the stage is the highest flag that is set; with --doubt down the last one before a gap",
    ),
    rule("flag_missing", "a flag without a value is taken as not set"),
    rule("paid_in_orders_only", "taken as paid; with --doubt down as not paid"),
    rule("paid_in_customs_only", "taken as paid; with --doubt down as not paid"),
    rule("state_unknown", "customs.state is neither required nor paid: taken as required"),
    rule("no_custom", "adopted without model or parameters or costs and as of 1970-01-01"),
    rule("no_order", "adopted with the parties of customs and as created or paid"),
    rule("requester_differs", "orders.requester_id counts and not customs.user_id"),
    rule("creator_differs", "orders.created_by counts and not customs.created_by"),
    rule("requester_unusable", "customs.user_id is taken because orders.requester_id is no identity"),
    rule("creator_unusable", "customs.created_by is taken because orders.created_by is no identity"),
    rule("no_requester", "left out: neither table has a usable requester"),
    rule("no_creator", "left out: neither table has a usable creator"),
    rule("model_unusable", "adopted without model: it is not 24 hexadecimal digits"),
    rule(PARAMS_NO_OBJECT, "kept under the key value: custom_params is no object and no text that holds one"),
    rule("params_too_large", "adopted with empty parameters: custom_params has more than 64 KiB"),
    rule("cost_unusable", "adopted without this cost: it is no number from 0 to 9999999999.99"),
    rule("cost_rounded", "rounded to two decimals"),
    rule("created_at_missing", "adopted as of 1970-01-01: there is no usable time"),
    rule(DUPLICATE, "left out: another row of this order_id has a lower id and is taken"),
    rule(NO_ORDER_ID, "left out: the row has no order id from 1 to 9007199254740991"),
    rule(ID_TAKEN, "left out: the new system has an order of this id"),
    rule(REFUSED, "left out: the new database refuses the row"),
    rule(CHANGED_IN_BOTH, "the order stays as it is here: it was moved in both systems since it was adopted"),
];

/// What can be found of an order that was adopted before.
pub(super) const LATER: [Rule; 2] = [
    rule(
        CHANGED_FIXED,
        "the order keeps its parties and its time of creation; they changed in the old database",
    ),
    rule(GONE, "the order stays: its rows are gone from the old database"),
];

impl Rule {
    /// The rule of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        RULES.iter().chain(&LATER).find(|rule| rule.name == name).copied()
    }
}

/// One row that did not fit.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Finding {
    /// The order; what the row has in its place where it has none.
    pub(super) order_id: i64,
    /// `orders` or `customs`.
    pub(super) old_table: Cow<'static, str>,
    /// The row's own number.
    pub(super) old_id: i64,
    /// The rule's name.
    pub(super) rule: Cow<'static, str>,
    /// The flags and the state that the row has.
    pub(super) found: String,
}

/// The report's first line.
pub(super) const HEADER: &str = "order_id,old_table,old_id,rule,found,choice";

impl Finding {
    /// A line of the report. No part of it can hold a comma, a quote or the end of a line.
    pub(super) fn write(&self, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        let Self { order_id, old_table, old_id, rule, found } = self;
        let choice = Rule::named(rule).map_or("", |rule| rule.choice);
        writeln!(out, "{order_id},{old_table},{old_id},{rule},{found},{choice}")
    }
}

/// Writes lines of the report, and counts them by rule.
pub(super) fn write_findings(
    findings: &[Finding],
    found: &mut BTreeMap<&'static str, i64>,
    report: &mut (impl Write + ?Sized),
) -> io::Result<()> {
    for finding in findings {
        if let Some(rule) = Rule::named(&finding.rule) {
            *found.entry(rule.name).or_default() += 1;
        }
        finding.write(report)?;
    }
    Ok(())
}

/// How often each rule was applied.
pub(super) fn told(found: BTreeMap<&'static str, i64>) -> Vec<Found> {
    let found = found.into_iter().filter_map(|(name, rows)| Some((Rule::named(name)?, rows)));
    found.map(|(Rule { name: rule, choice }, rows)| Found { rule, rows, choice }).collect()
}

#[cfg(test)]
mod tests {
    use super::{LATER, RULES, Rule};

    #[test]
    fn each_rule_is_found_by_its_name_and_no_text_breaks_a_line_of_the_report() {
        for rule in RULES.iter().chain(&LATER) {
            assert_eq!(Rule::named(rule.name), Some(*rule));
            assert!(!format!("{}{}", rule.name, rule.choice).contains([',', '"', '\n']), "{rule:?}");
        }
    }
}
