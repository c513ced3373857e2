//! Consents, through the doors that people use: given, looked at, replaced, taken back, done without.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Alliance, Person, Place};

fn strokes() -> Value {
    let line: Vec<_> = (0..60).map(|n| json!([n * 8, 80 + (n % 7) * 6])).collect();
    json!({ "width": 600, "height": 200, "lines": [line, [[500, 40], [502, 160]]] })
}

/// A patient's signature on the screen, under the newest text.
fn signed() -> Value {
    json!({ "method": "on_screen", "signer": "patient", "signature": strokes(), "text_version": 1, "text_lang": "zh" })
}

fn question(patient: &str, to: &Place) -> Value {
    json!({
        "patient_id": patient, "to_department": to.department(), "kind": "async", "urgency": "emergency",
        "question": "胸痛两小时，ST 段抬高，是否立即上转做介入？",
    })
}

struct Scene {
    alliance: Alliance,
    clinic: Place,
    hospital: Place,
}

impl Scene {
    async fn open() -> Self {
        let alliance = Alliance::open().await;
        let hospital = alliance.hospital("Central").await;
        let clinic = alliance.clinic("Luwan").await;
        Self { alliance, clinic, hospital }
    }

    /// A consult that was sent with `consent`.
    async fn consult(&self, with: Value) -> String {
        let patient = self.alliance.patient(self.clinic.doctor(), "赵长河").await;
        let mut form = question(&patient, &self.hospital);
        form.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        let id = self.clinic.doctor().post("/consults", form).await.is(201).text("id");
        let record = format!("/consults/{id}");
        self.clinic.doctor().does(&record, "submit", json!({})).await.is(200);
        record
    }

    async fn referral(&self, consent: Value) -> String {
        let patient = self.alliance.patient(self.clinic.doctor(), "赵长河").await;
        let letter = json!({
            "patient_id": patient, "direction": "up", "to_department": self.hospital.department(),
            "urgency": "urgent", "reason_text": "No catheter laboratory here", "consent": consent,
            "diagnoses": [{ "code": "I21.1", "text": "Acute inferior infarction", "role": "primary" }],
        });
        let id = self.clinic.doctor().post("/referrals", letter).await.is(201).text("id");
        format!("/referrals/{id}")
    }
}

async fn consents(who: &Person, record: &str) -> Vec<Value> {
    who.get(&format!("{record}/consents")).await.is(200).json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_signature_on_the_screen_is_kept_with_its_text_and_both_sides_can_look_at_it() {
    let scene = Scene::open().await;

    let record = scene.consult(json!({ "consent": signed() })).await;

    let seen = consents(scene.hospital.doctor(), &record).await;
    assert_eq!(seen.len(), 1, "a draft leaves nothing behind");
    assert_eq!(seen[0]["text"], json!({ "scope": "consult", "version": 1, "lang": "zh" }));
    assert_eq!((&seen[0]["has_signature"], &seen[0]["signer"]), (&json!(true), &json!("patient")));
    let picture = format!("{record}/consents/{}/signature", seen[0]["id"].as_str().unwrap());
    let svg = scene.hospital.doctor().get(&picture).await.is(200);
    assert_eq!(svg.header("content-type"), "image/svg+xml");
    assert!(svg.header("content-security-policy").starts_with("sandbox"));
    assert_eq!(String::from_utf8(svg.body.clone()).unwrap().matches("<path").count(), 2);
    let text = scene.hospital.doctor().get("/consent-texts/consult?version=1").await.is(200).json();
    assert!(text["texts"][0]["words"].as_str().unwrap().starts_with("远程会诊知情同意书"));
    scene.alliance.stranger().get(&picture).await.is(401);
    scene.alliance.clinic("Elsewhere").await.doctor().get(&picture).await.is(404);
    let id = record.rsplit('/').next().unwrap();
    assert!(scene.alliance.journal_of(id).await.contains(&"consent.look".to_owned()));
}

#[tokio::test]
async fn a_signature_that_is_none_and_a_photograph_of_another_record_are_refused() {
    let scene = Scene::open().await;
    let record = scene.consult(json!({ "consent": { "method": "paper", "signer": "patient" } })).await;
    let give = format!("{record}/consents");
    let doctor = scene.clinic.doctor();

    let unsigned = json!({ "method": "on_screen", "signer": "patient", "text_version": 1 });
    let refused = doctor.post(&give, unsigned).await.is(422).json();
    assert_eq!(refused["errors"][0]["field"], "consent.signature");
    let stolen =
        json!({ "method": "paper", "signer": "patient", "photo": "att-019cb0d43b0070008000000000000001" });
    let refused = doctor.post(&give, stolen).await.is(422).json();
    assert_eq!(refused["errors"], json!([{ "field": "consent.photo", "code": "unknown" }]));
    scene.hospital.doctor().post(&give, signed()).await.is(403);
    assert_eq!(consents(doctor, &record).await.len(), 1, "a refusal changes nothing");
}

#[tokio::test]
async fn the_paper_is_photographed_afterwards_and_what_was_there_before_stays_readable() {
    let scene = Scene::open().await;
    let doctor = scene.clinic.doctor();
    let record =
        scene.consult(json!({ "override": { "reason": "昏迷，独居", "reason_code": "unconscious" } })).await;
    let photo = doctor.attaches(&record, "consent.pdf", "application/pdf", pdf()).await.is(201).text("id");

    let paper = json!({ "method": "paper", "signer": "guardian", "signer_name": "赵新", "relation": "child", "photo": photo });
    let key = "consent-key-1";
    let first = doctor.post_as(&format!("{record}/consents"), key, paper.clone()).await.is(201).json();
    let again = doctor.post_as(&format!("{record}/consents"), key, paper.clone()).await.is(201).json();
    let anew = doctor.post_as(&format!("{record}/consents"), "consent-key-2", paper).await.is(201).json();

    assert_eq!(first, again);
    assert_eq!(first, anew, "what holds already is shown");
    assert_eq!((&first["photo"], &first["signer_name"]), (&json!(photo), &json!("赵新")));
    let all = consents(doctor, &record).await;
    let methods: Vec<_> = all.iter().map(|one| one["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["paper", "override"]);
    assert!(all[1]["replaced_at"].is_string(), "the override is not wiped away");
    assert_eq!(doctor.get(&record).await.json()["consent"]["relation"], "child");
}

#[tokio::test]
async fn a_consent_taken_back_ends_the_request_and_shuts_the_patient_to_the_asked_side() {
    let scene = Scene::open().await;
    let (clinic, hospital) = (&scene.clinic, &scene.hospital);
    let record = scene.consult(json!({ "consent": signed() })).await;
    let patient = clinic.doctor().get(&record).await.json()["patient"]["id"].as_str().unwrap().to_owned();
    hospital.doctor().get(&format!("/patients/{patient}")).await.is(200);
    let consent = consents(clinic.doctor(), &record).await[0]["id"].as_str().unwrap().to_owned();
    let back = format!("{record}/consents/{consent}/withdraw");
    hospital.doctor().post(&back, json!({ "wish": "patient" })).await.is(403);

    let after =
        clinic.doctor().post(&back, json!({ "wish": "patient", "note": "想先回家" })).await.is(200).json();

    assert_eq!(after["items"][0]["withdrawn"]["wish"], "patient");
    let seen = clinic.doctor().get(&record).await.is(200).json();
    assert_eq!(
        (&seen["state"], &seen["consent"]["withdrawn"]["note"]),
        (&json!("cancelled"), &json!("想先回家"))
    );
    hospital.doctor().get(&format!("/patients/{patient}")).await.is(404);
    hospital.doctor().get(&record).await.is(404);
    hospital.desk().get(&record).await.is(403);
    hospital.doctor().get(&format!("{record}/attachments")).await.is(404);
    let waiting = hospital.doctor().get("/consults?box=waiting").await.is(200).json();
    assert_eq!(waiting["items"], json!([]));
    let twice = clinic.doctor().post(&back, json!({ "wish": "patient" })).await.is(409).json();
    assert_eq!(twice["why_code"], "no_consent");
    let id = record.rsplit('/').next().unwrap();
    let journal = scene.alliance.journal_of(id).await;
    let told: Vec<_> =
        journal.iter().filter(|a| *a == "consent.withdraw" || *a == "consult.cancel").collect();
    assert_eq!(told, ["consent.withdraw", "consult.cancel"]);
}

#[tokio::test]
async fn a_conversation_ends_when_the_consent_is_taken_back_and_a_signed_opinion_stays() {
    let scene = Scene::open().await;
    let (clinic, hospital) = (&scene.clinic, &scene.hospital);
    let record = scene.consult(json!({ "consent": signed() })).await;
    hospital.doctor().does(&record, "take", json!({})).await.is(200);
    let opinion = json!({ "conclusion": "下壁心梗", "advice": "立即上转", "diagnoses": [{ "text": "急性下壁心肌梗死", "code": "I21.1" }], "next": "refer_up" });
    hospital.doctor().does(&record, "give_opinion", opinion).await.is(200);
    let consent = consents(clinic.doctor(), &record).await[0]["id"].as_str().unwrap().to_owned();

    let back = format!("{record}/consents/{consent}/withdraw");
    clinic.doctor().post(&back, json!({ "wish": "patient" })).await.is(200);

    let seen = clinic.doctor().get(&record).await.is(200).json();
    assert_eq!(seen["state"], "opinion_given");
    assert_eq!(seen["opinion"]["conclusion"], "下壁心梗");
    clinic.doctor().does(&record, "acknowledge", json!({ "adopted": "full" })).await.is(200);
    hospital.doctor().get(&record).await.is(404);
}

#[tokio::test]
async fn the_consent_of_a_referral_is_kept_where_all_are_and_taken_back_until_the_patient_comes() {
    let scene = Scene::open().await;
    let (clinic, hospital) = (&scene.clinic, &scene.hospital);
    let record = scene.referral(json!({ "method": "paper", "signer": "patient" })).await;
    let said =
        json!({ "method": "verbal_witness", "signer": "patient", "witness": "宋护士", "text_version": 1 });
    clinic.doctor().patch(&record, json!({ "consent": said })).await.is(200);
    clinic.doctor().patch(&record, json!({ "consent": said, "companion": "女儿" })).await.is(200);
    clinic.doctor().does(&record, "submit", json!({})).await.is(200);

    let seen = consents(hospital.desk(), &record).await;
    assert_eq!(seen.len(), 1);
    assert_eq!((&seen[0]["method"], &seen[0]["witness"]), (&json!("verbal_witness"), &json!("宋护士")));
    assert_eq!(seen[0]["text"]["scope"], "referral");
    let booking = json!({ "start": "2026-03-02T07:15:00Z", "location": "CCU, bed 3" });
    hospital.desk().does(&record, "accept_and_schedule", booking).await.is(200);
    let back = format!("{record}/consents/{}/withdraw", seen[0]["id"].as_str().unwrap());
    clinic.doctor().post(&back, json!({ "wish": "guardian" })).await.is(200);

    let own = clinic.doctor().get(&record).await.is(200).json();
    assert_eq!((&own["state"], &own["end_reason"].is_string()), (&json!("cancelled"), &true));
    let theirs = hospital.desk().get(&record).await.is(200).json();
    assert_eq!(theirs["state"], "cancelled", "the desk learns that nobody comes");
    assert_eq!((&theirs["present_illness"], &theirs["patient_snapshot"]), (&Value::Null, &Value::Null));
    hospital.desk().get(&format!("{record}/attachments")).await.is(403);
    hospital.desk().get(&format!("{record}/consents")).await.is(403);
}

#[tokio::test]
async fn once_the_patient_is_there_the_hospital_goes_on_treating() {
    let scene = Scene::open().await;
    let (clinic, hospital) = (&scene.clinic, &scene.hospital);
    let record = scene.referral(json!({ "method": "paper", "signer": "patient" })).await;
    clinic.doctor().does(&record, "submit", json!({})).await.is(200);
    hospital.desk().does(&record, "accept", json!({})).await.is(200);
    hospital.desk().does(&record, "arrive", json!({})).await.is(200);
    let consent = consents(clinic.doctor(), &record).await[0]["id"].as_str().unwrap().to_owned();

    clinic
        .doctor()
        .post(&format!("{record}/consents/{consent}/withdraw"), json!({ "wish": "patient" }))
        .await
        .is(200);

    let seen = hospital.doctor().get(&record).await.is(200).json();
    assert_eq!(seen["state"], "arrived");
    assert!(seen["open_actions"].as_array().unwrap().contains(&json!("treat")));
}

#[tokio::test]
async fn an_override_is_looked_at_by_somebody_else_who_sees_why_and_not_whom() {
    let scene = Scene::open().await;
    let overridden =
        json!({ "override": { "reason": "昏迷，独居，无法联系家属", "reason_code": "unconscious" } });
    let record = scene.consult(overridden).await;
    let no = scene.clinic.doctor().get(&record).await.json()["no"].clone();
    scene.clinic.doctor().get("/overrides").await.is(403);
    let auditor = scene.alliance.person("Auditor", scene.clinic.facility, None, "auditor").await;
    let elsewhere = scene.alliance.clinic("Elsewhere").await;
    assert_eq!(elsewhere.admin().get("/overrides").await.is(200).json()["items"], json!([]));

    let listed = auditor.get("/overrides").await.is(200).json()["items"].clone();

    assert_eq!(listed.as_array().unwrap().len(), 1);
    let one = &listed[0];
    assert_eq!((&one["no"], &one["reason_code"], &one["review"]), (&no, &json!("unconscious"), &Value::Null));
    assert!(!one.to_string().contains("赵长河"));
    let review = format!("/overrides/{}/review", one["id"].as_str().unwrap());
    elsewhere.admin().post(&review, json!({ "finding": "justified" })).await.is(404);
    let wordless = auditor.post(&review, json!({ "finding": "not_justified" })).await.is(422).json();
    assert_eq!(wordless["errors"][0]["field"], "note");
    auditor.get(&record).await.is(403);
    auditor.post(&review, json!({ "finding": "justified", "note": "抢救记录相符" })).await.is(200);
    assert_eq!(
        auditor.post(&review, json!({ "finding": "justified" })).await.is(409).json()["why_code"],
        "reviewed"
    );
    let id = record.rsplit('/').next().unwrap();
    let journal = scene.alliance.journal_of(id).await;
    let told: Vec<_> = journal.iter().filter(|action| action.starts_with("consent.")).collect();
    assert_eq!(told, ["consent.override", "consent.review"]);
}

#[tokio::test]
async fn who_was_only_rung_reads_a_consult_for_thirty_days_and_then_no_more() {
    let scene = Scene::open().await;
    let patient = scene.alliance.patient(scene.clinic.doctor(), "赵长河").await;
    let mut form = question(&patient, &scene.hospital);
    form["kind"] = json!("instant");
    form["consent"] = signed();
    let id = scene.clinic.doctor().post("/consults", form).await.is(201).text("id");
    let record = format!("/consults/{id}");
    scene.clinic.doctor().does(&record, "submit", json!({})).await.is(200);
    scene.clinic.doctor().does(&record, "cancel", json!({ "reason": "stable again" })).await.is(200);
    // He was rung as one of the department, and has left it since.
    let rung = scene.hospital.doctor();
    let mut tx = scene.alliance.ctx.db.write_quiet("test.leave").await.unwrap();
    tx.execute(
        "UPDATE user_roles SET department_id = NULL WHERE user_id = $1",
        causeway::store::args![rung.id],
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    rung.get(&record).await.is(200);

    scene.alliance.clock.forward(Duration::from_secs(31 * 24 * 3600));

    let late = scene.alliance.person("Later", scene.hospital.facility, None, "specialist").await;
    let mut tx = scene.alliance.ctx.db.read().await.unwrap();
    let who = causeway::auth::principal_of(&scene.alliance.ctx, rung.id).await.unwrap();
    let now = causeway::kernel::Clock::now(&*scene.alliance.clock);
    let refused = causeway::consult::load_for(&mut tx, &who, id.parse().unwrap(), now).await;
    assert!(refused.is_err(), "thirty days are over");
    late.get(&record).await.is(403);
}

fn pdf() -> Vec<u8> {
    b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n".to_vec()
}
