//! The alert texts in English.

use session_api::SERVICE_NAME;

use super::super::condition::{Backup, Condition, LimitKind};
use super::Digest;

pub(super) fn title(condition: &Condition) -> String {
    match condition {
        Condition::SessionNotReady { cause, .. } => session(cause).0.to_owned(),
        Condition::SessionManagerDown { .. } => format!("{SERVICE_NAME} does not answer"),
        Condition::ManyRestarts { service, number } => {
            format!("{service} was restarted {number} times within an hour")
        }
        Condition::ShortUptime { service } => {
            format!("{service} was restarted before it was up for an hour")
        }
        Condition::BrowserRestarts { number, .. } => {
            format!("the browser was restarted {number} times in a row")
        }
        Condition::HighMemory { service, mib, .. } => {
            format!("{service} holds {mib} MiB of memory")
        }
        Condition::CampaignStopped { name, .. } => {
            format!("the campaign “{}” stopped by itself", short(name))
        }
        Condition::WhatsappLimit { kind, .. } => match kind {
            LimitKind::ReachOut => "WhatsApp lets the account write to nobody new",
            LimitKind::NewChats => "the monthly limit on new chats is reached",
            LimitKind::NewChatsNear => "the monthly limit on new chats is near",
        }
        .to_owned(),
        Condition::WebhookDeadLetters { name, is_off, .. } => {
            let what = if *is_off {
                "was switched off"
            } else {
                "did not hear everything"
            };
            format!("the webhook “{}” {what}", short(name))
        }
        Condition::BackupFailed { what } => format!("the backup of {} failed", of(*what)),
        Condition::BackupOld { what, hours } => {
            format!("the newest backup of {} is {hours} hours old", of(*what))
        }
        Condition::NoBackup { what } => format!("there is no backup of {} yet", of(*what)),
        Condition::LowDisk { free_mib, .. } => format!("{free_mib} MiB are left on the disk"),
        Condition::LargeProfile { mib } => format!("the browser's profile takes {mib} MiB"),
        Condition::Certificate { host, is_over } => {
            if *is_over {
                format!("the certificate of {host} is not valid")
            } else {
                format!("the certificate of {host} ends soon")
            }
        }
        Condition::ClockOff { seconds } => format!("the server's clock is {seconds} s off"),
    }
}

pub(super) fn body(condition: &Condition, until: &str) -> String {
    match condition {
        Condition::SessionNotReady { cause, message, .. } => {
            let (_, cure) = session(cause);
            let until = match until {
                "" => String::new(),
                until => format!(" It lapses at {until}."),
            };
            if cure.is_empty() {
                return format!(
                    "Nothing comes or goes over WhatsApp. session-manager says: {message}"
                );
            }
            format!("Nothing comes or goes over WhatsApp. {cure}{until}")
        }
        Condition::SessionManagerDown { reason } => format!(
            "The hub cannot talk to {SERVICE_NAME} ({reason}): nothing comes or goes. On the server: central-hub doctor says what it is and what cures it; pm2 ls, or systemctl status leadmaster-session-manager, whether it runs."
        ),
        Condition::ManyRestarts { service, .. } | Condition::ShortUptime { service } => format!(
            "{service} does not stay up. Its log says why it ends: pm2 logs --lines 50, or journalctl -n 50; its doctor looks at the machine. If it was you who restarted it, there is nothing to do."
        ),
        Condition::BrowserRestarts {
            number,
            budget,
            window_minutes,
        } => format!(
            "The browser broke down {number} times within {window_minutes} minutes; at {budget} the service stops trying. The log of {SERVICE_NAME} has each cause: memory? Chromium and ChromeDriver of one version?"
        ),
        Condition::HighMemory {
            service,
            mib,
            limit_mib,
        } => format!(
            "{service} holds {mib} MiB, and less than {limit_mib} is usual. If it goes on growing, restart it in a quiet moment; messages that wait are not lost."
        ),
        Condition::CampaignStopped { name, reason, .. } => format!(
            "The campaign “{}” was paused by the hub: {} Look at the cause on the page before you resume it.",
            short(name),
            stopped(reason)
        ),
        Condition::WhatsappLimit { kind, .. } => {
            let until = if until.is_empty() {
                String::new()
            } else {
                format!(" Until {until}.")
            };
            let what = match kind {
                LimitKind::ReachOut => {
                    "WhatsApp lets this account write to nobody who never wrote first. Campaigns wait; those who write to you can be answered. Afterwards, write to fewer people a day."
                }
                LimitKind::NewChats => {
                    "The month's new chats are used up. Campaigns wait; those who write to you can be answered."
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
                " The hub switched it off, since its address is gone."
            } else {
                ""
            };
            format!(
                "“{}” was not told {number} things after a day of tries.{off} On the page, Integrations says why, and sends them once more.",
                short(name)
            )
        }
        Condition::BackupFailed { what } => format!(
            "The last backup of {} could not be taken. On the server: {} says what is in the way.",
            of(*what),
            command(*what)
        ),
        Condition::BackupOld { what, hours } => format!(
            "The newest backup of {} is {hours} hours old. On the server: {} takes one, or says what is in the way.",
            of(*what),
            command(*what)
        ),
        Condition::NoBackup { what } => format!(
            "Backups of {} are configured, and none has been taken. On the server: {} takes one, or says what is in the way.",
            of(*what),
            command(*what)
        ),
        Condition::LowDisk { what, free_mib } => format!(
            "{free_mib} MiB are left on the disk of {what}. Without room nothing can be written down, and nothing leaves: df -h and du -xh --max-depth=2 say what takes it."
        ),
        Condition::LargeProfile { mib } => format!(
            "The browser's profile takes {mib} MiB. Restart {SERVICE_NAME} in a quiet moment: it clears what is not needed at its start. The rest is chats: those that are deleted on the phone go from it as well."
        ),
        Condition::Certificate { host, is_over } => {
            let what = if *is_over {
                "is over or not trusted: browsers do not open the page."
            } else {
                "ends within two weeks."
            };
            format!(
                "The certificate of {host} {what} On the server: certbot renew, or whatever renews it."
            )
        }
        Condition::ClockOff { seconds } => format!(
            "The server's clock differs by {seconds} seconds from WhatsApp's: WhatsApp and certificates fail so. On the server: timedatectl set-ntp true."
        ),
    }
}

const fn of(what: Backup) -> &'static str {
    match what {
        Backup::Session => "the WhatsApp session",
        Backup::Hub => "the hub's database",
    }
}

const fn command(what: Backup) -> &'static str {
    match what {
        Backup::Session => "session-manager backup",
        Backup::Hub => "central-hub backup",
    }
}

/// Shortens a name; the web page shows the full one.
fn short(name: &str) -> String {
    name.chars().take(40).collect()
}

/// Returns the title and the remedy of a cause. The remedy is empty where only
/// the service's own message helps.
fn session(cause: &str) -> (&'static str, &'static str) {
    const LINK: &str = "the phone has to be linked";
    const BROWSER: &str = "WhatsApp's browser does not stay up";
    const BY_ITSELF: &str = "It is opened again by itself. If it stays so, look at the server's memory and the log of session-manager.";
    match cause {
        "STARTED" | "CODE_SHOWN" | "CODE_NOT_SCANNED" | "LINK_IN_DOUBT" => (
            LINK,
            "Open the page, WhatsApp, and scan the code with the phone.",
        ),
        "UNLINKED" => (
            "WhatsApp was unlinked",
            "The session was ended on the phone, or by WhatsApp. Open the page, WhatsApp, and link it again.",
        ),
        "LOGOUT_REQUESTED" => (
            LINK,
            "Somebody unlinked the phone on the page. To come back: the page, WhatsApp, Connect.",
        ),
        "DISCONNECT_REQUESTED" => (
            "WhatsApp is disconnected on request",
            "Somebody disconnected it on the page. To come back: the page, WhatsApp, Connect.",
        ),
        "PASSKEY_REQUIRED" => (
            "WhatsApp asks for the passkey",
            "To finish linking it wants the account's passkey, within ten minutes. Open the page, WhatsApp, and answer it.",
        ),
        "PASSKEY_UNREADABLE" => (
            "WhatsApp asks for the passkey in a way not known here",
            "This version cannot answer it. Link on a desktop with session-manager link, or look for a newer version.",
        ),
        "CODE_SCANNED" | "PROFILE_LINKED" | "SYNC_STALLED" | "OFFLINE_DELIVERY" => (
            "WhatsApp does not finish its sync",
            "Leave WhatsApp open on the phone, with internet. If it does not move, disconnect and connect on the page.",
        ),
        "CONNECTION_LOST" => (
            "WhatsApp has no connection",
            "It reconnects by itself; see that the server has internet.",
        ),
        "SERVICE_UNAVAILABLE" => (
            "WhatsApp's servers do not answer",
            "There is nothing to mend here: it comes back by itself once they do.",
        ),
        "TOOLS_BROKEN" | "WA_JS_UNREADABLE" => (
            "WhatsApp changed its page",
            "Nothing can be sent or received for now: it needs a newer wa-js (WA_JS_PATH). Tell whoever installed LeadMaster; docs/operations.md, “A newer wa-js”.",
        ),
        "CONFLICT" => (
            "WhatsApp Web was opened elsewhere",
            "Close it there, then connect on the page.",
        ),
        "TEMPORARILY_BANNED" | "BLOCKED_BY_WHATSAPP" => (
            "WhatsApp blocked the account",
            "Pause all campaigns, and look at the phone for how long. A restart does not help. Afterwards, write to fewer people, and to those who expect it.",
        ),
        "CHROME_NOT_FOUND" | "CHROMEDRIVER_NOT_FOUND" | "UNSUPPORTED_BROWSER" => (
            "the browser is missing or too old",
            "On the server: apt-get install chromium chromium-driver. The service tries again by itself.",
        ),
        "PROFILE_UNUSABLE" => (
            "the session's folder cannot be used",
            "On the server: give the service's user TOKENS_DIR.",
        ),
        "LEDGER_UNAVAILABLE" => (
            "what is sent cannot be written down",
            "Mostly the disk is full: make room in DATA_DIR. It comes back by itself.",
        ),
        "PAGE_UNREACHABLE" => (
            "WhatsApp's page cannot be opened",
            "See that the server has internet. The service tries again by itself.",
        ),
        "TOO_MANY_RESTARTS" => (
            BROWSER,
            "It failed too often, and is not tried any more. Look at the log of session-manager, then connect on the page.",
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
            "It has been starting for a while. On the server: session-manager doctor says what it is.",
        ),
        _ => ("WhatsApp is not ready", ""),
    }
}

fn stopped(reason: &str) -> &'static str {
    match reason {
        "REACH_OUT_LIMIT" => "WhatsApp lets the account write to nobody new.",
        "NEW_CHAT_LIMIT" => "the monthly limit on new chats is reached.",
        "REFUSED_BY_WHATSAPP" => "WhatsApp refused several messages in a row.",
        "FAILURES_IN_A_ROW" => "several messages in a row failed.",
        "MANY_FAILURES" => "half of the last messages failed.",
        _ => "the hub saw a problem.",
    }
}

pub(super) fn digest(digest: &Digest) -> (String, String) {
    let title = if digest.active.is_empty() {
        format!("summary of {}: all is well", digest.day)
    } else {
        format!(
            "summary of {}: {} to look at",
            digest.day,
            digest.active.len()
        )
    };
    let session = match digest.ready {
        Some(true) => "WhatsApp is connected.",
        Some(false) => "WhatsApp is not ready.",
        None => "How WhatsApp stands is not known.",
    };
    let rehearsal = if digest.dry_run {
        " It is a rehearsal (DRY_RUN): nothing really leaves."
    } else {
        ""
    };
    let mut text = format!(
        "{session}{rehearsal}\n\nMessages of the last 24 hours: {} sent, {} failed, {} received. Waiting now: {}. Alerts: {}.",
        digest.sent, digest.failed, digest.received, digest.waiting, digest.raised
    );
    if !digest.active.is_empty() {
        text.push_str("\n\nTo look at:");
        for one in &digest.active {
            text.push_str("\n- ");
            text.push_str(one);
        }
    }
    (title, text)
}
