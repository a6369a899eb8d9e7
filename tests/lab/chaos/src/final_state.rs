//! Collects the final state after a run: messages at the phone, processes and files left behind.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;
use whatsapp_standin::{Details, Phone};

use super::plan::Change;
use super::record::{AtPhone, OwnChange};
use super::verdict::short;
use harness::processes;

/// The name of session-manager's folder. It is short, since the path of Chrome's socket must fit
/// into 108 bytes.
pub(super) const MANAGER: &str = "sm";
/// The name of the hub's folder.
pub(super) const HUB: &str = "hub";

/// Returns the messages that WhatsApp's server accepted, in the server's order. The server does not
/// keep the text of a message that was deleted, so it is taken from its deletion.
pub(super) fn messages_at_phone(phone: &Phone, own_changes: &[OwnChange]) -> Vec<AtPhone> {
    let deletions = own_changes
        .iter()
        .filter(|own| own.change == Change::Delete);
    let deleted_texts: BTreeMap<&str, &str> = deletions
        .map(|own| (short(&own.message_id), &*own.original))
        .collect();
    let mut changes: BTreeMap<String, (Vec<String>, usize)> = BTreeMap::new();
    for change in phone.own_changes() {
        let (edits, deletions) = changes.entry(change.target).or_default();
        match change.kind.as_str() {
            "message_edit" => edits.push(change.body),
            _ => *deletions += 1,
        }
    }
    phone
        .messages()
        .into_iter()
        .map(|message| {
            let (edits, deletions) = changes.remove(&message.id).unwrap_or_default();
            let first = message.earlier.first().cloned();
            let deleted = || {
                let text = deleted_texts
                    .get(&*message.id)
                    .filter(|_| message.deleted)?;
                Some((*text).to_owned())
            };
            let text = first.or_else(deleted).or_else(|| text_of(&message.details));
            AtPhone {
                ack: message.acks.iter().copied().max().unwrap_or(0),
                text: text.unwrap_or(message.body),
                id: message.id,
                to: message.to,
                times_received: message.times_received,
                edits,
                deletions,
            }
        })
        .collect()
}

/// Returns the name of a location or contact, or a file's caption.
fn text_of(details: &Details) -> Option<String> {
    if details.caption.is_some() {
        return details.caption.clone();
    }
    if let Some(location) = &details.location {
        return Some(location.text.clone());
    }
    let card = details.cards.as_ref()?.first()?;
    let name = card.lines().find_map(|line| line.strip_prefix("FN:"))?;
    Some(name.trim().to_owned())
}

/// Lists the processes, locks, temporary files and panics that are left after the end.
pub(super) async fn find_leftovers(folder: &Path) -> Vec<String> {
    let deadline = Instant::now() + Duration::from_secs(15);
    while !processes::in_folder(folder).is_empty() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut find_leftovers: Vec<_> = processes::in_folder(folder)
        .into_iter()
        .map(|process| format!("process {} {}", process.pid, process.comm))
        .collect();
    let profile = folder.join(MANAGER).join("tokens/profile");
    for name in ["SingletonLock", "SingletonSocket", "SingletonCookie"] {
        if std::fs::symlink_metadata(profile.join(name)).is_ok() {
            find_leftovers.push(name.to_owned());
        }
    }
    for service in [MANAGER, HUB] {
        let temporary = folder.join(service).join("service-tmp");
        let files = std::fs::read_dir(temporary).into_iter().flatten().flatten();
        find_leftovers.extend(files.map(|file| format!("the file {}", file.path().display())));
        let logs = std::fs::read_dir(folder.join(service));
        for log in logs.into_iter().flatten().flatten() {
            let is_log = log.path().extension().is_some_and(|end| end == "log");
            if is_log
                && std::fs::read_to_string(log.path()).is_ok_and(|t| t.contains("panicked at"))
            {
                find_leftovers.push(format!("a panic in {}", log.path().display()));
            }
        }
    }
    find_leftovers
}
