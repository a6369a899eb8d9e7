//! The page's users, opt-outs, webhooks and tokens, in a browser.

use std::time::Duration;

use e2e::standin::Settings;
use e2e::{Hub, ManagerOptions, browser_flow, linked};

const PASSWORD: &str = "una clave de prueba, larga";

async fn watched(flow: &str) {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let options = ManagerOptions::default()
        .with("HUB_ADMIN_PASSWORD", PASSWORD)
        .with("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1")
        .with("DRY_RUN", false);
    let hub = Hub::start(&manager, options).await;
    let phone = standin.web_url();
    let variables = [("ADMIN_PASSWORD", PASSWORD), ("PHONE_URL", phone.as_str())];
    browser_flow(&hub, flow, &variables, Duration::from_secs(270)).await;
    manager.stop().await;
}

#[tokio::test]
async fn users_and_opt_outs_are_managed() {
    watched("access-flow.mjs").await;
}

#[tokio::test]
async fn webhooks_and_tokens_are_managed() {
    watched("integrations-flow.mjs").await;
}
