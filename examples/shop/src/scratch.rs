//! A private folder of this run.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A folder that only this user can read, removed with everything in it on drop.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// # Errors
    /// The system's, when the folder cannot be made in the temporary directory.
    pub(crate) fn new() -> io::Result<Self> {
        let temp = std::env::temp_dir();
        let pid = std::process::id();
        // A killed run with our process id may have left its folder behind.
        for attempt in 0..100 {
            let path = temp.join(format!("gomon-shop-{pid}-{attempt}"));
            match private_folder(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing to be done about a folder that will not go: it is in the temporary directory.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn private_folder(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().mode(0o700).create(path)
}
