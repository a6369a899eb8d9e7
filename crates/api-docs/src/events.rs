//! Documents what a service sends by itself: the events of a stream.
//!
//! ```text
//!  EventType::new::<StateEvent>("state") ─┬─> components: the schema of the data
//!                                         └─> the stream's response: event, id, data
//! ```
//!
//! OpenAPI 3.1 has no place for the single events of a stream, so the schema of `text/event-stream`
//! is that of one event. OpenAPI 3.2 calls it `itemSchema`, with the same content.

use session_api::{
    AckEvent, CallEvent, EventKind, GapEvent, LimitsEvent, MessageDeletedEvent, MessageEditedEvent,
    MessageEvent, QrEvent, ReactionEvent, StateEvent,
};
use utoipa::ToSchema;
use utoipa::openapi::{
    ContentBuilder, ObjectBuilder, OneOfBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder,
    Schema, Type,
};

/// A kind of event: its name, and the schema of its data.
#[derive(Clone)]
pub struct EventType {
    name: &'static str,
    schema: String,
    /// The schema, and those that it refers to.
    schemas: Vec<(String, RefOr<Schema>)>,
}

impl EventType {
    /// Creates the kind `name`, whose data is serialized from `T`.
    #[must_use]
    pub fn new<T: ToSchema>(name: &'static str) -> Self {
        let schema = T::name().into_owned();
        let mut schemas = vec![(schema.clone(), T::schema())];
        T::schemas(&mut schemas);
        Self {
            name,
            schema,
            schemas,
        }
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns a reference to the schema of the data.
    #[must_use]
    pub fn data(&self) -> Ref {
        Ref::from_schema_name(&self.schema)
    }

    /// Returns the schema of such an event on a stream.
    fn on_stream(&self) -> Schema {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let data = text()
            .content_media_type("application/json")
            .content_schema(Some(self.data()));
        ObjectBuilder::new()
            .title(Some(self.name))
            .property("event", text().enum_values(Some([self.name])))
            .required("event")
            .property("id", text())
            .property("data", data)
            .required("data")
            .into()
    }
}

/// Returns the events of session-manager, which the hub passes on.
#[must_use]
pub fn session_events() -> Vec<EventType> {
    let kinds = EventKind::ALL.into_iter();
    let types = kinds.map(|kind| {
        let name = kind.as_str();
        match kind {
            EventKind::State => EventType::new::<StateEvent>(name),
            EventKind::Qr => EventType::new::<QrEvent>(name),
            EventKind::Message => EventType::new::<MessageEvent>(name),
            EventKind::Ack => EventType::new::<AckEvent>(name),
            EventKind::MessageEdited => EventType::new::<MessageEditedEvent>(name),
            EventKind::MessageDeleted => EventType::new::<MessageDeletedEvent>(name),
            EventKind::Reaction => EventType::new::<ReactionEvent>(name),
            EventKind::Call => EventType::new::<CallEvent>(name),
            EventKind::Limits => EventType::new::<LimitsEvent>(name),
            EventKind::Gap => EventType::new::<GapEvent>(name),
        }
    });
    types.collect()
}

/// Adds the schemas of the data to the components of a document.
#[must_use]
pub fn with_schemas(mut document: OpenApi, types: &[EventType]) -> OpenApi {
    let components = document.components.get_or_insert_default();
    let schemas = types.iter().flat_map(|kind| kind.schemas.iter().cloned());
    components.schemas.extend(schemas);
    document
}

/// Documents the response of `GET path`: Server-Sent Events of these types.
#[must_use]
pub fn with_events(document: OpenApi, path: &str, types: &[EventType]) -> OpenApi {
    let mut document = with_schemas(document, types);
    let item = document.paths.paths.get_mut(path);
    if let Some(operation) = item.and_then(|item| item.get.as_mut()) {
        let responses = &mut operation.responses.responses;
        responses.insert("200".to_owned(), stream(types).into());
    }
    document
}

fn stream(types: &[EventType]) -> Response {
    let description = "Server-Sent Events, until one side ends it. The schema is that of one \
         event: its name in the line `event:`; in `id:` the number after which `Last-Event-ID` \
         and `after` resume; and one line `data:`, which is one JSON of the schema at \
         `contentSchema`. Lines that begin with `:` keep the connection open.";
    let kinds = types.iter().map(EventType::on_stream);
    let event = kinds.fold(OneOfBuilder::new(), OneOfBuilder::item);
    let content = ContentBuilder::new().schema(Some(event)).build();
    ResponseBuilder::new()
        .description(description)
        .content("text/event-stream", content)
        .build()
}
