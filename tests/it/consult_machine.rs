//! Every state, action and actor of a consult through HTTP, against the fixture: what it
//! allows happens, what it does not is refused in its own words and changes nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use causeway::consult::{self, Action};
use causeway::kernel::ConsultId;
use causeway::store::{Query, args};
use serde_json::{Value, json};

use super::machines::Table;
use super::support::{Alliance, Person, Place};

/// A consult that is put into any state, and one person for every actor.
struct Stage {
    alliance: Alliance,
    hospital: Place,
    elsewhere: Place,
    clinic: Place,
    lead: Place,
    chair: Person,
    id: ConsultId,
    record: String,
}

const PEOPLE: &[&str] =
    &["requester", "requester_admin", "target_doctor", "target_desk", "alliance_dispatcher", "chair"];

impl Stage {
    async fn open() -> Self {
        let alliance = Alliance::open().await;
        let lead = alliance.hospital("Lead").await;
        let hospital = alliance.hospital("Jinan Central").await;
        let elsewhere = alliance.hospital("Weifang").await;
        let clinic = alliance.clinic("Xiaying").await;
        let chair = alliance.person("Chair", elsewhere.facility, elsewhere.department, "specialist").await;
        let patient = alliance.patient(clinic.doctor(), "赵长河").await;
        let form = json!({
            "patient_id": patient, "to_department": hospital.department(), "kind": "instant", "urgency": "urgent",
            "question": "胸痛两小时，ST 段抬高，是否立即上转做介入？",
            "consent": { "method": "paper", "signer": "patient" },
        });
        let id = clinic.doctor().post("/consults", form).await.is(201).text("id");
        let record = format!("/consults/{id}");
        Self { alliance, hospital, elsewhere, clinic, lead, chair, id: id.parse().unwrap(), record }
    }

    fn person(&self, actor: &str) -> &Person {
        match actor {
            "requester" => self.clinic.doctor(),
            "requester_admin" => self.clinic.desk(),
            "target_doctor" => self.hospital.doctor(),
            "target_desk" => self.hospital.desk(),
            "alliance_dispatcher" => self.lead.desk(),
            "chair" => &self.chair,
            other => panic!("nobody plays {other}"),
        }
    }

    /// Puts the consult into `state`, so that nothing but the table decides on `action` by
    /// `actor`. Answers with its version.
    async fn put(&self, state: &str, action: &str, actor: &str) -> i64 {
        let kind = match (state, action, actor) {
            ("accepted", "give_opinion" | "release", _) => "async",
            (_, _, "chair") => "mdt",
            _ => "instant",
        };
        let doctor = match state {
            "accepted" | "in_progress" | "interrupted" | "opinion_given" | "closed" => {
                Some(self.hospital.doctor().id)
            }
            _ => None,
        };
        let now = self.alliance.ctx.clock.now();
        let sent = (state != "draft").then_some(now);
        let mut tx = self.alliance.ctx.db.write_quiet("test.put").await.unwrap();
        for sql in [
            "DELETE FROM consult_legs WHERE consult_id = $1",
            "DELETE FROM rings WHERE consult_id = $1",
            "DELETE FROM participants WHERE consult_id = $1",
        ] {
            tx.execute(sql, args![self.id]).await.unwrap();
        }
        tx.execute(
            "UPDATE consults
                SET state = $1, kind = $2, to_user = $3, chair = $4, opened_at = $5, state_since = $6,
                    scheduled_start = $6, scheduled_end = $7, to_facility = $8, to_department = $9,
                    ended_at = NULL, ring_began = NULL
              WHERE id = $10",
            args![
                state,
                kind,
                doctor,
                self.chair.id,
                sent,
                now,
                now.plus(Duration::from_secs(1_800)),
                self.hospital.facility,
                self.hospital.department(),
                self.id
            ],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        self.version().await
    }

    async fn version(&self) -> i64 {
        let mut tx = self.alliance.ctx.db.read().await.unwrap();
        let row = tx.fetch_one("SELECT version FROM consults WHERE id = $1", args![self.id]).await.unwrap();
        row.get("version").unwrap()
    }

    /// A body in which every action finds what it needs.
    fn body(&self) -> Value {
        let start = self.alliance.ctx.clock.now().plus(Duration::from_secs(3_600));
        json!({
            "reason": "written by a test", "reason_code": "busy", "to_department": self.elsewhere.department(),
            "start": start, "chair": self.chair.id, "conclusion": "Inferior infarction", "advice": "Come at once",
            "diagnoses": [{ "text": "Infarction" }], "next": "refer_up", "adopted": "full",
        })
    }

    /// From, to and action of the last entries of the journal, newest first.
    async fn last_steps(&self) -> Vec<(String, String, String)> {
        let mut tx = self.alliance.ctx.db.read().await.unwrap();
        let rows = tx
            .fetch_all(
                "SELECT action, from_state, to_state FROM journal
                  WHERE entity_id = $1 AND to_state IS NOT NULL ORDER BY seq DESC LIMIT 5",
                args![self.id],
            )
            .await
            .unwrap();
        let step = |row: &causeway::store::Row| {
            (row.get("action").unwrap(), row.get("from_state").unwrap(), row.get("to_state").unwrap())
        };
        rows.iter().map(step).collect()
    }

    async fn entries(&self) -> i64 {
        self.alliance.read_one("SELECT count(*) AS n FROM journal").await
    }

    /// The step was taken, once, and led where the table says.
    async fn took(&self, before: i64, state: &str, action: &str, to: &str) {
        let taken = (format!("consult.{action}"), state.to_owned(), to.to_owned());
        let fresh = usize::try_from(self.entries().await - before).unwrap();
        let steps = self.last_steps().await;
        let times = steps.iter().take(fresh).filter(|step| **step == taken).count();
        assert_eq!(
            times,
            1,
            "{action} from {state}: wanted {taken:?} once among {:?}",
            &steps[..fresh.min(5)]
        );
    }
}

#[tokio::test]
async fn every_state_action_and_person_agrees_with_the_fixture() {
    let stage = Stage::open().await;
    let table = Table::of("consult");
    let mut actions = table.actions.clone();
    actions.insert("fly_to_the_moon".to_owned());
    let (mut allowed, mut wrong_actor, mut wrong_state, mut unseen) = (0, 0, 0, 0);

    for state in &table.states {
        for action in &actions {
            for actor in PEOPLE {
                let version = stage.put(state, action, actor).await;
                let before = stage.entries().await;
                let seen = format!("\"{version}\"");
                let key = format!("{state}/{action}/{actor}");
                let person = stage.person(actor);
                let answer = person.does_seeing(&stage.record, &seen, &key, action, stage.body()).await;

                let hidden = state == "draft" && matches!(*actor, "target_doctor" | "target_desk" | "chair");
                match table.line(state, action) {
                    _ if hidden => {
                        answer.is(404);
                        unseen += 1;
                    }
                    Some(line) if line.actors.contains(*actor) => {
                        answer.is(200);
                        stage.took(before, state, action, line.to.as_deref().unwrap_or(state)).await;
                        allowed += 1;
                        continue;
                    }
                    Some(line) => {
                        let problem = answer.is(403).json();
                        assert_eq!(problem["code"], "forbidden");
                        let named: BTreeSet<String> =
                            serde_json::from_value(problem["actors"].clone()).unwrap();
                        assert_eq!(named, line.actors, "{key}");
                        wrong_actor += 1;
                    }
                    None => {
                        let problem = answer.is(409).json();
                        assert_eq!(problem["code"], "wrong_state", "{key}");
                        assert!(problem["open_actions"].is_array(), "{key}: {problem}");
                        wrong_state += 1;
                    }
                }
                assert_eq!(stage.version().await, version, "{key} was refused and changed something");
                assert_eq!(stage.entries().await, before, "{key} was refused and left an entry");
            }
        }
    }

    let all = table.states.len() * actions.len() * PEOPLE.len();
    println!(
        "consult: {} states x {} actions x {} people = {all}: {allowed} taken, {wrong_actor} for somebody else, \
         {wrong_state} not open, {unseen} not to be seen",
        table.states.len(),
        actions.len(),
        PEOPLE.len(),
    );
    assert_eq!(allowed + wrong_actor + wrong_state + unseen, all);
    let lines: usize = table
        .lines
        .values()
        .map(|line| line.actors.iter().filter(|actor| PEOPLE.contains(&actor.as_str())).count())
        .sum();
    assert_eq!(allowed, lines, "every line of the fixture was walked");
}

#[tokio::test]
async fn what_the_system_does_by_itself_agrees_with_the_fixture() {
    let stage = Stage::open().await;
    let table = Table::of("consult");
    let (mut allowed, mut refused) = (0, 0);

    for state in &table.states {
        for action in Action::ALL {
            let version = stage.put(state, action.word(), "system").await;
            let before = stage.entries().await;
            let result = consult::testing::act_as_system(&stage.alliance.ctx, stage.id, *action).await;
            match table.line(state, action.word()) {
                Some(line) if line.actors.contains("system") => {
                    result.unwrap();
                    let to = line.to.as_deref().unwrap_or(state);
                    stage.took(before, state, action.word(), to).await;
                    allowed += 1;
                }
                _ => {
                    assert!(
                        matches!(result, Err(consult::Error::Refused(_))),
                        "{state} {action}: {result:?}"
                    );
                    assert_eq!(stage.version().await, version);
                    refused += 1;
                }
            }
        }
    }

    println!("consult: the system takes {allowed} steps and is refused {refused}");
    let lines = table.lines.values().filter(|line| line.actors.contains("system")).count();
    assert_eq!(allowed, lines);
}

#[tokio::test]
async fn every_view_says_what_this_person_may_do_next() {
    let stage = Stage::open().await;
    let table = Table::of("consult");
    let mut views = 0;

    for state in &table.states {
        for actor in PEOPLE {
            stage.put(state, "look", actor).await;
            let hidden = state == "draft" && matches!(*actor, "target_doctor" | "target_desk" | "chair");
            let answer = stage.person(actor).get(&stage.record).await;
            if hidden {
                answer.is(404);
                continue;
            }
            let view = answer.is(200).json();
            let open: BTreeSet<String> = serde_json::from_value(view["open_actions"].clone()).unwrap();
            let shut = view["closed_actions"].as_array().unwrap().iter();
            let shut: BTreeSet<String> =
                shut.map(|line| line["action"].as_str().unwrap().to_owned()).collect();
            assert!(open.is_disjoint(&shut));
            let all: BTreeSet<String> = open.union(&shut).cloned().collect();
            assert_eq!(all, table.open(state, actor), "{state} {actor}");
            views += 1;
        }
    }
    println!("consult: {views} views name what is open");
}
