//! Tests, in a browser, a campaign with a thousand recipients on the page: from the spreadsheet to
//! its end, as a dry run against the stand-in.

use std::time::Duration;

use harness::standin::Settings;
use harness::{Hub, ManagerOptions, browser_flow, linked};

const PASSWORD: &str = "una clave de prueba, larga";

#[tokio::test(flavor = "multi_thread")]
async fn campaign_of_a_thousand_on_the_page() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let options = ManagerOptions::default()
        .with("HUB_ADMIN_PASSWORD", PASSWORD)
        .with("AUTO_CAMPAIGNS_ENABLED", true);
    let hub = Hub::start(&manager, options).await;
    let variables = [("ADMIN_PASSWORD", PASSWORD), ("PEOPLE", "1000")];
    let patience = Duration::from_secs(330);
    browser_flow(&hub, "campaign-flow.mjs", &variables, patience).await;
    assert!(standin.phone().messages().is_empty());
    manager.stop().await;
}
