//! Where programs and data are kept, and who they belong to.
//!
//! PostgreSQL refuses to run as root. Root therefore hands the data to the user "nobody", who cannot look into root's home:
//! both live under `/var/tmp` then.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use crate::environment;
use crate::file::unique_folder;

/// The user and the group that a server started by root works as.
pub(super) const NOBODY: u32 = 65_534;

const SHARED: &str = "/var/tmp";

/// Why there is no folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It could not be made.
    #[error("{} could not be made", path.display())]
    Make {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Somebody else made it, and might put other programs into it.
    #[error("{} is not ours alone; remove it", path.display())]
    NotOurs {
        /// Which.
        path: PathBuf,
    },
}

/// Whether we are root: what we make is root's then. The standard library has no other way to ask.
fn is_root(ours: &Path) -> io::Result<bool> {
    Ok(fs::metadata(ours)?.uid() == 0)
}

/// Whether the server of this folder has to run as "nobody": only root can have given the folder away.
pub(super) fn runs_as_nobody(folder: &Path) -> io::Result<bool> {
    Ok(fs::metadata(folder)?.uid() == NOBODY && probe_is_root()?)
}

/// The folder for what is fetched once: the user's cache, for root one that "nobody" can read.
pub(super) fn cache() -> Result<PathBuf, FolderError> {
    let home = environment::variable("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| environment::variable("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .unwrap_or_else(std::env::temp_dir);
    let users = home.join("atelier");
    let made = |path: &Path| fs::create_dir_all(path);
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| FolderError::Make { path, source }
    };
    // Root is told apart before anything is made: a probe that is gone at once.
    if !probe_is_root().map_err(failed(Path::new(SHARED)))? {
        made(&users).map_err(failed(&users))?;
        return Ok(users);
    }
    let shared = Path::new(SHARED).join("atelier-cache");
    made(&shared).map_err(failed(&shared))?;
    if !is_private_to(&shared, 0).map_err(failed(&shared))? {
        return Err(FolderError::NotOurs { path: shared });
    }
    Ok(shared)
}

fn probe_is_root() -> io::Result<bool> {
    let probe = unique_folder(&std::env::temp_dir(), "atelier-probe")?;
    let root = is_root(&probe);
    fs::remove_dir(&probe)?;
    root
}

/// A new folder for a server that nobody keeps.
pub(super) fn temporary() -> Result<PathBuf, FolderError> {
    let failed = |path: PathBuf| move |source| FolderError::Make { path, source };
    let root = probe_is_root().map_err(failed(std::env::temp_dir()))?;
    let parent = if root { PathBuf::from(SHARED) } else { std::env::temp_dir() };
    let folder = unique_folder(&parent, "atelier-postgres").map_err(failed(parent))?;
    hand_over(&folder).map_err(failed(folder.clone()))?;
    Ok(folder)
}

/// A folder that is kept; made if it is not there.
pub(super) fn kept(path: &Path) -> Result<(), FolderError> {
    let failed = |source| FolderError::Make { path: path.to_owned(), source };
    if !path.is_dir() {
        fs::create_dir_all(path).map_err(failed)?;
    }
    hand_over(path).map_err(failed)
}

/// Gives a folder of ours to the user that the server will run as. One that was given away before stays.
fn hand_over(folder: &Path) -> io::Result<()> {
    if is_root(folder)? {
        chown(folder, Some(NOBODY), Some(NOBODY))?;
    }
    if fs::metadata(folder)?.mode() & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Writes a file into a server's folder that only the server may read.
pub(super) fn write_private(path: &Path, text: &str, as_nobody: bool) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    if as_nobody {
        chown(path, Some(NOBODY), Some(NOBODY))?;
    }
    Ok(())
}

/// Whether a file or folder is `uid`'s and nobody else may write into it.
pub(super) fn is_private_to(path: &Path, uid: u32) -> io::Result<bool> {
    let metadata = fs::metadata(path)?;
    Ok(metadata.uid() == uid && metadata.mode() & 0o022 == 0)
}
