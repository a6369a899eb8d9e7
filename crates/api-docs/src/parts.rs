//! Defines the components that the OpenAPI documents of both services share.

use std::collections::BTreeMap;

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, ObjectBuilder, OneOfBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder,
    Schema, Type,
};
use utoipa::{IntoParams, IntoResponses, ToSchema};

/// The body of every failed request. Some errors have additional fields.
#[derive(ToSchema)]
#[schema(example = json!({"error": true, "code": "INVALID_REQUEST", "message": "the body: missing field `to`"}))]
pub struct Failure {
    /// `true`; on the routes inherited from the Node hub, the code again.
    #[schema(schema_with = true_or_code)]
    pub error: bool,
    /// The machine-readable code.
    #[schema(pattern = "^[A-Z][A-Z0-9_]*$")]
    pub code: String,
    /// A human-readable message: the cause and the remedy, if any.
    pub message: String,
}

fn true_or_code() -> Schema {
    let of = |kind| ObjectBuilder::new().schema_type(kind);
    OneOfBuilder::new()
        .item(of(Type::Boolean))
        .item(of(Type::String))
        .build()
        .into()
}

/// Any error, whatever its status: for `responses(…)`.
#[derive(Clone, Copy, Debug)]
pub struct Failures;

impl IntoResponses for Failures {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Failure")));
        let response = ResponseBuilder::new()
            .description("The request failed: `code` says why, `message` what to do")
            .content("application/json", content.build());
        BTreeMap::from([("default".to_owned(), response.build().into())])
    }
}

/// The header `X-Cliente-Id`, for `params(…)`.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct ClienteHeader {
    /// The business that the request is for; metadata.
    #[param(
        rename = "X-Cliente-Id",
        required = false,
        minimum = 1,
        maximum = 9_223_372_036_854_775_807_i64,
        example = 51
    )]
    pub cliente_id: i64,
}

/// The header `Idempotency-Key`, for `params(…)`.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IdempotencyHeader {
    /// Requests with the same key and body are one message, without a time
    /// limit.
    #[param(
        rename = "Idempotency-Key",
        required = false,
        pattern = "^[!-~]{1,255}$",
        example = "pedido-1042"
    )]
    pub key: String,
}

/// Adds the security scheme `token` (`Authorization: Bearer …`) to a document. `description` says
/// which token it is.
#[must_use]
pub fn with_token(mut document: OpenApi, description: &str) -> OpenApi {
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
    let scheme = SecurityScheme::Http(scheme.description(Some(description)).build());
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("token", scheme);
    document
}
