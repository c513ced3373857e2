//! Tokens: another program calls with what it was given, and with nothing more.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use causeway::auth::{self, NewToken};
use causeway::journal::Actor;
use causeway::store::{Query, args};
use serde_json::{Value, json};

use crate::support::{Alliance, Answer, Person, document};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn token(alliance: &Alliance, who: &Person, scopes: &[&str]) -> String {
    let new = NewToken {
        name: "Ward system".into(),
        user: who.id,
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        life: DAY,
    };
    auth::add_token(&alliance.ctx, (Actor::System, None), &new).await.unwrap().1
}

async fn calls(alliance: &Alliance, token: &str, method: Method, path: &str, body: Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", &*bearer),
        ("content-type", "application/json"),
        ("idempotency-key", "ward-system-1"),
    ];
    let body = if method == Method::GET { Body::empty() } else { body.to_string().into() };
    alliance.stranger().send(method, path, &headers, body).await
}

async fn reads(alliance: &Alliance, token: &str, path: &str) -> Answer {
    calls(alliance, token, Method::GET, path, Value::Null).await
}

#[tokio::test]
async fn a_token_passes_where_its_scope_says_and_acts_as_its_person() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;
    let token = token(&alliance, clinic.doctor(), &["read:consults", "write:patients"]).await;

    let body = json!({ "name": "Qiu Lan", "sex": "female", "birth_date": "1956-04-09",
                       "no_id_reason": "not_at_hand", "phone": "19900001234" });
    reads(&alliance, &token, "/consults").await.is(200);
    let made = calls(&alliance, &token, Method::POST, "/patients", body).await.is(201);

    clinic.doctor().get(&format!("/patients/{}", made.text("id"))).await.is(200);
    let told = alliance.journal_of(&clinic.doctor().id.to_string()).await;
    assert_eq!(told, ["token.add", "token.use", "token.use"]);
}

#[tokio::test]
async fn a_token_without_the_scope_is_refused_by_a_code_of_its_own() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;
    let token = token(&alliance, clinic.doctor(), &["read:consults"]).await;

    for (method, path) in [
        (Method::GET, "/referrals"),
        (Method::POST, "/consults"),
        (Method::GET, "/session"),
        (Method::GET, "/socket"),
    ] {
        let answer = calls(&alliance, &token, method, path, json!({})).await.is(403).json();
        assert_eq!(answer["code"], "no_scope", "{path}");
    }
}

#[tokio::test]
async fn a_token_that_is_over_revoked_or_unknown_lets_nobody_in() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;
    let revoked = token(&alliance, clinic.doctor(), &["read:consults"]).await;
    assert_eq!(auth::revoke_token(&alliance.ctx, Actor::System, "Ward system").await.unwrap(), 1);
    let expired = token(&alliance, clinic.doctor(), &["read:consults"]).await;
    reads(&alliance, &expired, "/consults").await.is(200);
    alliance.clock.forward(DAY);

    let unknown = format!("cwt_{}", "A".repeat(43));
    for token in [&*revoked, &*expired, &*unknown, "cwt_", ""] {
        assert_eq!(reads(&alliance, token, "/consults").await.is(401).json()["code"], "not_signed_in");
    }
    let told = alliance.journal_of(&clinic.doctor().id.to_string()).await;
    assert_eq!(told, ["token.add", "token.revoke", "token.add", "token.use"]);
}

#[tokio::test]
async fn a_bad_token_is_not_made_good_by_a_cookie() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;

    let headers = [("authorization", "Bearer cwt_nothing")];
    clinic.doctor().send(Method::GET, "/consults", &headers, Body::empty()).await.is(401);
}

#[tokio::test]
async fn only_the_hash_of_a_token_is_kept() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;
    let token = token(&alliance, clinic.doctor(), &["read:consults"]).await;
    reads(&alliance, &token, "/consults").await.is(200);

    let secret = token.strip_prefix("cwt_").unwrap();
    let mut tx = alliance.ctx.db.read().await.unwrap();
    let row = tx.fetch_one("SELECT token_hash, name, scopes FROM api_tokens", args![]).await.unwrap();
    let kept: String = row.get("token_hash").unwrap();
    assert_ne!(kept, secret);
    assert_eq!(kept.len(), 43, "a SHA-256 in base64");
    let payloads = tx.fetch_all("SELECT payload FROM journal", args![]).await.unwrap();
    for row in payloads {
        assert!(!row.get::<String>("payload").unwrap().contains(secret));
    }
}

#[tokio::test]
async fn the_document_names_exactly_the_scopes_there_are() {
    let alliance = Alliance::open().await;
    let document = document(&alliance.router).await;

    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap());
    let named: BTreeSet<&str> = operations
        .flat_map(|(_, operation)| operation["security"].as_array().unwrap())
        .filter_map(|way| way["token"][0].as_str())
        .collect();

    assert_eq!(named, auth::SCOPES.iter().copied().collect());
    assert_eq!(document["components"]["securitySchemes"]["token"]["scheme"], "bearer");
    assert_eq!(document["paths"]["/socket"]["get"]["security"], json!([{ "session": [] }]));
}

#[tokio::test]
async fn an_administrator_makes_a_token_that_is_shown_once_and_its_person_sees_and_ends_it() {
    let alliance = Alliance::open().await;
    let (clinic, other) = (alliance.clinic("Xiaying").await, alliance.clinic("Luwan").await);
    let form = |scopes: Value, days: i64| json!({ "name": "HIS", "user": clinic.doctor().id, "scopes": scopes, "days": days });

    clinic.doctor().post("/admin/tokens", form(json!(["read:consults"]), 30)).await.is(404);
    other.admin().post("/admin/tokens", form(json!(["read:consults"]), 30)).await.is(404);
    clinic.admin().post("/admin/tokens", form(json!(["read:everything"]), 367)).await.is(422);
    let made = clinic.admin().post("/admin/tokens", form(json!(["read:consults"]), 30)).await.is(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let text = made.text("token");
    let again = clinic.admin().post("/admin/tokens", form(json!(["read:consults"]), 30)).await.is(409);
    assert_eq!(again.text("code"), "already_there");

    let line = clinic.admin().get("/admin/tokens").await.is(200).json()["items"][0].clone();
    assert_eq!((&line["used_at"], &line["person"]), (&Value::Null, &json!(clinic.doctor().name)));
    assert!(!line.to_string().contains(&text[4..]));
    reads(&alliance, &text, "/consults").await.is(200);
    assert_ne!(clinic.admin().get("/admin/tokens").await.is(200).json()["items"][0]["used_at"], Value::Null);
    assert_eq!(other.admin().get("/admin/tokens").await.is(200).json()["items"], json!([]));

    let mine = clinic.doctor().get("/session/tokens").await.is(200).json();
    assert_eq!(mine["items"][0]["name"], "HIS");
    let id = mine["items"][0]["id"].as_str().unwrap();
    clinic.second().delete(&format!("/session/tokens/{id}")).await.is(404);
    clinic.doctor().delete(&format!("/session/tokens/{id}")).await.is(204);
    reads(&alliance, &text, "/consults").await.is(401);
    clinic.admin().delete(&format!("/admin/tokens/{id}")).await.is(404);
}

#[tokio::test]
async fn suspending_a_person_stops_their_tokens_and_letting_them_in_again_starts_them() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;
    let token = token(&alliance, clinic.doctor(), &["read:consults"]).await;
    let account = format!("/admin/people/{}", clinic.doctor().id);
    reads(&alliance, &token, "/consults").await.is(200);

    clinic.admin().does(&account, "suspend", json!({})).await.is(200);
    assert_eq!(reads(&alliance, &token, "/consults").await.is(401).text("code"), "not_signed_in");
    clinic.admin().does(&account, "reinstate", json!({})).await.is(200);
    reads(&alliance, &token, "/consults").await.is(200);
}
