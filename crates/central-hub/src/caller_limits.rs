//! Concurrency limits per caller: event streams, uploads, downloads, searches.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use service_runtime::http::{ErrorReply, Guesses};
use service_runtime::limits::{Full, Share, Shares};

use crate::auth::{Caller, Who};

/// Event streams of one user or token, or of this machine without a password.
const STREAMS: usize = 64;
/// Event streams of one business, over all of its users and tokens.
const STREAMS_OF_BUSINESS: usize = 128;
/// Event streams in total: half of the connections, so that other requests get
/// through.
const STREAMS_OF_ALL: usize = 512;
/// Concurrent uploads of recipient lists; each holds a thread.
const LISTS: usize = 4;
const LISTS_OF_ALL: usize = 16;
/// Concurrent file transfers.
const FILES: usize = 16;
const FILES_OF_ALL: usize = 64;
/// Concurrent downloads of the files of messages, as a page with many pictures
/// makes.
const DOWNLOADS: usize = 48;
const DOWNLOADS_OF_ALL: usize = 192;
/// Searches running or waiting.
const SEARCHES: usize = 4;
const SEARCHES_OF_ALL: usize = 32;

/// The owner whose slots are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Holder {
    Machine,
    User(i64),
    Token(i64),
    Business(u64),
    /// Whoever has a signed link to a file of this business's.
    Link(Option<u64>),
}

impl Holder {
    fn of(caller: &Caller) -> Self {
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
            .map_or_else(|| Self::of(caller), Self::Business)
    }
}

/// Slots in use; dropping this frees them.
#[derive(Debug)]
pub(crate) struct Held(#[expect(dead_code, reason = "held, not read")] Vec<Share<Holder>>);

/// The concurrency limits; clones share their state.
#[derive(Clone, Debug)]
pub(crate) struct CallerLimits {
    streams: Shares<Holder>,
    streams_of_business: Shares<Holder>,
    lists: Shares<Holder>,
    files: Shares<Holder>,
    downloads: Shares<Holder>,
    searches: Shares<Holder>,
    /// Rate limit of wrong values in `X-Internal-Token`.
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
    pub(crate) fn stream(&self, caller: &Caller) -> Result<Held, ErrorReply> {
        let what = "event streams";
        let own = self.streams.take(Holder::of(caller));
        let own = own.map_err(|full| refusal(full, what))?;
        let of_business = self.streams_of_business.take(Holder::business(caller));
        let of_business = of_business.map_err(|full| refusal(full, what))?;
        Ok(Held(vec![own, of_business]))
    }

    /// Takes a slot for the upload of a recipient list.
    pub(crate) fn list(&self, caller: &Caller) -> Result<Held, ErrorReply> {
        acquire(&self.lists, Holder::business(caller), "lists")
    }

    /// Takes a slot for a file upload.
    pub(crate) fn file(&self, caller: &Caller) -> Result<Held, ErrorReply> {
        acquire(&self.files, Holder::business(caller), "files")
    }

    /// Takes a slot for the download of a message's file.
    pub(crate) fn download(&self, caller: &Caller) -> Result<Held, ErrorReply> {
        acquire(&self.downloads, Holder::business(caller), "downloads")
    }

    /// As [`CallerLimits::download`], by a signed link.
    pub(crate) fn linked_download(&self, business: Option<u64>) -> Result<Held, ErrorReply> {
        acquire(&self.downloads, Holder::Link(business), "downloads")
    }

    /// Takes a slot for a search.
    pub(crate) fn search(&self, caller: &Caller) -> Result<Held, ErrorReply> {
        acquire(&self.searches, Holder::business(caller), "searches")
    }
}

fn acquire(shares: &Shares<Holder>, holder: Holder, what: &str) -> Result<Held, ErrorReply> {
    let taken = shares.take(holder);
    Ok(Held(vec![taken.map_err(|full| refusal(full, what))?]))
}

fn refusal(full: Full, what: &str) -> ErrorReply {
    let (status, code, message) = match full {
        Full::Each => (
            StatusCode::TOO_MANY_REQUESTS,
            "TOO_MANY_AT_ONCE",
            format!("you have as many {what} open as one may have at once: end one, or try again"),
        ),
        Full::All => (
            StatusCode::SERVICE_UNAVAILABLE,
            "OVERLOADED",
            format!("as many {what} are open as there may be at once: try again"),
        ),
    };
    ErrorReply::new(status, code, message)
        .with_header(header::RETRY_AFTER, HeaderValue::from_static("5"))
}
