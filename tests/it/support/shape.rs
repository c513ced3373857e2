//! Holds every answer that a test gets against the OpenAPI document: its status must be named
//! there, its body must fit, and no member may be there that the document does not name.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::response::Parts;
use axum::http::{Request, header};
use serde_json::{Map, Value};
use tokio::sync::OnceCell;
use tower::ServiceExt;

/// The document of this build.
pub async fn document(router: &Router) -> &'static Value {
    static DOCUMENT: OnceCell<Value> = OnceCell::const_new();
    DOCUMENT
        .get_or_init(|| async {
            let request = Request::get("/api/openapi.json").body(Body::empty()).unwrap();
            let answer = router.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), 200);
            serde_json::from_slice(&to_bytes(answer.into_body(), usize::MAX).await.unwrap()).unwrap()
        })
        .await
}

/// Fails the test if the answer to `asked` is not as the document says.
pub async fn hold(router: &Router, asked: &str, parts: &Parts, body: &[u8]) {
    let document = document(router).await;
    let (method, path) = asked.split_once(' ').unwrap();
    let path = path.split('?').next().unwrap();
    let Some(operation) = operation(document, path, &method.to_lowercase()) else { return };
    let status = parts.status.as_u16().to_string();
    let answer = &operation["responses"][&status];
    let text = || String::from_utf8_lossy(body).chars().take(2000).collect::<String>();
    assert!(!answer.is_null(), "{asked} answered {status}, which the document does not name: {}", text());
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    if !kind.contains("json") {
        return;
    }
    let schema = &answer["content"][kind]["schema"];
    assert!(!schema.is_null(), "{asked} answered {status} as {kind}, which the document does not name");
    let body = serde_json::from_slice(body).unwrap();
    if let Err(why) = fits(document, schema, &body, "") {
        panic!("{asked} answered {status}, which is not as described: {why}\n{}", text());
    }
}

/// The operation whose path has the most segments in common with this one.
fn operation<'a>(document: &'a Value, path: &str, method: &str) -> Option<&'a Value> {
    let asked: Vec<_> = path.split('/').collect();
    let fits = |template: &str| {
        let parts: Vec<_> = template.split('/').collect();
        let same = parts.iter().zip(&asked).all(|(part, one)| part.starts_with('{') || part == one);
        (parts.len() == asked.len() && same).then(|| parts.iter().filter(|p| p.starts_with('{')).count())
    };
    let paths = document["paths"].as_object().unwrap();
    let (_, methods) =
        paths.iter().filter_map(|(path, methods)| Some((fits(path)?, methods))).min_by_key(|(n, _)| *n)?;
    methods.get(method)
}

/// Does `value` fit `schema`? The part of JSON Schema that the document uses, read strictly:
/// an object that names its members has no others.
pub fn fits(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    check(document, schema, value, at)?;
    let mut names = Some(Map::new());
    named(document, schema, value, &mut names);
    if let (Some(names), Some(members)) = (names, value.as_object())
        && let Some(stray) = members.keys().find(|name| !names.contains_key(*name))
    {
        return Err(format!("{at}/{stray} is not described"));
    }
    Ok(())
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(target) = schema["$ref"].as_str() {
        let shape = document.pointer(target.trim_start_matches('#')).ok_or("no such shape")?;
        return check(document, shape, value, at);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        check(document, part, value, at)?;
    }
    for either in ["oneOf", "anyOf"] {
        if let Some(parts) = schema[either].as_array() {
            let tries: Vec<_> = parts.iter().map(|part| fits(document, part, value, at)).collect();
            if tries.iter().all(Result::is_err) {
                return Err(format!("{at}: {tries:?}"));
            }
        }
    }
    if !schema["type"].is_null() {
        let kinds = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
        if !kinds.iter().any(|kind| is_kind(kind.as_str().unwrap_or_default(), value)) {
            return Err(format!("{at}: {value} is no {kinds:?}"));
        }
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Err(format!("{at}: {value} is none of {words:?}"));
    }
    if let Some(members) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(name) {
                return Err(format!("{at}/{name} is missing"));
            }
        }
        for (name, member) in members {
            let known = &schema["properties"][name];
            if !known.is_null() {
                fits(document, known, member, &format!("{at}/{name}"))?;
            } else if schema["additionalProperties"].is_object() {
                fits(document, &schema["additionalProperties"], member, &format!("{at}/{name}"))?;
            }
        }
    }
    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
        if !schema["items"].is_null() {
            fits(document, &schema["items"], item, &format!("{at}/{n}"))?;
        }
    }
    Ok(())
}

fn is_kind(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the document has a type `{other}`"),
    }
}

/// Collects the members that `schema` names for this value; `None` once it is open to any.
fn named(document: &Value, schema: &Value, value: &Value, names: &mut Option<Map<String, Value>>) {
    if let Some(target) = schema["$ref"].as_str() {
        named(document, document.pointer(target.trim_start_matches('#')).unwrap(), value, names);
        return;
    }
    let parts = schema["allOf"].as_array();
    let one_of = ["oneOf", "anyOf"].into_iter().find_map(|either| schema[either].as_array());
    let fitting = one_of.and_then(|all| all.iter().find(|part| check(document, part, value, "").is_ok()));
    for part in parts.into_iter().flatten().chain(fitting) {
        named(document, part, value, names);
    }
    let open = schema["additionalProperties"] == true || schema["additionalProperties"].is_object();
    let silent = schema["properties"].is_null() && parts.is_none() && one_of.is_none();
    if open || silent {
        *names = None;
    } else if let (Some(names), Some(more)) = (names.as_mut(), schema["properties"].as_object()) {
        names.extend(more.clone());
    }
}
