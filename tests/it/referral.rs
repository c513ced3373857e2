//! A referral, through the doors that people use.

use serde_json::{Value, json};

use crate::support::{Alliance, Person, Place};

/// What a doctor writes into a complete letter.
fn letter(patient: &str, to: &Place) -> Value {
    json!({
        "patient_id": patient,
        "direction": "up",
        "to_department": to.department(),
        "urgency": "urgent",
        "reason_text": "No catheter laboratory here",
        "diagnoses": [{ "code": "I21.1", "text": "Acute inferior infarction", "role": "primary" }],
        "present_illness": "Chest pain for two hours",
        "requested_service": "inpatient",
        "consent": { "method": "paper", "signer": "patient" }
    })
}

/// A letter that was begun; answers with its address.
async fn begun(alliance: &Alliance, clinic: &Place, hospital: &Place) -> String {
    let patient = alliance.patient(clinic.doctor(), "Zhao Changhe").await;
    let answer = clinic.doctor().post("/referrals", letter(&patient, hospital)).await.is(201);
    format!("/referrals/{}", answer.text("id"))
}

/// A letter that was sent; answers with its address.
async fn sent(alliance: &Alliance, clinic: &Place, hospital: &Place) -> String {
    let referral = begun(alliance, clinic, hospital).await;
    clinic.doctor().does(&referral, "submit", json!({})).await.is(200);
    referral
}

#[tokio::test]
async fn a_letter_goes_up_and_is_answered_treated_and_read() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let referral = sent(&alliance, &clinic, &hospital).await;
    let (desk, specialist) = (hospital.desk(), hospital.doctor());

    desk.does(&referral, "view", json!({})).await.is(200);
    let booking =
        json!({ "start": "2026-03-02T07:15:00Z", "location": "CCU, bed 3", "contact": "0999-555-0120" });
    desk.does(&referral, "accept_and_schedule", booking).await.is(200);
    desk.does(&referral, "arrive", json!({})).await.is(200);
    specialist.does(&referral, "treat", json!({ "admitted": true, "inpatient_no": "Z-0001" })).await.is(200);
    specialist.does(&referral, "interim_note", json!({ "text": "Stent placed" })).await.is(200);
    let outcome = json!({ "outcome_code": "improved", "outcome_summary": "One stent, no pain" });
    specialist.does(&referral, "discharge", outcome).await.is(200);
    let seen = clinic.doctor().does(&referral, "acknowledge", json!({})).await.is(200).json();

    assert_eq!(seen["state"], "closed");
    assert_eq!(seen["outcome"]["code"], "improved");
    assert_eq!(seen["legs"][0]["appointment"]["location"], "CCU, bed 3");
    assert_eq!(seen["notes"][0]["body"], "Stent placed");
    assert_eq!(seen["open_actions"], json!(["refer_on"]));
    assert!(seen["no"].as_str().is_some_and(|no| no == "UP-2026-000001"), "{}", seen["no"]);
}

#[tokio::test]
async fn each_wrong_request_is_refused_in_its_own_words_and_changes_nothing() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let referral = sent(&alliance, &clinic, &hospital).await;
    let (desk, seen) = (hospital.desk(), hospital.desk().get(&referral).await.etag());

    let shut = desk.does(&referral, "treat", json!({})).await.is(409).json();
    assert_eq!((&shut["code"], &shut["state"]), (&json!("wrong_state"), &json!("submitted")));
    assert!(shut["open_actions"].as_array().is_some_and(|open| open.contains(&json!("accept"))));
    let unknown = desk.does(&referral, "teleport", json!({})).await.is(409).json();
    assert_eq!(unknown["open_actions"], shut["open_actions"]);
    let not_yours = clinic.doctor().does(&referral, "accept", json!({})).await.is(403).json();
    assert_eq!(not_yours["actors"], json!(["target_doctor", "target_desk"]));
    let early = desk.does(&referral, "emergency_arrive", json!({})).await.is(409).json();
    assert_eq!(early["why_code"], "not_an_emergency");

    let stale = desk.does_seeing(&referral, "\"0\"", "stale-key-1", "accept", json!({})).await.is(412).json();
    assert_eq!(stale["action"], "submit");
    let missing = [("idempotency-key", "missing-key-1"), ("content-type", "application/json")];
    let path = format!("{referral}/actions/accept");
    let bare = desk.send(axum::http::Method::POST, &path, &missing, "{}".into()).await.is(428).json();
    assert_eq!(bare["code"], "if_match_missing");

    let form = desk.does(&referral, "reject", json!({ "reason_code": "too_far" })).await.is(422).json();
    assert_eq!(
        form["errors"],
        json!([{ "field": "reason_code", "code": "not_one_of_these" }, { "field": "text", "code": "required" }])
    );
    assert_eq!(hospital.desk().get(&referral).await.etag(), seen, "a refusal changes nothing");
    assert_eq!(steps_of(clinic.doctor(), &referral).await, ["create", "submit"]);
}

#[tokio::test]
async fn the_same_request_sent_again_is_answered_again_and_done_once() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let referral = sent(&alliance, &clinic, &hospital).await;
    let (desk, seen) = (hospital.desk(), hospital.desk().get(&referral).await.etag());
    let contact = json!({ "contact": "0999-555-0120" });

    let first = desk.does_seeing(&referral, &seen, "accept-key-1", "accept", contact.clone()).await.is(200);
    let again = desk.does_seeing(&referral, &seen, "accept-key-1", "accept", contact).await.is(200);
    let other = desk.does_seeing(&referral, &seen, "accept-key-1", "accept", json!({})).await.is(422).json();

    assert_eq!(first.json(), again.json());
    assert_eq!(first.etag(), again.etag());
    assert_eq!(other["code"], "idempotency_key_reused");
    assert_eq!(steps_of(clinic.doctor(), &referral).await, ["create", "submit", "accept"]);

    let patient = alliance.patient(clinic.doctor(), "Qian Yi").await;
    let body = letter(&patient, &hospital);
    let one = clinic.doctor().post_as("/referrals", "create-key-1", body.clone()).await.is(201).text("id");
    let two = clinic.doctor().post_as("/referrals", "create-key-1", body).await.is(201).text("id");
    assert_eq!(one, two);
}

#[tokio::test]
async fn of_two_who_accept_at_once_one_wins_and_the_other_is_told_who_and_when() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    for round in 0..10 {
        let referral = sent(&alliance, &clinic, &hospital).await;
        let seen = hospital.desk().get(&referral).await.etag();
        let keys = [format!("desk-accepts-{round}"), format!("doctor-accepts-{round}")];
        let (one, two) = tokio::join!(
            hospital.desk().does_seeing(&referral, &seen, &keys[0], "accept", json!({})),
            hospital.doctor().does_seeing(&referral, &seen, &keys[1], "accept", json!({})),
        );

        let (won, lost, winner) = match (one.status.as_u16(), two.status.as_u16()) {
            (200, _) => (one, two, hospital.desk()),
            (_, 200) => (two, one, hospital.doctor()),
            other => panic!("nobody won: {other:?}"),
        };
        let (won, told) = (won.json(), lost.is(412).json());
        assert_eq!(told["by"]["id"], winner.id.to_string());
        assert_eq!(told["action"], "accept");
        assert_eq!(told["at"], won["last"]["at"]);
        assert_eq!(steps_of(clinic.doctor(), &referral).await, ["create", "submit", "accept"]);
    }
}

#[tokio::test]
async fn a_letter_that_lacks_something_is_told_all_of_it_and_keeps_what_was_typed() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let patient = alliance.patient(clinic.doctor(), "Zhao Changhe").await;
    let doctor = clinic.doctor();
    let bare =
        json!({ "patient_id": patient, "to_department": hospital.department(), "present_illness": "Cough" });
    let draft = doctor.post("/referrals", bare).await.is(201).json();
    let referral = format!("/referrals/{}", draft["id"].as_str().unwrap_or_default());
    assert_eq!(draft["direction"], "up", "follows from the levels");

    let refused = doctor.does(&referral, "submit", json!({})).await.is(422).json();
    assert_eq!((&refused["code"], &refused["missing"]), (&json!("incomplete"), &draft["missing"]));
    assert_eq!(refused["missing"], json!(["consent", "diagnoses", "reason_text"]));

    let wrong = json!({ "reason_text": "Needs a scan", "diagnoses": [{ "code": "cough", "text": "Cough" }] });
    let refused = doctor.patch(&referral, wrong).await.is(422).json();
    assert_eq!(refused["errors"], json!([{ "field": "diagnoses.0.code", "code": "not_right" }]));
    assert_eq!(doctor.get(&referral).await.json()["reason_text"], Value::Null, "all or nothing");

    let rest = json!({
        "reason_text": "Needs a scan", "diagnoses": [{ "code": "R05", "text": "Cough" }],
        "consent": { "method": "verbal_witness", "signer": "guardian", "signer_name": "Zhao Xin", "relation": "child", "witness": "Nurse Song" }
    });
    let whole = doctor.patch(&referral, rest).await.is(200).json();
    assert_eq!((&whole["missing"], &whole["present_illness"]), (&json!([]), &json!("Cough")));
    let sent = doctor.does(&referral, "submit", json!({})).await.is(200).json();
    assert_eq!(sent["patient_snapshot"]["name"], "Zhao Changhe");
    doctor.patch(&referral, json!({ "reason_text": "Changed" })).await.is(409);
    hospital.desk().get(&referral).await.is(200);
}

#[tokio::test]
async fn a_second_letter_for_the_same_patient_and_department_wants_a_reason() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let patient = alliance.patient(clinic.doctor(), "Zhao Changhe").await;
    let first = clinic.doctor().post("/referrals", letter(&patient, &hospital)).await.text("id");
    clinic.doctor().does(&format!("/referrals/{first}"), "submit", json!({})).await.is(200);

    let second = clinic.doctor().post("/referrals", letter(&patient, &hospital)).await.is(201).json();
    let record = format!("/referrals/{}", second["id"].as_str().unwrap_or_default());

    assert_eq!(second["warnings"][0]["referral"], first);
    clinic.doctor().does(&record, "submit", json!({})).await.is(422);
    clinic.doctor().does(&record, "submit", json!({ "duplicate_reason": "Another illness" })).await.is(200);
}

async fn steps_of(who: &Person, referral: &str) -> Vec<String> {
    let history = who.get(&format!("{referral}/history")).await.is(200).json();
    let action = |line: &Value| line["action"].as_str().map(|a| a.trim_start_matches("referral.").to_owned());
    history["items"].as_array().into_iter().flatten().filter_map(action).collect()
}
