//! Draws a plan from a seed: the same seed gives the same plan.

use std::ops::Range;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::plan::{
    Action, Amount, Arrival, Change, ClientBehavior, ContactChange, Fault, Kind, Lane, LaterChange,
    Lead, Limit, Plan, Send, SendFailure, Target,
};

impl Plan {
    /// Draws the plan of this seed.
    #[must_use]
    pub fn new(seed: u64, amount: Amount) -> Self {
        // Each part has its own random stream, so that more kills do not change the sends.
        let stream = |number| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(number);
            random
        };
        let mut lanes = lanes(&mut stream(3), &amount);
        change_sends(&mut stream(6), &mut lanes);
        let leads = leads(&mut stream(4), &amount);
        Self {
            seed,
            kills: kills(&mut stream(1), &amount),
            other_faults: other_faults(&mut stream(2), &amount),
            lanes,
            fault_free_lanes: fault_free_lanes(&amount),
            contact_changes: contact_changes(&mut stream(5), &amount, &leads),
            leads,
            amount,
        }
    }
}

/// Returns times from `first` on, with gaps drawn from `gap`, within `length`.
fn times(random: &mut ChaCha8Rng, first: u64, gap: &Range<u64>, length: u64) -> Vec<u64> {
    let mut times = Vec::new();
    let mut at = first;
    while at < length {
        times.push(at);
        at += random.random_range(gap.clone());
    }
    times
}

/// Draws from a bag until it is empty, then refills it, so that even a short run has every kind.
fn draw_from_bag<T: Copy>(random: &mut ChaCha8Rng, bag: &mut Vec<T>, values: &[T]) -> T {
    if bag.is_empty() {
        bag.extend_from_slice(values);
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
            let action = match draw_from_bag(random, &mut bag, &ALL) {
                Action::KillRenderer(_) => Action::KillRenderer(random.random()),
                other => other,
            };
            Fault { at_ms, action }
        })
        .collect()
}

/// How long after this fault the next one must wait: a page that could not open its database is
/// reloaded once, and must open it then.
const DATABASE_REST_MS: u64 = 10_000;

fn other_faults(random: &mut ChaCha8Rng, amount: &Amount) -> Vec<Fault> {
    #[derive(Clone, Copy)]
    enum FaultTemplate {
        Lasting(fn(u64) -> Action),
        FailSends(SendFailure),
        LongFreeze,
        BlockContact,
        BusySync,
        Plain(Action),
    }
    let mut templates = vec![
        FaultTemplate::Lasting(Action::Freeze),
        FaultTemplate::Lasting(Action::CutNetwork),
        FaultTemplate::Lasting(Action::CutNetwork),
        FaultTemplate::Lasting(Action::RefuseLogins),
        FaultTemplate::Lasting(Action::HangPage),
        FaultTemplate::Lasting(Action::DropEvents),
        FaultTemplate::Lasting(Action::SlowAcks),
        FaultTemplate::Lasting(Action::SlowDelivery),
        FaultTemplate::Lasting(Action::BreakDatabase),
        FaultTemplate::Lasting(Action::StallSync),
        FaultTemplate::Lasting(Action::HoldDelivery),
        FaultTemplate::Lasting(Action::TemporaryBan),
        FaultTemplate::Lasting(Action::WithholdTools),
        FaultTemplate::Lasting(|ms| Action::Limit(Limit::ReachOut, ms)),
        FaultTemplate::Lasting(|ms| Action::Limit(Limit::NewChats, ms)),
        FaultTemplate::BusySync,
        FaultTemplate::BlockContact,
        FaultTemplate::BlockContact,
        FaultTemplate::Plain(Action::DropListener),
        FaultTemplate::Plain(Action::DropListener),
        FaultTemplate::Plain(Action::ForgetAnchors),
        FaultTemplate::Plain(Action::UnexpectedLogout),
    ];
    if amount.relinks {
        templates.push(FaultTemplate::Plain(Action::Relink));
    }
    templates.extend(SendFailure::ALL.map(FaultTemplate::FailSends));
    if amount.long_freeze_ms.is_some() {
        templates.push(FaultTemplate::LongFreeze);
    }
    let mut bag = Vec::new();
    let mut faults = Vec::new();
    let mut free_at = 0;
    for at in times(random, 1_000, &amount.other_fault_gap_ms, amount.length_ms) {
        // One fault at a time: a lasting fault is over before the next begins.
        let at_ms = at.max(free_at);
        if at_ms >= amount.length_ms {
            break;
        }
        let action = match draw_from_bag(random, &mut bag, &templates) {
            FaultTemplate::Lasting(action) => action(random.random_range(amount.fault_ms.clone())),
            FaultTemplate::FailSends(failure) => {
                Action::FailSends(failure, random.random_range(1..=3))
            }
            FaultTemplate::LongFreeze => Action::Freeze(amount.long_freeze_ms.unwrap_or_default()),
            FaultTemplate::BlockContact => Action::BlockContact {
                number: random.random_range(0..amount.clients * amount.recipients),
                ms: random.random_range(amount.fault_ms.clone()),
            },
            FaultTemplate::BusySync => {
                let ms = random.random_range(amount.fault_ms.clone());
                Action::BusySync(amount.long_freeze_ms.unwrap_or(ms))
            }
            FaultTemplate::Plain(action) => action,
        };
        free_at = at_ms
            + match action {
                Action::Freeze(ms)
                | Action::CutNetwork(ms)
                | Action::RefuseLogins(ms)
                | Action::SlowAcks(ms)
                | Action::SlowDelivery(ms)
                | Action::BusySync(ms)
                | Action::StallSync(ms)
                | Action::HoldDelivery(ms)
                | Action::TemporaryBan(ms)
                | Action::WithholdTools(ms)
                | Action::Limit(_, ms)
                | Action::BlockContact { ms, .. } => ms,
                // The same failure twice in a row would count as a real failure.
                Action::BreakDatabase(ms) => ms + DATABASE_REST_MS,
                _ => 0,
            };
        faults.push(Fault { at_ms, action });
    }
    faults
}

fn lanes(random: &mut ChaCha8Rng, amount: &Amount) -> Vec<Lane> {
    let mut lanes = Vec::new();
    for client in 0..amount.clients {
        // One in three clients uses session-manager directly.
        let target = if client % 3 == 2 {
            Target::Manager
        } else {
            Target::Hub
        };
        for index in 0..amount.recipients {
            let number = client * amount.recipients + index;
            let first_ms = random.random_range(0..amount.send_gap_ms.end);
            let times = times(random, first_ms, &amount.send_gap_ms, amount.length_ms);
            let sends = times.into_iter().enumerate().map(|(message_index, at_ms)| {
                let behavior = match index {
                    0 => ClientBehavior::OneTry,
                    1 if client < 2 => ClientBehavior::NotOnWhatsapp,
                    _ => match random.random_range(0..100) {
                        0..12 => ClientBehavior::Twice,
                        12..24 => ClientBehavior::Disconnect(random.random_range(2..600)),
                        _ => ClientBehavior::Careful,
                    },
                };
                let kind = match random.random_range(0..10) {
                    0 => Kind::Location,
                    1 => Kind::Contact,
                    2 | 3 => Kind::File,
                    _ => Kind::Text,
                };
                Send {
                    at_ms,
                    kind,
                    behavior,
                    ..send(number, message_index)
                }
            });
            let sends = sends.collect();
            let to = number_of(number);
            lanes.push(Lane { to, target, sends });
        }
    }
    lanes
}

fn fault_free_lanes(amount: &Amount) -> Vec<Lane> {
    let first = amount.clients * amount.recipients;
    (0..amount.clients * amount.recipients)
        .map(|index| {
            let number = first + index;
            Lane {
                to: number_of(number),
                target: if index % 3 == 2 {
                    Target::Manager
                } else {
                    Target::Hub
                },
                sends: (0..amount.fault_free_rounds)
                    .map(|message_index| send(number, message_index))
                    .collect(),
            }
        })
        .collect()
}

/// Returns the number of a recipient in a plan.
pub(super) fn number_of(number: usize) -> String {
    format!("549115{number:07}")
}

fn send(number: usize, message_index: usize) -> Send {
    Send {
        at_ms: 0,
        text: format!("mensaje {message_index} para {number}"),
        kind: Kind::Text,
        key: format!("chaos-{number}-{message_index}"),
        behavior: ClientBehavior::Careful,
        later: Vec::new(),
    }
}

const EMOJIS: [&str; 4] = ["👍", "❤️", "🙏", "😂"];

/// Adds what becomes of some of the messages after they were accepted.
fn change_sends(random: &mut ChaCha8Rng, lanes: &mut [Lane]) {
    let sends = lanes.iter_mut().flat_map(|lane| {
        let target = lane.target;
        lane.sends.iter_mut().map(move |send| (target, send))
    });
    for (sent_by, send) in sends {
        if send.behavior == ClientBehavior::NotOnWhatsapp {
            continue;
        }
        let edit = |count: u8| Change::Edit(format!("{} corregido {count}", send.text));
        let react = Change::React(EMOJIS[random.random_range(0..EMOJIS.len())].to_owned());
        // WhatsApp lets texts and captions alone be edited.
        let has_text = matches!(send.kind, Kind::Text | Kind::File);
        let changes = match random.random_range(0..20) {
            0 | 1 if has_text => vec![edit(1)],
            2 if has_text => vec![edit(1), edit(2)],
            3 if has_text => vec![edit(1), Change::Delete],
            4 => vec![Change::Delete],
            5 => vec![react],
            6 => vec![react, Change::TakeReactionAway],
            7 if has_text => vec![react, edit(1)],
            _ => Vec::new(),
        };
        // The hub has what was sent through it. Half of that is changed through it as well.
        let mut later = |change| LaterChange {
            after_ms: random.random_range(0..1_500),
            change,
            twice: random.random_ratio(1, 4),
            target: match sent_by {
                Target::Hub if random.random() => Target::Hub,
                _ => Target::Manager,
            },
        };
        send.later = changes.into_iter().map(&mut later).collect();
    }
}

/// How many of the latest messages a contact may still change.
const CHANGED_WITHIN: usize = 40;

/// Draws what contacts do to their messages. Nothing is done to a message that was deleted, and an
/// unreadable one is not edited or deleted.
fn contact_changes(random: &mut ChaCha8Rng, amount: &Amount, leads: &[Lead]) -> Vec<ContactChange> {
    #[derive(Clone, Default)]
    struct State {
        edits: usize,
        reactions: usize,
        has_reaction: bool,
        is_deleted: bool,
    }
    let mut states = vec![State::default(); leads.len()];
    let mut changes = Vec::new();
    for at_ms in times(random, 1_500, &amount.change_gap_ms, amount.length_ms) {
        let written = leads.partition_point(|lead| lead.at_ms <= at_ms);
        if written == 0 {
            continue;
        }
        let lead = random.random_range(written.saturating_sub(CHANGED_WITHIN)..written);
        let (arrival, state) = (leads[lead].arrival, &mut states[lead]);
        let is_theirs = matches!(arrival, Arrival::Text | Arrival::Lid | Arrival::File);
        if state.is_deleted || arrival == Arrival::Call {
            continue;
        }
        let change = match random.random_range(0..10) {
            0..4 if is_theirs => {
                state.edits += 1;
                Change::Edit(format!("{} corregida {}", leads[lead].text, state.edits))
            }
            4 | 5 if is_theirs => {
                state.is_deleted = true;
                Change::Delete
            }
            _ if state.has_reaction && random.random_bool(0.5) => {
                state.has_reaction = false;
                Change::TakeReactionAway
            }
            _ => {
                state.reactions += 1;
                state.has_reaction = true;
                Change::React(EMOJIS[state.reactions % EMOJIS.len()].to_owned())
            }
        };
        changes.push(ContactChange {
            at_ms,
            lead,
            change,
        });
    }
    changes
}

fn leads(random: &mut ChaCha8Rng, amount: &Amount) -> Vec<Lead> {
    times(random, 500, &amount.inbound_gap_ms, amount.length_ms)
        .into_iter()
        .enumerate()
        .map(|(count, at_ms)| Lead {
            at_ms,
            number: format!("549116{:07}", random.random_range(0..20)),
            text: format!("consulta {count}"),
            arrival: match random.random_range(0..20) {
                0..4 => Arrival::Ciphertext(random.random_range(50..4_000)),
                4..8 => Arrival::Lid,
                8 | 9 => Arrival::Own,
                10 | 11 => Arrival::File,
                12 => Arrival::Call,
                _ => Arrival::Text,
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What WhatsApp's page and the account do besides failing.
    const KINDS: [&str; 10] = [
        "missing anchors",
        "a busy sync",
        "a stalled sync",
        "a held offline delivery",
        "temporary bans",
        "unexpected logouts",
        "missing tools",
        "a reach-out lock",
        "a limit on new chats",
        "relinked with a passkey",
    ];

    #[test]
    fn same_seed_gives_the_same_plan() {
        let plan = |seed| Plan::new(seed, Amount::minutes(15));
        assert_eq!(plan(7), plan(7));
        let (one, other) = (plan(7), plan(8));
        assert_ne!(one.kills, other.kills);
        assert_ne!(one.other_faults, other.other_faults);
        assert_ne!(one.lanes, other.lanes);
        assert_ne!(one.leads, other.leads);
        assert_ne!(one.contact_changes, other.contact_changes);
    }

    #[test]
    fn short_plan_has_every_change() {
        for seed in 0..20 {
            let plan = Plan::new(seed, Amount::short());
            let name = |change: &Change| match change {
                Change::Edit(_) => "edit",
                Change::Delete => "deletion",
                Change::React(_) => "reaction",
                Change::TakeReactionAway => "reaction taken away",
            };
            let sends = plan.lanes.iter().flat_map(|lane| &lane.sends);
            let later: Vec<_> = sends.flat_map(|send| &send.later).collect();
            let own: BTreeSet<_> = later.iter().map(|later| name(&later.change)).collect();
            for target in [Target::Hub, Target::Manager] {
                let by_service = later.iter().filter(|later| later.target == target);
                let changes: BTreeSet<_> = by_service.map(|later| name(&later.change)).collect();
                let own_kinds = ["edit", "deletion"];
                assert!(own_kinds.iter().all(|it| changes.contains(it)), "{seed}");
            }
            let contacts = plan.contact_changes.iter();
            let contacts: BTreeSet<_> = contacts.map(|change| name(&change.change)).collect();
            assert_eq!((own.len(), contacts.len()), (4, 4), "{seed}");
            let calls = plan.leads.iter().filter(|l| l.arrival == Arrival::Call);
            assert!(calls.count() > 0, "{seed}: no call");
            for change in &plan.contact_changes {
                assert!(plan.leads[change.lead].at_ms <= change.at_ms, "{seed}");
            }
        }
    }

    #[test]
    fn fifteen_minutes_are_a_thousand_sends_and_fifty_kills() {
        for seed in 0..50 {
            let plan = Plan::new(seed, Amount::minutes(15));
            let kills = plan.kills.iter().filter(|f| f.action.is_kill()).count();
            assert!(kills >= 55, "{seed}: {kills}");
            let names: BTreeSet<_> = plan.other_faults.iter().map(|f| f.action.name()).collect();
            for name in KINDS {
                assert!(names.contains(name), "{seed}: no {name}");
            }
            let lanes = plan.lanes.iter();
            let sends: usize = lanes.map(|lane| lane.sends.len()).sum();
            assert!(sends >= 2_000, "{seed}: {sends}");
        }
    }

    #[test]
    fn texts_and_keys_are_unique_and_times_are_ordered() {
        let plan = Plan::new(3, Amount::short());
        let sends = || {
            plan.lanes
                .iter()
                .chain(&plan.fault_free_lanes)
                .flat_map(|l| &l.sends)
        };
        let texts: BTreeSet<_> = sends().map(|send| &send.text).collect();
        let keys: BTreeSet<_> = sends().map(|send| &send.key).collect();
        assert_eq!(
            (texts.len(), keys.len()),
            (sends().count(), sends().count())
        );
        for lane in &plan.lanes {
            assert!(lane.sends.is_sorted_by_key(|send| send.at_ms));
        }
        for faults in [&plan.kills, &plan.other_faults] {
            assert!(faults.is_sorted_by_key(|fault| fault.at_ms));
        }
        assert_eq!(plan.numbers_without_whatsapp().len(), 2);
    }
}
