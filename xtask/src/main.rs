//! `cargo xtask`: the repository's own commands. This file only says which there are and hands over.
//!
//! It must stay light to build, because everybody builds it first: clap, the standard library, and data.
//! Heavy parts live in crates below this one and are started as programs of their own.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "these commands talk to the person who typed them"
)]

mod bench;
mod chart;
mod ci;
mod codegen;
mod contents;
mod failure;
mod forward;
mod image;
mod judges;
mod migrate;
mod needs;
mod prove;
mod publish;
mod release;
mod schemathesis;
mod shell;
mod squawk;
mod test;
mod tidy;
mod tools;
mod workflows;

use std::process::ExitCode;

use clap::{FromArgMatches, Parser};

/// The repository's own commands; CI runs nothing else.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    max_term_width = 100,
    arg_required_else_help = true
)]
enum Command {
    /// A whole Atelier on this machine, until Ctrl-C.
    Up(forward::Args),
    /// All tests, against a real PostgreSQL that lives as long as they run.
    Test(test::Args),
    /// Renew what is generated and committed.
    Codegen(codegen::Args),
    /// What these commands can use: found or missing, and how to get it.
    Tools,
    /// Everything that CI checks, in its order.
    Ci(ci::Args),
    /// The invariants that no compiler knows.
    Tidy,
    /// An outside judge of the HTTP contract: requests made from it.
    Schemathesis(schemathesis::Args),
    /// Outside judges of the charts and of what they make.
    Chart(chart::Args),
    /// Outside judges of the workflows: actionlint, zizmor.
    Workflows(workflows::Args),
    /// Make the next migration file.
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// An outside judge of the migrations: what would lock or scan a table.
    Squawk,
    /// Each program in a container image of its own.
    Image(image::Args),
    /// Values for the Helm chart, from the facts that only you know.
    Values(forward::Args),
    /// The Secrets of a development cluster (k8s/dev), as manifests.
    DevSecrets(forward::Args),
    /// Atelier on a real Kubernetes: installed, walked, broken, healed.
    E2e(forward::Args),
    /// Make this tree a release: its version everywhere, the changelog cut.
    Release(release::Args),
    /// A release's images and charts to a registry, signed if asked.
    Publish(publish::Args),
    /// What a request costs and how many there can be, against goals.
    Bench(forward::Args),
    /// Requests at a constant rate against any installation, each checked.
    Load(forward::Args),
    /// Each claim by its name in docs/reliability.md, where the figures go.
    Prove(prove::Args),
    #[command(hide = true)]
    ExpandQueries(codegen::queries::Args),
}

fn main() -> ExitCode {
    let matches = contents::command::<Command>().get_matches();
    let command = Command::from_arg_matches(&matches).unwrap_or_else(|refusal| refusal.exit());
    let outcome = match command {
        Command::Up(args) => forward::to(&shell::PROGRAMS, &[], &args),
        Command::Test(args) => test::run(&args),
        Command::Schemathesis(args) => schemathesis::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Chart(args) => chart::run(&args),
        Command::Ci(args) => ci::run(&args),
        Command::Codegen(args) => codegen::run(&args),
        Command::DevSecrets(args) => forward::to(&["dev-secrets"], &[], &args),
        Command::E2e(args) => forward::to(&["e2e", "chart", "migrator"], &[], &args),
        Command::Image(args) => image::run(&args),
        Command::Load(args) => forward::to(&["load"], &[], &args),
        Command::Migrate(command) => migrate::run(&command),
        Command::Publish(args) => publish::run(&args),
        Command::Release(args) => release::run(&args),
        Command::Prove(args) => prove::run(&args),
        Command::Squawk => squawk::run(),
        Command::Tidy => tidy::run(),
        Command::Values(args) => forward::to(&["chart"], &["values"], &args),
        Command::Workflows(args) => workflows::run(&args),
        Command::Tools => tools::run(),
        Command::ExpandQueries(args) => codegen::queries::expand(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\n{failure}");
            failure.exit_code()
        }
    }
}
