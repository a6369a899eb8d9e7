//! Defines the causes of state transitions, with their codes and messages.

use std::fmt;

use crate::failure::Failure;

/// Why the session is in its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The service started without a linked profile.
    Started,
    /// The service started with a linked profile and connects by itself.
    LinkedProfileFound,
    /// A caller requested to connect.
    ConnectRequested,
    /// A caller requested to disconnect.
    DisconnectRequested,
    /// A caller requested to unlink the device.
    LogoutRequested,
    /// The page displays a code.
    CodeShown,
    /// The code was scanned, or the number was confirmed on the phone.
    CodeScanned,
    /// WhatsApp asks for the account's passkey before it links the device.
    PasskeyRequired,
    /// WhatsApp asks for the passkey, but this version cannot parse the request.
    PasskeyUnreadable,
    /// The page came up with the stored device.
    ProfileLinked,
    /// The page is linked, synced and connected.
    Synced,
    /// The page lost its connection to WhatsApp. Contains the page's stream state.
    ConnectionLost(String),
    /// The page is connected, but delivers queued messages. It holds every send until that is
    /// complete.
    OfflineDelivery,
    /// The page is connected, but lacks functions that sending and receiving need. Contains their
    /// names.
    ToolsBroken(Vec<String>),
    /// The page of a linked profile displays a code, which is trusted only
    /// after a reload.
    LinkInDoubt,
    /// WhatsApp's servers are unavailable.
    ServiceUnavailable,
    /// The phone (or WhatsApp) unlinked the device. Contains the page's reason.
    Unlinked(String),
    /// WhatsApp Web was opened elsewhere with this device.
    Conflict,
    /// The code was not scanned in any of its rounds.
    CodeNotScanned,
    /// The browser is closed for a backup.
    BackingUp,
    /// A failure occurred.
    Failed(Failure),
    /// The page is being reloaded after a failure.
    Reloading(Failure),
    /// The browser is being restarted after a failure.
    Restarting(Failure),
}

impl Cause {
    /// Returns the code used in `GET /session`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Started => "STARTED",
            Self::LinkedProfileFound => "LINKED_PROFILE_FOUND",
            Self::ConnectRequested => "CONNECT_REQUESTED",
            Self::DisconnectRequested => "DISCONNECT_REQUESTED",
            Self::LogoutRequested => "LOGOUT_REQUESTED",
            Self::CodeShown => "CODE_SHOWN",
            Self::CodeScanned => "CODE_SCANNED",
            Self::PasskeyRequired => "PASSKEY_REQUIRED",
            Self::PasskeyUnreadable => "PASSKEY_UNREADABLE",
            Self::ProfileLinked => "PROFILE_LINKED",
            Self::Synced => "SYNCED",
            Self::ConnectionLost(_) => "CONNECTION_LOST",
            Self::OfflineDelivery => "OFFLINE_DELIVERY",
            Self::ToolsBroken(_) => "TOOLS_BROKEN",
            Self::LinkInDoubt => "LINK_IN_DOUBT",
            Self::ServiceUnavailable => "SERVICE_UNAVAILABLE",
            Self::Unlinked(_) => "UNLINKED",
            Self::Conflict => "CONFLICT",
            Self::CodeNotScanned => "CODE_NOT_SCANNED",
            Self::BackingUp => "BACKING_UP",
            Self::Failed(failure) | Self::Reloading(failure) | Self::Restarting(failure) => {
                failure.code()
            }
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("no linked profile is stored: waiting for POST /connect"),
            Self::LinkedProfileFound => {
                f.write_str("a linked profile is stored: connecting by itself")
            }
            Self::ConnectRequested => f.write_str("requested by POST /connect"),
            Self::DisconnectRequested => {
                f.write_str("requested by POST /disconnect; the device stays linked")
            }
            Self::LogoutRequested => {
                f.write_str("requested by POST /logout; POST /connect shows a new code")
            }
            Self::CodeShown => f.write_str("the page shows a code: scan it with the phone"),
            Self::CodeScanned => f.write_str("the phone linked the device; syncing"),
            Self::PasskeyRequired => f.write_str(
                "WhatsApp asks for the account's passkey before it links this device: answer it on the hub's page within ten minutes",
            ),
            Self::PasskeyUnreadable => f.write_str(
                "WhatsApp asks for the account's passkey in a way that this version does not know, so that it cannot be answered from here: link on a desktop (`session-manager link`), or look for a newer version",
            ),
            Self::ProfileLinked => {
                f.write_str("the stored device is linked; connecting to WhatsApp")
            }
            Self::Synced => f.write_str("linked, synced and connected"),
            Self::ConnectionLost(reason) => write!(
                f,
                "the page lost its connection to WhatsApp ({reason}); it reconnects by itself"
            ),
            Self::OfflineDelivery => f.write_str(
                "connected; the messages that waited are being delivered, and WhatsApp holds what is sent until they are",
            ),
            Self::ToolsBroken(missing) => write!(
                f,
                "connected, but WhatsApp's page lacks what sending and hearing need ({}): it changed, and a newer wa-js may help (WA_JS_PATH; `session-manager doctor --wa-js FILE` judges one)",
                missing.join(", ")
            ),
            Self::LinkInDoubt => f.write_str(
                "the page shows a code although a device is linked: it is loaded once more before that is believed",
            ),
            Self::ServiceUnavailable => f.write_str(
                "WhatsApp's servers answer that they cannot serve anybody now (503); the page tries again by itself",
            ),
            Self::Unlinked(reason) => write!(
                f,
                "the device was unlinked ({}): POST /connect, then scan a new code",
                logout_reason(reason)
            ),
            Self::Conflict => f.write_str(
                "WhatsApp Web was opened elsewhere with this device: close it there, then POST /connect",
            ),
            Self::CodeNotScanned => {
                f.write_str("nobody scanned the code in time: POST /connect shows a new one")
            }
            Self::BackingUp => f.write_str(
                "a backup of the session is being taken: it comes back by itself in some seconds",
            ),
            Self::Failed(failure) => failure.fmt(f),
            Self::Reloading(failure) => write!(f, "{failure}; loading the page anew"),
            Self::Restarting(failure) => write!(f, "{failure}; starting the browser again"),
        }
    }
}

/// Returns the name and meaning of the page's logout reason.
///
/// Source: the page's `WAWebLogoutReasonConstants` (`LogoutReason` in lower case,
/// `LOGOUT_REASON_CODE` in upper case).
fn logout_reason(reason: &str) -> String {
    let (name, meaning) = match reason.to_ascii_lowercase().as_str() {
        "history_sync_timeout" | "initial_history_sync_timeout" => (
            "HISTORY_SYNC_TIMEOUT",
            "the phone did not send the history in time; keep WhatsApp open on it while it links",
        ),
        name if name.starts_with("lid_") => (
            "LID_MIGRATION",
            "WhatsApp moved the account to its new kind of ids, and this device did not follow",
        ),
        "sync_fail"
        | "syncd_failure"
        | "syncd_error_during_bootstrap"
        | "account_sync_error"
        | "syncd_timeout"
        | "critical_sync_timeout"
        | "account_sync_timeout" => ("SYNC_FAILED", "the sync with the phone failed"),
        "client_fatal"
        | "client_fatal_error"
        | "web_fail_add_chat"
        | "web_fail_enc_salt"
        | "web_fail_offline_resume"
        | "web_fail_storage_initialization"
        | "cache_storage_open_failed" => (
            "STORAGE_FAILED",
            "the page could not use its own storage; look at the disk of TOKENS_DIR",
        ),
        "storage_quota_exceeded" => (
            "STORAGE_FULL",
            "the browser had no room left; look at the disk of TOKENS_DIR",
        ),
        "account_locked" => (
            "ACCOUNT_LOCKED",
            "WhatsApp locked the account; look at the phone's WhatsApp",
        ),
        "client_version_outdated" => (
            "CLIENT_VERSION_OUTDATED",
            "WhatsApp takes this version of its page no more",
        ),
        "unknown_companion" | "invalid_adv_status" | "md_opt_out" => (
            "REMOVED_ON_PHONE",
            "the phone does not know the device any more",
        ),
        "primary_identity_key_change" => {
            ("PHONE_CHANGED", "WhatsApp was installed anew on the phone")
        }
        "user_initiated" => ("USER_INITIATED", "somebody logged out"),
        _ => return reason.to_owned(),
    };
    format!("{name}: {meaning}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logout_reason_is_explained() {
        for (reason, name) in [
            ("INITIAL_HISTORY_SYNC_TIMEOUT", "HISTORY_SYNC_TIMEOUT"),
            ("history_sync_timeout", "HISTORY_SYNC_TIMEOUT"),
            ("lid_migration_unmigrated_companion", "LID_MIGRATION"),
            ("CLIENT_FATAL", "STORAGE_FAILED"),
            ("SYNC_FAIL", "SYNC_FAILED"),
            ("ACCOUNT_LOCKED", "ACCOUNT_LOCKED"),
            ("logout_from_bridge", "logout_from_bridge"),
        ] {
            let message = Cause::Unlinked(reason.to_owned()).to_string();
            assert!(message.contains(&format!("({name}")), "{message}");
        }
    }
}
