//! Checks the permissions of everything that the service stores: its folders with all their
//! contents, and its logs.
//!
//! ```text
//!  DATA_DIR, TOKENS_DIR, BACKUP_DIR ─> each file and folder inside: whose, which mode?
//!     ─> one check for each, which `--fix` mends
//! ```
//!
//! A folder that only its user can enter hides its contents from others. The contents are checked
//! all the same: folders are copied, packed and moved, and their contents keep their modes.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::secrets::private_file;
use super::{Check, Subject};

/// The permission bits of users other than the owner.
const OTHER_USERS: u32 = 0o077;

/// The findings of an audit.
#[derive(Debug, Default)]
pub(super) struct Audit {
    /// Files and folders that other users can read or write, each with the mode to set.
    exposed: Vec<(PathBuf, u32)>,
    /// How many of them each entry directly below the folder has. The report shows only the names
    /// of these entries, since names further down may be those of received files.
    by_entry: BTreeMap<OsString, usize>,
    /// The number of files and folders whose owner is not the folder's owner.
    other_owner: usize,
    /// The number of folders that could not be read.
    unreadable: usize,
}

impl Audit {
    /// Audits everything below `folder`. Skips what `is_checked` rejects among the folder's direct
    /// entries. Does not follow links.
    pub(super) fn of(folder: &Path, is_checked: impl Fn(&Path) -> bool) -> Self {
        let mut audit = Self::default();
        let Ok(top) = fs::metadata(folder) else {
            return audit;
        };
        let mut folders = vec![folder.to_owned()];
        while let Some(subfolder) = folders.pop() {
            let entries = match fs::read_dir(&subfolder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(_) => {
                    audit.unreadable += 1;
                    continue;
                }
            };
            for path in entries.flatten().map(|entry| entry.path()) {
                if subfolder == folder && !is_checked(&path) {
                    continue;
                }
                // The service may be running, and may have deleted the file meanwhile.
                let Ok(data) = fs::symlink_metadata(&path) else {
                    continue;
                };
                if !data.is_dir() && !data.is_file() {
                    continue;
                }
                if data.uid() != top.uid() {
                    audit.other_owner += 1;
                } else if data.mode() & OTHER_USERS != 0 {
                    let entry_name = path.strip_prefix(folder).ok();
                    let entry_name = entry_name.and_then(|entry_name| entry_name.iter().next());
                    *audit
                        .by_entry
                        .entry(entry_name.unwrap_or_default().to_owned())
                        .or_default() += 1;
                    audit.exposed.push((path.clone(), data.mode() & 0o700));
                }
                if data.is_dir() {
                    folders.push(path);
                }
            }
        }
        audit
    }

    /// Returns the most serious finding as a check; `None` if there is none.
    pub(super) fn finding(self, name: &'static str, folder: &Path) -> Option<Check> {
        let path = folder.display();
        if !self.exposed.is_empty() {
            let by_entry: Vec<_> = self
                .by_entry
                .iter()
                .map(|(entry_name, count)| match count {
                    1 => entry_name.to_string_lossy().into_owned(),
                    count => format!("{} ({count})", entry_name.to_string_lossy()),
                })
                .collect();
            let found = format!(
                "other users can access files in {path}: {}",
                by_entry.join(", ")
            );
            let cure = format!("chmod -R go= {path}");
            let problem = Check::warning(name, found, cure);
            return Some(self.exposed.iter().fold(problem, |check, (path, mode)| {
                check.fixed_by_mode(path, *mode)
            }));
        }
        if self.other_owner > 0 {
            let found = format!(
                "{} files in {path} belong to another user",
                self.other_owner
            );
            let cure = format!("chown -R --reference={path} {path}");
            return Some(Check::warning(name, found, cure));
        }
        (self.unreadable > 0).then(|| {
            let found = format!("{} folders in {path} cannot be read", self.unreadable);
            Check::warning(name, found, "run doctor as the service's user")
        })
    }
}

/// Checks who can read the logs that PM2 keeps of the service, including rotated logs.
#[must_use]
pub fn logs(subject: &Subject) -> Vec<Check> {
    const NAME: &str = "logs";
    let mut checks = Vec::new();
    for variable in ["pm_out_log_path", "pm_err_log_path"] {
        let Some(log) = subject.env.optional_path(variable) else {
            continue;
        };
        let (Some(folder), Some(stem)) = (log.parent(), log.file_stem()) else {
            continue;
        };
        if !is_enterable_by_others(folder) {
            continue;
        }
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<_> = files
            .filter(|file| file.file_name().as_bytes().starts_with(stem.as_bytes()))
            .map(|file| file.path())
            .collect();
        files.sort();
        checks.extend(files.iter().filter_map(|file| private_file(NAME, file)));
    }
    checks
}

/// Returns whether users other than the owner can enter the folder.
fn is_enterable_by_others(folder: &Path) -> bool {
    let mut ancestors = folder
        .ancestors()
        .filter(|check| !check.as_os_str().is_empty());
    ancestors.all(|check| fs::metadata(check).is_ok_and(|data| data.mode() & 0o011 != 0))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::super::{ServiceManager, Verdict, folder};
    use super::*;
    use crate::Env;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn all_stored_files_are_checked_and_fixed() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        let inbound = data.join("files/inbound");
        fs::create_dir_all(&inbound).unwrap();
        let outside = home.path().join("outside");
        for file in [
            &data.join("ledger.db"),
            &data.join("ledger.db-wal"),
            &inbound.join("5491158254201"),
            &outside,
        ] {
            fs::write(file, "x").unwrap();
            set_mode(file, 0o600);
        }
        symlink(&outside, data.join("link")).unwrap();
        for folder in [&data, &data.join("files"), &inbound] {
            set_mode(folder, 0o700);
        }
        assert_eq!(folder("DATA_DIR", &data).verdict, Verdict::Ok);
        set_mode(&data.join("ledger.db-wal"), 0o644);
        set_mode(&inbound, 0o755);
        set_mode(&inbound.join("5491158254201"), 0o640);
        set_mode(&outside, 0o644);
        let exposed = folder("DATA_DIR", &data);
        assert_eq!(exposed.verdict, Verdict::Warning);
        assert!(
            exposed.found.ends_with(": files (2), ledger.db-wal"),
            "{exposed:#?}"
        );
        let fixed = exposed.fix();
        assert_eq!(fixed.verdict, Verdict::Ok, "{fixed:#?}");
        assert!(fixed.found.ends_with("fixed: mode 600, 700"), "{fixed:?}");
        assert_eq!(mode(&data.join("ledger.db-wal")), 0o600);
        assert_eq!(mode(&inbound), 0o700);
        assert_eq!(mode(&inbound.join("5491158254201")), 0o600);
        assert_eq!(mode(&outside), 0o644, "a link is not followed");
        assert_eq!(folder("DATA_DIR", &data).verdict, Verdict::Ok);
    }

    #[test]
    fn logs_of_pm2_are_private_or_out_of_reach() {
        let home = tempfile::tempdir().unwrap();
        let log = home.path().join("hub-error.log");
        let rotated = home.path().join("hub-error.log.1");
        let other_app = home.path().join("another-error.log");
        for file in [&log, &rotated, &other_app] {
            fs::write(file, "x").unwrap();
            set_mode(file, 0o644);
        }
        let env = Env::from_pairs([("pm_err_log_path", log.as_os_str())]);
        let subject = Subject::of(env, ServiceManager::Pm2);
        set_mode(home.path(), 0o700);
        assert_eq!(logs(&subject), []);
        set_mode(home.path(), 0o755);
        let found = logs(&subject);
        assert_eq!(found.len(), 2, "{found:#?}");
        for check in found {
            assert_eq!(check.fix().verdict, Verdict::Ok);
        }
        assert_eq!((mode(&log), mode(&rotated)), (0o600, 0o600));
        assert_eq!(mode(&other_app), 0o644);
        assert_eq!(logs(&subject), []);
    }
}
