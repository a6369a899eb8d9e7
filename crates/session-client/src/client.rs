//! Provides `SessionClient`, with one method for each call of session-manager's API.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method, StatusCode};
use reqwest::{Response, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use session_api::{
    BackupBody, CLIENTE_ID_HEADER, ConnectBody, ErrorBody, HealthBody, LookupBody, LookupRequest,
    PairingCodeBody, PairingCodeRequest, PasskeyBody, PasskeyCredential, QrBody, SendBody,
    SendRequest, SessionBody, StatusBody, TransitionBody, paths,
};
use url::Url;

use crate::endpoint::{Endpoint, Timeouts};
use crate::error::{BuildError, ClientError};
use crate::events::{self, SseEvent};
use crate::tls;

/// Maximum size of a response, in bytes. The largest one is a screenshot.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");

/// An unparsed response: status, content type and bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAnswer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The content type; `None` if the response has none.
    pub content_type: Option<HeaderValue>,
    /// The body, unchanged.
    pub body: Bytes,
    /// The `Retry-After` of the response; `None` if it has none.
    pub retry_after: Option<Duration>,
}

/// A client of one session-manager. Clones share the connection settings.
#[derive(Clone, Debug)]
pub struct SessionClient {
    shared: Arc<Shared>,
    /// The headers that this clone adds to every request.
    headers: HeaderMap,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    base: Url,
    timeouts: Timeouts,
}

impl SessionClient {
    /// Creates a client for the session-manager at `base`, which may have a path.
    ///
    /// # Errors
    /// If `base` or the token is invalid, or the system has no certificates for an `https` URL.
    pub fn new(
        mut base: Url,
        token: Option<&SecretString>,
        timeouts: Timeouts,
    ) -> Result<Self, BuildError> {
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            return Err(BuildError::BaseUrl);
        }
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
                .map_err(|_| BuildError::Token)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let builder = reqwest::Client::builder()
            .user_agent(concat!(
                "leadmaster-session-client/",
                env!("CARGO_PKG_VERSION")
            ))
            .connect_timeout(timeouts.connect)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_proxy()
            .pool_max_idle_per_host(0)
            .tcp_nodelay(true);
        let http = tls::prepare(builder, base.scheme())
            .build()
            .map_err(BuildError::Http)?;
        let shared = Arc::new(Shared {
            http,
            base,
            timeouts,
        });
        Ok(Self { shared, headers })
    }

    /// Returns a clone whose requests are made on behalf of this business.
    pub fn for_cliente(&self, cliente_id: Option<u64>) -> Self {
        let mut clone = self.clone();
        if let Some(id) = cliente_id {
            clone
                .headers
                .insert(HeaderName::from_static(CLIENTE_ID_HEADER), id.into());
        }
        clone
    }

    /// Returns a clone whose requests carry this `x-request-id`.
    pub fn with_request_id(&self, id: HeaderValue) -> Self {
        let mut clone = self.clone();
        clone.headers.insert(REQUEST_ID, id);
        clone
    }

    /// Returns a clone whose requests are part of this trace (`traceparent`).
    pub fn with_trace_parent(&self, parent: HeaderValue) -> Self {
        let mut clone = self.clone();
        clone.headers.insert(TRACE_PARENT, parent);
        clone
    }

    /// Returns a clone whose sends carry this `Idempotency-Key`.
    pub fn with_idempotency_key(&self, key: HeaderValue) -> Self {
        let mut clone = self.clone();
        clone.headers.insert(IDEMPOTENCY_KEY, key);
        clone
    }

    /// Requests `GET /health`.
    ///
    /// # Errors
    /// See [`ClientError`], as for all requests.
    pub async fn health(&self) -> Result<HealthBody, ClientError> {
        self.typed(Endpoint::Health, None).await
    }

    /// Requests `GET /status`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn status(&self) -> Result<StatusBody, ClientError> {
        self.typed(Endpoint::Status, None).await
    }

    /// Requests `GET /qr`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn qr(&self) -> Result<QrBody, ClientError> {
        self.typed(Endpoint::Qr, None).await
    }

    /// Requests `GET /session`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn session(&self) -> Result<SessionBody, ClientError> {
        self.typed(Endpoint::Session, None).await
    }

    /// Requests `POST /connect`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn connect(&self) -> Result<ConnectBody, ClientError> {
        self.typed(Endpoint::Connect, None).await
    }

    /// Requests `POST /disconnect`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn disconnect(&self) -> Result<TransitionBody, ClientError> {
        self.typed(Endpoint::Disconnect, None).await
    }

    /// Requests `POST /logout`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn logout(&self) -> Result<TransitionBody, ClientError> {
        self.typed(Endpoint::Logout, None).await
    }

    /// Requests `POST /backup`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn backup(&self) -> Result<BackupBody, ClientError> {
        self.typed(Endpoint::Backup, None).await
    }

    /// Requests `POST /pairing-code`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn pairing_code(&self, phone: &str) -> Result<PairingCodeBody, ClientError> {
        let request = PairingCodeRequest {
            phone: phone.to_owned(),
        };
        self.typed(Endpoint::PairingCode, Some(to_json(&request)))
            .await
    }

    /// Requests `GET /passkey`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn passkey(&self) -> Result<PasskeyBody, ClientError> {
        self.typed(Endpoint::Passkey, None).await
    }

    /// Requests `POST /passkey`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn answer_passkey(
        &self,
        credential: &PasskeyCredential,
    ) -> Result<TransitionBody, ClientError> {
        self.typed(Endpoint::AnswerPasskey, Some(to_json(credential)))
            .await
    }

    /// Requests `POST /passkey/confirm`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn confirm_passkey(&self) -> Result<TransitionBody, ClientError> {
        self.typed(Endpoint::ConfirmPasskey, None).await
    }

    /// Requests `POST /passkey/cancel`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn cancel_passkey(&self) -> Result<TransitionBody, ClientError> {
        self.typed(Endpoint::CancelPasskey, None).await
    }

    /// Requests `POST /lookup`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn look_up(&self, to: &str) -> Result<LookupBody, ClientError> {
        let request = LookupRequest { to: to.to_owned() };
        self.typed(Endpoint::Lookup, Some(to_json(&request))).await
    }

    /// Requests `POST /send`, once: this client never retries it.
    ///
    /// # Errors
    /// See [`ClientError`]. The message may have been sent, unless
    /// [`ClientError::was_certainly_not_received`] or the remote code rules it out.
    pub async fn send(&self, request: &SendRequest) -> Result<SendBody, ClientError> {
        self.typed(Endpoint::Send, Some(to_json(request))).await
    }

    /// Requests `GET /screenshot.png`, a PNG image.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn screenshot(&self) -> Result<Bytes, ClientError> {
        let answer = self.raw(Endpoint::Screenshot, None).await?;
        if answer.status == StatusCode::OK && answer.body.starts_with(b"\x89PNG") {
            Ok(answer.body)
        } else {
            Err(failure(&answer))
        }
    }

    /// Requests `GET /metrics`, as Prometheus text.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn metrics(&self) -> Result<String, ClientError> {
        let answer = self.raw(Endpoint::Metrics, None).await?;
        if answer.status == StatusCode::OK {
            Ok(String::from_utf8_lossy(&answer.body).into_owned())
        } else {
            Err(failure(&answer))
        }
    }

    /// Sends a request and returns the response unparsed, whatever its status.
    ///
    /// # Errors
    /// [`ClientError::Unavailable`], [`ClientError::Timeout`], or [`ClientError::BadResponse`] if
    /// the response breaks off or is too large.
    pub async fn raw(
        &self,
        endpoint: Endpoint,
        json: Option<Bytes>,
    ) -> Result<RawAnswer, ClientError> {
        let timeouts = &self.shared.timeouts;
        let deadline = timeouts.after_connecting(endpoint.deadline(timeouts));
        let mut request = self
            .request(endpoint.method(), endpoint.path())?
            .timeout(deadline);
        if let Some(json) = json {
            request = request.header(CONTENT_TYPE, "application/json").body(json);
        }
        let response = request.send().await.map_err(ClientError::of_transport)?;
        read(response).await
    }

    /// Works like [`SessionClient::raw`], for a response that is passed on unchanged: a success
    /// that parses as `T`, or an error of the API with its status.
    ///
    /// # Errors
    /// As [`SessionClient::raw`]; also if the response is neither.
    pub async fn proxied<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        json: Option<Bytes>,
    ) -> Result<RawAnswer, ClientError> {
        let answer = self.raw(endpoint, json).await?;
        match decode::<T>(&answer) {
            Ok(_) | Err(ClientError::Remote { .. }) => Ok(answer),
            Err(error) => Err(error),
        }
    }

    /// Requests `GET /events`: the events after `last_event_id`, or from now on.
    ///
    /// The stream ends when session-manager ends it. It ends with one error if it breaks off, or if
    /// nothing arrives for [`Timeouts::silence`].
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn events(
        &self,
        last_event_id: Option<&str>,
    ) -> Result<impl Stream<Item = Result<SseEvent, ClientError>> + Send + use<>, ClientError> {
        let mut request = self.request(Method::GET, paths::EVENTS)?;
        if let Some(id) = last_event_id.and_then(|id| HeaderValue::from_str(id).ok()) {
            request = request.header(LAST_EVENT_ID, id);
        }
        self.listen(request).await
    }

    /// Requests the events after `after` up to `until`; then the stream ends.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn events_between(
        &self,
        after: u64,
        until: u64,
    ) -> Result<impl Stream<Item = Result<SseEvent, ClientError>> + Send + use<>, ClientError> {
        let path = format!("{}?after={after}&until={until}", paths::EVENTS);
        self.listen(self.request(Method::GET, &path)?).await
    }

    async fn listen(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<impl Stream<Item = Result<SseEvent, ClientError>> + Send + use<>, ClientError> {
        let timeouts = &self.shared.timeouts;
        let request = request.header(ACCEPT, "text/event-stream");
        // The body does not end, so reqwest's timeouts do not fit.
        let within = timeouts.after_connecting(timeouts.read);
        let response = begun(request, within, &[StatusCode::OK]).await?;
        if !is(&response, "text/event-stream") {
            return Err(ClientError::BadResponse(
                "GET /events is no event stream".to_owned(),
            ));
        }
        Ok(events::decode(response, timeouts.silence))
    }

    async fn typed<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        json: Option<Bytes>,
    ) -> Result<T, ClientError> {
        decode(&self.raw(endpoint, json).await?)
    }

    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.shared.timeouts
    }

    /// Works like [`SessionClient::request`], with a path of these segments, each encoded.
    pub(crate) fn request_segments(
        &self,
        method: Method,
        segments: &[&str],
    ) -> Result<reqwest::RequestBuilder, ClientError> {
        self.request_with_query(method, segments, None)
    }

    /// Works like [`Self::request_segments`], with a query.
    pub(crate) fn request_with_query(
        &self,
        method: Method,
        segments: &[&str],
        query: Option<(&str, &str)>,
    ) -> Result<reqwest::RequestBuilder, ClientError> {
        let mut url = self.shared.base.clone();
        url.path_segments_mut()
            .map_err(|()| ClientError::BadResponse("the base URL has no path".to_owned()))?
            .pop_if_empty()
            .extend(segments);
        if let Some((name, value)) = query {
            url.query_pairs_mut().append_pair(name, value);
        }
        let request = self.shared.http.request(method, url);
        Ok(request.headers(self.headers.clone()))
    }

    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
    ) -> Result<reqwest::RequestBuilder, ClientError> {
        let url = self
            .shared
            .base
            .join(path.trim_start_matches('/'))
            .map_err(|error| ClientError::BadResponse(error.to_string()))?;
        Ok(self
            .shared
            .http
            .request(method, url)
            .headers(self.headers.clone()))
    }
}

pub(crate) fn to_json(value: &impl serde::Serialize) -> Bytes {
    // These are plain structs of strings and numbers, whose serialization cannot fail.
    serde_json::to_vec(value).unwrap_or_default().into()
}

fn is(response: &Response, kind: &str) -> bool {
    response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim().to_ascii_lowercase().starts_with(kind))
}

/// Sends a request whose response does not end, or is long. A response with none of these statuses
/// is an error.
pub(crate) async fn begun(
    request: reqwest::RequestBuilder,
    within: Duration,
    wanted: &[StatusCode],
) -> Result<Response, ClientError> {
    let response = tokio::time::timeout(within, request.send())
        .await
        .map_err(|_| ClientError::Timeout)?
        .map_err(ClientError::of_transport)?;
    if wanted.contains(&response.status()) {
        return Ok(response);
    }
    let answer = tokio::time::timeout(within, read(response))
        .await
        .map_err(|_| ClientError::Timeout)??;
    Err(failure(&answer))
}

pub(crate) async fn read(mut response: Response) -> Result<RawAnswer, ClientError> {
    let status = response.status();
    let content_type = response.headers().get(CONTENT_TYPE).cloned();
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(ClientError::of_transport)? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(ClientError::BadResponse(format!(
                "an answer of more than {MAX_ANSWER_BYTES} bytes"
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(RawAnswer {
        status,
        content_type,
        body: body.freeze(),
        retry_after,
    })
}

pub(crate) fn decode<T: DeserializeOwned>(answer: &RawAnswer) -> Result<T, ClientError> {
    if answer.status != StatusCode::OK {
        return Err(failure(answer));
    }
    // serde accepts an array in place of a struct, but the API has only objects.
    let is_object = answer.body.trim_ascii_start().starts_with(b"{");
    if !is_object {
        return Err(ClientError::BadResponse(
            "200 with a body that is no JSON object".to_owned(),
        ));
    }
    serde_json::from_slice(&answer.body).map_err(|error| {
        ClientError::BadResponse(format!(
            "200 with a body of another shape (line {}, column {})",
            error.line(),
            error.column()
        ))
    })
}

/// Returns the error that an unsuccessful response stands for.
pub(crate) fn failure(answer: &RawAnswer) -> ClientError {
    let status = answer.status;
    let body: Option<ErrorBody> = serde_json::from_slice(&answer.body).ok();
    match body.filter(|body| body.error && (status.is_client_error() || status.is_server_error())) {
        Some(_) if status == StatusCode::UNAUTHORIZED => ClientError::TokenRefused,
        Some(body) => ClientError::Remote {
            status: status.as_u16(),
            code: body.code,
            message: body.message,
        },
        None => ClientError::BadResponse(format!("status {} without its body", status.as_u16())),
    }
}
