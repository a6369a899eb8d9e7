//! The alert texts in English.

use session_api::SERVICE_NAME;

use super::super::condition::{Backup, Condition, LimitKind};
use super::Digest;

pub(super) fn title(condition: &Condition) -> String {
    match condition {
        Condition::SessionNotReady { cause, .. } => session_texts(cause).0.to_owned(),
        Condition::SessionManagerDown { .. } => format!("{SERVICE_NAME} does not answer"),
        Condition::ManyRestarts { service, number } => {
            format!("{service} was restarted {number} times within an hour")
        }
        Condition::ShortUptime { service } => {
            format!("{service} was restarted within an hour of its start")
        }
        Condition::BrowserRestarts { number, .. } => {
            format!("the browser was restarted {number} times in a row")
        }
        Condition::HighMemory { service, mib, .. } => {
            format!("{service} uses {mib} MiB of memory")
        }
        Condition::CampaignStopped { name, .. } => {
            format!("the campaign “{}” was paused automatically", shorten(name))
        }
        Condition::WhatsappLimit { kind, .. } => match kind {
            LimitKind::ReachOut => "WhatsApp does not let the account start new chats",
            LimitKind::NewChats => "the monthly limit on new chats is reached",
            LimitKind::NewChatsNear => "the monthly limit on new chats is near",
        }
        .to_owned(),
        Condition::WebhookDeadLetters { name, is_off, .. } => {
            let what = if *is_off {
                "was disabled"
            } else {
                "missed events"
            };
            format!("the webhook “{}” {what}", shorten(name))
        }
        Condition::BackupFailed { what } => format!("the backup of {} failed", backup_name(*what)),
        Condition::BackupOld { what, hours } => {
            format!(
                "the newest backup of {} is {hours} hours old",
                backup_name(*what)
            )
        }
        Condition::NoBackup { what } => format!("there is no backup of {} yet", backup_name(*what)),
        Condition::LowDisk { free_mib, .. } => format!("{free_mib} MiB are left on the disk"),
        Condition::LargeProfile { mib } => format!("the browser's profile uses {mib} MiB"),
        Condition::Certificate { host, is_over } => {
            if *is_over {
                format!("the certificate of {host} is not valid")
            } else {
                format!("the certificate of {host} expires soon")
            }
        }
        Condition::ClockOff { seconds } => format!("the server's clock is {seconds} s off"),
    }
}

pub(super) fn body(condition: &Condition, until: &str) -> String {
    match condition {
        Condition::SessionNotReady { cause, message, .. } => {
            let (_, cure) = session_texts(cause);
            let until = match until {
                "" => String::new(),
                until => format!(" It expires at {until}."),
            };
            if cure.is_empty() {
                return format!(
                    "WhatsApp messages are neither sent nor received. session-manager reports: {message}"
                );
            }
            format!("WhatsApp messages are neither sent nor received. {cure}{until}")
        }
        Condition::SessionManagerDown { reason } => format!(
            "The hub cannot reach {SERVICE_NAME} ({reason}): messages are neither sent nor received. On the server, central-hub doctor shows the cause and the remedy; pm2 ls, or systemctl status leadmaster-session-manager, shows whether the service is running."
        ),
        Condition::ManyRestarts { service, .. } | Condition::ShortUptime { service } => format!(
            "{service} does not stay up. Its log shows why it ends: pm2 logs --lines 50, or journalctl -n 50; its doctor command checks the machine. If you restarted it yourself, there is nothing to do."
        ),
        Condition::BrowserRestarts {
            number,
            budget,
            window_minutes,
        } => format!(
            "The browser failed {number} times within {window_minutes} minutes; after {budget} failures the service stops trying. The log of {SERVICE_NAME} shows each cause. Check the memory, and that Chromium and ChromeDriver have the same version."
        ),
        Condition::HighMemory {
            service,
            mib,
            limit_mib,
        } => format!(
            "{service} uses {mib} MiB; less than {limit_mib} is usual. If it keeps growing, restart it at a quiet time; waiting messages are not lost."
        ),
        Condition::CampaignStopped { name, reason, .. } => format!(
            "The hub paused the campaign “{}”: {} Check the cause on the page before you resume it.",
            shorten(name),
            stop_reason(reason)
        ),
        Condition::WhatsappLimit { kind, .. } => {
            let until = if until.is_empty() {
                String::new()
            } else {
                format!(" Until {until}.")
            };
            let what = match kind {
                LimitKind::ReachOut => {
                    "WhatsApp does not let this account write to people who never wrote first. Campaigns wait; you can still answer people who write to you. Afterwards, write to fewer people a day."
                }
                LimitKind::NewChats => {
                    "This month's new chats are used up. Campaigns wait; you can still answer people who write to you."
                }
                LimitKind::NewChatsNear => {
                    "WhatsApp warns that few new chats are left this month. Lower the daily quota of the campaigns."
                }
            };
            format!("{what}{until}")
        }
        Condition::WebhookDeadLetters {
            name,
            number,
            is_off,
            ..
        } => {
            let off = if *is_off {
                " The hub disabled it because its address no longer exists."
            } else {
                ""
            };
            format!(
                "{number} events could not be delivered to “{}” after a day of attempts.{off} On the page, Integrations shows why and can send them again.",
                shorten(name)
            )
        }
        Condition::BackupFailed { what } => format!(
            "The last backup of {} failed. On the server, {} shows the problem.",
            backup_name(*what),
            backup_command(*what)
        ),
        Condition::BackupOld { what, hours } => format!(
            "The newest backup of {} is {hours} hours old. On the server, {} creates one or shows the problem.",
            backup_name(*what),
            backup_command(*what)
        ),
        Condition::NoBackup { what } => format!(
            "Backups of {} are configured, but none has been created. On the server, {} creates one or shows the problem.",
            backup_name(*what),
            backup_command(*what)
        ),
        Condition::LowDisk { what, free_mib } => format!(
            "{free_mib} MiB are left on the disk of {what}. On a full disk nothing can be stored, so nothing is sent: df -h and du -xh --max-depth=2 show what uses the space."
        ),
        Condition::LargeProfile { mib } => format!(
            "The browser's profile uses {mib} MiB. Restart {SERVICE_NAME} at a quiet time: at its start it deletes what is not needed. The rest is chats: deleting them on the phone removes them from the profile as well."
        ),
        Condition::Certificate { host, is_over } => {
            let what = if *is_over {
                "has expired or is not trusted: browsers do not open the page."
            } else {
                "expires within two weeks."
            };
            format!(
                "The certificate of {host} {what} On the server, renew it with certbot renew or your own tool."
            )
        }
        Condition::ClockOff { seconds } => format!(
            "The server's clock differs from WhatsApp's by {seconds} seconds, which breaks WhatsApp and certificates. On the server: timedatectl set-ntp true."
        ),
    }
}

const fn backup_name(what: Backup) -> &'static str {
    match what {
        Backup::Session => "the WhatsApp session",
        Backup::Hub => "the hub's database",
    }
}

const fn backup_command(what: Backup) -> &'static str {
    match what {
        Backup::Session => "session-manager backup",
        Backup::Hub => "central-hub backup",
    }
}

/// Shortens a name; the web page shows the full one.
fn shorten(name: &str) -> String {
    name.chars().take(40).collect()
}

/// Returns the title and the remedy of a cause. The remedy is empty where only
/// the service's own message helps.
fn session_texts(cause: &str) -> (&'static str, &'static str) {
    const LINK: &str = "the phone must be linked";
    const BROWSER: &str = "WhatsApp's browser does not stay up";
    const BY_ITSELF: &str = "It is restarted automatically. If this continues, check the server's memory and the log of session-manager.";
    match cause {
        "STARTED" | "CODE_SHOWN" | "CODE_NOT_SCANNED" | "LINK_IN_DOUBT" => (
            LINK,
            "Open WhatsApp on the page and scan the code with the phone.",
        ),
        "UNLINKED" => (
            "WhatsApp was unlinked",
            "The session was ended on the phone or by WhatsApp. Open WhatsApp on the page and link the phone again.",
        ),
        "LOGOUT_REQUESTED" => (
            LINK,
            "Somebody unlinked the phone on the page. To reconnect, open WhatsApp on the page and choose Connect.",
        ),
        "DISCONNECT_REQUESTED" => (
            "WhatsApp was disconnected on request",
            "Somebody disconnected it on the page. To reconnect, open WhatsApp on the page and choose Connect.",
        ),
        "PASSKEY_REQUIRED" => (
            "WhatsApp asks for the passkey",
            "To finish linking, WhatsApp needs the account's passkey within ten minutes. Open WhatsApp on the page and answer the request.",
        ),
        "PASSKEY_UNREADABLE" => (
            "WhatsApp asks for the passkey in an unknown way",
            "This version cannot answer it. Link on a desktop with session-manager link, or install a newer version.",
        ),
        "CODE_SCANNED" | "PROFILE_LINKED" | "SYNC_STALLED" | "OFFLINE_DELIVERY" => (
            "WhatsApp does not finish syncing",
            "Keep WhatsApp open on the phone, with an internet connection. If there is no progress, disconnect and connect on the page.",
        ),
        "CONNECTION_LOST" => (
            "WhatsApp has no connection",
            "It reconnects automatically; check the server's internet connection.",
        ),
        "SERVICE_UNAVAILABLE" => (
            "WhatsApp's servers do not answer",
            "There is nothing to fix here: the connection returns once they answer.",
        ),
        "TOOLS_BROKEN" | "WA_JS_UNREADABLE" => (
            "WhatsApp changed its page",
            "Messages cannot be sent or received for now: a newer wa-js is needed (WA_JS_PATH). Tell whoever installed LeadMaster; see docs/operations.md, “A newer wa-js”.",
        ),
        "CONFLICT" => (
            "WhatsApp Web was opened elsewhere",
            "Close it there, then connect on the page.",
        ),
        "TEMPORARILY_BANNED" | "BLOCKED_BY_WHATSAPP" => (
            "WhatsApp blocked the account",
            "Pause all campaigns, and check on the phone how long the block lasts. A restart does not help. Afterwards, write to fewer people, and only to those who expect it.",
        ),
        "CHROME_NOT_FOUND" | "CHROMEDRIVER_NOT_FOUND" | "UNSUPPORTED_BROWSER" => (
            "the browser is missing or too old",
            "On the server: apt-get install chromium chromium-driver. The service retries automatically.",
        ),
        "PROFILE_UNUSABLE" => (
            "the session's folder cannot be used",
            "On the server, make the service's user the owner of TOKENS_DIR.",
        ),
        "LEDGER_UNAVAILABLE" => (
            "sent messages cannot be recorded",
            "Usually the disk is full: free space in DATA_DIR. The service recovers automatically.",
        ),
        "PAGE_UNREACHABLE" => (
            "WhatsApp's page cannot be opened",
            "Check the server's internet connection. The service retries automatically.",
        ),
        "TOO_MANY_RESTARTS" => (
            BROWSER,
            "It failed too often and is no longer restarted. Check the log of session-manager, then connect on the page.",
        ),
        "BROWSER_LAUNCH_FAILED"
        | "BROWSER_DIED"
        | "CHROMEDRIVER_DIED"
        | "PAGE_CRASHED"
        | "PAGE_HUNG"
        | "PAGE_STUCK"
        | "ACKS_STOPPED"
        | "UNEXPECTED_LOGOUT" => (BROWSER, BY_ITSELF),
        "LINKED_PROFILE_FOUND" | "CONNECT_REQUESTED" | "BACKING_UP" => (
            "WhatsApp does not finish connecting",
            "It has been starting for a while. On the server, session-manager doctor shows the cause.",
        ),
        _ => ("WhatsApp is not ready", ""),
    }
}

fn stop_reason(reason: &str) -> &'static str {
    match reason {
        "REACH_OUT_LIMIT" => "WhatsApp does not let the account start new chats.",
        "NEW_CHAT_LIMIT" => "the monthly limit on new chats is reached.",
        "REFUSED_BY_WHATSAPP" => "WhatsApp refused several messages in a row.",
        "FAILURES_IN_A_ROW" => "several messages in a row failed.",
        "MANY_FAILURES" => "half of the last messages failed.",
        _ => "the hub detected a problem.",
    }
}

pub(super) fn digest(digest: &Digest) -> (String, String) {
    let title = if digest.active.is_empty() {
        format!("summary of {}: all is well", digest.day)
    } else {
        format!(
            "summary of {}: {} open alerts",
            digest.day,
            digest.active.len()
        )
    };
    let session = match digest.ready {
        Some(true) => "WhatsApp is connected.",
        Some(false) => "WhatsApp is not ready.",
        None => "The state of WhatsApp is unknown.",
    };
    let dry_run = if digest.dry_run {
        " This is a dry run (DRY_RUN): nothing is really sent."
    } else {
        ""
    };
    let mut text = format!(
        "{session}{dry_run}\n\nMessages of the last 24 hours: {} sent, {} failed, {} received. Waiting now: {}. Alerts: {}.",
        digest.sent, digest.failed, digest.received, digest.waiting, digest.raised
    );
    if !digest.active.is_empty() {
        text.push_str("\n\nOpen alerts:");
        for title in &digest.active {
            text.push_str("\n- ");
            text.push_str(title);
        }
    }
    (title, text)
}
