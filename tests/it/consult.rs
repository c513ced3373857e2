//! A consult through the front door: asked, rung, answered, signed, acknowledged.

use std::time::Duration;

use causeway::consult;
use serde_json::{Value, json};

use super::support::{Alliance, Answer, Person, Place};

/// A clinic, a hospital and a patient.
struct Scene {
    alliance: Alliance,
    clinic: Place,
    hospital: Place,
    patient: String,
}

impl Scene {
    async fn open() -> Self {
        let alliance = Alliance::open().await;
        let hospital = alliance.hospital("Jinan Central").await;
        let clinic = alliance.clinic("Xiaying").await;
        let patient = alliance.patient(clinic.doctor(), "赵长河").await;
        Self { alliance, clinic, hospital, patient }
    }

    fn form(&self) -> Value {
        json!({
            "patient_id": self.patient, "to_department": self.hospital.department(),
            "kind": "instant", "urgency": "urgent",
            "question": "胸痛两小时，ST 段抬高，是否立即上转做介入？",
            "consent": { "method": "on_screen", "signer": "patient" },
        })
    }

    async fn drafted(&self, change: Value) -> String {
        let mut form = self.form();
        for (key, value) in change.as_object().cloned().unwrap_or_default() {
            form[key] = value;
        }
        let id = self.clinic.doctor().post("/consults", form).await.is(201).text("id");
        format!("/consults/{id}")
    }

    async fn asked(&self, change: Value) -> String {
        let record = self.drafted(change).await;
        self.clinic.doctor().does(&record, "submit", json!({})).await.is(200);
        record
    }

    async fn after(&self, seconds: u64) {
        self.alliance.clock.forward(Duration::from_secs(seconds));
        consult::tick(&self.alliance.ctx).await.unwrap();
    }

    async fn state(&self, record: &str) -> String {
        self.clinic.doctor().get(record).await.is(200).text("state")
    }

    async fn both_join(&self, record: &str) {
        let id = record.trim_start_matches("/consults/").parse().unwrap();
        consult::joined(&self.alliance.ctx, id, self.clinic.doctor().id).await.unwrap();
        consult::joined(&self.alliance.ctx, id, self.hospital.doctor().id).await.unwrap();
    }
}

fn opinion() -> Value {
    json!({ "conclusion": "Inferior infarction", "advice": "Aspirin, come at once",
            "diagnoses": [{ "code": "I21.1", "text": "Acute inferior infarction" }], "next": "refer_up" })
}

fn open_actions(answer: &Answer) -> Vec<String> {
    let all = answer.json()["open_actions"].as_array().cloned().unwrap_or_default();
    all.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

async fn history(who: &Person, record: &str) -> Vec<String> {
    super::support::steps(&who.get(&format!("{record}/history")).await.is(200).json())
}

#[tokio::test]
async fn a_consult_goes_from_question_to_acknowledged_opinion() {
    let scene = Scene::open().await;
    let (rural, specialist) = (scene.clinic.doctor(), scene.hospital.doctor());

    let record = scene.asked(json!({})).await;
    assert_eq!(scene.state(&record).await, "ringing");
    specialist.does(&record, "accept", json!({})).await.is(200);
    scene.both_join(&record).await;
    specialist.does(&record, "give_opinion", opinion()).await.is(200);
    rural.does(&record, "acknowledge", json!({ "adopted": "full" })).await.is(200);

    let seen = rural.get(&record).await.is(200).json();
    assert_eq!(seen["state"], "closed");
    assert_eq!(seen["opinion"]["conclusion"], "Inferior infarction");
    assert_eq!(seen["opinion"]["signature_kind"], "local_ed25519");
    assert_eq!(seen["opinion"]["ack"]["adopted"], "full");
    assert_eq!(seen["desk_phone"], "0999-555-0142");
    let steps = history(rural, &record).await;
    let walked = ["create", "submit", "route_ring", "accept", "join", "give_opinion", "acknowledge"];
    assert_eq!(steps, walked);
}
