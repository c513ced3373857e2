//! A referral, through the doors that people use.

use serde_json::{Value, json};

use crate::support::{Alliance, Answer, Person, Place};

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
