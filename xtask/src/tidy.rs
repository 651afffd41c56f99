//! `cargo xtask tidy`: the invariants that no compiler knows.
//!
//! A rule is a function from the repository's text to violations; each names file and line, and what to do about it.
//! Rules read text, never the network, and nothing here changes a file.

mod code;
mod commands;
mod git;
mod layers;
mod manifests;
mod map;
mod markdown;
mod migrations;
mod places;
mod shape;
mod tree;
mod words;
mod workflows;

pub(crate) use git::released_migrations;
pub(crate) use tree::Tree;

use std::fmt;
use std::path::PathBuf;

use crate::failure::Failure;

/// Where a rule is broken, how, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    path: PathBuf,
    line: usize,
    what: String,
    remedy: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}\n    {}", self.path.display(), self.line, self.what, self.remedy)
    }
}

type Rule = fn(&Tree) -> Vec<Violation>;

const RULES: [(&str, Rule); 27] = [
    ("order-model stays pure", layers::order_model_is_pure),
    ("libraries stay in their layers", layers::libraries_stay_in_their_layers),
    ("the operator asks no database", layers::operator_asks_no_database),
    ("main only dispatches", layers::mains_are_short),
    ("errors become answers in one place", places::errors_become_answers_in_one_place),
    ("metrics are named in one place", places::metrics_are_named_in_one_place),
    ("endpoints have tests", places::endpoints_have_tests),
    ("files say what they are for", shape::files_open_with_their_purpose),
    ("files stay small", shape::files_stay_small),
    ("suppressions have reasons", shape::suppressions_have_reasons),
    ("dependencies are used", manifests::dependencies_are_used),
    ("dependencies have reasons", manifests::dependencies_have_reasons),
    ("migrations are named and numbered", migrations::are_named_and_numbered),
    ("migrations say why", migrations::say_why),
    ("migrations name no roles", migrations::name_no_roles),
    ("released migrations never change", migrations::are_append_only),
    ("the services know the newest schema", migrations::services_know_the_newest),
    ("tests never sleep", words::tests_never_sleep),
    ("nothing is left for later", words::nothing_is_left_for_later),
    ("no machine's own paths", words::no_machine_paths),
    ("no public addresses", words::no_public_addresses),
    ("links resolve", markdown::links_resolve),
    ("paths exist", markdown::paths_exist),
    ("crates are on the map", map::crates_are_on_the_map),
    ("arrows are true", map::arrows_are_those_of_the_manifests),
    ("commands in documents are tried", commands::commands_are_held),
    ("workflows call only us", workflows::workflows_call_only_us),
];

/// Prints every violation; fails if there is one.
pub(crate) fn run() -> Result<(), Failure> {
    let tree = Tree::of_repository()?;
    let mut count = 0;
    for (name, rule) in RULES {
        let mut violations = rule(&tree);
        violations.sort();
        if !violations.is_empty() {
            println!("\n{name}:");
        }
        for violation in &violations {
            println!("  {violation}");
        }
        count += violations.len();
    }
    if count == 0 {
        println!("tidy: {} rules over {} files, nothing to say", RULES.len(), tree.files.len());
        return Ok(());
    }
    let remedy = "Each line above says what to do.".to_owned();
    Err(Failure::Found { count, what: "violations", remedy })
}
