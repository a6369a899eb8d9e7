//! Computes the pause before a retry: exponential, with jitter and an upper
//! limit, and never shorter than `Retry-After` within that limit.

use std::time::Duration;

use service_runtime::Backoff;

/// The longest pause between two attempts.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Returns the pause after `failures` consecutive failures. It doubles each
/// time and has jitter, so that many hubs do not retry in step.
pub(super) fn delay(failures: u32, first: Duration, asked_for: Option<Duration>) -> Duration {
    let pause = capped_delay(failures, first, MAX_PAUSE);
    // Never sooner than `Retry-After`, up to the longest pause.
    asked_for.map_or(pause, |asked_for| {
        asked_for.min(MAX_PAUSE) + pause.min(asked_for).mul_f64(0.25)
    })
}

/// Returns the pause as [`delay`] does, but with the given longest pause and without `Retry-After`.
pub(super) fn capped_delay(failures: u32, first: Duration, longest: Duration) -> Duration {
    let pause = Backoff::new(first, longest).after(failures.saturating_sub(1));
    pause.mul_f64(rand::random_range(0.5..1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_respect_retry_after() {
        let first = Duration::from_millis(500);
        for failures in 1..200 {
            let longest = first.saturating_mul(1 << (failures - 1).min(16));
            let pause = delay(failures, first, None);
            assert!(
                pause <= longest.min(MAX_PAUSE) && pause >= first / 2,
                "{pause:?}"
            );
        }
        let wish = Duration::from_secs(7);
        for failures in [1, 100] {
            let pause = delay(failures, first, Some(wish));
            assert!(pause >= wish && pause < wish * 2, "{pause:?}");
        }
        assert!(delay(1, first, Some(Duration::from_secs(9999))) < MAX_PAUSE * 2);
    }
}
