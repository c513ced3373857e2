//! Consults at an agreed time, of several disciplines and in writing; and people who are away.

use std::time::Duration;

use causeway::{
    consult,
    kernel::Timestamp,
    store::{Query, args},
};
use serde_json::{Value, json};

use super::support::{Alliance, Door, Place};

const MINUTE: u64 = 60;

struct Scene {
    alliance: Alliance,
    clinic: Place,
    hospital: Place,
    elsewhere: Place,
    patient: String,
}

impl Scene {
    async fn open() -> Self {
        let alliance = Alliance::open().await;
        let hospital = alliance.hospital("Yunti First").await;
        let elsewhere = alliance.hospital("Yunti Second").await;
        let clinic = alliance.clinic("Luwan").await;
        let patient = alliance.patient(clinic.doctor(), "赵长河").await;
        Self { alliance, clinic, hospital, elsewhere, patient }
    }

    fn now(&self) -> Timestamp {
        self.alliance.ctx.clock.now()
    }

    fn in_minutes(&self, minutes: u64) -> Timestamp {
        self.now().plus(Duration::from_secs(minutes * MINUTE))
    }

    async fn after(&self, minutes: u64) {
        self.alliance.clock.forward(Duration::from_secs(minutes * MINUTE));
        consult::tick(&self.alliance.ctx).await.unwrap();
    }

    async fn asked(&self, kind: &str) -> String {
        let form = json!({
            "patient_id": self.patient, "to_department": self.hospital.department(),
            "kind": kind, "urgency": "routine",
            "question": "反复晕厥两次，动态心电图已做，几个科室能否一起看？",
            "consent": { "method": "paper", "signer": "patient" },
        });
        let id = self.clinic.doctor().post("/consults", form).await.is(201).text("id");
        let record = format!("/consults/{id}");
        self.clinic.doctor().does(&record, "submit", json!({})).await.is(200);
        record
    }

    async fn seen(&self, record: &str) -> Value {
        self.clinic.doctor().get(record).await.is(200).json()
    }
}

fn opinion() -> Value {
    json!({ "conclusion": "考虑病窦综合征", "advice": "评估起搏器指征", "diagnoses": [{ "text": "病窦" }], "next": "refer_up" })
}

#[tokio::test]
async fn a_board_meets_at_its_time_and_only_its_chair_signs() {
    let scene = Scene::open().await;
    let record = scene.asked("scheduled").await;
    let (asker, doctor, chair) = (scene.clinic.doctor(), scene.hospital.doctor(), scene.elsewhere.doctor());
    let time = json!({ "start": scene.in_minutes(120), "end": scene.in_minutes(150), "chair": chair.id,
                       "invitees": [chair.id, scene.hospital.second().id] });

    asker.does(&record, "schedule", time).await.is(200);
    let agreed = scene.seen(&record).await;
    assert_eq!((&agreed["kind"], &agreed["state"]), (&json!("mdt"), &json!("scheduled")));
    assert_eq!(agreed["chair"]["id"], json!(chair.id));
    assert_eq!(agreed["invited"].as_array().unwrap().len(), 2, "{agreed}");
    // Everybody who is asked finds it among what is theirs today.
    for who in [chair, scene.hospital.second(), asker] {
        let today = who.get("/consults?box=today").await.is(200).json();
        let times: Vec<_> =
            today["items"].as_array().unwrap().iter().map(|one| one["scheduled"]["start"].clone()).collect();
        assert_eq!(times, [agreed["scheduled"]["start"].clone()]);
    }

    let early = doctor.does(&record, "start", json!({})).await.is(409).json();
    assert_eq!(early["why_code"], "outside_window");
    scene.after(104).await;
    assert_eq!(doctor.does(&record, "start", json!({})).await.is(409).json()["why_code"], "outside_window");
    scene.after(1).await;
    chair.does(&record, "start", json!({})).await.is(200);

    let refused = doctor.does(&record, "give_opinion", opinion()).await.is(409).json();
    assert_eq!(refused["why_code"], "chair_only");
    let signed = chair.does(&record, "give_opinion", opinion()).await.is(200).json();
    assert_eq!(
        (&signed["state"], &signed["opinion"]["author"]["id"]),
        (&json!("opinion_given"), &json!(chair.id))
    );
    assert_eq!(
        doctor.does(&record, "amend_opinion", opinion()).await.is(409).json()["why_code"],
        "chair_only"
    );
    asker.does(&record, "acknowledge", json!({ "adopted": "full" })).await.is(200);
}

#[tokio::test]
async fn an_hour_after_the_time_it_counts_as_not_attended_and_says_by_whom() {
    let scene = Scene::open().await;
    let record = scene.asked("scheduled").await;
    let time = json!({ "start": scene.in_minutes(30), "end": scene.in_minutes(60) });
    scene.clinic.doctor().does(&record, "schedule", time).await.is(200);
    scene.after(89).await;
    assert_eq!(scene.seen(&record).await["state"], "scheduled");

    scene.after(2).await;

    assert_eq!(scene.seen(&record).await["state"], "missed");
    let history = scene.clinic.doctor().get(&format!("{record}/history")).await.is(200).json();
    let last = history["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["action"], &last["reason_code"]), (&json!("no_show"), &json!("absent_both")));
}

#[tokio::test]
async fn everybody_who_agreed_is_reminded_once_and_anew_of_another_time() {
    let scene = Scene::open().await;
    let record = scene.asked("scheduled").await;
    let id = record.rsplit('/').next().unwrap().to_owned();
    let chair = scene.elsewhere.doctor();
    let at = |start: u64| json!({ "start": scene.in_minutes(start), "end": scene.in_minutes(start + 30), "chair": chair.id });
    scene.clinic.doctor().does(&record, "schedule", at(60)).await.is(200);
    let reminders = || async {
        let all = scene.alliance.journal_of(&id).await;
        all.iter().filter(|action| *action == "consult.remind").count()
    };
    scene.after(44).await;
    assert_eq!(reminders().await, 0);
    scene.after(1).await;
    let told = "SELECT count(*) AS n FROM journal j JOIN inbox i ON i.journal_seq = j.seq
                 WHERE j.action = 'consult.remind' AND i.user_id = $1";
    for who in [chair, scene.clinic.doctor()] {
        let mut tx = scene.alliance.ctx.db.read().await.unwrap();
        let row = tx.fetch_one(told, args![who.id]).await.unwrap();
        assert_eq!(row.get::<i64>("n").unwrap(), 1, "pushed to each, once");
    }
    // The timer lives in the store: looked at again, by this server or the next, it has been done.
    for _ in 0..3 {
        scene.after(1).await;
    }
    assert_eq!(reminders().await, 1);

    scene.clinic.doctor().does(&record, "reschedule", at(40)).await.is(200);
    scene.after(26).await;
    assert_eq!(reminders().await, 2);
    // A time that is near already is nobody's news.
    scene.clinic.doctor().does(&record, "reschedule", at(10)).await.is(200);
    scene.after(1).await;
    assert_eq!(reminders().await, 2);
}

#[tokio::test]
async fn a_written_consult_is_taken_from_the_list_given_back_and_answered() {
    let scene = Scene::open().await;
    let record = scene.asked("async").await;
    let (one, other) = (scene.hospital.doctor(), scene.hospital.second());
    let waits = other.get("/consults?box=waiting").await.is(200).json();
    assert!(waits["items"][0]["open_actions"].as_array().unwrap().contains(&json!("take")), "{waits}");

    one.does(&record, "take", json!({})).await.is(200);
    let late = other.does(&record, "take", json!({})).await.is(409).json();
    assert_eq!((&late["code"], &late["by"]["id"]), (&json!("someone_was_faster"), &json!(one.id)));
    one.does(&record, "release", json!({})).await.is(200);
    assert_eq!(scene.seen(&record).await["state"], "queued");
    other.does(&record, "take", json!({})).await.is(200);
    let signed = other.does(&record, "give_opinion", opinion()).await.is(200).json();

    assert_eq!((&signed["state"], &signed["to"]["user"]["id"]), (&json!("opinion_given"), &json!(other.id)));
}

#[tokio::test]
async fn who_is_away_is_not_rung_and_the_next_tier_is() {
    let scene = Scene::open().await;
    let door = Door::open(&scene.alliance).await;
    let (away, there) = (scene.hospital.doctor(), scene.hospital.second());
    let (_one, _two) = (door.enter(away).await, door.enter(there).await);
    let span = json!({ "user": away.id, "starts_at": scene.now(), "ends_at": scene.in_minutes(24 * 60) });

    // One's own, or of those one looks after; nobody else's.
    scene.clinic.admin().post("/absences", span.clone()).await.is(404);
    scene.clinic.doctor().post("/absences", span.clone()).await.is(404);
    let backwards = json!({ "starts_at": scene.in_minutes(60), "ends_at": scene.in_minutes(30) });
    away.post("/absences", backwards).await.is(422);
    let kept = scene.hospital.admin().post("/absences", span).await.is(201).json();
    let own = away.get("/absences").await.is(200).json();
    assert_eq!(own["items"][0]["id"], kept["id"]);

    let department = format!("/departments/{}", scene.hospital.department());
    let order = there.get(&department).await.is(200).json()["ring_order"].to_string();
    assert!(order.contains(&there.id.to_string()) && !order.contains(&away.id.to_string()), "{order}");
    let record = scene.asked("instant").await;
    let rung: Vec<_> = scene.seen(&record).await["rings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ring| ring["user"]["id"].clone())
        .collect();
    assert_eq!(rung, [json!(there.id)]);

    // Back early: on call again at once.
    away.delete(&format!("/absences/{}", kept["id"].as_str().unwrap())).await.is(204);
    let order = there.get(&department).await.is(200).json()["ring_order"].to_string();
    assert!(order.contains(&away.id.to_string()), "{order}");
}

#[tokio::test]
async fn a_department_without_anybody_queues_and_names_its_telephone_at_once() {
    let scene = Scene::open().await;
    for who in [scene.hospital.doctor(), scene.hospital.second(), scene.hospital.desk()] {
        who.put("/session/presence", json!({ "status": "off" })).await.is(204);
    }
    let record = scene.asked("instant").await;

    let view = scene.seen(&record).await;

    assert_eq!(view["state"], "queued");
    assert!(!view["desk_phone"].as_str().unwrap().is_empty(), "{view}");
}
