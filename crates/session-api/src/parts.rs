//! The parts of `multipart/form-data` bodies. These types exist only for the OpenAPI document.

use utoipa::ToSchema;

use crate::SendRequest;

/// A message with its file.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendParts {
    /// The message, without `file_id` and `url`.
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
