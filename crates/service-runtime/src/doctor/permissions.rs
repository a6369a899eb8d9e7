//! Permissions of all that is stored: folders with everything in them, and logs.
//!
//! ```text
//!  DATA_DIR, TOKENS_DIR, BACKUP_DIR ─> each file and folder inside: whose, which mode?
//!     ─> one check for each, which `--fix` mends
//! ```
//!
//! A folder that only its user can enter hides what is in it. It is looked at all the
//! same: it is copied, packed and moved, and its modes go along.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::secrets::private_file;
use super::{Check, Subject};

/// What others than the owner could do.
const OTHERS: u32 = 0o077;

/// What an audit found.
#[derive(Debug, Default)]
pub(super) struct Audit {
    /// What other users could read or write, with the mode to give it.
    open: Vec<(PathBuf, u32)>,
    /// How much of it is below each entry of the folder: names of files that
    /// came in are not shown.
    places: BTreeMap<OsString, usize>,
    /// What belongs to another user than the folder.
    foreign: usize,
    /// What could not be looked into.
    closed: usize,
}

impl Audit {
    /// Looks at all below `folder`; of what is directly in it only where `wanted`
    /// says so. Links are not followed.
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
                // Of a running service: it may be gone by now.
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

    /// The complaint about it; `None` where all is well.
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

/// Checks who may read PM2's logs of the service, rotated ones included.
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

/// Whether others than the owners come into the folder.
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
