//! Parses WhatsApp's message ids, `<from me>_<chat>_<key>` (in groups followed by the participant),
//! and derives dedup keys.

use session_api::EventKind;

/// Returns the last part of the id of a message that this account sent; `None` for other messages.
pub(super) fn sent_key(id: &str) -> Option<&str> {
    id.strip_prefix("true_")?.split('_').nth(1)
}

/// Returns the dedup key of an incoming message. A person's chat may be addressed by number one day
/// and by LID the next, so incoming messages are identified by the key alone.
pub(super) fn inbound_dedup_key(id: &str) -> String {
    let parts: Vec<_> = id.split('_').collect();
    match parts[..] {
        ["false", chat, key] if chat.ends_with("@c.us") || chat.ends_with("@lid") => {
            format!("in:{key}")
        }
        _ => id.to_owned(),
    }
}

/// Returns the dedup key of a change of a message.
pub(super) fn change_key(kind: EventKind, key: &str) -> String {
    format!("{}:{}", kind.as_str(), inbound_dedup_key(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_the_same_by_number_and_by_lid() {
        let by_number = inbound_dedup_key("false_5491158254201@c.us_3A01");
        assert_eq!(by_number, inbound_dedup_key("false_123456@lid_3A01"));
        assert_ne!(
            by_number,
            inbound_dedup_key("false_5491158254201@c.us_3A02")
        );
        assert_ne!(by_number, inbound_dedup_key("true_5491158254201@c.us_3A01"));
        let group = "false_1203@g.us_3A01_5491158254201@c.us";
        assert_ne!(by_number, inbound_dedup_key(group));
        assert_ne!(
            inbound_dedup_key(group),
            inbound_dedup_key("false_1204@g.us_3A01_5491158254201@c.us")
        );
        assert_eq!(inbound_dedup_key("rubbish"), "rubbish");
    }

    #[test]
    fn sent_key_is_the_last_part_of_an_own_id() {
        for (id, key) in [
            ("true_5491158254201@c.us_3EB0A", Some("3EB0A")),
            ("true_1203@g.us_3EB0A_5491158254201@c.us", Some("3EB0A")),
            ("false_5491158254201@c.us_3EB0A", None),
            ("true_3EB0A", None),
            ("", None),
        ] {
            assert_eq!(sent_key(id), key, "{id}");
        }
    }
}
