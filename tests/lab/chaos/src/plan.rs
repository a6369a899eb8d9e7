//! The plan of a run (`Plan`): faults, sends and inbound messages.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::Serialize;

use harness::standin::Outcome;

/// How much of everything. All times in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// How long things are broken and sends are asked for.
    pub length_ms: u64,
    /// Callers.
    pub clients: usize,
    /// Recipients that each of them writes to.
    pub recipients: usize,
    /// Between two messages to one recipient.
    pub send_gap_ms: Range<u64>,
    /// Between two kills.
    pub kill_gap_ms: Range<u64>,
    /// Between two of the other faults.
    pub trouble_gap_ms: Range<u64>,
    /// How long a fault that lasts does.
    pub trouble_ms: Range<u64>,
    /// Now and then Chrome stands still this long; longer than the service's
    /// patience with a page, so that it is replaced.
    pub long_freeze_ms: Option<u64>,
    /// Between two messages that come in.
    pub inbound_gap_ms: Range<u64>,
    /// How long after the last send all may take to be known, acknowledged and
    /// told.
    pub settle_ms: u64,
    /// Messages to each recipient while nothing is broken any more, half of
    /// them before the first look at the memory.
    pub calm_rounds: usize,
}

impl Amount {
    /// For a run of so many minutes: at 15, more than 50 kills and 1,000 sends.
    #[must_use]
    pub fn minutes(minutes: u64) -> Self {
        Self {
            length_ms: minutes * 60_000,
            clients: 6,
            recipients: 8,
            send_gap_ms: 6_000..18_000,
            kill_gap_ms: 8_000..15_000,
            trouble_gap_ms: 5_000..12_000,
            trouble_ms: 1_500..8_000,
            long_freeze_ms: Some(28_000),
            inbound_gap_ms: 400..2_400,
            settle_ms: 60_000,
            calm_rounds: 12,
        }
    }

    /// For a test: all of it, in half a minute.
    #[must_use]
    pub fn short() -> Self {
        Self {
            length_ms: 30_000,
            clients: 3,
            recipients: 6,
            send_gap_ms: 1_500..4_500,
            kill_gap_ms: 3_500..6_500,
            trouble_gap_ms: 1_500..4_000,
            trouble_ms: 400..2_000,
            long_freeze_ms: None,
            inbound_gap_ms: 100..700,
            settle_ms: 60_000,
            calm_rounds: 4,
        }
    }
}

/// Everything that will be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// What it was drawn from.
    pub seed: u64,
    /// And with.
    pub amount: Amount,
    /// Kills and restarts, in their order.
    pub kills: Vec<Fault>,
    /// What else goes wrong, in its order.
    pub troubles: Vec<Fault>,
    /// What is sent, by recipient.
    pub lanes: Vec<Lane>,
    /// What is sent once all is whole again.
    pub calm: Vec<Lane>,
    /// What comes in.
    pub leads: Vec<Lead>,
}

/// Something that goes wrong at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// When.
    pub at_ms: u64,
    /// What.
    pub action: Action,
}

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// `kill -9` of Chrome's main process.
    KillChrome,
    /// `kill -9` of one of its renderers; the number picks which.
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
    /// Chrome's processes stand still for so long.
    Freeze(u64),
    /// The page has no network for so long.
    CutNetwork(u64),
    /// WhatsApp's servers refuse the device's login for so long.
    RefuseLogins(u64),
    /// The page's main thread is busy for so long.
    HangPage(u64),
    /// The page tells its listeners nothing for so long.
    DropEvents(u64),
    /// WhatsApp takes seconds for each ack, for so long.
    SlowAcks(u64),
    /// WhatsApp takes seconds to deliver what waited, to a page that connects
    /// within so long.
    SlowDelivery(u64),
    /// A page that loads within so long cannot open its database, once.
    BreakDatabase(u64),
    /// WhatsApp refuses, swallows or loses so many messages.
    Mistreat(Trouble, u32),
    /// This recipient is blocked on the phone for so long.
    BlockContact {
        /// Which of the plan's recipients.
        number: usize,
        /// For how long.
        ms: u64,
    },
    /// Those who listen to the events hang up.
    DropListener,
}

impl Action {
    /// Whether it is a `kill -9`.
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

    /// Whether it can cost the session its READY.
    #[must_use]
    pub fn hurts_the_session(self) -> bool {
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
        )
    }

    /// A word for the table.
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
            Self::BreakDatabase(_) => "a database that fails",
            Self::Mistreat(trouble, _) => trouble.name(),
            Self::BlockContact { .. } => "blocked contacts",
            Self::DropListener => "drop the listeners",
        }
    }
}

/// What WhatsApp does to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Says no.
    Refuse,
    /// Takes it and never says so.
    Silent,
    /// Never gets it.
    Lost,
    /// The page says `ERROR_NETWORK`.
    NetworkError,
    /// The page says `ERROR_EXPIRED`.
    Expired,
    /// Says no with error 463.
    ReachOut463,
    /// Says no with error 475.
    NewChats475,
    /// The page fails by itself before the server has the message.
    Unknown,
    /// The page fails by itself once the server has the message.
    UnknownTaken,
}

impl Trouble {
    /// Every one.
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

    /// As the stand-in takes it.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Refuse => Outcome::Refuse,
            Self::Silent => Outcome::Silent,
            Self::Lost => Outcome::Lost,
            Self::NetworkError => Outcome::NetworkError,
            Self::Expired => Outcome::Expired,
            Self::ReachOut463 => Outcome::ReachOut463,
            Self::NewChats475 => Outcome::NewChats475,
            Self::Unknown => Outcome::Unknown,
            Self::UnknownTaken => Outcome::UnknownTaken,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Refuse => "messages refused",
            Self::Silent => "messages taken in silence",
            Self::Lost => "messages lost",
            Self::NetworkError => "network errors",
            Self::Expired => "messages expired",
            Self::ReachOut463 => "refused with 463",
            Self::NewChats475 => "refused with 475",
            Self::Unknown => "failures without a number, not taken",
            Self::UnknownTaken => "failures without a number, taken",
        }
    }
}

/// Where a caller asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// central-hub.
    Hub,
    /// session-manager.
    Manager,
}

/// The messages to one recipient: each is sent only after the one before it
/// came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lane {
    /// The number.
    pub to: String,
    /// Where its caller asks.
    pub door: Door,
    /// In their order.
    pub sends: Vec<Send>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Send {
    /// Not before this.
    pub at_ms: u64,
    /// Its text, of this message alone.
    pub text: String,
    /// What it is.
    pub kind: Kind,
    /// Its `Idempotency-Key`.
    pub key: String,
    /// How its caller goes about it.
    pub manner: Manner,
}

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The text.
    Text,
    /// A place of that name.
    Place,
    /// The card of a contact of that name.
    Card,
    /// A file with that caption.
    File,
}

/// How a caller goes about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// Asks under the same key until it is told 200.
    Careful,
    /// Asks twice at once, under the same key; then as `Careful`.
    Twice,
    /// Hangs up after so long; then as `Careful`.
    HangUp(u64),
    /// Gives up when the first answer is that nothing was sent.
    OneTry,
    /// The number has no WhatsApp: 404 is the end.
    Nobody,
}

/// A message that comes in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lead {
    /// When.
    pub at_ms: u64,
    /// The other side's number.
    pub number: String,
    /// Its text, of this message alone.
    pub text: String,
    /// How it comes.
    pub way: Way,
}

/// How a message comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A text from a number.
    Text,
    /// Unreadable at first, for so long.
    Ciphertext(u64),
    /// From a LID.
    Lid,
    /// The account's owner writes it on the phone.
    Own,
}

impl Plan {
    /// Numbers that have no WhatsApp.
    #[must_use]
    pub fn nobodies(&self) -> BTreeSet<&str> {
        let nobody = |lane: &&Lane| lane.sends.iter().any(|s| s.manner == Manner::Nobody);
        let lanes = self.lanes.iter().filter(nobody);
        lanes.map(|lane| lane.to.as_str()).collect()
    }

    /// How many messages are asked for.
    #[must_use]
    pub fn sends(&self) -> usize {
        let lanes = self.lanes.iter().chain(&self.calm);
        lanes.map(|lane| lane.sends.len()).sum()
    }
}
