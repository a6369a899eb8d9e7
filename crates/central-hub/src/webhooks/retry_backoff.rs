//! Computes the pause before a webhook delivery is retried: exponential, with
//! jitter and an upper limit.

use std::time::Duration;

use super::WebhookLimits;

/// The factor between two pauses, up to the upper limit.
const PAUSE_FACTOR: u32 = 3;
const MAX_PAUSE: Duration = Duration::from_secs(8 * 3600);
/// The longest `Retry-After` that is honored.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Returns the pause after the given number of attempts (from 1); `None` after
/// the last. `chance` (0 to 1) varies the pause by up to a fifth, so that
/// deliveries that failed together are not retried together. A longer
/// `Retry-After` from the receiver takes precedence.
pub(super) fn delay(
    limits: &WebhookLimits,
    attempts: u32,
    asked: Option<Duration>,
    chance: f64,
) -> Option<Duration> {
    if attempts >= limits.attempts {
        return None;
    }
    let pause = limits
        .first_pause
        .saturating_mul(PAUSE_FACTOR.saturating_pow(attempts.saturating_sub(1)))
        .min(MAX_PAUSE)
        .mul_f64(0.8 + 0.4 * chance);
    Some(pause.max(asked.unwrap_or_default().min(MAX_RETRY_AFTER)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_a_day() {
        let limits = WebhookLimits::default();
        let total = |chance| -> Duration {
            (1..)
                .map_while(|attempts| delay(&limits, attempts, None, chance))
                .sum()
        };
        let hours = |chance| total(chance).as_secs() / 3600;
        assert!((18..=24).contains(&hours(0.5)), "{} h", hours(0.5));
        assert!(total(0.0) < total(0.5) && total(0.5) < total(1.0));
        assert_eq!(delay(&limits, 1, None, 0.5), Some(Duration::from_secs(5)));
        assert_eq!(delay(&limits, 2, None, 0.5), Some(Duration::from_secs(15)));
        assert_eq!(delay(&limits, limits.attempts, None, 0.5), None);
    }

    #[test]
    fn retry_after_is_respected() {
        let limits = WebhookLimits::default();
        let delay_of = |seconds| delay(&limits, 1, Some(Duration::from_secs(seconds)), 0.5);
        assert_eq!(delay_of(1), Some(Duration::from_secs(5)), "never sooner");
        assert_eq!(delay_of(120), Some(Duration::from_secs(120)));
        assert_eq!(delay_of(u64::MAX), Some(MAX_RETRY_AFTER));
    }
}
