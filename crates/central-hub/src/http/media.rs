//! Streams the files of messages from session-manager: to callers who may see
//! the conversation, and to holders of a webhook's signed link.
//!
//! The content is untrusted. Only pictures, audio and video of known types are
//! served for display in the browser; everything else is a download, which the
//! browser neither opens nor executes.

use api_docs::Failures;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde::Deserialize;
use service_runtime::http::{
    ApiPath, ApiQuery, ErrorReply, add_untrusted_file_headers, disposition,
};
use session_api::{ErrorCode, Timestamp, is_invisible};
use session_client::SessionClient;
use utoipa::IntoParams;

use super::upstream::Upstream;
use crate::auth::Caller;
use crate::caller_limits::HeldSlots;
use crate::error::HubError;
use crate::media_links::BadLink;
use crate::state::AppState;
use crate::store::Message;

/// Content types that a browser may display within the page.
const INLINE_TYPES: [&str; 22] = [
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "audio/ogg",
    "audio/opus",
    "audio/mpeg",
    "audio/mp4",
    "audio/aac",
    "audio/amr",
    "audio/wav",
    "audio/x-wav",
    "audio/flac",
    "audio/x-flac",
    "audio/x-m4a",
    "audio/m4a",
    "audio/webm",
    "video/mp4",
    "video/webm",
    "video/quicktime",
    "video/3gpp",
    "video/ogg",
];
/// Content types that a download keeps; others become `application/octet-stream`.
const DOWNLOAD_TYPES: [&str; 2] = ["application/pdf", "application/zip"];
const OCTET_STREAM: &str = "application/octet-stream";

/// Headers of session-manager's response that are passed on.
const FORWARDED_HEADERS: [HeaderName; 5] = [
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::ACCEPT_RANGES,
    header::LAST_MODIFIED,
    header::ETAG,
];

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Use {
    /// `1` for a file that is to be shown or played within a page. A browser draws whatever it gets
    /// for a picture, so what is no file to show is refused with 415.
    mostrar: Option<String>,
}

/// Returns the file of a message, which is fetched from WhatsApp if it is not
/// stored. Supports range requests. Only pictures, audio and video are
/// `inline`.
#[utoipa::path(
    get, path = "/listener/messages/{id}/media", tag = "inbound", operation_id = "media_media",
    params(
        ("id" = i64, Path, description = "The message's number", example = 1),
        ("Range" = Option<String>, Header, description = "A byte range, such as `bytes=0-1023`"),
        Use
    ),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The requested range", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "The file matches `If-None-Match`"),
        (status = 416, description = "The range does not exist"),
        Failures
    )
)]
pub(crate) async fn media(
    State(state): State<AppState>,
    caller: Caller,
    Upstream(client): Upstream,
    ApiPath(id): ApiPath<i64>,
    ApiQuery(used): ApiQuery<Use>,
    headers: HeaderMap,
) -> Result<Response, HubError> {
    let is_to_show = used.mostrar.as_deref() == Some("1");
    let held = state.limits.download(&caller)?;
    let message = state.store.message(id).await?;
    let message = message.filter(|message| caller.sees(message.cliente_id));
    let message = message.ok_or_else(unknown)?;
    serve(&client, &message, &headers, is_to_show, held).await
}

/// Returns the file of a message through a signed link, which webhooks contain as `media_link`.
#[utoipa::path(
    get, path = "/media/{token}", tag = "webhooks", operation_id = "media_linked",
    security(()),
    params(
        ("token" = String, Path, description = "As in `media_link.path`"),
        ("Range" = Option<String>, Header, description = "A byte range, such as `bytes=0-1023`")
    ),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The requested range", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "The file matches `If-None-Match`"),
        (status = 416, description = "The range does not exist"),
        Failures
    )
)]
pub(crate) async fn linked(
    State(state): State<AppState>,
    Upstream(client): Upstream,
    ApiPath(token): ApiPath<String>,
    headers: HeaderMap,
) -> Result<Response, HubError> {
    let links = state.store.media_links().ok_or_else(ErrorReply::internal)?;
    let id = links
        .check(&token, Timestamp::now())
        .map_err(|bad| match bad {
            BadLink::Forged => unknown(),
            BadLink::Expired => ErrorReply::new(
                StatusCode::GONE,
                "LINK_EXPIRED",
                "the link has expired: fetch the file with a token, from \
             /api/listener/messages/{id}/media",
            )
            .into(),
        })?;
    let message = state.store.message(id).await?.ok_or_else(unknown)?;
    let held = state.limits.linked_download(message.cliente_id)?;
    serve(&client, &message, &headers, false, held).await
}

fn unknown() -> HubError {
    HubError::of_contract(
        ErrorCode::MessageNotFound,
        "there is no message with this id",
    )
}

async fn serve(
    client: &SessionClient,
    message: &Message,
    asked: &HeaderMap,
    is_to_show: bool,
    held: HeldSlots,
) -> Result<Response, HubError> {
    if message.is_deleted() {
        let what = "the message was deleted for everyone, and its file with it";
        return Err(HubError::of_contract(ErrorCode::MediaGone, what));
    }
    let contents = message.contents.as_deref();
    let file = contents.and_then(|it| it.content.file());
    let (Some(file), Some(wa_id)) = (file, &message.wa_id) else {
        let what = "the message has no file, or a view-once file that only the phone shows";
        return Err(HubError::of_contract(ErrorCode::MediaNotFound, what));
    };
    let media = client.media(wa_id, asked).await?;
    let found = media.headers.get(header::CONTENT_TYPE);
    let kind = media_type(found);
    if is_to_show && !INLINE_TYPES.contains(&kind.as_str()) {
        let what = "the file is none that a page shows or plays: it can be downloaded";
        return Err(HubError::of_contract(ErrorCode::UnsupportedMediaType, what));
    }
    let mut headers = HeaderMap::new();
    for name in FORWARDED_HEADERS {
        if let Some(value) = media.headers.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    add_safety_headers(&mut headers, &kind, file.filename.as_deref());
    let is_known = media.status == StatusCode::OK && is_same(asked, &headers);
    if is_known {
        headers.remove(header::CONTENT_LENGTH);
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let body = media.body.inspect(move |_| {
        let _held = &held;
    });
    Ok((media.status, headers, Body::from_stream(body)).into_response())
}

/// Returns the content type without its parameters, in lower case.
fn media_type(kind: Option<&HeaderValue>) -> String {
    let kind = kind
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or(OCTET_STREAM);
    let kind = kind.split(';').next().unwrap_or(OCTET_STREAM);
    kind.trim().to_ascii_lowercase()
}

/// Adds the headers that keep a browser from executing the file.
fn add_safety_headers(headers: &mut HeaderMap, kind: &str, filename: Option<&str>) {
    let is_shown = INLINE_TYPES.contains(&kind);
    let content_type = match is_shown || DOWNLOAD_TYPES.contains(&kind) {
        true => kind,
        false => OCTET_STREAM,
    };
    let values = [
        (header::CONTENT_TYPE, content_type),
        (
            header::CONTENT_DISPOSITION,
            &content_disposition(is_shown, filename),
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in values {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    add_untrusted_file_headers(headers);
}

/// Returns the `Content-Disposition`, with a file name that is not a path and
/// has no invisible characters.
fn content_disposition(is_shown: bool, filename: Option<&str>) -> String {
    let kind = if is_shown { "inline" } else { "attachment" };
    let letters = filename.unwrap_or_default().chars();
    let letters = letters.filter(|letter| !letter.is_control() && !is_invisible(*letter));
    let name: String = letters
        .map(|letter| {
            if matches!(letter, '/' | '\\') {
                '_'
            } else {
                letter
            }
        })
        .collect();
    disposition(kind, Some(&name))
}

/// Returns whether the caller already has this version of the file.
fn is_same(asked: &HeaderMap, headers: &HeaderMap) -> bool {
    let Some(tag) = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()) else {
        return false;
    };
    let etags = asked.get_all(header::IF_NONE_MATCH).into_iter();
    let mut etags = etags.filter_map(|tags| tags.to_str().ok());
    etags.any(|tags| {
        tags.split(',')
            .any(|it| it.trim() == tag || it.trim() == "*")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safety_headers(kind: &str, filename: Option<&str>) -> [String; 2] {
        let mut headers = HeaderMap::new();
        add_safety_headers(
            &mut headers,
            &media_type(HeaderValue::from_str(kind).ok().as_ref()),
            filename,
        );
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(
            headers[header::CONTENT_SECURITY_POLICY],
            "default-src 'none'; sandbox"
        );
        [header::CONTENT_TYPE, header::CONTENT_DISPOSITION]
            .map(|name| headers[name].to_str().unwrap().to_owned())
    }

    #[test]
    fn only_what_executes_nothing_is_shown() {
        assert_eq!(safety_headers("image/jpeg", None), ["image/jpeg", "inline"]);
        assert_eq!(
            safety_headers("Audio/OGG; codecs=opus", None),
            ["audio/ogg", "inline"]
        );
        assert_eq!(
            safety_headers("application/pdf", Some("el recibo.pdf")),
            [
                "application/pdf",
                "attachment; filename*=UTF-8''el%20recibo.pdf"
            ]
        );
        for active in [
            "image/svg+xml",
            "text/html",
            "text/html; charset=utf-8",
            "application/xhtml+xml",
            "text/xml",
            "video/x+xml",
            "audio/html",
            "application/javascript",
            "text/plain",
            "application/octet-stream",
            "rubbish",
            "",
        ] {
            assert_eq!(
                safety_headers(active, None),
                [OCTET_STREAM, "attachment"],
                "{active}"
            );
        }
    }

    #[test]
    fn filename_is_sanitized_to_a_plain_name() {
        for (name, encoded) in [
            ("factura\u{202e}fdp.exe", "facturafdp.exe"),
            ("../../etc/passwd", ".._.._etc_passwd"),
            (
                "a\"; filename=x\r\nX-Evil: 1",
                "a%22%3B%20filename%3DxX-Evil%3A%201",
            ),
            ("año.pdf", "a%C3%B1o.pdf"),
        ] {
            let disposition = content_disposition(false, Some(name));
            assert_eq!(
                disposition,
                format!("attachment; filename*=UTF-8''{encoded}")
            );
        }
        assert_eq!(content_disposition(true, Some("\u{202e}")), "inline");
    }
}
