//! Hashes passwords with Argon2id, with limited concurrency and a cache of verified passwords.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use ring::hmac;
use service_runtime::http::ErrorReply;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use super::refusal::{overloaded, too_many};
use super::{Auth, ClientAddress};
use crate::error::HubError;
use crate::store::User;

/// Argon2id parameters of OWASP's first recommendation: 19 MiB, two passes, one lane.
const ARGON2_MEMORY_KIB: u32 = 19 * 1024;
const ARGON2_PASSES: u32 = 2;
const ARGON2_LANES: u32 = 1;
/// Maximum number of concurrent checks, so that a flood of them exhausts
/// neither the memory nor the cores.
const CONCURRENT_HASHES: usize = 2;
/// Maximum number of checks that wait for a permit.
const MAX_WAITING: usize = 64;
/// How long a verified password stays cached. A loop of `curl` commands sends
/// the password with every request.
const VERIFIED_FOR: Duration = Duration::from_secs(300);
const MAX_VERIFIED: usize = 1024;

/// Maximum length of a user name, in characters.
const MAX_NAME_LENGTH: usize = 64;
/// Minimum and maximum length of a password, in characters.
const MIN_PASSWORD_LENGTH: usize = 10;
const MAX_PASSWORD_LENGTH: usize = 256;

/// Hashes and verifies passwords.
pub(super) struct Passwords {
    hash_permits: Semaphore,
    queue_permits: Semaphore,
    /// Random key of this process. The cached values are hashes with it, so that
    /// they alone do not allow a fast dictionary attack.
    key: hmac::Key,
    verified: Mutex<HashMap<[u8; 32], Instant>>,
    /// A hash that belongs to no user. It is checked for an unknown user, so
    /// that the reply takes as long as for a known one.
    dummy_hash: String,
}

impl Passwords {
    pub(super) fn new() -> Self {
        let key: [u8; 32] = rand::random();
        Self {
            hash_permits: Semaphore::new(CONCURRENT_HASHES),
            queue_permits: Semaphore::new(CONCURRENT_HASHES + MAX_WAITING),
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            verified: Mutex::default(),
            dummy_hash: hash(&super::secrets::random()),
        }
    }

    /// Returns the hash to store, as a PHC string.
    pub(super) async fn hash(&self, password: &str) -> Result<String, ErrorReply> {
        let _place = self.queue_permits.try_acquire().map_err(|_| overloaded())?;
        let _turn = self.hash_permits.acquire().await;
        let password = password.to_owned();
        on_own_thread(move || hash(&password))
            .await
            .ok_or_else(ErrorReply::internal)
    }

    /// Returns whether the password matches `phc`, without a rate limit or the cache.
    pub(super) async fn verify(&self, phc: &str, password: &str) -> bool {
        let _turn = self.hash_permits.acquire().await;
        let (phc, password) = (phc.to_owned(), password.to_owned());
        on_own_thread(move || verify_hash(&phc, &password))
            .await
            .unwrap_or(false)
    }

    /// Returns the cache key of a hash and a password. A different hash of the
    /// same password has a different key.
    fn cache_key(&self, phc: &str, password: &str) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(phc.as_bytes());
        context.update(&[0]);
        context.update(password.as_bytes());
        let mut cache_key = [0; 32];
        cache_key.copy_from_slice(context.sign().as_ref());
        cache_key
    }

    fn is_verified(&self, cache_key: &[u8; 32]) -> bool {
        let verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified
            .get(cache_key)
            .is_some_and(|since| since.elapsed() < VERIFIED_FOR)
    }

    fn remember(&self, cache_key: [u8; 32]) {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= MAX_VERIFIED {
            verified.retain(|_, since| since.elapsed() < VERIFIED_FOR);
        }
        if verified.len() >= MAX_VERIFIED {
            verified.clear();
        }
        verified.insert(cache_key, Instant::now());
    }
}

impl Auth {
    /// Returns the user with this name and password, if they match and the user may sign in.
    pub(crate) async fn user_with_password(
        &self,
        name: &str,
        password: &str,
        address: ClientAddress,
    ) -> Result<Option<User>, HubError> {
        let Self(inner) = self;
        let (passwords, limits) = (&inner.passwords, &inner.limits);
        let name = canonical_name(name);
        let wait = || match limits.wait(address, &name) {
            Some(wait) => Err(HubError::from(too_many(wait))),
            None => Ok(()),
        };
        wait()?;
        if !is_user_name(&name) {
            // No user can have such a name, and that is no secret, so the
            // lookup and the hashing are skipped.
            limits.note(address, &name);
            tracing::warn!(address = %address.0, user = "(unknown)", "a wrong password");
            return Ok(None);
        }
        let user = inner.store.user_named(&name).await?;
        let phc = user
            .as_ref()
            .map_or(passwords.dummy_hash.as_str(), |user| user.password.as_str());
        let cache_key = passwords.cache_key(phc, password);
        if !passwords.is_verified(&cache_key) {
            let _place = passwords
                .queue_permits
                .try_acquire()
                .map_err(|_| overloaded())?;
            let _turn = passwords.hash_permits.acquire().await;
            // While this request waited for a permit, concurrent ones may have
            // used up the attempts or verified this password.
            wait()?;
            if !passwords.is_verified(&cache_key) {
                let (phc, password) = (phc.to_owned(), password.to_owned());
                let is_correct = on_own_thread(move || verify_hash(&phc, &password)).await;
                if !is_correct.unwrap_or(false) {
                    limits.note(address, &name);
                    // Only names of known users are logged, because people
                    // sometimes type their password into the name field.
                    let user = user.as_ref().map_or("(unknown)", |user| user.name.as_str());
                    tracing::warn!(address = %address.0, user, "a wrong password");
                    return Ok(None);
                }
                passwords.remember(cache_key);
            }
        }
        if is_bcrypt(phc)
            && let Some(user) = &user
        {
            self.renew_hash(user, password).await;
        }
        let user = user.filter(|user| !user.disabled);
        if user.is_none() {
            limits.note(address, &name);
            tracing::warn!(address = %address.0, "sign-in of a disabled user was refused");
        }
        Ok(user)
    }

    /// Replaces the stored hash of a verified password with an Argon2id hash.
    async fn renew_hash(&self, user: &User, password: &str) {
        let Ok(renewed) = self.hash(password).await else {
            return;
        };
        let store = &self.0.store;
        // After an error, the next sign-in tries again.
        match store
            .rehash_password(user.id, &user.password, &renewed)
            .await
        {
            Ok(()) => tracing::info!(user = user.name, "a password hash was upgraded to Argon2id"),
            Err(error) => tracing::warn!("a password hash was not upgraded: {error}"),
        }
    }

    /// Returns the hash to store for a new password.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, ErrorReply> {
        self.0.passwords.hash(password).await
    }
}

/// Returns the stored form of a user name. A name above the length limit is cut
/// to a length that is still invalid.
pub(crate) fn canonical_name(name: &str) -> String {
    let name = name.trim();
    let end = name.char_indices().nth(MAX_NAME_LENGTH + 1);
    name[..end.map_or(name.len(), |(end, _)| end)].to_lowercase()
}

/// Returns whether `name` is a valid user name.
pub(crate) fn is_user_name(name: &str) -> bool {
    (1..=MAX_NAME_LENGTH).contains(&name.chars().count())
        && name
            .chars()
            .all(|letter| letter.is_alphanumeric() || "._-+@".contains(letter))
}

/// Runs `work` on a separate thread, because the runtime's blocking pool may be
/// full of other work. The caller limits the number of threads.
async fn on_own_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, result) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("password".to_owned());
    let thread = thread.spawn(move || {
        // The caller may no longer be waiting.
        let _ = done.send(work());
    });
    if let Err(error) = thread {
        tracing::error!(%error, "no thread is available to check a password");
        return None;
    }
    result.await.ok()
}

/// Checks the length of a password that a user chooses.
pub(crate) fn check_new_password(password: &str) -> Result<(), ErrorReply> {
    let length = password.chars().count();
    if (MIN_PASSWORD_LENGTH..=MAX_PASSWORD_LENGTH).contains(&length) {
        return Ok(());
    }
    Err(ErrorReply::invalid_request(format!(
        "a password must have {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters"
    )))
}

fn argon2() -> Argon2<'static> {
    let params =
        Params::new(ARGON2_MEMORY_KIB, ARGON2_PASSES, ARGON2_LANES, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Returns the NFKC form of a password, which does not depend on how the keyboard composes letters.
fn composed(password: &str) -> String {
    password.nfkc().collect()
}

fn hash(password: &str) -> String {
    let hashed = argon2().hash_password(composed(password).as_bytes());
    // Without memory or randomness the result matches no password, so nobody signs in.
    hashed.map_or_else(|_| String::new(), |hash: PasswordHash| hash.to_string())
}

/// Returns whether `hash` is a bcrypt hash of the Node hub. Such a hash is
/// verified once, then replaced with an Argon2id hash.
pub(crate) fn is_bcrypt(hash: &str) -> bool {
    ["$2a$", "$2b$", "$2x$", "$2y$"]
        .iter()
        .any(|prefix| hash.starts_with(prefix))
}

fn verify_hash(phc: &str, password: &str) -> bool {
    if is_bcrypt(phc) {
        return bcrypt::verify(password, phc).unwrap_or(false);
    }
    PasswordHash::new(phc).is_ok_and(|parsed| {
        argon2()
            .verify_password(composed(password).as_bytes(), &parsed)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_is_accepted() {
        let phc = hash("hunter2ñ");
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert_ne!(phc, hash("hunter2ñ"), "each has its own salt");
        assert!(verify_hash(&phc, "hunter2ñ"));
        assert!(
            verify_hash(&phc, "hunter2n\u{303}"),
            "typed on another keyboard"
        );
        for wrong in ["", "hunter2", "hunter2ñ ", "Hunter2ñ"] {
            assert!(!verify_hash(&phc, wrong), "{wrong}");
        }
        assert!(!verify_hash("", "") && !verify_hash("nonsense", "nonsense"));
    }

    #[test]
    fn verified_passwords_are_bounded_and_tied_to_the_hash() {
        let passwords = Passwords::new();
        let cache_key = passwords.cache_key("phc", "right");
        passwords.remember(cache_key);
        assert!(passwords.is_verified(&cache_key));
        assert!(!passwords.is_verified(&passwords.cache_key("phc2", "right")));
        assert!(!passwords.is_verified(&passwords.cache_key("phc", "wrong")));
        for number in 0..MAX_VERIFIED * 2 {
            passwords.remember(passwords.cache_key("phc", &number.to_string()));
        }
        assert!(passwords.verified.lock().unwrap().len() <= MAX_VERIFIED);
    }

    #[test]
    fn a_hash_of_the_node_hubs_is_verified() {
        let hash = bcrypt::hash("ñandú con espacios", 4).unwrap();
        assert!(is_bcrypt(&hash));
        assert!(verify_hash(&hash, "ñandú con espacios"));
        assert!(!verify_hash(&hash, "nandu con espacios"));
        assert!(!is_bcrypt(&super::hash("x")));
        for broken in ["$2b$", "$2b$04$short", "$2y$99$"] {
            assert!(is_bcrypt(broken) && !verify_hash(broken, "x"));
        }
    }

    #[test]
    fn names_are_short_and_plain() {
        for good in ["ana", "josé.maría+1@x", &"ñ".repeat(64)] {
            assert!(is_user_name(&canonical_name(good)), "{good}");
        }
        let long = "x".repeat(512 * 1024);
        assert!(canonical_name(&long).len() <= 65);
        for bad in ["", "a b", "a\0", &"ñ".repeat(65), &long] {
            assert!(!is_user_name(&canonical_name(bad)), "{bad:.9}");
        }
    }

    #[test]
    fn new_passwords_have_a_length() {
        for good in ["ñandúñandú", &"x".repeat(256)] {
            assert!(check_new_password(good).is_ok());
        }
        for bad in ["", "123456789", &"x".repeat(257)] {
            assert!(check_new_password(bad).is_err());
        }
    }
}
