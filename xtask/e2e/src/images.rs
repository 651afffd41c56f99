//! The images under test: built by `cargo xtask image`, or taken from a folder that it wrote, then given to the cluster.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::error::Failure;
use crate::program;
use crate::provider::Provider;

/// Builds them, quickly rather than small: what is proven here is how they are run.
pub(crate) async fn build(folder: &Path) -> Result<(), Failure> {
    let mut command = Command::new(program::sibling("xtask")?);
    command.args(["image", "--with-dev", "--profile", "dev", "--save"]).arg(folder);
    program::shown(&mut command).await
}

/// Makes every archive of the folder known to the cluster.
pub(crate) async fn load(folder: &Path, provider: &Provider) -> Result<(), Failure> {
    for archive in archives(folder)? {
        provider.load(&archive).await?;
    }
    Ok(())
}

fn archives(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |source| Failure::File { path: folder.to_owned(), source };
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut archives: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|it| it == "tar")).collect();
    archives.sort();
    if archives.is_empty() { Err(Failure::NoImages { folder: folder.to_owned() }) } else { Ok(archives) }
}
