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
const OTHERS: u32 = 0o077;

/// The findings of an audit.
#[derive(Debug, Default)]
pub(super) struct Audit {
    /// Files and folders that other users can read or write, each with the mode to set.
    open: Vec<(PathBuf, u32)>,
    /// How many of them each entry directly below the folder has. The report shows only the names
    /// of these entries, since names further down may be those of received files.
    places: BTreeMap<OsString, usize>,
    /// The number of files and folders whose owner is not the folder's owner.
    foreign: usize,
    /// The number of folders that could not be read.
    closed: usize,
}

impl Audit {
    /// Audits everything below `folder`. Skips what `wanted` rejects among the folder's direct
    /// entries. Does not follow links.
    pub(super) fn of(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Self {
        let mut audit = Self::default();
        let Ok(top) = fs::metadata(folder) else {
            return audit;
        };
        let mut folders = vec![folder.to_owned()];
        while let Some(inside) = folders.pop() {
            let entries = match fs::read_dir(&inside) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(_) => {
                    audit.closed += 1;
                    continue;
                }
            };
            for path in entries.flatten().map(|entry| entry.path()) {
                if inside == folder && !wanted(&path) {
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
                    audit.foreign += 1;
                } else if data.mode() & OTHERS != 0 {
                    let place = path.strip_prefix(folder).ok();
                    let place = place.and_then(|place| place.iter().next());
                    *audit
                        .places
                        .entry(place.unwrap_or_default().to_owned())
                        .or_default() += 1;
                    audit.open.push((path.clone(), data.mode() & 0o700));
                }
                if data.is_dir() {
                    folders.push(path);
                }
            }
        }
        audit
    }

    /// Returns the most serious finding as a check; `None` if there is none.
    pub(super) fn complaint(self, name: &'static str, folder: &Path) -> Option<Check> {
        let shown = folder.display();
        if !self.open.is_empty() {
            let places: Vec<_> = self
                .places
                .iter()
                .map(|(place, count)| match count {
                    1 => place.to_string_lossy().into_owned(),
                    count => format!("{} ({count})", place.to_string_lossy()),
                })
                .collect();
            let found = format!(
                "other users have rights to what is in {shown}: {}",
                places.join(", ")
            );
            let cure = format!("chmod -R go= {shown}");
            let complaint = Check::warning(name, found, cure);
            return Some(
                self.open
                    .iter()
                    .fold(complaint, |it, (path, mode)| it.mended_by(path, *mode)),
            );
        }
        if self.foreign > 0 {
            let found = format!("{} files in {shown} are another user's", self.foreign);
            let cure = format!("chown -R --reference={shown} {shown}");
            return Some(Check::warning(name, found, cure));
        }
        (self.closed > 0).then(|| {
            let found = format!("{} folders in {shown} cannot be looked into", self.closed);
            Check::warning(name, found, "run this as the service's user")
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
        if !others_enter(folder) {
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
fn others_enter(folder: &Path) -> bool {
    let mut above = folder.ancestors().filter(|it| !it.as_os_str().is_empty());
    above.all(|it| fs::metadata(it).is_ok_and(|data| data.mode() & 0o011 != 0))
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
    fn all_that_is_stored_is_looked_at_and_mended() {
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
        let open = folder("DATA_DIR", &data);
        assert_eq!(open.verdict, Verdict::Warning);
        assert!(
            open.found.ends_with(": files (2), ledger.db-wal"),
            "{open:#?}"
        );
        let mended = open.mend();
        assert_eq!(mended.verdict, Verdict::Ok, "{mended:#?}");
        assert!(
            mended.found.ends_with("mended: mode 600, 700"),
            "{mended:?}"
        );
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
        let others = home.path().join("another-error.log");
        for file in [&log, &rotated, &others] {
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
            assert_eq!(check.mend().verdict, Verdict::Ok);
        }
        assert_eq!((mode(&log), mode(&rotated)), (0o600, 0o600));
        assert_eq!(mode(&others), 0o644);
        assert_eq!(logs(&subject), []);
    }
}
