//! Defines the application state that the HTTP handlers share.

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

/// The state that the handlers share.
#[derive(Clone)]
pub struct AppState {
    /// Tells whether the workers respond.
    pub liveness: Liveness,
    /// The folder and key of backups.
    pub backups: Backups,
    /// Chrome's profile.
    pub profile: Profile,
    /// The recorded metrics.
    pub metrics: Metrics,
    /// The session.
    pub session: SessionHandle,
    /// The ledger's file, with the events.
    pub ledger: LedgerFile,
    /// The token, from `SESSION_MANAGER_TOKEN`.
    pub token: Option<Arc<SecretString>>,
    /// The previous token, from `SESSION_MANAGER_TOKEN_PREVIOUS`.
    pub previous_token: Option<Arc<SecretString>>,
    /// The account's WhatsApp limits.
    pub limits: CurrentLimits,
    /// The rate limit of wrong tokens.
    pub guesses: Arc<Guesses>,
    /// The limit of concurrent event streams.
    pub streams: Shares<()>,
    /// The outbox.
    pub outbox: Outbox,
    /// Files to be sent.
    pub files: Files,
    /// Files of incoming messages.
    pub media: MediaStore,
    /// Cancelled when the service drains; event streams end then.
    pub draining: CancellationToken,
}
