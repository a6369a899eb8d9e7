//! Checks the machine: port, folders, disk space and clock.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::Check;
use super::permissions::Audit;
use crate::listen::{self, Hosts, ListenError, Listeners};
use crate::process::Process;

/// Minimum free space, in MiB. Less than ten times as much is a warning.
const LEAST_ROOM_MIB: u64 = 100;
/// Maximum difference between the clocks. WhatsApp and TLS fail with a larger one.
const LARGEST_SKEW: Duration = Duration::from_secs(60);

/// Checks who owns the port: the process `owner`, nobody, or another process. For port 0, checks
/// the port that `owner` was given.
pub async fn port(hosts: &Hosts, port: u16, owner: Option<&Process>) -> Check {
    const NAME: &str = "port";
    let port = match owner {
        Some(owner) if port == 0 => listen::port_of(owner.pid).unwrap_or(0),
        _ => port,
    };
    match Listeners::bind(hosts, port).await {
        Ok(_) if owner.is_some() => Check::failure(
            NAME,
            format!("the service runs, and nobody listens on port {port} of {hosts}"),
            "its log says why: pm2 logs --lines 50, or journalctl -n 50",
        ),
        Ok(_) => Check::ok(NAME, format!("{port} is free on {hosts}")),
        Err(ListenError::Taken { holder, .. }) => match (holder.pid(), owner) {
            (Some(pid), Some(owner)) if pid == owner.pid => Check::ok(
                NAME,
                format!("the service listens on port {port} of {hosts}"),
            ),
            (pid, _) => Check::failure(
                NAME,
                format!("{port} is taken{holder}"),
                pid.map_or_else(
                    || format!("ss -ltnp 'sport = :{port}', as root"),
                    |pid| format!("kill {pid}, or set PORT to a free port"),
                ),
            ),
        },
        Err(error) => Check::failure(NAME, error.to_string(), "set HOST and PORT"),
    }
}

/// Checks that the service's user can write to the folder, and that no other user can read the
/// folder or anything in it.
#[must_use]
pub fn folder(name: &'static str, folder: &Path) -> Check {
    folder_with(name, folder, |_| true)
}

/// Works like [`folder`], for a folder that holds other programs' files as well: checks only the
/// entries whose names begin with the name of `file`.
#[must_use]
pub fn folder_of(name: &'static str, file: &Path) -> Check {
    let folder = file.parent().unwrap_or(Path::new("."));
    let own = file.as_os_str().as_bytes();
    folder_with(name, folder, |path| {
        path.as_os_str().as_bytes().starts_with(own)
    })
}

fn folder_with(name: &'static str, folder: &Path, wanted: impl Fn(&Path) -> bool) -> Check {
    let shown = folder.display();
    let Some(present) = first_there(folder) else {
        return Check::failure(
            name,
            format!("{shown} cannot be had"),
            "set it to another folder",
        );
    };
    if rustix::fs::access(&present, rustix::fs::Access::WRITE_OK).is_err() {
        return Check::failure(
            name,
            format!("{} cannot be written by this user", present.display()),
            format!("chown -R THE-SERVICES-USER: {}", present.display()),
        );
    }
    if present != folder {
        return Check::ok(name, format!("{shown} is made at the first start"));
    }
    let mode = folder.metadata().map_or(0, |data| data.mode());
    let inside = Audit::of(folder, wanted).complaint(name, folder);
    if mode & 0o077 == 0 {
        return inside.unwrap_or_else(|| Check::ok(name, shown.to_string()));
    }
    let found = format!(
        "{shown} can be read by other users (mode {:o})",
        mode & 0o777
    );
    let complaint = match inside {
        None => Check::warning(name, found, format!("chmod 700 {shown}")),
        Some(mut inside) => {
            inside.found = format!("{found}; {}", inside.found);
            inside
        }
    };
    complaint.mended_by(folder, 0o700)
}

/// Checks the free space of the disk that holds `folder`.
#[must_use]
pub fn disk(folder: &Path) -> Check {
    const NAME: &str = "disk";
    let Some(free) = free_mib(folder) else {
        return Check::warning(NAME, "how much room there is cannot be told", "df -h");
    };
    let found = format!("{free} MiB free for {}", folder.display());
    let cure = format!("du -xh --max-depth=2 {} | sort -h | tail", folder.display());
    if free < LEAST_ROOM_MIB {
        Check::failure(NAME, found, cure)
    } else if free < 10 * LEAST_ROOM_MIB {
        Check::warning(NAME, found, cure)
    } else {
        Check::ok(NAME, found)
    }
}

/// Returns the free space of the file system of `folder`, in MiB; `None` if it cannot be read.
#[must_use]
pub fn free_mib(folder: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(first_there(folder)?).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize) / (1024 * 1024))
}

/// Checks this machine's clock against `theirs`, the `Date` of a server's response.
#[must_use]
pub fn clock(theirs: SystemTime, now: SystemTime) -> Check {
    const NAME: &str = "clock";
    let skew = now
        .duration_since(theirs)
        .unwrap_or_else(|error| error.duration());
    if skew > LARGEST_SKEW {
        Check::failure(
            NAME,
            format!("this machine's clock is {} s off", skew.as_secs()),
            "timedatectl set-ntp true",
        )
    } else {
        Check::ok(NAME, "within a minute of the server's")
    }
}

/// Returns the nearest existing ancestor of the folder, or the folder itself if it exists.
fn first_there(folder: &Path) -> Option<PathBuf> {
    let mut ancestors = folder.ancestors();
    ancestors
        .find(|above| above.is_dir())
        .map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::Verdict;
    use super::*;

    #[tokio::test]
    async fn a_port_names_who_has_it() {
        let hosts = Hosts::default();
        let listener = Listeners::bind(&hosts, 0).await.unwrap();
        let taken = listener.addresses().next().unwrap().port();
        let this = Process::read(std::process::id().cast_signed()).unwrap();
        let own = port(&hosts, taken, Some(&this)).await;
        assert_eq!(own.verdict, Verdict::Ok, "{own:?}");
        let other = port(&hosts, taken, None).await;
        assert_eq!(other.verdict, Verdict::Failure);
        assert!(other.cure.unwrap().contains(&this.pid.to_string()));
        assert_eq!(port(&hosts, 0, Some(&this)).await.verdict, Verdict::Ok);
        drop(listener);
        assert_eq!(port(&hosts, taken, None).await.verdict, Verdict::Ok);
        let silent = port(&hosts, taken, Some(&this)).await;
        assert_eq!(silent.verdict, Verdict::Failure);
    }

    #[test]
    fn a_folder_is_private() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        assert_eq!(folder("DATA_DIR", &data).verdict, Verdict::Ok);
        std::fs::create_dir(&data).unwrap();
        for (mode, verdict) in [(0o700, Verdict::Ok), (0o755, Verdict::Warning)] {
            std::fs::set_permissions(&data, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(folder("DATA_DIR", &data).verdict, verdict);
        }
        assert!(disk(&data).found.contains("MiB free"));
    }

    #[test]
    fn clock_skew_is_reported() {
        let now = SystemTime::now();
        for (theirs, verdict) in [
            (now, Verdict::Ok),
            (now + Duration::from_secs(30), Verdict::Ok),
            (now + Duration::from_secs(90), Verdict::Failure),
            (now - Duration::from_secs(90), Verdict::Failure),
        ] {
            assert_eq!(clock(theirs, now).verdict, verdict);
        }
    }
}
