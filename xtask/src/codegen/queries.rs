//! The `.sqlx` folder: what PostgreSQL says about each `query!`, so that nobody needs a database to build.
//!
//! A temporary server gets all migrations, then the crates that hold SQL are expanded against it and sqlx's macros
//! write down what they learn. cargo would call an unchanged crate fresh and expand nothing, so each run passes the
//! compiler a flag that no run had before: only these crates are compiled again, their dependencies are shared with
//! every other check.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use crate::failure::Failure;
use crate::shell;

/// The crates whose `store/` holds SQL.
const PACKAGES: [&str; 2] = ["order-status", "orders"];

/// Arguments of the half that runs beside the database.
#[derive(clap::Args)]
pub(crate) struct Args {
    into: PathBuf,
}

/// Starts a migrated database and, beside it, this program's other half.
pub(super) fn make(fresh: &Path) -> Result<(), Failure> {
    let into = fresh.join(".sqlx");
    fs::create_dir_all(&into).map_err(Failure::file(&into))?;
    shell::build(&["up"])?;
    let mut command = shell::program(shell::sibling("up")?);
    command.args(["with-database", "--"]).arg(shell::sibling("xtask")?).arg("expand-queries").arg(&into);
    shell::run(&mut command)
}

/// The other half: `DATABASE_URL` is set, the macros save what they learn in `into`.
pub(crate) fn expand(args: &Args) -> Result<(), Failure> {
    let url = shell::variable("DATABASE_URL").unwrap_or_default();
    for package in PACKAGES {
        let mut command = shell::cargo();
        command
            .args(["rustc", "--locked", "--package", package, "--lib", "--profile", "check", "--", "--cfg"])
            .arg(format!("codegen_run=\"{}\"", process::id()))
            .env("DATABASE_URL", &url)
            .env("SQLX_OFFLINE", "false")
            .env("SQLX_OFFLINE_DIR", &args.into);
        shell::run(&mut command)?;
    }
    Ok(())
}
