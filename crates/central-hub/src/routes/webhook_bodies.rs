//! Documents what the hub posts to webhooks: the headers, and a body of each type.

use api_docs::{EventType, with_schemas};
use session_api::StateEvent;
use utoipa::ToSchema as _;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItemBuilder,
    PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{
    AllOfBuilder, ContentBuilder, ObjectBuilder, OpenApi, PathItem, Ref, RefOr, Required, Response,
    ResponseBuilder, Schema, Type,
};

use crate::alerts::{ALERT, AlertData};
use crate::http::webhooks::{TEST, TestData};
use crate::store::{
    AckData, CampaignData, DeletedData, EditedData, Envelope, MessageData, ReactionData, Topic,
};
use crate::webhooks::WebhookLimits;

/// Adds the webhooks and the schemas of their bodies to a document.
pub(super) fn with_webhooks(document: OpenApi) -> OpenApi {
    let subscribed = Topic::ALL.map(|topic| (body_of(topic), summary_of(topic)));
    let test = EventType::new::<TestData>(TEST);
    let test = (test, "A test, which is posted at once and only once.");
    let alert = EventType::new::<AlertData<'_>>(ALERT);
    let mut paths = PathsBuilder::new();
    for (body, summary) in subscribed.iter().chain([&test]) {
        let operation = operation(body, summary, &retries(), headers(true), "webhooks")
            .response("410", answer("Switches the subscription off"));
        paths = paths.path(body.name(), post(operation));
    }
    let (summary, description) = (
        "Something that a person has to know.",
        "To `ALERT_WEBHOOK_URL`, unless `ALERT_WEBHOOK_BODY` is another body. Signed where \
         `ALERT_WEBHOOK_SECRET` is set.",
    );
    let operation = operation(&alert, summary, description, headers(false), "alerts");
    paths = paths.path(alert.name(), post(operation));
    let bodies = subscribed.into_iter().chain([test]).map(|(body, _)| body);
    let envelope = EventType::new::<Envelope<'_>>("envelope");
    let bodies: Vec<_> = bodies.chain([alert, envelope]).collect();
    let mut document = with_schemas(document, &bodies);
    document.webhooks = Some(paths.build());
    document
}

fn body_of(topic: Topic) -> EventType {
    let name = topic.as_str();
    match topic {
        Topic::Message | Topic::Call => EventType::new::<MessageData<'_>>(name),
        Topic::Ack => EventType::new::<AckData<'_>>(name),
        Topic::State => EventType::new::<StateEvent>(name),
        Topic::Campaign => EventType::new::<CampaignData>(name),
        Topic::MessageEdited => EventType::new::<EditedData<'_>>(name),
        Topic::MessageDeleted => EventType::new::<DeletedData<'_>>(name),
        Topic::Reaction => EventType::new::<ReactionData<'_>>(name),
    }
}

const fn summary_of(topic: Topic) -> &'static str {
    match topic {
        Topic::Message => "A message was received, or sent from the phone.",
        Topic::Ack => "The state of an outgoing message changed.",
        Topic::State => "The state of the session changed.",
        Topic::Campaign => "The state of a campaign changed.",
        Topic::MessageEdited => "The text of a message was edited.",
        Topic::MessageDeleted => "A message was deleted for everyone.",
        Topic::Reaction => {
            "A contact or this account reacted to a message, or removed the reaction."
        }
        Topic::Call => "A contact called, and nobody answered.",
    }
}

fn retries() -> String {
    let limits = WebhookLimits::default();
    format!(
        "An answer counts for {} s. What fails is posted again, with growing pauses, {} times in \
         all, under the same `webhook-id`; a test is not.",
        limits.attempt.as_secs(),
        limits.attempts
    )
}

fn operation(
    body: &EventType,
    summary: &str,
    description: &str,
    headers: [Parameter; 3],
    tag: &str,
) -> OperationBuilder {
    let content = ContentBuilder::new().schema(Some(envelope(body))).build();
    let body_of_request = RequestBodyBuilder::new()
        .required(Some(Required::True))
        .content("application/json", content);
    OperationBuilder::new()
        .tag(tag)
        .operation_id(Some(format!("webhook_{}", body.name())))
        .summary(Some(summary))
        .description(Some(description))
        .parameters(Some(headers))
        .request_body(Some(body_of_request.build()))
        .response("2XX", answer("Received; the body is not looked at"))
        .response("default", answer("Failed; a redirect is not followed"))
        // The receiver checks the signature, not a token.
        .security(SecurityRequirement::default())
}

fn answer(description: &str) -> Response {
    ResponseBuilder::new().description(description).build()
}

fn post(operation: OperationBuilder) -> PathItem {
    PathItemBuilder::new()
        .operation(HttpMethod::Post, operation)
        .build()
}

/// Returns the headers of Standard Webhooks.
fn headers(is_signed: bool) -> [Parameter; 3] {
    let header = |name: &str, kind: Type, required: bool, description: &str| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(if required {
                Required::True
            } else {
                Required::False
            })
            .description(Some(description))
            .schema(Some(ObjectBuilder::new().schema_type(kind)))
            .build()
    };
    [
        header(
            "webhook-id",
            Type::String,
            true,
            "The same with every attempt: by it the receiver knows what it has",
        ),
        header(
            "webhook-timestamp",
            Type::Integer,
            true,
            "When this attempt was made, in seconds since 1970",
        ),
        header(
            "webhook-signature",
            Type::String,
            is_signed,
            "`v1,` and the Base64 of HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`, \
             as Standard Webhooks has it; several, separated by spaces, while a secret is changed",
        ),
    ]
}

/// Returns the schema of a body: the envelope with this type and this data.
fn envelope(body: &EventType) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let special = ObjectBuilder::new()
        .property("type", text.enum_values(Some([body.name()])))
        .property("data", body.data());
    AllOfBuilder::new()
        .item(Ref::from_schema_name(Envelope::name()))
        .item(special)
        .into()
}
