//! Tests, in a browser, the page's schedules, its start screen and its settings.

use std::time::Duration;

use harness::standin::Settings;
use harness::{Hub, Manager, ManagerOptions, browser_flow, linked};

const PASSWORD: &str = "una clave de prueba, larga";
const PATIENCE: Duration = Duration::from_secs(270);

fn locked() -> ManagerOptions {
    ManagerOptions::default().with("HUB_ADMIN_PASSWORD", PASSWORD)
}

#[tokio::test]
async fn schedules_in_week_and_list() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let hub = Hub::start(&manager, locked()).await;
    let variables = [("ADMIN_PASSWORD", PASSWORD)];
    browser_flow(&hub, "schedules-flow.mjs", &variables, PATIENCE).await;
    manager.stop().await;
}

#[tokio::test]
async fn start_and_settings_screens() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let options = locked()
        .with("AUTO_CAMPAIGNS_ENABLED", true)
        .with("DRY_RUN", false);
    let hub = Hub::start(&manager, options).await;
    let phone = standin.web_url();
    let variables = [("ADMIN_PASSWORD", PASSWORD), ("PHONE_URL", phone.as_str())];
    browser_flow(&hub, "start-flow.mjs", &variables, PATIENCE).await;
    manager.stop().await;
}
