//! Where calls happen: what every test of rings and of the conversation begins with.

use serde_json::{Value, json};

use super::{Alliance, Door, Place};

/// A clinic, a hospital, a patient, and a door to call through.
pub struct Scene {
    pub alliance: Alliance,
    pub clinic: Place,
    pub hospital: Place,
    pub patient: String,
    pub door: Door,
}

impl Scene {
    /// Everything open, nobody in a call.
    pub async fn open() -> Self {
        let alliance = Alliance::open().await;
        let door = Door::open_with_relay(&alliance).await;
        let hospital = alliance.hospital("Yunti First").await;
        let clinic = alliance.clinic("Luwan").await;
        let patient = alliance.patient(clinic.doctor(), "赵长河").await;
        Self { alliance, clinic, hospital, patient, door }
    }

    /// The clinic's doctor asks the hospital's department.
    pub async fn asks(&self) -> String {
        let form = json!({
            "patient_id": self.patient, "to_department": self.hospital.department(),
            "kind": "instant", "urgency": "urgent",
            "question": "胸痛两小时，ST 段抬高，是否立即上转做介入？",
            "consent": { "method": "paper", "signer": "patient" },
        });
        let id = self.clinic.doctor().post("/consults", form).await.is(201).text("id");
        self.clinic.doctor().does(&format!("/consults/{id}"), "submit", json!({})).await.is(200);
        id
    }

    /// The same, and somebody has answered.
    pub async fn answered(&self) -> String {
        let id = self.asks().await;
        self.hospital.doctor().does(&format!("/consults/{id}"), "accept", json!({})).await.is(200);
        id
    }

    /// The consult's state, as the clinic sees it.
    pub async fn state(&self, consult: &str) -> String {
        self.clinic.doctor().get(&format!("/consults/{consult}")).await.is(200).text("state")
    }
}

/// The command with which a browser takes its seat, the camera off.
pub fn join(consult: &str, neg: u32, offer: &str) -> Value {
    json!({ "type": "join", "consult": consult, "neg": neg, "offer": offer,
            "media": { "mic": "on", "cam": "none", "screen": "off" } })
}
