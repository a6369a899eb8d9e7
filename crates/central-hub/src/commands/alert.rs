//! `central-hub alert --test`: tests whether alerts arrive, without a running hub.

use std::fmt::Write;

use crate::alerts;
use crate::config::Config;
use crate::webhooks::WebhookLimits;

/// Tests each channel. Returns the results as text; if a channel failed, the
/// same text is the error.
///
/// # Errors
/// If a channel failed, or none is configured.
pub async fn test(config: &Config) -> Result<String, String> {
    let tests = alerts::test(config, WebhookLimits::default()).await;
    if tests.is_empty() {
        return Err(
            "no alert channel is configured: set SMTP_URL, ALERT_EMAIL_FROM and ALERT_EMAIL_TO, or ALERT_WEBHOOK_URL"
                .to_owned(),
        );
    }
    let mut report = String::new();
    for test in &tests {
        let outcome = match (&test.code, &test.message) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            _ => "taken".to_owned(),
        };
        // Writing into a string does not fail.
        let _ = writeln!(report, "{:<8} {:<32} {outcome}", test.channel, test.to);
    }
    let report = report.trim_end().to_owned();
    if tests.iter().all(|test| test.ok) {
        Ok(report)
    } else {
        Err(report)
    }
}
