//! Creates and checks signed links to the files of messages, for receivers of
//! webhooks. `/media/{token}` needs no other credential until it expires.
//!
//! ```text
//!  token = base64url(message id, 8 bytes ‖ expiry in seconds, 8 bytes ‖ HMAC-SHA256 of both)
//! ```

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use session_api::Timestamp;

/// How long a link is valid: longer than a delivery is retried, and as long as
/// a successful delivery can be replayed.
const VALID_FOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// Length of a number in the token, in bytes.
const NUMBER_LENGTH: usize = size_of::<i64>();

/// Why a link is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadLink {
    /// The link was not signed by this hub.
    Forged,
    /// The link has expired.
    Expired,
}

/// A link and its expiry.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// A path on the hub's host.
    pub(crate) path: String,
    /// When it expires.
    pub(crate) expires_at: Timestamp,
}

/// Signs and checks links; clones share the key.
#[derive(Clone)]
pub(crate) struct MediaLinks(Arc<hmac::Key>);

impl std::fmt::Debug for MediaLinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MediaLinks(***)")
    }
}

impl MediaLinks {
    /// Generates a key, as text.
    pub(crate) fn new_key() -> String {
        URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
    }

    /// Creates the signer with this key.
    pub(crate) fn with_key(text: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes());
        Self(Arc::new(key))
    }

    /// Returns a link to the file of a message.
    pub(crate) fn sign(&self, message: i64, now: Timestamp) -> Link {
        // The token contains whole seconds.
        let seconds = now.after(VALID_FOR).as_millis() / 1000;
        let mut token = [message.to_be_bytes(), seconds.to_be_bytes()].concat();
        let tag = hmac::sign(&self.0, &token);
        token.extend_from_slice(tag.as_ref());
        Link {
            path: format!("/media/{}", URL_SAFE_NO_PAD.encode(token)),
            expires_at: Timestamp::from_millis(seconds * 1000).unwrap_or(now),
        }
    }

    /// Returns the id of the message to which a token gives access.
    pub(crate) fn check(&self, token: &str, now: Timestamp) -> Result<i64, BadLink> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| BadLink::Forged)?;
        let (signed, tag) = bytes
            .split_at_checked(2 * NUMBER_LENGTH)
            .ok_or(BadLink::Forged)?;
        hmac::verify(&self.0, signed, tag).map_err(|_| BadLink::Forged)?;
        let mut numbers = signed.chunks_exact(NUMBER_LENGTH).filter_map(|bytes| {
            let bytes = bytes.try_into().ok()?;
            Some(i64::from_be_bytes(bytes))
        });
        let (Some(message), Some(seconds)) = (numbers.next(), numbers.next()) else {
            return Err(BadLink::Forged);
        };
        match seconds > now.as_millis() / 1000 {
            true => Ok(message),
            false => Err(BadLink::Expired),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(link: &Link) -> &str {
        link.path.strip_prefix("/media/").unwrap()
    }

    #[test]
    fn a_link_opens_one_message_until_it_expires() {
        let links = MediaLinks::with_key("one");
        let now = Timestamp::now();
        let link = links.sign(7, now);
        assert_eq!(links.check(token(&link), now), Ok(7));
        let almost = link.expires_at.before(Duration::from_secs(1));
        assert_eq!(links.check(token(&link), almost), Ok(7));
        assert_eq!(
            links.check(token(&link), link.expires_at),
            Err(BadLink::Expired)
        );
        let other = MediaLinks::with_key("other");
        assert_eq!(other.check(token(&link), now), Err(BadLink::Forged));
        assert_ne!(MediaLinks::new_key(), MediaLinks::new_key());
        assert!(!format!("{links:?}").contains("one"));
    }

    #[test]
    fn modified_token_is_rejected() {
        let links = MediaLinks::with_key("one");
        let now = Timestamp::now();
        let link = links.sign(7, now);
        let bytes = URL_SAFE_NO_PAD.decode(token(&link)).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(links.check(&changed, now), Err(BadLink::Forged), "{at}");
        }
        for cut in 0..bytes.len() {
            let cut = URL_SAFE_NO_PAD.encode(&bytes[..cut]);
            assert_eq!(links.check(&cut, now), Err(BadLink::Forged));
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,120}") {
            let links = MediaLinks::with_key("one");
            prop_assert_eq!(links.check(&text, Timestamp::now()), Err(BadLink::Forged));
        }
    }
}
