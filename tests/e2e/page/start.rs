//! Tests, in a browser, the page's schedules, its start screen and its settings.

use std::time::Duration;

use harness::standin::Settings;
use harness::{Hub, Manager, ManagerOptions, run_browser_flow, start_linked};

const PASSWORD: &str = "una clave de prueba, larga";
const PATIENCE: Duration = Duration::from_secs(270);

fn password_options() -> ManagerOptions {
    ManagerOptions::default().with("HUB_ADMIN_PASSWORD", PASSWORD)
}

#[tokio::test]
async fn schedules_in_week_and_list() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let hub = Hub::start(&manager, password_options()).await;
    let variables = [("ADMIN_PASSWORD", PASSWORD)];
    run_browser_flow(&hub, "schedules-flow.mjs", &variables, PATIENCE).await;
    manager.stop().await;
}

/// Checks that pages which a browser keeps for the way back hold no connection.
#[tokio::test]
async fn kept_pages_hold_no_connection() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let hub = Hub::start(&manager, ManagerOptions::default()).await;
    run_browser_flow(&hub, "kept-pages-flow.mjs", &[], PATIENCE).await;
    manager.stop().await;
}

#[tokio::test]
async fn start_and_settings_screens() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let options = password_options()
        .with("AUTO_CAMPAIGNS_ENABLED", true)
        .with("DRY_RUN", false);
    let hub = Hub::start(&manager, options).await;
    let phone = standin.web_url();
    let variables = [("ADMIN_PASSWORD", PASSWORD), ("PHONE_URL", phone.as_str())];
    run_browser_flow(&hub, "start-flow.mjs", &variables, PATIENCE).await;
    manager.stop().await;
}
