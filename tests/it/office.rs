//! The referral office: what desks share, plan and race for.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Alliance, Place};

/// A complete letter of `clinic`'s doctor to `hospital`, sent; answers with its address.
async fn sent(alliance: &Alliance, clinic: &Place, hospital: &Place) -> String {
    let patient = alliance.patient(clinic.doctor(), "Zhao Changhe").await;
    sent_for(clinic, hospital, &patient).await
}

async fn sent_for(clinic: &Place, hospital: &Place, patient: &str) -> String {
    let letter = json!({
        "patient_id": patient, "direction": "up", "to_department": hospital.department(), "urgency": "urgent",
        "reason_text": "No catheter laboratory here", "requested_service": "inpatient",
        "diagnoses": [{ "code": "I21.1", "text": "Acute inferior infarction" }],
        "consent": { "method": "paper", "signer": "patient" }
    });
    let record =
        format!("/referrals/{}", clinic.doctor().post("/referrals", letter).await.is(201).text("id"));
    clinic.doctor().does(&record, "submit", json!({ "duplicate_reason": "Another illness" })).await.is(200);
    record
}

fn id_of(record: &str) -> &str {
    record.trim_start_matches("/referrals/")
}

#[tokio::test]
async fn up_and_down_of_a_patient_are_one_story_to_both_sides() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let back_home = alliance.department(&clinic, "General").await;
    let patient = alliance.patient(clinic.doctor(), "Zhao Changhe").await;
    let up = sent_for(&clinic, &hospital, &patient).await;
    hospital.desk().does(&up, "accept", json!({})).await.is(200);
    hospital.desk().does(&up, "arrive", json!({})).await.is(200);
    hospital.doctor().does(&up, "treat", json!({})).await.is(200);
    let way_back = json!({
        "outcome_code": "improved", "outcome_summary": "One stent", "plan": "Walk", "medications": ["Aspirin"],
        "next_visit": "in two weeks", "red_flags": "Chest pain", "to_department": back_home
    });
    alliance.clock.forward(Duration::from_secs(3600));
    let down = hospital.doctor().does(&up, "refer_back", way_back).await.is(200).text("created_referral_id");

    let path = format!("/patients/{patient}/chains");
    let at_home = clinic.doctor().get(&path).await.is(200).json()["items"].clone();
    assert_eq!(at_home.as_array().map(Vec::len), Some(1), "the draft of the way back is not there yet");
    assert_eq!(at_home[0]["outcome_code"], "improved");
    assert!(at_home[0]["left_at"].is_string());

    let record = format!("/referrals/{down}");
    let consent = json!({ "consent": { "method": "paper", "signer": "patient" } });
    hospital.doctor().patch(&record, consent).await.is(200);
    hospital.doctor().does(&record, "submit", json!({})).await.is(200);
    for who in [clinic.doctor(), hospital.doctor()] {
        let story = who.get(&path).await.is(200).json()["items"].clone();
        let letters: Vec<&Value> = story.as_array().into_iter().flatten().collect();
        assert_eq!(letters.len(), 2);
        assert!(letters.iter().all(|one| one["chain_id"] == id_of(&up) && one["readable"] == true));
        assert_eq!((&letters[1]["id"], &letters[1]["parent_id"]), (&json!(down), &json!(id_of(&up))));
        assert_eq!(who.get(&up).await.is(200).json()["chain"], story);
    }
    alliance.clinic("Shapu").await.doctor().get(&path).await.is(404);
    assert!(
        alliance.journal_of(&patient).await.contains(&"referral.chains".to_owned()),
        "reading is journaled"
    );
}
