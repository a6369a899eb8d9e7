//! Tests `cargo xtask up` end to end: the real services against the stand-in, without a browser.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

const PATIENCE: Duration = Duration::from_secs(30);

fn wait_for<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// An empty checkout, in which `up` finds the built binaries.
struct Checkout(PathBuf);

impl Checkout {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("xtask-up-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("Cargo.lock"), "").unwrap();
        Self(folder)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_xtask"));
        let build_folder = program.parent().unwrap();
        assert!(
            build_folder.join("central-hub").exists(),
            "the services are not built: `cargo xtask test` does that"
        );
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("CARGO_MANIFEST_DIR", &self.0)
            .env("CARGO_TARGET_DIR", build_folder.parent().unwrap())
            // The variables that leaked in the incident. They must not reach any service.
            .env("PORT", "3011")
            .env("DRY_RUN", "false")
            .stdin(Stdio::null());
        command
    }

    /// Runs `up` without its setup and build.
    fn up(&self, ports: [u16; 3]) -> Up {
        let [session, hub, phone] = ports.map(|port| port.to_string());
        let log = fs::File::create(self.0.join("log")).unwrap();
        let child = self
            .command(&["up", "--detached", "--rehearse"])
            .args(["--session-port", &session, "--hub-port", &hub])
            .args(["--phone-port", &phone])
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Up { child, ports }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.0.join("log")).unwrap_or_default()
    }

    /// Returns the processes whose working directory is this folder.
    fn processes(&self) -> Vec<u32> {
        fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter(|pid| {
                fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(&self.0))
            })
            .collect()
    }

    fn assert_nothing_is_left(&self) {
        wait_for("the end of all processes", || {
            self.processes().is_empty().then_some(())
        });
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        if !thread::panicking() {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }
}

struct Up {
    child: Child,
    ports: [u16; 3],
}

impl Up {
    fn wait_until_ready(&self) {
        for port in self.ports {
            let path = if port == self.ports[2] {
                "/phone"
            } else {
                "/health"
            };
            wait_for("a response", || get_body(port, path));
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn wait_for_end(&mut self) -> ExitStatus {
        wait_for("the end of `up`", || self.child.try_wait().unwrap())
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the body of `GET path`; `None` unless the status is 200.
fn get_body(port: u16, path: &str) -> Option<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer
        .split_whitespace()
        .nth(1)
        .filter(|status| *status == "200")?;
    Some(answer)
}

/// Returns ports that were free a moment ago.
fn free_ports() -> [u16; 3] {
    [0; 3]
        .map(|any| TcpListener::bind((Ipv4Addr::LOCALHOST, any)).unwrap())
        .map(|listener| listener.local_addr().unwrap().port())
}

#[test]
fn up_runs_the_pair_and_ends_it_at_a_signal() {
    let checkout = Checkout::new("signal");
    let mut up = checkout.up(free_ports());
    up.wait_until_ready();
    let [session, hub, _] = up.ports;
    let config = get_body(hub, "/api/config").unwrap();
    assert!(config.contains(r#""dry_run":true"#), "{config}");
    let health = wait_for("the hub to connect to session-manager", || {
        get_body(hub, "/api/health").filter(|body| body.contains(r#""status":"up""#))
    });
    assert!(health.contains(r#""state":"INIT""#), "{health}");
    wait_for("the summary for the user", || {
        checkout
            .log()
            .contains(&format!("http://127.0.0.1:{hub}/whatsapp"))
            .then_some(())
    });

    // Run it as from another terminal.
    let status = checkout.command(&["status"]).output().unwrap();
    let text = String::from_utf8_lossy(&status.stdout);
    assert!(status.status.success(), "{text}");
    assert!(text.contains(&format!(":{session}/health")), "{text}");
    let second_up = checkout.command(&["up", "--rehearse"]).output().unwrap();
    assert!(!second_up.status.success());
    assert!(String::from_utf8_lossy(&second_up.stderr).contains("runs already"));

    up.signal(Signal::INT);
    assert!(up.wait_for_end().success(), "{}", checkout.log());
    checkout.assert_nothing_is_left();
    assert!(
        !checkout
            .command(&["status"])
            .output()
            .unwrap()
            .status
            .success()
    );
}

#[test]
fn down_ends_the_pair() {
    let checkout = Checkout::new("down");
    let mut up = checkout.up(free_ports());
    up.wait_until_ready();
    assert!(checkout.command(&["down"]).status().unwrap().success());
    assert!(up.wait_for_end().success(), "{}", checkout.log());
    checkout.assert_nothing_is_left();
}

#[test]
fn services_end_when_up_is_killed() {
    let checkout = Checkout::new("killed");
    let mut up = checkout.up(free_ports());
    up.wait_until_ready();
    up.signal(Signal::KILL);
    up.wait_for_end();
    checkout.assert_nothing_is_left();
}

#[test]
fn service_exit_is_reported_and_stops_the_others() {
    let checkout = Checkout::new("dies");
    let mut up = checkout.up(free_ports());
    up.wait_until_ready();
    let pid = checkout
        .processes()
        .into_iter()
        .find(|pid| {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            name.trim() == "session-manager"
        })
        .expect("session-manager");
    let pid = Pid::from_raw(pid.cast_signed()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    assert!(!up.wait_for_end().success());
    checkout.assert_nothing_is_left();
    let log = checkout.log();
    assert!(
        log.contains("session-manager ended by itself (signal 9)"),
        "{log}"
    );
}

#[test]
fn port_in_use_is_reported_before_the_start() {
    let checkout = Checkout::new("taken");
    let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port_in_use = holder.local_addr().unwrap().port();
    let [session, _, phone] = free_ports();
    let mut up = checkout.up([session, port_in_use, phone]);
    assert!(!up.wait_for_end().success());
    let log = checkout.log();
    assert!(
        log.contains(&format!(
            "port {port_in_use}, which central-hub needs, is taken"
        )),
        "{log}"
    );
    assert!(log.contains("--hub-port PORT"), "{log}");
    checkout.assert_nothing_is_left();
}
