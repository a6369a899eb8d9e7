//! Controls the browser's tab over CDP: navigates, evaluates, uploads files, closes dialogs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::cdp::{Cdp, CdpError};
use super::user_agent::UserAgent;

/// The name of the binding through which the page script reports. The script hides the binding
/// before the page's own scripts run.
pub(super) const CHANNEL: &str = "leadmasterChannel";

/// The page that Chrome starts with. Any other page would be loaded needlessly, and none of
/// Chrome's hidden pages has this address.
pub(super) const FIRST_PAGE: &str = "about:blank";
const CHECK_INTERVAL: Duration = Duration::from_millis(5);

const QUICK_TIMEOUT: Duration = Duration::from_secs(5);

/// The tab of a running browser; cheap to clone.
#[derive(Clone)]
pub(super) struct Tab {
    cdp: Cdp,
    user_agent: Arc<UserAgent>,
}

/// The target type of a service worker.
pub(super) const SERVICE_WORKER: &str = "service_worker";

/// The result of `Browser.getVersion`, whose `product` is for example `Chrome/156.0.8078.108`.
#[derive(Deserialize)]
struct Version {
    product: String,
}

/// The targets of a browser.
#[derive(Deserialize)]
struct Targets {
    #[serde(rename = "targetInfos")]
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    #[serde(rename = "targetId")]
    id: String,
    #[serde(rename = "type")]
    kind: String,
    url: String,
}

/// The result of an expression.
#[derive(Deserialize)]
pub(super) struct Evaluated {
    pub(super) result: RemoteObject,
    #[serde(rename = "exceptionDetails")]
    pub(super) exception: Option<Exception>,
}

#[derive(Deserialize)]
pub(super) struct RemoteObject {
    #[serde(default)]
    pub(super) value: Value,
    #[serde(rename = "objectId")]
    object_id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Exception {
    pub(super) text: String,
}

impl Tab {
    /// Attaches to the first page of the browser once the page appears, within `deadline`. The
    /// browser runs `program`. ChromeDriver is attached to the same page.
    pub(super) async fn attach(
        browser: &Cdp,
        program: &Path,
        deadline: Duration,
    ) -> Result<Self, CdpError> {
        let first = async {
            let browser = browser
                .attach("Target.attachToBrowserTarget", json!({}), deadline)
                .await?;
            loop {
                let found: Targets = browser
                    .call("Target.getTargets", json!({}), QUICK_TIMEOUT)
                    .await?;
                let first = |target: &Target| target.kind == "page" && target.url == FIRST_PAGE;
                if let Some(Target { id, .. }) = found.targets.into_iter().find(first) {
                    return Ok::<_, CdpError>((browser, id));
                }
                tokio::time::sleep(CHECK_INTERVAL).await;
            }
        };
        let (browser, id) = tokio::time::timeout(deadline, first)
            .await
            .map_err(|_| CdpError::Timeout(deadline))??;
        let target = json!({"targetId": id, "flatten": true});
        let Version { product } = browser
            .call("Browser.getVersion", json!({}), QUICK_TIMEOUT)
            .await?;
        let version = product.rsplit('/').next().unwrap_or_default();
        let user_agent = Arc::new(UserAgent::of(program, version));
        let cdp = browser
            .attach("Target.attachToTarget", target, QUICK_TIMEOUT)
            .await?;
        let tab = Self { cdp, user_agent };
        // A service worker does not inherit its page's overrides. So each worker is paused at its
        // start until it has its own (`identify_worker`).
        let workers = json!({
            "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true,
            "filter": [{"type": SERVICE_WORKER}, {"exclude": true}],
        });
        browser
            .call::<Value>("Target.setAutoAttach", workers, QUICK_TIMEOUT)
            .await?;
        let binding = json!({"name": CHANNEL});
        tokio::try_join!(
            tab.set_user_agent(&tab.cdp),
            // Enable the events of error pages and dialogs.
            tab.run("Page.enable", json!({})),
            tab.run("Inspector.enable", json!({})),
            // A binding reaches future documents only while context events are enabled.
            tab.run("Runtime.enable", json!({})),
            tab.run("Runtime.addBinding", binding),
        )?;
        Ok(tab)
    }

    /// Makes a target identify itself as a Chrome with a window.
    async fn set_user_agent(&self, target: &Cdp) -> Result<(), CdpError> {
        target
            .call::<Value>(
                "Emulation.setUserAgentOverride",
                &*self.user_agent,
                QUICK_TIMEOUT,
            )
            .await
            .map(drop)
    }

    /// Makes the service worker that is paused in this session identify itself as the page does,
    /// and resumes it.
    pub(super) async fn identify_worker(&self, session: &str) -> Result<(), CdpError> {
        let worker = self.cdp.in_session(session);
        let result = self.set_user_agent(&worker).await;
        worker
            .call::<Value>("Runtime.runIfWaitingForDebugger", json!({}), QUICK_TIMEOUT)
            .await?;
        result
    }

    async fn run(&self, method: &str, params: Value) -> Result<(), CdpError> {
        self.cdp
            .call::<Value>(method, params, QUICK_TIMEOUT)
            .await
            .map(drop)
    }

    /// Runs `source` in every document from now on, before the page's own scripts.
    pub(super) async fn preload(&self, source: &str) -> Result<(), CdpError> {
        let script = json!({"source": source});
        self.run("Page.addScriptToEvaluateOnNewDocument", script)
            .await
    }

    /// Evaluates `expression` in the current document. Returns its settled value, or a reference to
    /// the object if not `by_value`.
    pub(super) async fn evaluate(
        &self,
        expression: &str,
        by_value: bool,
        deadline: Duration,
    ) -> Result<Evaluated, CdpError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Evaluate<'a> {
            expression: &'a str,
            await_promise: bool,
            return_by_value: bool,
        }
        let params = Evaluate {
            expression,
            await_promise: by_value,
            return_by_value: by_value,
        };
        self.cdp.call("Runtime.evaluate", params, deadline).await
    }

    /// Closes a dialog of the page, which blocks until the dialog is answered. A dialog that asks
    /// whether to leave the page is accepted.
    pub(super) async fn dismiss_dialog(&self, accept: bool) -> Result<(), CdpError> {
        self.run("Page.handleJavaScriptDialog", json!({"accept": accept}))
            .await
    }

    /// Makes V8 collect the page's garbage. This takes a moment, during which the page is blocked.
    pub(super) async fn collect_garbage(&self) -> Result<(), CdpError> {
        self.run("HeapProfiler.collectGarbage", json!({})).await
    }

    /// Returns the error code of Chrome's error page, such as `ERR_CONNECTION_REFUSED`; empty until
    /// Chrome fills it in. `None` if no error page is displayed.
    pub(super) async fn error_page(&self) -> Option<String> {
        let expression = "location.protocol === 'chrome-error:' ? (document.querySelector('.error-code')?.textContent ?? '') : null";
        let evaluated = self.evaluate(expression, true, QUICK_TIMEOUT).await.ok()?;
        Some(evaluated.result.value.as_str()?.trim().to_owned())
    }

    /// Navigates to `url`. Returns once the server has responded, or Chrome displays its error
    /// page.
    pub(super) async fn navigate(&self, url: &Url, deadline: Duration) -> Result<(), CdpError> {
        let params = json!({"url": url.as_str()});
        self.cdp
            .call::<Value>("Page.navigate", params, deadline)
            .await
            .map(drop)
    }

    /// Reloads the page.
    pub(super) async fn reload(&self) -> Result<(), CdpError> {
        self.run("Page.reload", json!({})).await
    }

    /// Passes a file by its path to the element that `expression` returns. Chrome reads the file on
    /// demand, so that none of it is transferred over this connection.
    pub(super) async fn give_file(&self, expression: &str, path: &Path) -> Result<(), CdpError> {
        let evaluated = self.evaluate(expression, false, QUICK_TIMEOUT).await?;
        let element = json!({"objectId": evaluated.result.object_id});
        let files = json!({"files": [path], "objectId": evaluated.result.object_id});
        let result = self.run("DOM.setFileInputFiles", files).await;
        self.run("Runtime.releaseObject", element).await?;
        result
    }
}
