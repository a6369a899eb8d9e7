//! Sends notices by webhook, in the receiver's format, signed like all webhooks.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use url::form_urlencoded;
use utoipa::ToSchema;

use super::{Outgoing, SendFailure};
use crate::config::AllowedHosts;
use crate::config::alerts::{AlertWebhook, BodyEncoding, shown_host};
use crate::store::{WebhookSecret, envelope};
use crate::webhooks::{Post, WebhookClient};

/// The type of a notice, unless the receiver has a format of its own.
pub(crate) const ALERT: &str = "alert";

/// The data of a notice.
#[derive(Serialize, ToSchema)]
#[schema(as = alerts::AlertData)]
pub(crate) struct AlertData<'a> {
    /// `raised`, `repeated`, `cleared`, `digest` or `test`.
    kind: &'a str,
    /// The condition, as a code.
    code: &'a str,
    /// `critical`, `warning` or `info`.
    severity: &'a str,
    title: &'a str,
    text: &'a str,
}

/// Posts notices to one URL.
#[derive(Clone)]
pub(super) struct Hook {
    config: AlertWebhook,
    secrets: Vec<WebhookSecret>,
    client: WebhookClient,
}

impl Hook {
    pub(super) fn new(config: &AlertWebhook, deadline: Duration) -> Self {
        let secret = config.secret.as_ref();
        let secret = secret.map(service_runtime::ExposeSecret::expose_secret);
        let allowed = AllowedHosts::default().with_host_of(&config.url);
        Self {
            secrets: secret
                .map(|text| WebhookSecret::stored(text.to_owned()))
                .into_iter()
                .collect(),
            client: WebhookClient::new(allowed, deadline),
            config: config.clone(),
        }
    }

    /// Returns only the host, because the path of a chat's webhook URL is its password.
    pub(super) fn to(&self) -> String {
        shown_host(&self.config.url)
    }

    pub(super) async fn send(&self, outgoing: &Outgoing<'_>) -> Result<(), SendFailure> {
        let body = body(&self.config, outgoing);
        let post = Post {
            url: self.config.url.as_str(),
            content_type: match self.config.encoding {
                BodyEncoding::Json => "application/json",
                BodyEncoding::Form => "application/x-www-form-urlencoded",
                BodyEncoding::Text => "text/plain; charset=utf-8",
            },
            secrets: &self.secrets,
            id: outgoing.event_id,
            body: &body,
        };
        let (attempt, _) = self.client.post_once(&post).await;
        match attempt.error {
            None => Ok(()),
            Some(code) => Err(SendFailure {
                code,
                message: match attempt.status {
                    Some(status) => format!("{} answered {status}", self.to()),
                    None => format!("{} could not be reached", self.to()),
                },
            }),
        }
    }
}

fn body(config: &AlertWebhook, outgoing: &Outgoing<'_>) -> String {
    let text = outgoing.text;
    let Some(template) = &config.body else {
        let data = AlertData {
            kind: outgoing.kind,
            code: outgoing.code,
            severity: outgoing.severity,
            title: &text.title,
            text: &text.text,
        };
        let data = serde_json::to_value(data).unwrap_or_default();
        return envelope(ALERT, outgoing.at, &data);
    };
    fill(template, config.encoding, outgoing)
}

/// Fills the template's placeholders, with each value encoded for the body's format.
fn fill(template: &str, encoding: BodyEncoding, outgoing: &Outgoing<'_>) -> String {
    let text = outgoing.text;
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        // Startup has checked that every placeholder is closed.
        let Some((name, after)) = after.split_once("}}") else {
            break;
        };
        filled.push_str(before);
        let value = match name.trim() {
            "title" => text.title.clone(),
            "text" => text.text.clone(),
            "message" => format!("{}\n\n{}", text.title, text.text),
            "kind" => outgoing.kind.to_owned(),
            "code" => outgoing.code.to_owned(),
            "severity" => outgoing.severity.to_owned(),
            "at" => outgoing.at.to_string(),
            _ => String::new(),
        };
        filled.push_str(&encoded(&value, encoding));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

fn encoded(value: &str, encoding: BodyEncoding) -> String {
    match encoding {
        BodyEncoding::Text => value.to_owned(),
        BodyEncoding::Form => form_urlencoded::byte_serialize(value.as_bytes()).collect(),
        BodyEncoding::Json => {
            let quoted = json!(value).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use session_api::Timestamp;

    use super::super::super::words::AlertText;
    use super::*;

    #[test]
    fn values_are_escaped_in_each_encoding() {
        let text = AlertText {
            title: "campaña «\"x\"» & Cía".to_owned(),
            text: "a\nb=c".to_owned(),
        };
        let outgoing = Outgoing {
            event_id: "msg_1",
            kind: "raised",
            code: "LOW_DISK",
            severity: "critical",
            text: &text,
            at: Timestamp::from_millis(0).unwrap(),
        };
        let json = fill(
            r#"{"text":"{{title}}: {{ text }}"}"#,
            BodyEncoding::Json,
            &outgoing,
        );
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["text"], "campaña «\"x\"» & Cía: a\nb=c");
        let form = fill("To=%2B54&Body={{title}}", BodyEncoding::Form, &outgoing);
        let pairs: Vec<_> = form_urlencoded::parse(form.as_bytes()).collect();
        assert_eq!(pairs.len(), 2);
        assert_eq!(pairs[1].1, "campaña «\"x\"» & Cía");
        let text = fill(
            "{{code}} {{severity}} {{at}}",
            BodyEncoding::Text,
            &outgoing,
        );
        assert_eq!(text, "LOW_DISK critical 1970-01-01T00:00:00.000Z");
    }
}
