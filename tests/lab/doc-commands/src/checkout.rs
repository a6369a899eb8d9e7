//! Prepares the working folder of the commands, which looks like a built checkout.
//!
//! ```text
//!  deploy/            a copy, so that deploy/local.cjs is this test's own
//!  target/release ──> the binaries built by the tests
//!  data/ tokens/ …    data of the services
//!  .desk/bin          pm2 from npm; `cargo xtask` without its setup and build
//!  .desk/home         with PM2's own folder in it
//! ```
//!
//! The ports of the documents are replaced by free ones: in the commands by rewriting, in the
//! ecosystem files by their own variables.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use service_runtime::process::{Process, Signal, kill};

use super::shell::{CommandOutput, Shell, Stream};
use harness::{Scratch, binary, processes, repository_root};

/// Environment variables.
pub(super) type Variables = BTreeMap<String, String>;

/// A `cargo` that only runs programs that are already built.
const CARGO: &str = r#"#!/bin/sh
[ "$1" = xtask ] || { echo "no cargo $1 here" >&2; exit 97; }
shift
export CARGO_MANIFEST_DIR='@desk@' CARGO_TARGET_DIR='@target@'
case "$1" in
  up) shift; exec xtask up --detached @ports@ "$@" ;;
  status | down) exec xtask "$@" ;;
  *) echo "no cargo xtask $1 here" >&2; exit 97 ;;
esac
"#;

/// A working folder, a shell in it, and the replacements for its commands.
#[derive(Debug)]
pub struct Checkout {
    shell: Shell,
    variables: Variables,
    replacements: Vec<(String, String)>,
    /// The ports that replace 3001, 3012 and 3090.
    pub ports: [u16; 3],
    /// The folder, which is dropped last.
    pub folder: Scratch,
}

impl Checkout {
    /// Creates a checkout in which session-manager opens `page` in place of WhatsApp.
    #[must_use]
    pub fn new(page: &str) -> Self {
        let folder = Scratch::default();
        let ports = free_ports();
        create_files(&folder, ports);
        let variables = variables(&folder, ports, page);
        let mut checkout = Self {
            shell: Shell::start(folder.path(), &variables),
            variables,
            replacements: Vec::new(),
            ports,
            folder,
        };
        checkout.use_ports(ports);
        checkout
    }

    /// Replaces the documents' ports by these from now on.
    pub fn use_ports(&mut self, ports: [u16; 3]) {
        self.ports = ports;
        let [session, hub, phone] = ports;
        self.replace("(3001|3012)", format!("({session}|{hub})"));
        for (documented, port) in [(3001, session), (3012, hub), (3090, phone)] {
            for host in ["127.0.0.1", "localhost"] {
                self.replace(&format!("{host}:{documented}"), format!("{host}:{port}"));
            }
        }
    }

    /// Replaces `pattern` in commands by `replacement` from now on.
    pub fn replace(&mut self, pattern: &str, replacement: impl Into<String>) {
        self.replacements.retain(|(old, _)| old != pattern);
        self.replacements
            .push((pattern.to_owned(), replacement.into()));
    }

    /// Applies the replacements.
    #[must_use]
    pub fn adapt(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (pattern, replacement) in &self.replacements {
            text = text.replace(pattern, replacement);
        }
        text
    }

    /// Runs a command of a document.
    pub async fn run(&mut self, command: &str) -> CommandOutput {
        let command = self.adapt(command);
        self.shell.run(&command).await
    }

    /// Starts a long-running command.
    #[must_use]
    pub fn start_stream(&self, command: &str) -> Stream {
        let output_file = self.folder.join(".desk/output");
        let command = self.adapt(command);
        Stream::start(self.folder.path(), &self.variables, &command, output_file)
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.folder.join(name), bytes).expect(name);
    }

    /// Stops PM2's processes. Fails the test if anything else is left.
    pub async fn clean_up(mut self) {
        if self.pm2_daemon().is_some() {
            self.run("pm2 kill").await;
        }
        self.shell.exit().await;
        processes::assert_none_left(self.folder.path()).await;
    }

    fn pm2_daemon(&self) -> Option<Process> {
        let file = self.folder.join(".desk/home/.pm2/pm2.pid");
        let text = std::fs::read_to_string(file).ok()?;
        Process::read(text.trim().parse().ok()?).filter(|process| process.id().is_alive())
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        // Only a failed test leaves the checkout uncleared.
        let Some(daemon) = self.pm2_daemon() else {
            return;
        };
        let mut pm2 = std::process::Command::new(self.folder.join(".desk/bin/pm2"));
        pm2.arg("kill").env_clear().envs(&self.variables);
        // PM2 stops its services first, each with its own timeout.
        let _ = pm2.stdin(Stdio::null()).output();
        if daemon.id().is_alive() {
            let _ = kill(daemon.id(), Signal::KILL);
        }
    }
}

fn create_files(folder: &Scratch, ports: [u16; 3]) {
    for name in [".desk/bin", ".desk/home", ".desk/tmp", "target"] {
        std::fs::create_dir_all(folder.join(name)).expect(name);
    }
    copy_folder(&repository_root().join("deploy"), &folder.join("deploy"));
    // An operator's own file in this checkout must not be used.
    let _ = std::fs::remove_file(folder.join("deploy/local.cjs"));
    let build_folder = binary("xtask");
    let build_folder = build_folder.parent().expect("a folder");
    symlink(build_folder, folder.join("target/release")).expect("a link");
    // `cargo xtask` recognizes the root and the binaries by these.
    symlink(build_folder, folder.join("target/debug")).expect("a link");
    std::fs::write(folder.join("Cargo.lock"), "").expect("a file");
    // As at a terminal, curl shows no progress.
    let curl_settings = "silent\nshow-error\n";
    std::fs::write(folder.join(".desk/home/.curlrc"), curl_settings).expect("a file");
    let bin = |name: &str| folder.join(&format!(".desk/bin/{name}"));
    let pm2 = repository_root().join("tests/node/node_modules/.bin/pm2");
    assert!(
        pm2.exists(),
        "pm2 is not installed in tests/node: `cargo xtask test` does that"
    );
    symlink(pm2, bin("pm2")).expect("a link");
    symlink(build_folder.join("xtask"), bin("xtask")).expect("a link");
    let [session, hub, phone] = ports;
    let options = format!("--session-port {session} --hub-port {hub} --phone-port {phone}");
    let script = CARGO
        .replace("@desk@", &folder.path().display().to_string())
        .replace("@target@", &folder.join("target").display().to_string())
        .replace("@ports@", &options);
    std::fs::write(bin("cargo"), script).expect("a script");
    std::fs::set_permissions(bin("cargo"), PermissionsExt::from_mode(0o755)).expect("a mode");
}

fn copy_folder(source: &Path, destination: &Path) {
    std::fs::create_dir(destination).expect("a folder");
    for entry in std::fs::read_dir(source).expect("a folder") {
        let entry = entry.expect("an entry");
        let destination = destination.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &destination);
        } else {
            std::fs::copy(entry.path(), destination).expect("a copy");
        }
    }
}

fn variables(folder: &Scratch, ports: [u16; 3], page: &str) -> Variables {
    let text = |path: PathBuf| path.display().to_string();
    let address = |port: u16| format!("http://127.0.0.1:{port}");
    let [session, hub, _] = ports;
    let path = std::env::var("PATH").expect("PATH");
    let mut variables: Variables = [
        ("PATH", format!("{}:{path}", text(folder.join(".desk/bin")))),
        ("HOME", text(folder.join(".desk/home"))),
        ("TMPDIR", text(folder.join(".desk/tmp"))),
        ("LANG", "C.UTF-8".into()),
        // The variables that the ecosystem files document.
        ("LEADMASTER_SESSION_PORT", session.to_string()),
        ("LEADMASTER_SESSION_WHATSAPP_WEB_URL", page.to_owned()),
        ("LEADMASTER_HUB_PORT", hub.to_string()),
        ("LEADMASTER_HUB_SESSION_MANAGER_BASE_URL", address(session)),
        // The variables of deploy/healthcheck.
        ("SESSION_MANAGER_URL", address(session)),
        ("HUB_URL", address(hub)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    // This marks leftovers in a run of all tests.
    if let Ok(run) = std::env::var("LEADMASTER_TEST_RUN") {
        variables.insert("LEADMASTER_TEST_RUN".into(), run);
    }
    variables
}

/// Returns three different ports that were free a moment ago.
fn free_ports() -> [u16; 3] {
    [0; 3]
        .map(|any| TcpListener::bind((Ipv4Addr::LOCALHOST, any)).expect("a port"))
        .map(|listener| listener.local_addr().expect("its address").port())
}
