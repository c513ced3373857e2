//! The document at `/api/openapi.json` against the routes, both ways.

use std::collections::BTreeSet;

use axum::Router;
use serde_json::Value;

use crate::support::{Alliance, document};

#[tokio::test]
async fn the_document_names_every_door_and_no_other() {
    let alliance = Alliance::open().await;
    let document = document(&alliance.router).await;

    let described: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let there = doors_of(&alliance.router);

    let unsaid: Vec<_> = there.difference(&described).collect();
    let unfound: Vec<_> = described.difference(&there).collect();
    assert!(unfound.is_empty(), "described, but no router has them: {unfound:#?}");
    assert!(unsaid.is_empty(), "describe these where they are routed (docs/architecture.md): {unsaid:#?}");
    assert!(there.len() > 30, "the walk over the router found {} doors", there.len());
}

#[tokio::test]
async fn operations_have_names_of_their_own_and_every_reference_leads_somewhere() {
    let alliance = Alliance::open().await;
    let document = document(&alliance.router).await;

    let mut names = Vec::new();
    for methods in document["paths"].as_object().unwrap().values() {
        names.extend(methods.as_object().unwrap().values().map(|one| one["operationId"].to_string()));
    }
    let unique: BTreeSet<_> = names.iter().collect();
    assert_eq!(unique.len(), names.len(), "{names:?}");

    let mut dead = Vec::new();
    dead_references(document, document, &mut dead);
    assert!(dead.is_empty(), "{dead:?}");
}

#[test]
fn the_types_of_the_page_are_those_of_the_document() {
    let written =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/web/src/api/wire.ts")).unwrap();

    let fresh = causeway::server::typescript(&causeway::server::document());

    let differs = fresh.lines().zip(written.lines()).find(|(new, old)| new != old);
    assert!(
        fresh == written,
        "run `cargo run -- openapi --types > web/src/api/wire.ts`; the first difference: {differs:?}"
    );
}

fn dead_references(document: &Value, part: &Value, dead: &mut Vec<String>) {
    match part {
        Value::Object(members) => {
            for (key, value) in members {
                if let (true, Some(target)) = (key == "$ref", value.as_str())
                    && document.pointer(target.trim_start_matches('#')).is_none()
                {
                    dead.push(target.to_owned());
                }
                dead_references(document, value, dead);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| dead_references(document, item, dead)),
        _ => {}
    }
}

/// `GET /patients/{id}` for every method of every route under `/api/v1`, read from what the
/// router shows of itself: it has no other list.
fn doors_of(router: &Router) -> BTreeSet<String> {
    let shown = format!("{router:?}");
    let main = shown.split(", fallback_router: ").next().unwrap();
    let (routes, paths) = main.split_once("node: Node { paths: {").unwrap();
    let allowed = |id: &str| {
        let route = routes.split_once(&format!("{id}: MethodRouter")).expect("a route of that number").1;
        let list = route.split_once("allow_header: Bytes(b\"").expect("its methods").1;
        list.split('"').next().unwrap().to_owned()
    };
    let mut doors = BTreeSet::new();
    for pair in paths.split("}, ").next().unwrap().trim_end_matches('}').split("\", ") {
        let Some((id, path)) = pair.split_once(": \"") else { continue };
        let Some(path) = path.trim_end_matches(['"', '}', ' ']).strip_prefix("/api/v1") else { continue };
        // The trimmed brace belongs to a last `{id}`.
        let path = if path.matches('{').count() > path.matches('}').count() {
            format!("{path}}}")
        } else {
            path.to_owned()
        };
        for method in allowed(id.trim()).split(',').filter(|method| *method != "HEAD") {
            doors.insert(format!("{method} {path}"));
        }
    }
    doors
}
