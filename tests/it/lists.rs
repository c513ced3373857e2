//! Lists: whole, once each, in a bounded number of questions, and told to the journal.

use std::collections::BTreeSet;
use std::time::Duration;

use causeway::kernel::SessionId;
use causeway::store::{Query, args};
use serde_json::{Value, json};

use crate::support::{Alliance, Person, Place};

/// A letter that `clinic` sent to `hospital`; answers with its id.
async fn sent(alliance: &Alliance, clinic: &Place, hospital: &Place, name: &str) -> String {
    let patient = alliance.patient(clinic.doctor(), name).await;
    let letter = json!({
        "patient_id": patient,
        "direction": "up",
        "to_department": hospital.department(),
        "urgency": "urgent",
        "reason_text": "No catheter laboratory here",
        "diagnoses": [{ "code": "I21.1", "text": "Acute inferior infarction", "role": "primary" }],
        "present_illness": "Chest pain for two hours",
        "requested_service": "inpatient",
        "consent": { "method": "paper", "signer": "patient" }
    });
    let id = clinic.doctor().post("/referrals", letter).await.is(201).text("id");
    clinic.doctor().does(&format!("/referrals/{id}"), "submit", json!({})).await.is(200);
    id
}

/// A consult that `clinic` asked of `hospital` in writing; answers with its id.
async fn asked(alliance: &Alliance, clinic: &Place, hospital: &Place, name: &str) -> String {
    let patient = alliance.patient(clinic.doctor(), name).await;
    let draft = json!({
        "patient_id": patient, "to_department": hospital.department(), "kind": "async", "urgency": "routine",
        "question": "Is this a block?", "consent": { "method": "paper", "signer": "patient" }
    });
    let id = clinic.doctor().post("/consults", draft).await.is(201).text("id");
    clinic.doctor().does(&format!("/consults/{id}"), "submit", json!({})).await.is(200);
    id
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| item["id"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Every id of a list in the order of its pages of `limit`, with `between` run after each page.
async fn walk(who: &Person, list: &str, limit: usize, mut between: impl AsyncFnMut()) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = who.get(&format!("{list}&limit={limit}{cursor}")).await.is(200).json();
        found.extend(ids(&page));
        let Some(next) = page["next"].as_str() else { return found };
        assert_eq!(ids(&page).len(), limit, "a page that is not the last is full");
        cursor = format!("&cursor={next}");
        between().await;
    }
}

fn once_each(found: &[String]) -> BTreeSet<String> {
    let each: BTreeSet<String> = found.iter().cloned().collect();
    assert_eq!(each.len(), found.len(), "some came twice: {found:?}");
    each
}

#[tokio::test]
async fn all_pages_of_a_desk_show_each_letter_once_while_others_come_in() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let mut before = BTreeSet::new();
    for n in 0..11 {
        alliance.clock.forward(Duration::from_secs(60));
        before.insert(sent(&alliance, &clinic, &hospital, &format!("Patient {n}")).await);
    }

    for (who, list) in [
        (hospital.desk(), "/referrals?box=in&tab=decide"),
        (hospital.doctor(), "/referrals?box=in"),
        (clinic.desk(), "/referrals?box=out"),
        (clinic.doctor(), "/referrals?box=mine"),
    ] {
        let found = walk(who, list, 3, async || {
            sent(&alliance, &clinic, &hospital, "Somebody new").await;
        })
        .await;

        let each = once_each(&found);
        assert!(before.is_subset(&each), "{list} left out {:?}", before.difference(&each));
    }
}

#[tokio::test]
async fn all_pages_of_consults_and_patients_show_each_once_while_others_come_in() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let mut before = BTreeSet::new();
    for n in 0..7 {
        alliance.clock.forward(Duration::from_secs(60));
        before.insert(asked(&alliance, &clinic, &hospital, &format!("Patient {n}")).await);
    }

    for (who, list) in [
        (hospital.doctor(), "/consults?box=waiting"),
        (hospital.desk(), "/consults?box=waiting"),
        (clinic.doctor(), "/consults?box=mine"),
        (clinic.doctor(), "/consults?box=today"),
    ] {
        let found = walk(who, list, 2, async || {
            alliance.clock.forward(Duration::from_secs(1));
            asked(&alliance, &clinic, &hospital, "Somebody new").await;
        })
        .await;

        let each = once_each(&found);
        assert!(before.is_subset(&each), "{list} left out {:?}", before.difference(&each));
    }
    let patients = walk(clinic.doctor(), "/patients?q=pa", 3, async || {
        alliance.patient(clinic.doctor(), "Pa Xinlai").await;
    })
    .await;
    assert!(once_each(&patients).len() >= 7);
}

#[tokio::test]
async fn what_was_said_and_done_is_read_page_by_page() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let consult = format!("/consults/{}", asked(&alliance, &clinic, &hospital, "Zhao Changhe").await);
    for n in 0..5 {
        clinic
            .doctor()
            .post(&format!("{consult}/messages"), json!({ "body": format!("word {n}") }))
            .await
            .is(201);
    }
    let words = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["body"].as_str().unwrap_or_default().to_owned()).collect()
    };

    let latest = clinic.doctor().get(&format!("{consult}/messages?limit=2")).await.is(200).json();
    let next = latest["next"].as_str().unwrap().to_owned();
    let earlier =
        clinic.doctor().get(&format!("{consult}/messages?limit=9&cursor={next}")).await.is(200).json();

    assert_eq!(words(&latest), ["word 3", "word 4"]);
    assert_eq!(words(&earlier), ["word 0", "word 1", "word 2"]);
    assert_eq!(earlier["next"], Value::Null);
    let referral = sent(&alliance, &clinic, &hospital, "Zhao Changhe").await;
    let first = clinic.doctor().get(&format!("/referrals/{referral}/history?limit=1")).await.is(200).json();
    let cursor = first["next"].as_str().unwrap();
    let rest =
        clinic.doctor().get(&format!("/referrals/{referral}/history?cursor={cursor}")).await.is(200).json();
    assert_eq!(
        (&first["items"][0]["action"], &rest["items"][0]["action"]),
        (&json!("referral.create"), &json!("referral.submit"))
    );
}

#[tokio::test]
async fn tokens_sessions_consents_overrides_and_rows_are_read_page_by_page() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let doctor = clinic.doctor();
    let mut records = Vec::new();
    for n in 0..3 {
        alliance.clock.forward(Duration::from_secs(60));
        let token =
            json!({ "name": format!("HIS {n}"), "user": doctor.id, "scopes": ["read:consults"], "days": 9 });
        clinic.admin().post("/admin/tokens", token).await.is(201);
        let mut tx = alliance.ctx.db.write_quiet("test.session").await.unwrap();
        tx.execute(
            "INSERT INTO sessions (id, user_id, token_hash, stamp, created_at, expires_at)
             SELECT $1, user_id, $2, stamp, $3, expires_at FROM sessions WHERE user_id = $4 AND token_hash NOT LIKE 'more-%'",
            args![
                SessionId::draw(alliance.ctx.clock.now(), &*alliance.ctx.dice),
                format!("more-{n}"),
                alliance.ctx.clock.now(),
                doctor.id
            ],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        let patient = alliance.patient(doctor, &format!("Patient {n}")).await;
        let letter = json!({ "patient_id": patient, "direction": "up", "to_department": hospital.department(),
            "urgency": "emergency", "reason_text": "Collapsed",
            "override": { "reason": "Unconscious, alone", "reason_code": "unconscious" } });
        let record = format!("/referrals/{}", doctor.post("/referrals", letter).await.is(201).text("id"));
        doctor.does(&record, "submit", json!({})).await.is(200);
        records.push(record);
    }
    let paper = json!({ "method": "paper", "signer": "patient" });
    doctor.post(&format!("{}/consents", records[0]), paper).await.is(201);
    causeway::stats::catch_up(&alliance.ctx).await.unwrap();

    let consents = format!("{}/consents?", records[0]);
    for (who, list, n) in [
        (clinic.admin(), "/admin/tokens?", 3),
        (hospital.admin(), "/admin/tokens?", 0),
        (doctor, "/session/tokens?", 3),
        (doctor, "/sessions?", 4),
        (doctor, &consents, 2),
        (clinic.admin(), "/overrides?", 3),
        (clinic.admin(), "/statistics/rows?measure=sent", 3),
    ] {
        let whole = ids(&who.get(&format!("{list}&limit=200")).await.is(200).json());
        let paged = walk(who, list, 1, async || {}).await;
        assert_eq!(once_each(&paged).len(), n, "{list}");
        assert_eq!(paged, whole, "{list}");
    }
    let people = format!("/admin/people/{}/sessions?", doctor.id);
    assert_eq!(once_each(&walk(clinic.admin(), &people, 3, async || {}).await).len(), 4);
    let next = doctor.get("/sessions?limit=1").await.is(200).json()["next"].as_str().unwrap().to_owned();
    for list in ["/session/tokens", &consents[..consents.len() - 1]] {
        doctor.get(&format!("{list}?cursor={next}")).await.is(422);
    }
}

#[tokio::test]
async fn a_cursor_that_is_broken_or_of_another_list_is_refused() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    for n in 0..2 {
        sent(&alliance, &clinic, &hospital, &format!("Patient {n}")).await;
    }
    let desk = hospital.desk();
    let page = desk.get("/referrals?box=in&tab=decide&limit=1").await.is(200).json();
    let next = page["next"].as_str().unwrap();

    for list in [
        format!("/referrals?box=in&cursor={next}"),
        format!("/referrals?box=out&tab=decide&cursor={next}"),
        format!("/referrals?box=in&tab=decide&q=zhao&cursor={next}"),
        format!("/consults?box=waiting&cursor={next}"),
        format!("/patients?q=pa&cursor={next}"),
        format!("/referrals?box=in&tab=decide&cursor={}", &next[1..]),
        "/referrals?box=in&tab=decide&cursor=%00".to_owned(),
    ] {
        let refused = desk.get(&list).await.is(422).json();
        assert_eq!(refused["errors"][0], json!({ "field": "cursor", "code": "not_right" }), "{list}");
    }
    desk.get(&format!("/referrals?box=in&tab=decide&limit=1&cursor={next}")).await.is(200);
}

/// How many statements a request costs, at its cheapest: others may ask at the same moment.
async fn statements(alliance: &Alliance, who: &Person, list: &str) -> u64 {
    let mut fewest = u64::MAX;
    for _ in 0..8 {
        let before = alliance.ctx.db.statements();
        who.get(list).await.is(200);
        fewest = fewest.min(alliance.ctx.db.statements() - before);
    }
    fewest
}

#[tokio::test]
async fn a_list_of_a_hundred_costs_as_many_statements_as_a_list_of_one() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let lists = [
        (hospital.desk(), "/referrals?box=in&tab=decide&limit=200"),
        (hospital.desk(), "/referrals?box=in&q=pa&limit=200"),
        (hospital.doctor(), "/referrals?box=in&limit=200"),
        (clinic.desk(), "/referrals?box=out&limit=200"),
        (clinic.doctor(), "/referrals?box=mine&limit=200"),
        (hospital.doctor(), "/consults?box=waiting&limit=200"),
        (hospital.desk(), "/consults?box=waiting&limit=200"),
        (clinic.doctor(), "/consults?box=mine&limit=200"),
        (clinic.doctor(), "/consults?box=today&limit=200"),
        (clinic.doctor(), "/patients?q=pa&limit=200"),
        (clinic.doctor(), "/patients/recent"),
    ];
    sent(&alliance, &clinic, &hospital, "Pa Yi").await;
    asked(&alliance, &clinic, &hospital, "Pa Yi").await;
    let mut of_one = Vec::new();
    for (who, list) in lists {
        of_one.push(statements(&alliance, who, list).await);
    }
    for n in 0..99 {
        sent(&alliance, &clinic, &hospital, &format!("Pa {n}")).await;
        asked(&alliance, &clinic, &hospital, &format!("Pa {n}")).await;
    }

    for ((who, list), of_one) in lists.into_iter().zip(of_one) {
        let of_many = statements(&alliance, who, list).await;
        println!("{list}: {of_one} statements for one row, {of_many} for a hundred");
        assert_eq!(of_many, of_one, "{list}");
    }
}

#[tokio::test]
async fn a_look_at_a_list_is_journaled_once_and_again_when_it_shows_others() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let first = sent(&alliance, &clinic, &hospital, "Zhao Changhe").await;
    let looks = async |alliance: &Alliance| -> Vec<Value> {
        let mut tx = alliance.ctx.db.read().await.unwrap();
        let sql = "SELECT payload FROM journal WHERE action = 'referral.list' AND actor = $1 ORDER BY seq";
        let rows = tx.fetch_all(sql, args![hospital.desk().id.to_string()]).await.unwrap();
        rows.iter().map(|row| row.json("payload").unwrap()).collect()
    };
    let desk = "/referrals?box=in&tab=decide";

    hospital.desk().get(desk).await.is(200);
    hospital.desk().get(desk).await.is(200);
    assert_eq!(looks(&alliance).await.len(), 1, "the same look is one look");
    let second = sent(&alliance, &clinic, &hospital, "Qian Guilan").await;
    hospital.desk().get(desk).await.is(200);
    alliance.clock.forward(Duration::from_secs(61));
    hospital.desk().get(desk).await.is(200);
    hospital.desk().get("/referrals?box=in&q=Zhao").await.is(200);

    let told = looks(&alliance).await;
    let shown: Vec<Vec<Value>> =
        told.iter().map(|look| look["shown"].as_array().cloned().unwrap_or_default()).collect();
    assert_eq!(shown[0], [json!(first)]);
    assert_eq!((shown[1].len(), shown[2].len(), shown.len()), (2, 2, 4));
    assert!(shown[1].contains(&json!(second)));
    assert_eq!(shown[3], [json!(first)]);
    assert_eq!(told[3]["by"]["q"], json!(true), "that something was typed, not what");
    assert!(!told.iter().any(|look| look.to_string().contains("Zhao")));
}

#[tokio::test]
async fn a_desk_finds_by_name_pinyin_initials_telephone_and_number() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let other = sent(&alliance, &clinic, &hospital, "钱桂兰").await;
    let meant = sent(&alliance, &clinic, &hospital, "赵长河").await;
    let no = clinic.doctor().get(&format!("/referrals/{meant}")).await.is(200).text("no");

    for (who, list) in
        [(hospital.desk(), "box=in"), (clinic.desk(), "box=out"), (hospital.doctor(), "box=in")]
    {
        for typed in ["赵长河", "赵", "长河", "zhaochang", "zch", &no, &no.to_lowercase(), "000002", "2"]
        {
            let typed: String = typed.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let found = who.get(&format!("/referrals?{list}&q={typed}")).await.is(200).json();
            assert_eq!(ids(&found), std::slice::from_ref(&meant), "{list} {typed}");
        }
        let both = who.get(&format!("/referrals?{list}&q=1234")).await.is(200).json();
        assert_eq!(once_each(&ids(&both)), BTreeSet::from([meant.clone(), other.clone()]));
        let tail = who.get(&format!("/referrals?{list}&tab=done&q=1234")).await.is(200).json();
        assert_eq!(ids(&tail), [""; 0]);
    }
}

/// So many people more who are found by whatever two people or more are found by.
async fn pad_words(alliance: &Alliance, n: usize) {
    let mut tx = alliance.ctx.db.write_quiet("test.pad").await.unwrap();
    let words = tx
        .fetch_all("SELECT kind, term FROM search_terms GROUP BY kind, term HAVING count(*) > 1", args![])
        .await
        .unwrap();
    for word in words {
        let (kind, term): (String, String) = (word.get("kind").unwrap(), word.get("term").unwrap());
        let rows = (0..n).map(|n| args![kind, term, format!("pat-019aa5e0c4007000800000000000{n:04x}")]);
        tx.insert_all("search_terms (kind, term, entity_id)", rows.collect(), "ON CONFLICT DO NOTHING")
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_word_finds_the_same_letters_and_patients_however_many_carry_it() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let mut letters = Vec::new();
    for name in ["乔一", "乔二", "乔三", "乔四", "乔五", "韩六"] {
        alliance.clock.forward(Duration::from_secs(60));
        letters.push(sent(&alliance, &clinic, &hospital, name).await);
    }
    let letter = |n: usize| format!("/referrals/{}", letters[n]);
    hospital.desk().does(&letter(1), "accept", json!({})).await.is(200);
    clinic.doctor().does(&letter(2), "cancel", json!({ "reason": "patient_declined" })).await.is(200);
    let asks = [
        (hospital.desk(), "/referrals?box=in&q=乔"),
        (hospital.desk(), "/referrals?box=in&tab=decide&q=乔"),
        (hospital.desk(), "/referrals?box=in&tab=booked&q=乔"),
        (hospital.desk(), "/referrals?box=in&tab=done&q=乔"),
        (hospital.doctor(), "/referrals?box=in&q=乔"),
        (clinic.desk(), "/referrals?box=out&q=乔"),
        (clinic.doctor(), "/referrals?box=mine&q=乔"),
        (clinic.doctor(), "/patients?q=乔"),
        (hospital.desk(), "/patients?q=乔"),
    ];
    let answers = async || {
        let mut found = Vec::new();
        for (who, list) in &asks {
            found.push((*list, walk(who, list, 2, async || {}).await));
        }
        found
    };

    let few = answers().await;
    pad_words(&alliance, 700).await;
    let some = answers().await;
    pad_words(&alliance, 2_500).await;
    let many = answers().await;

    assert_eq!(few.iter().map(|(_, ids)| ids.len()).collect::<Vec<_>>(), [5, 3, 1, 1, 5, 5, 5, 5, 4]);
    assert_eq!(some, few);
    assert_eq!(many, few);
}
