//! Implements `doctor --wa-js`, which checks a wa-js bundle before it is used, and lists the names
//! that the bundle does not find in WhatsApp's page.
//!
//! ```text
//!  bundle, page ─> Chrome with a profile of its own ─> page script's self-test
//!     ─> found | optional missing | required missing ─> 0 | 1 | 2
//! ```

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use service_runtime::doctor::{Check, DoctorReport};
use session_api::{SERVICE_NAME, SelfTest};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::services::ServeDir;
use url::Url;

use crate::browser::{self, BrowserConfig, PageReport, Profile, WhatsAppPage};

/// How long the page may take to register the modules that the bundle needs.
const MODULES_TIMEOUT: Duration = Duration::from_secs(45);
const CHECK_INTERVAL: Duration = Duration::from_millis(500);
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
const CURE: &str = "another release of @wppconnect/wa-js from npm: its dist/wppconnect-wa.js";

/// Checks the bundle in `file` against `page`, in a Chrome configured by `config`. `page` is a URL
/// or the file of a saved page; by default it is the configured page.
pub async fn check_bundle(config: &BrowserConfig, file: &Path, page: Option<&str>) -> DoctorReport {
    let checks = match examine(config, file, page).await {
        Ok((report, test)) => checks(&report, &test),
        Err(why) => vec![Check::failure(
            "page",
            why,
            "the page's address, and Chrome",
        )],
    };
    DoctorReport::new(SERVICE_NAME, env!("CARGO_PKG_VERSION"), checks)
}

async fn examine(
    config: &BrowserConfig,
    file: &Path,
    page: Option<&str>,
) -> Result<(PageReport, SelfTest), String> {
    let stop_serving = CancellationToken::new();
    let _stop_guard = stop_serving.clone().drop_guard();
    let page_url = match page {
        None => config.page_url.clone(),
        Some(page) if page.starts_with("http://") || page.starts_with("https://") => {
            Url::parse(page).map_err(|error| format!("{page}: {error}"))?
        }
        Some(saved) => serve(Path::new(saved), stop_serving).await?,
    };
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let config = BrowserConfig {
        profile: Profile::new(folder.path().join("tokens")),
        wa_js: Some(file.to_owned()),
        page_url,
        ..config.clone()
    };
    let never = CancellationToken::new();
    let launched = browser::launch(&config, &never).await;
    let (browser, _events) = launched.map_err(|failure| {
        failure.map_or_else(
            || "the start was cancelled".to_owned(),
            |failure| failure.to_string(),
        )
    })?;
    let result = self_test(browser.page()).await;
    browser.close().await;
    result
}

/// Runs the self-test repeatedly, since the page's modules register one by one. Returns the last
/// result.
async fn self_test(page: &WhatsAppPage) -> Result<(PageReport, SelfTest), String> {
    let deadline = Instant::now() + MODULES_TIMEOUT;
    loop {
        let attempt = async { Ok((page.report(CALL_TIMEOUT).await?, page.self_test().await?)) };
        let attempt: Result<_, browser::PageError> = attempt.await;
        match attempt {
            Ok(answer) if answer.1.ok || Instant::now() > deadline => return Ok(answer),
            Err(error) if Instant::now() > deadline => return Err(error.to_string()),
            _ => tokio::time::sleep(CHECK_INTERVAL).await,
        }
    }
}

fn checks(report: &PageReport, test: &SelfTest) -> Vec<Check> {
    let version = |found: &Option<String>| found.clone().unwrap_or_else(|| "unknown".to_owned());
    let wa_js = version(&report.wa_js_version);
    let whatsapp = version(&report.whatsapp_version);
    let optional: Vec<_> = test
        .checks
        .iter()
        .filter(|(name, found)| !**found && !report.missing.contains(name))
        .map(|(name, _)| name.as_str())
        .collect();
    vec![
        Check::ok("versions", format!("wa-js {wa_js} on WhatsApp {whatsapp}")),
        if report.missing.is_empty() {
            Check::ok(
                "required",
                "everything that sending and receiving need was found",
            )
        } else {
            Check::failure(
                "required",
                format!("lacks {}", report.missing.join(", ")),
                CURE,
            )
        },
        if optional.is_empty() {
            Check::ok("optional", "everything was found")
        } else {
            Check::warning("optional", format!("lacks {}", optional.join(", ")), CURE)
        },
    ]
}

/// Serves a saved page, and the folder that browsers save next to it, on loopback until `stop` is
/// cancelled.
async fn serve(saved: &Path, stop: CancellationToken) -> Result<Url, String> {
    let read_error = |error: std::io::Error| format!("{}: {error}", saved.display());
    let html = tokio::fs::read_to_string(saved).await.map_err(read_error)?;
    let stem = saved.file_stem().unwrap_or_default().to_string_lossy();
    let saved_files: PathBuf = saved.with_file_name(format!("{stem}_files"));
    let router = Router::new()
        .route("/", get(move || async move { Html(html) }))
        .nest_service(&format!("/{stem}_files"), ServeDir::new(saved_files));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .map_err(read_error)?;
    let address = listener.local_addr().map_err(read_error)?;
    tokio::spawn(async move {
        let serving = axum::serve(listener, router);
        // The server ends with the command, so there is nothing to drain.
        let _ = serving.with_graceful_shutdown(stop.cancelled_owned()).await;
    });
    Url::parse(&format!("http://{address}/")).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use service_runtime::doctor::Verdict;

    use super::*;

    fn test(names: &[(&str, bool)]) -> SelfTest {
        SelfTest {
            ok: names.iter().all(|(_, found)| *found),
            checks: names
                .iter()
                .map(|(name, found)| ((*name).to_owned(), *found))
                .collect(),
        }
    }

    #[test]
    fn missing_required_name_is_a_failure_others_warn() {
        let verdicts = |report: &PageReport, test: &SelfTest| -> Vec<Verdict> {
            checks(report, test)
                .iter()
                .map(|check| check.verdict)
                .collect()
        };
        let names = [("MsgStore", false), ("send_file", false), ("wa-js", true)];
        let report = PageReport {
            missing: vec!["MsgStore".to_owned()],
            ..PageReport::default()
        };
        assert_eq!(
            verdicts(&report, &test(&names)),
            [Verdict::Ok, Verdict::Failure, Verdict::Warning]
        );
        assert_eq!(
            verdicts(&PageReport::default(), &test(&[("wa-js", true)])),
            [Verdict::Ok; 3]
        );
    }
}
