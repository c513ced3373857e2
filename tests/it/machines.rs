//! Both workflows against the fixture: the served table, and the means to walk it through HTTP.
//!
//! `tests/it/consult_machine.rs` and `tests/it/referral_machine.rs` walk every state, action
//! and actor with [`Table`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::support::Alliance;

const FIXTURE: &str = include_str!("../fixtures/state_machines.json");

/// What the fixture says about one state and action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub id: String,
    /// Nothing for an action that leaves the state as it is.
    pub to: Option<String>,
    pub actors: BTreeSet<String>,
}

/// One machine of the fixture, by state and action.
#[derive(Debug, Clone)]
pub struct Table {
    pub states: BTreeSet<String>,
    pub actions: BTreeSet<String>,
    pub lines: BTreeMap<(String, String), Line>,
}

impl Table {
    /// The machine `name` as the fixture has it.
    pub fn of(name: &str) -> Self {
        let fixture: Value = serde_json::from_str(FIXTURE).unwrap();
        let machine = &fixture[name];
        let mut table = Self { states: BTreeSet::new(), actions: BTreeSet::new(), lines: BTreeMap::new() };
        for (list, moves) in [("transitions", true), ("side_effect_actions", false)] {
            for row in machine[list].as_array().unwrap() {
                let action = text(&row["action"]);
                let to = moves.then(|| text(&row["to"]));
                table.actions.insert(action.clone());
                table.states.extend(to.clone());
                for from in row["from"].as_array().unwrap() {
                    let line = Line {
                        id: text(&row["id"]),
                        to: to.clone(),
                        actors: texts(&row["actors"]).collect(),
                    };
                    table.states.insert(text(from));
                    let before = table.lines.insert((text(from), action.clone()), line);
                    assert_eq!(before, None, "the fixture says {action} from {from} twice");
                }
            }
        }
        table
    }

    /// The line for `action` in `state`, if there is one.
    pub fn line(&self, state: &str, action: &str) -> Option<&Line> {
        self.lines.get(&(state.to_owned(), action.to_owned()))
    }

    /// What `actor` may do in `state`.
    pub fn open(&self, state: &str, actor: &str) -> BTreeSet<String> {
        let fits = |(from, _): &(String, String), line: &Line| from == state && line.actors.contains(actor);
        self.lines
            .iter()
            .filter(|(key, line)| fits(key, line))
            .map(|((_, action), _)| action.clone())
            .collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn texts(value: &Value) -> impl Iterator<Item = String> {
    value.as_array().unwrap().iter().map(text)
}

/// Where two machines differ, in words; nothing if they are the same.
fn differences(path: &str, served: &Value, fixture: &Value) -> Vec<String> {
    match (served, fixture) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            let at = |key: &String| {
                let absent = Value::Null;
                let (a, b) = (a.get(key).unwrap_or(&absent), b.get(key).unwrap_or(&absent));
                differences(&format!("{path}.{key}"), a, b)
            };
            keys.into_iter().flat_map(at).collect()
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let pairs = a.iter().zip(b).enumerate();
            pairs.flat_map(|(n, (a, b))| differences(&format!("{path}[{n}]"), a, b)).collect()
        }
        (a, b) if a == b => Vec::new(),
        (a, b) => vec![format!("{path}: served {a}, fixture {b}")],
    }
}

async fn served() -> Value {
    let alliance = Alliance::open().await;
    let hospital = alliance.hospital("Jinan Central").await;
    hospital.doctor().get("/meta/state-machines").await.is(200).json()
}

#[tokio::test]
async fn what_is_served_is_the_fixture() {
    let fixture: Value = serde_json::from_str(FIXTURE).unwrap();

    let differences = differences("", &served().await, &fixture);

    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[tokio::test]
async fn any_one_changed_row_of_the_served_table_is_noticed() {
    let fixture: Value = serde_json::from_str(FIXTURE).unwrap();
    let served = served().await;
    let mut changes = 0;
    for machine in ["consult", "referral"] {
        for list in ["transitions", "side_effect_actions"] {
            let rows = served[machine][list].as_array().unwrap().len();
            for row in 0..rows {
                for field in ["id", "action", "to", "from", "actors"] {
                    let mut changed = served.clone();
                    let value = &mut changed[machine][list][row][field];
                    match value {
                        Value::String(word) => word.push('x'),
                        Value::Array(words) => drop(words.pop()),
                        _ => continue,
                    }
                    assert_eq!(
                        differences("", &changed, &fixture).len(),
                        1,
                        "{machine} {list} {row} {field}"
                    );
                    changes += 1;
                }
                let mut shorter = served.clone();
                shorter[machine][list].as_array_mut().unwrap().remove(row);
                assert!(!differences("", &shorter, &fixture).is_empty(), "{machine} {list} without {row}");
                changes += 1;
            }
        }
    }
    println!("changed the served tables in {changes} ways, each was noticed");
}

#[test]
fn the_consult_s_table_on_the_workflow_page_is_the_fixture_s() {
    let page = include_str!("../../docs/workflow.md");
    let fixture: Value = serde_json::from_str(FIXTURE).unwrap();
    let list = |words: &Value| texts(words).collect::<Vec<_>>().join(", ");
    let mut wanted = Vec::new();
    let machine = &fixture["consult"];
    for row in machine["transitions"].as_array().unwrap() {
        let step = format!("{} → {}", text(&row["action"]), text(&row["to"]));
        wanted.push((row, step, text(&row["guard"])));
    }
    for row in machine["side_effect_actions"].as_array().unwrap() {
        wanted.push((row, format!("{} (state unchanged)", text(&row["action"])), text(&row["effect"])));
    }
    let wanted: Vec<String> = wanted
        .into_iter()
        .map(|(row, step, last)| {
            let (id, from, who) = (text(&row["id"]), list(&row["from"]), list(&row["actors"]));
            format!("| {id} | {from} | {step} | {who} | {} |", last.replace('|', "\\|"))
        })
        .collect();

    let is_line = |line: &&str| {
        let id = line.strip_prefix("| ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        id.starts_with('C') && id.chars().nth(1).is_some_and(|c| c.is_ascii_digit())
    };
    let written: Vec<&str> = page.lines().filter(is_line).collect();

    assert_eq!(written, wanted);
}
