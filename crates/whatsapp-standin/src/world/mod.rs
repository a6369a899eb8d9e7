//! The simulated world: the state of WhatsApp's servers, and its transitions.
//!
//! No clock and no socket in here: times come in, lines to a page go out
//! through its channel, and what is to happen later is returned to the caller.

mod content;
mod details;
mod limits;
mod linking;
mod media;
mod messages;
mod passkey;
mod record;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, VecDeque};

use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

pub use self::content::{LeadAd, LeadChoice, LeadContent, LeadMedia, LeadOrder, LeadPoll};
pub use self::details::{Details, Place, SentFile};
pub use self::limits::{CappingStatus, Limits, NewChats, ReachOutLock};
pub(crate) use self::linking::LinkError;
pub(crate) use self::media::Upload;
pub(crate) use self::messages::{Answer, Taken};
pub(crate) use self::record::Saved;
use crate::codes::{CodeCycle, Keys};
use crate::passkey::{Ceremony, Credential};
use crate::settings::Settings;
use crate::view::DeviceInfo;
use crate::wire::{Ban, Identity, Incoming, LongTask, ToPage};

/// What the server does with a message, by rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Taken and acknowledged.
    #[default]
    Ok,
    /// Refused with error 479: the page answers `ERROR_UNKNOWN` with that number
    /// and marks the message failed.
    Refuse,
    /// Taken, and never acknowledged.
    Silent,
    /// Never arrives, and so is never acknowledged.
    Lost,
    /// Refused with error 463, the limit on writing to strangers.
    #[serde(rename = "reach_out_463")]
    ReachOut463,
    /// Refused with error 475, the monthly limit on new chats.
    #[serde(rename = "new_chats_475")]
    NewChats475,
    /// The page fails by itself before the server has the message: it answers
    /// `ERROR_UNKNOWN` without a number.
    Unknown,
    /// The page fails by itself once the server has the message: it answers
    /// `ERROR_UNKNOWN` without a number, and the message is never acknowledged.
    UnknownTaken,
    /// The page answers `ERROR_NETWORK`; the server never saw the message.
    NetworkError,
    /// The page answers `ERROR_EXPIRED`; the server never saw the message.
    Expired,
    /// A file does not get to the server: the page answers `ERROR_UPLOAD`.
    /// Other messages are taken.
    UploadFailed,
}

/// A socket state in which the page is shut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Block {
    /// A proxy stands in the way.
    Proxyblock,
    /// Terms of service.
    TosBlock,
    /// Terms of service, for businesses.
    SmbTosBlock,
    /// The page is too old.
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

/// Why the server refuses the device's login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Failure {
    /// The account is banned for a while.
    TemporaryBan(Ban),
    /// It cannot serve anybody now.
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

/// How the page's address answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageHttp {
    /// The page.
    #[default]
    Ok,
    /// Status 500.
    Error,
    /// Nothing, ever.
    Hang,
}

/// A rule for what becomes of messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The number it is for; none is all of them.
    pub to: Option<String>,
    /// What becomes of the message.
    pub outcome: Outcome,
    /// How many more messages it is for; none is all.
    pub count: Option<u32>,
}

/// A message the server took from the linked device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Received {
    /// The id the server tells messages apart by.
    pub id: String,
    /// The page's full key, `true_<chat>_<id>`.
    pub key: String,
    /// The lead's phone number, digits only.
    pub to: String,
    /// The chat as the page addressed it (`…@c.us` or `…@lid`).
    pub chat: String,
    /// The text.
    pub body: String,
    /// `chat` for text.
    pub kind: String,
    /// When it came first, RFC 3339.
    pub at: String,
    /// How often it came; all but the first were dropped.
    pub times_received: u32,
    /// The acks given so far, in their order.
    pub acks: Vec<i8>,
    /// What the rules made of it.
    pub outcome: Outcome,
    /// What it is beside its text.
    #[serde(flatten)]
    pub details: Details,
}

/// A message the server did not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The id it had.
    pub id: String,
    /// The lead's phone number.
    pub to: String,
    /// Why.
    pub outcome: Outcome,
    /// When, RFC 3339.
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
    /// What it has not confirmed yet: it comes with the next sync, too.
    pub(crate) inbox: VecDeque<Incoming>,
    /// Acks it has not confirmed yet, by message: they come after the next sync.
    #[serde(default)]
    pub(crate) receipts: BTreeMap<String, i8>,
    /// It acknowledged the "What's new" dialog.
    #[serde(default)]
    pub(crate) whats_new_seen: bool,
    /// It shows the account as online.
    #[serde(default)]
    pub(crate) available: bool,
    /// The history came through, once.
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
}

pub(crate) type PageId = u64;

/// A page that is connected now.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) tx: UnboundedSender<ToPage>,
    pub(crate) keys: Keys,
    pub(crate) role: Role,
    /// What waited was given to it: what is written now comes after that.
    pub(crate) caught_up: bool,
}

#[derive(Debug)]
pub(crate) enum Role {
    /// Shows codes.
    Unpaired {
        cycle: CodeCycle,
        link: Option<LinkByNumber>,
        passkey: Option<Ceremony>,
    },
    /// Was just scanned; logs in again on a new connection.
    Pairing,
    /// Is a linked device. `live` once synced.
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
    pub(crate) pages: BTreeMap<PageId, Page>,
    pub(crate) devices: BTreeMap<String, Device>,
    pub(crate) people: BTreeMap<String, Person>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) received: Vec<Received>,
    by_id: HashMap<String, usize>,
    pub(crate) refusals: Vec<Refusal>,
    /// Files that pages uploaded, by where they lie: what is known of them.
    pub(crate) media: HashMap<String, media::Upload>,
    /// What is in the files that leads send, by where they lie. In memory: a
    /// restart forgets them, as WhatsApp does in time.
    pub(crate) files: HashMap<String, Bytes>,
    /// How often pages fetched them.
    pub(crate) downloads: u64,
    /// How often pages stored or forgot what they were told to.
    pub(crate) stored: u64,
    /// When pages were busy for long.
    pub(crate) long_tasks: Vec<LongTask>,
    pub(crate) duplicates: u64,
    pub(crate) inbound: u64,
    /// Messages that are still to be revealed.
    pub(crate) ciphertexts: usize,
    /// What the account may do.
    pub(crate) limits: Limits,
    /// Numbers that pages asked about.
    pub(crate) lookups: u64,
    /// How the newest page's browser presents itself.
    pub(crate) browser: Option<serde_json::Value>,
    /// The account's passkeys.
    pub(crate) credentials: Vec<Credential>,
    /// Why an assertion was refused, of the latest ones.
    pub(crate) passkey_refusals: Vec<&'static str>,
    /// The latest messages, which a new device gets with its first sync.
    pub(crate) history: VecDeque<Incoming>,
    next_page: PageId,
    /// Counts what is worth saving.
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
            media: HashMap::new(),
            files: HashMap::new(),
            downloads: 0,
            stored: 0,
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

    /// Whether a number has WhatsApp.
    pub(crate) fn on_whatsapp(&self, user: &str) -> bool {
        (8..=15).contains(&user.len())
            && self
                .people
                .get(user)
                .and_then(|person| person.on_whatsapp)
                .unwrap_or(self.settings.unknown_on_whatsapp)
    }

    /// The phone number behind an id, be it one or a LID.
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
                }
            })
            .collect()
    }

    fn tell(&self, page: PageId, line: ToPage) {
        if let Some(page) = self.pages.get(&page) {
            // A page that just went away is told nothing; its task cleans up.
            let _ = page.tx.send(line);
        }
    }

    /// The page on which a device is logged in.
    fn page_of(&self, device: &str) -> Option<PageId> {
        self.pages.iter().find_map(|(id, page)| match &page.role {
            Role::Linked { device: on, .. } if on == device => Some(*id),
            _ => None,
        })
    }
}

/// The LID of a phone number: always the same, and nothing like it.
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
