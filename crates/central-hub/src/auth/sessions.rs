//! Sessions of users: a cookie for browsers and a JWT for the page's other
//! requests.
//!
//! ```text
//!  cookie ─┬─ HMAC "csrf" ───> X-CSRF-Token
//!          └─ HMAC "bearer" ─> in the JWT, signed with its end
//! ```
//!
//! The store keeps the SHA-256 of the cookie and of the JWT's secret; the
//! cookie cannot be derived from a JWT.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, Uri};
use cookie::{Cookie, SameSite};
use session_api::Timestamp;
use subtle::ConstantTimeEq;

use super::caller::Permissions;
use super::credentials::{COOKIE, Credentials};
use super::jwt::{Claims, Jwt};
use super::secrets::{derive, random, sha256};
use super::{Auth, Caller, Who};
use crate::store::{NewSession, StoreError, User};

/// Idle timeout of a session.
const IDLE_TIMEOUT: Duration = Duration::from_secs(12 * 60 * 60);
/// Maximum age of a session, regardless of its use.
const MAX_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long a JWT is valid; `POST /api/auth/refresh` issues another. The value
/// is that of the Node hub, whose page never requests another one. A JWT grants
/// nothing beyond its session: signing out ends both.
pub(crate) const JWT_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// Minimum interval between two updates of a session's last use.
const LAST_USE_UPDATE_EVERY: Duration = Duration::from_secs(5 * 60);
/// How long the response to a sign-in may take to reach the browser after the session is stored.
const SIGN_IN_REPLY_TIMEOUT: Duration = Duration::from_secs(1);
/// Interval between two access checks of a response without an end, such as an event stream.
const ACCESS_CHECK_EVERY: Duration = Duration::from_secs(30);

/// A new session.
pub(crate) struct StartedSession {
    pub(crate) set_cookie: Option<HeaderValue>,
    pub(crate) csrf: String,
    pub(crate) jwt: String,
}

/// The session of a request, with its user.
pub(super) struct RequestSession {
    pub(super) session_id: i64,
    pub(super) user: User,
}

fn time_before(by: Duration) -> Timestamp {
    let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    let now = Timestamp::now();
    Timestamp::from_millis(now.as_millis().saturating_sub(by)).unwrap_or(now)
}

/// Returns the time before which the stored last use must lie to be updated.
pub(super) fn last_use_update_before() -> Timestamp {
    time_before(LAST_USE_UPDATE_EVERY)
}

impl Auth {
    /// Begins a session for an authenticated user. The session is always new:
    /// the browser's previous session is not continued.
    pub(crate) async fn begin_session(
        &self,
        user: &User,
        secure: bool,
    ) -> Result<StartedSession, StoreError> {
        let cookie = random();
        let bearer = derive(&cookie, "bearer");
        let session = NewSession {
            cookie_hash: &sha256(&cookie),
            bearer_hash: &sha256(&bearer),
            user_id: user.id,
            expires_at: Timestamp::now().after(MAX_AGE),
        };
        // Sessions that no cookie or JWT can use any longer are over.
        let over = time_before(IDLE_TIMEOUT.max(JWT_LIFE));
        self.0.store.begin_session(session, over).await?;
        Ok(StartedSession {
            csrf: csrf_of(&cookie),
            jwt: self.jwt(user, bearer),
            set_cookie: set_cookie(cookie, secure),
        })
    }

    /// Returns the session of this cookie.
    pub(super) async fn session_of_cookie(
        &self,
        cookie: &str,
    ) -> Result<Option<RequestSession>, StoreError> {
        let hash = sha256(cookie);
        let found = self
            .0
            .store
            .session_of_cookie(&hash, time_before(IDLE_TIMEOUT));
        Ok(self.request_session(found.await?))
    }

    /// Returns the session of this JWT.
    pub(super) async fn session_of_jwt(
        &self,
        text: &str,
    ) -> Result<Option<RequestSession>, StoreError> {
        let Some(claims) = self.0.jwt.check(text) else {
            return Ok(None);
        };
        let hash = sha256(&claims.jti);
        let unused = time_before(IDLE_TIMEOUT.max(JWT_LIFE));
        let found = self.0.store.session_of_bearer(&hash, unused);
        Ok(self.request_session(found.await?))
    }

    fn request_session(&self, found: Option<(i64, User)>) -> Option<RequestSession> {
        let (session_id, user) = found?;
        let store = self.0.store.clone();
        // The request does not wait for this update.
        tokio::spawn(async move {
            if let Err(error) = store
                .session_seen(session_id, last_use_update_before())
                .await
            {
                tracing::debug!("the use of a session was not recorded: {error}");
            }
        });
        Some(RequestSession { session_id, user })
    }

    /// Issues another JWT for a valid session, which the request's cookie or JWT identifies.
    pub(crate) fn renewed_jwt(&self, headers: &HeaderMap, user: &User) -> Option<String> {
        let bearer = match Credentials::from_headers(headers) {
            Credentials::Cookie(cookie) => derive(&cookie, "bearer"),
            Credentials::Jwt(text) => self.0.jwt.check(&text)?.jti,
            _ => return None,
        };
        Some(self.jwt(user, bearer))
    }

    fn jwt(&self, user: &User, bearer: String) -> String {
        let now = Timestamp::now().as_millis() / 1000;
        let life = i64::try_from(JWT_LIFE.as_secs()).unwrap_or_default();
        let claims = Claims {
            iss: Jwt::issuer(),
            sub: user.name.clone(),
            role: user.role,
            cliente_id: user.cliente_id,
            jti: bearer,
            iat: now,
            exp: now + life,
        };
        self.0.jwt.issue(&claims).unwrap_or_default()
    }

    /// Returns the CSRF token that the page has to send with each change, if
    /// the request used the cookie.
    pub(crate) fn csrf(&self, headers: &HeaderMap) -> Option<String> {
        match Credentials::from_headers(headers) {
            Credentials::Cookie(cookie) => Some(csrf_of(&cookie)),
            _ => None,
        }
    }

    /// Completes when the caller loses access or part of it: it signed out, or
    /// its password, role, business or scopes changed. For responses without an
    /// end.
    pub(crate) async fn until_access_lost(self, caller: Caller) {
        let mut changes = self.0.store.access_changes();
        loop {
            // A change made by another hub is noticed only at the next interval.
            if let Ok(Ok(())) = tokio::time::timeout(ACCESS_CHECK_EVERY, changes.changed()).await {
                // A browser that signs in again keeps its old cookie until the
                // response arrives. If the stream were cut before, the browser
                // would reconnect with the old cookie and be refused.
                tokio::time::sleep(SIGN_IN_REPLY_TIMEOUT).await;
            }
            // A database that is temporarily unavailable signs no user out.
            if let Ok(false) = self.has_same_permissions(&caller).await {
                return;
            }
        }
    }

    async fn has_same_permissions(&self, caller: &Caller) -> Result<bool, StoreError> {
        let store = &self.0.store;
        let permissions = match &caller.who {
            Who::Machine => return Ok(true),
            Who::Session { session_id, .. } => {
                let session = store
                    .session_with_id(*session_id, time_before(IDLE_TIMEOUT))
                    .await?;
                session.map(|(_, user)| Permissions::of_user(&user))
            }
            Who::Password {
                user_id,
                fingerprint,
                ..
            } => {
                let user = store.user(*user_id).await?;
                let user =
                    user.filter(|user| !user.disabled && sha256(&user.password) == *fingerprint);
                user.map(|user| Permissions::of_user(&user))
            }
            Who::Token { id, .. } => {
                let token = store.token_with_id(*id).await?;
                token.and_then(|(token, maker)| Permissions::of_token(&token, maker.as_ref()))
            }
        };
        Ok(permissions == Some(Permissions::of_caller(caller)))
    }
}

pub(super) fn csrf_of(cookie: &str) -> String {
    derive(cookie, "csrf")
}

/// Returns whether the request has the session's CSRF token.
pub(super) fn is_csrf_token(headers: &HeaderMap, cookie: &str) -> bool {
    let Some(sent) = headers.get("x-csrf-token") else {
        return false;
    };
    sent.as_bytes().ct_eq(csrf_of(cookie).as_bytes()).into()
}

fn set_cookie(value: String, secure: bool) -> Option<HeaderValue> {
    let life = i64::try_from(MAX_AGE.as_secs()).unwrap_or_default();
    let cookie = Cookie::build((COOKIE, value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure)
        .max_age(cookie::time::Duration::seconds(life));
    HeaderValue::from_str(&cookie.to_string()).ok()
}

/// Returns a `Set-Cookie` value that deletes the session cookie.
pub(crate) fn cleared_cookie(secure: bool) -> Option<HeaderValue> {
    let cookie = Cookie::build((COOKIE, ""))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure)
        .max_age(cookie::time::Duration::ZERO);
    HeaderValue::from_str(&cookie.to_string()).ok()
}

/// Returns whether the browser uses HTTPS, to the hub or to a proxy in front of
/// the hub. The proxy's header is not verified: a false value only makes the
/// client lose its own cookie.
pub(crate) fn is_https(headers: &HeaderMap, uri: &Uri) -> bool {
    let says = |name: &str, wanted: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|text| text.trim().to_ascii_lowercase().starts_with(wanted))
    };
    uri.scheme_str() == Some("https")
        || says("x-forwarded-proto", "https")
        || says("origin", "https://")
        || headers
            .get("forwarded")
            .and_then(|value| value.to_str().ok())
            .is_some_and(|text| text.to_ascii_lowercase().contains("proto=https"))
}
