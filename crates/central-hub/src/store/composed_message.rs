//! A validated send request, ready to be stored.

use serde::Deserialize;
use service_runtime::http::RequestId;
use session_api::{FileBody, Invalid, Recipient, SendRequest};
use sha2::{Digest, Sha256};

/// A valid request, together with the parts of it that are stored. This is the
/// only code that inspects the request, whatever the kind of message.
#[derive(Clone)]
pub struct Composed {
    pub(super) recipient: Recipient,
    pub(super) cliente_id: Option<u64>,
    pub(super) kind: String,
    pub(super) body: String,
    pub(super) json: String,
    pub(super) fingerprint: String,
    pub(super) request_id: Option<String>,
}

// Texts and numbers are the customers' data and stay out of logs.
impl std::fmt::Debug for Composed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Composed")
            .field("recipient", &self.recipient)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl Composed {
    /// Validates a request in the format of `POST /send`.
    ///
    /// # Errors
    /// [`Invalid`], which names the first invalid field.
    pub fn from_request(request: &SendRequest) -> Result<Self, Invalid> {
        Self::with_fingerprint(request, None)
    }

    /// Validates a request whose file was uploaded with it. The fingerprint
    /// uses the file's content instead of its id, which differs for each
    /// upload.
    ///
    /// # Errors
    /// As for [`Composed::from_request`].
    pub fn with_file(request: &SendRequest, file: &FileBody) -> Result<Self, Invalid> {
        Self::with_fingerprint(request, Some(file))
    }

    /// Returns whether the message is a file.
    #[must_use]
    pub fn has_file(&self) -> bool {
        is_file(&self.kind)
    }

    fn with_fingerprint(request: &SendRequest, file: Option<&FileBody>) -> Result<Self, Invalid> {
        let mut outgoing = request.validate(false)?;
        if let (Some(file), Some(media)) = (file, outgoing.content.media_mut()) {
            let name = file.filename.as_deref().unwrap_or_default();
            media.file_id = Some(format!("{} {} {name}", file.sha256, file.mime));
        }
        // The hash does not depend on who sends the message or on how the number is written.
        let mut fingerprint = Sha256::new();
        fingerprint.update(outgoing.to.as_str());
        fingerprint.update([0]);
        fingerprint.update(to_json(&outgoing.content));
        // The text that the recipient reads.
        let body = request.message.as_ref().or(request.caption.as_ref());
        Ok(Self {
            cliente_id: request.cliente_id,
            kind: outgoing.content.kind().to_owned(),
            body: body.cloned().unwrap_or_default(),
            json: to_json(request),
            fingerprint: hex::encode(fingerprint.finalize()),
            recipient: outgoing.to,
            request_id: None,
        })
    }

    /// Creates a text message to a recipient.
    ///
    /// # Errors
    /// As for [`Composed::from_request`].
    pub fn text(cliente_id: Option<u64>, to: &str, message: &str) -> Result<Self, Invalid> {
        Self::from_request(&SendRequest::text(cliente_id, to, message))
    }

    /// Returns the recipient.
    #[must_use]
    pub fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    /// Sets the business, unless the request itself names one.
    #[must_use]
    pub fn with_default_cliente(mut self, cliente_id: Option<u64>) -> Self {
        self.cliente_id = self.cliente_id.or(cliente_id);
        self
    }

    /// Sets the id of the HTTP request that asked for the message.
    #[must_use]
    pub fn with_request_id(mut self, id: &RequestId) -> Self {
        self.request_id = Some(id.as_str().to_owned());
        self
    }
}

/// The description of a file in a stored request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SentFile {
    /// The name that the recipient sees.
    pub filename: Option<String>,
    /// Whether it is a voice message.
    pub voice: bool,
}

impl SentFile {
    /// Reads the description from the request of a message of this kind.
    /// Returns `None` if the kind is not a file.
    pub(super) fn from_request(kind: &str, request: Option<&str>) -> Option<Self> {
        let request = request.filter(|_| is_file(kind))?;
        // A request that another version wrote may not be readable. This is not
        // an error, because the description is only shown.
        serde_json::from_str(request).ok()
    }
}

/// Returns whether a message of this kind is a file, which takes longer to send.
pub(crate) fn is_file(kind: &str) -> bool {
    matches!(kind, "image" | "video" | "audio" | "document" | "sticker")
}

fn to_json(request: &impl serde::Serialize) -> String {
    // The values are plain structs of strings and numbers, so serialization cannot fail.
    serde_json::to_string(request).unwrap_or_default()
}
