//! The page's messages, in a browser.

use std::time::Duration;

use e2e::standin::Settings;
use e2e::{Hub, ManagerOptions, browser_flow, linked};

const PASSWORD: &str = "una clave de prueba, larga";

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_found_sent_again_and_exported() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let options = ManagerOptions::default()
        .with("HUB_ADMIN_PASSWORD", PASSWORD)
        .with("DRY_RUN", false);
    let hub = Hub::start(&manager, options).await;
    let phone = standin.web_url();
    let variables = [("ADMIN_PASSWORD", PASSWORD), ("PHONE_URL", phone.as_str())];
    let patience = Duration::from_secs(270);
    browser_flow(&hub, "messages-flow.mjs", &variables, patience).await;
    manager.stop().await;
}
