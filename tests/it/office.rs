//! The referral office: what desks share, plan and race for.

use std::time::Duration;

use causeway::referral;
use serde_json::{Value, json};

use crate::support::{Alliance, Person, Place};

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

/// How many times two race: a hundred in `make test`, a thousand in `make prove`.
fn races() -> usize {
    std::env::var("OFFICE_RACES").ok().and_then(|n| n.parse().ok()).unwrap_or(100)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_desks_that_accept_at_once_one_wins_and_the_other_is_told_who_and_when() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let other_desk = alliance.person("Desk Two", hospital.facility, None, "coordinator").await;
    let patient = alliance.patient(clinic.doctor(), "Zhao Changhe").await;
    let (mut first_won, mut told) = (0, 0);
    for round in 0..races() {
        let record = sent_for(&clinic, &hospital, &patient).await;
        let seen = hospital.desk().get(&record).await.etag();
        let accept = |who: &Person, desk: u8| {
            let (who, record, seen) = (who.clone(), record.clone(), seen.clone());
            let key = format!("race-{round}-desk-{desk}");
            tokio::spawn(async move { who.does_seeing(&record, &seen, &key, "accept", json!({})).await })
        };
        let (one, two) = tokio::join!(accept(hospital.desk(), 1), accept(&other_desk, 2));
        let (one, two) = (one.unwrap(), two.unwrap());

        let (won, lost, winner) = match (one.status.as_u16(), two.status.as_u16()) {
            (200, 412) => (one, two, hospital.desk()),
            (412, 200) => (two, one, &other_desk),
            both => panic!("round {round}: {both:?}"),
        };
        first_won += usize::from(winner.id == hospital.desk().id);
        let (won, lost) = (won.json(), lost.json());
        assert_eq!((&lost["by"]["name"], &lost["action"]), (&json!(winner.name), &json!("accept")));
        assert_eq!((&lost["at"], &lost["state"]), (&won["last"]["at"], &json!("accepted")));
        let journal = alliance.journal_of(id_of(&record)).await;
        assert_eq!(journal.iter().filter(|action| *action == "referral.accept").count(), 1);
        told += 1;
    }
    println!(
        "office: {told} letters accepted by two desks at once on {}: one winner each (the first desk {first_won} times), \
         the other told who and when each time",
        store_name()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_form_that_is_sent_twice_makes_one_record() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let patient = alliance.patient(clinic.doctor(), "Zhao Changhe").await;
    let letter = json!({ "patient_id": patient, "direction": "up", "to_department": hospital.department(),
                         "urgency": "routine", "reason_text": "Needs a scan" });
    for round in 0..races() {
        let send = || {
            let (who, letter) = (clinic.doctor().clone(), letter.clone());
            tokio::spawn(async move {
                let key = format!("double-form-{round}");
                // Told that it is under way, a browser asks again.
                loop {
                    let answer = who.post_as("/referrals", &key, letter.clone()).await;
                    if answer.status.as_u16() != 409 {
                        break answer.is(201).text("id");
                    }
                }
            })
        };
        let (one, two) = tokio::join!(send(), send());

        assert_eq!(one.unwrap(), two.unwrap(), "round {round}");
    }
    let made = alliance.read_one("SELECT count(*) AS n FROM referrals").await;
    assert_eq!(made, i64::try_from(races()).unwrap());
    println!("office: {made} forms sent twice at once on {}: one record each", store_name());
}

fn store_name() -> String {
    std::env::var("TEST_STORE").unwrap_or_else(|_| "sqlite".to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_slot_is_never_overbooked_and_comes_back_when_nobody_comes() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let patient = alliance.patient(clinic.doctor(), "Zhao Changhe").await;
    let department = format!("/departments/{}", hospital.department());
    let day = json!({ "from": "2026-03-02T16:00:00Z", "until": "2026-03-03T16:00:00Z", "slots": [
        { "start": "2026-03-03T00:30:00Z", "end": "2026-03-03T01:00:00Z", "capacity": 3 },
        { "start": "2026-03-03T01:00:00Z", "end": "2026-03-03T01:30:00Z", "capacity": 1 }
    ] });
    clinic.desk().put(&format!("{department}/slots"), day.clone()).await.is(403);
    let planned = hospital.desk().put(&format!("{department}/slots"), day).await.is(200).json();
    let slot = planned["slots"][0]["id"].clone();
    let free = clinic.doctor().get("/capacity").await.is(200).json();
    assert_eq!((&free["items"][0]["places"], &free["items"][0]["beds"]), (&json!(4), &json!(0)));

    let mut letters = Vec::new();
    for _ in 0..8 {
        letters.push(sent_for(&clinic, &hospital, &patient).await);
    }
    let booking = json!({ "start": "2026-03-03T00:30:00Z", "location": "Clinic 3", "slot_id": slot });
    let books: Vec<_> = letters
        .iter()
        .map(|record| {
            let (desk, record, booking) = (hospital.desk().clone(), record.clone(), booking.clone());
            tokio::spawn(async move { desk.does(&record, "accept_and_schedule", booking).await })
        })
        .collect();
    let mut booked = Vec::new();
    for (record, answer) in letters.iter().zip(books) {
        let answer = answer.await.unwrap();
        if answer.status.as_u16() == 200 {
            assert_eq!(answer.json()["appointment"]["slot_id"], slot);
            booked.push(record.clone());
        } else {
            assert_eq!(answer.is(422).json()["errors"], json!([{ "field": "slot_id", "code": "full" }]));
        }
    }
    assert_eq!(booked.len(), 3, "eight at once, three places");

    let taken = || async {
        let path = format!("{department}/capacity?from=2026-03-02T16:00:00Z&days=1");
        hospital.desk().get(&path).await.is(200).json()["slots"][0]["taken"].clone()
    };
    assert_eq!(taken().await, 3);
    let again = json!({ "start": "2026-03-03T01:00:00Z", "location": "Clinic 3", "slot_id": planned["slots"][1]["id"] });
    hospital.desk().does(&booked[0], "reschedule", again).await.is(200);
    assert_eq!(taken().await, 2, "another time gives the first one back");
    hospital.desk().does(&booked[1], "no_show", json!({})).await.is(200);
    assert_eq!(taken().await, 1);
    hospital.desk().does(&booked[2], "appointment_cancel", json!({})).await.is(200);
    assert_eq!(taken().await, 0);
}

#[tokio::test]
async fn a_bed_is_kept_until_its_patient_leaves_and_the_last_one_is_given_once() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let patient = alliance.patient(clinic.doctor(), "Zhao Changhe").await;
    let department = format!("/departments/{}", hospital.department());
    let wrong = json!({ "beds": [{ "kind": "CCU", "total": 1, "free": 2 }] });
    let refused = hospital.desk().put(&format!("{department}/beds"), wrong).await.is(422).json();
    assert_eq!(refused["errors"], json!([{ "field": "beds.0.free", "code": "out_of_range" }]));
    let beds = json!({ "beds": [{ "kind": "CCU", "total": 6, "free": 1 }] });
    let counted = hospital.doctor().put(&format!("{department}/beds"), beds).await.is(200).json();
    let bed = counted["beds"][0]["id"].clone();
    let booking = json!({ "start": "2026-03-02T07:15:00Z", "location": "CCU", "bed_pool_id": bed });
    let free = || async {
        hospital.desk().get(&format!("{department}/capacity")).await.is(200).json()["beds"][0]["free"].clone()
    };

    let (one, two) =
        (sent_for(&clinic, &hospital, &patient).await, sent_for(&clinic, &hospital, &patient).await);
    hospital.desk().does(&one, "accept_and_schedule", booking.clone()).await.is(200);
    hospital.desk().does(&two, "accept_and_schedule", booking.clone()).await.is(422);
    hospital.desk().does(&one, "arrive", json!({})).await.is(200);
    hospital.doctor().does(&one, "treat", json!({})).await.is(200);
    assert_eq!(free().await, 0, "the patient lies in it");
    let outcome = json!({ "outcome_code": "improved", "outcome_summary": "No pain" });
    hospital.doctor().does(&one, "discharge", outcome).await.is(200);
    assert_eq!(free().await, 1);
    hospital.desk().does(&two, "accept_and_schedule", booking).await.is(200);
    let surgery = alliance.department(&hospital, "Surgery").await;
    let onward = json!({ "to_department": surgery, "reason_code": "wrong_field" });
    hospital.desk().does(&two, "redirect", onward).await.is(200);
    assert_eq!(free().await, 1, "sent on, the bed is free again");
}

#[tokio::test]
async fn a_letter_is_given_to_a_colleague_without_turning_anybody_away() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let record = sent(&alliance, &clinic, &hospital).await;
    let path = format!("{record}/assignee");
    let seen = hospital.desk().get(&record).await.etag();
    let colleagues = hospital.desk().get(&format!("{record}/colleagues")).await.is(200).json();
    assert_eq!(colleagues["items"].as_array().map(Vec::len), Some(3), "two doctors and the desk");

    let to = json!({ "user": hospital.second().id });
    clinic.doctor().put(&path, to.clone()).await.is(403);
    hospital.desk().put(&path, json!({ "user": clinic.doctor().id })).await.is(422);
    let given = hospital.desk().put(&path, to).await.is(200).json();
    assert_eq!(given["assigned_to"]["id"], hospital.second().id.to_string());
    hospital.desk().does_seeing(&record, &seen, "after-the-assignment", "accept", json!({})).await.is(200);
    let found = |who: &Person, whose: &'static str| {
        let who = who.clone();
        async move {
            let pile = who.get(&format!("/referrals?box=in&assigned={whose}")).await.is(200).json();
            pile["items"].as_array().map(Vec::len).unwrap()
        }
    };
    assert_eq!((found(hospital.second(), "me").await, found(hospital.desk(), "me").await), (1, 0));
    assert_eq!(found(hospital.desk(), "nobody").await, 0);
    hospital.desk().get("/referrals?box=in&assigned=somebody").await.is(422);
    let taken = hospital.desk().put(&path, json!({ "user": null })).await.is(200).json();
    assert_eq!((&taken["assigned_to"], &taken["state"]), (&Value::Null, &json!("accepted")));

    let journal = alliance.journal_of(id_of(&record)).await;
    assert_eq!(journal.iter().filter(|action| *action == "referral.assign").count(), 2);
    assert_eq!(alliance.inbox_of(hospital.second(), "referral.assign").await, 2, "the colleague hears of it");
}

#[tokio::test]
async fn a_house_keeps_its_own_promise_and_is_warned_once_when_four_fifths_are_gone() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let path = format!("/facilities/{}/promise", hospital.facility);
    let default = clinic.doctor().get(&path).await.is(200).json();
    assert_eq!((&default["emergency_minutes"], &default["urgent_minutes"]), (&json!(15), &json!(120)));
    assert_eq!((&default["routine_minutes"], &default["version"]), (&json!(2880), &json!(0)));
    let form = json!({ "emergency_minutes": 10, "urgent_minutes": 50, "routine_minutes": 1440 });
    let put = axum::http::Method::PUT;
    hospital.desk().writes_over(put.clone(), &path, 0, form.clone()).await.is(403);
    hospital
        .admin()
        .writes_over(
            put.clone(),
            &path,
            0,
            json!({ "emergency_minutes": 0, "urgent_minutes": 50, "routine_minutes": 1440 }),
        )
        .await
        .is(422);
    hospital.admin().writes_over(put.clone(), &path, 0, form.clone()).await.is(200);
    hospital.admin().writes_over(put, &path, 0, form).await.is(412);

    let record = sent(&alliance, &clinic, &hospital).await;
    let told = |action: &'static str| {
        let alliance = &alliance;
        let record = record.clone();
        async move {
            referral::tick(&alliance.ctx).await.unwrap();
            let journal = alliance.journal_of(id_of(&record)).await;
            journal.iter().filter(|one| *one == action).count()
        }
    };
    let minutes = |n: u64| Duration::from_secs(n * 60);
    alliance.clock.forward(minutes(30));
    hospital.desk().does(&record, "request_info", json!({ "question": "V4R, please" })).await.is(200);
    alliance.clock.forward(minutes(600));
    assert_eq!(told("referral.nearly_late").await, 0, "the clock stands still");
    clinic.doctor().does(&record, "supply_info", json!({ "text": "No elevation" })).await.is(200);
    alliance.clock.forward(minutes(9));
    assert_eq!(told("referral.nearly_late").await, 0);
    alliance.clock.forward(minutes(1));
    assert_eq!(told("referral.nearly_late").await, 1, "forty of fifty minutes are gone");
    assert_eq!(told("referral.nearly_late").await, 1, "told once");
    assert_eq!(alliance.inbox_of(hospital.desk(), "referral.nearly_late").await, 1);
    assert_eq!(
        alliance.inbox_of(clinic.doctor(), "referral.nearly_late").await,
        0,
        "it is not the sender's to do"
    );
    alliance.clock.forward(minutes(10));
    assert_eq!(told("referral.overdue").await, 1);

    // Another node that looks at the same moment tells it again no more.
    let fresh = sent(&alliance, &clinic, &hospital).await;
    alliance.clock.forward(minutes(45));
    let (one, two) = tokio::join!(referral::tick(&alliance.ctx), referral::tick(&alliance.ctx));
    assert_eq!(one.unwrap() + two.unwrap(), 1);
    let journal = alliance.journal_of(id_of(&fresh)).await;
    assert_eq!(journal.iter().filter(|action| *action == "referral.nearly_late").count(), 1);
}

#[tokio::test]
async fn either_side_enters_how_the_patient_travels_until_he_is_there() {
    let alliance = Alliance::open().await;
    let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
    let record = sent(&alliance, &clinic, &hospital).await;
    let path = format!("{record}/transport");
    let put = |who: &Person, seen: i64, form: Value| {
        let (who, path) = (who.clone(), path.clone());
        async move { who.writes_over(axum::http::Method::PUT, &path, seen, form).await }
    };
    let version = |answer: &Value| answer["version"].as_i64().unwrap();
    let seen = version(&hospital.desk().get(&record).await.json());

    let ours = json!({ "mode": "target_vehicle", "plate": "A-0001", "phone": "0999-555-0120", "eta": "2026-03-02T05:00:00Z" });
    let sent = put(hospital.desk(), seen, ours).await.is(200).json();
    assert_eq!(
        (&sent["transport"]["state"], &sent["transport"]["plate"]),
        (&json!("arranged"), &json!("A-0001"))
    );
    put(clinic.doctor(), seen, json!({ "mode": "self" })).await.is(412);
    let left = json!({ "mode": "target_vehicle", "plate": "A-0001", "depart_at": "2026-03-02T01:00:00Z" });
    let left = put(clinic.doctor(), version(&sent), left).await.is(200).json();
    assert_eq!(left["transport"]["state"], "en_route");
    hospital.desk().does(&record, "accept", json!({})).await.is(200);
    let here = hospital.desk().does(&record, "arrive", json!({})).await.is(200).json();
    let handed =
        json!({ "mode": "target_vehicle", "arrive_at": "2026-03-02T02:10:00Z", "handover_by": "Nurse Song" });
    let handed = put(hospital.doctor(), version(&here), handed).await.is(200).json();
    assert_eq!(handed["transport"]["handover_by"], "Nurse Song");
    let treated = hospital.doctor().does(&record, "treat", json!({})).await.is(200).json();
    let late = put(clinic.doctor(), version(&treated), json!({ "mode": "self" })).await.is(409).json();
    assert_eq!(late["why_code"], "is_no_journey");
}
