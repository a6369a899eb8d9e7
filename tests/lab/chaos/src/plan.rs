//! Defines the plan of a run (`Plan`): faults, sends and inbound messages.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::Serialize;

use harness::standin::SendBehavior;

/// How much load and how many faults. All times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// Duration of faults and sends.
    pub length_ms: u64,
    /// Number of clients.
    pub clients: usize,
    /// Number of recipients per client.
    pub recipients: usize,
    /// Interval between two messages to one recipient.
    pub send_gap_ms: Range<u64>,
    /// Interval between two kills.
    pub kill_gap_ms: Range<u64>,
    /// Interval between two other faults.
    pub other_fault_gap_ms: Range<u64>,
    /// Duration of a lasting fault.
    pub fault_ms: Range<u64>,
    /// Duration of occasional freezes of Chrome. It is longer than the service's page timeout, so
    /// that Chrome is replaced. `None`: there are none.
    pub long_freeze_ms: Option<u64>,
    /// Whether the phone also unlinks the device, which a person then links again with the
    /// account's passkey.
    pub relinks: bool,
    /// Interval between two inbound messages.
    pub inbound_gap_ms: Range<u64>,
    /// Interval between two changes that contacts make to their messages.
    pub change_gap_ms: Range<u64>,
    /// How long, after the last send, all messages and changes may take to be stored, acknowledged
    /// and published. A change that the page does not report is searched for every ten heartbeats.
    pub settle_ms: u64,
    /// Number of messages to each recipient after the last fault. Half of them are sent before the
    /// first memory measurement.
    pub fault_free_rounds: usize,
}

impl Amount {
    /// Returns the amount for a run of `minutes`. At 15 there are more than 50 kills and 1,000
    /// sends.
    #[must_use]
    pub fn minutes(minutes: u64) -> Self {
        Self {
            length_ms: minutes * 60_000,
            clients: 6,
            recipients: 8,
            send_gap_ms: 6_000..18_000,
            kill_gap_ms: 8_000..15_000,
            other_fault_gap_ms: 5_000..12_000,
            fault_ms: 1_500..8_000,
            long_freeze_ms: Some(28_000),
            relinks: true,
            inbound_gap_ms: 400..2_400,
            change_gap_ms: 600..3_600,
            settle_ms: 240_000,
            fault_free_rounds: 12,
        }
    }

    /// Returns the amount for a test: every kind of fault, in half a minute.
    #[must_use]
    pub fn short() -> Self {
        Self {
            length_ms: 30_000,
            clients: 3,
            recipients: 6,
            send_gap_ms: 1_500..4_500,
            kill_gap_ms: 3_500..6_500,
            other_fault_gap_ms: 1_500..4_000,
            fault_ms: 400..2_000,
            long_freeze_ms: None,
            relinks: false,
            inbound_gap_ms: 100..700,
            change_gap_ms: 200..1_000,
            settle_ms: 60_000,
            fault_free_rounds: 4,
        }
    }
}

/// The plan of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// The amount.
    pub amount: Amount,
    /// Kills and restarts, in their order.
    pub kills: Vec<Fault>,
    /// Other faults, in their order.
    pub other_faults: Vec<Fault>,
    /// The sends, by recipient.
    pub lanes: Vec<Lane>,
    /// The sends after all faults.
    pub fault_free_lanes: Vec<Lane>,
    /// Inbound messages.
    pub leads: Vec<Lead>,
    /// What contacts do to these messages later.
    pub contact_changes: Vec<ContactChange>,
}

/// A scheduled fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// When it is injected.
    pub at_ms: u64,
    /// The fault.
    pub action: Action,
}

/// The kinds of faults. All durations are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// `kill -9` of Chrome's main process.
    KillChrome,
    /// `kill -9` of one of Chrome's renderers. The number selects which one.
    KillRenderer(u8),
    /// `kill -9` of ChromeDriver.
    KillChromedriver,
    /// `kill -9` of session-manager.
    KillManager,
    /// `kill -9` of the hub.
    KillHub,
    /// SIGTERM to session-manager.
    StopManager,
    /// SIGTERM to the hub.
    StopHub,
    /// Stops Chrome's processes for this long.
    Freeze(u64),
    /// Cuts the page's network for this long.
    CutNetwork(u64),
    /// Makes WhatsApp's servers refuse the device's login for this long.
    RefuseLogins(u64),
    /// Blocks the page's main thread for this long.
    HangPage(u64),
    /// Drops the page's events for this long.
    DropEvents(u64),
    /// Delays each of WhatsApp's acks by seconds, for this long.
    SlowAcks(u64),
    /// Delays WhatsApp's delivery of waiting messages by seconds, for a page that connects within
    /// this time.
    SlowDelivery(u64),
    /// Makes one page that loads within this time fail to open its database.
    BreakDatabase(u64),
    /// Makes WhatsApp refuse, swallow or lose this many messages.
    FailSends(SendFailure, u32),
    /// Blocks this recipient on the phone for a time.
    BlockContact {
        /// The index of the recipient in the plan.
        number: usize,
        /// The duration.
        ms: u64,
    },
    /// Makes the event listeners disconnect.
    DropListener,
    /// Loads a page that accepts no chat as an anchor, and whose database lacks messages that the
    /// page names.
    ForgetAnchors,
    /// Loads a page whose main thread is blocked for this long during its sync.
    BusySync(u64),
    /// Loads a page whose sync makes no progress for this long.
    StallSync(u64),
    /// Holds the offline delivery, and with it all sends, for this long.
    HoldDelivery(u64),
    /// Bans the account for this long.
    TemporaryBan(u64),
    /// Makes the page ask its user to log out.
    UnexpectedLogout,
    /// Loads a page without the modules that sending and receiving need. After this long it is
    /// loaded again, with them.
    WithholdTools(u64),
    /// Enforces one of the account's limits for this long.
    Limit(Limit, u64),
    /// Unlinks the device. A person links it again, with the account's passkey.
    Relink,
}

/// The account's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The lock on messages to people who never wrote.
    ReachOut,
    /// The monthly limit on new chats.
    NewChats,
}

impl Action {
    /// Returns whether this is a `kill -9`.
    #[must_use]
    pub fn is_kill(self) -> bool {
        matches!(
            self,
            Self::KillChrome
                | Self::KillRenderer(_)
                | Self::KillChromedriver
                | Self::KillManager
                | Self::KillHub
        )
    }

    /// Returns whether this fault can end the session's READY state.
    #[must_use]
    pub fn can_end_ready(self) -> bool {
        matches!(
            self,
            Self::KillChrome
                | Self::KillRenderer(_)
                | Self::KillChromedriver
                | Self::KillManager
                | Self::StopManager
                | Self::Freeze(_)
                | Self::CutNetwork(_)
                | Self::RefuseLogins(_)
                | Self::HangPage(_)
                | Self::ForgetAnchors
                | Self::BusySync(_)
                | Self::StallSync(_)
                | Self::HoldDelivery(_)
                | Self::TemporaryBan(_)
                | Self::UnexpectedLogout
                | Self::WithholdTools(_)
                | Self::Relink
        )
    }

    /// Returns the fault's name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::KillChrome => "kill Chrome",
            Self::KillRenderer(_) => "kill a renderer",
            Self::KillChromedriver => "kill ChromeDriver",
            Self::KillManager => "kill session-manager",
            Self::KillHub => "kill central-hub",
            Self::StopManager => "restart session-manager",
            Self::StopHub => "restart central-hub",
            Self::Freeze(_) => "freeze Chrome",
            Self::CutNetwork(_) => "cut the network",
            Self::RefuseLogins(_) => "refuse logins",
            Self::HangPage(_) => "hang the page",
            Self::DropEvents(_) => "drop the page's events",
            Self::SlowAcks(_) => "slow acks",
            Self::SlowDelivery(_) => "slow delivery",
            Self::BreakDatabase(_) => "a failing database",
            Self::FailSends(failure, _) => failure.name(),
            Self::BlockContact { .. } => "blocked contacts",
            Self::DropListener => "drop the listeners",
            Self::ForgetAnchors => "missing anchors",
            Self::BusySync(_) => "a busy sync",
            Self::StallSync(_) => "a stalled sync",
            Self::HoldDelivery(_) => "a held offline delivery",
            Self::TemporaryBan(_) => "temporary bans",
            Self::UnexpectedLogout => "unexpected logouts",
            Self::WithholdTools(_) => "missing tools",
            Self::Limit(Limit::ReachOut, _) => "a reach-out lock",
            Self::Limit(Limit::NewChats, _) => "a limit on new chats",
            Self::Relink => "relinked with a passkey",
        }
    }
}

/// How WhatsApp or the page mistreats a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SendFailure {
    /// WhatsApp refuses the message.
    Refuse,
    /// WhatsApp accepts the message, but sends no ack.
    Silent,
    /// WhatsApp never receives the message.
    Lost,
    /// The page returns `ERROR_NETWORK`.
    NetworkError,
    /// The page returns `ERROR_EXPIRED`.
    Expired,
    /// WhatsApp refuses the message with error 463.
    ReachOut463,
    /// WhatsApp refuses the message with error 475.
    NewChats475,
    /// The page fails before the server has the message.
    Unknown,
    /// The page fails after the server has the message.
    UnknownTaken,
}

impl SendFailure {
    /// All variants.
    pub const ALL: [Self; 9] = [
        Self::Refuse,
        Self::Silent,
        Self::Lost,
        Self::NetworkError,
        Self::Expired,
        Self::ReachOut463,
        Self::NewChats475,
        Self::Unknown,
        Self::UnknownTaken,
    ];

    /// Returns the stand-in's setting for this treatment.
    #[must_use]
    pub fn outcome(self) -> SendBehavior {
        match self {
            Self::Refuse => SendBehavior::Refuse,
            Self::Silent => SendBehavior::Silent,
            Self::Lost => SendBehavior::Lost,
            Self::NetworkError => SendBehavior::NetworkError,
            Self::Expired => SendBehavior::Expired,
            Self::ReachOut463 => SendBehavior::ReachOut463,
            Self::NewChats475 => SendBehavior::NewChats475,
            Self::Unknown => SendBehavior::Unknown,
            Self::UnknownTaken => SendBehavior::UnknownTaken,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Refuse => "messages refused",
            Self::Silent => "messages accepted without an ack",
            Self::Lost => "messages lost",
            Self::NetworkError => "network errors",
            Self::Expired => "messages expired",
            Self::ReachOut463 => "refused with 463",
            Self::NewChats475 => "refused with 475",
            Self::Unknown => "unknown failures, not accepted",
            Self::UnknownTaken => "unknown failures, accepted",
        }
    }
}

/// The service to which a client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// central-hub.
    Hub,
    /// session-manager.
    Manager,
}

/// The messages to one recipient. Each is sent only after the previous one is finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lane {
    /// The number of the recipient.
    pub to: String,
    /// The service that its client uses.
    pub target: Target,
    /// The messages, in order.
    pub sends: Vec<Send>,
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Send {
    /// The earliest time of the send, in milliseconds.
    pub at_ms: u64,
    /// The text, unique to this message.
    pub text: String,
    /// The kind of the message.
    pub kind: Kind,
    /// The `Idempotency-Key`.
    pub key: String,
    /// The client's behavior.
    pub behavior: ClientBehavior,
    /// What becomes of the message once it was accepted, in order.
    pub later: Vec<LaterChange>,
}

/// What becomes of a message that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LaterChange {
    /// How long after the send, or after the previous change, in milliseconds.
    pub after_ms: u64,
    /// The change. The business edits and deletes, the contact reacts.
    pub change: Change,
    /// The service that the business asks.
    pub target: Target,
    /// Whether the business sends two concurrent requests with the same key.
    pub twice: bool,
}

/// A change of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Its author replaces its text by this one, which is unique to this change.
    Edit(String),
    /// Its author deletes it for everyone.
    Delete,
    /// The contact reacts with this emoji.
    React(String),
    /// The contact takes the reaction away.
    TakeReactionAway,
}

/// The kind of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A text.
    Text,
    /// A location with the text as its name.
    Location,
    /// A contact card with the text as its name.
    Contact,
    /// A file with the text as its caption.
    File,
}

/// How a client behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientBehavior {
    /// Retries with the same key until it gets a 200.
    Careful,
    /// Sends two concurrent requests with the same key, then behaves as `Careful`.
    Twice,
    /// Hangs up after this many milliseconds, then behaves as `Careful`.
    Disconnect(u64),
    /// Gives up if the first response says that nothing was sent.
    OneTry,
    /// Writes to a number that is not on WhatsApp, and takes a 404 as final.
    NotOnWhatsapp,
}

/// An inbound message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lead {
    /// When the message is written, in milliseconds.
    pub at_ms: u64,
    /// The contact's number.
    pub number: String,
    /// The text, unique to this message.
    pub text: String,
    /// How the message arrives.
    pub arrival: Arrival,
}

/// The ways in which an inbound message arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrival {
    /// A text from a number.
    Text,
    /// A text that is unreadable at first, for this many milliseconds.
    Ciphertext(u64),
    /// A text from a LID.
    Lid,
    /// A text that the account's owner writes on the phone.
    Own,
    /// A file with the text as its caption.
    File,
    /// A call that nobody answers. It has no text.
    Call,
}

/// A change that a contact makes to an earlier message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContactChange {
    /// When the change is made, in milliseconds.
    pub at_ms: u64,
    /// The position of the message among the plan's inbound messages.
    pub lead: usize,
    /// The change.
    pub change: Change,
}

impl Plan {
    /// Returns the numbers that are not on WhatsApp.
    #[must_use]
    pub fn numbers_without_whatsapp(&self) -> BTreeSet<&str> {
        let nobody = |lane: &&Lane| {
            lane.sends
                .iter()
                .any(|s| s.behavior == ClientBehavior::NotOnWhatsapp)
        };
        let lanes = self.lanes.iter().filter(nobody);
        lanes.map(|lane| lane.to.as_str()).collect()
    }

    /// Returns the number of messages to send.
    #[must_use]
    pub fn sends(&self) -> usize {
        let lanes = self.lanes.iter().chain(&self.fault_free_lanes);
        lanes.map(|lane| lane.sends.len()).sum()
    }
}
