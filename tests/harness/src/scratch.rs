//! Creates a temporary folder for a test, for the data of everything that the test starts.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::processes;

/// A temporary folder, which is deleted on drop.
#[derive(Debug)]
pub struct Scratch(TempDir);

impl Default for Scratch {
    fn default() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }
}

impl Scratch {
    /// Returns the path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Returns a path in the folder.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A failed test has only just killed its service, whose children may still write to the
        // folder while it is being deleted.
        let deadline = Instant::now() + Duration::from_secs(15);
        while std::thread::panicking()
            && !processes::in_folder(self.path()).is_empty()
            && Instant::now() < deadline
        {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
