//! Implements `cargo xtask image --check`, which tests the pair in containers, with the stand-in of
//! WhatsApp.
//!
//! ```text
//!  up ─> a hang: started anew ─> link ─> send ─> Chrome in its sandbox? ─> stop: no lock
//!     ─> start: READY, no code
//! ```
//!
//! All requests are made inside the hub's container, which has curl and is in the same network.
//! Everything that was started is removed again, including volumes.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::{Engine, SERVICES, STANDIN, tag};
use crate::{cargo, repo, say};

/// The name prefix of containers, networks and volumes.
const PROJECT: &str = "leadmaster-check";
const FILES: [&str; 3] = ["compose.yaml", "rehearsal.yaml", "seccomp.json"];
/// Credentials that exist only in this run, against a stand-in.
const TOKEN: &str = "only-for-the-check";
const PASSWORD: &str = "solo-para-la-prueba";
const TIMEOUT: Duration = Duration::from_secs(90);
/// Longer than `WATCHDOG_SECONDS` of compose.yaml plus a start.
const HANG_TIMEOUT: Duration = Duration::from_secs(150);
const PAUSE: Duration = Duration::from_millis(250);
/// Where session-manager records that a device is linked. A pipe there that nobody reads makes the
/// session's driver wait forever, as a hung disk would.
const PIPE: &str = "/var/lib/leadmaster/tokens/linked.json.new";
/// Prints the sandbox state of every Chrome process, and whether ChromeDriver
/// has its own network namespace.
const SANDBOX: &str = r#"
for folder in /proc/[0-9]*; do
  driver=$([ "$(cat "$folder/comm" 2>/dev/null)" = chromedriver ] &&
    [ "$(readlink "$folder/ns/net")" != "$(readlink /proc/1/ns/net)" ] && echo yes)
  [ "$driver" ] && echo "DRIVER APART"
  line=$(tr '\0' ' ' <"$folder/cmdline" 2>/dev/null)
  case "$line" in /usr/lib/chromium/*) ;; *) continue ;; esac
  case "$line" in *--no-sandbox*) echo "UNCONFINED $line" ;; esac
  apart=$([ "$(readlink "$folder/ns/user")" != "$(readlink /proc/1/ns/user)" ] && echo yes)
  case "$line$apart" in *--type=renderer*yes) echo "RENDERER APART" ;; esac
done
"#;

/// The program that runs `compose.yaml`, with its settings.
#[derive(Debug)]
pub(super) struct Compose {
    engine: Engine,
    program: &'static [&'static str],
    /// Local ports of the hub and the phone, since the default ones may be in use.
    ports: [u16; 2],
}

impl Compose {
    pub(super) fn find(engine: Engine) -> Result<Self> {
        let (program, cure): (&[&str], _) = match engine {
            Engine::Podman => (&["podman-compose"], "sudo apt-get install podman-compose"),
            Engine::Docker => (&["docker", "compose"], "install Docker's compose plugin"),
        };
        let ports = [free_port()?, free_port()?];
        let compose = Self {
            engine,
            program,
            ports,
        };
        let works = Command::new(program[0])
            .args(&program[1..])
            .arg("version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        ensure!(
            works,
            "`{}` does not run here: {cure}",
            compose.program.join(" ")
        );
        Ok(compose)
    }

    /// Returns a command that runs in a folder with copies of the files, with variables of this run
    /// only.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.program[0]);
        command
            .args(&self.program[1..])
            .args(["-p", PROJECT, "-f", FILES[0], "-f", FILES[1]])
            .args(arguments)
            .current_dir(folder())
            .stdin(Stdio::null())
            .env("LEADMASTER_HUB_PORT", self.ports[0].to_string())
            .env("LEADMASTER_PHONE_PORT", self.ports[1].to_string());
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<()> {
        cargo::printed(&mut self.command(arguments)).map(drop)
    }

    /// Returns the name of a service's container. podman-compose joins names with `_`, docker with
    /// `-`.
    fn container(&self, service: &str) -> String {
        let by = match self.engine {
            Engine::Podman => '_',
            Engine::Docker => '-',
        };
        format!("{PROJECT}{by}{service}{by}1")
    }

    /// Returns the pid of the service. The first process of the container is tini.
    fn pid(&self, service: &str) -> Result<i32> {
        let container = self.container(service);
        let words = ["inspect", "--format", "{{.State.Pid}}", &container];
        let first = cargo::printed(&mut self.engine.command(&words))?;
        let first = first.trim();
        let children = fs::read_to_string(format!("/proc/{first}/task/{first}/children"))?;
        let child = children.split_whitespace().next();
        let child = child.with_context(|| format!("{container} has no process"))?;
        Ok(child.parse()?)
    }

    /// Returns the address of a container in the containers' network. session-manager publishes no
    /// port; this machine reaches it by this address, if the engine runs as root.
    fn ip(&self, service: &str) -> Result<Ipv4Addr> {
        let container = self.container(service);
        let networks = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let words = ["inspect", "--format", networks, &container];
        let ip = cargo::printed(&mut self.engine.command(&words))?;
        let ip = ip.trim();
        ip.parse().with_context(|| {
            format!("{container} has no address of its own ({ip:?}): run the engine as root")
        })
    }

    fn inside(&self, service: &str, words: &[&str]) -> Result<String> {
        let container = self.container(service);
        let mut command = self.engine.command(&["exec", &container]);
        cargo::printed(command.args(words).stdin(Stdio::null()))
    }

    fn curl(&self, words: &[&str]) -> Result<String> {
        let mut all = vec!["curl", "-sS", "-m", "60"];
        all.extend(words);
        self.inside("central-hub", &all)
    }

    fn hub(&self, words: &[&str], path: &str) -> Result<String> {
        let user = format!("admin:{PASSWORD}");
        let url = format!("http://127.0.0.1:3012{path}");
        self.curl(&[&["-u", user.as_str()], words, &[url.as_str()]].concat())
    }

    fn phone(&self, words: &[&str], path: &str) -> Result<String> {
        let url = format!("http://{STANDIN}:3090/phone/api{path}");
        self.curl(&[words, &[url.as_str()]].concat())
    }

    /// Waits until the hub reports `state`. A QR code meanwhile is an error, unless `code` is set.
    fn until(&self, state: &str, code: bool) -> Result<()> {
        wait(&format!("the session to be {state}"), || {
            let said = self.hub(&[], "/api/status").unwrap_or_default();
            ensure!(
                code || !said.contains("QR_REQUIRED"),
                "a code was asked for: {said}"
            );
            Ok(said.contains(&format!("\"{state}\"")))
        })
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// Returns the folder with the copies.
fn folder() -> PathBuf {
    repo::target().join("image-check")
}

fn wait(what: &str, holds: impl FnMut() -> Result<bool>) -> Result<()> {
    wait_for(TIMEOUT, what, holds)
}

fn wait_for(patience: Duration, what: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !holds()? {
        if start.elapsed() > patience {
            bail!("waited {patience:?} in vain for {what}");
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

/// Tests the built images.
pub(super) fn run(compose: &Compose) -> Result<()> {
    while_up(compose, "DRY_RUN=false\n", || try_all(compose))
}

/// The two services while they run in containers.
#[derive(Debug)]
pub(crate) struct RunningPair {
    pub(crate) hub: RunningService,
    /// The password of the hub's administrator.
    pub(crate) password: &'static str,
    pub(crate) manager: RunningService,
    /// The token, `SESSION_MANAGER_TOKEN`.
    pub(crate) token: &'static str,
}

/// A service in a container.
#[derive(Debug)]
pub(crate) struct RunningService {
    /// The address as `HOST:PORT`, by which this machine reaches the service.
    pub(crate) address: String,
    /// The pid of its process on this machine.
    pub(crate) pid: i32,
}

/// Runs both services with the stand-in while `work` runs, then removes everything. Nothing is sent
/// outside.
pub(crate) fn around_the_pair<T>(
    engine: Option<Engine>,
    work: impl FnOnce(&RunningPair) -> Result<T>,
) -> Result<T> {
    let compose = Compose::find(Engine::find(engine)?)?;
    let variables = format!("INTERNAL_TOKEN={TOKEN}\n");
    while_up(&compose, &variables, || {
        work(&RunningPair {
            hub: RunningService {
                address: format!("127.0.0.1:{}", compose.ports[0]),
                pid: compose.pid("central-hub")?,
            },
            password: PASSWORD,
            manager: RunningService {
                address: format!("{}:3001", compose.ip("session-manager")?),
                pid: compose.pid("session-manager")?,
            },
            token: TOKEN,
        })
    })
}

/// Runs `work` while both services respond. The hub gets these additional variables.
fn while_up<T>(compose: &Compose, variables: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    prepare(variables)?;
    // Remove what an earlier run left that was killed.
    let _ = compose.run(&["down", "-v"]);
    let done = up(compose).and_then(|()| work());
    if done.is_err() {
        for service in SERVICES {
            let mut logs = compose
                .engine
                .command(&["logs", &compose.container(service)]);
            let _ = cargo::run(&mut logs);
        }
    }
    let taken_away = compose.run(&["down", "-v"]);
    fs::remove_dir_all(folder())?;
    let done = done?;
    taken_away?;
    Ok(done)
}

fn up(compose: &Compose) -> Result<()> {
    compose.run(&["up", "-d"])?;
    let answers = || Ok(compose.hub(&[], "/health").is_ok());
    wait("the hub to answer", answers)?;
    let up = || {
        let said = compose.hub(&[], "/api/health").unwrap_or_default();
        Ok(said.contains(r#""status":"up""#))
    };
    wait("the hub to hear session-manager", up)?;
    say::step("both answer");
    Ok(())
}

fn prepare(variables: &str) -> Result<()> {
    let folder = folder();
    fs::create_dir_all(&folder)?;
    for name in FILES {
        let from = repo::root().join("deploy/container").join(name);
        fs::copy(&from, folder.join(name)).with_context(|| from.display().to_string())?;
    }
    let token = format!("SESSION_MANAGER_TOKEN={TOKEN}\n");
    fs::write(folder.join("session-manager.env"), &token)?;
    let hub = format!("{token}HUB_ADMIN_PASSWORD={PASSWORD}\n{variables}");
    fs::write(folder.join("central-hub.env"), hub)?;
    Ok(())
}

fn try_all(compose: &Compose) -> Result<()> {
    hangs(compose)?;
    compose.hub(&["-X", "POST"], "/api/connect")?;
    // The page may have kept the link although the driver could not record it.
    wait("the session to be READY", || {
        let _ = compose.phone(&["-X", "POST"], "/scan");
        let said = compose.hub(&[], "/api/status").unwrap_or_default();
        Ok(said.contains("\"READY\""))
    })?;
    say::step("linked");

    send(compose, "uno")?;
    say::step("a message is on the phone");
    let found = compose.inside("session-manager", &["bash", "-c", SANDBOX])?;
    ensure!(
        found.contains("RENDERER APART") && !found.contains("UNCONFINED"),
        "Chrome is not in its sandbox: {found:?}"
    );
    ensure!(
        found.contains("DRIVER APART"),
        "ChromeDriver's port is open to the container: {found:?}"
    );
    say::step("Chrome is in its sandbox, and ChromeDriver in a network of its own");

    let start = Instant::now();
    let container = compose.container("session-manager");
    let engine = compose.engine;
    cargo::printed(&mut engine.command(&["stop", "-t", "30", &container]))?;
    let took = start.elapsed();
    let state = ["inspect", "--format", "{{.State.ExitCode}}", &container];
    let code = cargo::printed(&mut engine.command(&state))?;
    ensure!(
        code.trim() == "0",
        "it ended with {} after {took:?}",
        code.trim()
    );
    let left = in_volume(compose, "ls -A /tokens/profile")?;
    ensure!(
        left.contains("Default") && !left.contains("Singleton"),
        "Chrome's lock is left, or no profile: {left}"
    );
    say::step(format!("stopped in {}, no lock left", say::took(took)));

    cargo::printed(&mut engine.command(&["start", &container]))?;
    compose.until("READY", false)?;
    send(compose, "dos")?;
    say::step("started again: READY without a code");
    Ok(())
}

fn scan(compose: &Compose) -> Result<()> {
    compose.hub(&["-X", "POST"], "/api/connect")?;
    compose.until("QR_REQUIRED", true)?;
    let scanned = || {
        Ok(compose
            .phone(&["-X", "POST"], "/scan")?
            .contains(r#""ok":true"#))
    };
    wait("the phone to scan the code", scanned)
}

/// Makes session-manager hang, and waits until it has been restarted.
fn hangs(compose: &Compose) -> Result<()> {
    compose.inside("session-manager", &["mkfifo", PIPE])?;
    let pid = compose.pid("session-manager")?;
    scan(compose)?;
    let container = compose.container("session-manager");
    let state = ["inspect", "--format", "{{.State.Pid}}", &container];
    let first = cargo::printed(&mut compose.engine.command(&state))?;
    wait_for(HANG_TIMEOUT, "the one that hangs to be ended", || {
        Ok(!Path::new(&format!("/proc/{pid}")).exists())
    })?;
    wait("another one", || {
        let now = cargo::printed(&mut compose.engine.command(&state))?;
        let answers = ["session-manager", "health", "--deep"];
        Ok(!["0", first.trim()].contains(&now.trim())
            && compose.inside("session-manager", &answers).is_ok())
    })?;
    compose.inside("session-manager", &["rm", PIPE])?;
    let said = compose.engine.command(&["logs", &container]).output()?;
    let said = [said.stdout, said.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let last = said
        .lines()
        .find(|line| line.starts_with("[FATAL] the service hangs"));
    say::step(last.context("no last words in the log")?);
    say::step("a service that hung was started anew");
    Ok(())
}

/// Sends through the hub, and waits until the phone has the message.
fn send(compose: &Compose, text: &str) -> Result<()> {
    let body = format!(r#"{{"to":"5491158254201","message":"{text}"}}"#);
    let json = ["-H", "Content-Type: application/json", "-d", body.as_str()];
    let said = compose.hub(&json, "/api/send")?;
    let has = || {
        Ok(compose
            .phone(&[], "/messages")?
            .contains(&format!("\"{text}\"")))
    };
    wait(&format!("the message after {said}"), has)
}

/// Returns the output of a shell in which the tokens of the stopped container are mounted.
fn in_volume(compose: &Compose, line: &str) -> Result<String> {
    let volume = format!("{PROJECT}_tokens:/tokens");
    let image = tag("session-manager");
    let words = [
        "run",
        "--rm",
        "-v",
        &volume,
        "--entrypoint",
        "sh",
        &image,
        "-c",
        line,
    ];
    cargo::printed(&mut compose.engine.command(&words))
}
