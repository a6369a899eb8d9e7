//! Authentication and authorization middleware (`gate`): checks the
//! credentials, the access table, the tenant and the CSRF token.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use service_runtime::http::{CLIENTE_ID_HEADER, ClienteId, ErrorReply, is_same_origin};

use super::access::{Access, AccessTable, Found};
use super::caller::Permissions;
use super::caller::foreign_business;
use super::credentials::Credentials;
use super::refusal::{csrf, unauthorized};
use super::sessions::{RequestSession, is_csrf_token, last_use_update_before};
use super::{Auth, Caller, ClientAddress, Scopes, Who, forbidden, sha256};
use crate::error::HubError;
use crate::store::{Role, User};

/// The route that the Node hub's page requests with its cookie alone.
const WITHOUT_CSRF_TOKEN: &str = "/whatsapp-v2/connect";

/// Admits requests by the access table and passes the [`Caller`] to the
/// handler. The web page and unknown paths need no authentication.
pub(crate) async fn gate(
    State((auth, table)): State<(Auth, Arc<AccessTable>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(pattern) = request.extensions().get::<MatchedPath>().cloned() else {
        return next.run(request).await;
    };
    let access = match table.find(request.method(), pattern.as_str()) {
        Found::Rule(access) => access,
        // The response has no body; an outer layer adds it.
        Found::OtherMethods(allow) => {
            return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, allow)]).into_response();
        }
        Found::Nothing => {
            tracing::error!(route = pattern.as_str(), "no rule says who may use it");
            return ErrorReply::internal().into_response();
        }
    };
    if access == Access::Anyone {
        return next.run(request).await;
    }
    let address = ClientAddress::resolve(request.extensions(), request.headers());
    let asked = auth.caller(
        request.method(),
        pattern.as_str(),
        request.headers(),
        address,
    );
    let caller = match asked.await {
        Ok(caller) => caller,
        Err(refusal) => return refusal.into_response(),
    };
    if !access.admits(&caller) {
        let message = "access denied: your role or your token does not permit this";
        return forbidden(message).into_response();
    }
    if let Err(refusal) = enforce_tenant(&mut request, pattern.as_str(), &caller) {
        return refusal.into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Rejects a cliente's request whose path or header names another business.
fn enforce_tenant(request: &mut Request, pattern: &str, caller: &Caller) -> Result<(), ErrorReply> {
    let Some(own) = caller.cliente_id else {
        return Ok(());
    };
    let number = |text: &str| ClienteId::parse(text).map(|id| id.0);
    let parts = pattern.split('/').zip(request.uri().path().split('/'));
    for (part, value) in parts {
        // A value that is not a plain number cannot be the caller's own business either.
        if part == "{cliente_id}" && !caller.sees(number(value)) {
            return Err(foreign_business());
        }
    }
    let name = HeaderName::from_static(CLIENTE_ID_HEADER);
    for value in request.headers().get_all(&name) {
        // A malformed header is refused later, for every caller.
        let claimed = value.to_str().ok().and_then(number);
        if claimed.is_some() && !caller.sees(claimed) {
            return Err(foreign_business());
        }
    }
    if !request.headers().contains_key(&name) {
        request.headers_mut().insert(name, HeaderValue::from(own));
    }
    Ok(())
}

impl Auth {
    /// Authenticates a request.
    async fn caller(
        &self,
        method: &Method,
        pattern: &str,
        headers: &HeaderMap,
        address: ClientAddress,
    ) -> Result<Caller, HubError> {
        if !self.is_required() {
            return Ok(Caller {
                who: Who::Machine,
                role: Role::Admin,
                cliente_id: None,
                scopes: Scopes::ALL,
                address: address.0,
            });
        }
        match Credentials::from_headers(headers) {
            Credentials::Nothing => Err(unauthorized("sign in first, or send a token").into()),
            Credentials::Unreadable => {
                let message = "Authorization must be Basic, or Bearer with a token";
                Err(unauthorized(message).into())
            }
            Credentials::Password { user, password } => {
                let user = self.user_with_password(&user, &password, address).await?;
                let user = user.ok_or_else(|| unauthorized("the password is wrong"))?;
                let who = Who::Password {
                    user_id: user.id,
                    name: user.name.clone(),
                    fingerprint: sha256(&user.password),
                };
                Ok(of_user(who, &user, address))
            }
            Credentials::Cookie(cookie) => {
                let session = self.session_of_cookie(&cookie).await?;
                let caller = of_session(session, address)?;
                // The Node hub's page sends no CSRF token; the browser's
                // same-origin header is equivalent proof.
                let is_proven = pattern.ends_with(WITHOUT_CSRF_TOKEN) && is_same_origin(headers);
                if changes(method) && !is_proven && !is_csrf_token(headers, &cookie) {
                    return Err(csrf().into());
                }
                Ok(caller)
            }
            Credentials::Jwt(text) => Ok(of_session(self.session_of_jwt(&text).await?, address)?),
            Credentials::Token(text) => self.of_token(&text, address).await,
        }
    }

    async fn of_token(&self, text: &str, address: ClientAddress) -> Result<Caller, HubError> {
        let found = self.0.store.token_of_hash(&sha256(text)).await?;
        let Some((token, maker)) = found else {
            return Err(unauthorized("the token is unknown, revoked or expired").into());
        };
        let store = self.0.store.clone();
        tokio::spawn(async move {
            if let Err(error) = store.token_used(token.id, last_use_update_before()).await {
                tracing::debug!("the use of a token was not recorded: {error}");
            }
        });
        let Some(permissions) = Permissions::of_token(&token, maker.as_ref()) else {
            return Err(unauthorized("the token's business is no longer its creator's").into());
        };
        let who = Who::Token {
            id: token.id,
            user_id: token.user_id,
        };
        Ok(permissions.into_caller(who, address))
    }

    /// Returns the valid session of a request, if any, for routes such as
    /// logout that do not require one.
    pub(crate) async fn session_of_request(
        &self,
        headers: &HeaderMap,
    ) -> Result<Option<i64>, HubError> {
        let session = match Credentials::from_headers(headers) {
            Credentials::Cookie(cookie) => self.session_of_cookie(&cookie).await?,
            Credentials::Jwt(text) => self.session_of_jwt(&text).await?,
            _ => None,
        };
        Ok(session.map(|session| session.session_id))
    }
}

fn of_session(
    session: Option<RequestSession>,
    address: ClientAddress,
) -> Result<Caller, ErrorReply> {
    let Some(RequestSession { session_id, user }) = session else {
        return Err(unauthorized("the session has ended: sign in again"));
    };
    let who = Who::Session {
        session_id,
        user_id: user.id,
        name: user.name.clone(),
    };
    Ok(of_user(who, &user, address))
}

fn of_user(who: Who, user: &User, address: ClientAddress) -> Caller {
    Permissions::of_user(user).into_caller(who, address)
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}
