//! Files and folders of one run, and a file that a test writes anew while a service reads it.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A file in a folder of its own, which goes with this value.
#[derive(Debug)]
pub struct TestFile(PathBuf);

impl TestFile {
    /// A file that holds `text`.
    pub fn new(text: &str) -> io::Result<Self> {
        let file = Self(unique_folder(&std::env::temp_dir(), "atelier-test")?.join("file"));
        file.write(text)?;
        Ok(file)
    }

    /// Replaces what it holds at once, as a mounted Secret is replaced: nobody reads half of it.
    pub fn write(&self, text: &str) -> io::Result<()> {
        let beside = self.0.with_extension("new");
        fs::write(&beside, text)?;
        fs::rename(&beside, &self.0)
    }

    /// Takes it away.
    pub fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.0)
    }

    /// Where it is, for a configuration.
    pub fn path(&self) -> &str {
        // Our own part is ASCII; where the system's is not even UTF-8, opening "" fails and says so.
        self.0.to_str().unwrap_or_default()
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        let _ = self.0.parent().map(fs::remove_dir_all);
    }
}

/// A new folder below `parent` that nobody else looks into.
pub(crate) fn unique_folder(parent: &Path, stem: &str) -> io::Result<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("{stem}-{}-{number}", std::process::id()));
        match fs::DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return Ok(folder),
            // Left behind by a process that had our number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}
