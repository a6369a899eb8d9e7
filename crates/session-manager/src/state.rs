//! The shared application state of the HTTP handlers.

use std::sync::Arc;

use secrecy::SecretString;
use service_runtime::http::Guesses;
use service_runtime::limits::Shares;
use service_runtime::liveness::Liveness;
use service_runtime::metrics::Metrics;
use tokio_util::sync::CancellationToken;

use crate::account_limits::CurrentLimits;
use crate::backup::Backups;
use crate::browser::Profile;
use crate::files::Files;
use crate::ledger::LedgerFile;
use crate::media::MediaStore;
use crate::outbox::Outbox;
use crate::session::SessionHandle;

/// What the handlers share.
#[derive(Clone)]
pub struct AppState {
    /// Whether what does the work answers.
    pub liveness: Liveness,
    /// Where backups go.
    pub backups: Backups,
    /// Chrome's profile.
    pub profile: Profile,
    /// What was counted.
    pub metrics: Metrics,
    /// The session.
    pub session: SessionHandle,
    /// The ledger's file, with the events.
    pub ledger: LedgerFile,
    /// `SESSION_MANAGER_TOKEN`.
    pub token: Option<Arc<SecretString>>,
    /// `SESSION_MANAGER_TOKEN_PREVIOUS`.
    pub previous_token: Option<Arc<SecretString>>,
    /// What WhatsApp lets the account do.
    pub limits: CurrentLimits,
    /// Wrong ones.
    pub guesses: Arc<Guesses>,
    /// Event streams.
    pub streams: Shares<()>,
    /// What is sent, and what became of it.
    pub outbox: Outbox,
    /// The files that go with it.
    pub files: Files,
    /// The files of messages that came in.
    pub media: MediaStore,
    /// Cancelled when the service drains: event streams end then.
    pub draining: CancellationToken,
}
