//! How the store means to answer: nothing that is asked may walk through a table that grows with
//! the years. What it costs in an archive of a million letters is measured by `make prove`.

use std::collections::BTreeSet;

use causeway::cli::seed;
use causeway::store::{Dialect, Query, args};
use causeway::{consult, journal, referral, stats};
use serde_json::json;

use crate::support::{Alliance, Person, document};

/// Tables that grow with the work; the others grow with the houses.
const GROWING: &[&str] = &[
    "attachment_links",
    "attachments",
    "code_values",
    "consents",
    "consult_legs",
    "consult_referrals",
    "consults",
    "hook_deliveries",
    "hook_tries",
    "idempotency_keys",
    "inbox",
    "journal",
    "messages",
    "opinions",
    "papers",
    "participants",
    "patient_shares",
    "patients",
    "referral_legs",
    "referral_notes",
    "referrals",
    "rings",
    "search_terms",
    "sessions",
    "stats_facts",
    "stats_sums",
];

/// Walks that are meant: the beginning of the statement, and why.
const MEANT: &[(&str, &str)] = &[
    ("DELETE FROM stats_sums", "folding anew forgets everything"),
    ("DELETE FROM stats_facts", "folding anew forgets everything"),
    ("SELECT id FROM referrals WHERE state = 'closed' LIMIT 1", "asked by this test"),
    ("SELECT id FROM consults WHERE state = 'closed' LIMIT 1", "asked by this test"),
    ("SELECT patient_id AS id FROM referrals LIMIT 1", "asked by this test"),
    ("SELECT count(*) AS n FROM patients", "asked by the test of the demo"),
];

/// Somebody of the demo, signed in.
async fn signed_in(alliance: &Alliance, login: &str) -> Person {
    let who = alliance.stranger();
    let answer =
        who.post("/session", json!({ "login": login, "password": seed::DEMO_PASSWORD })).await.is(200);
    let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    Person { cookie: Some(cookie), ..who }
}

async fn one_of(alliance: &Alliance, sql: &'static str) -> String {
    let mut tx = alliance.ctx.db.read().await.unwrap();
    tx.fetch_one(sql, args![]).await.unwrap().get("id").unwrap()
}

/// Opens every door that shows something, as people of every role.
async fn look_everywhere(alliance: &Alliance) -> usize {
    let record = [
        ("/referrals/", one_of(alliance, "SELECT id FROM referrals WHERE state = 'closed' LIMIT 1").await),
        ("/consults/", one_of(alliance, "SELECT id FROM consults WHERE state = 'closed' LIMIT 1").await),
        ("/patients/", one_of(alliance, "SELECT patient_id AS id FROM referrals LIMIT 1").await),
        ("/departments/", one_of(alliance, "SELECT id FROM departments LIMIT 1").await),
        ("/admin/facilities/", one_of(alliance, "SELECT id FROM facilities LIMIT 1").await),
        ("/admin/departments/", one_of(alliance, "SELECT id FROM departments LIMIT 1").await),
        ("/admin/people/", one_of(alliance, "SELECT id FROM users LIMIT 1").await),
    ];
    let mut paths: Vec<String> = Vec::new();
    for (path, door) in document(&alliance.router).await["paths"].as_object().unwrap() {
        let path = path.strip_prefix("/api/v1").unwrap_or(path);
        if door.get("get").is_none() || path.contains("/socket") {
            continue;
        }
        match record.iter().find(|(room, _)| path.starts_with(room)) {
            Some((_, id)) => paths.push(path.replace("{id}", id)),
            None => paths.push(path.to_owned()),
        }
    }
    paths.retain(|path| !path.contains('{'));
    let patient = &record[2].1;
    for lists in ["in", "out", "mine"] {
        paths.push(format!("/referrals?box={lists}"));
        for tab in ["draft", "decide", "booked", "here", "back", "rejected", "done"] {
            paths.push(format!("/referrals?box={lists}&tab={tab}"));
        }
        for more in [
            "q=%E8%B5%B5",
            "q=zhao",
            "q=000012",
            "assigned=me",
            "assigned=nobody",
            "q=%E8%B5%B5%E9%95%BF%E6%B2%B3",
        ] {
            paths.push(format!("/referrals?box={lists}&{more}"));
        }
    }
    paths.push(format!("/referrals?box=patient&patient={patient}"));
    paths.extend(["mine", "waiting", "today"].map(|lists| format!("/consults?box={lists}")));
    paths.push(format!("/consults?box=patient&patient={patient}"));
    paths.extend(["zh", "1234", "P-000012", "%E8%B5%B5"].map(|typed| format!("/patients?q={typed}")));
    paths.extend(["I21", "xin", "%E5%BF%83"].map(|typed| format!("/codes/icd10?q={typed}")));
    paths.push("/statistics?from=2025-01-01&to=2026-03-02".to_owned());
    for measure in ["sent", "accepted", "rejection=no_capacity"] {
        paths.push(format!("/statistics/rows?measure={measure}&from=2025-01-01&to=2026-03-02"));
    }
    let mut answered = 0;
    for (login, _) in seed::SHOWN {
        let who = signed_in(alliance, login).await;
        for path in &paths {
            answered += usize::from(who.get(path).await.status.is_success());
        }
    }
    answered
}

/// What walks through a growing table: the statement and the line of the engine's plan.
async fn walks(alliance: &Alliance) -> (usize, Vec<String>) {
    let db = &alliance.ctx.db;
    let texts: Vec<String> = db.texts();
    let mut tx = db.read().await.unwrap();
    let kept = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'";
    // An index of a few rows among many may be read from end to end: that is what it is for.
    let few: BTreeSet<String> =
        tx.fetch_all(kept, args![]).await.unwrap().iter().map(|row| row.get("name").unwrap()).collect();
    let (mut looked_at, mut found) = (0, Vec::new());
    for sql in texts {
        let begins = sql.trim_start().split(' ').next().unwrap_or_default().to_owned();
        if !matches!(&*begins, "SELECT" | "UPDATE" | "DELETE" | "INSERT" | "WITH")
            || MEANT.iter().any(|(meant, _)| sql.starts_with(meant))
        {
            continue;
        }
        looked_at += 1;
        let plan: Vec<String> = tx
            .fetch_built(format!("EXPLAIN QUERY PLAN {sql}"), args![])
            .await
            .unwrap()
            .iter()
            .map(|row| row.get("detail").unwrap())
            .collect();
        let walked = plan.iter().filter(|line| walks_through(&sql, &plan, line, &few));
        found.extend(walked.map(|line| format!("{line}\n    {sql}")));
    }
    (looked_at, found)
}

fn walks_through(sql: &str, plan: &[String], line: &str, few: &BTreeSet<String>) -> bool {
    let Some(rest) = line.strip_prefix("SCAN ") else { return false };
    let words: Vec<&str> = rest.split(' ').collect();
    let name = words[0];
    let made = |what: &str| plan.iter().any(|other| *other == format!("{what} {name}"));
    if made("CO-ROUTINE") || made("MATERIALIZE") {
        return false;
    }
    if words.iter().any(|word| few.contains(*word)) {
        return false;
    }
    GROWING.contains(&table_of(sql, name).as_str())
}

/// The table that a statement calls by this name.
fn table_of(sql: &str, name: &str) -> String {
    let words: Vec<&str> = sql
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ','))
        .filter(|word| !word.is_empty())
        .collect();
    let named = |at: usize| match words.get(at + 1) {
        Some(&"AS") => words.get(at + 2) == Some(&name),
        next => next == Some(&name),
    };
    let tables = words.iter().enumerate().filter(|(_, word)| GROWING.contains(word));
    let called = tables.into_iter().find(|(at, word)| **word == name || named(*at));
    called.map_or_else(|| name.to_owned(), |(_, word)| (*word).to_owned())
}

/// Fails if anything that was asked since the demo was begun, or is asked now, walks.
pub async fn nothing_walks(alliance: &Alliance) {
    if alliance.ctx.db.dialect() != Dialect::Sqlite {
        return;
    }
    let ctx = &alliance.ctx;
    consult::tick(ctx).await.unwrap();
    referral::tick(ctx).await.unwrap();
    journal::seal_some(&ctx.db, 100).await.unwrap();
    stats::catch_up(ctx).await.unwrap();
    let answered = look_everywhere(alliance).await;
    let (statements, found) = walks(alliance).await;
    println!("scale: {statements} statements looked at, after {answered} doors were opened");
    assert!(statements > 200, "{statements}");
    assert!(found.is_empty(), "{} walk through a table that grows:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_walk_is_told_from_a_search() {
    let few = BTreeSet::from(["journal_unsealed".to_owned()]);
    let sql = "SELECT x FROM journal j WHERE 1 = 1 UNION SELECT id FROM (SELECT id FROM referrals r) k";
    let plan = ["CO-ROUTINE k".to_owned(), "SCAN k".to_owned()];
    let walks = |line: &str| walks_through(sql, &plan, line, &few);

    assert!(walks("SCAN j"));
    assert!(walks("SCAN r USING INDEX referrals_in"));
    assert!(walks("SCAN journal"));
    assert!(!walks("SEARCH j USING INTEGER PRIMARY KEY (rowid=?)"));
    assert!(!walks("SCAN k"));
    assert!(!walks("SCAN j USING INDEX journal_unsealed"));
    assert!(!walks("SCAN CONSTANT ROW"));
    assert!(!walks("SCAN f"));
}
