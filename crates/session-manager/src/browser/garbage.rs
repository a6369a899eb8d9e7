//! Asking V8 for what the page does not need any more.

use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::json;
use url::{ParseError, Url};

/// `HeapProfiler.collectGarbage` of the DevTools protocol, by ChromeDriver.
#[derive(Debug)]
pub(super) struct CollectGarbage;

impl WebDriverCompatibleCommand for CollectGarbage {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/goog/cdp/execute"))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = json!({"cmd": "HeapProfiler.collectGarbage", "params": {}});
        (Method::POST, Some(body.to_string()))
    }
}
