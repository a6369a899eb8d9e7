//! Serves `/api/webhooks`: webhook subscriptions.

pub(crate) mod deliveries;

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ApiPath, ErrorReply};
use session_api::Timestamp;
use url::Url;
use utoipa::ToSchema;

use crate::error::HubError;
use crate::state::AppState;
use crate::store::{
    MAX_WEBHOOKS, NewWebhook, Topic, Webhook, WebhookSecret, envelope, new_event_id,
};

/// How long the previous secret continues to sign after a rotation.
const SECRET_OVERLAP: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
const MAX_URL_LENGTH: usize = 2048;
const MAX_DESCRIPTION_LENGTH: usize = 200;
/// A subscription in the format of these routes, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::WebhookAnswer)]
pub(crate) struct WebhookAnswer {
    id: i64,
    url: String,
    descripcion: String,
    eventos: Vec<&'static str>,
    cliente_id: Option<u64>,
    activo: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    motivo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secreto_anterior_hasta: Option<Timestamp>,
    creado: Timestamp,
    actualizado: Timestamp,
}

impl From<Webhook> for WebhookAnswer {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id,
            url: webhook.url,
            descripcion: webhook.description,
            eventos: webhook.topics.iter().map(|topic| topic.as_str()).collect(),
            cliente_id: webhook.cliente_id,
            activo: webhook.enabled,
            motivo: webhook.disabled_cause,
            secreto_anterior_hasta: webhook.previous_until,
            creado: webhook.created_at,
            actualizado: webhook.updated_at,
        }
    }
}

/// A subscription with its secret, which is returned only once.
#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::WithSecret)]
pub(crate) struct WithSecret {
    #[serde(flatten)]
    webhook: WebhookAnswer,
    secreto: String,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = webhooks::WebhookRequest)]
pub(crate) struct WebhookRequest {
    url: String,
    #[serde(default)]
    descripcion: String,
    eventos: Vec<String>,
    cliente_id: Option<u64>,
    #[serde(default = "default_true")]
    activo: bool,
}

const fn default_true() -> bool {
    true
}

impl WebhookRequest {
    fn check(self, state: &AppState) -> Result<NewWebhook, HubError> {
        let url = checked_url(&self.url, state)?;
        if self.descripcion.chars().count() > MAX_DESCRIPTION_LENGTH
            || self.descripcion.contains('\0')
        {
            return Err(invalid(format!(
                "descripcion must have at most {MAX_DESCRIPTION_LENGTH} characters"
            )));
        }
        let is_positive = |id: &u64| *id > 0 && i64::try_from(*id).is_ok();
        if !self.cliente_id.as_ref().is_none_or(is_positive) {
            return Err(invalid("cliente_id must be a positive integer"));
        }
        let mut topics = Vec::new();
        for name in &self.eventos {
            let known_topics = Topic::ALL.map(Topic::as_str).join(", ");
            let topic = Topic::from_name(name)
                .ok_or_else(|| invalid(format!("eventos must be among {known_topics}")))?;
            if !topics.contains(&topic) {
                topics.push(topic);
            }
        }
        if topics.is_empty() {
            return Err(invalid("eventos must name at least one event"));
        }
        Ok(NewWebhook {
            url,
            description: self.descripcion,
            topics,
            cliente_id: self.cliente_id,
            enabled: self.activo,
        })
    }
}

fn checked_url(text: &str, state: &AppState) -> Result<String, HubError> {
    let url = Url::parse(text.trim()).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.as_str().len() <= MAX_URL_LENGTH
    });
    let Some(mut url) = url else {
        return Err(invalid(format!(
            "url must be http:// or https:// with a host, without user and password, and at most {MAX_URL_LENGTH} bytes"
        )));
    };
    if !state.webhook_client.allowed().admits_url(&url) {
        return Err(ErrorReply::new(
            StatusCode::BAD_REQUEST,
            "WEBHOOK_ADDRESS_REFUSED",
            "this is not an internet address: add it to WEBHOOK_ALLOWED_HOSTS if it is intended",
        )
        .into());
    }
    url.set_fragment(None);
    Ok(url.into())
}

fn invalid(what: impl Into<String>) -> HubError {
    ErrorReply::invalid_request(what).into()
}

fn not_found(code: &'static str, what: &str) -> HubError {
    let message = format!("there is no {what} with this number");
    ErrorReply::new(StatusCode::NOT_FOUND, code, message).into()
}

fn no_webhook() -> HubError {
    not_found("WEBHOOK_NOT_FOUND", "webhook")
}

async fn find(state: &AppState, id: i64) -> Result<Webhook, HubError> {
    state.store.webhook(id).await?.ok_or_else(no_webhook)
}

#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::All)]
pub(crate) struct All {
    webhooks: Vec<WebhookAnswer>,
}

/// Lists all webhooks.
#[utoipa::path(
    get, path = "/webhooks", tag = "webhooks", operation_id = "webhooks_list",
    responses((status = 200, description = "The complete list", body = All), Failures)
)]
pub(crate) async fn list(State(state): State<AppState>) -> Result<Json<All>, HubError> {
    let webhooks = state.store.webhooks().await?;
    Ok(Json(All {
        webhooks: webhooks.into_iter().map(WebhookAnswer::from).collect(),
    }))
}

/// Creates a webhook.
#[utoipa::path(
    post, path = "/webhooks", tag = "webhooks", operation_id = "webhooks_create",
    request_body(content = WebhookRequest, example = json!({"url": "https://crm.example.com/leadmaster", "eventos": ["message"]})),
    responses((status = 201, description = "Created; the secret is returned only once", body = WithSecret), Failures)
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    ApiJson(request): ApiJson<WebhookRequest>,
) -> Result<(StatusCode, Json<WithSecret>), HubError> {
    let new = request.check(&state)?;
    let secret = WebhookSecret::generate();
    let Some(webhook) = state.store.add_webhook(&new, &secret).await? else {
        return Err(ErrorReply::new(
            StatusCode::CONFLICT,
            "TOO_MANY_WEBHOOKS",
            format!("there are already {MAX_WEBHOOKS} webhooks: delete one first"),
        )
        .into());
    };
    tracing::info!(webhook = webhook.id, "a webhook was created");
    Ok((StatusCode::CREATED, with_secret(webhook, &secret)))
}

fn with_secret(webhook: Webhook, secret: &WebhookSecret) -> Json<WithSecret> {
    Json(WithSecret {
        webhook: webhook.into(),
        secreto: secret.expose().to_owned(),
    })
}

/// Returns a webhook.
#[utoipa::path(
    get, path = "/webhooks/{id}", tag = "webhooks", operation_id = "webhooks_show",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    responses((status = 200, description = "The webhook", body = WebhookAnswer), Failures)
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    ApiPath(id): ApiPath<i64>,
) -> Result<Json<WebhookAnswer>, HubError> {
    Ok(Json(find(&state, id).await?.into()))
}

/// Changes a webhook.
#[utoipa::path(
    put, path = "/webhooks/{id}", tag = "webhooks", operation_id = "webhooks_change",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    request_body(content = WebhookRequest, example = json!({"url": "https://crm.example.com/leadmaster", "eventos": ["message"]})),
    responses((status = 200, description = "The current state", body = WebhookAnswer), Failures)
)]
pub(crate) async fn change(
    State(state): State<AppState>,
    ApiPath(id): ApiPath<i64>,
    ApiJson(request): ApiJson<WebhookRequest>,
) -> Result<Json<WebhookAnswer>, HubError> {
    let new = request.check(&state)?;
    let webhook = state.store.change_webhook(id, &new).await?;
    Ok(Json(webhook.ok_or_else(no_webhook)?.into()))
}

/// Deletes a webhook and its pending deliveries.
#[utoipa::path(
    delete, path = "/webhooks/{id}", tag = "webhooks", operation_id = "webhooks_remove",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    responses((status = 204, description = "Deleted"), Failures)
)]
pub(crate) async fn remove(
    State(state): State<AppState>,
    ApiPath(id): ApiPath<i64>,
) -> Result<StatusCode, HubError> {
    if !state.store.remove_webhook(id).await? {
        return Err(no_webhook());
    }
    tracing::info!(webhook = id, "a webhook was deleted");
    Ok(StatusCode::NO_CONTENT)
}

/// Rotates the secret and returns the new one once. The old secret continues to sign for a day.
#[utoipa::path(
    post, path = "/webhooks/{id}/rotate", tag = "webhooks", operation_id = "webhooks_rotate",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    responses((status = 200, description = "The new secret", body = WithSecret), Failures)
)]
pub(crate) async fn rotate(
    State(state): State<AppState>,
    ApiPath(id): ApiPath<i64>,
) -> Result<Json<WithSecret>, HubError> {
    let secret = WebhookSecret::generate();
    let until = Timestamp::now().after(SECRET_OVERLAP);
    let webhook = state.store.rotate_webhook(id, &secret, until).await?;
    Ok(with_secret(webhook.ok_or_else(no_webhook)?, &secret))
}

#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::Tested)]
pub(crate) struct Tested {
    ok: bool,
    clave: String,
    estado_http: Option<u16>,
    error: Option<&'static str>,
    duracion_ms: u128,
}

/// The type of a test.
pub(crate) const TEST: &str = "test";

/// The data of a test.
#[derive(Serialize, ToSchema)]
#[schema(as = webhooks::TestData)]
pub(crate) struct TestData {
    /// The webhook that is tested.
    webhook: i64,
}

/// Sends a test event at once and returns the result; nothing is stored.
#[utoipa::path(
    post, path = "/webhooks/{id}/test", tag = "webhooks", operation_id = "webhooks_test",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    responses((status = 200, description = "The outcome", body = Tested), Failures)
)]
pub(crate) async fn test(
    State(state): State<AppState>,
    ApiPath(id): ApiPath<i64>,
) -> Result<Json<Tested>, HubError> {
    let webhook = find(&state, id).await?;
    let event_id = new_event_id();
    let data = serde_json::to_value(TestData { webhook: id }).unwrap_or_default();
    let body = envelope(TEST, Timestamp::now(), &data);
    let (attempt, _) = state.webhook_client.call(&webhook, &event_id, &body).await;
    Ok(Json(Tested {
        ok: attempt.error.is_none(),
        clave: event_id,
        estado_http: attempt.status,
        error: attempt.error,
        duracion_ms: attempt.duration.as_millis(),
    }))
}
