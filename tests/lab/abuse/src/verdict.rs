//! Checks whether an attack stayed within its limits.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Options;
use super::attacks::Attack;

/// Limit on the memory growth of a service during an attack, in MiB.
const MEMORY_LIMIT: u64 = 64;
/// Limit on open descriptors: connections and everything else.
const DESCRIPTOR_LIMIT: u64 = 1024 + 256;

/// Measurements of a service.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Median and maximum latency of the health checks.
    pub(super) health: (Duration, Duration),
    /// Peak memory growth, in MiB.
    pub(super) memory: u64,
    pub(super) descriptors: u64,
}

/// Returns the limits that were exceeded.
pub(super) fn judged(
    attack: &Attack,
    is_remote: bool,
    answers: &BTreeMap<u16, usize>,
    seen: &Seen,
    options: &Options,
) -> Vec<String> {
    let mut broken = Vec::new();
    // Connections beyond the limit of one address are refused, or closed to admit others.
    let is_allowed =
        |status: &u16| attack.allowed.contains(status) || is_remote && matches!(status, 0 | 503);
    let odd = answers.keys().filter(|it| !is_allowed(it));
    broken.extend(odd.map(|status| format!("{status} was answered")));
    if !attack.wanted.is_empty() && !attack.wanted.iter().any(|it| answers.contains_key(it)) {
        broken.push(format!("none of {:?} was answered", attack.wanted));
    }
    if seen.health.0 > options.health_limit() {
        broken.push(format!("/health took {:?} at the median", seen.health.0));
    }
    if seen.memory > MEMORY_LIMIT {
        broken.push(format!("{} MiB more memory", seen.memory));
    }
    if seen.descriptors > DESCRIPTOR_LIMIT {
        broken.push(format!("{} descriptors", seen.descriptors));
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attacks::Kind;

    const ATTACK: Attack = Attack {
        name: "an attack",
        only_hub: false,
        allowed: &[200, 429],
        wanted: &[429],
        kind: Kind::Flood,
    };
    const HELD: Seen = Seen {
        health: (Duration::from_millis(90), Duration::from_secs(9)),
        memory: MEMORY_LIMIT,
        descriptors: DESCRIPTOR_LIMIT,
    };

    fn broken(answers: &[(u16, usize)], seen: Seen) -> Vec<String> {
        let answers = answers.iter().copied().collect();
        judged(&ATTACK, false, &answers, &seen, &Options::default())
    }

    #[test]
    fn values_outside_their_table_are_reported() {
        let right = [(200, 3), (429, 1)];
        assert_eq!(broken(&right, HELD), Vec::<String>::new());
        assert_eq!(
            broken(&[(429, 1), (500, 1)], HELD),
            ["500 was answered"],
            "one defect among many right answers"
        );
        assert_eq!(broken(&[(200, 3)], HELD), ["none of [429] was answered"]);
        let late = (Duration::from_millis(101), Duration::from_secs(9));
        for (seen, said) in [
            (
                Seen {
                    health: late,
                    ..HELD
                },
                "/health took 101ms at the median",
            ),
            (
                Seen {
                    memory: 129,
                    ..HELD
                },
                "129 MiB more memory",
            ),
            (
                Seen {
                    descriptors: 1281,
                    ..HELD
                },
                "1281 descriptors",
            ),
        ] {
            assert_eq!(broken(&right, seen), [said]);
        }
    }
}
