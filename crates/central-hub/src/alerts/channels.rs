//! The channels that deliver notices: e-mail and a webhook.

mod email;
mod webhook;

use serde::Serialize;
use session_api::Timestamp;
use utoipa::ToSchema;

use self::email::Mailer;
use self::webhook::Hook;
pub(crate) use self::webhook::{ALERT, AlertData};
use super::words::AlertText;
use crate::config::AlertConfig;
use crate::webhooks::WebhookLimits;

/// A notice to send, independent of the channel.
#[derive(Clone, Debug)]
pub(super) struct Outgoing<'a> {
    /// The event's id, which stays the same for every attempt.
    pub(super) event_id: &'a str,
    pub(super) kind: &'a str,
    pub(super) code: &'a str,
    pub(super) severity: &'a str,
    pub(super) text: &'a AlertText,
    pub(super) at: Timestamp,
}

/// Why sending failed: an error code, and the message of the mail server or receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SendFailure {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// The result of a test of one channel.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = alerts::Tried)]
pub(crate) struct ChannelTest {
    /// `email` or `webhook`.
    #[serde(rename = "way")]
    pub(crate) channel: &'static str,
    /// The recipients, without secrets.
    pub(crate) to: String,
    pub(crate) ok: bool,
    /// Why the test failed, as a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<&'static str>,
    /// The message of the mail server or receiver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
}

/// The configured channels.
#[derive(Clone, Default)]
pub(super) struct Channels {
    email: Option<Mailer>,
    webhook: Option<Hook>,
}

pub(super) const EMAIL: &str = "email";
pub(super) const WEBHOOK: &str = "webhook";

impl Channels {
    pub(super) fn new(config: &AlertConfig, limits: WebhookLimits) -> Self {
        Self {
            email: config.email.as_ref().map(Mailer::new),
            webhook: config
                .webhook
                .as_ref()
                .map(|webhook| Hook::new(webhook, limits.attempt)),
        }
    }

    /// Returns the names of the channels.
    pub(super) fn names(&self) -> Vec<&'static str> {
        let email = self.email.is_some().then_some(EMAIL);
        let webhook = self.webhook.is_some().then_some(WEBHOOK);
        email.into_iter().chain(webhook).collect()
    }

    /// Returns the recipients of each channel.
    pub(super) fn recipients(&self) -> Vec<(&'static str, String)> {
        let email = self.email.as_ref().map(|it| (EMAIL, it.to()));
        let webhook = self.webhook.as_ref().map(|it| (WEBHOOK, it.to()));
        email.into_iter().chain(webhook).collect()
    }

    /// Sends a notice through the channel named `channel`.
    pub(super) async fn send(
        &self,
        channel: &str,
        outgoing: &Outgoing<'_>,
    ) -> Result<(), SendFailure> {
        match (channel, &self.email, &self.webhook) {
            (EMAIL, Some(email), _) => email.send(outgoing).await,
            (WEBHOOK, _, Some(webhook)) => webhook.send(outgoing).await,
            _ => Err(SendFailure {
                code: "NOT_CONFIGURED",
                message: format!("{channel} is no longer configured"),
            }),
        }
    }

    /// Tests each channel.
    pub(super) async fn test(&self, outgoing: &Outgoing<'_>) -> Vec<ChannelTest> {
        let mut results = Vec::new();
        for (channel, to) in self.recipients() {
            let failed = self.send(channel, outgoing).await.err();
            results.push(ChannelTest {
                channel,
                to,
                ok: failed.is_none(),
                code: failed.as_ref().map(|it| it.code),
                message: failed.map(|it| it.message),
            });
        }
        results
    }
}
