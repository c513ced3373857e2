//! Looking up whom to ask.

use std::time::Duration;

use causeway::auth;
use serde_json::{Value, json};

use crate::support::Alliance;

#[tokio::test]
async fn facilities_are_listed_with_which_way_a_patient_goes_there() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;
    let hospital = alliance.hospital("Jinan Central").await;

    let seen = clinic.doctor().get("/facilities").await.is(200).json();
    let back = hospital.doctor().get("/facilities").await.is(200).json();

    assert_eq!(seen["items"][0]["name"], "Jinan Central", "the lead comes first");
    assert_eq!(seen["items"][0]["relation"], "up");
    assert_eq!(seen["items"][1]["relation"], Value::Null);
    assert_eq!(back["items"][1]["relation"], "down");
    alliance.stranger().get("/facilities").await.is(401);
}

#[tokio::test]
async fn a_department_shows_who_is_rung_in_which_order() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;
    let hospital = alliance.hospital("Jinan Central").await;

    let path = format!("/departments/{}", hospital.department());
    let seen = clinic.doctor().get(&path).await.is(200).json();

    assert_eq!(seen["ring_order"][0]["tier"], 1);
    assert_eq!(seen["ring_order"][0]["seconds"], 30);
    assert_eq!(seen["ring_order"][0]["people"][0]["id"], hospital.doctor().id.to_string());
    assert_eq!(seen["ring_order"][0]["people"][0]["presence"], "available");
    assert_eq!(seen["ring_order"][1]["people"][0]["id"], hospital.second().id.to_string());
    assert_eq!(seen["reach"], json!({ "state": "online", "online": 2 }));
    assert_eq!(seen["relation"], "up");
}

#[tokio::test]
async fn a_department_is_busy_when_its_doctors_say_so_and_empty_when_their_lines_are_gone() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;
    let hospital = alliance.hospital("Jinan Central").await;
    let reach = || async {
        let seen = clinic.doctor().get("/departments?accepts=consult").await.is(200).json();
        seen["items"][0]["reach"]["state"].as_str().unwrap_or_default().to_owned()
    };

    hospital.doctor().put("/session/presence", json!({ "status": "busy" })).await.is(204);
    hospital.second().put("/session/presence", json!({ "status": "off" })).await.is(204);
    assert_eq!(reach().await, "busy");

    auth::leave(&alliance.ctx, hospital.doctor().id).await.unwrap();
    assert_eq!(reach().await, "nobody");

    hospital.doctor().put("/session/presence", json!({ "status": "available" })).await.is(204);
    assert_eq!(reach().await, "nobody", "what one says does not count without a line");

    auth::renew(&alliance.ctx, hospital.doctor().id, Duration::from_mins(1)).await.unwrap();
    assert_eq!(reach().await, "online");
}

#[tokio::test]
async fn nobody_is_rung_outside_the_rota_where_there_is_one() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;
    let hospital = alliance.hospital("Jinan Central").await;
    let doctor = alliance.person("Night", clinic.facility, None, "rural_doctor").await;
    auth::reset_password(
        &alliance.ctx,
        causeway::journal::Actor::System,
        None,
        doctor.id,
        "a boat across the reeds",
    )
    .await
    .unwrap();

    // The rota of the test ends a day from now; so does every session, hence the fresh one.
    alliance.clock.forward(Duration::from_hours(24));
    let ask = json!({ "login": doctor.login, "password": "a boat across the reeds" });
    let answer = doctor.post("/session", ask).await.is(200);
    let cookie = answer.header("set-cookie").split(';').next().map(str::to_owned);
    let doctor = crate::support::Person { cookie, ..doctor };
    let seen = doctor.get(&format!("/departments/{}", hospital.department())).await.is(200).json();

    assert_eq!(seen["ring_order"], json!([]));
    assert_eq!(seen["reach"]["state"], "nobody");
    assert_eq!(seen["phone"], "0999-555-0142");
}

#[tokio::test]
async fn departments_are_found_by_name_and_by_what_they_take() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;
    alliance.hospital("Jinan Central").await;
    let found = |q: &'static str| {
        let doctor = clinic.doctor().clone();
        async move {
            let seen = doctor.get(&format!("/departments?accepts=consult&q={q}")).await.is(200).json();
            seen["items"].as_array().map_or(0, Vec::len)
        }
    };

    assert_eq!(found("cardio").await, 0, "pinyin of the test's English names is the name itself");
    assert_eq!(found("Chest").await, 1);
    assert_eq!(found("rhythm").await, 1);
    assert_eq!(found("fracture").await, 0);
}

#[tokio::test]
async fn ones_own_department_is_not_offered_for_a_consult_and_a_wrong_id_is_not_found() {
    let alliance = Alliance::open().await;
    let hospital = alliance.hospital("Jinan Central").await;

    let seen = hospital.doctor().get("/departments?accepts=consult").await.is(200).json();
    let all = hospital.doctor().get("/departments").await.is(200).json();
    let missing = hospital.doctor().get("/departments/dep-nothing").await.is(404);

    assert_eq!(seen["items"], json!([]));
    assert_eq!(all["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(missing.text("code"), "not_found");
}
