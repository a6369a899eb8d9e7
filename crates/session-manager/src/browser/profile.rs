//! Manages the Chrome profile folder, which keeps the device linked: lock, marker, wipe.
//!
//! ```text
//!  TOKENS_DIR/
//!    profile/      Chrome's --user-data-dir
//!    profile.unlinked-…/  earlier profiles that WhatsApp required to be relinked
//!    tmp/          Chrome's temporary folder, emptied at each start
//!    linked.json   exists while the profile has a linked device
//!    lock          held by the service that uses the folder
//! ```

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use service_runtime::private;
use session_api::Timestamp;

/// Links that a killed Chrome leaves behind. Chrome permanently refuses a link with another host's
/// name, so they are removed before each start.
const LEFTOVER_LINKS: [&str; 4] = [
    "SingletonLock",
    "SingletonSocket",
    "SingletonCookie",
    "DevToolsActivePort",
];

/// Folders that Chrome recreates if they are missing: HTTP, code and GPU caches, and unused
/// components. Never data that the page wrote: `IndexedDB`, `Local Storage`, `Service Worker`,
/// `WebStorage`.
const CACHES: [&str; 15] = [
    "Default/Cache",
    "Default/Code Cache",
    "Default/DawnCache",
    "Default/DawnGraphiteCache",
    "Default/DawnWebGPUCache",
    "Default/GPUCache",
    "Default/optimization_guide_model_store",
    "BrowserMetrics",
    "GPUPersistentCache",
    "GrShaderCache",
    "GraphiteDawnCache",
    "ShaderCache",
    "component_crx_cache",
    "extensions_crx_cache",
    "optimization_guide_model_store",
];

/// The prefix of the folder name of a profile that was set aside, followed by the time.
const ASIDE_PREFIX: &str = "profile.unlinked-";
/// How many profiles that were set aside are kept.
const MAX_KEPT_ASIDE: usize = 2;

/// The folder `TOKENS_DIR` with the Chrome profile.
#[derive(Clone, Debug)]
pub struct Profile {
    root: PathBuf,
    /// The lock, once it is held. The kernel releases it when the process ends.
    lock: Arc<Mutex<Option<File>>>,
}

/// The content of `linked.json`.
#[derive(Deserialize)]
struct LinkedMarker {
    #[serde(default)]
    linked_at: Option<Timestamp>,
}

impl Profile {
    /// Creates the profile in the folder `root`, which must be an absolute path.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            lock: Arc::default(),
        }
    }

    /// Returns `TOKENS_DIR`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns Chrome's `--user-data-dir`.
    pub fn user_data_dir(&self) -> PathBuf {
        self.root.join("profile")
    }

    /// Returns Chrome's temporary folder.
    pub fn temporary_dir(&self) -> PathBuf {
        self.root.join("tmp")
    }

    fn marker(&self) -> PathBuf {
        self.root.join("linked.json")
    }

    /// Returns whether a linked device is stored.
    pub fn is_linked(&self) -> bool {
        self.marker().exists() && self.user_data_dir().is_dir()
    }

    /// Locks the folder until this process ends. Without the lock, two services on one folder would
    /// each sweep the other's Chrome as a leftover.
    ///
    /// # Errors
    /// If another process holds the lock, or the lock file cannot be created.
    pub fn lock(&self) -> io::Result<()> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_some() {
            return Ok(());
        }
        make_private_folder(&self.root)?;
        let path = self.root.join("lock");
        let file = File::create(&path).map_err(|error| with_path(&path, &error))?;
        match file.try_lock() {
            Ok(()) => {
                *lock = Some(file);
                Ok(())
            }
            Err(TryLockError::WouldBlock) => Err(io::Error::new(
                io::ErrorKind::ResourceBusy,
                format!(
                    "{} is in use by another session-manager",
                    self.root.display()
                ),
            )),
            Err(TryLockError::Error(error)) => Err(with_path(&path, &error)),
        }
    }

    /// Creates the folders, private to the service's user, and removes what a killed Chrome left
    /// behind. No browser may run on the profile.
    ///
    /// # Errors
    /// If a folder cannot be created, read or written.
    pub fn prepare(&self) -> io::Result<()> {
        make_private_folder(&self.root)?;
        self.remove_temporary()?;
        make_private_folder(&self.user_data_dir())?;
        make_private_folder(&self.temporary_dir())?;
        // Report an unwritable folder here: Chrome would only fail to start.
        let probe = self.user_data_dir().join(".write-probe");
        File::create(&probe).map_err(|error| with_path(&self.user_data_dir(), &error))?;
        fs::remove_file(&probe).map_err(|error| with_path(&probe, &error))?;
        self.remove_locks()?;
        self.clear_caches()
    }

    fn clear_caches(&self) -> io::Result<()> {
        let profile = self.user_data_dir();
        CACHES
            .iter()
            .try_for_each(|name| remove_tree(&profile.join(name)))
    }

    /// Returns the disk usage of the profile and of its largest folders.
    pub fn usage(&self) -> Usage {
        let profile = self.user_data_dir();
        let mut parts = Vec::new();
        let mut total = 0;
        for folder in [profile.clone(), profile.join("Default")] {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if folder == profile && name == "Default" {
                    continue;
                }
                let bytes = disk_usage(&entry.path());
                total += bytes;
                parts.push((name, bytes));
            }
        }
        parts.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        parts.truncate(REPORTED_FOLDERS);
        Usage { total, parts }
    }

    /// Removes Chrome's temporary folder with its content.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn remove_temporary(&self) -> io::Result<()> {
        remove_tree(&self.temporary_dir())
    }

    /// Removes the links that a killed Chrome leaves behind.
    ///
    /// # Errors
    /// If a link cannot be removed.
    pub fn remove_locks(&self) -> io::Result<()> {
        LEFTOVER_LINKS
            .iter()
            .try_for_each(|name| remove(&self.user_data_dir().join(name)))
    }

    /// Records durably that the profile is linked.
    ///
    /// # Errors
    /// If the marker cannot be written.
    pub fn remember_linked(&self, now: Timestamp) -> io::Result<()> {
        let new_marker = self.root.join("linked.json.new");
        let mut file = File::create(&new_marker)?;
        writeln!(file, "{{\"linked_at\":\"{now}\"}}")?;
        file.sync_all()?;
        fs::rename(&new_marker, self.marker())?;
        File::open(&self.root)?.sync_all()
    }

    /// Returns when the stored device was linked, according to the marker. This may have been on
    /// another host. `None` if there is no readable marker.
    pub fn linked_at(&self) -> Option<Timestamp> {
        let marker = fs::read(self.marker()).ok()?;
        serde_json::from_slice::<LinkedMarker>(&marker)
            .ok()?
            .linked_at
    }

    /// Removes the marker.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn forget_linked(&self) -> io::Result<()> {
        remove(&self.marker())
    }

    /// Sets the profile aside, and deletes all but the latest of the profiles that were set aside
    /// before. No browser may run on the profile. Returns its new path; `None` if there was no
    /// profile.
    ///
    /// # Errors
    /// If something cannot be moved or deleted.
    pub fn set_aside(&self, now: Timestamp) -> io::Result<Option<PathBuf>> {
        self.forget_linked()?;
        self.remove_temporary()?;
        let current = self.user_data_dir();
        if !current.exists() {
            return Ok(None);
        }
        self.remove_locks()?;
        let name = format!("{ASIDE_PREFIX}{}", now.to_string().replace(':', ""));
        let aside = self.root.join(name);
        remove_tree(&aside)?;
        fs::rename(&current, &aside).map_err(|error| with_path(&aside, &error))?;
        for old in self.kept_aside()?.into_iter().skip(MAX_KEPT_ASIDE) {
            remove_tree(&old)?;
        }
        File::open(&self.root)?.sync_all()?;
        Ok(Some(aside))
    }

    /// Returns the profiles that were set aside, latest first.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn kept_aside(&self) -> io::Result<Vec<PathBuf>> {
        let mut aside = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(|error| with_path(&self.root, &error))? {
            let entry = entry?;
            if entry
                .file_name()
                .to_string_lossy()
                .starts_with(ASIDE_PREFIX)
            {
                aside.push(entry.path());
            }
        }
        aside.sort_unstable();
        aside.reverse();
        Ok(aside)
    }

    /// Deletes the profile, and with it the link. No browser may run on it.
    ///
    /// # Errors
    /// If something cannot be deleted.
    pub fn wipe(&self) -> io::Result<()> {
        self.forget_linked()?;
        self.remove_temporary()?;
        remove_tree(&self.user_data_dir())
    }
}

/// How many of the largest folders are reported.
const REPORTED_FOLDERS: usize = 3;

/// The disk usage of a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The total size in bytes.
    pub total: u64,
    /// The largest folders, each with its size in bytes.
    pub parts: Vec<(String, u64)>,
}

/// Returns the disk usage in bytes of a file, or of a folder with its content. Files that disappear
/// meanwhile count as 0.
fn disk_usage(path: &Path) -> u64 {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return 0;
    };
    let own_bytes = metadata.blocks() * 512;
    if !metadata.is_dir() {
        return own_bytes;
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    own_bytes + entries.map(|entry| disk_usage(&entry.path())).sum::<u64>()
}

fn make_private_folder(path: &Path) -> io::Result<()> {
    private::make_folder(path)
        .and_then(|()| fs::read_dir(path).map(drop))
        .map_err(|error| with_path(path, &error))
}

fn with_path(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(with_path(path, &error)),
        _ => Ok(()),
    }
}

/// Deletes a folder with its content. A missing folder is not an error.
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(with_path(path, &error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn wipe_keeps_a_linked_profile_and_clears_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let profile = Profile::new(folder.path().join("tokens"));
        assert!(!profile.is_linked());
        profile.prepare().unwrap();
        let mode = fs::metadata(profile.user_data_dir()).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o700);

        let now = Timestamp::now();
        profile.remember_linked(now).unwrap();
        assert!(profile.is_linked());
        assert_eq!(profile.linked_at(), Some(now));
        let lock = profile.user_data_dir().join("SingletonLock");
        symlink("another-host-1234", &lock).unwrap();
        fs::write(profile.temporary_dir().join("org.chromium.x"), "").unwrap();
        profile.prepare().unwrap();
        assert!(fs::symlink_metadata(&lock).is_err());
        assert_eq!(fs::read_dir(profile.temporary_dir()).unwrap().count(), 0);
        assert!(profile.is_linked());

        profile.wipe().unwrap();
        profile.wipe().unwrap();
        assert!(!profile.is_linked());
        assert!(!profile.user_data_dir().exists());
    }

    #[test]
    fn caches_are_cleared_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let profile = Profile::new(folder.path().join("tokens"));
        profile.prepare().unwrap();
        let file = |name: &str| {
            let folder = profile.user_data_dir().join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("data"), vec![7; 100_000]).unwrap();
            folder.join("data")
        };
        let caches = CACHES.map(file);
        let aside = [
            "Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb",
            "Default/Local Storage/leveldb",
            "Default/Service Worker/CacheStorage",
            "Default/Service Worker/ScriptCache",
            "Default/WebStorage",
        ]
        .map(file);
        let before = profile.usage();
        assert!(before.total >= 20 * 100_000, "{before:?}");
        profile.prepare().unwrap();
        assert!(caches.iter().all(|file| !file.exists()));
        assert!(aside.iter().all(|file| file.exists()));
        let after = profile.usage();
        assert!((500_000..1_000_000).contains(&after.total), "{after:?}");
        assert_eq!(after.parts[0].0, "Service Worker");
    }

    #[test]
    fn the_latest_profiles_are_kept_aside() {
        let folder = tempfile::tempdir().unwrap();
        let profile = Profile::new(folder.path().join("tokens"));
        let with_path =
            |seconds: i64| Timestamp::from_millis(1_700_000_000_000 + seconds * 1_000).unwrap();
        profile.prepare().unwrap();
        assert_eq!(profile.kept_aside().unwrap(), Vec::<PathBuf>::new());
        for n in 0..4 {
            profile.prepare().unwrap();
            fs::write(profile.user_data_dir().join("n"), n.to_string()).unwrap();
            profile.remember_linked(with_path(n)).unwrap();
            profile.set_aside(with_path(n)).unwrap();
            assert!(!profile.is_linked());
        }
        let aside = profile.kept_aside().unwrap();
        let which = |path: &PathBuf| fs::read_to_string(path.join("n")).unwrap();
        assert_eq!(aside.iter().map(which).collect::<Vec<_>>(), ["3", "2"]);
        assert_eq!(
            profile.set_aside(with_path(9)).unwrap(),
            None,
            "there is no profile left"
        );
    }

    #[test]
    fn profile_lock_is_exclusive() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("tokens");
        let first = Profile::new(root.clone());
        first.lock().unwrap();
        first.clone().lock().unwrap();
        let second = Profile::new(root);
        let error = second.lock().unwrap_err().to_string();
        assert!(error.contains("another session-manager"), "{error}");
        drop(first);
        second.lock().unwrap();
    }

    #[test]
    fn unusable_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("file");
        fs::write(&blocked, "").unwrap();
        let error = Profile::new(blocked.clone()).prepare().unwrap_err();
        assert!(error.to_string().contains(&*blocked.to_string_lossy()));
    }
}
