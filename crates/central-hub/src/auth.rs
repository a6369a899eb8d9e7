//! The password of the page and the API.
//!
//! ```text
//!  Basic admin:<password> ─┐
//!  Bearer <password> ──────┴─> too many failures from there? ─> SHA-256 ─> equal?
//! ```
//!
//! Digests are compared, in constant time: neither the length nor the first
//! wrong character shows in how long an answer takes.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use service_runtime::http::ErrorReply;
use session_api::ErrorCode;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::HubError;
use crate::web;

const USER: &str = "admin";
/// Failures from one address within [`WINDOW`] before it has to wait.
const FAILURES: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses remembered at once.
const ADDRESSES: usize = 4096;

/// What the middleware checks against.
#[derive(Clone)]
pub(crate) struct Gate {
    digest: [u8; 32],
    failures: Arc<Mutex<Failures>>,
}

impl Gate {
    pub(crate) fn new(password: &SecretString) -> Self {
        Self {
            digest: digest(password.expose_secret().as_bytes()),
            failures: Arc::default(),
        }
    }

    fn admits(&self, presented: &[u8]) -> bool {
        digest(presented).ct_eq(&self.digest).into()
    }
}

fn digest(password: &[u8]) -> [u8; 32] {
    Sha256::digest(password).into()
}

/// Middleware: 401 without the password, 429 after too many wrong ones.
pub(crate) async fn require_password(
    State(gate): State<Gate>,
    request: Request,
    next: Next,
) -> Response {
    let address = client_address(&request);
    let Some(presented) = request
        .headers()
        .get(header::AUTHORIZATION)
        .map(|value| presented(value.as_bytes()))
    else {
        return refuse(&request, "this needs the password of the hub");
    };
    let failures = || gate.failures.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(wait) = failures().wait(address, Instant::now()) {
        let seconds = wait.as_secs().max(1);
        return ErrorReply::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TOO_MANY_ATTEMPTS",
            format!("too many wrong passwords: try again in {seconds} s"),
        )
        .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
        .into_response();
    }
    if presented.is_some_and(|password| gate.admits(&password)) {
        return next.run(request).await;
    }
    failures().note(address, Instant::now());
    tracing::warn!(%address, "a wrong password");
    refuse(&request, "the password is wrong")
}

/// Answers 401. Only a person who opens a page is asked by the browser: the
/// page's own requests must not make it pop up a question. Its scripts and
/// styles are part of opening it: a browser that knows the password gives it
/// unasked only below the path where it was asked.
fn refuse(request: &Request, message: &str) -> Response {
    let mut response = HubError::of_contract(ErrorCode::Unauthorized, message).into_response();
    if web::is_part_of_page(request.method(), request.headers()) {
        response.headers_mut().insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static(r#"Basic realm="LeadMaster", charset="UTF-8""#),
        );
    }
    response
}

/// The password in an `Authorization` header, if it has one.
fn presented(header: &[u8]) -> Option<Vec<u8>> {
    let space = header.iter().position(|byte| *byte == b' ')?;
    let (scheme, rest) = header.split_at(space);
    let rest = rest.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"bearer") {
        return Some(rest.to_vec());
    }
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let pair = STANDARD.decode(rest).ok()?;
    let password = pair.strip_prefix(USER.as_bytes())?.strip_prefix(b":")?;
    Some(password.to_vec())
}

/// Who asks. Behind a proxy on this machine, whom the proxy says: the last
/// entry of `X-Forwarded-For` is the one that it wrote itself.
fn client_address(request: &Request) -> IpAddr {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    if !peer.to_canonical().is_loopback() {
        return peer;
    }
    forwarded(request.headers()).unwrap_or(peer)
}

fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

/// Wrong passwords, by address.
#[derive(Debug, Default)]
struct Failures(HashMap<IpAddr, (u32, Instant)>);

impl Failures {
    /// How long this address has to wait, if it has to.
    fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let (count, since) = self.0.get(&address)?;
        let left = WINDOW.checked_sub(now.duration_since(*since))?;
        (*count >= FAILURES && !left.is_zero()).then_some(left)
    }

    fn note(&mut self, address: IpAddr, now: Instant) {
        let is_over = |since: &Instant| now.duration_since(*since) >= WINDOW;
        if self.0.len() >= ADDRESSES {
            self.0.retain(|_, (_, since)| !is_over(since));
        }
        if self.0.len() >= ADDRESSES {
            // Thousands of addresses at once: forget the oldest of them.
            let oldest = self.0.iter().min_by_key(|(_, (_, since))| *since);
            if let Some(oldest) = oldest.map(|(address, _)| *address) {
                self.0.remove(&oldest);
            }
        }
        let entry = self.0.entry(address).or_insert((0, now));
        if is_over(&entry.1) {
            *entry = (0, now);
        }
        entry.0 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_found_in_both_schemes() {
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        let of = |header: &str| {
            presented(header.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
        };
        assert_eq!(of("Bearer a b"), Some("a b".to_owned()));
        assert_eq!(of("bearer  x"), Some("x".to_owned()));
        assert_eq!(of(&basic("admin:p:w")), Some("p:w".to_owned()));
        for other in [
            "",
            "Basic",
            "Basic %%%",
            &basic("root:pw"),
            &basic("admin"),
            "Digest x",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn only_the_right_password_is_admitted() {
        let gate = Gate::new(&SecretString::from("hunter2"));
        assert!(gate.admits(b"hunter2"));
        for wrong in ["", "hunter", "hunter22", "Hunter2"] {
            assert!(!gate.admits(wrong.as_bytes()));
        }
    }

    #[test]
    fn ten_failures_within_a_minute_are_enough() {
        let mut failures = Failures::default();
        let begin = Instant::now();
        let (one, other) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        for _ in 0..FAILURES {
            assert_eq!(failures.wait(one, begin), None);
            failures.note(one, begin);
        }
        assert!(failures.wait(one, begin).is_some());
        assert_eq!(failures.wait(other, begin), None);
        assert_eq!(failures.wait(one, begin + WINDOW), None);
        failures.note(one, begin + WINDOW);
        assert_eq!(failures.wait(one, begin + WINDOW), None);
    }

    #[test]
    fn memory_is_bounded() {
        let mut failures = Failures::default();
        let now = Instant::now();
        for number in 0..10_000_u32 {
            failures.note(IpAddr::V4(Ipv4Addr::from(number)), now);
        }
        assert!(failures.0.len() <= ADDRESSES);
    }
}
