//! For tests: whether what a service sends is what its OpenAPI document says.
//!
//! ```text
//!  GET /openapi.json ─> Document ─┬─ event(path, name) ─> Shape ─> assert_fits(what was sent)
//!                                 └─ webhook(name) ─────────^
//! ```
//!
//! A field that the document does not know fails, too: a document that lags behind the code is
//! otherwise valid for ever, since JSON Schema lets every further field pass.

use serde_json::{Map, Value, json};

/// An OpenAPI document.
#[derive(Clone, Debug)]
pub struct Document(Value);

/// The schema of one kind of event or body.
#[derive(Debug)]
pub struct Shape {
    name: String,
    validator: jsonschema::Validator,
}

impl Document {
    /// Reads a document, as `GET /openapi.json` answers it.
    ///
    /// # Panics
    /// If it is no JSON.
    #[must_use]
    pub fn parse(json: &str) -> Self {
        Self(serde_json::from_str(json).expect("a document in JSON"))
    }

    /// Returns the names of the events on the stream at `path`.
    #[must_use]
    pub fn events(&self, path: &str) -> Vec<&str> {
        self.stream(path).map(|(name, _)| name).collect()
    }

    /// Returns the shape of the data of one kind of event on the stream at `path`.
    ///
    /// # Panics
    /// If the document does not have it.
    #[must_use]
    pub fn event(&self, path: &str, name: &str) -> Shape {
        let kind = self.stream(path).find(|kind| kind.0 == name);
        let (_, schema) = kind.unwrap_or_else(|| panic!("{path} has no event `{name}`"));
        self.shape(name, schema)
    }

    /// Returns the names of the webhooks.
    #[must_use]
    pub fn webhooks(&self) -> Vec<&str> {
        let webhooks = self.0["webhooks"].as_object().into_iter().flatten();
        webhooks.map(|(name, _)| name.as_str()).collect()
    }

    /// Returns the headers of a webhook that are always there.
    #[must_use]
    pub fn required_headers(&self, webhook: &str) -> Vec<&str> {
        let parameters = self.0["webhooks"][webhook]["post"]["parameters"].as_array();
        let required = parameters.into_iter().flatten().filter(|parameter| {
            (&parameter["in"], &parameter["required"]) == (&json!("header"), &json!(true))
        });
        required.filter_map(|it| it["name"].as_str()).collect()
    }

    /// Returns the shape of the body of a webhook.
    ///
    /// # Panics
    /// If the document does not have it.
    #[must_use]
    pub fn webhook(&self, name: &str) -> Shape {
        let body = &self.0["webhooks"][name]["post"]["requestBody"];
        self.shape(name, &body["content"]["application/json"]["schema"])
    }

    /// Returns the kinds of event on the stream at `path`: each name with the schema of the data.
    fn stream(&self, path: &str) -> impl Iterator<Item = (&str, &Value)> {
        let response = &self.0["paths"][path]["get"]["responses"]["200"];
        let schema = &response["content"]["text/event-stream"]["schema"];
        let kinds = schema["oneOf"].as_array().into_iter().flatten();
        kinds.filter_map(|kind| {
            let fields = &kind["properties"];
            let name = fields["event"]["enum"][0].as_str()?;
            assert_eq!(fields["data"]["contentMediaType"], "application/json");
            Some((name, &fields["data"]["contentSchema"]))
        })
    }

    fn shape(&self, name: &str, schema: &Value) -> Shape {
        assert!(schema.is_object(), "the document has no `{name}`");
        // References lead to `#/components/…`, so these come along.
        let mut root = json!({"allOf": [schema], "components": self.0["components"]});
        close(&mut root["components"]);
        close(&mut root["allOf"]);
        root["unevaluatedProperties"] = json!(false);
        let validator = jsonschema::draft202012::options().should_validate_formats(true);
        Shape {
            name: name.to_owned(),
            validator: validator.build(&root).expect("a valid schema"),
        }
    }
}

impl Shape {
    /// Fails the test unless `value` has exactly this shape.
    ///
    /// # Panics
    /// If a field is missing, of another type, or not in the document.
    pub fn assert_fits(&self, value: &Value) {
        let faults: Vec<_> = self.validator.iter_errors(value).collect();
        let faults: Vec<_> = faults
            .iter()
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(
            faults.is_empty(),
            "`{}` is not what the document says:\n{}\n{value:#}",
            self.name,
            faults.join("\n")
        );
    }
}

/// Forbids fields that the schema does not name, wherever a value stands: in a property, or as an
/// item. Not in the parts of a composition, which see only fields of their own.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(keywords) => {
            for (keyword, value) in keywords.iter_mut() {
                match (keyword.as_str(), value) {
                    ("properties", Value::Object(properties)) => {
                        properties.values_mut().for_each(close_site);
                    }
                    ("items", value) => close_site(value),
                    (_, value) => close(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}

fn close_site(schema: &mut Value) {
    close(schema);
    let names_fields = |keywords: &Map<String, Value>| {
        let naming = ["$ref", "allOf", "anyOf", "oneOf", "properties"];
        naming.iter().any(|keyword| keywords.contains_key(*keyword))
    };
    if let Value::Object(keywords) = schema
        && names_fields(keywords)
    {
        keywords.insert("unevaluatedProperties".to_owned(), json!(false));
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    fn document() -> Document {
        Document(json!({
            "paths": {"/events": {"get": {"responses": {"200": {"content": {"text/event-stream": {
                "schema": {"oneOf": [{"properties": {
                    "event": {"enum": ["told"]},
                    "data": {
                        "contentMediaType": "application/json",
                        "contentSchema": {"$ref": "#/components/schemas/Told"},
                    },
                }}]},
            }}}}}}},
            "webhooks": {"told": {"post": {
                "parameters": [
                    {"in": "header", "name": "webhook-id", "required": true},
                    {"in": "header", "name": "webhook-signature", "required": false},
                ],
                "requestBody": {"content": {"application/json": {"schema": {
                    "type": "object", "required": ["data"],
                    "properties": {"data": {"$ref": "#/components/schemas/Told"}},
                }}}},
            }}},
            "components": {"schemas": {
                "Part": {"type": "object", "properties": {"name": {"type": "string"}}},
                "Told": {"allOf": [
                    {"$ref": "#/components/schemas/Part"},
                    {
                        "type": "object",
                        "required": ["id", "at"],
                        "properties": {
                            "id": {"type": "integer"},
                            "at": {"type": "string", "format": "date-time"},
                            "part": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Part"}]},
                            "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
                            "any": {"type": "object"},
                        },
                    },
                ]},
            }},
        }))
    }

    fn told(fields: &Value) -> Value {
        let mut told = json!({"id": 1, "at": "2026-11-29T12:00:00.000Z"});
        for (name, value) in fields.as_object().unwrap() {
            told[name] = value.clone();
        }
        told
    }

    fn fits(fields: &Value) -> bool {
        let (document, told) = (document(), told(fields));
        let event = catch_unwind(|| document.event("/events", "told").assert_fits(&told)).is_ok();
        let body = json!({ "data": told });
        let webhook = catch_unwind(|| document.webhook("told").assert_fits(&body)).is_ok();
        assert_eq!(event, webhook, "{told}");
        event
    }

    #[test]
    fn what_a_document_says_fits() {
        let full = json!({
            "name": "a", "part": null, "parts": [{"name": "b"}], "any": {"what": {"ever": 1}},
        });
        for fields in [json!({}), json!({"part": {"name": "c"}}), full] {
            assert!(fits(&fields), "{fields}");
        }
        assert_eq!(document().events("/events"), ["told"]);
        assert_eq!(document().webhooks(), ["told"]);
        assert_eq!(document().required_headers("told"), ["webhook-id"]);
    }

    #[test]
    fn other_types_and_unknown_fields_do_not_fit() {
        for fields in [
            json!({"id": "1"}),
            json!({"at": "today"}),
            json!({"unknown": 1}),
            json!({"part": {"unknown": 1}}),
            json!({"parts": [{"unknown": 1}]}),
            json!({"parts": [{"name": 1}]}),
        ] {
            assert!(!fits(&fields), "{fields}");
        }
        assert!(catch_unwind(|| document().event("/events", "other")).is_err());
        assert!(catch_unwind(|| document().webhook("other")).is_err());
    }
}
