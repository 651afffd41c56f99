//! What tidy asks git: which files are the repository's, and how migrations looked at the last release.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::shell;

/// Tracked files, and new ones that are not ignored: what the next commit may hold.
pub(super) fn files() -> Result<Vec<PathBuf>, Failure> {
    let mut command = shell::program("git");
    command.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]);
    let listed = shell::output(&mut command)?;
    Ok(listed.split_terminator('\0').map(PathBuf::from).collect())
}

/// The migrations at the newest release tag (`v…`) that this commit descends from; empty before the first release.
///
/// Because they are append-only, the newest release holds all earlier ones.
pub(crate) fn released_migrations() -> Result<BTreeMap<PathBuf, String>, Failure> {
    let mut describe = shell::program("git");
    let Some(tag) = shell::ask(describe.args(["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"]))
    else {
        return Ok(BTreeMap::new());
    };
    let mut list = shell::program("git");
    let names = shell::output(list.args(["ls-tree", "-z", "--name-only", &tag, "migrations/"]))?;
    let mut released = BTreeMap::new();
    for name in names.split_terminator('\0') {
        let path = PathBuf::from(name);
        if path.extension().is_some_and(|extension| extension == "sql") {
            let text = shell::output(shell::program("git").arg("show").arg(format!("{tag}:{name}")))?;
            released.insert(path, text);
        }
    }
    Ok(released)
}
