//! Tests, in a browser, a day of a small office on the page: from linking the phone to losing the
//! hub, on the screen of a desktop and of a phone.

use std::time::Duration;

use harness::standin::Settings;
use harness::{Hub, Manager, ManagerOptions, run_browser_flow, start_standin};

const PASSWORD: &str = "una clave de prueba, larga";

async fn day(size: &str) {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    let options = ManagerOptions::default()
        .with("HUB_ADMIN_PASSWORD", PASSWORD)
        .with("AUTO_CAMPAIGNS_ENABLED", true)
        .with("DRY_RUN", false);
    let hub = Hub::start(&manager, options).await;
    let phone = standin.web_url();
    let variables = [
        ("ADMIN_PASSWORD", PASSWORD),
        ("PHONE_URL", phone.as_str()),
        ("SIZE", size),
    ];
    run_browser_flow(
        &hub,
        "office-day-flow.mjs",
        &variables,
        Duration::from_secs(270),
    )
    .await;
    manager.stop().await;
}

#[tokio::test]
async fn office_day_on_a_desktop() {
    day("desk").await;
}

#[tokio::test]
async fn office_day_on_a_phone() {
    day("phone").await;
}
