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
pub(super) struct Measurements {
    /// Median and maximum latency of the health checks.
    pub(super) health: (Duration, Duration),
    /// Peak memory growth, in MiB.
    pub(super) memory: u64,
    pub(super) descriptors: u64,
}

/// Returns the limits that were exceeded.
pub(super) fn find_violations(
    attack: &Attack,
    is_remote: bool,
    responses: &BTreeMap<u16, usize>,
    measured: &Measurements,
    options: &Options,
) -> Vec<String> {
    let mut violations = Vec::new();
    // Connections beyond the limit of one address are refused, or closed to admit others.
    let is_allowed =
        |status: &u16| attack.allowed.contains(status) || is_remote && matches!(status, 0 | 503);
    let unexpected = responses.keys().filter(|status| !is_allowed(status));
    violations.extend(unexpected.map(|status| format!("{status} was answered")));
    if !attack.required.is_empty()
        && !attack
            .required
            .iter()
            .any(|status| responses.contains_key(status))
    {
        violations.push(format!("none of {:?} was answered", attack.required));
    }
    if measured.health.0 > options.health_limit() {
        violations.push(format!(
            "/health took {:?} at the median",
            measured.health.0
        ));
    }
    if measured.memory > MEMORY_LIMIT {
        violations.push(format!("{} MiB more memory", measured.memory));
    }
    if measured.descriptors > DESCRIPTOR_LIMIT {
        violations.push(format!("{} descriptors", measured.descriptors));
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attacks::Kind;

    const ATTACK: Attack = Attack {
        name: "an attack",
        only_hub: false,
        allowed: &[200, 429],
        required: &[429],
        kind: Kind::Flood,
    };
    const WITHIN_LIMITS: Measurements = Measurements {
        health: (Duration::from_millis(90), Duration::from_secs(9)),
        memory: MEMORY_LIMIT,
        descriptors: DESCRIPTOR_LIMIT,
    };

    fn violations(responses: &[(u16, usize)], measured: Measurements) -> Vec<String> {
        let responses = responses.iter().copied().collect();
        find_violations(&ATTACK, false, &responses, &measured, &Options::default())
    }

    #[test]
    fn values_outside_their_table_are_reported() {
        let expected = [(200, 3), (429, 1)];
        assert_eq!(violations(&expected, WITHIN_LIMITS), Vec::<String>::new());
        assert_eq!(
            violations(&[(429, 1), (500, 1)], WITHIN_LIMITS),
            ["500 was answered"],
            "one defect among many expected responses"
        );
        assert_eq!(
            violations(&[(200, 3)], WITHIN_LIMITS),
            ["none of [429] was answered"]
        );
        let slow = (Duration::from_millis(101), Duration::from_secs(9));
        for (measured, violation) in [
            (
                Measurements {
                    health: slow,
                    ..WITHIN_LIMITS
                },
                "/health took 101ms at the median",
            ),
            (
                Measurements {
                    memory: 129,
                    ..WITHIN_LIMITS
                },
                "129 MiB more memory",
            ),
            (
                Measurements {
                    descriptors: 1281,
                    ..WITHIN_LIMITS
                },
                "1281 descriptors",
            ),
        ] {
            assert_eq!(violations(&expected, measured), [violation]);
        }
    }
}
