//! The document at `/api/openapi.json`: every door of every room, OpenAPI 3.1.
//!
//! It is put together at start from what the rooms say where they register their routes
//! ([`crate::http::Doors`]). What holds for all of them stands here once: how one proves who one
//! is, the headers, the shape of a refusal.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use utoipa::PartialSchema;

use crate::http::{FieldError, Shapes, codes};

/// Puts the rooms' operations and shapes together.
pub fn document(paths: &BTreeMap<String, BTreeMap<String, Value>>, shapes: &Shapes) -> Value {
    let mut shapes = shapes.clone();
    shapes.insert("FieldError".into(), serde_json::to_value(FieldError::schema()).unwrap_or_default());
    shapes.insert("Problem".into(), problem());
    always_there(paths, &mut shapes);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Causeway",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Consultations and referrals between the hospitals of an alliance.",
            "description": ABOUT,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/api/v1" }],
        "security": [{ "session": [] }],
        "paths": paths,
        "components": {
            "schemas": shapes,
            "parameters": parameters(),
            "securitySchemes": {
                "session": { "type": "apiKey", "in": "cookie", "name": crate::auth::COOKIE,
                             "description": "A person's session; POST /session sets it." },
                "token": { "type": "http", "scheme": "bearer",
                           "description": TOKEN },
            }
        }
    })
}

const TOKEN: &str = "A token for another program, made with `causeway token create`. It acts as one person, within \
    its scopes (the one an operation wants is listed there), until it expires or is revoked. \
    A missing scope is `no_scope`. Operations that do not list it take none.";

const ABOUT: &str = "Field names are snake_case, times RFC 3339 in UTC, ids opaque texts. \
    Lists answer `{items, next}`; `next` is the cursor of the following page. \
    Records carry their version as `ETag`; changes name the version they saw in `If-Match`. \
    Whatever creates or acts takes an `Idempotency-Key` and may be sent again. \
    Refusals are RFC 9457 problems; `code` is the word for programs.";

fn parameters() -> Value {
    json!({
        "XCauseway": {
            "name": "X-Causeway", "in": "header", "required": true,
            "description": "Whatever changes something carries this header: other sites cannot send it.",
            "schema": { "type": "string", "enum": ["1"] }
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header", "required": true,
            "description": "The caller's own key for this request; the same key gives the same answer.",
            "schema": { "type": "string", "minLength": 8, "maxLength": 100, "pattern": "^[!-~]{8,100}$" }
        },
        "IfMatch": {
            "name": "If-Match", "in": "header", "required": true,
            "description": "The version that was seen, as the record's `ETag` had it.",
            "schema": { "type": "string", "pattern": "^\"[0-9]{1,9}\"$" }
        },
        "Limit": {
            "name": "limit", "in": "query", "required": false,
            "description": "How many, 1 to 200; 50 if not said.",
            "schema": { "type": "integer", "minimum": 1, "maximum": 200 }
        },
        "Cursor": {
            "name": "cursor", "in": "query", "required": false,
            "description": "`next` of the page before.",
            "schema": { "type": "string" }
        },
    })
}

/// RFC 9457, with our code and whatever the case adds.
fn problem() -> Value {
    let words: Vec<_> = codes::ALL.iter().map(|code| code.word).collect();
    json!({
        "type": "object",
        "description": "A refusal (RFC 9457).",
        "required": ["type", "code", "title", "status"],
        "properties": {
            "type": { "type": "string" },
            "code": { "type": "string", "enum": words },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "errors": { "type": "array", "items": { "$ref": "#/components/schemas/FieldError" } },
        },
        "additionalProperties": true,
    })
}

/// A member that may be null is not one that may be missing: what is only ever answered has all
/// its members, always.
fn always_there(paths: &BTreeMap<String, BTreeMap<String, Value>>, shapes: &mut Shapes) {
    let (mut asked, mut answered) = (BTreeSet::new(), BTreeSet::new());
    for operation in paths.values().flat_map(BTreeMap::values) {
        references(&operation["requestBody"], shapes, &mut asked);
        references(&operation["responses"], shapes, &mut answered);
    }
    for name in answered.difference(&asked) {
        if name != "Problem" && name != "FieldError" {
            shapes.get_mut(name).into_iter().for_each(require_all);
        }
    }
}

fn require_all(schema: &mut Value) {
    for part in ["allOf", "oneOf", "anyOf"] {
        schema[part].as_array_mut().into_iter().flatten().for_each(require_all);
        if schema[part].is_null() {
            schema.as_object_mut().and_then(|schema| schema.remove(part));
        }
    }
    let Some(properties) = schema["properties"].as_object() else {
        schema.as_object_mut().and_then(|schema| schema.remove("properties"));
        return;
    };
    let all: Vec<_> = properties.keys().cloned().collect();
    schema["required"] = all.into();
}

/// The names of all shapes that `part` leads to.
fn references(part: &Value, shapes: &Shapes, found: &mut BTreeSet<String>) {
    match part {
        Value::Object(members) => {
            for (key, value) in members {
                let name = value.as_str().and_then(|text| text.strip_prefix("#/components/schemas/"));
                match name.filter(|_| key == "$ref") {
                    Some(name) if found.insert(name.to_owned()) => {
                        references(shapes.get(name).unwrap_or(&Value::Null), shapes, found);
                    }
                    _ => references(value, shapes, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, shapes, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
