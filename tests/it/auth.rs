//! Signing in, staying signed in, and being turned away.

use std::time::Duration;

use causeway::auth;
use causeway::journal::Actor;
use causeway::kernel::UserId;
use serde_json::{Value, json};

use crate::support::{Alliance, Answer, Person};

const PASSWORD: &str = "a boat across the reeds";

/// Gives `who` a password; the sessions they had are over.
async fn with_password(alliance: &Alliance, who: &Person) -> Person {
    auth::reset_password(&alliance.ctx, Actor::System, None, who.id, PASSWORD).await.unwrap();
    Person { cookie: None, ..who.clone() }
}

async fn signs_in(who: &Person, login: &str, password: &str) -> Answer {
    who.post("/session", json!({ "login": login, "password": password })).await
}

/// `who` with the cookie that an answer handed out.
fn keeping_cookie(who: &Person, answer: &Answer) -> Person {
    let cookie = answer.header("set-cookie").split(';').next().map(str::to_owned);
    Person { cookie, ..who.clone() }
}

#[tokio::test]
async fn a_doctor_signs_in_and_sees_who_they_are() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;
    let doctor = with_password(&alliance, clinic.doctor()).await;

    let answer = signs_in(&doctor, &doctor.login.to_uppercase(), PASSWORD).await.is(200);

    let cookie = answer.header("set-cookie");
    for part in ["__Host-sid=", "Path=/", "HttpOnly", "Secure", "SameSite=Strict", "Max-Age=43200"] {
        assert!(cookie.contains(part), "{part}");
    }
    let me = keeping_cookie(&doctor, &answer).get("/session").await.is(200).json();
    assert_eq!(me["id"], doctor.id.to_string());
    assert_eq!(me["acting"]["facility"]["name"], "Xiaying");
    assert_eq!(me["acting"]["roles"], json!(["rural_doctor"]));
    assert_eq!(me["memberships"][0]["facility"]["level"], "township");
    assert_eq!(me["memberships"][0]["department"], Value::Null);
    assert_eq!(alliance.journal_of(&doctor.id.to_string()).await, ["user.reset_password", "user.sign_in"]);
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_get_the_same_answer() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;
    let doctor = with_password(&alliance, clinic.doctor()).await;

    let wrong_password = signs_in(&doctor, &doctor.login, "not it, not at all").await.is(401).json();
    let wrong_name = signs_in(&doctor, "nobody.at.all", PASSWORD).await.is(401).json();

    assert_eq!(wrong_password, wrong_name);
    assert_eq!(wrong_name["code"], "sign_in_refused");
}

#[tokio::test]
async fn after_five_wrong_passwords_the_next_one_waits_and_the_right_one_then_goes_through() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;
    let doctor = with_password(&alliance, clinic.doctor()).await;
    for _ in 0..5 {
        signs_in(&doctor, &doctor.login, "not it, not at all").await.is(401);
    }

    let slowed = signs_in(&doctor, &doctor.login, PASSWORD).await.is(429);
    alliance.clock.forward(Duration::from_secs(1));

    assert_eq!(slowed.text("code"), "slow_down");
    assert_eq!(slowed.json()["retry_after_s"], 1);
    signs_in(&doctor, &doctor.login, PASSWORD).await.is(200);
    signs_in(&doctor, &doctor.login, "wrong again, it seems").await.is(401);
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_slowed_down_like_one_that_does() {
    let alliance = Alliance::open().await;
    let stranger = alliance.stranger();
    for _ in 0..5 {
        signs_in(&stranger, "nobody.at.all", PASSWORD).await.is(401);
    }

    signs_in(&stranger, "nobody.at.all", PASSWORD).await.is(429);
}

#[tokio::test]
async fn who_signs_out_is_out_and_who_never_signed_in_is_told_so() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;
    let doctor = clinic.doctor();

    doctor.get("/session").await.is(200);
    let answer = doctor.delete("/session").await.is(204);

    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(doctor.get("/session").await.is(401).text("code"), "not_signed_in");
    assert_eq!(alliance.stranger().get("/session").await.is(401).text("code"), "not_signed_in");
}

#[tokio::test]
async fn a_session_ends_with_the_shift_the_password_and_the_account() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;

    auth::reset_password(&alliance.ctx, Actor::System, None, clinic.second().id, PASSWORD).await.unwrap();
    clinic.second().get("/session").await.is(401);

    suspend(&alliance, clinic.desk().id).await;
    clinic.desk().get("/session").await.is(401);

    alliance.clock.forward(Duration::from_hours(12));
    clinic.doctor().get("/session").await.is(401);
}

async fn suspend(alliance: &Alliance, user: UserId) {
    let mut tx = alliance.ctx.db.write_quiet("test.suspend").await.unwrap();
    let args = causeway::store::args![user];
    tx.execute("UPDATE users SET status = 'suspended' WHERE id = $1", args).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_role_change_ends_the_sessions_that_were_opened_before() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;
    let session = auth::principal_of(&alliance.ctx, clinic.doctor().id).await.unwrap().session;
    assert!(!auth::is_alive(&alliance.ctx, session).await.unwrap());

    let mut tx = alliance.ctx.db.write_quiet("test.roles").await.unwrap();
    auth::end_sessions(&mut tx, clinic.doctor().id).await.unwrap();
    tx.commit().await.unwrap();

    clinic.doctor().get("/session").await.is(401);
}

#[tokio::test]
async fn what_a_person_says_about_themselves_is_kept() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;

    clinic.doctor().put("/session/presence", json!({ "status": "on_break" })).await.is(204);
    let refused = clinic.doctor().put("/session/presence", json!({ "status": "asleep" })).await.is(422);

    assert_eq!(clinic.doctor().get("/session").await.json()["presence"], "on_break");
    assert_eq!(refused.json()["errors"][0]["field"], "status");
}

#[tokio::test]
async fn the_first_administrator_moves_in_once_with_the_link() {
    let alliance = Alliance::open().await;
    let link = causeway::directory::open_link(&alliance.ctx).await.unwrap().unwrap();
    let ask = |token: &str, password: &str| {
        json!({ "token": token, "login": "Gu.Chaosheng", "password": password, "name": "顾潮生",
                "facility": { "name": "云堤市第一人民医院", "level": "tertiary", "phone_24h": "0999-555-0120" } })
    };
    let who = alliance.stranger();

    let weak = who.post("/setup", ask(link.reveal(), "short")).await.is(422).json();
    let forged = who.post("/setup", ask(&"A".repeat(43), PASSWORD)).await.is(403);
    who.post("/setup", ask(link.reveal(), PASSWORD)).await.is(204);
    let again = who.post("/setup", ask(link.reveal(), PASSWORD)).await.is(403);

    assert_eq!(weak["errors"][0]["field"], "password");
    assert_eq!(weak["errors"][0]["code"], "too_short");
    assert_eq!(forged.text("code"), "setup_link_dead");
    assert_eq!(again.text("code"), "setup_link_dead");
    let me = signs_in(&who, "gu.chaosheng", PASSWORD).await.is(200).json();
    assert_eq!(me["pinyin"], "Gu Chaosheng");
    assert_eq!(me["acting"]["roles"], json!(["alliance_admin", "facility_admin"]));
    assert!(causeway::directory::open_link(&alliance.ctx).await.unwrap().is_none());
}

#[tokio::test]
async fn the_key_for_drafts_belongs_to_one_person_and_outlives_the_session() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Luwan").await;
    let key = |who: Person| async move {
        let answer = who.get("/session/draft-key").await.is(200);
        assert_eq!(answer.header("cache-control"), "no-store");
        answer.text("key")
    };

    let mine = key(clinic.doctor().clone()).await;

    assert_eq!(mine.len(), 64);
    assert_eq!(key(clinic.doctor().clone()).await, mine);
    assert_ne!(key(clinic.second().clone()).await, mine);
    alliance.stranger().get("/session/draft-key").await.is(401);
}

#[tokio::test]
async fn a_person_changes_their_password_and_only_this_browser_stays_signed_in() {
    const NEW: &str = "seven cranes above the ferry";
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;
    let doctor = with_password(&alliance, clinic.doctor()).await;
    let here = keeping_cookie(&doctor, &signs_in(&doctor, &doctor.login, PASSWORD).await.is(200));
    let there = keeping_cookie(&doctor, &signs_in(&doctor, &doctor.login, PASSWORD).await.is(200));
    let change = |old: &str, new: &str| json!({ "old": old, "password": new });

    let wrong = here.put("/session/password", change("not it, not at all", NEW)).await.is(422).json();
    assert_eq!(wrong["errors"][0], json!({ "field": "old", "code": "wrong_password" }));
    let short = here.put("/session/password", change(PASSWORD, "too short")).await.is(422).json();
    assert_eq!(short["errors"][0]["code"], "too_short");
    here.put("/session/password", change(PASSWORD, NEW)).await.is(204);

    here.get("/session").await.is(200);
    there.get("/session").await.is(401);
    signs_in(&doctor, &doctor.login, PASSWORD).await.is(401);
    signs_in(&doctor, &doctor.login, NEW).await.is(200);
    let told = alliance.journal_of(&doctor.id.to_string()).await;
    assert_eq!(told[3..], ["user.change_password", "user.sign_in"]);
}

#[tokio::test]
async fn wrong_old_passwords_are_slowed_down_and_do_not_lock_the_owner_out_at_the_door() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;
    let doctor = with_password(&alliance, clinic.doctor()).await;
    let here = keeping_cookie(&doctor, &signs_in(&doctor, &doctor.login, PASSWORD).await.is(200));
    let change = |old: &str| json!({ "old": old, "password": "seven cranes above the ferry" });
    for _ in 0..5 {
        here.put("/session/password", change("not it, not at all")).await.is(422);
    }

    let slowed = here.put("/session/password", change(PASSWORD)).await.is(429).json();
    assert_eq!(slowed["retry_after_s"], 1);
    signs_in(&doctor, &doctor.login, PASSWORD).await.is(200);
    alliance.clock.forward(Duration::from_secs(1));
    here.put("/session/password", change(PASSWORD)).await.is(204);
}
