//! Skips a step that is up to date, by a hash of its contents.
//!
//! A stamp is one line in a file: the hash of all inputs and outputs. It is removed before the work
//! and written after it. So interrupted work is repeated, and so is work whose output was changed.

use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use anyhow::{Context as _, Result};

/// Folders that are excluded from every hash, since they hold outputs and not sources.
const RESULTS: [&str; 3] = ["node_modules", "dist", "coverage"];

/// A hash of files and words. Another Rust release may hash differently, which only means that the
/// work is repeated.
#[derive(Default)]
pub(crate) struct Digest(DefaultHasher);

impl Digest {
    pub(crate) fn word(mut self, word: impl AsRef<OsStr>) -> Self {
        word.as_ref().hash(&mut self.0);
        self
    }

    /// Adds one file. A missing file changes the hash as well.
    pub(crate) fn file(mut self, path: &Path) -> Self {
        fs::read(path).ok().hash(&mut self.0);
        self
    }

    /// Adds every file below `folder`, by name and content, without outputs.
    pub(crate) fn sources(self, folder: &Path) -> Result<Self> {
        self.walk(folder, &|name| {
            RESULTS.iter().any(|result| name == *result)
                || name.to_string_lossy().ends_with(".tsbuildinfo")
        })
    }

    /// Adds every file below `folder`, by name and content.
    pub(crate) fn all(self, folder: &Path) -> Result<Self> {
        self.walk(folder, &|_| false)
    }

    fn walk(mut self, folder: &Path, skip: &dyn Fn(&OsStr) -> bool) -> Result<Self> {
        let mut entries = fs::read_dir(folder)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .with_context(|| format!("reading {}", folder.display()))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            if skip(&name) {
                continue;
            }
            name.hash(&mut self.0);
            self = if entry.path().is_dir() {
                self.walk(&entry.path(), skip)?
            } else {
                self.file(&entry.path())
            };
        }
        // Without this, moving a file between neighbouring folders would not change the hash.
        "end of folder".hash(&mut self.0);
        Ok(self)
    }

    pub(crate) fn finish(self) -> String {
        format!("{:016x}", self.0.finish())
    }
}

/// Returns whether the stamp contains `digest`.
pub(crate) fn matches(stamp: &Path, digest: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|text| text.trim() == digest)
}

/// Removes the stamp, before the work.
pub(crate) fn clear(stamp: &Path) -> Result<()> {
    match fs::remove_file(stamp) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", stamp.display()))
        }
        _ => Ok(()),
    }
}

/// Writes the stamp, after the work.
pub(crate) fn write(stamp: &Path, digest: &str) -> Result<()> {
    fs::write(stamp, digest).with_context(|| format!("writing {}", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(folder: &Path) -> String {
        Digest::default().sources(folder).unwrap().finish()
    }

    #[test]
    fn follows_content_names_and_places_but_not_results() {
        let root = std::env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        for folder in ["a", "b", "node_modules", "dist"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join("a/one"), "1").unwrap();
        let first = digest(&root);
        assert_eq!(first, digest(&root));

        fs::write(root.join("node_modules/x"), "1").unwrap();
        fs::write(root.join("dist/x"), "1").unwrap();
        assert_eq!(first, digest(&root));

        fs::rename(root.join("a/one"), root.join("b/one")).unwrap();
        let moved = digest(&root);
        assert_ne!(first, moved);
        fs::write(root.join("b/one"), "2").unwrap();
        assert_ne!(moved, digest(&root));

        let stamp = root.join("stamp");
        assert!(!matches(&stamp, "x"));
        write(&stamp, "x").unwrap();
        assert!(matches(&stamp, "x"));
        clear(&stamp).unwrap();
        clear(&stamp).unwrap();
        assert!(!matches(&stamp, "x"));
        fs::remove_dir_all(&root).unwrap();
    }
}
