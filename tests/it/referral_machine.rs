//! Every state, action and actor of the referral's table, through HTTP, both ways.

use std::collections::BTreeSet;

use causeway::kernel::Timestamp;
use causeway::referral;
use causeway::store::args;
use serde_json::{Value, json};

use crate::machines::Table;
use crate::support::{Alliance, Person, Place};

/// Who can call; `system` has no face: what only it may do, nobody can.
const ACTORS: [&str; 5] =
    ["requester", "requester_admin", "target_doctor", "target_desk", "alliance_dispatcher"];

/// One way to each state, from a draft: who does what.
const WAYS: [(&str, &[(&str, &str)]); 17] = [
    ("draft", &[]),
    ("submitted", &[("requester", "submit")]),
    ("more_info", &[("requester", "submit"), ("target_desk", "request_info")]),
    ("accepted", &[("requester", "submit"), ("target_desk", "accept")]),
    ("rejected", &[("requester", "submit"), ("target_doctor", "reject")]),
    ("scheduled", &[("requester", "submit"), ("target_desk", "accept_and_schedule")]),
    (
        "no_show",
        &[("requester", "submit"), ("target_desk", "accept_and_schedule"), ("target_desk", "no_show")],
    ),
    ("arrived", &[("requester", "submit"), ("target_desk", "emergency_arrive")]),
    (
        "in_treatment",
        &[("requester", "submit"), ("target_desk", "emergency_arrive"), ("target_doctor", "treat")],
    ),
    (
        "discharged",
        &[("requester", "submit"), ("target_desk", "emergency_arrive"), ("target_doctor", "discharge")],
    ),
    (
        "referred_back",
        &[
            ("requester", "submit"),
            ("target_desk", "emergency_arrive"),
            ("target_doctor", "discharge"),
            ("target_doctor", "refer_back"),
        ],
    ),
    // The way back is taken by hand below: it is another letter.
    (
        "follow_up",
        &[
            ("requester", "submit"),
            ("target_desk", "emergency_arrive"),
            ("target_doctor", "discharge"),
            ("target_doctor", "refer_back"),
            ("target_doctor", "(the way back is accepted)"),
        ],
    ),
    (
        "cancel_requested",
        &[("requester", "submit"), ("target_desk", "accept"), ("requester", "request_cancel")],
    ),
    ("closed", &[("requester", "submit"), ("target_doctor", "reject"), ("requester", "close")]),
    ("cancelled", &[("requester", "discard")]),
    ("expired", &[("requester", "submit"), ("system", "(time passes)")]),
    ("entered_in_error", &[("requester_admin", "enter_in_error")]),
];

/// A clinic, a hospital with two departments, another hospital, and the one that leads.
struct Ground {
    alliance: Alliance,
    clinic: Place,
    hospital: Place,
    lead: Place,
    other: Place,
    second_department: String,
    clinic_department: String,
    patient: String,
    unrelated: Place,
}

impl Ground {
    async fn open() -> Self {
        let alliance = Alliance::open().await;
        let lead = alliance.hospital("Lead").await;
        let (clinic, hospital) = (alliance.clinic("Luwan").await, alliance.hospital("Yundi First").await);
        let (other, unrelated) = (alliance.hospital("Yundi Second").await, alliance.clinic("Shapu").await);
        let second_department = alliance.department(&hospital, "Surgery").await;
        let clinic_department = alliance.department(&clinic, "General").await;
        let patient = alliance.patient(clinic.doctor(), "Zhao Changhe").await;
        Self {
            alliance,
            clinic,
            hospital,
            lead,
            other,
            second_department,
            clinic_department,
            patient,
            unrelated,
        }
    }

    fn person(&self, actor: &str) -> &Person {
        match actor {
            "requester" => self.clinic.doctor(),
            "requester_admin" => self.clinic.desk(),
            "target_doctor" => self.hospital.doctor(),
            "target_desk" => self.hospital.desk(),
            "alliance_dispatcher" => self.lead.desk(),
            other => panic!("nobody plays {other}"),
        }
    }

    /// What goes with an action so that its guard lets it pass.
    fn form(&self, action: &str) -> Value {
        match action {
            "submit" => json!({ "duplicate_reason": "Another illness" }),
            "request_info" => json!({ "question": "The right chest leads, please" }),
            "supply_info" => json!({ "text": "V4R without elevation" }),
            "accept_and_schedule" | "schedule" | "reschedule" => {
                json!({ "start": "2026-03-02T07:15:00Z", "location": "CCU" })
            }
            "reject" => json!({ "reason_code": "treat_there", "text": "Fluids and rest; again if fever" }),
            "redirect" | "redirect_by_sender" | "redirect_after_reject" => {
                json!({ "to_department": self.other.department(), "reason_code": "no_bed" })
            }
            "move_department" => json!({ "to_department": self.second_department }),
            "interim_note" | "record_follow_up" => json!({ "text": "Better today" }),
            "cancel" | "request_cancel" | "enter_in_error" => json!({ "reason": "The family wishes it" }),
            "discharge" | "outcome" => json!({ "outcome_code": "improved", "outcome_summary": "No pain" }),
            "refer_back" => json!({
                "outcome_code": "improved", "outcome_summary": "No pain", "plan": "Walk daily",
                "medications": ["Aspirin 100 mg"], "next_visit": "in two weeks", "red_flags": "Chest pain",
                "to_department": self.clinic_department
            }),
            "refer_on" => json!({ "direction": "peer", "to_department": self.other.department() }),
            _ => json!({}),
        }
    }

    /// A fresh letter, complete, in `state`.
    async fn in_state(&self, state: &str) -> String {
        let letter = json!({
            "patient_id": self.patient, "direction": "up", "to_department": self.hospital.department(),
            "urgency": "emergency", "reason_text": "No catheter laboratory", "requested_service": "outpatient",
            "consent": { "method": "paper", "signer": "patient" }
        });
        let record = format!(
            "/referrals/{}",
            self.clinic.doctor().post("/referrals", letter).await.is(201).text("id")
        );
        let way = WAYS.iter().find(|(name, _)| *name == state).expect("a way to every state").1;
        let mut child = None;
        for (actor, action) in way {
            match *action {
                "(time passes)" => self.let_time_pass(&record).await,
                "(the way back is accepted)" => self.take_back(child.take().expect("a way back")).await,
                action => {
                    let done =
                        self.person(actor).does(&record, action, self.form(action)).await.is(200).json();
                    child = done["created_referral_id"].as_str().map(str::to_owned);
                }
            }
        }
        let seen = self.clinic.doctor().get(&record).await.is(200).text("state");
        assert_eq!(seen, state);
        record
    }

    /// Moves the deadline instead of the clock: the other letters of the test stay as they are.
    async fn let_time_pass(&self, record: &str) {
        let id = record.trim_start_matches("/referrals/").to_owned();
        let mut tx = self.alliance.ctx.db.write_quiet("test.deadline").await.unwrap();
        let past = Timestamp::from_millis(1);
        tx.execute("UPDATE referrals SET deadline_at = $1 WHERE id = $2", args![past, id]).await.unwrap();
        tx.commit().await.unwrap();
        referral::tick(&self.alliance.ctx).await.unwrap();
    }

    async fn take_back(&self, child: String) {
        let record = format!("/referrals/{child}");
        let consent = json!({ "consent": { "method": "paper", "signer": "patient" },
                              "diagnoses": [{ "code": "I21.1", "text": "Infarction" }] });
        self.hospital.doctor().patch(&record, consent).await.is(200);
        self.hospital.doctor().does(&record, "submit", self.form("submit")).await.is(200);
        self.clinic.doctor().does(&record, "accept", json!({})).await.is(200);
    }
}

fn words(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect()
}

/// The target's side does not know of what was never sent; to it the record is not there.
fn is_hidden(actor: &str, was_sent: bool) -> bool {
    !was_sent && matches!(actor, "target_doctor" | "target_desk")
}

#[tokio::test]
async fn every_state_action_and_actor_is_answered_as_the_table_says() {
    let (ground, table) = (Ground::open().await, Table::of("referral"));
    assert_eq!(WAYS.iter().map(|(state, _)| (*state).to_owned()).collect::<BTreeSet<_>>(), table.states);
    let (mut done, mut refused) = (0, 0);
    for (state, _) in WAYS {
        let record = ground.in_state(state).await;
        let found = ground.clinic.doctor().get(&record).await;
        // Drafts, and what became of drafts without being sent.
        let (seen, was_sent) = (found.etag(), found.json()["submitted_at"].is_string());
        for actor in ACTORS {
            let who = ground.person(actor);
            let hidden = is_hidden(actor, was_sent);
            if !hidden {
                let seen = who.get(&record).await.is(200).json();
                assert_eq!(words(&seen["open_actions"]), table.open(state, actor), "{actor} in {state}");
            }
            for action in table.actions.iter().map(String::as_str).chain(["no_such_action"]) {
                let line = table.line(state, action);
                if line.is_some_and(|line| line.actors.contains(actor)) {
                    let line = line.expect("just seen");
                    let fresh = ground.in_state(state).await;
                    let answer = who.does(&fresh, action, ground.form(action)).await;
                    let body = answer.is(200).json();
                    let wanted = line.to.as_deref().unwrap_or(state);
                    assert_eq!(body["state"], wanted, "{action} by {actor} in {state}");
                    done += 1;
                    continue;
                }
                let key = format!("{state}-{actor}-{action}");
                let answer = who.does_seeing(&record, &seen, &key, action, ground.form(action)).await;
                let wanted = match line {
                    _ if hidden => 404,
                    Some(_) => 403,
                    None => 409,
                };
                let answer = answer.is(wanted);
                if wanted == 409 {
                    assert_eq!(words(&answer.json()["open_actions"]), table.open(state, actor), "{key}");
                }
                refused += 1;
            }
        }
        assert_eq!(
            ground.clinic.doctor().get(&record).await.text("state"),
            state,
            "a refusal changes nothing"
        );
    }
    let lines: usize =
        table.lines.values().map(|line| line.actors.iter().filter(|a| *a != "system").count()).sum();
    assert_eq!(done, lines, "every line of the fixture that a person may take was taken");
    println!("referral: {done} steps taken, {refused} refused, as the fixture says");
}

#[tokio::test]
async fn a_stranger_and_an_administrator_are_turned_away_in_every_state() {
    let ground = Ground::open().await;
    for (state, _) in WAYS {
        let record = ground.in_state(state).await;
        ground.unrelated.doctor().get(&record).await.is(404);
        ground.unrelated.desk().get(&record).await.is(404);
        ground.clinic.admin().get(&record).await.is(403);
        ground
            .unrelated
            .doctor()
            .does_seeing(&record, "\"1\"", "stranger-1", "view", json!({}))
            .await
            .is(404);
        ground.clinic.admin().does_seeing(&record, "\"1\"", "admin-0001", "submit", json!({})).await.is(403);
    }
}

#[tokio::test]
async fn what_only_time_may_do_is_done_by_time_and_by_nobody_else() {
    let (ground, table) = (Ground::open().await, Table::of("referral"));
    let mut done = 0;
    for ((state, action), line) in &table.lines {
        let by_timer = ["expire", "auto_close", "confirm_cancel", "no_show"].contains(&action.as_str());
        if !line.actors.contains("system") || !by_timer {
            continue;
        }
        let record = ground.in_state(state).await;
        ground.let_time_pass(&record).await;
        let seen = ground.clinic.doctor().get(&record).await.is(200).text("state");
        assert_eq!(Some(seen), line.to.clone(), "{action} in {state}");
        done += 1;
    }
    println!("referral: {done} steps taken by time, as the fixture says");
}
