//! Launches the browser (ChromeDriver, Chrome, the tab, the page script), and cleans up after a
//! failed or cancelled launch.
//!
//! ```text
//!  find ─> sweep + prepare profile ─> chromedriver ─┬─> its session ──────────┐
//!       pipe ─> page script installed ─> navigation ┴─> (reports come) ───────┴─> Up
//!                                          any failure ─> sweep ─> Failure
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use serde_json::{Value, json};
use session_api::Timestamp;
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinSet, block_in_place};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::cdp::{Cdp, CdpError, CdpEvent};
use super::cdp_mux::multiplex;
use super::chrome;
use super::chrome_flags::{UNATTENDED_CHROMEDRIVER_FLAGS, chrome_args};
use super::chrome_shim::ShimListener;
use super::chromedriver::{Chromedriver, find_on_path, is_executable, one_line};
use super::events::{BrowserEvent, Events, pump};
use super::leftover_processes::ProfileProcesses;
use super::profile::Profile;
use super::running_browser::{Browser, KILL_GRACE, clean_up};
use super::tab::Tab;
use super::whatsapp_page::{Presence, Tools, WA_JS, WhatsAppPage};
use crate::failure::Failure;

const SESSION_DEADLINE: Duration = Duration::from_secs(45);
/// How long the process that ChromeDriver starts as Chrome may take to ask for its pipes, which
/// it does first of all. If it is killed before, ChromeDriver reports so only after a minute.
const SHIM_DEADLINE: Duration = Duration::from_secs(20);
/// How long ChromeDriver may take to report why Chrome ended.
const EXIT_REPORT_DELAY: Duration = Duration::from_millis(200);
/// ChromeDriver's address, inside its network namespace.
const ADDRESS: &str = "http://127.0.0.1";
/// Deadline for installing wa-js, even if the page displays nothing by then.
const WA_JS_DEADLINE: Duration = Duration::from_secs(1);

const CHROME_NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// The settings of a browser launch.
#[derive(Clone, Debug)]
pub struct BrowserConfig {
    /// `CHROME_BIN`.
    pub chrome: Option<PathBuf>,
    /// `CHROMEDRIVER_BIN`.
    pub chromedriver: Option<PathBuf>,
    /// `PATH`, which is searched if `CHROME_BIN` or `CHROMEDRIVER_BIN` is not set.
    pub path: Option<std::ffi::OsString>,
    /// `CHROME_ARGS`.
    pub extra_args: Vec<String>,
    /// `TOKENS_DIR`.
    pub profile: Profile,
    /// `WHATSAPP_WEB_URL`.
    pub page_url: Url,
    /// `WA_JS_PATH`.
    pub wa_js: Option<PathBuf>,
    /// `PRESENCE`.
    pub presence: Presence,
    /// Whether a person uses the browser: it then has a window, and the page behaves as in any
    /// browser.
    pub visible: bool,
    /// How long the page's server may take to respond.
    pub navigation_deadline: Duration,
}

/// Starts a browser on the page. After a failure or cancellation no process of it is left.
///
/// # Errors
/// The failure; `None` if the launch was cancelled.
pub async fn launch(
    config: &BrowserConfig,
    cancel: &CancellationToken,
) -> Result<(Browser, Events), Option<Failure>> {
    // Take the lock before the sweep: the running processes may belong to another service.
    config
        .profile
        .lock()
        .map_err(|error| Failure::ProfileUnusable(error.to_string()))?;
    let processes = ProfileProcesses::of(&config.profile.user_data_dir());
    let result = tokio::select! {
        biased;
        () = cancel.cancelled() => Err(None),
        result = start(config, &processes) => result.map_err(Some),
    };
    if result.is_err() {
        // The processes of a linked profile may be in the middle of a write.
        let grace = if config.profile.is_linked() {
            KILL_GRACE
        } else {
            Duration::ZERO
        };
        clean_up(&processes, &config.profile, grace).await;
    }
    result
}

fn find_program(
    configured: Option<&PathBuf>,
    names: &[&str],
    path: Option<&std::ffi::OsStr>,
    not_found: fn(String) -> Failure,
) -> Result<PathBuf, Failure> {
    match configured {
        Some(program) if is_executable(program) => Ok(program.clone()),
        Some(program) => Err(not_found(format!(
            "{} is not there, or not executable",
            program.display()
        ))),
        None => find_on_path(names, path)
            .ok_or_else(|| not_found(format!("none of {} is on PATH", names.join(", ")))),
    }
}

/// Returns the path of the Chrome that a launch would start.
///
/// # Errors
/// [`Failure::ChromeNotFound`].
pub fn find_chrome(config: &BrowserConfig) -> Result<PathBuf, Failure> {
    let path = config.path.as_deref();
    let not_found = Failure::ChromeNotFound;
    find_program(config.chrome.as_ref(), &CHROME_NAMES, path, not_found)
}

/// Returns the path of the ChromeDriver that a launch would start.
///
/// # Errors
/// [`Failure::ChromedriverNotFound`].
pub fn find_driver(config: &BrowserConfig) -> Result<PathBuf, Failure> {
    let path = config.path.as_deref();
    let not_found = Failure::ChromedriverNotFound;
    find_program(
        config.chromedriver.as_ref(),
        &["chromedriver"],
        path,
        not_found,
    )
}

async fn start(
    config: &BrowserConfig,
    processes: &ProfileProcesses,
) -> Result<(Browser, Events), Failure> {
    let program = find_chrome(config)?;
    let driver = find_driver(config)?;
    let tools = match &config.wa_js {
        Some(file) => tokio::fs::read_to_string(file)
            .await
            .map(|text| Tools::new(&text))
            .map_err(|error| Failure::WaJsUnreadable(format!("{}: {error}", file.display())))?,
        None => Tools::new(WA_JS),
    };
    // A kill -9 may have left processes that hold the profile. Two Chromes on one profile would
    // corrupt it.
    let swept = processes
        .kill_leftovers(KILL_GRACE)
        .await
        .map_err(|error| Failure::LaunchFailed(error.to_string()))?;
    if swept > 0 {
        tracing::warn!(
            processes = swept,
            "ended chrome processes of an earlier run"
        );
    }
    config
        .profile
        .prepare()
        .map_err(|error| Failure::ProfileUnusable(error.to_string()))?;

    let started_at = Timestamp::now();
    let clock = std::time::Instant::now();
    let log_step = |step| {
        let ms = clock.elapsed().as_secs_f64() * 1e3;
        tracing::debug!("launch: {step} {ms:.0} ms after its start");
    };
    let launch_failed = |error: std::io::Error| Failure::LaunchFailed(error.to_string());
    let shim_listener =
        ShimListener::open(&config.profile.temporary_dir()).map_err(launch_failed)?;
    let chromedriver =
        Chromedriver::start(&driver, &config.profile, shim_listener.variable()).await?;
    let chromedriver = Arc::new(chromedriver);
    log_step("chromedriver listens");
    let (event_sender, mut events) = Events::channel();
    // Open the page now: it need not wait until ChromeDriver's session is ready.
    let opened = async {
        let accept_request = tokio::time::timeout(SHIM_DEADLINE, shim_listener.accept_request())
            .await
            .map_err(|_| shim_timeout())?
            .map_err(launch_failed)?;
        // Blocks in place: a spawned thread would outlive a cancellation.
        let starting = || chrome::start(&program, &config.profile, accept_request);
        let (shim, pipes) = block_in_place(starting).map_err(launch_failed)?;
        chromedriver.connector.set_shim(shim);
        let (cdp, cdp_events) = multiplex(pipes).map_err(launch_failed)?;
        let opening = open(
            config,
            &program,
            cdp,
            cdp_events,
            tools,
            &chromedriver,
            event_sender,
        );
        let opened = match opening.await {
            // Chrome ended. Usually ChromeDriver reports why immediately, but sometimes only after
            // a minute.
            Err(CdpError::Closed) => {
                tokio::time::sleep(EXIT_REPORT_DELAY).await;
                Err(Failure::BrowserDied)
            }
            Err(CdpError::Timeout(SESSION_DEADLINE)) => Err(session_timeout()),
            other => other.map_err(|error| Failure::LaunchFailed(error.to_string())),
        };
        log_step("the page is requested");
        opened
    };
    let session = async {
        let client = new_session(config, &chromedriver).await;
        log_step("chromedriver has Chrome");
        client
    };
    let (client, (page, tasks)) = tokio::select! {
        biased;
        () = chromedriver.ended() => return Err(Failure::ChromedriverDied),
        // ChromeDriver's session waits for a page whose server does not respond.
        failure = events.failure() => return Err(failure),
        joined = async { tokio::try_join!(session, opened) } => joined?,
    };
    let chrome_version = client
        .capabilities()
        .and_then(|capabilities| capabilities.get("browserVersion"))
        .and_then(Value::as_str)
        .map(str::to_owned);
    let browser = Browser {
        client,
        page,
        chromedriver,
        processes: processes.clone(),
        profile: config.profile.clone(),
        tasks,
        chrome_version,
        started_at,
    };
    Ok((browser, events))
}

/// Attaches to the page, installs its scripts and starts the navigation. Tasks of the browser
/// report the result to `events`.
async fn open(
    config: &BrowserConfig,
    program: &Path,
    browser: Cdp,
    cdp_events: mpsc::Receiver<CdpEvent>,
    tools: Tools,
    chromedriver: &Arc<Chromedriver>,
    events: mpsc::Sender<BrowserEvent>,
) -> Result<(WhatsAppPage, JoinSet<()>), CdpError> {
    let page = WhatsAppPage::new(Tab::attach(&browser, program, SESSION_DEADLINE).await?);
    page.install(config.presence, config.visible).await?;
    // wa-js waits until the page's modules settle, so a linked account is READY sooner if wa-js is
    // loaded early. A code is read without wa-js, and appears sooner if less work comes before it.
    let pending_tools = if config.profile.is_linked() {
        page.install_tools(&tools).await?;
        None
    } else {
        Some(tools)
    };
    let settled = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    tasks.spawn(pump(
        cdp_events,
        page.tab().clone(),
        settled.clone(),
        events.clone(),
        chromedriver.clone(),
    ));
    tasks.spawn(navigate(
        page.tab().clone(),
        config.page_url.clone(),
        config.navigation_deadline,
        events.clone(),
    ));
    if let Some(tools) = pending_tools {
        tasks.spawn(install_tools_later(page.clone(), tools, settled, events));
    }
    Ok((page, tasks))
}

async fn new_session(
    config: &BrowserConfig,
    chromedriver: &Chromedriver,
) -> Result<Client, Failure> {
    let args = chrome_args(
        &config.profile.user_data_dir(),
        &chromedriver.version,
        runs_as_root(),
        config.visible,
        &config.extra_args,
    );
    let excluded: &[&str] = match config.visible {
        true => &UNATTENDED_CHROMEDRIVER_FLAGS,
        false => &[],
    };
    let capabilities = json!({
        "pageLoadStrategy": "none",
        "unhandledPromptBehavior": "dismiss",
        "goog:chromeOptions": {"binary": chromedriver.service, "args": args, "excludeSwitches": excluded},
    });
    let Value::Object(capabilities) = capabilities else {
        unreachable!("an object literal is an object")
    };
    let mut builder = ClientBuilder::new(chromedriver.connector.clone());
    builder.capabilities(capabilities);
    // The page may be requested before ChromeDriver's session is ready.
    let deadline = SESSION_DEADLINE + config.navigation_deadline;
    match tokio::time::timeout(deadline, builder.connect(ADDRESS)).await {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(error)) => Err(Failure::LaunchFailed(one_line(&error.to_string()))),
        Err(_) => Err(session_timeout()),
    }
}

fn shim_timeout() -> Failure {
    let seconds = SHIM_DEADLINE.as_secs();
    Failure::LaunchFailed(format!("ChromeDriver started no Chrome within {seconds} s"))
}

fn session_timeout() -> Failure {
    let seconds = SESSION_DEADLINE.as_secs();
    Failure::LaunchFailed(format!("Chrome did not come up within {seconds} s"))
}

/// Returns whether this process runs as root, for whom Chrome's sandbox refuses to work.
#[must_use]
pub fn runs_as_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}

/// Installs wa-js once the page displays its first content, which is usually a code.
async fn install_tools_later(
    page: WhatsAppPage,
    tools: Tools,
    settled: Arc<Notify>,
    events: mpsc::Sender<BrowserEvent>,
) {
    let _ = tokio::time::timeout(WA_JS_DEADLINE, settled.notified()).await;
    let install = async || {
        page.install_tools(&tools).await?;
        page.run_tools(&tools).await
    };
    loop {
        match install().await {
            // A page that does not load blocks all calls into its tab. That is detected elsewhere,
            // and the next document gets wa-js.
            Err(CdpError::Timeout(_)) => {}
            Err(error @ (CdpError::Remote { .. } | CdpError::Malformed(_))) => {
                let message = format!("wa-js could not be installed: {error}");
                // If the driver has ended, nobody receives the event.
                let died = BrowserEvent::Died(Failure::LaunchFailed(message));
                let _ = events.send(died).await;
                return;
            }
            // Without a connection there is no page to install wa-js in.
            Ok(()) | Err(CdpError::Closed) => return,
        }
    }
}

async fn navigate(tab: Tab, url: Url, deadline: Duration, events: mpsc::Sender<BrowserEvent>) {
    let reason = match tab.navigate(&url, deadline).await {
        // Chrome reports an error page by an event.
        Ok(()) => return,
        Err(CdpError::Timeout(_)) => format!("no answer within {} s", deadline.as_secs()),
        Err(error) => error.to_string(),
    };
    // If the driver has ended, nobody receives the event.
    let _ = events.send(BrowserEvent::Unreachable(reason)).await;
}
