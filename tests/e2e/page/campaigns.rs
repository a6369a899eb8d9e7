//! Tests campaigns on the page, in a browser: a dry run with a thousand recipients, from the
//! spreadsheet to the end, and the change from a dry run to real messages.

use std::time::Duration;

use harness::standin::Settings;
use harness::{Hub, ManagerOptions, run_browser_flow, start_linked};

const PASSWORD: &str = "una clave de prueba, larga";

#[tokio::test(flavor = "multi_thread")]
async fn campaign_of_a_thousand_on_the_page() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let options = ManagerOptions::default()
        .with("HUB_ADMIN_PASSWORD", PASSWORD)
        .with("AUTO_CAMPAIGNS_ENABLED", true);
    let hub = Hub::start(&manager, options).await;
    let variables = [("ADMIN_PASSWORD", PASSWORD), ("PEOPLE", "1000")];
    let patience = Duration::from_secs(330);
    run_browser_flow(&hub, "campaign-flow.mjs", &variables, patience).await;
    assert!(standin.phone().messages().is_empty());
    manager.stop().await;
}

/// Checks a campaign before and after the operator allows real sends, which requires a restart of
/// the hub without `DRY_RUN`.
#[tokio::test(flavor = "multi_thread")]
async fn campaign_of_a_dry_run_is_sent_for_real() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let options = ManagerOptions::default()
        .with("HUB_ADMIN_PASSWORD", PASSWORD)
        .with("AUTO_CAMPAIGNS_ENABLED", true)
        .with("DRY_RUN", true);
    let mut hub = Hub::start(&manager, options).await;
    let phone = standin.web_url();
    let patience = Duration::from_secs(180);
    for part in ["dry-run", "real"] {
        let variables = [
            ("ADMIN_PASSWORD", PASSWORD),
            ("PHONE_URL", phone.as_str()),
            ("PART", part),
        ];
        run_browser_flow(&hub, "send-for-real-flow.mjs", &variables, patience).await;
        if part == "dry-run" {
            let sent = standin.phone().messages();
            assert!(sent.is_empty(), "the dry run sent {} messages", sent.len());
            hub.service.stop().await;
            hub.set("DRY_RUN", false);
            hub.restart().await;
        }
    }
    manager.stop().await;
}
