//! Tests, in a browser, the settings' button that sends a test alert, with a real mail server that
//! requires TLS and a password, and a webhook without a receiver.

use std::time::Duration;

use harness::{Hub, Manager, ManagerOptions, Scratch, run_browser_flow};
use rcgen::generate_simple_self_signed;
use scratch_database::MailServer;
use serde_json::Value;

const PASSWORD: &str = "una clave de prueba, larga";
const WEBHOOK: &str = "http://127.0.0.1:1";

#[tokio::test]
async fn settings_button_sends_a_test_alert_over_each_channel() {
    let folder = Scratch::default();
    let created = generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate");
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, created.cert.pem()).expect("written");
    std::fs::write(&key, created.signing_key.serialize_pem()).expect("written");
    let [certificate, key] = [certificate, key].map(|path| path.display().to_string());
    let server = MailServer::start(&["--tls", &certificate, &key, "--auth", "hub:hunter2"]);
    let server = server.expect("a mail server");

    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let smtp = format!("smtp://hub:hunter2@127.0.0.1:{}", server.port());
    let options = ManagerOptions::default()
        .with("HUB_ADMIN_PASSWORD", PASSWORD)
        .with("SMTP_URL", smtp)
        .with("ALERT_EMAIL_FROM", "LeadMaster <hub@example.com>")
        .with("ALERT_EMAIL_TO", "ana@example.com")
        .with("ALERT_WEBHOOK_URL", format!("{WEBHOOK}/T0/secret"));
    let hub = Hub::start(&manager, options).await;
    let variables = [
        ("ADMIN_PASSWORD", PASSWORD),
        ("MAIL_TO", "ana@example.com"),
        ("WEBHOOK_ORIGIN", WEBHOOK),
    ];
    run_browser_flow(
        &hub,
        "alerts-flow.mjs",
        &variables,
        Duration::from_secs(150),
    )
    .await;
    let mails = server.mails();
    assert_eq!(mails.len(), 1, "{mails:?}");
    let mail: Value = serde_json::from_str(&mails[0]).expect("JSON");
    assert_eq!(mail["subject"], "LeadMaster: Prueba de avisos");
    assert_eq!(
        (&mail["encrypted"], &mail["user"]),
        (&Value::Bool(true), &Value::from("hub")),
        "{mail}"
    );
    manager.stop().await;
}
