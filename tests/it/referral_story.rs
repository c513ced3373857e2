//! A referral's longer stories: up and back, on to others, out of a consult, and what time does.

use std::time::Duration;

use causeway::kernel::DepartmentId;
use causeway::referral;
use causeway::store::{Query, args};
use serde_json::{Value, json};

use crate::support::{Alliance, Person, Place};

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

struct Scene {
    alliance: Alliance,
    lead: Place,
    clinic: Place,
    hospital: Place,
}

impl Scene {
    async fn open() -> Self {
        let alliance = Alliance::open().await;
        let lead = alliance.hospital("Lead").await;
        let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
        Self { alliance, lead, clinic, hospital }
    }

    async fn sent(&self, urgency: &str) -> String {
        let patient = self.alliance.patient(self.clinic.doctor(), "赵长河").await;
        let letter = json!({
            "patient_id": patient, "direction": "up", "to_department": self.hospital.department(),
            "urgency": urgency, "reason_text": "No catheter laboratory here", "past_history": "Gout",
            "diagnoses": [{ "code": "I21.1", "text": "Acute inferior infarction" }],
            "consent": { "method": "paper", "signer": "patient" }
        });
        let id = self.clinic.doctor().post("/referrals", letter).await.is(201).text("id");
        let record = format!("/referrals/{id}");
        self.clinic.doctor().does(&record, "submit", json!({})).await.is(200);
        record
    }

    async fn after(&self, seconds: u64) {
        self.alliance.clock.forward(Duration::from_secs(seconds));
        self.stay_signed_in().await;
        referral::tick(&self.alliance.ctx).await.unwrap();
    }

    /// Days pass in these tests; nobody signs in anew.
    async fn stay_signed_in(&self) {
        let later = self.alliance.ctx.clock.now().plus(Duration::from_secs(DAY));
        let mut tx = self.alliance.ctx.db.write_quiet("test.session").await.unwrap();
        tx.execute("UPDATE sessions SET expires_at = $1", args![later]).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn state(&self, record: &str) -> String {
        self.clinic.doctor().get(record).await.is(200).text("state")
    }

    /// A second department of a place.
    async fn department(&self, place: &Place, name: &str) -> DepartmentId {
        let now = self.alliance.ctx.clock.now();
        let id = DepartmentId::draw(now, &*self.alliance.ctx.dice);
        let mut tx = self.alliance.ctx.db.write_quiet("test.department").await.unwrap();
        tx.execute(
            "INSERT INTO departments (id, facility_id, name, pinyin, initials, scope_text, phone, accepts_consult,
                                      accepts_referral, min_dataset, ring_seconds, active, version, created_at)
             VALUES ($1, $2, $3, $3, $3, 'All', '0999-555-0143', 1, 1, '[]', 30, 1, 1, $4)",
            args![id, place.facility, name.to_owned(), now],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// What the inbox of a person was told about a record, oldest first.
    async fn told(&self, who: &Person, record: &str) -> Vec<String> {
        let id = record.trim_start_matches("/referrals/").to_owned();
        let mut tx = self.alliance.ctx.db.read().await.unwrap();
        let rows = tx
            .fetch_all(
                "SELECT j.action FROM inbox i JOIN journal j ON j.seq = i.journal_seq
                  WHERE i.user_id = $1 AND j.entity_id = $2 ORDER BY i.n",
                args![who.id, id],
            )
            .await
            .unwrap();
        rows.iter().map(|row| row.get("action").unwrap()).collect()
    }
}

fn record(answer: &Value) -> String {
    format!("/referrals/{}", answer["created_referral_id"].as_str().expect("a draft came of it"))
}

fn way_back() -> Value {
    json!({ "outcome_code": "improved", "outcome_summary": "One stent", "plan": "Walk daily",
            "medications": "Aspirin 100 mg\nAtorvastatin 20 mg", "next_visit": "in two weeks", "red_flags": "Chest pain" })
}

#[tokio::test]
async fn a_patient_goes_up_and_comes_back_and_the_two_letters_end_together() {
    let scene = Scene::open().await;
    let township = scene.department(&scene.clinic, "General").await;
    let up = scene.sent("urgent").await;
    let (desk, specialist, rural) = (scene.hospital.desk(), scene.hospital.doctor(), scene.clinic.doctor());
    desk.does(&up, "accept", json!({})).await.is(200);
    desk.does(&up, "arrive", json!({})).await.is(200);
    specialist.does(&up, "treat", json!({})).await.is(200);
    let unsaid = specialist.does(&up, "refer_back", json!({ "plan": "Walk" })).await.is(422).json();
    assert_eq!(unsaid["errors"].as_array().map(Vec::len), Some(3), "medications, next visit, red flags");

    let back = specialist.does(&up, "refer_back", way_back()).await.is(200).json();
    let down = record(&back);
    rural.get(&down).await.is(404);
    let draft = specialist.get(&down).await.is(200).json();
    assert_eq!((&draft["direction"], &draft["state"]), (&json!("down"), &json!("draft")));
    assert_eq!(draft["to"]["department"]["id"], township.to_string());
    assert_eq!(draft["treatment_so_far"], "One stent");
    assert_eq!(draft["missing"], json!(["consent"]), "agreeing to come is not agreeing to go");
    assert!(draft["no"].as_str().is_some_and(|no| no.starts_with("DN-2026-")));

    let consent = json!({ "consent": { "method": "paper", "signer": "patient" } });
    specialist.patch(&down, consent).await.is(200);
    specialist.does(&down, "submit", json!({})).await.is(200);
    assert_eq!(scene.state(&up).await, "referred_back");
    rural.does(&down, "accept", json!({})).await.is(200);
    assert_eq!(scene.state(&up).await, "follow_up");
    rural.does(&up, "record_follow_up", json!({ "text": "Blood pressure 128/80" })).await.is(200);
    rural.does(&down, "arrive", json!({})).await.is(200);
    rural.does(&down, "treat", json!({})).await.is(200);
    let shut = rural.does(&down, "refer_back", way_back()).await.is(409).json();
    assert_eq!(shut["why_code"], "is_the_way_back");
    let outcome = json!({ "outcome_code": "improved", "outcome_summary": "Walks an hour" });
    rural.does(&down, "discharge", outcome).await.is(200);
    specialist.does(&down, "acknowledge", json!({})).await.is(200);

    let ended = rural.get(&up).await.is(200).json();
    assert_eq!((&ended["state"], &ended["end_reason"]), (&json!("closed"), &json!("complete")));
    assert_eq!(ended["chain"].as_array().map(Vec::len), Some(2));
    let told = scene.told(desk, &up).await;
    assert!(
        told.ends_with(&["referral.record_follow_up".to_owned(), "referral.complete".to_owned()]),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_way_back_that_comes_to_nothing_gives_the_patient_back_to_the_ward() {
    let scene = Scene::open().await;
    scene.department(&scene.clinic, "General").await;
    let up = scene.sent("emergency").await;
    let specialist = scene.hospital.doctor();
    specialist.does(&up, "emergency_arrive", json!({})).await.is(200);
    specialist.does(&up, "treat", json!({})).await.is(200);
    let down = record(&specialist.does(&up, "refer_back", way_back()).await.is(200).json());

    specialist.does(&down, "discard", json!({})).await.is(200);

    let seen = specialist.get(&up).await.is(200).json();
    assert_eq!((&seen["state"], &seen["auto_accepted"]), (&json!("discharged"), &json!(true)));
    let again = record(&specialist.does(&up, "refer_back", way_back()).await.is(200).json());
    assert_ne!(again, down);
}

#[tokio::test]
async fn a_death_closes_every_open_letter_of_the_story() {
    let scene = Scene::open().await;
    scene.department(&scene.clinic, "General").await;
    let up = scene.sent("emergency").await;
    let specialist = scene.hospital.doctor();
    specialist.does(&up, "emergency_arrive", json!({})).await.is(200);
    specialist.does(&up, "treat", json!({})).await.is(200);
    let down = record(&specialist.does(&up, "refer_back", way_back()).await.is(200).json());

    scene.clinic.doctor().does(&up, "patient_died", json!({})).await.is(200);

    assert_eq!(scene.clinic.doctor().get(&up).await.json()["outcome"]["code"], "died");
    assert_eq!(specialist.get(&down).await.text("state"), "cancelled");
}

#[tokio::test]
async fn a_letter_that_goes_on_elsewhere_keeps_every_leg() {
    let scene = Scene::open().await;
    let (desk, rural) = (scene.hospital.desk(), scene.clinic.doctor());
    let (surgery, elsewhere) = (scene.department(&scene.hospital, "Surgery").await, scene.lead.department());
    let up = scene.sent("urgent").await;
    let due = rural.get(&up).await.json()["sla_due_at"].clone();

    let same = json!({ "to_department": scene.hospital.department() });
    let refused = desk.does(&up, "redirect", same).await.is(422).json();
    assert_eq!(refused["errors"], json!([{ "field": "to_department", "code": "same" }]));
    let inside =
        json!({ "to_department": surgery, "reason_code": "wrong_field", "reason": "Needs a surgeon" });
    let moved = desk.does(&up, "redirect", inside).await.is(200).json();
    assert_eq!(moved["sla_due_at"], due, "the clock runs on");
    scene.hospital.doctor().does(&up, "accept", json!({})).await.is(403);

    let outside = json!({ "to_department": elsewhere, "reason_code": "no_bed" });
    let unasked = desk.does(&up, "redirect", outside).await.is(422).json();
    assert_eq!(unasked["errors"], json!([{ "field": "sender_agreed", "code": "required" }]));
    let agreed = json!({ "to_department": elsewhere, "reason_code": "no_bed", "sender_agreed": true });
    let gone = desk.does(&up, "redirect", agreed).await.is(200).json();
    assert_eq!(gone["open_actions"], json!([]), "the house that gave it away only reads on");

    let no = json!({ "reason_code": "beyond_us", "text": "Send to the heart centre" });
    scene.lead.desk().does(&up, "reject", no).await.is(200);
    let back = json!({ "to_department": scene.hospital.department() });
    rural.does(&up, "redirect_after_reject", back).await.is(200);
    let seen = rural.get(&up).await.is(200).json();
    let legs = seen["legs"].as_array().cloned().unwrap_or_default();
    let states: Vec<&str> = legs.iter().filter_map(|leg| leg["state"].as_str()).collect();
    assert_eq!(states, ["redirected", "redirected", "rejected", "submitted"]);
    assert_eq!(legs[0]["reason"], "Needs a surgeon");
    assert_eq!(legs[2]["reason_code"], "beyond_us");
    assert_eq!(seen["to"]["department"]["id"], scene.hospital.department().to_string());
}

#[tokio::test]
async fn the_clock_stands_still_while_the_sender_is_asked_and_lateness_is_told_once() {
    let scene = Scene::open().await;
    let up = scene.sent("urgent").await;
    let (desk, rural) = (scene.hospital.desk(), scene.clinic.doctor());
    scene.after(HOUR).await;
    desk.does(&up, "request_info", json!({ "question": "The ECG, please" })).await.is(200);
    assert_eq!(rural.get(&up).await.json()["sla_paused"], json!(true));
    scene.after(10 * HOUR).await;
    rural.does(&up, "supply_info", json!({})).await.is(422);
    rural.attaches(&up, "ecg.txt", "text/plain; charset=utf-8", b"sinus rhythm".to_vec()).await.is(201);
    rural.does(&up, "supply_info", json!({})).await.is(200);

    let seen = rural.get(&up).await.json();
    // Sent at 10:00 in the alliance's zone, two hours to answer, ten of which do not count.
    assert_eq!(seen["sla_due_at"], "2026-03-02T14:00:00.000Z");
    scene.after(2 * HOUR).await;
    scene.after(60).await;
    let told = scene.told(desk, &up).await;
    assert_eq!(told.iter().filter(|action| *action == "referral.overdue").count(), 1);
}

#[tokio::test]
async fn time_expires_confirms_and_closes_what_nobody_moves() {
    let scene = Scene::open().await;
    let (desk, rural, specialist) = (scene.hospital.desk(), scene.clinic.doctor(), scene.hospital.doctor());
    let (quick, slow, late) =
        (scene.sent("emergency").await, scene.sent("urgent").await, scene.sent("routine").await);
    let booking = json!({ "start": "2026-03-02T07:15:00Z", "location": "Clinic 3" });
    desk.does(&late, "accept_and_schedule", booking).await.is(200);
    scene.after(DAY + 60).await;
    assert_eq!(scene.state(&quick).await, "expired");
    assert_eq!(scene.state(&slow).await, "submitted");

    scene.after(DAY).await;
    assert_eq!(scene.state(&late).await, "no_show");
    rural.does(&late, "request_cancel", json!({ "reason": "Went to another place" })).await.is(200);
    scene.after(2 * DAY - 60).await;
    assert_eq!(scene.state(&late).await, "cancel_requested");
    scene.after(60).await;
    assert_eq!(scene.state(&late).await, "cancelled");

    desk.does(&slow, "accept", json!({})).await.is(200);
    desk.does(&slow, "arrive", json!({})).await.is(200);
    let outcome = json!({ "outcome_code": "cured", "outcome_summary": "Well" });
    specialist.does(&slow, "discharge", outcome).await.is(200);
    scene.after(14 * DAY).await;
    let closed = rural.get(&slow).await.json();
    assert_eq!((&closed["state"], &closed["unacknowledged"]), (&json!("closed"), &json!(true)));
}

#[tokio::test]
async fn a_consult_becomes_a_letter_with_everything_that_is_known_and_its_files_are_linked() {
    let scene = Scene::open().await;
    let (rural, specialist) = (scene.clinic.doctor(), scene.hospital.doctor());
    let patient = scene.alliance.patient(rural, "Zhao Changhe").await;
    let form = json!({
        "patient_id": patient, "to_department": scene.hospital.department(), "kind": "async", "urgency": "urgent",
        "question": "Chest pain for two hours, shall I send him now?", "history": "Gout",
        "exam": { "bp_sys": 98, "bp_dia": 60, "spo2": 94 },
        "prelim_diagnoses": [{ "code": "I21.1", "text": "Acute inferior infarction" }],
        "consent": { "method": "paper", "signer": "patient" }
    });
    let id = rural.post("/consults", form).await.is(201).text("id");
    let consult = format!("/consults/{id}");
    rural.does(&consult, "submit", json!({})).await.is(200);
    let file = rural
        .attaches(&consult, "ecg.txt", "text/plain; charset=utf-8", b"ST up".to_vec())
        .await
        .is(201)
        .json();
    let seen = rural.get(&consult).await.etag();

    let made = rural.does_seeing(&consult, &seen, "escalate-key", "escalate", json!({})).await.is(200).json();
    let again =
        rural.does_seeing(&consult, &seen, "escalate-key", "escalate", json!({})).await.is(200).json();
    let once_more = rural.does(&consult, "escalate", json!({})).await.is(200).json();

    assert_eq!(made, again);
    assert_eq!(made["referral_id"], once_more["referral_id"], "one draft, however often it is pressed");
    let letter = format!("/referrals/{}", made["referral_id"].as_str().unwrap_or_default());
    let draft = rural.get(&letter).await.is(200).json();
    assert_eq!(draft["source_consult_id"], id);
    assert_eq!(draft["diagnoses"][0]["code"], "I21.1");
    assert_eq!((&draft["past_history"], &draft["urgency"]), (&json!("Gout"), &json!("urgent")));
    assert_eq!(draft["key_results"], "血压 98/60 mmHg，血氧 94 %");
    assert_eq!(draft["missing"], json!(["consent", "reason_text"]));
    let linked = rural.get(&format!("{letter}/attachments")).await.is(200).json();
    assert_eq!(linked["items"][0]["sha256"], file["sha256"]);
    assert_eq!(linked["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        scene.alliance.read_one("SELECT count(*) AS n FROM attachments").await,
        1,
        "linked, not copied"
    );
    specialist.get(&letter).await.is(404);
}

#[tokio::test]
async fn the_desk_finds_the_most_urgent_first_and_hears_of_each_at_once() {
    let scene = Scene::open().await;
    let (routine, emergency) = (scene.sent("routine").await, scene.sent("emergency").await);
    let desk = scene.hospital.desk();

    let list = desk.get("/referrals?box=in&tab=decide").await.is(200).json();
    let ids: Vec<String> = list["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|r| format!("/referrals/{}", r["id"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(ids, [emergency.clone(), routine.clone()]);
    assert_eq!((&list["counts"]["decide"], &list["counts"]["here"]), (&json!(2), &json!(0)));
    assert_eq!(scene.told(desk, &emergency).await, ["referral.submit"]);
    assert_eq!(scene.told(scene.hospital.doctor(), &emergency).await, ["referral.submit"]);

    desk.does(&routine, "accept", json!({})).await.is(200);
    assert_eq!(scene.told(scene.clinic.doctor(), &routine).await, ["referral.submit", "referral.accept"]);
    let booked = desk.get("/referrals?box=in&tab=booked").await.is(200).json();
    assert_eq!(booked["items"].as_array().map(Vec::len), Some(1));
    let no = booked["items"][0]["no"].as_str().unwrap_or_default().to_owned();
    let found = desk.get(&format!("/referrals?box=in&q={no}")).await.is(200).json();
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1));
    let found = scene.clinic.doctor().get("/referrals?box=out&q=zch").await.is(200).json();
    assert_eq!(found["items"].as_array().map(Vec::len), Some(2), "by the initials of the name");
    scene.clinic.admin().get("/referrals?box=in").await.is(403);
    assert_eq!(scene.lead.desk().get("/referrals?box=in").await.is(200).json()["items"], json!([]));
}

#[tokio::test]
async fn whoever_only_directs_patients_sees_the_head_of_a_letter() {
    let scene = Scene::open().await;
    let up = scene.sent("urgent").await;

    let seen = scene.lead.desk().get(&up).await.is(200).json();

    assert_eq!((&seen["header_only"], &seen["past_history"]), (&json!(true), &Value::Null));
    assert_eq!(seen["diagnosis"]["code"], "I21.1");
    assert_eq!(seen["patient_snapshot"], Value::Null);
    scene.lead.desk().get(&format!("{up}/attachments")).await.is(403);
}
