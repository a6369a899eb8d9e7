//! Tests of request bodies for every kind of message: which are accepted, and
//! the errors of those that are rejected.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use serde_json::{Value, json};
use session_api::{Content, SendRequest};

const TO: &str = "5491158254201";

fn parse(body: &Value) -> SendRequest {
    serde_json::from_value(body.clone()).unwrap()
}

/// Returns the content that `body` requests, as JSON.
fn content(body: &Value, upload: bool) -> Result<Value, (String, String)> {
    let mut body = body.clone();
    body["to"] = json!(TO);
    let outgoing = parse(&body).validate(upload);
    outgoing
        .map(|outgoing| {
            assert_eq!(outgoing.to.as_str(), "5491158254201@c.us");
            let stored = serde_json::to_value(&outgoing.content).unwrap();
            // The stored JSON deserializes to the same content.
            let restored: Content = serde_json::from_value(stored.clone()).unwrap();
            assert_eq!(restored, outgoing.content);
            assert_eq!(stored["type"], restored.kind());
            stored
        })
        .map_err(|invalid| (invalid.field.to_string(), invalid.to_string()))
}

/// Compares the stored text of a message: a retry sends the deserialized
/// content, which must be the same message under its key. Found by
/// `cargo xtask fuzz`.
#[test]
fn location_survives_serialization() {
    for latitude in [
        "-14.3666666666666666666666666666666666666666666666",
        "0.1",
        "-34.60372219999999887",
        "89.99999999999999",
    ] {
        let body =
            format!(r#"{{"to":"{TO}","type":"location","latitude":{latitude},"longitude":-58.4}}"#);
        let request: SendRequest = serde_json::from_str(&body).unwrap();
        let content = request.validate(false).unwrap().content;
        let serialized = serde_json::to_string(&content).unwrap();
        let restored: Content = serde_json::from_str(&serialized).unwrap();
        assert_eq!(restored, content, "{latitude}: {serialized}");
    }
}

#[test]
fn every_kind_is_accepted() {
    let id = "0123456789abcdef0123456789abcdef";
    for (body, upload, expected) in [
        (
            json!({"message": "hola"}),
            false,
            json!({"type": "text", "message": "hola"}),
        ),
        (
            json!({"type": "text", "message": "hola", "link_preview": true,
                   "reply_to": "false_5491158254201@c.us_3A00", "mentions": ["+54 9 11 5825-4202"]}),
            false,
            json!({"type": "text", "message": "hola", "link_preview": true,
                   "reply_to": "false_5491158254201@c.us_3A00", "mentions": ["5491158254202@c.us"]}),
        ),
        (
            json!({"type": "image", "file_id": id, "caption": "la casa"}),
            false,
            json!({"type": "image", "file_id": id, "caption": "la casa"}),
        ),
        (
            json!({"type": "video", "caption": " "}),
            true,
            json!({"type": "video"}),
        ),
        (
            json!({"type": "audio", "url": "https://example.com/a.ogg", "voice": true}),
            false,
            json!({"type": "audio", "url": "https://example.com/a.ogg", "voice": true}),
        ),
        (
            json!({"type": "document", "filename": "señal.pdf", "reply_to": "3EB0"}),
            true,
            json!({"type": "document", "filename": "señal.pdf", "reply_to": "3EB0"}),
        ),
        (
            json!({"type": "video", "gif": true}),
            true,
            json!({"type": "video", "gif": true}),
        ),
        (
            json!({"type": "sticker", "file_id": id, "reply_to": "3EB0"}),
            false,
            json!({"type": "sticker", "file_id": id, "reply_to": "3EB0"}),
        ),
        (
            json!({"type": "location", "latitude": -34.6, "longitude": -58, "name": "Obelisco"}),
            false,
            json!({"type": "location", "latitude": -34.6, "longitude": -58.0, "name": "Obelisco"}),
        ),
        (
            json!({"type": "contact", "contact": {"name": "Ana", "phone": "+54 9 11 5825-4202"}}),
            false,
            json!({"type": "contact", "contacts": [{"name": "Ana", "phone": "5491158254202"}]}),
        ),
        (
            json!({"type": "reaction", "message_id": "3A00", "emoji": "👍🏽"}),
            false,
            json!({"type": "reaction", "message_id": "3A00", "emoji": "👍🏽"}),
        ),
        (
            json!({"type": "reaction", "message_id": "3A00", "emoji": ""}),
            false,
            json!({"type": "reaction", "message_id": "3A00", "emoji": ""}),
        ),
    ] {
        assert_eq!(content(&body, upload), Ok(expected), "{body}");
    }
    // A body as deployed clients write it, including unknown fields.
    let body = json!({"cliente_id": 51, "message": "hola", "prioridad": 3, "reply_to": null});
    assert!(content(&body, false).is_ok());
}

#[test]
fn errors_name_the_field_without_its_value() {
    let card = json!({"name": "Ana", "phone": "5491158254202"});
    for (body, field) in [
        (json!({}), "message"),
        (json!({"type": "text"}), "message"),
        (json!({"type": "sticker-secreto"}), "type"),
        (json!({"type": "TEXT", "message": "secreto"}), "type"),
        (json!({"file_id": "secreto"}), "type"),
        (json!({"message": "secreto", "caption": "secreto"}), "type"),
        (
            json!({"type": "text", "message": "hola", "caption": "secreto"}),
            "caption",
        ),
        (
            json!({"type": "text", "message": "hola", "prioridad": "secreto"}),
            "prioridad",
        ),
        (
            json!({"type": "text", "message": "hola", "Un secreto": 1}),
            "a field",
        ),
        (
            json!({"type": "text", "message": "hola", "reply_to": "un secreto"}),
            "reply_to",
        ),
        (
            json!({"type": "text", "message": "hola", "mentions": ["secreto"]}),
            "mentions",
        ),
        (json!({"type": "image"}), "file_id"),
        (
            json!({"type": "image", "file_id": "../../secreto"}),
            "file_id",
        ),
        (json!({"type": "image", "url": "file:///secreto"}), "url"),
        (
            json!({"type": "image", "url": "https://a/b", "file_id": "secreto"}),
            "file_id",
        ),
        (
            json!({"type": "image", "url": "https://a/b", "message": "secreto"}),
            "message",
        ),
        (
            json!({"type": "audio", "url": "https://a/b", "caption": "secreto"}),
            "caption",
        ),
        (
            json!({"type": "image", "url": "https://a/b", "voice": true}),
            "voice",
        ),
        (
            json!({"type": "document", "url": "https://a/b", "filename": "../secreto"}),
            "filename",
        ),
        (
            json!({"type": "location", "latitude": 91, "longitude": 0}),
            "latitude",
        ),
        (json!({"type": "location", "latitude": 1}), "longitude"),
        (json!({"type": "contact"}), "contact"),
        (
            json!({"type": "contact", "contact": card, "contacts": [card]}),
            "contact",
        ),
        (json!({"type": "contact", "contacts": []}), "contacts"),
        (
            json!({"type": "contact", "contact": {"name": " ", "phone": "5491158254202"}}),
            "contact.name",
        ),
        (
            json!({"type": "contact", "contact": {"name": "Ana", "phone": "secreto"}}),
            "contact.phone",
        ),
        (
            json!({"type": "contact", "contact": {"name": "Ana", "phone": "123456@lid"}}),
            "contact.phone",
        ),
        (json!({"type": "reaction", "emoji": "👍"}), "message_id"),
        (json!({"type": "reaction", "message_id": "3A00"}), "emoji"),
        (
            json!({"type": "reaction", "message_id": "3A00", "emoji": "secreto"}),
            "emoji",
        ),
        (
            json!({"type": "reaction", "message_id": "3A00", "emoji": "👍 👍"}),
            "emoji",
        ),
    ] {
        let (named, sentence) = content(&body, false).unwrap_err();
        assert_eq!(named, field, "{body}: {sentence}");
        assert!(!sentence.contains("secreto"), "{sentence}");
    }
    for kind in ["text", "location", "contact", "reaction"] {
        let body = json!({"type": kind, "message": "hola"});
        let body = if kind == "text" {
            body
        } else {
            json!({"type": kind})
        };
        assert_eq!(content(&body, true).unwrap_err().0, "file", "{kind}");
    }
}

#[test]
fn shape_errors_are_serdes() {
    for (text, complaint) in [
        ("{}", "missing field `to`"),
        (r#"{"to":"1","to":"2"}"#, "duplicate field `to`"),
        (
            r#"{"to":"1","message":"a","message":"b"}"#,
            "duplicate field `message`",
        ),
        (r#"{"to":"1","message":5}"#, "expected a string"),
        (
            r#"{"to":"1","contact":{"name":"a"}}"#,
            "missing field `phone`",
        ),
        (
            r#"{"to":"1","contact":{"name":"a","phone":"b","email":"c"}}"#,
            "unknown field `email`",
        ),
    ] {
        let error = serde_json::from_str::<SendRequest>(text).unwrap_err();
        assert!(error.to_string().contains(complaint), "{error}");
    }
}

proptest! {
    /// An accepted request serializes to one that is accepted as the same message.
    #[test]
    fn accepted_requests_round_trip(message in ".{1,40}", preview: bool, id in "[A-Za-z0-9@._:-]{1,40}") {
        let request = SendRequest {
            kind: Some("text".into()),
            link_preview: Some(preview),
            reply_to: Some(id),
            ..SendRequest::text(None, TO, message)
        };
        let reparsed: SendRequest = serde_json::from_str(&serde_json::to_string(&request).unwrap()).unwrap();
        prop_assert_eq!(&reparsed, &request);
        if let Ok(outgoing) = request.validate(false) {
            let stored = serde_json::to_string(&outgoing.content).unwrap();
            prop_assert_eq!(serde_json::from_str::<Content>(&stored).unwrap(), outgoing.content);
        }
    }

    #[test]
    fn nothing_panics(body in prop::collection::hash_map("to|type|message|url|emoji|contact|latitude|x", ".{0,20}", 0..6)) {
        if let Ok(request) = serde_json::from_value::<SendRequest>(json!(body)) {
            let _ = request.validate(false);
            let _ = request.validate(true);
        }
    }
}
