//! Settings of the stand-in: delays, and which variant of the page is served.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// All knobs of a stand-in. The default is what the real service does.
///
/// Over HTTP every duration is a whole number of milliseconds in a field that
/// ends in `_ms`; a patch names only the fields that change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long the first code of a round is shown.
    #[serde(rename = "first_code_ms", with = "millis")]
    pub first_code: Duration,
    /// How long each further code of a round is shown.
    #[serde(rename = "next_code_ms", with = "millis")]
    pub next_code: Duration,
    /// How many codes a round has before the page goes idle.
    pub codes: u32,
    /// How long a code for linking by number is good.
    #[serde(rename = "link_code_ms", with = "millis")]
    pub link_code: Duration,
    /// The account asks for a passkey when a device is linked.
    pub passkey: bool,
    /// How long what the passkey is asked for is good.
    #[serde(rename = "passkey_ms", with = "millis")]
    pub passkey_life: Duration,
    /// From an assertion that was taken to the verification code.
    #[serde(rename = "passkey_phone_ms", with = "maybe_millis")]
    pub passkey_phone: Option<Duration>,
    /// How long the page waits for each further step of the phone.
    #[serde(rename = "passkey_step_ms", with = "millis")]
    pub passkey_step: Duration,
    /// How long after the request the page can prove that it is the one that was
    /// scanned; later a person has to compare the verification code.
    #[serde(rename = "passkey_handoff_ms", with = "millis")]
    pub passkey_handoff: Duration,
    /// The page tells of a passkey by its events.
    pub passkey_events: bool,
    /// The screen for it has the test ids that are known.
    pub passkey_test_ids: bool,
    /// Where an assertion has to be made.
    pub passkey_origin: String,
    /// From "scanned" to the stream restart (the 515) that logs the device in.
    #[serde(rename = "stream_restart_ms", with = "millis")]
    pub stream_restart: Duration,
    /// From "logged in" to "synced", with everything that came while away.
    #[serde(rename = "sync_ms", with = "millis")]
    pub sync: Duration,
    /// In how many steps of progress a sync goes; 0 shows none until its end.
    pub sync_steps: u32,
    /// From "synced" to the end of the offline delivery: in its middle comes what
    /// arrived while away, and until its end the page holds what it is to send.
    #[serde(rename = "offline_delivery_ms", with = "millis")]
    pub offline_delivery: Duration,
    /// How long the page holds a message for that at most.
    #[serde(rename = "offline_hold_ms", with = "millis")]
    pub offline_hold: Duration,
    /// The page loads itself anew at the end of the next offline delivery.
    pub refresh_window: bool,
    /// A freshly linked device is shown the "What's new" dialog.
    pub whats_new: bool,
    /// That dialog's button has its test id.
    pub whats_new_test_id: bool,
    /// How long the phone waits for it to be acknowledged before it unlinks.
    #[serde(rename = "whats_new_grace_ms", with = "millis")]
    pub whats_new_grace: Duration,
    /// The next loads of the page that cannot open their database, and so know
    /// nothing of their device.
    pub broken_database_loads: u32,
    /// Modules that never register.
    pub withheld_modules: Vec<String>,
    /// `Cmd` fires `logout`, as older pages did.
    pub cmd_logout: bool,
    /// From "synced" to the whole history, after a fresh link.
    #[serde(rename = "history_ms", with = "millis")]
    pub history: Duration,
    /// The phone paused the history, and has used up its time for it.
    pub history_paused_out: bool,
    /// From a message taken to its ack 1.
    #[serde(rename = "server_ack_ms", with = "millis")]
    pub server_ack: Duration,
    /// From ack 1 to ack 2, if the lead's phone is reachable at all.
    #[serde(rename = "delivered_ack_ms", with = "maybe_millis")]
    pub delivered_ack: Option<Duration>,
    /// From ack 2 to ack 3, if the lead reads at all.
    #[serde(rename = "read_ack_ms", with = "maybe_millis")]
    pub read_ack: Option<Duration>,
    /// How long the server takes to say whether a number has WhatsApp.
    #[serde(rename = "query_ms", with = "millis")]
    pub query: Duration,
    /// The server fails to say whether a number has WhatsApp.
    pub query_fails: bool,
    /// Over how long the page's modules register.
    #[serde(rename = "module_spread_ms", with = "millis")]
    pub module_spread: Duration,
    /// How long the page looks for a lost server before it says `TIMEOUT`.
    #[serde(rename = "page_timeout_ms", with = "millis")]
    pub page_timeout: Duration,
    /// The page's first pause before it connects again (it doubles, to 2 s).
    #[serde(rename = "reconnect_ms", with = "millis")]
    pub reconnect: Duration,
    /// From the page's `logout` event to the navigation.
    #[serde(rename = "logout_grace_ms", with = "millis")]
    pub logout_grace: Duration,
    /// After the scan the page navigates instead of logging in where it is.
    pub navigate_after_link: bool,
    /// `Cmd.refreshQR` exists (it vanished from the real page in 2026).
    pub cmd_refresh_qr: bool,
    /// `WAWebLaunchSocketUtils.refreshQR` exists.
    pub launch_refresh_qr: bool,
    /// The code's container carries `data-ref`.
    pub data_ref: bool,
    /// The shown code is wrapped in a `https://wa.me/…#` address.
    pub code_as_url: bool,
    /// The shown code ends in a link to WhatsApp's help, as a sixth field.
    pub code_with_help: bool,
    /// `window.Debug` exists.
    pub debug_global: bool,
    /// One-to-one chats are addressed by LID, as on migrated accounts.
    pub lid_migrated: bool,
    /// `MsgKey` keeps its text under another name than `_serialized`.
    pub msg_key_renamed: bool,
    /// The search of the page's database begins at a chat's end where it is
    /// given a chat in place of a message.
    pub chat_as_anchor: bool,
    /// Whether a number nobody has spoken of has WhatsApp.
    pub unknown_on_whatsapp: bool,
    /// `WAWebBuildConstants.VERSION_STR`.
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
            chat_as_anchor: true,
            unknown_on_whatsapp: true,
            version: "2.3000.1046000001".to_owned(),
            me: "5491100000001".to_owned(),
            pushname: "Inmobiliaria de Prueba".to_owned(),
        }
    }
}

impl Settings {
    /// These settings with the fields that `patch` names replaced.
    ///
    /// # Errors
    /// When `patch` is no object, names a field that is none, or has a value
    /// of the wrong kind; the text says which.
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
    fn a_bad_patch_says_why() {
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
