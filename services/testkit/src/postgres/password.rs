//! The password of a server whose data is kept: other users of this machine reach its port, and must find it locked.
//! It lies beside the data, in a folder that is closed to them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::folder::write_private;

const BYTES: usize = 16;

/// Where it lies.
pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join("password")
}

/// Makes one for data that is about to be made.
pub(super) fn make(folder: &Path, as_nobody: bool) -> io::Result<String> {
    let mut bytes = [0; BYTES];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let password = format!("{:032x}", u128::from_be_bytes(bytes));
    write_private(&file(folder), &password, as_nobody)?;
    Ok(password)
}

/// The one of data that is there; `None` for data that was made without one.
pub(super) fn known(folder: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(file(folder)) {
        Ok(password) => Ok(Some(password)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
