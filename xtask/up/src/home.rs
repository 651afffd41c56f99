//! The folder of the demonstration system: its database, its logs, and the lock that keeps a second `up` out.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::Demo;
use crate::error::UpError;

/// The folder for ordinary users, in the repository and ignored by git.
const IN_REPOSITORY: &str = ".atelier";
/// Root's: PostgreSQL runs as somebody else there, to whom root's own folders are closed.
const SHARED: &str = "/var/tmp";
const LOCK: &str = "up.lock";

/// The folder while this process owns it.
#[derive(Debug)]
pub(crate) struct Home {
    folder: PathBuf,
    /// Released by the system when this process ends, however it ends.
    lock: File,
    killed_before: Option<String>,
    deleted_at_end: bool,
}

impl Home {
    /// Makes the folder if need be, and takes it; `--reset` empties it first.
    pub(crate) fn open(demo: &Demo) -> Result<Self, UpError> {
        let (folder, deleted_at_end) = match &demo.data {
            Some(folder) => (std::path::absolute(folder).map_err(at(folder))?, false),
            None if demo.ends_by_itself() => (temporary()?, true),
            None => (usual()?, false),
        };
        make(&folder)?;
        if uid() == Some(0) && demo.database_url.is_none() {
            others_may_enter(&folder)?;
        }
        let (lock, killed_before) = lock(&folder)?;
        if demo.reset {
            empty(&folder)?;
        }
        Ok(Self { folder, lock, killed_before, deleted_at_end })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the server keeps its data.
    pub(crate) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    /// Where the secret lies with which this run's tokens are signed.
    pub(crate) fn token_secret(&self) -> PathBuf {
        self.folder.join("token.secret")
    }

    /// Where a service's log goes.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    /// The process id of an earlier run that could not tidy up: what it started may still be stopping.
    pub(crate) fn killed_before(&self) -> Option<&str> {
        self.killed_before.as_deref()
    }

    /// From now on the folder stays when the run ends.
    pub(crate) fn keep(&mut self) {
        self.deleted_at_end = false;
    }

    /// Whether the folder goes when the run ends.
    pub(crate) fn is_temporary(&self) -> bool {
        self.deleted_at_end
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // An empty lock says that this run ended in good order. If that fails, the next run waits for nothing, briefly.
        drop(self.lock.set_len(0));
        if self.deleted_at_end {
            // What cannot be deleted is the temporary folder's to lose.
            drop(fs::remove_dir_all(&self.folder));
        }
    }
}

/// A new folder. Not in the system's temporary one, which may be private to root and is often small.
fn temporary() -> Result<PathBuf, UpError> {
    let mut number = 0;
    loop {
        let folder = Path::new(SHARED).join(format!("atelier-once-{}-{number}", std::process::id()));
        match fs::DirBuilder::new().mode(0o755).create(&folder) {
            Ok(()) => return Ok(folder),
            // Left behind by a killed run that had our process id.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(source) => return Err(UpError::File { path: folder, source }),
        }
    }
}

/// For ordinary users in the repository; for root beside the system's other temporary data, named after the repository.
fn usual() -> Result<PathBuf, UpError> {
    let repository = std::env::current_dir().map_err(at(Path::new(".")))?;
    if uid() == Some(0) {
        Ok(Path::new(SHARED).join(name_for(&repository)))
    } else {
        Ok(repository.join(IN_REPOSITORY))
    }
}

/// Who we are: the standard library does not tell, and every system has `id`.
fn uid() -> Option<u32> {
    let output = Command::new("id").arg("-u").output().ok()?;
    std::str::from_utf8(&output.stdout).ok()?.trim().parse().ok()
}

/// `…/src/atelier` becomes `atelier-src-atelier`; long paths keep their end.
fn name_for(repository: &Path) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: Vec<char> = repository.to_string_lossy().chars().map(plain).collect();
    let end = &name[name.len().saturating_sub(100)..];
    format!("atelier{}{}", if end.first() == Some(&'-') { "" } else { "-" }, end.iter().collect::<String>())
}

fn make(folder: &Path) -> Result<(), UpError> {
    // Others may pass through, as the server's user must, but not write.
    fs::DirBuilder::new().recursive(true).mode(0o755).create(folder).map_err(at(folder))?;
    let found = fs::symlink_metadata(folder).map_err(at(folder))?;
    // Anybody may write under /var/tmp: a folder that somebody laid there for us to trust is not ours.
    if found.is_symlink() || Some(found.uid()) != uid() {
        return Err(UpError::NotOurs { folder: folder.to_owned(), uid: found.uid() });
    }
    Ok(())
}

/// PostgreSQL refuses to work for root, so it works as "nobody", who must get as far as the folder.
fn others_may_enter(folder: &Path) -> Result<(), UpError> {
    for ancestor in folder.ancestors() {
        if fs::metadata(ancestor).map_err(at(ancestor))?.mode() & 0o001 == 0 {
            return Err(UpError::Closed { folder: folder.to_owned(), ancestor: ancestor.to_owned() });
        }
    }
    Ok(())
}

/// Takes the lock and writes our process id, or says whose it is. Also gives the id that a killed run left in it.
fn lock(folder: &Path) -> Result<(File, Option<String>), UpError> {
    let path = folder.join(LOCK);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(at(&path))?;
    let locked = file.try_lock();
    let mut pid = String::new();
    file.read_to_string(&mut pid).map_err(at(&path))?;
    let pid = pid.trim().to_owned();
    match locked {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(UpError::AlreadyUp { folder: folder.to_owned(), pid }),
        Err(TryLockError::Error(source)) => return Err(UpError::File { path, source }),
    }
    file.set_len(0).and_then(|()| file.rewind()).map_err(at(&path))?;
    writeln!(file, "{}", std::process::id()).map_err(at(&path))?;
    Ok((file, Some(pid).filter(|pid| !pid.is_empty())))
}

/// Deletes what earlier runs left; the lock stays, because we hold it.
fn empty(folder: &Path) -> Result<(), UpError> {
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        let is_ours = path.file_name().is_some_and(|name| name == "postgres")
            || path.extension().is_some_and(|extension| extension == "log");
        if is_ours {
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(at(&path))?;
        }
    }
    Ok(())
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> UpError {
    let path = path.to_owned();
    move |source| UpError::File { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_taken_once_and_the_second_is_told_by_whom() {
        let folder = temporary().expect("make");
        make(&folder).expect("ours");
        let (first, before) = lock(&folder).expect("free");
        assert_eq!(before, None);
        let error = lock(&folder).expect_err("taken");
        assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
        drop(first);
        let (_, before) = lock(&folder).expect("free again");
        assert_eq!(before, Some(std::process::id().to_string()));
        fs::remove_dir_all(&folder).expect("delete");
    }

    #[test]
    fn the_folder_is_named_after_the_repository() {
        assert_eq!(name_for(Path::new("/src/my atelier")), "atelier-src-my-atelier");
        assert!(name_for(Path::new(&"/x".repeat(200))).len() < 120);
    }
}
