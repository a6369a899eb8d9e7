//! Implements `cargo xtask dist --check --boot`, which tries the packages under a booted systemd,
//! in a container of the bare root.
//!
//! ```text
//!  boot ─> install: both run ─> secrets as credentials ─> a hang: restarted
//!     ─> upgrade ─> gives up: told ─> purge
//! ```

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::packages_check::{BOTH, INSTALL};
use crate::{cargo, say};

const NAME: &str = "leadmaster-boot-check";
const IMAGE: &str = "localhost/leadmaster/boot-check";
/// Longer than `WatchdogSec=` plus a start.
const PATIENCE: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_secs(1);
const RUN: &str = "
    systemctl is-active --quiet leadmaster-session-manager
    systemctl is-active --quiet leadmaster-central-hub
    curl -fsS http://127.0.0.1:3001/health
    curl -fsS http://127.0.0.1:3012/health";

/// Gives both services their secrets as credentials, by the drop-ins that are shipped.
const CREDENTIALS: &str = "
    cd /etc/leadmaster
    sed -n s/^SESSION_MANAGER_TOKEN=//p session-manager.env > session-manager-token
    echo a-password-of-this-check > hub-admin-password
    chmod 600 session-manager-token hub-admin-password
    sed -i -e /^SESSION_MANAGER_TOKEN=/d -e /^HUB_ADMIN_PASSWORD=/d session-manager.env central-hub.env
    for service in session-manager central-hub; do
        unit=/etc/systemd/system/leadmaster-$service.service.d
        mkdir -p $unit
        cp /usr/lib/leadmaster/$service/$service.credentials.conf $unit/credentials.conf
    done
    systemctl daemon-reload
    systemctl restart leadmaster-session-manager leadmaster-central-hub";
/// Checks that the credentials work, and that the secrets are nowhere else.
const CREDENTIALS_WORK: &str = r#"
    token=$(cat /etc/leadmaster/session-manager-token)
    status() { curl -s -o /dev/null -w '%{http_code}' "$@"; }
    test "$(status http://127.0.0.1:3001/status)" = 401
    test "$(status -H "Authorization: Bearer $token" http://127.0.0.1:3001/status)" = 200
    test "$(status http://127.0.0.1:3012/api/status)" = 401
    test "$(status -u admin:a-password-of-this-check http://127.0.0.1:3012/api/status)" = 200
    for service in session-manager central-hub; do
        pid=$(systemctl show -p MainPID --value leadmaster-$service)
        for place in "cat /proc/$pid/environ" "systemctl show leadmaster-$service"; do
            if $place | grep -qa -e "$token" -e a-password-of-this-check; then exit 1; fi
        done
    done"#;

/// Boots `root`, which has the dependencies, and tries the packages `old` and `new`.
pub(super) fn run(root: &Path, old: &str, new: &str) -> Result<()> {
    let machine = Machine::boot(root)?;
    say::step("booted: installing");
    machine.run(&format!("{INSTALL} {old}"))?;
    machine.until("both run", RUN)?;

    say::step("the secrets are credentials");
    machine.run(CREDENTIALS)?;
    machine.until("both run with them", CREDENTIALS_WORK)?;

    say::step("the hub hangs");
    let pid = machine.run("systemctl show -p MainPID --value leadmaster-central-hub")?;
    let pid = pid.trim();
    machine.run(&format!("kill -STOP {pid}"))?;
    machine.until(
        "systemd to start it anew",
        &format!("! test -e /proc/{pid} && {RUN}"),
    )?;
    machine.run("journalctl -u leadmaster-central-hub | grep 'Watchdog timeout'")?;

    say::step("upgrading");
    machine.run(&format!("{INSTALL} {new}"))?;
    machine.until("both run", RUN)?;

    say::step("the hub gives up");
    machine.run(
        "sed -i /^SESSION_MANAGER_BASE_URL=/d /etc/leadmaster/central-hub.env
        systemctl restart leadmaster-central-hub || true",
    )?;
    machine.until(
        "systemd to give up",
        "systemctl is-failed --quiet leadmaster-central-hub",
    )?;
    machine.until(
        "somebody to be told",
        "journalctl -u 'leadmaster-alert@*' | grep 'Finished'",
    )?;
    machine.run("systemctl start leadmaster-healthcheck")?;
    machine.run("journalctl -u leadmaster-healthcheck | grep 'central-hub does not answer'")?;

    say::step("purging");
    machine.run(&format!("apt-get purge -qq -y {BOTH}"))?;
    machine.run("rm -r /etc/systemd/system/leadmaster-*.service.d")?;
    let left = machine.run(
        "systemctl list-units --all --plain --no-legend 'leadmaster*'
        for name in chrom session-manager central-hub; do pgrep -a $name || true; done",
    )?;
    ensure!(left.trim().is_empty(), "left behind: {left}");
    say::step(
        "under systemd they run, are restarted when they hang, tell that they failed, and go",
    );
    Ok(())
}

/// A container with systemd. On drop it is removed, together with its image.
struct Machine;

impl Machine {
    fn boot(root: &Path) -> Result<Self> {
        let packed = "tar -C \"$ROOT\" --exclude=./proc/* --exclude=./dev/* -c . | podman import - \"$IMAGE\"";
        let mut pack = Command::new("sh");
        pack.args(["-euc", packed]).env("ROOT", root);
        cargo::printed(pack.env("IMAGE", IMAGE))?;
        let machine = Self;
        let words = ["run", "--detach", "--replace", "--name", NAME];
        let mut run = Command::new("podman");
        run.args(words);
        run.args(["--systemd=always", "--privileged", "--network=none"]);
        cargo::printed(run.args([IMAGE, "/lib/systemd/systemd"]))?;
        machine.until(
            "systemd to be up",
            "systemctl is-system-running | grep -E 'running|degraded'",
        )?;
        // systemd does this on a machine, but not in a container. Without it no service sees the
        // mount that holds its credentials.
        machine.run("mount --make-rshared /")?;
        Ok(machine)
    }

    fn command(script: &str) -> Command {
        let mut command = Command::new("podman");
        command
            .args(["exec", "--env=DEBIAN_FRONTEND=noninteractive", NAME])
            .args(["sh", "-euc", script])
            .stdin(Stdio::null());
        command
    }

    fn run(&self, script: &str) -> Result<String> {
        cargo::printed(&mut Self::command(script))
    }

    fn until(&self, what: &str, script: &str) -> Result<()> {
        let since = Instant::now();
        while let Err(error) = self.run(script) {
            if since.elapsed() > PATIENCE {
                bail!(
                    "waited {} s in vain for {what}: {error}",
                    PATIENCE.as_secs()
                );
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for words in [["rm", "--force", NAME], ["rmi", "--force", IMAGE]] {
            let mut remove = Command::new("podman");
            let remove = remove.args(words).stdout(Stdio::null());
            // The next run removes anything that is left.
            let _ = remove.stderr(Stdio::null()).status();
        }
    }
}
