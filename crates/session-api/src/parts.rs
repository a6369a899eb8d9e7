//! The parts of `multipart/form-data` bodies, for the OpenAPI document alone.

use utoipa::ToSchema;

use crate::SendRequest;

/// A message with its file.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendParts {
    /// The message, but for where its file is.
    pub json: SendRequest,
    /// The file.
    #[schema(value_type = String, format = Binary)]
    pub file: Vec<u8>,
}

/// A file.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FileParts {
    /// The file.
    #[schema(value_type = String, format = Binary)]
    pub file: Vec<u8>,
}
