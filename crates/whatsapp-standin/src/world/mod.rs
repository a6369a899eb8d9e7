//! Simulates the world: the state of WhatsApp's servers, and its transitions.
//!
//! This module uses neither clock nor socket: callers pass the time, lines to a page go through the
//! page's channel, and delayed actions are returned to the caller.

mod chats;
mod contacts;
mod details;
mod lead_content;
mod limits;
mod linking;
mod media;
mod messages;
mod number_lookups;
mod own_changes;
mod passkey;
mod saved_state;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, VecDeque};

use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

pub use self::chats::{ReadReceipt, ShownActivity};
pub use self::details::{Details, Place, SentFile};
pub use self::lead_content::{LeadAd, LeadChoice, LeadContent, LeadMedia, LeadOrder, LeadPoll};
pub use self::limits::{CappingStatus, Limits, NewChats, ReachOutLock};
pub(crate) use self::linking::LinkError;
pub(crate) use self::media::Upload;
pub(crate) use self::messages::{SendReply, Taken};
pub use self::own_changes::OwnChange;
pub(crate) use self::saved_state::Saved;
use crate::codes::{CodeCycle, Keys};
use crate::page_protocol::{Ban, Change, Identity, Incoming, LongTask, ToPage};
use crate::passkey::{Ceremony, Credential};
use crate::phone_api_types::DeviceInfo;
use crate::settings::Settings;

/// How the server handles a message, by rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendBehavior {
    /// Accepted and acknowledged.
    #[default]
    Ok,
    /// Rejected with error 479. The page reports `ERROR_UNKNOWN` with that number, and marks the
    /// message as failed.
    Refuse,
    /// Accepted, but never acknowledged.
    Silent,
    /// Never arrives, and is therefore never acknowledged.
    Lost,
    /// Rejected with error 463, the limit on messages to strangers.
    #[serde(rename = "reach_out_463")]
    ReachOut463,
    /// Rejected with error 475, the monthly limit on new chats.
    #[serde(rename = "new_chats_475")]
    NewChats475,
    /// The page itself fails before the server has the message. It reports `ERROR_UNKNOWN` without
    /// a number.
    Unknown,
    /// The page itself fails after the server has the message. It reports `ERROR_UNKNOWN` without a
    /// number, and the message is never acknowledged.
    UnknownTaken,
    /// The page reports `ERROR_NETWORK`; the server never saw the message.
    NetworkError,
    /// The page reports `ERROR_EXPIRED`; the server never saw the message.
    Expired,
    /// The upload of a file fails, and the page reports `ERROR_UPLOAD`. Other messages are
    /// accepted.
    UploadFailed,
}

/// A socket state in which the page is blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Block {
    /// A proxy blocks the connection.
    Proxyblock,
    /// The terms of service are not accepted.
    TosBlock,
    /// The terms of service for businesses are not accepted.
    SmbTosBlock,
    /// The page's version is too old.
    DeprecatedVersion,
}

impl Block {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Proxyblock => "PROXYBLOCK",
            Self::TosBlock => "TOS_BLOCK",
            Self::SmbTosBlock => "SMB_TOS_BLOCK",
            Self::DeprecatedVersion => "DEPRECATED_VERSION",
        }
    }
}

/// Why the device's login is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Failure {
    /// The account is banned temporarily.
    TemporaryBan(Ban),
    /// The service is unavailable.
    ServiceUnavailable,
}

impl Failure {
    fn line(self) -> ToPage {
        match self {
            Self::TemporaryBan(ban) => ToPage::Failure {
                reason: 402,
                ban: Some(ban),
            },
            Self::ServiceUnavailable => ToPage::Failure {
                reason: 503,
                ban: None,
            },
        }
    }
}

/// The HTTP response of the page's URL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageHttp {
    /// Serves the page.
    #[default]
    Ok,
    /// Responds with status 500.
    Error,
    /// Never responds.
    Hang,
}

/// A rule for the outcome of messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The number that the rule applies to; `None` for all numbers.
    pub to: Option<String>,
    /// The outcome of the message.
    pub outcome: SendBehavior,
    /// Number of messages that the rule still applies to; `None` for all messages.
    pub count: Option<u32>,
}

/// A message that the server accepted from a linked device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Received {
    /// The message id, used for dedup on the server.
    pub id: String,
    /// The page's full key, `true_<chat>_<id>`.
    pub key: String,
    /// The lead's phone number, digits only.
    pub to: String,
    /// The chat as the page addressed it (`…@c.us` or `…@lid`).
    pub chat: String,
    /// The text.
    pub body: String,
    /// The page's type of the message: `chat` for text.
    pub kind: String,
    /// When the message first arrived, as RFC 3339.
    pub at: String,
    /// How often the message arrived. All arrivals but the first were dropped.
    pub times_received: u32,
    /// The acks sent so far, in order.
    pub acks: Vec<i8>,
    /// The outcome according to the rules.
    pub outcome: SendBehavior,
    /// The details besides the text.
    #[serde(flatten)]
    pub details: Details,
    /// The texts, or captions, before each edit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<String>,
    /// Whether the message was deleted for everyone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

/// A message that the server rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedMessage {
    /// The message id.
    pub id: String,
    /// The lead's phone number.
    pub to: String,
    /// The outcome that rejected it.
    pub outcome: SendBehavior,
    /// When the message was rejected, as RFC 3339.
    pub at: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) user: String,
    pub(crate) lid: String,
    pub(crate) pushname: String,
    pub(crate) linked_at: String,
    /// The messages that the device has not confirmed. They are sent again with the next sync.
    pub(crate) inbox: VecDeque<Incoming>,
    /// The acks that the device has not confirmed, by message. They are sent again after the next
    /// sync.
    #[serde(default)]
    pub(crate) receipts: BTreeMap<String, i8>,
    /// Whether the user acknowledged the "What's new" dialog.
    #[serde(default)]
    pub(crate) whats_new_seen: bool,
    /// Whether the device shows the account as online.
    #[serde(default)]
    pub(crate) available: bool,
    /// Whether the history was delivered.
    #[serde(default)]
    pub(crate) has_history: bool,
}

impl Device {
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            id: self.id.clone(),
            token: self.token.clone(),
            user: self.user.clone(),
            lid: self.lid.clone(),
            pushname: self.pushname.clone(),
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) name: Option<String>,
    pub(crate) on_whatsapp: Option<bool>,
    /// The name under which the phone has saved the number.
    #[serde(default)]
    pub(crate) saved: Option<String>,
    #[serde(default)]
    pub(crate) blocked: bool,
    /// The text that the owner wrote about themselves.
    #[serde(default)]
    pub(crate) about: Option<String>,
    /// The link to the profile picture.
    #[serde(default)]
    pub(crate) picture: Option<String>,
    #[serde(default)]
    pub(crate) business: bool,
}

pub(crate) type PageId = u64;

/// A connected page.
#[derive(Debug)]
pub(crate) struct ConnectedPage {
    pub(crate) tx: UnboundedSender<ToPage>,
    pub(crate) keys: Keys,
    pub(crate) role: Role,
    /// Whether the pending messages were sent, so that new ones may follow.
    pub(crate) caught_up: bool,
}

#[derive(Debug)]
pub(crate) enum Role {
    /// The page shows codes.
    Unpaired {
        cycle: CodeCycle,
        link: Option<LinkByNumber>,
        passkey: Option<Ceremony>,
    },
    /// The page was just scanned, and logs in again on a new connection.
    Pairing,
    /// The page is a linked device; `live` once it has synced.
    Linked { device: String, live: bool },
    /// Another page has the session.
    Replaced { device: String },
}

#[derive(Debug)]
pub(crate) struct LinkByNumber {
    pub(crate) code: String,
    pub(crate) phone: String,
    pub(crate) until: Instant,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) network_up: bool,
    pub(crate) block: Option<Block>,
    pub(crate) failure: Option<Failure>,
    pub(crate) page_http: PageHttp,
    pub(crate) pages: BTreeMap<PageId, ConnectedPage>,
    pub(crate) devices: BTreeMap<String, Device>,
    pub(crate) people: BTreeMap<String, Person>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) received: Vec<Received>,
    by_id: HashMap<String, usize>,
    pub(crate) refusals: Vec<RefusedMessage>,
    /// Edits and deletions of devices' own messages, in order.
    pub(crate) own_changes: Vec<OwnChange>,
    /// Leads' edits, deletions and reactions, and the owner's reactions from the phone, in order.
    pub(crate) lead_changes: Vec<Change>,
    /// Read receipts from devices, in order.
    pub(crate) reads: Vec<ReadReceipt>,
    /// What chats showed of the account, in order.
    pub(crate) activity: Vec<ShownActivity>,
    /// Uploads of pages, by path.
    pub(crate) media: HashMap<String, media::Upload>,
    /// The contents of files, by path. They are kept in memory only, so that a restart
    /// deletes them, as WhatsApp does over time.
    pub(crate) files: HashMap<String, Bytes>,
    /// The contents of files that expired at the server, but not on the phone, by path.
    pub(crate) phone_files: HashMap<String, Bytes>,
    /// Whether the server of files answers.
    pub(crate) file_server_up: bool,
    /// How often pages fetched files.
    pub(crate) downloads: u64,
    /// How often pages stored or deleted messages on the phone's request.
    pub(crate) stored: u64,
    /// The keys of messages to blocked contacts, which pages stored and did not send.
    pub(crate) held_back: Vec<String>,
    /// Periods in which pages' main threads were blocked.
    pub(crate) long_tasks: Vec<LongTask>,
    pub(crate) duplicates: u64,
    pub(crate) inbound: u64,
    /// Number of ciphertexts that have yet to be revealed.
    pub(crate) ciphertexts: usize,
    /// The account's limits.
    pub(crate) limits: Limits,
    /// Number of lookups of phone numbers.
    pub(crate) lookups: u64,
    /// Fingerprint of the newest page's browser.
    pub(crate) browser: Option<serde_json::Value>,
    /// The account's passkeys.
    pub(crate) credentials: Vec<Credential>,
    /// Reasons of the latest rejected assertions.
    pub(crate) passkey_refusals: Vec<&'static str>,
    /// The latest messages, which a new device receives with its first sync.
    pub(crate) history: VecDeque<Incoming>,
    next_page: PageId,
    /// Incremented by each change that has to be saved.
    pub(crate) revision: u64,
}

impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            network_up: true,
            block: None,
            failure: None,
            page_http: PageHttp::Ok,
            pages: BTreeMap::new(),
            devices: BTreeMap::new(),
            people: BTreeMap::new(),
            rules: Vec::new(),
            received: Vec::new(),
            by_id: HashMap::new(),
            refusals: Vec::new(),
            own_changes: Vec::new(),
            lead_changes: Vec::new(),
            reads: Vec::new(),
            activity: Vec::new(),
            media: HashMap::new(),
            files: HashMap::new(),
            phone_files: HashMap::new(),
            file_server_up: true,
            downloads: 0,
            stored: 0,
            held_back: Vec::new(),
            long_tasks: Vec::new(),
            duplicates: 0,
            inbound: 0,
            ciphertexts: 0,
            limits: Limits::default(),
            lookups: 0,
            browser: None,
            credentials: Vec::new(),
            passkey_refusals: Vec::new(),
            history: VecDeque::new(),
            next_page: 1,
            revision: 0,
        }
    }

    /// Returns whether a number has WhatsApp.
    pub(crate) fn on_whatsapp(&self, user: &str) -> bool {
        (8..=15).contains(&user.len())
            && self
                .people
                .get(user)
                .and_then(|person| person.on_whatsapp)
                .unwrap_or(self.settings.unknown_on_whatsapp)
    }

    /// Returns the number of the account that `phone` stands for, in the
    /// account's own spelling: with or without Argentina's 9, Brazil's ninth
    /// digit and Mexico's 1.
    pub(crate) fn account_of(&self, phone: &str) -> String {
        if !self.people.contains_key(phone)
            && let Some(other) = other_spelling(phone)
            && self.people.contains_key(&other)
        {
            return other;
        }
        phone.to_owned()
    }

    /// Returns the phone number of an id, which may be a LID.
    pub(crate) fn phone_of(&self, chat: &str) -> String {
        let (user, server) = chat.split_once('@').unwrap_or((chat, "c.us"));
        if server != "lid" {
            return user.to_owned();
        }
        self.people
            .keys()
            .find(|phone| lid_of(phone) == user)
            .cloned()
            .unwrap_or_else(|| user.to_owned())
    }

    pub(crate) fn device_infos(&self) -> Vec<DeviceInfo> {
        self.devices
            .values()
            .map(|device| {
                let page = self
                    .page_of(&device.id)
                    .and_then(|page| self.pages.get(&page));
                DeviceInfo {
                    id: device.id.clone(),
                    phone: device.user.clone(),
                    linked_at: device.linked_at.clone(),
                    connected: page.is_some(),
                    synced: page
                        .is_some_and(|page| matches!(page.role, Role::Linked { live: true, .. })),
                    waiting: device.inbox.len(),
                    available: page.is_some() && device.available,
                    whats_new_seen: device.whats_new_seen,
                    has_history: device.has_history,
                }
            })
            .collect()
    }

    fn tell(&self, page: PageId, line: ToPage) {
        if let Some(page) = self.pages.get(&page) {
            // A page that has just disconnected gets nothing, and its task cleans up.
            let _ = page.tx.send(line);
        }
    }

    /// Returns the page on which a device is logged in; `None` if there is none.
    fn page_of(&self, device: &str) -> Option<PageId> {
        self.pages.iter().find_map(|(id, page)| match &page.role {
            Role::Linked { device: on, .. } if on == device => Some(*id),
            _ => None,
        })
    }
}

/// Returns the other spelling of a mobile number for which WhatsApp has two.
fn other_spelling(phone: &str) -> Option<String> {
    match (phone.len(), phone.as_bytes()) {
        (13, [b'5', b'4', b'9', ..]) => Some(format!("54{}", &phone[3..])),
        (12, [b'5', b'4', ..]) => Some(format!("549{}", &phone[2..])),
        (13, [b'5', b'5', _, _, b'9', ..]) => Some(format!("{}{}", &phone[..4], &phone[5..])),
        (12, [b'5', b'5', ..]) => Some(format!("{}9{}", &phone[..4], &phone[4..])),
        (13, [b'5', b'2', b'1', ..]) => Some(format!("52{}", &phone[3..])),
        (12, [b'5', b'2', ..]) => Some(format!("521{}", &phone[2..])),
        _ => None,
    }
}

/// Returns the LID of a phone number. It is deterministic, and does not resemble the number.
pub(crate) fn lid_of(phone: &str) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in phone.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("2{:014}", hash % 100_000_000_000_000)
}

pub(crate) fn now_text() -> String {
    jiff::Timestamp::now().to_string()
}

pub(crate) fn random_id(prefix: &str) -> String {
    let bytes: [u8; 9] = rand::random();
    format!("{prefix}{}", hex::encode_upper(bytes))
}
