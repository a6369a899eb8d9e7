//! Tests the page's screens in a browser (conversations and quick replies, contacts, messages,
//! users, opt-outs, webhooks and tokens), and audits every screen with Lighthouse.

use std::time::Duration;

use harness::standin::Settings;
use harness::{Hub, ManagerOptions, run_browser_flow, start_linked};

const PASSWORD: &str = "una clave de prueba, larga";

/// Runs `flow` on the page of a linked pair.
async fn watched(flow: &str, dry_run: bool) {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let options = ManagerOptions::default()
        .with("HUB_ADMIN_PASSWORD", PASSWORD)
        .with("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1")
        .with("DRY_RUN", dry_run);
    let hub = Hub::start(&manager, options).await;
    let phone = standin.web_url();
    let variables = [("ADMIN_PASSWORD", PASSWORD), ("PHONE_URL", phone.as_str())];
    run_browser_flow(&hub, flow, &variables, Duration::from_secs(420)).await;
    manager.stop().await;
}

#[tokio::test]
async fn conversations_are_read_and_answered() {
    watched("conversations-flow.mjs", false).await;
}

#[tokio::test]
async fn every_kind_of_message_is_shown_and_files_are_sent() {
    watched("thread-flow.mjs", false).await;
}

#[tokio::test]
async fn voice_emoji_and_quick_answers_are_sent() {
    watched("compose-flow.mjs", false).await;
}

#[tokio::test]
async fn contacts_are_noted_joined_parted_and_forgotten() {
    watched("contacts-flow.mjs", false).await;
}

#[tokio::test]
async fn messages_are_searched_retried_and_exported() {
    watched("messages-flow.mjs", false).await;
}

#[tokio::test]
async fn users_and_opt_outs_are_managed() {
    watched("access-flow.mjs", false).await;
}

#[tokio::test]
async fn webhooks_and_tokens_are_managed() {
    watched("integrations-flow.mjs", false).await;
}

#[tokio::test]
async fn every_screen_scores_95_in_lighthouse() {
    watched("lighthouse-flow.mjs", true).await;
}
