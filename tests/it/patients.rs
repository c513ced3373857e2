//! Patients, through the front door.

use serde_json::json;

use crate::support::Alliance;

/// A valid number in a region that no county has: born 12 March 1968, a man.
const IDENTITY: &str = "990102196803121233";

fn number() -> String {
    let body = &IDENTITY[..17];
    format!("{body}{}", causeway::patients::check_digit(body))
}

#[tokio::test]
async fn a_patient_is_entered_once_and_found_by_everything_they_are_known_by() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Luwan").await;
    let doctor = clinic.doctor();

    let made = doctor
        .post("/patients", json!({ "name": "赵长河", "identity_number": number(), "phone": "199 0000 0147" }))
        .await
        .is(201)
        .json();

    assert_eq!(made["sex"], "male");
    assert_eq!(made["birth_date"], "1968-03-12");
    assert_eq!(made["record_no"], "P-000001");
    assert_eq!(made["identity_masked"], format!("990102********{}", &number()[14..]));
    assert_eq!(made["pinyin"], "Zhao Changhe");
    let tail = &number()[14..];
    for typed in ["赵", "长河", "zch", "zhaochang", "0147", tail, "P-000001"] {
        let found = doctor.get(&format!("/patients?q={}", encoded(typed))).await.is(200).json();
        assert_eq!(found["items"][0]["id"], made["id"], "{typed}");
    }
    let nobody = doctor.get("/patients?q=wang").await.is(200).json();
    assert_eq!(nobody["items"], json!([]));
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once_and_by_field() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Luwan").await;

    let body = json!({ "name": "赵长河", "identity_number": "990102196803121230", "phone": "12",
                       "birth_date": "tomorrow", "sex": "m" });
    let problem = clinic.doctor().post("/patients", body).await.is(422).json();

    let mut said: Vec<(String, String)> = problem["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|e| (e["field"].as_str().unwrap().to_owned(), e["code"].as_str().unwrap().to_owned()))
        .collect();
    said.sort();
    let wanted = [
        ("birth_date", "not_a_date"),
        ("identity_number", "checksum"),
        ("phone", "not_a_telephone"),
        ("sex", "not_one_of_these"),
    ];
    assert_eq!(said, wanted.map(|(field, code)| (field.to_owned(), code.to_owned())));
    let missing = clinic.doctor().post("/patients", json!({ "sex": "male" })).await.is(422).json();
    assert_eq!(missing["errors"][0], json!({ "field": "name", "code": "required" }));
}

#[tokio::test]
async fn the_same_identity_number_leads_to_the_person_who_is_there_already() {
    let alliance = Alliance::open().await;
    let (here, there) = (alliance.clinic("Luwan").await, alliance.clinic("Heping").await);
    let body = json!({ "name": "赵长河", "identity_number": number() });
    let made = here.doctor().post("/patients", body.clone()).await.is(201).json();
    let address = format!("/patients/{}", made["id"].as_str().unwrap());
    there.doctor().get(&address).await.is(404);

    let problem = there.doctor().post("/patients", body).await.is(409).json();

    assert_eq!(problem["code"], "patient_exists");
    assert_eq!(problem["patient_id"], made["id"]);
    let seen = there.doctor().get(&address).await.is(200).json();
    assert_eq!(seen["home_facility"]["name"], "Luwan");
}

#[tokio::test]
async fn a_repeated_key_gives_the_same_patient_and_another_body_is_refused() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Luwan").await;
    let body = json!({ "name": "孙玉柱", "birth_date": "1960-01-02", "sex": "male" });

    let first = clinic.doctor().post_as("/patients", "key-0000-0001", body.clone()).await.is(201).json();
    let again = clinic.doctor().post_as("/patients", "key-0000-0001", body).await.is(201).json();
    let other = json!({ "name": "孙玉", "birth_date": "1960-01-02", "sex": "male" });
    let refused = clinic.doctor().post_as("/patients", "key-0000-0001", other).await.is(422).json();

    assert_eq!(first, again);
    assert_eq!(refused["code"], "idempotency_key_reused");
    assert_eq!(alliance.read_one("SELECT count(*) AS n FROM patients").await, 1);
}

#[tokio::test]
async fn a_newborn_and_an_unconscious_person_are_entered_without_a_number() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Luwan").await;

    let newborn = json!({ "name": "林秋雁之子", "no_id_reason": "newborn", "sex": "male",
                          "birth_date": "2026-03-01", "guardian": { "name": "林秋雁", "phone": "19900000101" } });
    let made = clinic.doctor().post("/patients", newborn).await.is(201).json();
    assert_eq!(made["guardian"]["name"], "林秋雁");

    let unknown = json!({ "name": "无名氏", "no_id_reason": "unconscious" });
    let made = clinic.doctor().post("/patients", unknown).await.is(201).json();
    assert_eq!((&made["sex"], &made["birth_date"]), (&json!("unknown"), &json!(null)));
}

#[tokio::test]
async fn those_who_do_not_treat_patients_neither_enter_nor_see_them() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Luwan").await;
    let id = alliance.patient(clinic.doctor(), "何翠莲").await;

    clinic.admin().get(&format!("/patients/{id}")).await.is(404);
    clinic.admin().post("/patients", json!({ "name": "何翠莲", "birth_date": "1960-01-02" })).await.is(403);
    alliance.stranger().get(&format!("/patients/{id}")).await.is(401);
    clinic.doctor().get("/patients/pat-nonsense").await.is(404);
}

#[tokio::test]
async fn nothing_about_a_patient_lies_in_clear_and_every_look_is_journaled() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Luwan").await;
    let body = json!({ "name": "周桂芬独一无二", "identity_number": number(), "phone": "19987654321", "address": "芦湾镇东巷九号" });
    let id = clinic.doctor().post("/patients", body).await.is(201).text("id");
    clinic.doctor().get(&format!("/patients/{id}")).await.is(200);

    assert_eq!(alliance.journal_of(&id).await, ["patient.create", "patient.read"]);
    alliance.ctx.db.close().await;
    for file in std::fs::read_dir(alliance.store.folder()).into_iter().flatten().flatten() {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        for secret in ["周桂芬", "19987654321", &number(), "东巷", "zhouguifen"] {
            let clear = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!clear, "{secret} lies in clear in {}", file.path().display());
        }
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn two_records_of_one_person_are_merged_read_as_one_and_taken_apart_again() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Central").await);
    let doctor = clinic.doctor();
    let unknown = json!({ "name": "身份不明 08:30", "no_id_reason": "unconscious", "allergies": ["青霉素"] });
    let gone = doctor.post("/patients", unknown).await.is(201).text("id");
    let known =
        json!({ "name": "赵长河", "identity_number": number(), "phone": "19900000147", "allergies": ["碘"] });
    let kept = doctor.post("/patients", known).await.is(201).text("id");
    let letter = json!({ "patient_id": gone, "direction": "up", "to_department": hospital.department(),
                         "urgency": "emergency", "reason_text": "x" });
    let referral = doctor.post("/referrals", letter).await.is(201).text("id");
    let record = format!("/patients/{kept}");

    let one = doctor.does(&record, "merge", json!({ "other": gone })).await.is(200).json();

    assert_eq!(one["allergies"], json!(["碘", "青霉素"]), "what is dangerous is shown at once");
    assert_eq!(one["merged"][0]["id"], json!(gone));
    let found = doctor.get(&format!("/patients?q={}", encoded("身份不明"))).await.is(200).json();
    assert_eq!((found["items"].as_array().unwrap().len(), &found["items"][0]["id"]), (1, &json!(kept)));
    let recent = doctor.get("/patients/recent").await.is(200).json();
    assert_eq!(recent["items"].as_array().unwrap().len(), 1);
    let theirs = doctor.get(&format!("/referrals?box=patient&patient={kept}")).await.is(200).json();
    assert_eq!(theirs["items"][0]["id"], json!(referral), "the records follow");
    assert_eq!(theirs["items"][0]["patient"]["name"], "赵长河");
    let old = doctor.get(&format!("/patients/{gone}")).await.is(200).json();
    assert_eq!(old["merged_into"], json!(kept));
    for (record, other) in [(&kept, &gone), (&gone, &kept), (&kept, &kept)] {
        let refused =
            doctor.does(&format!("/patients/{record}"), "merge", json!({ "other": other })).await.is(422);
        assert_eq!(refused.json()["errors"][0]["code"], "merged_already");
    }

    let again = doctor.does(&record, "unmerge", json!({ "other": gone })).await.is(200).json();

    assert_eq!((&again["allergies"], &again["merged"]), (&json!(["碘"]), &json!([])));
    let found = doctor.get(&format!("/patients?q={}", encoded("身份不明"))).await.is(200).json();
    assert_eq!(found["items"][0]["id"], json!(gone));
    let theirs = doctor.get(&format!("/referrals?box=patient&patient={kept}")).await.is(200).json();
    assert_eq!(theirs["items"], json!([]));
    for id in [&kept, &gone] {
        let journal = alliance.journal_of(id).await;
        let steps: Vec<_> = journal.iter().filter(|step| step.contains("merge")).collect();
        assert_eq!(steps, ["patient.merge", "patient.unmerge"]);
    }
}

#[tokio::test]
async fn two_people_are_not_merged_and_nobody_merges_what_they_may_not_open() {
    let alliance = Alliance::open().await;
    let (here, there) = (alliance.clinic("Luwan").await, alliance.clinic("Heping").await);
    let other = "99010219680312124";
    let other = format!("{other}{}", causeway::patients::check_digit(other));
    let first = json!({ "name": "赵长河", "identity_number": number() });
    let second = json!({ "name": "赵长河", "identity_number": other });
    let first = here.doctor().post("/patients", first).await.is(201).text("id");
    let second = here.doctor().post("/patients", second).await.is(201).text("id");
    let elsewhere = alliance.patient(there.doctor(), "赵长河").await;
    let record = format!("/patients/{first}");

    let refused = here.doctor().does(&record, "merge", json!({ "other": second })).await.is(422).json();
    assert_eq!(refused["errors"][0]["code"], "other_identity");
    here.doctor().does(&record, "merge", json!({ "other": elsewhere })).await.is(404);
    there.doctor().get(&record).await.is(404);
    let refused = here.doctor().does(&record, "unmerge", json!({ "other": second })).await.is(422).json();
    assert_eq!(refused["errors"][0]["code"], "not_merged");
}
