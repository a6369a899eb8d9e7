//! Every screen of the page, judged by Lighthouse.

use std::time::Duration;

use e2e::standin::Settings;
use e2e::{Hub, ManagerOptions, browser_flow, linked};

const PASSWORD: &str = "una clave de prueba, larga";

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_gets_95_or_more() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let options = ManagerOptions::default()
        .with("HUB_ADMIN_PASSWORD", PASSWORD)
        .with("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1");
    let hub = Hub::start(&manager, options).await;
    let phone = standin.web_url();
    let variables = [("ADMIN_PASSWORD", PASSWORD), ("PHONE_URL", phone.as_str())];
    let patience = Duration::from_secs(420);
    browser_flow(&hub, "lighthouse-flow.mjs", &variables, patience).await;
    manager.stop().await;
}
