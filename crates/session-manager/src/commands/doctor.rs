//! Implements `session-manager doctor`, which checks for anything that keeps the session from
//! `READY`.
//!
//! ```text
//!  process, PORT ─> configuration ─> Chrome, ChromeDriver ─> folders, disk
//!     ─> port, profile ─> WhatsApp's page, clock ─> session ─> backups
//! ```

pub mod wa_js;

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use service_runtime::doctor::{
    self, Check, DoctorReport, EnvironmentOf, Service, ServiceManager, Subject, clock, disk,
    folder, logs, port, secrets, watchdog,
};
use service_runtime::listen;
use service_runtime::process::Process;
use session_api::{SERVICE_NAME, SessionState};
use session_client::ClientError;
use tokio::process::Command;

use super::local_client;
use crate::browser::{self, BrowserConfig, ProfileProcesses, Usage};
use crate::config::Config;

const SERVICE: Service = Service {
    name: SERVICE_NAME,
    pm2_name: SERVICE_NAME,
    unit: "leadmaster-session-manager",
    version: env!("CARGO_PKG_VERSION"),
    port: 3001,
};
/// Timeout for a program to print its version, and for the page to respond.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Runs all checks.
pub async fn examine(environment_of: EnvironmentOf) -> DoctorReport {
    doctor::examine(
        &SERVICE,
        environment_of,
        Config::from_env,
        Config::summary,
        run_checks,
    )
    .await
}

async fn run_checks(config: &Config, subject: &Subject) -> Vec<Check> {
    let running = subject.process.as_ref();
    let mut checks = browsers(&config.browser).await;
    if running.map_or_else(browser::runs_as_root, is_owned_by_root) {
        checks.push(Check::warning(
            "user",
            "root: Chrome runs without its sandbox",
            "run the service as a dedicated user (docs/operations.md)",
        ));
    }
    checks.push(folder("TOKENS_DIR", config.browser.profile.root()));
    checks.push(folder("DATA_DIR", &config.data));
    checks.push(disk(&config.data));
    checks.push(port(&config.hosts, config.port, running).await);
    checks.extend(running.and_then(|service| driver_port(&config.browser, service)));
    checks.push(profile(&config.browser, running.is_some()));
    checks.extend(kept_aside(&config.browser));
    checks.push(profile_size(&config.browser.profile.usage()));
    checks.extend(page(&config.browser).await);
    if let Some(process) = running {
        let port = listen::port_of(process.pid).unwrap_or(config.port);
        checks.push(session(config, port, subject.manager).await);
    }
    if config.backups.folder.exists() {
        checks.push(folder("BACKUP_DIR", &config.backups.folder));
    }
    checks.push(backups(config));
    checks.extend(secrets(&SERVICE, subject));
    checks.extend(logs(subject));
    checks.extend(watchdog(subject));
    checks
}

/// Checks who can reach ChromeDriver. Returns `None` if no ChromeDriver runs, or if it belongs to
/// another user.
fn driver_port(config: &BrowserConfig, service: &Process) -> Option<Check> {
    const NAME: &str = "driver's port";
    let tree = ProfileProcesses::of(&config.profile.user_data_dir())
        .alive()
        .ok()?;
    let driver = tree.iter().find(|process| process.comm == "chromedriver")?;
    let network = |of: &Process| std::fs::read_link(format!("/proc/{}/ns/net", of.pid)).ok();
    Some(if network(driver)? == network(service)? {
        Check::warning(
            NAME,
            "every program on this machine can reach it, without a token: this user may not create namespaces",
            "allow them (docs/security.md, Known and left), then restart the service",
        )
    } else {
        Check::ok(NAME, "only the service can reach it")
    })
}

/// Returns whether the process runs as root.
fn is_owned_by_root(process: &Process) -> bool {
    std::fs::metadata(format!("/proc/{}", process.pid)).is_ok_and(|data| data.uid() == 0)
}

/// Checks Chrome and ChromeDriver, and whether their versions match.
async fn browsers(config: &BrowserConfig) -> Vec<Check> {
    const CURE: &str = "apt-get install chromium chromium-driver";
    let (chrome, driver) = (browser::find_chrome(config), browser::find_driver(config));
    let mut checks = Vec::new();
    let mut majors = Vec::new();
    for (name, found) in [("Chrome", chrome), ("ChromeDriver", driver)] {
        let version = match found {
            Ok(program) => version(&program).await,
            Err(failure) => Err(failure.to_string()),
        };
        checks.push(match version {
            Ok(version) => {
                majors.push(major(&version));
                Check::ok(name, version)
            }
            Err(why) => Check::failure(name, why, CURE),
        });
    }
    if let [Some(chrome), Some(driver)] = majors[..]
        && chrome != driver
    {
        checks.push(Check::failure(
            "versions",
            format!("ChromeDriver {driver} cannot drive Chrome {chrome}"),
            "apt-get update && apt-get install --only-upgrade chromium chromium-driver",
        ));
    }
    checks
}

/// Returns the output of `program --version`.
async fn version(program: &PathBuf) -> Result<String, String> {
    let run = Command::new(program)
        .arg("--version")
        .kill_on_drop(true)
        .output();
    let path = program.display();
    match tokio::time::timeout(TIMEOUT, run).await {
        Ok(Ok(output)) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        Ok(Ok(output)) => Err(format!("{path} --version ended with {}", output.status)),
        Ok(Err(error)) => Err(format!("{path}: {error}")),
        Err(_) => Err(format!("{path} --version did not answer")),
    }
}

/// Returns the major version: 156 for `Chromium 156.0.8078.108 …`.
fn major(version: &str) -> Option<u32> {
    let mut words = version.split_whitespace();
    words.find_map(|word| word.split_once('.')?.0.parse().ok())
}

/// Checks which process holds the profile.
fn profile(config: &BrowserConfig, service_runs: bool) -> Check {
    const NAME: &str = "profile";
    let linked = if config.profile.is_linked() {
        "a device is linked"
    } else {
        "no device is linked"
    };
    if service_runs {
        return Check::ok(NAME, format!("{linked}; the service uses it"));
    }
    if config.profile.root().exists()
        && let Err(error) = config.profile.lock()
    {
        let lock = config.profile.root().join("lock");
        return Check::failure(
            NAME,
            error.to_string(),
            format!("fuser -v {}", lock.display()),
        );
    }
    let leftovers = ProfileProcesses::of(&config.profile.user_data_dir()).alive();
    match leftovers.unwrap_or_default().len() {
        0 => Check::ok(NAME, format!("{linked}; no process uses it")),
        leftovers => Check::warning(
            NAME,
            format!("{linked}; {leftovers} processes of an earlier Chrome use it"),
            "start the service: it ends them",
        ),
    }
}

/// Reports profiles that were set aside when WhatsApp required a new link. Returns `None` if there
/// are none.
fn kept_aside(config: &BrowserConfig) -> Option<Check> {
    let profiles = config.profile.kept_aside().ok()?;
    let newest = profiles.first()?;
    let found = format!(
        "{} set aside, the newest is {}",
        profiles.len(),
        newest.display()
    );
    let cure = format!(
        "if the phone still lists the device: stop the service, mv it to {}; else delete it",
        config.profile.user_data_dir().display()
    );
    Some(Check::warning("old profiles", found, cure))
}

/// Size above which the profile is a warning, in MiB. A profile has some hundred MiB; one that
/// keeps growing deserves a warning.
const LARGE_PROFILE_MIB: u64 = 2_048;

/// Checks the disk usage of the profile.
fn profile_size(usage: &Usage) -> Check {
    const NAME: &str = "profile size";
    let mib = |bytes: u64| bytes >> 20;
    let mut found = format!("{} MiB", mib(usage.total));
    let parts = usage.parts.iter().filter(|(_, bytes)| mib(*bytes) > 0);
    let parts: Vec<_> = parts
        .map(|(name, bytes)| format!("{name} {} MiB", mib(*bytes)))
        .collect();
    if !parts.is_empty() {
        found = format!("{found}: {}", parts.join(", "));
    }
    if mib(usage.total) < LARGE_PROFILE_MIB {
        return Check::ok(NAME, found);
    }
    Check::warning(
        NAME,
        found,
        "restart the service: Chrome's caches are cleared at each start. What remains is WhatsApp's own data: chats that are deleted on the phone are removed from it as well",
    )
}

/// Checks that WhatsApp's page responds, and checks the clock by its response.
async fn page(config: &BrowserConfig) -> Vec<Check> {
    const NAME: &str = "page";
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(TIMEOUT).build();
    let response = match client {
        Ok(client) => client.get(config.page_url.clone()).send().await,
        Err(error) => Err(error),
    };
    let host = config.page_url.host_str().unwrap_or_default();
    match response {
        Ok(answer) => {
            let status = answer.status();
            let mut checks = vec![if status.is_success() {
                Check::ok(NAME, format!("{host} answers"))
            } else {
                Check::failure(
                    NAME,
                    format!("{host} answers {status}"),
                    "check WHATSAPP_WEB_URL, and that no proxy answers instead",
                )
            }];
            let server_time = crate::clock_skew::server_time_of(&answer);
            checks.extend(server_time.map(|server_time| clock(server_time, SystemTime::now())));
            checks
        }
        Err(error) => vec![Check::failure(
            NAME,
            format!(
                "{host} cannot be reached: {}",
                service_runtime::error_chain(&error.without_url())
            ),
            format!(
                "network, DNS, firewall: curl -sI {}",
                config.page_url.origin().ascii_serialization()
            ),
        )],
    }
}

/// Checks the session as the running service reports it.
async fn session(config: &Config, port: u16, manager: ServiceManager) -> Check {
    const NAME: &str = "session";
    let response = match local_client::connect(config, port) {
        Ok(client) => client.session().await,
        Err(why) => return Check::failure(NAME, why, "correct HOST and PORT"),
    };
    let body = match response {
        Ok(body) => body,
        Err(error @ ClientError::TokenRefused) => {
            return Check::failure(NAME, error.to_string(), manager.restart(&SERVICE));
        }
        Err(error) => {
            return Check::failure(
                NAME,
                error.to_string(),
                format!(
                    "{}, then {}",
                    manager.logs(&SERVICE),
                    manager.restart(&SERVICE)
                ),
            );
        }
    };
    let found = format!("{} ({}): {}", body.state, body.cause, body.cause_message);
    match body.state {
        SessionState::Ready => Check::ok(NAME, found),
        SessionState::Error => Check::failure(NAME, found, "docs/operations.md, Causes"),
        SessionState::QrRequired if body.passkey.is_some() => {
            Check::warning(NAME, found, "docs/operations.md, Passkey")
        }
        SessionState::QrRequired => Check::warning(NAME, found, "scan the code: GET /qr.txt"),
        SessionState::Disconnected => {
            Check::warning(NAME, found, "curl -X POST http://localhost:3001/connect")
        }
        SessionState::Init | SessionState::Authenticated => {
            Check::warning(NAME, found, "wait a minute, then run doctor again")
        }
    }
}

/// Checks whether there is a recent backup to restore.
fn backups(config: &Config) -> Check {
    const NAME: &str = "backups";
    if config.backups.key.is_none() {
        return Check::warning(
            NAME,
            "BACKUP_KEY is not set: no backups are taken",
            "session-manager backup --new-key",
        );
    }
    let folder = config.backups.folder.display();
    let Some(newest) = config.backups.newest() else {
        return Check::warning(NAME, format!("none in {folder}"), "session-manager backup");
    };
    let age = SystemTime::now().duration_since(newest).unwrap_or_default();
    let found = format!("the newest in {folder} is {} h old", age.as_secs() / 3600);
    if config.backup_every.is_some_and(|every| age > every * 2) {
        return Check::warning(NAME, found, "the service's log says why: grep backup");
    }
    Check::ok(NAME, found)
}

#[cfg(test)]
mod tests {
    use service_runtime::doctor::Verdict;

    use super::*;

    #[test]
    fn a_profile_that_grew_is_a_warning_with_its_largest_folders() {
        let usage_of = |mib: u64| Usage {
            total: mib << 20,
            parts: vec![
                ("IndexedDB".to_owned(), (mib - 1) << 20),
                ("Logs".to_owned(), 9),
            ],
        };
        let small = profile_size(&usage_of(300));
        assert_eq!(small.found, "300 MiB: IndexedDB 299 MiB");
        assert_eq!((small.verdict, small.cure), (Verdict::Ok, None));
        let grown = profile_size(&usage_of(3_000));
        assert_eq!(grown.verdict, Verdict::Warning);
        assert!(grown.cure.unwrap().contains("cleared at each start"));
    }

    #[test]
    fn the_major_version_is_found() {
        for (text, expected) in [
            ("Chromium 156.0.8078.108 built on Debian", Some(156)),
            ("ChromeDriver 155.0.1 (abc)", Some(155)),
            ("no version", None),
        ] {
            assert_eq!(major(text), expected, "{text}");
        }
    }
}
