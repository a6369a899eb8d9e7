//! The page's conversations, in a browser, with what really comes in.

use std::time::Duration;

use e2e::standin::Settings;
use e2e::{Hub, ManagerOptions, browser_flow, linked};

const PASSWORD: &str = "una clave de prueba, larga";

#[tokio::test]
async fn a_person_reads_and_answers() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let options = ManagerOptions::default()
        .with("HUB_ADMIN_PASSWORD", PASSWORD)
        .with("DRY_RUN", false);
    let hub = Hub::start(&manager, options).await;
    let phone = standin.web_url();
    let variables = [("ADMIN_PASSWORD", PASSWORD), ("PHONE_URL", phone.as_str())];
    let patience = Duration::from_secs(270);
    browser_flow(&hub, "conversations-flow.mjs", &variables, patience).await;
    manager.stop().await;
}
