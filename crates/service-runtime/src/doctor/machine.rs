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
const MIN_FREE_MIB: u64 = 100;
/// Maximum difference between the clocks. WhatsApp and TLS fail with a larger one.
const MAX_SKEW: Duration = Duration::from_secs(60);

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
            format!("the service runs, but does not listen on port {port} of {hosts}"),
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
    check_folder(name, folder, |_| true)
}

/// Works like [`folder`], for a folder that holds other programs' files as well: checks only the
/// entries whose names begin with the name of `file`.
#[must_use]
pub fn folder_of(name: &'static str, file: &Path) -> Check {
    let folder = file.parent().unwrap_or(Path::new("."));
    let prefix = file.as_os_str().as_bytes();
    check_folder(name, folder, |path| {
        path.as_os_str().as_bytes().starts_with(prefix)
    })
}

fn check_folder(name: &'static str, folder: &Path, is_checked: impl Fn(&Path) -> bool) -> Check {
    let path = folder.display();
    let Some(present) = nearest_existing(folder) else {
        return Check::failure(
            name,
            format!("{path} cannot be created"),
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
        return Check::ok(name, format!("{path} is created at the first start"));
    }
    let mode = folder.metadata().map_or(0, |data| data.mode());
    let finding = Audit::of(folder, is_checked).finding(name, folder);
    if mode & 0o077 == 0 {
        return finding.unwrap_or_else(|| Check::ok(name, path.to_string()));
    }
    let found = format!(
        "{path} can be read by other users (mode {:o})",
        mode & 0o777
    );
    let problem = match finding {
        None => Check::warning(name, found, format!("chmod 700 {path}")),
        Some(mut finding) => {
            finding.found = format!("{found}; {}", finding.found);
            finding
        }
    };
    problem.fixed_by_mode(folder, 0o700)
}

/// Checks the free space of the disk that holds `folder`.
#[must_use]
pub fn disk(folder: &Path) -> Check {
    const NAME: &str = "disk";
    let Some(free) = free_mib(folder) else {
        return Check::warning(NAME, "the free space cannot be determined", "df -h");
    };
    let found = format!("{free} MiB free for {}", folder.display());
    let cure = format!("du -xh --max-depth=2 {} | sort -h | tail", folder.display());
    if free < MIN_FREE_MIB {
        Check::failure(NAME, found, cure)
    } else if free < 10 * MIN_FREE_MIB {
        Check::warning(NAME, found, cure)
    } else {
        Check::ok(NAME, found)
    }
}

/// Returns the free space of the file system of `folder`, in MiB; `None` if it cannot be read.
#[must_use]
pub fn free_mib(folder: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(nearest_existing(folder)?).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize) / (1024 * 1024))
}

/// Checks this machine's clock against `server_time`, the `Date` of a server's response.
#[must_use]
pub fn clock(server_time: SystemTime, now: SystemTime) -> Check {
    const NAME: &str = "clock";
    let skew = now
        .duration_since(server_time)
        .unwrap_or_else(|error| error.duration());
    if skew > MAX_SKEW {
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
fn nearest_existing(folder: &Path) -> Option<PathBuf> {
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
    async fn port_check_names_the_owner() {
        let hosts = Hosts::default();
        let listener = Listeners::bind(&hosts, 0).await.unwrap();
        let used_port = listener.addresses().next().unwrap().port();
        let own_process = Process::read(std::process::id().cast_signed()).unwrap();
        let prefix = port(&hosts, used_port, Some(&own_process)).await;
        assert_eq!(prefix.verdict, Verdict::Ok, "{prefix:?}");
        let other = port(&hosts, used_port, None).await;
        assert_eq!(other.verdict, Verdict::Failure);
        assert!(other.cure.unwrap().contains(&own_process.pid.to_string()));
        assert_eq!(
            port(&hosts, 0, Some(&own_process)).await.verdict,
            Verdict::Ok
        );
        drop(listener);
        assert_eq!(port(&hosts, used_port, None).await.verdict, Verdict::Ok);
        let unserved = port(&hosts, used_port, Some(&own_process)).await;
        assert_eq!(unserved.verdict, Verdict::Failure);
    }

    #[test]
    fn folder_readable_by_others_is_a_warning() {
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
        for (server_time, verdict) in [
            (now, Verdict::Ok),
            (now + Duration::from_secs(30), Verdict::Ok),
            (now + Duration::from_secs(90), Verdict::Failure),
            (now - Duration::from_secs(90), Verdict::Failure),
        ] {
            assert_eq!(clock(server_time, now).verdict, verdict);
        }
    }
}
