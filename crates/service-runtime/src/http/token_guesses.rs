//! Limits the rate of guesses at a shared secret, by peer address.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};

use super::reply::ErrorReply;
use crate::limits::{Attempts, OncePerMinute, network_of};

/// Maximum number of wrong secrets per minute from one address. A secret must be long enough to
/// withstand ten guesses a second. A lower limit would lock out a program with an outdated secret,
/// and others behind its address.
const MAX_PER_ADDRESS: u32 = 600;

/// Counts wrong secrets by address, rejects addresses above the limit, and logs at most one line
/// per minute.
#[derive(Debug)]
pub struct Guesses {
    name: &'static str,
    attempts: Attempts,
    log: OncePerMinute,
}

impl Guesses {
    /// Creates the limit for the secret in the variable `name`.
    #[must_use]
    pub fn at(name: &'static str) -> Self {
        Self {
            name,
            attempts: Attempts::new(MAX_PER_ADDRESS),
            log: OncePerMinute::default(),
        }
    }

    /// Counts a wrong secret from this address. Returns whether the request is authenticated.
    ///
    /// Above the limit, addresses of this machine are rejected only with a wrong secret: the other
    /// services connect from them, and a guesser there must not lock them out.
    ///
    /// # Errors
    /// 429 `TOO_MANY_ATTEMPTS`.
    pub fn judge(&self, address: IpAddr, is_correct: bool) -> Result<bool, ErrorReply> {
        let address = network_of(address);
        let wait = self.attempts.wait(address);
        if is_correct && (wait.is_none() || address.is_loopback()) {
            return Ok(true);
        }
        if !is_correct {
            self.attempts.record(address);
            if let Some(count) = self.log.due() {
                tracing::warn!(%address, count, "a wrong {} was presented", self.name);
            }
        }
        wait.map_or(Ok(false), |wait| Err(self.too_many(wait)))
    }

    fn too_many(&self, wait: Duration) -> ErrorReply {
        let seconds = wait.as_secs().max(1);
        ErrorReply::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TOO_MANY_ATTEMPTS",
            format!("too many wrong tokens: try again in {seconds} s"),
        )
        .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge_times(guesses: &Guesses, address: &str, count: u32) -> Vec<Result<bool, u16>> {
        let address = address.parse().unwrap();
        let judge = |_| guesses.judge(address, false);
        let status = |refusal: ErrorReply| refusal.status().as_u16();
        (0..count)
            .map(judge)
            .map(|result| result.map_err(status))
            .collect()
    }

    #[test]
    fn guesses_are_limited_by_address() {
        let guesses = Guesses::at("X_TOKEN");
        let (address, other) = ("192.0.2.1", "192.0.2.2".parse().unwrap());
        let answers = judge_times(&guesses, address, MAX_PER_ADDRESS + 1);
        assert!(answers[..600].iter().all(|result| *result == Ok(false)));
        assert_eq!(answers[600], Err(429));
        assert!(guesses.judge(address.parse().unwrap(), true).is_err());
        assert!(guesses.judge(other, true).unwrap());
    }

    #[test]
    fn local_guesser_does_not_lock_out_others() {
        let guesses = Guesses::at("X_TOKEN");
        let answers = judge_times(&guesses, "127.0.0.1", MAX_PER_ADDRESS + 1);
        assert_eq!(answers[600], Err(429));
        assert!(guesses.judge("127.0.0.1".parse().unwrap(), true).unwrap());
    }
}
