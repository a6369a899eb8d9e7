//! Implements `cargo xtask dist --check`, which tries the packages in a bare Debian root.
//!
//! ```text
//!  debootstrap ─> install ─> both answer ─> upgrade ─> downgrade ─> remove ─> purge: nothing left
//! ```
//!
//! No systemd runs in the root, so the services are started by hand, each as its user and with the
//! variables of its unit.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::boot_check;
use super::packages::Builder;
use crate::{cargo, say};

const MIRROR: &str = "http://deb.debian.org/debian";
const PATIENCE: Duration = Duration::from_secs(60);
/// Lists the files, users and units of which the packages may leave nothing.
const TRACES: &str = "
    find /etc/leadmaster /var/lib/leadmaster* /usr/lib/leadmaster /usr/bin/session-manager \
        /usr/bin/central-hub /usr/lib/systemd/system/leadmaster* /etc/systemd/system \
        /var/lib/systemd/deb-systemd-helper-enabled -name '*leadmaster*' 2>/dev/null || true
    ls /usr/bin/session-manager /usr/bin/central-hub 2>/dev/null || true
    getent passwd | grep '^leadmaster' || true";
/// Makes changes as an operator would, which only a purge may remove.
const CHANGED: &str = "
    echo '# mine' >>/etc/leadmaster/central-hub.env
    install -d -o leadmaster -g leadmaster -m 700 /var/lib/leadmaster /var/lib/leadmaster/tokens
    echo session >/var/lib/leadmaster/tokens/session";
const UNCHANGED: &str = "
    grep -q '^# mine$' /etc/leadmaster/central-hub.env
    test \"$(cat /var/lib/leadmaster/tokens/session)\" = session";

/// Tries both packages, in this version and in a newer one. If `boot`, tries them again under
/// systemd.
pub(super) fn run(packages: &Builder<'_>, boot: bool) -> Result<()> {
    ensure!(
        rustix::process::geteuid().is_root(),
        "a root is made and entered by root alone: run this with sudo"
    );
    let here = env!("CARGO_PKG_VERSION");
    let newer = format!("{here}+check");
    let files = [packages.build(here)?, packages.build(&newer)?];
    let root = Root::make(&packages.target.join("root"))?;
    let [old, new] = files.map(|files| root.take(&files));
    let (old, new) = (old?, new?);

    say::step("installing");
    root.run(&format!("apt-get update -qq && {INSTALL} {old}"))?;
    root.expect("the version", VERSION, here)?;
    root.run(
        "for name in session-manager central-hub healthcheck; do
            test \"$(stat -c '%a %U' /etc/leadmaster/$name.env)\" = '600 root'
        done
        test \"$(sed -n s/^SESSION_MANAGER_TOKEN=//p /etc/leadmaster/*.env | sort | uniq -c | awk '{print $1}')\" = 2
        systemctl is-enabled --quiet leadmaster-session-manager leadmaster-central-hub
        ! systemctl is-enabled --quiet leadmaster-healthcheck.timer
        systemd-analyze verify /usr/lib/systemd/system/leadmaster-*.service",
    )?;
    root.run(CHANGED)?;
    say::step("both answer");
    root.answers()?;

    say::step("upgrading");
    root.run(&format!("{INSTALL} {new}"))?;
    root.expect("the version", VERSION, &newer)?;
    root.run(UNCHANGED)?;
    say::step("downgrading");
    root.run(&format!("{INSTALL} --allow-downgrades {old}"))?;
    root.expect("the version", VERSION, here)?;
    root.run(UNCHANGED)?;
    root.answers()?;

    say::step("removing");
    root.run(&format!("apt-get remove -qq -y {BOTH}"))?;
    root.run(UNCHANGED)?;
    root.run("! test -e /usr/bin/session-manager && ! test -e /usr/bin/central-hub")?;
    say::step("purging");
    root.run(&format!("apt-get purge -qq -y {BOTH}"))?;
    root.expect("what is left", TRACES, "")?;
    say::step("the packages install, answer, upgrade, downgrade and leave nothing behind");
    if boot {
        // In their own container, programs may start their services.
        fs::remove_file(root.0.join("usr/sbin/policy-rc.d"))?;
        boot_check::run(&root.0, &old, &new)?;
    }
    Ok(())
}

pub(super) const BOTH: &str = "leadmaster-session-manager leadmaster-central-hub";
pub(super) const INSTALL: &str = "apt-get install -qq -y --no-install-recommends";
const VERSION: &str =
    "dpkg-query -W -f '${Version}\\n' leadmaster-session-manager leadmaster-central-hub | uniq";

/// The root of a bare Debian, which is removed on drop.
struct Root(PathBuf);

impl Root {
    /// Creates a root of the release of this machine, whose libraries the binaries need.
    fn make(folder: &Path) -> Result<Self> {
        let root = Self(folder.to_owned());
        root.clear();
        fs::create_dir_all(folder)?;
        let release = fs::read_to_string("/etc/os-release")?;
        let name = release
            .lines()
            .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
            .context("/etc/os-release names no release of Debian")?;
        say::step(format!("a bare Debian ({name}) in {}", folder.display()));
        let mut make = Command::new("debootstrap");
        make.args([
            "--variant=minbase",
            "--include=systemd,systemd-sysv,dbus,procps,ca-certificates",
        ])
        .arg(name)
        .arg(folder)
        .arg(MIRROR);
        cargo::printed(&mut make).context("sudo apt-get install debootstrap")?;
        fs::copy("/etc/resolv.conf", folder.join("etc/resolv.conf"))?;
        // Programs that are installed in the root must not start services of this machine.
        let policy = folder.join("usr/sbin/policy-rc.d");
        fs::write(&policy, "#!/bin/sh\nexit 101\n")?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&policy, mode)?;
        for (kind, place) in [("proc", "proc"), ("devtmpfs", "dev")] {
            let mut mount = Command::new("mount");
            mount.args(["-t", kind, kind]).arg(folder.join(place));
            cargo::printed(&mut mount)?;
        }
        Ok(root)
    }

    /// Copies packages into the root. Returns their paths there, for apt.
    fn take(&self, files: &[PathBuf]) -> Result<String> {
        let mut paths = Vec::new();
        for file in files {
            let name = file.file_name().context("a package has a name")?;
            fs::copy(file, self.0.join("root").join(name))?;
            paths.push(format!("/root/{}", name.to_string_lossy()));
        }
        Ok(paths.join(" "))
    }

    fn command(&self, script: &str) -> Command {
        let mut command = Command::new("chroot");
        command
            .arg(&self.0)
            .args(["sh", "-euc", script])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, script: &str) -> Result<()> {
        cargo::printed(&mut self.command(script)).map(drop)
    }

    fn expect(&self, what: &str, script: &str, wanted: &str) -> Result<()> {
        let said = cargo::printed(&mut self.command(script))?;
        ensure!(
            said.trim() == wanted,
            "{what}: {} for {wanted}",
            said.trim()
        );
        Ok(())
    }

    /// Starts each service as its unit does, and checks whether it responds.
    fn answers(&self) -> Result<()> {
        for (service, user) in [
            ("session-manager", "leadmaster"),
            ("central-hub", "leadmaster-hub"),
        ] {
            let prepared = format!("install -d -o {user} -g {user} -m 700 /var/lib/{user}");
            self.run(&prepared)?;
            // Use ports that only this check uses: a pair may run on this machine.
            let variables = "set -a; . /etc/leadmaster/SERVICE.env; PORT=39117; cd /var/lib/USER";
            let started = format!(
                "{variables}; exec setpriv --reuid USER --regid USER --clear-groups SERVICE"
            );
            let asked = format!("{variables}; exec SERVICE health --deep");
            let of = |script: String| script.replace("SERVICE", service).replace("USER", user);
            let mut running = self
                .command(&of(started))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?;
            let since = Instant::now();
            let works = loop {
                let mut ask = self.command(&of(asked.clone()));
                let ask = ask.stdout(Stdio::null()).stderr(Stdio::null());
                if ask.status()?.success() {
                    break true;
                }
                if since.elapsed() > PATIENCE || running.try_wait()?.is_some() {
                    break false;
                }
                thread::sleep(Duration::from_millis(250));
            };
            let pid = i32::try_from(running.id()).ok();
            if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
                // The service may have ended by itself.
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            }
            running.wait()?;
            ensure!(works, "{service} does not answer in the bare root");
        }
        Ok(())
    }

    fn clear(&self) {
        for place in ["proc", "dev"] {
            let _ = Command::new("umount")
                .arg(self.0.join(place))
                .stderr(Stdio::null())
                .status();
        }
        let mounted = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        // Never delete through a mount that still exists.
        if !mounted.contains(&self.0.display().to_string()) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        self.clear();
    }
}
