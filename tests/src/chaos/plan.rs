//! What will happen, drawn from a seed: the same seed, the same plan.

use std::collections::BTreeSet;
use std::ops::Range;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::standin::Outcome;

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
    /// The page's main thread is busy for so long.
    HangPage(u64),
    /// The page tells its listeners nothing for so long.
    DropEvents(u64),
    /// WhatsApp takes seconds for each ack, for so long.
    SlowAcks(u64),
    /// WhatsApp refuses, swallows or loses so many messages.
    Mistreat(Trouble, u32),
    /// Whoever listens to the events hangs up.
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
            Self::HangPage(_) => "hang the page",
            Self::DropEvents(_) => "drop the page's events",
            Self::SlowAcks(_) => "slow acks",
            Self::Mistreat(trouble, _) => trouble.name(),
            Self::DropListener => "drop the listener",
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
}

impl Trouble {
    const ALL: [Self; 6] = [
        Self::Refuse,
        Self::Silent,
        Self::Lost,
        Self::NetworkError,
        Self::Expired,
        Self::ReachOut463,
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
    /// Draws a plan.
    #[must_use]
    pub fn new(seed: u64, amount: Amount) -> Self {
        // One stream for each part: more kills do not change the sends.
        let stream = |number| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(number);
            random
        };
        Self {
            seed,
            kills: kills(&mut stream(1), &amount),
            troubles: troubles(&mut stream(2), &amount),
            lanes: lanes(&mut stream(3), &amount),
            calm: calm(&amount),
            leads: leads(&mut stream(4), &amount),
            amount,
        }
    }

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

/// Times from `first` on, with gaps drawn from `gap`, within `length`.
fn times(random: &mut ChaCha8Rng, first: u64, gap: &Range<u64>, length: u64) -> Vec<u64> {
    let mut times = Vec::new();
    let mut at = first;
    while at < length {
        times.push(at);
        at += random.random_range(gap.clone());
    }
    times
}

/// Draws from a bag until it is empty, then fills it again: in a short run
/// too there is some of everything.
fn from_bag<T: Copy>(random: &mut ChaCha8Rng, bag: &mut Vec<T>, all: &[T]) -> T {
    if bag.is_empty() {
        bag.extend_from_slice(all);
        bag.shuffle(random);
    }
    bag.pop().expect("it was just filled")
}

fn kills(random: &mut ChaCha8Rng, amount: &Amount) -> Vec<Fault> {
    const ALL: [Action; 12] = [
        Action::KillChrome,
        Action::KillManager,
        Action::KillChromedriver,
        Action::KillHub,
        Action::KillRenderer(0),
        Action::KillChrome,
        Action::KillManager,
        Action::StopManager,
        Action::KillChromedriver,
        Action::KillHub,
        Action::KillRenderer(0),
        Action::StopHub,
    ];
    let mut bag = Vec::new();
    times(random, 2_000, &amount.kill_gap_ms, amount.length_ms)
        .into_iter()
        .map(|at_ms| {
            let action = match from_bag(random, &mut bag, &ALL) {
                Action::KillRenderer(_) => Action::KillRenderer(random.random()),
                other => other,
            };
            Fault { at_ms, action }
        })
        .collect()
}

fn troubles(random: &mut ChaCha8Rng, amount: &Amount) -> Vec<Fault> {
    #[derive(Clone, Copy)]
    enum Kind {
        Lasting(fn(u64) -> Action),
        Mistreat(Trouble),
        LongFreeze,
        DropListener,
    }
    let mut all = vec![
        Kind::Lasting(Action::Freeze),
        Kind::Lasting(Action::CutNetwork),
        Kind::Lasting(Action::CutNetwork),
        Kind::Lasting(Action::HangPage),
        Kind::Lasting(Action::DropEvents),
        Kind::Lasting(Action::SlowAcks),
        Kind::DropListener,
        Kind::DropListener,
    ];
    all.extend(Trouble::ALL.map(Kind::Mistreat));
    if amount.long_freeze_ms.is_some() {
        all.push(Kind::LongFreeze);
    }
    let mut bag = Vec::new();
    let mut last = Vec::new();
    let mut free_at = 0;
    for at in times(random, 1_000, &amount.trouble_gap_ms, amount.length_ms) {
        // One at a time: what lasts is over before the next begins.
        let at_ms = at.max(free_at);
        if at_ms >= amount.length_ms {
            break;
        }
        let action = match from_bag(random, &mut bag, &all) {
            Kind::Lasting(action) => action(random.random_range(amount.trouble_ms.clone())),
            Kind::Mistreat(trouble) => Action::Mistreat(trouble, random.random_range(1..=3)),
            Kind::LongFreeze => Action::Freeze(amount.long_freeze_ms.unwrap_or_default()),
            Kind::DropListener => Action::DropListener,
        };
        free_at = at_ms
            + match action {
                Action::Freeze(ms) | Action::CutNetwork(ms) | Action::SlowAcks(ms) => ms,
                _ => 0,
            };
        last.push(Fault { at_ms, action });
    }
    last
}

fn lanes(random: &mut ChaCha8Rng, amount: &Amount) -> Vec<Lane> {
    let mut lanes = Vec::new();
    for client in 0..amount.clients {
        // One in three writes to session-manager itself.
        let door = if client % 3 == 2 {
            Door::Manager
        } else {
            Door::Hub
        };
        for place in 0..amount.recipients {
            let number = client * amount.recipients + place;
            let first = random.random_range(0..amount.send_gap_ms.end);
            let times = times(random, first, &amount.send_gap_ms, amount.length_ms);
            let sends = times.into_iter().enumerate().map(|(turn, at_ms)| {
                let manner = match place {
                    0 => Manner::OneTry,
                    1 if client < 2 => Manner::Nobody,
                    _ => match random.random_range(0..100) {
                        0..12 => Manner::Twice,
                        12..24 => Manner::HangUp(random.random_range(2..600)),
                        _ => Manner::Careful,
                    },
                };
                let kind = match random.random_range(0..10) {
                    0 => Kind::Place,
                    1 => Kind::Card,
                    _ => Kind::Text,
                };
                Send {
                    at_ms,
                    kind,
                    manner,
                    ..send(number, turn)
                }
            });
            let sends = sends.collect();
            let to = number_of(number);
            lanes.push(Lane { to, door, sends });
        }
    }
    lanes
}

fn calm(amount: &Amount) -> Vec<Lane> {
    let first = amount.clients * amount.recipients;
    (0..amount.clients * amount.recipients)
        .map(|place| {
            let number = first + place;
            Lane {
                to: number_of(number),
                door: if place % 3 == 2 {
                    Door::Manager
                } else {
                    Door::Hub
                },
                sends: (0..amount.calm_rounds)
                    .map(|turn| send(number, turn))
                    .collect(),
            }
        })
        .collect()
}

fn number_of(number: usize) -> String {
    format!("549115{number:07}")
}

fn send(number: usize, turn: usize) -> Send {
    Send {
        at_ms: 0,
        text: format!("mensaje {turn} para {number}"),
        kind: Kind::Text,
        key: format!("chaos-{number}-{turn}"),
        manner: Manner::Careful,
    }
}

fn leads(random: &mut ChaCha8Rng, amount: &Amount) -> Vec<Lead> {
    times(random, 500, &amount.inbound_gap_ms, amount.length_ms)
        .into_iter()
        .enumerate()
        .map(|(count, at_ms)| Lead {
            at_ms,
            number: format!("549116{:07}", random.random_range(0..20)),
            text: format!("consulta {count}"),
            way: match random.random_range(0..10) {
                0 | 1 => Way::Ciphertext(random.random_range(50..4_000)),
                2 | 3 => Way::Lid,
                4 => Way::Own,
                _ => Way::Text,
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_is_the_same_plan_and_another_is_another() {
        let plan = |seed| Plan::new(seed, Amount::minutes(15));
        assert_eq!(plan(7), plan(7));
        let (one, other) = (plan(7), plan(8));
        assert_ne!(one.kills, other.kills);
        assert_ne!(one.troubles, other.troubles);
        assert_ne!(one.lanes, other.lanes);
        assert_ne!(one.leads, other.leads);
    }

    #[test]
    fn fifteen_minutes_are_a_thousand_sends_and_fifty_kills() {
        for seed in 0..50 {
            let plan = Plan::new(seed, Amount::minutes(15));
            let kills = plan.kills.iter().filter(|f| f.action.is_kill()).count();
            assert!(kills >= 55, "{seed}: {kills}");
            let lanes = plan.lanes.iter();
            let sends: usize = lanes.map(|lane| lane.sends.len()).sum();
            assert!(sends >= 2_000, "{seed}: {sends}");
        }
    }

    #[test]
    fn texts_and_keys_are_of_one_message_and_times_in_order() {
        let plan = Plan::new(3, Amount::short());
        let sends = || plan.lanes.iter().chain(&plan.calm).flat_map(|l| &l.sends);
        let texts: BTreeSet<_> = sends().map(|send| &send.text).collect();
        let keys: BTreeSet<_> = sends().map(|send| &send.key).collect();
        assert_eq!(
            (texts.len(), keys.len()),
            (sends().count(), sends().count())
        );
        for lane in &plan.lanes {
            assert!(lane.sends.is_sorted_by_key(|send| send.at_ms));
        }
        for faults in [&plan.kills, &plan.troubles] {
            assert!(faults.is_sorted_by_key(|fault| fault.at_ms));
        }
        assert_eq!(plan.nobodies().len(), 2);
    }
}
