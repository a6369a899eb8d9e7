//! Sends requests to every route of the OpenAPI document, as every role, with unusual values in the
//! path, the query and the body.

use futures_util::StreamExt;
use futures_util::stream;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::Options;
use super::attacks::{CONCURRENCY, status_of};
use super::client::Target;

/// A pseudo status which says that the flood has locked out an administrator.
const LOST_ROLE: u16 = 999;

/// Values for a name or a number in a path or a query.
const NAMES: &[&str] = &[
    "1",
    "%00",
    "-1",
    "99999999999999999999",
    "9223372036854775807",
    "..%2f..%2fetc%2fpasswd",
    "%E2%80%AEfdp.exe",
    "%F0%9F%91%8D",
    "%ff%fe",
    "'%20OR%201=1--",
    "5491158254201",
    "true_5491158254201@c.us_3EB0",
    "%3Cscript%3E",
];

/// Text values for a body that matches the schema.
const TEXTS: &[&str] = &["a\u{0}b", "5491158254201", "\u{202e}\u{1f44d}", "'; --"];

/// A request without credentials.
struct RequestTemplate {
    method: Method,
    path: String,
    body: Option<String>,
}

pub(super) async fn run(target: &Target, options: &Options) -> Vec<u16> {
    let client = target.client();
    let document = client.get(target.url("/openapi.json")).send().await;
    let document: Value = match document {
        Ok(response) => response.json().await.unwrap_or_default(),
        Err(_) => return vec![0],
    };
    let templates = request_templates(&document, options);
    let mut roles = vec![None, Some(&*target.authorization)];
    // On any other target they would lock out the administrator, whose turn is next.
    if !target.is_remote {
        roles.insert(1, Some("Bearer nobody"));
    }
    roles.extend(
        target
            .other_authorizations
            .iter()
            .map(|authorization| Some(authorization.as_str())),
    );
    let send_request =
        |(template, role, authorization): (&RequestTemplate, usize, Option<&str>)| {
            let mut request = client.request(template.method.clone(), target.url(&template.path));
            // Each role has its own address, so that wrong tokens of one role do not lock out another.
            let address = format!("198.51.100.{role}");
            request = request.header(target.address_header(), address);
            if let Some(authorization) = authorization {
                request = request.header("authorization", authorization);
            }
            if let Some(body) = &template.body {
                request = request.header("content-type", "application/json");
                request = request.body(body.clone());
            }
            status_of(request)
        };
    let roles = roles.into_iter().enumerate();
    let requests = roles.flat_map(|(role, authorization)| {
        templates
            .iter()
            .map(move |template| (template, role, authorization))
    });
    let statuses = stream::iter(requests).map(send_request);
    let mut statuses: Vec<u16> = statuses.buffer_unordered(CONCURRENCY).collect().await;
    // The administrator must still have access, which proves that all requests were made.
    let path = match target.is_hub() {
        true => "/api/users",
        false => "/status",
    };
    let admin_request = client.get(target.url(path));
    let admin_request = admin_request.header("authorization", &target.authorization);
    if status_of(admin_request).await != 200 {
        statuses.push(LOST_ROLE);
    }
    statuses
}

fn request_templates(document: &Value, options: &Options) -> Vec<RequestTemplate> {
    let long = "x".repeat(4_000);
    let mut names: Vec<&str> = NAMES.to_vec();
    names.push(&long);
    let names = &names[..options.amount(names.len(), 4).min(names.len())];
    let mut templates = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else {
                continue;
            };
            let bodies = bodies(document, operation);
            for (number, name) in names.iter().enumerate() {
                let body = (method != Method::GET).then(|| &bodies[number % bodies.len()]);
                templates.push(RequestTemplate {
                    method: method.clone(),
                    path: fill_path(path, name) + &query(document, operation, name),
                    body: body.cloned(),
                });
            }
        }
    }
    templates
}

/// Returns a path of the OpenAPI document with all parameters set to `name`.
fn fill_path(path: &str, name: &str) -> String {
    let mut filled = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        filled.push_str(name);
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    filled + rest
}

/// Returns the query with all parameters set to `name`.
fn query(document: &Value, operation: &Value, name: &str) -> String {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let parameters = parameters.map(|parameter| resolve_reference(document, parameter));
    let query_parameters = parameters.filter(|parameter| parameter["in"] == "query");
    let pairs: Vec<_> = query_parameters
        .filter_map(|parameter| Some(format!("{}={name}", parameter["name"].as_str()?)))
        .collect();
    match pairs.is_empty() {
        true => String::new(),
        false => format!("?{}", pairs.join("&")),
    }
}

/// Returns invalid bodies, and bodies that match the schema.
fn bodies(document: &Value, operation: &Value) -> Vec<String> {
    let content = resolve_reference(document, &operation["requestBody"]);
    let schema = &content["content"]["application/json"]["schema"];
    let mut bodies = vec!["{}".to_owned()];
    bodies.extend(
        TEXTS
            .iter()
            .map(|text| sample_value(document, schema, text, 0).to_string()),
    );
    bodies.push("[".to_owned());
    bodies
}

fn resolve_reference<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let Some(reference) = value["$ref"].as_str() else {
        return value;
    };
    document
        .pointer(reference.trim_start_matches('#'))
        .unwrap_or(&Value::Null)
}

/// Returns a value that matches a schema, with all strings set to `text`.
fn sample_value(document: &Value, schema: &Value, text: &str, depth: usize) -> Value {
    let schema = resolve_reference(document, schema);
    if depth > 6 {
        return Value::Null;
    }
    let nested = |schema: &Value| sample_value(document, schema, text, depth + 1);
    for combinator in ["allOf", "oneOf", "anyOf"] {
        let parts = schema[combinator].as_array();
        if let Some(part) = parts.and_then(|parts| parts.iter().find(|part| part["type"] != "null"))
        {
            return nested(part);
        }
    }
    let mut kinds = schema["type"].as_array().into_iter().flatten();
    let kind = schema["type"].as_str();
    let kind = kind.or_else(|| kinds.find_map(|kind| kind.as_str().filter(|kind| *kind != "null")));
    match kind {
        Some("integer") => json!(i64::MAX),
        Some("number") => json!(1e300),
        Some("boolean") => json!(true),
        Some("array") => json!([nested(&schema["items"])]),
        Some("string") => match schema["enum"].as_array().and_then(|values| values.first()) {
            Some(value) => value.clone(),
            None => json!(text),
        },
        _ => {
            let properties = schema["properties"].as_object();
            let pairs = properties.into_iter().flatten();
            let object: Map<_, _> = pairs
                .map(|(name, schema)| (name.clone(), nested(schema)))
                .collect();
            Value::Object(object)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_matches_its_schema() {
        let document = json!({"components": {"schemas": {"Who": {
            "type": "object",
            "properties": {
                "name": {"type": ["string", "null"]},
                "count": {"type": "integer"},
                "several": {"type": "array", "items": {"oneOf": [{"type": "null"}, {"type": "string"}]}},
            },
        }}}});
        let schema = json!({"$ref": "#/components/schemas/Who"});
        assert_eq!(
            sample_value(&document, &schema, "a", 0),
            json!({"name": "a", "count": i64::MAX, "several": ["a"]})
        );
    }

    #[test]
    fn every_parameter_is_replaced() {
        assert_eq!(fill_path("/a/{b}/c/{d}", "1"), "/a/1/c/1");
        let operation = json!({"parameters": [
            {"in": "query", "name": "p"}, {"in": "path", "name": "b"}, {"in": "query", "name": "q"},
        ]});
        assert_eq!(query(&json!({}), &operation, "%00"), "?p=%00&q=%00");
    }
}
