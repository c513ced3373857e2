//! The outer walls: what every address has in common, whatever room stands behind it.

use axum::body::Body;
use axum::http::Method;

use crate::support::Alliance;

#[tokio::test]
async fn an_address_that_is_not_there_is_a_problem_and_not_a_page() {
    let alliance = Alliance::open().await;

    let answer = alliance.stranger().get("/nothing/here").await.is(404);

    assert_eq!(answer.text("code"), "not_found");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-request-id").len(), 16);
}

#[tokio::test]
async fn a_method_that_an_address_does_not_take_is_said_so() {
    let alliance = Alliance::open().await;

    let answer = alliance.stranger().delete("/meta/limits").await.is(405);

    assert_eq!(answer.text("code"), "method_not_allowed");
}

#[tokio::test]
async fn what_another_site_sends_is_refused_before_any_room_hears_of_it() {
    let alliance = Alliance::open().await;
    let stranger = alliance.stranger();
    for headers in [
        [("origin", "https://evil.example")],
        [("origin", "null")],
        [("origin", "http://localhost:8443")],
        [("origin", "https://localhost:9443")],
        [("sec-fetch-site", "cross-site")],
    ] {
        let answer = stranger.send(Method::POST, "/session", &headers, Body::empty()).await.is(403);
        assert_eq!(answer.text("code"), "wrong_origin", "{headers:?}");
    }
}

#[tokio::test]
async fn every_answer_wears_its_headers() {
    let alliance = Alliance::open().await;

    let answer = alliance.stranger().get("/meta/limits").await.is(200);

    let policy = answer.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("script-src 'self' 'unsafe-inline'"), "{policy}");
    assert!(answer.header("permissions-policy").starts_with("camera=(self), microphone=(self)"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
    assert_eq!(answer.header("strict-transport-security"), "", "not with a certificate of our own making");
}

#[tokio::test]
async fn a_form_larger_than_any_of_ours_is_not_read() {
    let alliance = Alliance::open().await;
    let stranger = alliance.stranger();
    let headers = [("content-type", "application/json")];
    let body = Body::from(vec![b' '; 300 * 1024]);

    let answer = stranger.send(Method::POST, "/session", &headers, body).await;

    assert_eq!(answer.is(413).text("code"), "too_large");
}

#[tokio::test]
async fn a_signed_in_person_is_known_by_the_cookie() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;

    let me = clinic.doctor().get("/session").await.is(200).json();

    assert_eq!(me["id"], clinic.doctor().id.to_string());
    assert_eq!(me["acting"]["facility"]["name"], "Xiaying");
    alliance.stranger().get("/session").await.is(401);
}
