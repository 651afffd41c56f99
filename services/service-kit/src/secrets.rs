//! A list of secrets that may be exchanged while the service runs: the current one and the next stand side by side.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::chain::chain;
use crate::config::Secret;

/// How often the file is read at most.
const AGE_MAX: Duration = Duration::from_secs(1);

/// A secret that something is signed or proven with: one of fewer bytes than this can be guessed.
pub const SECRET_BYTES_MIN: usize = 32;

/// Why a file of secrets cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// It cannot be read.
    #[error("the file of secrets {} cannot be read", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It holds none, or one that is too short.
    #[error("the file of secrets {} must hold one secret a line, each of {bytes_min} bytes at least", file.display())]
    TooShort {
        /// Which file.
        file: PathBuf,
        /// How long each must be.
        bytes_min: usize,
    },
}

/// Secrets as bytes.
type Bytes = Arc<[Vec<u8>]>;

/// The secrets as they are now.
pub struct Secrets {
    file: Option<PathBuf>,
    bytes_min: usize,
    known: Mutex<(Instant, Bytes)>,
}

impl Secrets {
    /// Those of the configuration, or of the file, where each must have so many bytes.
    pub fn new(inline: &[Secret], file: Option<PathBuf>, bytes_min: usize) -> Result<Self, SecretsError> {
        let known = match &file {
            Some(file) => read(file, bytes_min)?,
            None => inline.iter().map(|secret| secret.expose().as_bytes().to_vec()).collect(),
        };
        Ok(Self { file, bytes_min, known: Mutex::new((Instant::now(), known)) })
    }

    /// All that are valid now. A file that cannot be used any more leaves those that were.
    pub fn current(&self) -> Bytes {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &self.file
            && known.0.elapsed() >= AGE_MAX
        {
            known.0 = Instant::now();
            match read(file, self.bytes_min) {
                Ok(secrets) => known.1 = secrets,
                Err(error) => {
                    tracing::warn!(error = chain(&error), "secrets are kept as they were");
                }
            }
        }
        known.1.clone()
    }
}

fn read(file: &PathBuf, bytes_min: usize) -> Result<Bytes, SecretsError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| SecretsError::Unreadable { file: file.clone(), source })?;
    let secrets: Bytes =
        text.lines().filter(|line| !line.is_empty()).map(|line| line.as_bytes().to_vec()).collect();
    if secrets.is_empty() || secrets.iter().any(|secret| secret.len() < bytes_min) {
        return Err(SecretsError::TooShort { file: file.clone(), bytes_min });
    }
    Ok(secrets)
}

/// What it holds is nobody's to see.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").field("file", &self.file).finish_non_exhaustive()
    }
}
