//! The page's types, written from the OpenAPI document.
//!
//! `causeway openapi --types` prints what `web/src/api/wire.ts` holds; a test fails when the
//! two differ, so that a field renamed here does not compile there.

use std::fmt::Write;

use serde_json::Value;

const HEAD: &str = "/**
 * Written by `causeway openapi --types` from the server's OpenAPI document: changes belong into the Rust types.
 * What a person may do next is always in `open_actions`; the browser never guesses it.
 */
";

/// All named shapes of `document` as TypeScript.
pub fn typescript(document: &Value) -> String {
    let mut out = HEAD.to_owned();
    for (name, shape) in document["components"]["schemas"].as_object().into_iter().flatten() {
        out.push('\n');
        comment(&mut out, "", shape);
        if shape["allOf"].is_null() && !shape["properties"].is_null() {
            let _ = writeln!(out, "export interface {name} {}", members(shape, ""));
        } else {
            let _ = writeln!(out, "export type {name} = {};", kind(shape, ""));
        }
    }
    out
}

fn comment(out: &mut String, indent: &str, shape: &Value) {
    if let Some(says) = shape["description"].as_str() {
        let _ = writeln!(out, "{indent}/** {} */", says.trim().replace('\n', " "));
    }
}

fn members(shape: &Value, indent: &str) -> String {
    let deeper = format!("{indent}  ");
    let required = shape["required"].as_array();
    let mut out = "{\n".to_owned();
    for (name, member) in shape["properties"].as_object().into_iter().flatten() {
        comment(&mut out, &deeper, member);
        let must = required.is_some_and(|names| names.iter().any(|one| one == name));
        let _ = writeln!(out, "{deeper}{name}{}: {};", if must { "" } else { "?" }, kind(member, &deeper));
    }
    if shape["additionalProperties"] == true {
        let _ = writeln!(out, "{deeper}[more: string]: unknown;");
    }
    out + indent + "}"
}

/// The type of one schema.
fn kind(schema: &Value, indent: &str) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        return name.rsplit('/').next().unwrap_or_default().to_owned();
    }
    let list = |parts: &[Value], between: &str| {
        parts.iter().map(|part| kind(part, indent)).collect::<Vec<_>>().join(between)
    };
    if let Some(parts) = schema["allOf"].as_array() {
        return list(parts, " & ");
    }
    if let Some(parts) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        let mut parts = parts.clone();
        parts.sort_by_key(|part| part["type"] == "null");
        return list(&parts, " | ");
    }
    if let Some(words) = schema["enum"].as_array() {
        return words
            .iter()
            .map(|word| format!("'{}'", word.as_str().unwrap_or_default()))
            .collect::<Vec<_>>()
            .join(" | ");
    }
    let kinds: Vec<_> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        Value::String(kind) => vec![kind.as_str()],
        _ => return "unknown".to_owned(),
    };
    kinds.into_iter().map(|kind| plain(kind, schema, indent)).collect::<Vec<_>>().join(" | ")
}

fn plain(word: &str, schema: &Value, indent: &str) -> String {
    match word {
        "string" => "string".to_owned(),
        "integer" | "number" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        "null" => "null".to_owned(),
        "array" => {
            let item = kind(&schema["items"], indent);
            if item.contains(' ') { format!("({item})[]") } else { format!("{item}[]") }
        }
        "object" if !schema["properties"].is_null() => members(schema, indent),
        "object" if schema["additionalProperties"].is_object() => {
            format!("Record<string, {}>", kind(&schema["additionalProperties"], indent))
        }
        _ => "Record<string, unknown>".to_owned(),
    }
}
