//! Places and people: entered from the terminal with the real binary, and looked after through the door.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use causeway::auth;
use serde_json::{Value, json};

use crate::support::{Alliance, Door, Person, Place};

/// Runs the binary inside `folder` and answers with whether it was content, and what it said.
fn causeway(folder: &Path, arguments: &[&str], typed: &str) -> (bool, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_causeway"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whoever needs nothing typed may be gone before it is.
    let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
    let done = child.wait_with_output().unwrap();
    let said = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (done.status.success(), said)
}

#[test]
fn an_operator_enters_a_hospital_its_department_and_its_doctor() {
    let folder = std::env::temp_dir().join(format!("causeway-people-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let say = |arguments: &[&str], typed: &str| causeway(&folder, arguments, typed);

    let place =
        ["place", "facility", "云堤市第一人民医院", "--level", "tertiary", "--phone", "0999-555-0120"];
    let room =
        ["place", "department", "内科", "--facility", "云堤市第一人民医院", "--phone", "0999-555-0121"];
    let doctor = [
        "user",
        "add",
        "Xu.Wangzhou",
        "--name",
        "许望舟",
        "--facility",
        "云堤市第一人民医院",
        "--department",
        "内科",
        "--role",
        "specialist",
    ];

    assert!(say(&place, "").0);
    assert!(!say(&place, "").0, "not twice");
    assert!(say(&room, "").0);
    assert!(!say(&doctor, "too short\n").0);
    assert!(say(&doctor, "a boat across the reeds\n").0);
    assert!(!say(&doctor, "a boat across the reeds\n").0, "not twice");
    assert!(say(&["user", "reset-password", "xu.wangzhou"], "another boat upon the reeds\n").0);
    let (_, link) = say(&["user", "reset", "xu.wangzhou"], "");
    assert!(link.contains("/welcome#"), "{link}");
    assert!(say(&["user", "suspend", "xu.wangzhou"], "").0);
    assert!(!say(&["user", "suspend", "xu.wangzhou"], "").0, "not twice");
    assert!(!say(&["user", "reset", "xu.wangzhou"], "").0, "not while the account is closed");
    let (_, suspended) = say(&["user", "list"], "");
    assert!(suspended.contains("(suspended)"), "{suspended}");
    assert!(say(&["user", "reinstate", "xu.wangzhou"], "").0);
    let (_, people) = say(&["user", "list"], "");
    let (_, places) = say(&["place", "list"], "");
    let _ = std::fs::remove_dir_all(&folder);

    assert!(people.contains("xu.wangzhou"), "{people}");
    assert!(people.contains("specialist · 云堤市第一人民医院"), "{people}");
    assert!(places.contains("内科"), "{places}");
}

const PASSWORD: &str = "a boat across the reeds";

/// A hospital that leads, a clinic, and somebody who looks after the alliance.
async fn house() -> (Alliance, Place, Place, Person) {
    let alliance = Alliance::open().await;
    let hospital = alliance.hospital("Jinan Central").await;
    let clinic = alliance.clinic("Xiaying").await;
    let root = alliance.person("Root", hospital.facility, None, "alliance_admin").await;
    (alliance, hospital, clinic, root)
}

fn account(who: &Person) -> String {
    format!("/admin/people/{}", who.id)
}

fn entered(login: &str, role: &str, at: &Place) -> Value {
    json!({ "login": login, "name": "许望舟", "title": "主治医师",
            "memberships": [{ "facility": at.facility, "role": role }] })
}

/// A link for `who`, made by `by`.
async fn link(by: &Person, who: &str) -> String {
    by.post(&format!("{who}/password-link"), json!({})).await.is(201).text("token")
}

async fn sets(stranger: &Person, token: &str, password: &str) -> crate::support::Answer {
    stranger.post("/password-link", json!({ "token": token, "password": password })).await
}

#[tokio::test]
async fn a_new_person_sets_their_own_password_by_a_link_that_works_once() {
    let (alliance, hospital, _, root) = house().await;
    let stranger = alliance.stranger();
    let body = json!({ "login": "Xu.Wangzhou", "name": "许望舟", "title": "主治医师", "memberships": [
        { "facility": hospital.facility, "department": hospital.department(), "role": "specialist" }] });

    let made = root.post("/admin/people", body).await.is(201).json();
    let path = format!("/admin/people/{}", made["id"].as_str().unwrap());
    let sign_in = json!({ "login": "xu.wangzhou", "password": PASSWORD });
    assert_eq!((&made["login"], &made["pinyin"]), (&json!("xu.wangzhou"), &json!("Xu Wangzhou")));
    assert_eq!((&made["has_password"], &made["standing"]), (&json!(false), &json!("active")));
    stranger.post("/session", sign_in.clone()).await.is(401);
    stranger.post("/session", json!({ "login": "xu.wangzhou", "password": "unset" })).await.is(401);

    let first = link(&root, &path).await;
    let second = link(&root, &path).await;
    assert_eq!(sets(&stranger, &first, PASSWORD).await.is(403).text("code"), "password_link_dead");
    let invited = stranger.post("/password-link/look", json!({ "token": second })).await.is(200).json();
    assert_eq!((&invited["login"], &invited["name"]), (&json!("xu.wangzhou"), &json!("许望舟")));
    let short = sets(&stranger, &second, "too short").await.is(422).json();
    assert_eq!(
        short["errors"][0],
        json!({ "field": "password", "code": "too_short", "params": { "min": 15 } })
    );
    sets(&stranger, &second, PASSWORD).await.is(204);
    sets(&stranger, &second, "another boat upon the reeds").await.is(403);

    stranger.post("/session", sign_in).await.is(200);
    let seen = root.get(&path).await.is(200).json();
    assert_eq!(
        (&seen["has_password"], &seen["link_until"], &seen["sessions"]),
        (&json!(true), &Value::Null, &json!(1))
    );
    assert_eq!(
        alliance.journal_of(made["id"].as_str().unwrap()).await,
        ["user.add", "user.password_link", "user.password_link", "user.set_password", "user.sign_in"]
    );
}

#[tokio::test]
async fn a_link_is_over_after_seventy_two_hours_and_its_token_is_kept_nowhere() {
    let (alliance, _, clinic, root) = house().await;
    let path = account(clinic.doctor());
    let token = link(&root, &path).await;

    let kept = alliance.read_one("SELECT count(*) AS n FROM password_links").await;
    let mut tx = alliance.ctx.db.read().await.unwrap();
    let rows =
        causeway::store::Query::fetch_all(&mut tx, "SELECT token_hash FROM password_links", vec![]).await;
    let hash: String = rows.unwrap()[0].get("token_hash").unwrap();
    drop(tx);
    assert_eq!(kept, 1);
    assert_ne!(hash, token);

    alliance.clock.forward(Duration::from_hours(72));
    sets(&alliance.stranger(), &token, PASSWORD).await.is(403);
    sets(&alliance.stranger(), "no token at all", PASSWORD).await.is(403);
}

#[tokio::test]
async fn the_same_entry_sent_twice_makes_one_person_and_a_login_is_nobody_elses() {
    let (alliance, _, clinic, root) = house().await;
    let body = entered("xu.wangzhou", "rural_doctor", &clinic);

    let first = root.post_as("/admin/people", "one-and-the-same-key", body.clone()).await.is(201).json();
    let again = root.post_as("/admin/people", "one-and-the-same-key", body.clone()).await.is(201).json();
    let taken = root.post("/admin/people", body).await.is(422).json();

    assert_eq!(first["id"], again["id"]);
    assert_eq!(taken["errors"][0]["code"], "taken");
    assert_eq!(alliance.read_one("SELECT count(*) AS n FROM users WHERE login = 'xu.wangzhou'").await, 1);
}

#[tokio::test]
async fn roles_must_fit_their_places() {
    let (_alliance, hospital, clinic, root) = house().await;
    let wrong = async |memberships: Value| {
        let body = json!({ "login": "somebody", "name": "许望舟", "memberships": memberships });
        let said = root.post("/admin/people", body).await.is(422).json();
        let errors = said["errors"].as_array().unwrap().clone();
        errors
            .iter()
            .map(|one| format!("{} {}", one["field"].as_str().unwrap(), one["code"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let (here, there, room) = (hospital.facility, clinic.facility, hospital.department());

    assert_eq!(wrong(json!([])).await, ["memberships required"]);
    assert_eq!(
        wrong(json!([{ "facility": here, "role": "specialist" }])).await,
        ["memberships.0.department required"]
    );
    assert_eq!(
        wrong(json!([{ "facility": there, "department": room, "role": "specialist" }])).await,
        ["memberships.0.department unknown"]
    );
    assert_eq!(
        wrong(json!([{ "facility": there, "role": "alliance_admin" }])).await,
        ["memberships.0.facility must_lead"]
    );
    assert_eq!(
        wrong(
            json!([{ "facility": there, "role": "coordinator" }, { "facility": there, "role": "auditor" }])
        )
        .await,
        ["memberships.1.role audits_alone"]
    );
    assert_eq!(
        wrong(json!([{ "facility": there, "role": "coordinator" }, { "facility": there, "role": "coordinator" }])).await,
        ["memberships.1.role twice"]
    );
}

#[tokio::test]
async fn a_facility_administrator_looks_after_their_own_people_and_nobody_else() {
    let (alliance, hospital, clinic, root) = house().await;
    let admin = clinic.admin();
    let both = alliance.person("Both", clinic.facility, None, "rural_doctor").await;
    let more = json!({ "memberships": [{ "facility": clinic.facility, "role": "rural_doctor" },
        { "facility": hospital.facility, "department": hospital.department(), "role": "specialist" }] });
    root.patch(&account(&both), more).await.is(200);

    let listed = admin.get("/admin/people").await.is(200).json();
    let names: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Admin Xiaying", "Both", "Desk Xiaying", "Lin Xiaying", "Zhao Xiaying"]);

    // Somebody of another place does not exist; somebody of both is seen and not taken over.
    admin.get(&account(hospital.doctor())).await.is(404);
    admin.post(&format!("{}/password-link", account(hospital.doctor())), json!({})).await.is(404);
    let auditor = alliance.person("Auditor", clinic.facility, None, "auditor").await;
    assert_eq!(admin.get(&account(&auditor)).await.is(200).json()["open_actions"], json!([]));
    admin.does(&account(&auditor), "suspend", json!({})).await.is(403);
    assert_eq!(admin.get(&account(&both)).await.is(200).json()["open_actions"], json!(["roles"]));
    admin.post(&format!("{}/password-link", account(&both)), json!({})).await.is(403);
    admin.patch(&account(&both), json!({ "name": "Somebody else" })).await.is(403);
    admin.does(&account(&both), "suspend", json!({})).await.is(403);
    admin.get(&format!("{}/sessions", account(&both))).await.is(403);

    // Nobody gives what is not theirs, nor anything to themselves.
    admin.post("/admin/people", entered("one", "alliance_admin", &hospital)).await.is(403);
    admin.post("/admin/people", entered("two", "coordinator", &hospital)).await.is(403);
    admin.post("/admin/people", entered("three", "auditor", &clinic)).await.is(403);
    let mine = json!({ "memberships": [{ "facility": clinic.facility, "role": "facility_admin" },
        { "facility": clinic.facility, "role": "rural_doctor" }] });
    admin.patch(&account(admin), mine).await.is(403);
    admin.post("/admin/people", entered("four", "coordinator", &clinic)).await.is(201);

    for nobody in [clinic.doctor(), clinic.desk(), hospital.doctor()] {
        nobody.get("/admin/people").await.is(403);
        nobody.get(&account(clinic.doctor())).await.is(404);
        nobody.post("/admin/people", entered("five", "rural_doctor", &clinic)).await.is(403);
    }
    alliance.stranger().get("/admin/people").await.is(401);
}

#[tokio::test]
async fn a_suspension_ends_everything_at_once_and_can_be_taken_back() {
    let (alliance, _, clinic, root) = house().await;
    let path = account(clinic.doctor());
    let token = link(&root, &path).await;
    let door = Door::open(&alliance).await;
    let mut line = door.enter(clinic.doctor()).await;

    let seen = root.get(&path).await.is(200).etag();
    let done = root.does(&path, "suspend", json!({})).await.is(200).json();
    assert_eq!((&done["standing"], &done["sessions"]), (&json!("suspended"), &json!(0)));
    assert_eq!(done["open_actions"], json!(["edit", "roles", "sessions", "reinstate"]));
    clinic.doctor().get("/session").await.is(401);
    assert_eq!(tokio::time::timeout(Duration::from_secs(2), line.closed()).await.unwrap().0, 4401);
    sets(&alliance.stranger(), &token, PASSWORD).await.is(403);
    root.post(&format!("{path}/password-link"), json!({})).await.is(409);
    assert_eq!(root.does(&path, "suspend", json!({})).await.is(409).text("code"), "wrong_state");
    let stale = root.does_seeing(&path, &seen, "a-key-of-its-own", "reinstate", json!({})).await;
    assert_eq!(stale.is(412).text("code"), "stale");

    root.does(&path, "reinstate", json!({})).await.is(200);
    clinic.doctor().get("/session").await.is(401);
    let token = link(&root, &path).await;
    sets(&alliance.stranger(), &token, PASSWORD).await.is(204);
    let sign_in = json!({ "login": clinic.doctor().login, "password": PASSWORD });
    alliance.stranger().post("/session", sign_in).await.is(200);
}

#[tokio::test]
async fn whose_role_is_taken_away_is_out_at_once() {
    let (alliance, hospital, _, root) = house().await;
    let door = Door::open(&alliance).await;
    let mut line = door.enter(hospital.doctor()).await;
    let roles = json!({ "memberships": [{ "facility": hospital.facility, "role": "coordinator" }] });

    root.patch(&account(hospital.doctor()), json!({ "title": "主任医师" })).await.is(200);
    hospital.doctor().get("/session").await.is(200);
    root.patch(&account(hospital.doctor()), roles).await.is(200);

    hospital.doctor().get("/session").await.is(401);
    assert_eq!(tokio::time::timeout(Duration::from_secs(2), line.closed()).await.unwrap().0, 4401);
}

#[tokio::test]
async fn the_alliance_is_never_without_an_administrator_who_can_come_in() {
    let (alliance, hospital, _, root) = house().await;
    let second = root.post("/admin/people", entered("second", "alliance_admin", &hospital)).await.is(201);
    let second = format!("/admin/people/{}", second.text("id"));
    let both = json!({ "memberships": [{ "facility": hospital.facility, "role": "facility_admin" },
        { "facility": hospital.facility, "role": "alliance_admin" }] });
    let without = json!({ "memberships": [{ "facility": hospital.facility, "role": "facility_admin" }] });
    let third = alliance.person("Third", hospital.facility, None, "facility_admin").await;
    root.patch(&account(&third), both.clone()).await.is(200);
    root.patch(&account(&third), without.clone()).await.is(200);
    let fourth = alliance.person("Fourth", hospital.facility, None, "alliance_admin").await;
    fourth.patch(&account(&root), both).await.is(200);

    // Nobody suspends themselves or makes themselves a link, or gives themselves a role.
    fourth.does(&account(&fourth), "suspend", json!({})).await.is(403);
    fourth.post(&format!("{}/password-link", account(&fourth)), json!({})).await.is(403);
    fourth.patch(&account(&fourth), without.clone()).await.is(403);
    fourth.does(&account(&root), "suspend", json!({})).await.is(200);

    // The second administrator has no password yet, the first one is suspended: there is one left.
    let lone = alliance.ctx.clone();
    let step = causeway::directory::people::Step { seen: None, once: None };
    let by = causeway::directory::people::By::Operator;
    let refused = causeway::directory::people::suspend(&lone, by, fourth.id, step).await;
    assert!(matches!(refused, Err(causeway::directory::people::Error::LastAdministrator)));
    let token = link(&fourth, &second).await;
    sets(&alliance.stranger(), &token, PASSWORD).await.is(204);
    causeway::directory::people::suspend(&lone, by, fourth.id, step).await.unwrap();
}

#[tokio::test]
async fn a_person_sees_where_they_are_signed_in_and_signs_out_there() {
    let (alliance, _, clinic, root) = house().await;
    let path = account(clinic.doctor());
    let token = link(&root, &path).await;
    sets(&alliance.stranger(), &token, PASSWORD).await.is(204);
    let firefox = "Mozilla/5.0 (Windows NT 10.0; rv:150.0) Gecko/20100101 Firefox/150.0";
    let signs_in = async |agent: &str| {
        let body = json!({ "login": clinic.doctor().login, "password": PASSWORD }).to_string();
        let headers = [("content-type", "application/json"), ("user-agent", agent)];
        let answer =
            alliance.stranger().send(Method::POST, "/session", &headers, Body::from(body)).await.is(200);
        let cookie = answer.header("set-cookie").split(';').next().map(str::to_owned);
        Person { cookie, ..clinic.doctor().clone() }
    };
    let desk = signs_in(firefox).await;
    alliance.clock.forward(Duration::from_mins(6));
    let phone = signs_in("Mozilla/5.0 (iPhone) Version/19.0 Safari/604.1").await;
    desk.get("/session").await.is(200);

    let seen = phone.get("/sessions").await.is(200).json();
    let items = seen["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!((&items[0]["device"], &items[0]["current"]), (&json!("Safari, iPhone"), &json!(true)));
    assert_eq!((&items[1]["device"], &items[1]["current"]), (&json!("Firefox, Windows"), &json!(false)));
    assert_ne!(items[1]["since"], items[1]["last_seen"]);

    // A facility's administrator sees the same, and may end it; a colleague may not.
    let other = items[1]["id"].as_str().unwrap();
    clinic.second().delete(&format!("/sessions/{other}")).await.is(404);
    clinic.admin().get(&format!("{path}/sessions")).await.is(200);
    clinic.admin().delete(&format!("{path}/sessions/{other}")).await.is(204);
    desk.get("/session").await.is(401);
    let mine = items[0]["id"].as_str().unwrap();
    phone.delete(&format!("/sessions/{mine}")).await.is(204);
    phone.get("/session").await.is(401);
    assert!(!auth::is_alive(&alliance.ctx, mine.parse().unwrap()).await.unwrap());
}

#[tokio::test]
async fn people_are_found_by_name_pinyin_and_initials_page_by_page() {
    let (_alliance, _, clinic, root) = house().await;
    for (login, name) in [("xu.wangzhou", "许望舟"), ("xu.qingyan", "许青岩"), ("gu.chaosheng", "顾潮生")]
    {
        let body = json!({ "login": login, "name": name, "memberships": [{ "facility": clinic.facility, "role": "rural_doctor" }] });
        root.post("/admin/people", body).await.is(201);
    }
    let found = async |ask: &str| {
        let page = root.get(&format!("/admin/people?{ask}")).await.is(200).json();
        let names: Vec<String> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["login"].as_str().unwrap().to_owned())
            .collect();
        (names, page["next"].as_str().map(str::to_owned))
    };

    assert_eq!(found("q=xwz").await.0, ["xu.wangzhou"]);
    assert_eq!(found("q=%E8%AE%B8").await.0, ["xu.qingyan", "xu.wangzhou"]);
    assert_eq!(found("q=guchao").await.0, ["gu.chaosheng"]);
    assert_eq!(found("q=xu&standing=suspended").await.0, Vec::<String>::new());
    let (first, next) = found("q=xu&limit=1").await;
    let (second, end) = found(&format!("q=xu&limit=1&cursor={}", next.unwrap())).await;
    assert_eq!((first, second, end), (vec!["xu.qingyan".to_owned()], vec!["xu.wangzhou".to_owned()], None));
    root.get("/admin/people?cursor=nonsense").await.is(422);
}
