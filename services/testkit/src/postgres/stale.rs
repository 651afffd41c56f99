//! What a killed run leaves behind, and telling it from a server that is at work.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::error::ServerError;
use super::options::STOP_DEADLINE;
use crate::wait;

/// A killed run leaves `postmaster.pid`. Its server may still be shutting down: that is waited for. If the number now
/// belongs to something else, the file is removed; PostgreSQL would refuse to start because of a stranger.
pub(super) async fn clear(folder: &Path) -> Result<(), ServerError> {
    let file = folder.join("data").join("postmaster.pid");
    let Some(pid) = pid_in(&file).filter(|pid| is_postgres(*pid).is_some()) else { return Ok(()) };
    let gone = wait::until("the server of an earlier run ends", STOP_DEADLINE, || {
        let gone = is_postgres(pid) == Some(false) || pid_in(&file) != Some(pid);
        async move { gone.then_some(()) }
    })
    .await;
    if gone.is_err() {
        return Err(ServerError::InUse { folder: folder.to_owned(), pid });
    }
    if pid_in(&file) == Some(pid) {
        fs::remove_file(&file).map_err(|source| ServerError::System {
            what: "a stale postmaster.pid cannot be removed",
            source,
        })?;
    }
    Ok(())
}

fn pid_in(file: &Path) -> Option<u32> {
    fs::read_to_string(file).ok()?.lines().next()?.trim().parse().ok()
}

/// Whether a process of that number is a PostgreSQL. Without `ps` nobody can tell, and the server judges for itself.
fn is_postgres(pid: u32) -> Option<bool> {
    let output = Command::new("ps").args(["-o", "comm=", "-p", &pid.to_string()]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).contains("postgres"))
}
