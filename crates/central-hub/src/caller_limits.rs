//! Concurrency limits per caller: event streams, uploads, downloads, searches.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use service_runtime::http::{ErrorReply, Guesses};
use service_runtime::limits::{Full, Share, Shares};

use crate::auth::{Caller, Who};

/// Maximum number of event streams of one user or token, or of this machine without a password.
const STREAMS: usize = 64;
/// Maximum number of event streams of one business, over all of its users and tokens.
const STREAMS_OF_BUSINESS: usize = 128;
/// Maximum number of event streams in total: half of the connections, so that
/// other requests get through.
const STREAMS_OF_ALL: usize = 512;
/// Concurrent uploads of recipient lists; each occupies a thread.
const LISTS: usize = 4;
const LISTS_OF_ALL: usize = 16;
/// Concurrent file transfers.
const FILES: usize = 16;
const FILES_OF_ALL: usize = 64;
/// Concurrent downloads of messages' files, enough for a page with many pictures.
const DOWNLOADS: usize = 48;
const DOWNLOADS_OF_ALL: usize = 192;
/// Searches that are running or waiting.
const SEARCHES: usize = 4;
const SEARCHES_OF_ALL: usize = 32;

/// The owner whose slots are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Holder {
    Machine,
    User(i64),
    Token(i64),
    Business(u64),
    /// Anyone with a signed link to a file of this business.
    Link(Option<u64>),
}

impl Holder {
    fn for_caller(caller: &Caller) -> Self {
        match &caller.who {
            Who::Machine => Self::Machine,
            Who::Session { user_id, .. } | Who::Password { user_id, .. } => Self::User(*user_id),
            Who::Token { id, .. } => Self::Token(*id),
        }
    }

    /// Returns the business of a caller restricted to one, so that all of its
    /// users and tokens share one count; otherwise the caller itself.
    fn business(caller: &Caller) -> Self {
        caller
            .cliente_id
            .map_or_else(|| Self::for_caller(caller), Self::Business)
    }
}

/// Slots in use; dropping this frees them.
#[derive(Debug)]
pub(crate) struct HeldSlots(#[expect(dead_code, reason = "held, not read")] Vec<Share<Holder>>);

/// The concurrency limits; clones share their state.
#[derive(Clone, Debug)]
pub(crate) struct CallerLimits {
    streams: Shares<Holder>,
    streams_of_business: Shares<Holder>,
    lists: Shares<Holder>,
    files: Shares<Holder>,
    downloads: Shares<Holder>,
    searches: Shares<Holder>,
    /// Rate limit on wrong values of `X-Internal-Token`.
    pub(crate) internal_token: Arc<Guesses>,
}

impl Default for CallerLimits {
    fn default() -> Self {
        Self {
            streams: Shares::new(STREAMS, STREAMS_OF_ALL),
            streams_of_business: Shares::new(STREAMS_OF_BUSINESS, STREAMS_OF_ALL),
            lists: Shares::new(LISTS, LISTS_OF_ALL),
            files: Shares::new(FILES, FILES_OF_ALL),
            downloads: Shares::new(DOWNLOADS, DOWNLOADS_OF_ALL),
            searches: Shares::new(SEARCHES, SEARCHES_OF_ALL),
            internal_token: Arc::new(Guesses::at("INTERNAL_TOKEN")),
        }
    }
}

impl CallerLimits {
    /// Takes a slot for an event stream.
    pub(crate) fn stream(&self, caller: &Caller) -> Result<HeldSlots, ErrorReply> {
        let what = "event streams";
        let own_slot = self.streams.take(Holder::for_caller(caller));
        let own_slot = own_slot.map_err(|full| refusal(full, what))?;
        let of_business = self.streams_of_business.take(Holder::business(caller));
        let of_business = of_business.map_err(|full| refusal(full, what))?;
        Ok(HeldSlots(vec![own_slot, of_business]))
    }

    /// Takes a slot for the upload of a recipient list.
    pub(crate) fn list(&self, caller: &Caller) -> Result<HeldSlots, ErrorReply> {
        acquire(&self.lists, Holder::business(caller), "lists")
    }

    /// Takes a slot for a file upload.
    pub(crate) fn file(&self, caller: &Caller) -> Result<HeldSlots, ErrorReply> {
        acquire(&self.files, Holder::business(caller), "files")
    }

    /// Takes a slot for the download of a message's file.
    pub(crate) fn download(&self, caller: &Caller) -> Result<HeldSlots, ErrorReply> {
        acquire(&self.downloads, Holder::business(caller), "downloads")
    }

    /// Takes a slot for the download of a message's file through a signed link.
    pub(crate) fn linked_download(&self, business: Option<u64>) -> Result<HeldSlots, ErrorReply> {
        acquire(&self.downloads, Holder::Link(business), "downloads")
    }

    /// Takes a slot for a search.
    pub(crate) fn search(&self, caller: &Caller) -> Result<HeldSlots, ErrorReply> {
        acquire(&self.searches, Holder::business(caller), "searches")
    }
}

fn acquire(shares: &Shares<Holder>, holder: Holder, what: &str) -> Result<HeldSlots, ErrorReply> {
    let own_share = shares.take(holder);
    Ok(HeldSlots(vec![
        own_share.map_err(|full| refusal(full, what))?,
    ]))
}

fn refusal(full: Full, what: &str) -> ErrorReply {
    let (status, code, message) = match full {
        Full::Key => (
            StatusCode::TOO_MANY_REQUESTS,
            "TOO_MANY_AT_ONCE",
            format!("you have the maximum number of {what} open: close one, or try again"),
        ),
        Full::Total => (
            StatusCode::SERVICE_UNAVAILABLE,
            "OVERLOADED",
            format!("the maximum number of {what} is open: try again"),
        ),
    };
    ErrorReply::new(status, code, message)
        .with_header(header::RETRY_AFTER, HeaderValue::from_static("5"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Scopes;
    use crate::store::Role;

    fn caller(number: i64, cliente_id: Option<u64>) -> Caller {
        Caller {
            who: Who::Token {
                id: number,
                user_id: None,
            },
            role: Role::Cliente,
            cliente_id,
            scopes: Scopes::ALL,
            address: [127, 0, 0, 1].into(),
        }
    }

    /// Takes slots for one holder after another until the total is used up.
    /// Returns how many slots one holder gets and how many all of them get.
    /// Each holder's two callers take turns, since they share its slots.
    fn filled(
        of_holder: impl Fn(u64) -> [Caller; 2],
        take: impl Fn(&Caller) -> Result<HeldSlots, ErrorReply>,
    ) -> (usize, usize) {
        let (mut held, mut of_one) = (Vec::new(), None);
        for business in 1.. {
            let callers = of_holder(business);
            let before = held.len();
            let refused = loop {
                match take(&callers[held.len() % 2]) {
                    Ok(slot) => held.push(slot),
                    Err(refused) => break refused,
                }
            };
            match refused.status() {
                StatusCode::TOO_MANY_REQUESTS => {
                    assert_eq!(refused.code(), "TOO_MANY_AT_ONCE");
                    let own = held.len() - before;
                    assert_eq!(*of_one.get_or_insert(own), own, "of each the same");
                }
                status => {
                    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
                    assert_eq!(refused.code(), "OVERLOADED");
                    break;
                }
            }
        }
        (of_one.unwrap_or_default(), held.len())
    }

    /// The figures of the table in docs/security.md.
    #[test]
    fn callers_businesses_and_all_have_their_slots() {
        let of_business = |business: u64| {
            let number = i64::try_from(business).unwrap();
            [
                caller(2 * number, Some(business)),
                caller(2 * number + 1, Some(business)),
            ]
        };
        let limits = CallerLimits::default();
        let take = |caller: &Caller| limits.list(caller);
        assert_eq!(filled(of_business, take), (4, 16), "lists");
        let take = |caller: &Caller| limits.file(caller);
        assert_eq!(filled(of_business, take), (16, 64), "files");
        let take = |caller: &Caller| limits.download(caller);
        assert_eq!(filled(of_business, take), (48, 192), "downloads");
        let take = |caller: &Caller| limits.search(caller);
        assert_eq!(filled(of_business, take), (4, 32), "searches");
        // Two callers with 64 each.
        let take = |caller: &Caller| limits.stream(caller);
        assert_eq!(filled(of_business, take), (128, 512), "event streams");
        let one = |number: u64| {
            let number = i64::try_from(number).unwrap();
            [caller(number, None), caller(number, None)]
        };
        assert_eq!(filled(one, take), (64, 512), "event streams of a caller");
    }

    #[test]
    fn links_of_a_business_share_its_slots_for_links() {
        let limits = CallerLimits::default();
        let held: Vec<_> = (0..DOWNLOADS)
            .map(|_| limits.linked_download(Some(51)).unwrap())
            .collect();
        assert_eq!(held.len(), 48);
        let refused = limits.linked_download(Some(51)).unwrap_err();
        assert_eq!(refused.code(), "TOO_MANY_AT_ONCE");
        assert!(limits.linked_download(Some(52)).is_ok());
        assert!(limits.download(&caller(1, Some(51))).is_ok());
    }
}
