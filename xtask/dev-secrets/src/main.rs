//! `dev-secrets`: prints the manifests, for `kubectl create`.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use serde_json::json;
use service_kit::cli::refuse;
use service_kit::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  cargo xtask dev-secrets --namespace atelier | kubectl create -f -";

/// The Secrets of a development cluster, as manifests: made anew each time, kept nowhere.
///
/// `kubectl create` makes them once and refuses to make them again; `apply` would exchange passwords that
/// the database then does not know.
#[derive(Parser)]
#[command(name = "dev-secrets", bin_name = "cargo xtask dev-secrets", max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    /// The namespace that they are for.
    #[arg(long, default_value = "default", value_name = "NAME")]
    namespace: String,
}

fn main() -> io::Result<ExitCode> {
    let items = match dev_secrets::manifests(&Cli::parse().namespace) {
        Ok(items) => items,
        Err(error) => return Ok(refuse(&error, Exit::Configuration).into()),
    };
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": items });
    writeln!(io::stdout(), "{list:#}")?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn what_is_written_of_it_is_what_it_understands() {
        manual::check(&Cli::command(), "cargo xtask dev-secrets");
    }
}
