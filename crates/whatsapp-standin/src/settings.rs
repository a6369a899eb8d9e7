//! Defines the settings of the stand-in: delays, and which variant of the page is served.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// All settings of a stand-in. The defaults match the real service.
///
/// Over HTTP every duration is a whole number of milliseconds, in a field whose name ends in `_ms`.
/// A patch names only the fields that change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Lifetime of the first code of a round.
    #[serde(rename = "first_code_ms", with = "millis")]
    pub first_code: Duration,
    /// Lifetime of each further code of a round.
    #[serde(rename = "next_code_ms", with = "millis")]
    pub next_code: Duration,
    /// Number of codes in a round, before the page goes idle.
    pub codes: u32,
    /// Time until the stream has a mode, at which wa-js reports itself ready. The real page has one
    /// from the start: this widens the milliseconds in which wa-js can be called and is not ready.
    #[serde(rename = "wa_js_ready_ms", with = "millis")]
    pub wa_js_ready: Duration,
    /// Lifetime of a code for linking by number.
    #[serde(rename = "link_code_ms", with = "millis")]
    pub link_code: Duration,
    /// Whether the account requires a passkey when a device is linked.
    pub passkey: bool,
    /// Lifetime of a passkey challenge.
    #[serde(rename = "passkey_ms", with = "millis")]
    pub passkey_life: Duration,
    /// Time from an accepted assertion to the verification code; `None`: the code never comes.
    #[serde(rename = "passkey_phone_ms", with = "maybe_millis")]
    pub passkey_phone: Option<Duration>,
    /// Timeout of the page for each further step of the phone.
    #[serde(rename = "passkey_step_ms", with = "millis")]
    pub passkey_step: Duration,
    /// How long after the request the page can prove that it was the one scanned. Later, a person
    /// has to compare the verification code.
    #[serde(rename = "passkey_handoff_ms", with = "millis")]
    pub passkey_handoff: Duration,
    /// Whether the page publishes events about the passkey.
    pub passkey_events: bool,
    /// Whether the passkey screen has the known test ids.
    pub passkey_test_ids: bool,
    /// The origin that assertions must have.
    pub passkey_origin: String,
    /// Time from "scanned" to the stream restart (code 515) that logs the device in.
    #[serde(rename = "stream_restart_ms", with = "millis")]
    pub stream_restart: Duration,
    /// Time from "logged in" to "synced", with all messages that were received while offline.
    #[serde(rename = "sync_ms", with = "millis")]
    pub sync: Duration,
    /// Number of progress steps of a sync. With 0, the page reports no progress before the end.
    pub sync_steps: u32,
    /// Time from "synced" to the end of the offline delivery. The messages that were received while
    /// offline arrive halfway, and the page holds outbound messages until the end.
    #[serde(rename = "offline_delivery_ms", with = "millis")]
    pub offline_delivery: Duration,
    /// Maximum time for which the page holds a message during the offline delivery.
    #[serde(rename = "offline_hold_ms", with = "millis")]
    pub offline_hold: Duration,
    /// Whether the page reloads itself at the end of the next offline delivery.
    pub refresh_window: bool,
    /// Whether a newly linked device shows the "What's new" dialog.
    pub whats_new: bool,
    /// Whether the dialog's button has its test id.
    pub whats_new_test_id: bool,
    /// How long the phone waits for the dialog to be acknowledged before it unlinks the device.
    #[serde(rename = "whats_new_grace_ms", with = "millis")]
    pub whats_new_grace: Duration,
    /// Number of upcoming page loads on which the page fails to open its database, and so does not
    /// know its device.
    pub broken_database_loads: u32,
    /// The modules that never register.
    pub withheld_modules: Vec<String>,
    /// Whether `Cmd` fires `logout`, as older pages did.
    pub cmd_logout: bool,
    /// Time from "synced" to the complete history, after a new link.
    #[serde(rename = "history_ms", with = "millis")]
    pub history: Duration,
    /// Whether the phone paused the history, and its time for the history has run out.
    pub history_paused_out: bool,
    /// Time from an accepted message to its ack 1.
    #[serde(rename = "server_ack_ms", with = "millis")]
    pub server_ack: Duration,
    /// Time from ack 1 to ack 2; `None` if the lead's phone is unreachable.
    #[serde(rename = "delivered_ack_ms", with = "maybe_millis")]
    pub delivered_ack: Option<Duration>,
    /// Time from ack 2 to ack 3; `None` if the lead never reads.
    #[serde(rename = "read_ack_ms", with = "maybe_millis")]
    pub read_ack: Option<Duration>,
    /// Age up to which the page offers to edit a message.
    #[serde(rename = "edit_offered_ms", with = "millis")]
    pub edit_offered: Duration,
    /// Age up to which the page sends an edit.
    #[serde(rename = "edit_sent_ms", with = "millis")]
    pub edit_sent: Duration,
    /// Age up to which the page deletes a message for everyone.
    #[serde(rename = "revoke_ms", with = "millis")]
    pub revoke: Duration,
    /// Latency of the server's lookup of whether a number has WhatsApp.
    #[serde(rename = "query_ms", with = "millis")]
    pub query: Duration,
    /// Whether the server's lookup of numbers fails.
    pub query_fails: bool,
    /// Period over which the page's modules register.
    #[serde(rename = "module_spread_ms", with = "millis")]
    pub module_spread: Duration,
    /// How long the page tries to reach a lost server before it reports
    /// `TIMEOUT`.
    #[serde(rename = "page_timeout_ms", with = "millis")]
    pub page_timeout: Duration,
    /// Initial reconnect backoff of the page. It doubles with each try, up to 2 s.
    #[serde(rename = "reconnect_ms", with = "millis")]
    pub reconnect: Duration,
    /// Time from the page's `logout` event to the navigation.
    #[serde(rename = "logout_grace_ms", with = "millis")]
    pub logout_grace: Duration,
    /// Whether the page navigates after the scan, instead of logging in without a navigation.
    pub navigate_after_link: bool,
    /// Whether `Cmd.refreshQR` exists (removed from the real page in 2026).
    pub cmd_refresh_qr: bool,
    /// Whether `WAWebLaunchSocketUtils.refreshQR` exists.
    pub launch_refresh_qr: bool,
    /// Whether the code's container carries `data-ref`.
    pub data_ref: bool,
    /// Whether the shown code is wrapped in a `https://wa.me/…#` address.
    pub code_as_url: bool,
    /// Whether the shown code ends in a link to WhatsApp's help, as a sixth field.
    pub code_with_help: bool,
    /// Whether `window.Debug` exists.
    pub debug_global: bool,
    /// Whether one-to-one chats are addressed by LID, as on migrated accounts.
    pub lid_migrated: bool,
    /// Whether `MsgKey` stores its text under a name other than `_serialized`.
    pub msg_key_renamed: bool,
    /// Whether the page's blocklist lacks a newly blocked contact until the page checks the contact
    /// itself, which it does when it sends.
    pub late_blocklist: bool,
    /// Whether the search of the page's database starts at the end of a chat if it gets a chat
    /// instead of a message.
    pub chat_as_anchor: bool,
    /// Whether a number without its own setting has WhatsApp.
    pub unknown_on_whatsapp: bool,
    /// The page's version, `WAWebBuildConstants.VERSION_STR`.
    pub version: String,
    /// The account's phone number.
    pub me: String,
    /// The account's name.
    pub pushname: String,
}

impl Default for Settings {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self {
            first_code: Duration::from_secs(60),
            next_code: Duration::from_secs(20),
            codes: 6,
            wa_js_ready: ms(0),
            link_code: Duration::from_secs(180),
            passkey: false,
            passkey_life: Duration::from_secs(600),
            passkey_phone: Some(ms(50)),
            passkey_step: Duration::from_secs(120),
            passkey_handoff: Duration::from_secs(300),
            passkey_events: true,
            passkey_test_ids: true,
            passkey_origin: "https://web.whatsapp.com".to_owned(),
            stream_restart: ms(50),
            sync: ms(400),
            sync_steps: 3,
            offline_delivery: ms(20),
            offline_hold: Duration::from_secs(300),
            refresh_window: false,
            whats_new: true,
            whats_new_test_id: true,
            whats_new_grace: Duration::from_secs(300),
            broken_database_loads: 0,
            withheld_modules: Vec::new(),
            cmd_logout: false,
            history: ms(0),
            history_paused_out: false,
            server_ack: ms(20),
            delivered_ack: Some(ms(40)),
            read_ack: None,
            edit_offered: Duration::from_secs(900),
            edit_sent: Duration::from_secs(1_200),
            revoke: Duration::from_secs(216_000),
            query: ms(5),
            query_fails: false,
            module_spread: ms(350),
            page_timeout: ms(1000),
            reconnect: ms(200),
            logout_grace: ms(150),
            navigate_after_link: false,
            cmd_refresh_qr: false,
            launch_refresh_qr: true,
            data_ref: true,
            code_as_url: false,
            code_with_help: false,
            debug_global: true,
            lid_migrated: false,
            msg_key_renamed: false,
            late_blocklist: false,
            chat_as_anchor: true,
            unknown_on_whatsapp: true,
            version: "2.3000.1046000001".to_owned(),
            me: "5491100000001".to_owned(),
            pushname: "Inmobiliaria de Prueba".to_owned(),
        }
    }
}

impl Settings {
    /// Returns these settings with the fields in `patch` replaced.
    ///
    /// # Errors
    /// If `patch` is not an object, names an unknown field, or has a value of the wrong type. The
    /// text says which.
    pub fn patched(&self, patch: &serde_json::Value) -> Result<Self, String> {
        let serde_json::Value::Object(patch) = patch else {
            return Err("an object of settings is expected".to_owned());
        };
        let mut all = serde_json::to_value(self).map_err(|e| e.to_string())?;
        if let Some(all) = all.as_object_mut() {
            for (name, value) in patch {
                all.insert(name.clone(), value.clone());
            }
        }
        let settings: Self = serde_json::from_value(all).map_err(|e| e.to_string())?;
        if settings.codes == 0 {
            return Err("codes must be at least 1".to_owned());
        }
        if settings.me.is_empty() || !settings.me.bytes().all(|b| b.is_ascii_digit()) {
            return Err("me must be a phone number, digits only".to_owned());
        }
        Ok(settings)
    }
}

mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(d: &Duration, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u64(u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
        Ok(Duration::from_millis(u64::deserialize(d)?))
    }
}

mod maybe_millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(d: &Option<Duration>, s: S) -> Result<S::Ok, S::Error> {
        match d {
            Some(d) => super::millis::serialize(d, s),
            None => s.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(d)?.map(Duration::from_millis))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_changes_what_it_names() {
        let patched = Settings::default()
            .patched(&json!({"first_code_ms": 900, "read_ack_ms": 5, "delivered_ack_ms": null}))
            .expect("a good patch");
        assert_eq!(patched.first_code, Duration::from_millis(900));
        assert_eq!(patched.read_ack, Some(Duration::from_millis(5)));
        assert_eq!(patched.delivered_ack, None);
        assert_eq!(patched.next_code, Duration::from_secs(20));
    }

    #[test]
    fn invalid_patch_reports_the_reason() {
        let settings = Settings::default();
        for (patch, word) in [
            (json!({"first_code": 900}), "first_code"),
            (json!({"codes": 0}), "codes"),
            (json!({"codes": "six"}), "six"),
            (json!({"me": "+54 9"}), "me"),
            (json!([1]), "object"),
        ] {
            let error = settings.patched(&patch).expect_err("must be refused");
            assert!(error.contains(word), "{error} should speak of {word}");
        }
    }
}
