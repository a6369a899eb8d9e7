//! Campaigns on the page, in a browser: a thousand recipients from the
//! spreadsheet to the end, as a dry run against the stand-in; and the way from a
//! rehearsal to real messages.

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

/// The operator's lock is in the environment: the hub is started anew without it.
#[tokio::test(flavor = "multi_thread")]
async fn rehearsed_campaign_is_sent_for_real() {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let options = ManagerOptions::default()
        .with("HUB_ADMIN_PASSWORD", PASSWORD)
        .with("AUTO_CAMPAIGNS_ENABLED", true)
        .with("DRY_RUN", true);
    let mut hub = Hub::start(&manager, options).await;
    let phone = standin.web_url();
    let patience = Duration::from_secs(180);
    for part in ["rehearsal", "real"] {
        let variables = [
            ("ADMIN_PASSWORD", PASSWORD),
            ("PHONE_URL", phone.as_str()),
            ("PART", part),
        ];
        browser_flow(&hub, "send-for-real-flow.mjs", &variables, patience).await;
        if part == "rehearsal" {
            let sent = standin.phone().messages();
            assert!(sent.is_empty(), "{} messages left", sent.len());
            hub.service.stop().await;
            hub.set("DRY_RUN", false);
            hub.restart().await;
        }
    }
    manager.stop().await;
}
