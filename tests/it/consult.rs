//! A consult through the front door: asked, rung, answered, signed, acknowledged.

use std::time::Duration;

use axum::http::Method;
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
            "consent": { "method": "paper", "signer": "patient" },
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

    /// Who is being rung, in order.
    async fn ringing_at(&self, record: &str) -> Vec<String> {
        let view = self.clinic.doctor().get(record).await.is(200).json();
        let rings = view["rings"].as_array().cloned().unwrap_or_default();
        let live = rings.iter().filter(|ring| ring["state"] == "ringing");
        live.map(|ring| ring["user"]["name"].as_str().unwrap().to_owned()).collect()
    }

    async fn in_call(&self) -> String {
        let record = self.asked(json!({})).await;
        self.hospital.doctor().does(&record, "accept", json!({})).await.is(200);
        self.both_join(&record).await;
        record
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

#[tokio::test]
async fn the_rota_is_rung_in_order_and_who_declines_is_passed_at_once() {
    let scene = Scene::open().await;
    let (first, second) = (scene.hospital.doctor(), scene.hospital.second());
    let record = scene.asked(json!({})).await;
    assert_eq!(scene.ringing_at(&record).await, ["Lin Jinan Central"]);

    first.does(&record, "decline", json!({ "reason_code": "busy" })).await.is(200);
    assert_eq!(scene.ringing_at(&record).await, ["Zhao Jinan Central"]);

    scene.after(31).await;
    assert_eq!(scene.ringing_at(&record).await, ["Desk Jinan Central"]);
    scene.after(31).await;
    assert_eq!(scene.state(&record).await, "declined");
    let steps = history(second, &record).await;
    assert_eq!(steps[2..], ["route_ring", "decline", "ring_next", "ring_next", "exhausted"]);
}

#[tokio::test]
async fn a_ring_nobody_answers_is_missed_and_can_be_tried_again() {
    let scene = Scene::open().await;
    let record = scene.asked(json!({})).await;

    for _ in 0..3 {
        scene.after(31).await;
    }
    assert_eq!(scene.state(&record).await, "missed");
    scene.clinic.doctor().does(&record, "redial", json!({})).await.is(200);

    assert_eq!(scene.state(&record).await, "ringing");
    assert_eq!(scene.ringing_at(&record).await, ["Lin Jinan Central"]);
}

#[tokio::test]
async fn an_emergency_rings_everybody_and_only_the_first_answer_counts() {
    let scene = Scene::open().await;
    let record = scene.asked(json!({ "urgency": "emergency" })).await;
    let rung = scene.ringing_at(&record).await;
    assert_eq!(rung, ["Lin Jinan Central", "Zhao Jinan Central", "Desk Jinan Central"]);
    let seen = scene.clinic.doctor().get(&record).await.etag();

    let (first, second) = (scene.hospital.doctor(), scene.hospital.second());
    let (one, two) = tokio::join!(
        first.does_seeing(&record, &seen, "accept-by-first", "accept", json!({})),
        second.does_seeing(&record, &seen, "accept-by-second", "accept", json!({})),
    );

    let (won, lost) = if one.status == 200 { (one, two) } else { (two, one) };
    let winner = won.is(200).json()["to"]["user"].clone();
    let problem = lost.is(409).json();
    assert_eq!(problem["code"], "someone_was_faster");
    assert_eq!(problem["by"], winner);
    assert!(problem["at"].is_string());
    assert!(scene.ringing_at(&record).await.is_empty());
}

#[tokio::test]
async fn with_nobody_there_it_waits_beside_the_telephone_and_rings_who_comes_back() {
    let scene = Scene::open().await;
    for person in [scene.hospital.doctor(), scene.hospital.second(), scene.hospital.desk()] {
        person.put("/session/presence", json!({ "status": "off" })).await;
    }
    let record = scene.asked(json!({})).await;
    let view = scene.clinic.doctor().get(&record).await.json();
    assert_eq!((&view["state"], &view["desk_phone"]), (&json!("queued"), &json!("0999-555-0142")));

    scene.hospital.second().put("/session/presence", json!({ "status": "available" })).await;
    scene.after(1).await;

    assert_eq!(scene.ringing_at(&record).await, ["Zhao Jinan Central"]);
}

#[tokio::test]
async fn an_urgent_request_nobody_takes_is_missed_after_a_quarter_of_an_hour_and_expires() {
    let scene = Scene::open().await;
    for person in [scene.hospital.doctor(), scene.hospital.second(), scene.hospital.desk()] {
        person.put("/session/presence", json!({ "status": "off" })).await;
    }
    let record = scene.asked(json!({})).await;

    scene.after(15 * 60 - 1).await;
    assert_eq!(scene.state(&record).await, "queued");
    scene.after(1).await;
    assert_eq!(scene.state(&record).await, "missed");
    scene.after(2 * 3600).await;
    assert_eq!(scene.state(&record).await, "expired");
}

#[tokio::test]
async fn a_call_that_breaks_off_is_interrupted_and_goes_on_when_both_are_back() {
    let scene = Scene::open().await;
    let record = scene.in_call().await;
    let id = record.trim_start_matches("/consults/").parse().unwrap();
    let specialist = scene.hospital.doctor().id;

    consult::left(&scene.alliance.ctx, id, specialist).await.unwrap();
    assert_eq!(scene.state(&record).await, "interrupted");
    scene.clinic.doctor().does(&record, "redial", json!({})).await.is(200);
    assert_eq!(consult::ring_cards(&scene.alliance.ctx, specialist).await.unwrap().len(), 1);
    consult::joined(&scene.alliance.ctx, id, specialist).await.unwrap();

    assert_eq!(scene.state(&record).await, "in_progress");
}

#[tokio::test]
async fn a_start_of_the_program_leaves_nobody_sitting() {
    let scene = Scene::open().await;
    let record = scene.in_call().await;

    consult::everybody_left(&scene.alliance.ctx).await.unwrap();

    assert_eq!(scene.state(&record).await, "interrupted");
}

#[tokio::test]
async fn who_accepted_and_never_came_leaves_a_missed_consult() {
    let scene = Scene::open().await;
    let record = scene.asked(json!({})).await;
    scene.hospital.doctor().does(&record, "accept", json!({})).await.is(200);

    scene.after(120).await;

    assert_eq!(scene.state(&record).await, "missed");
}

#[tokio::test]
async fn a_consult_in_writing_is_taken_answered_and_amended() {
    let scene = Scene::open().await;
    let (rural, specialist) = (scene.clinic.doctor(), scene.hospital.doctor());
    let record = scene.asked(json!({ "kind": "async", "urgency": "routine" })).await;
    assert_eq!(scene.state(&record).await, "queued");

    specialist.does(&record, "take", json!({})).await.is(200);
    specialist.does(&record, "give_opinion", opinion()).await.is(200);
    let mut second = opinion();
    second["reason_code"] = json!("new_finding");
    second["advice"] = json!("Come tomorrow");
    specialist.does(&record, "amend_opinion", second.clone()).await.is(200);
    rural.does(&record, "acknowledge", json!({ "adopted": "no" })).await.is(422);
    rural.does(&record, "acknowledge", json!({ "adopted": "partial" })).await.is(200);
    specialist.does(&record, "amend_opinion", second).await.is(200);

    let view = rural.get(&record).await.json();
    assert_eq!(view["state"], "closed");
    assert_eq!(view["opinion"]["version_no"], 3);
    assert_eq!(view["opinion"]["ack"], Value::Null, "a new version is acknowledged anew");
}

#[tokio::test]
async fn a_transfer_takes_the_question_to_another_department_and_its_doctors() {
    let scene = Scene::open().await;
    let other = scene.alliance.hospital("Weifang").await;
    let record = scene.in_call().await;
    other.doctor().get(&record).await.is(404);

    let to = json!({ "to_department": other.department(), "note": "an arrhythmia" });
    scene.hospital.doctor().does(&record, "transfer", to).await.is(200);

    assert_eq!(scene.ringing_at(&record).await, ["Lin Weifang"]);
    assert_eq!(other.doctor().get(&record).await.is(200).json()["question"], scene.form()["question"]);
    scene.hospital.doctor().get(&record).await.is(200);
    scene.hospital.second().get(&record).await.is(404);
    let legs =
        scene.alliance.read_one("SELECT count(*) AS n FROM consult_legs WHERE ended_as = 'transferred'");
    assert_eq!(legs.await, 1);
}

#[tokio::test]
async fn a_scheduled_consult_begins_only_around_its_time() {
    let scene = Scene::open().await;
    let rural = scene.clinic.doctor();
    let record = scene.asked(json!({ "kind": "scheduled", "urgency": "routine" })).await;
    assert_eq!(scene.state(&record).await, "requested");
    let start = scene.alliance.ctx.clock.now().plus(Duration::from_secs(3_600));
    scene.hospital.desk().does(&record, "schedule", json!({ "start": start })).await.is(200);

    let early = rural.does(&record, "start", json!({})).await.is(409);
    assert_eq!(early.json()["why_code"], "outside_window");
    assert!(!open_actions(&early).contains(&"start".to_owned()));
    scene.after(3_600 - 15 * 60).await;

    assert_eq!(rural.does(&record, "start", json!({})).await.is(200).text("state"), "in_progress");
}

#[tokio::test]
async fn a_form_with_one_wrong_field_is_told_which() {
    let scene = Scene::open().await;
    let rural = scene.clinic.doctor();
    let complaint = |answer: Answer| {
        let problem = answer.is(422).json();
        assert_eq!(problem["code"], "invalid_field");
        let first = &problem["errors"][0];
        (first["field"].as_str().unwrap().to_owned(), first["code"].as_str().unwrap().to_owned())
    };
    let pair = |field: &str, code: &str| (field.to_owned(), code.to_owned());
    let with = |key: &str, value: Value| {
        let mut form = scene.form();
        form[key] = value;
        form
    };

    let refused = |form: Value| rural.post("/consults", form);
    assert_eq!(
        complaint(refused(with("exam", json!({ "spo2": 940 }))).await),
        pair("exam.spo2", "out_of_range")
    );
    assert_eq!(complaint(refused(with("urgency", json!("soon"))).await), pair("urgency", "not_one_of_these"));
    assert_eq!(complaint(refused(with("patient_id", Value::Null)).await).0, "patient_id");
    assert_eq!(complaint(refused(with("question", json!(5))).await), pair("question", "not_right"));
    let signed = json!({ "method": "whispered", "signer": "patient" });
    assert_eq!(complaint(refused(with("consent", signed)).await), pair("consent.method", "not_one_of_these"));
    let clinic_patient = json!("pat-00000000000070008000000000000000");
    assert_eq!(complaint(refused(with("patient_id", clinic_patient)).await), pair("patient_id", "unknown"));

    let record = scene.drafted(json!({ "question": "短" })).await;
    let short = rural.does(&record, "submit", json!({})).await;
    assert_eq!(complaint(short), pair("question", "too_short"));
    rural.patch(&record, json!({ "question": scene.form()["question"] })).await.is(200);
    rural.does(&record, "submit", json!({})).await.is(200);
    let declined = scene.hospital.doctor().does(&record, "decline", json!({ "reason_code": "tired" })).await;
    assert_eq!(complaint(declined), pair("reason_code", "not_one_of_these"));
}

#[tokio::test]
async fn a_house_that_is_not_related_is_not_asked_neither_at_first_nor_later() {
    let scene = Scene::open().await;
    let (rural, desk) = (scene.clinic.doctor(), scene.clinic.desk());
    let other = scene.alliance.hospital("Weifang").await;
    let matrix = format!("/admin/facilities/{}/relations", scene.clinic.facility);
    let shut = |facility| json!({ "items": [{ "facility": facility, "by_hand": "none" }] });
    let not_related = |answer: Answer| {
        let problem = answer.is(422).json();
        assert_eq!(problem["code"], "invalid_field");
        assert_eq!(problem["errors"], json!([{ "field": "to_department", "code": "not_related" }]));
    };
    let room = format!("/admin/departments/{}", scene.hospital.department());
    let takes_consults = async |seen: i64, yes: bool| {
        let form = json!({ "name": "Cardiology", "phone": "0999-555-0142", "accepts_consult": yes,
                           "accepts_referral": true, "ring_seconds": 30 });
        scene.hospital.admin().writes_over(Method::PATCH, &room, seen, form).await.is(200);
    };
    let begun = scene.drafted(json!({})).await;
    scene.clinic.admin().replaces(&matrix, shut(scene.hospital.facility)).await.is(200);

    not_related(rural.post("/consults", scene.form()).await);
    not_related(rural.does(&begun, "submit", json!({})).await);
    let to_other = json!({ "to_department": other.department() });
    rural.patch(&begun, to_other.clone()).await.is(200);
    not_related(rural.patch(&begun, json!({ "to_department": scene.hospital.department() })).await);
    scene.clinic.admin().replaces(&matrix, shut(other.facility)).await.is(200);
    not_related(rural.does(&begun, "submit", json!({})).await);

    scene.clinic.admin().clears(&matrix).await.is(200);
    let sent = scene.asked(json!({ "kind": "async" })).await;
    assert_eq!(scene.state(&sent).await, "queued");
    takes_consults(1, false).await;
    let closed = rural.post("/consults", scene.form()).await.is(422).json();
    assert_eq!(closed["errors"], json!([{ "field": "to_department", "code": "not_accepting" }]));
    takes_consults(2, true).await;
    scene.clinic.admin().replaces(&matrix, shut(other.facility)).await.is(200);
    not_related(desk.does(&sent, "redirect", to_other.clone()).await);
    scene.hospital.desk().does(&sent, "redirect", to_other).await.is(200);
}

#[tokio::test]
async fn without_consent_only_an_emergency_goes_ahead_and_says_why() {
    let scene = Scene::open().await;
    let rural = scene.clinic.doctor();
    let record = scene.drafted(json!({ "consent": null })).await;
    let refused = rural.does(&record, "submit", json!({})).await.is(422).json();
    assert_eq!(refused["errors"][0]["field"], "consent");

    let reason = json!({ "override": { "reason": "unconscious and alone" } });
    rural.patch(&record, reason.clone()).await.is(422);
    rural.patch(&record, json!({ "urgency": "emergency" })).await.is(200);
    rural.patch(&record, reason).await.is(200);

    rural.does(&record, "submit", json!({})).await.is(200);
    assert_eq!(rural.get(&record).await.json()["consent"]["method"], "override");
}

#[tokio::test]
async fn strangers_do_not_learn_that_there_is_a_consult_and_administrators_do_not_read_it() {
    let scene = Scene::open().await;
    let other = scene.alliance.clinic("Luwan").await;
    let record = scene.asked(json!({})).await;

    for person in [other.doctor(), other.desk(), other.admin()] {
        let problem = person.get(&record).await.is(404).json();
        assert_eq!(problem["code"], "not_found");
        person.does_seeing(&record, "\"1\"", "a-strangers-key", "cancel", json!({})).await.is(404);
        assert_eq!(person.get("/consults?box=mine").await.is(200).json()["items"], json!([]));
    }
    scene.hospital.admin().get(&record).await.is(403);
    scene.alliance.stranger().get(&record).await.is(401);
}

#[tokio::test]
async fn a_version_seen_earlier_is_refused_and_one_not_named_too() {
    let scene = Scene::open().await;
    let rural = scene.clinic.doctor();
    let record = scene.drafted(json!({})).await;
    let seen = rural.get(&record).await.etag();
    rural.patch(&record, json!({ "history": "十年高血压" })).await.is(200);

    let stale = rural.does_seeing(&record, &seen, "a-stale-key", "submit", json!({})).await.is(412);
    assert_eq!(stale.json()["code"], "stale");
    let headers = [("content-type", "application/json"), ("idempotency-key", "a-missing-key")];
    let path = format!("{record}/actions/submit");
    let missing = rural.send("POST".parse().unwrap(), &path, &headers, "{}".into()).await.is(428);
    assert_eq!(missing.json()["code"], "if_match_missing");
    assert_eq!(scene.state(&record).await, "draft");
}

#[tokio::test]
async fn the_same_request_sent_again_is_answered_again_and_done_once() {
    let scene = Scene::open().await;
    let rural = scene.clinic.doctor();
    let once = rural.post_as("/consults", "create-once", scene.form()).await.is(201);
    let again = rural.post_as("/consults", "create-once", scene.form()).await.is(201);
    assert_eq!(once.json(), again.json());
    assert_eq!(scene.alliance.read_one("SELECT count(*) AS n FROM consults").await, 1);

    let record = format!("/consults/{}", once.text("id"));
    let seen = rural.get(&record).await.etag();
    let first = rural.does_seeing(&record, &seen, "submit-once", "submit", json!({})).await.is(200);
    let second = rural.does_seeing(&record, &seen, "submit-once", "submit", json!({})).await.is(200);
    assert_eq!(first.json(), second.json());
    assert_eq!(first.etag(), second.etag());
    let submits = history(rural, &record).await.iter().filter(|step| *step == "submit").count();
    assert_eq!(submits, 1);

    let other = json!({ "reason": "another body" });
    let reused = rural.does_seeing(&record, &seen, "submit-once", "submit", other).await.is(422);
    assert_eq!(reused.json()["code"], "idempotency_key_reused");
}

#[tokio::test]
async fn a_message_sent_twice_is_said_once_and_both_writing_begins_the_consult() {
    let scene = Scene::open().await;
    let (rural, specialist) = (scene.clinic.doctor(), scene.hospital.doctor());
    let record = scene.asked(json!({})).await;
    specialist.does(&record, "accept", json!({})).await.is(200);
    let path = format!("{record}/messages");

    let words = json!({ "body": "血压 98/60", "client_msg_id": "m-1" });
    let first = rural.post(&path, words.clone()).await.is(201).json();
    let second = rural.post(&path, words).await.is(201).json();
    assert_eq!(first, second);
    specialist.post(&path, json!({ "body": "看到了", "client_msg_id": "m-1" })).await.is(201);

    let all = specialist.get(&path).await.is(200).json();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    assert_eq!(scene.state(&record).await, "in_progress");
    scene.clinic.doctor().post(&path, json!({ "body": "  " })).await.is(422);
}

#[tokio::test]
async fn only_the_author_edits_a_draft_and_nobody_edits_what_was_sent() {
    let scene = Scene::open().await;
    let record = scene.drafted(json!({})).await;
    let change = json!({ "history": "十年高血压" });

    scene.clinic.second().patch(&record, change.clone()).await.is(403);
    scene.hospital.doctor().get(&record).await.is(404);
    scene.clinic.doctor().does(&record, "submit", json!({})).await.is(200);
    scene.clinic.doctor().patch(&record, change).await.is(409);
}

#[tokio::test]
async fn the_desk_and_the_doctors_find_what_waits_for_them() {
    let scene = Scene::open().await;
    let calm = scene.asked(json!({ "urgency": "routine" })).await;
    let urgent = scene.asked(json!({ "urgency": "emergency" })).await;
    let order = |answer: Answer| -> Vec<String> {
        let items = answer.is(200).json()["items"].as_array().unwrap().clone();
        items.iter().map(|item| format!("/consults/{}", item["id"].as_str().unwrap())).collect()
    };

    for person in [scene.hospital.doctor(), scene.hospital.desk()] {
        assert_eq!(order(person.get("/consults?box=waiting").await), [urgent.clone(), calm.clone()]);
    }
    let patient = format!("/consults?box=patient&patient={}", scene.patient);
    assert_eq!(order(scene.clinic.doctor().get(&patient).await).len(), 2);
    assert_eq!(order(scene.clinic.doctor().get("/consults?box=today").await).len(), 2);
    let ill = scene.clinic.doctor().get("/consults?box=nonsense").await.is(422).json();
    assert_eq!(ill["errors"][0]["field"], "box");
}

#[tokio::test]
async fn an_opinion_nobody_confirms_is_closed_after_three_days_and_flagged() {
    let scene = Scene::open().await;
    let record = scene.in_call().await;
    scene.hospital.doctor().does(&record, "give_opinion", opinion()).await.is(200);

    scene.after(72 * 3600).await;

    let flagged = "SELECT count(*) AS n FROM consults WHERE state = 'closed' AND unacknowledged = 1";
    assert_eq!(scene.alliance.read_one(flagged).await, 1);
}

#[tokio::test]
async fn what_was_written_about_a_patient_lies_sealed() {
    let scene = Scene::open().await;
    let record = scene.in_call().await;
    let said = json!({ "body": "MARKER-CHAT", "client_msg_id": "m-1" });
    scene.clinic.doctor().post(&format!("{record}/messages"), said).await.is(201);
    let mut signed = opinion();
    signed["conclusion"] = json!("MARKER-OPINION");
    scene.hospital.doctor().does(&record, "give_opinion", signed).await.is(200);
    scene.drafted(json!({ "question": "MARKER-QUESTION", "history": "MARKER-HISTORY" })).await;

    let mut tx = scene.alliance.ctx.db.read().await.unwrap();
    for sql in [
        "SELECT question AS sealed FROM consults",
        "SELECT history AS sealed FROM consults WHERE history IS NOT NULL",
        "SELECT body AS sealed FROM messages",
        "SELECT body AS sealed FROM opinions",
        "SELECT answer AS sealed FROM idempotency_keys WHERE answer IS NOT NULL",
    ] {
        let rows = causeway::store::Query::fetch_all(&mut tx, sql, vec![]).await.unwrap();
        assert!(!rows.is_empty(), "{sql}");
        for row in rows {
            let bytes: Vec<u8> = row.get("sealed").unwrap();
            assert!(!bytes.windows(7).any(|window| window == b"MARKER-"), "{sql}");
        }
    }
    let told = "SELECT count(*) AS n FROM journal WHERE payload LIKE '%MARKER%'";
    assert_eq!(scene.alliance.read_one(told).await, 0);
}
