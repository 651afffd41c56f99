//! `cargo xtask workflows`: outside judges of `.github`: actionlint for what GitHub would refuse, zizmor for what an attacker would use.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::judges::{self, Judge};
use crate::shell;

const FOLDER: &str = ".github/workflows";

/// What may not be left out.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Fail where one of these programs is missing; `all` means every one. CI=true means all.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub(crate) require: Vec<String>,
}

/// Asks each judge that is there.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let judges: [(&str, Judge); 2] = [("actionlint", actionlint), ("zizmor", zizmor)];
    judges::ask("workflows", &judges, &args.require)
}

fn actionlint() -> Result<(), Failure> {
    let folder = shell::root().join(FOLDER);
    let entries = std::fs::read_dir(&folder).map_err(Failure::file(&folder))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    shell::run(shell::program("actionlint").args(files))
}

/// Without a network: what it would look up there is whether a pinned commit has another name by now.
fn zizmor() -> Result<(), Failure> {
    shell::run(shell::program("zizmor").args(["--offline", "--no-progress", ".github"]))
}
