//! What becomes of rings and seats over real sockets: answered elsewhere, handed on, put off,
//! a third person asked in, a transfer, and coming back in one flight.

use std::time::Duration;

use causeway::{
    cli::probe::Participant,
    store::{Query, args},
};
use serde_json::{Value, json};

use super::support::{Door, Person, Scene, Socket, fresh_op, join};

/// What was kept of the one seat that was left.
async fn report_of(scene: &Scene, consult: &str) -> Value {
    for _ in 0..100 {
        let mut tx = scene.alliance.ctx.db.read().await.unwrap();
        let sql = "SELECT payload FROM journal WHERE entity_id = $1 AND action = 'consult.call_report'";
        let rows = tx.fetch_all(sql, args![consult.to_owned()]).await.unwrap();
        if let Some(row) = rows.first() {
            return serde_json::from_str(&row.get::<String>("payload").unwrap()).unwrap();
        }
        drop(tx);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no report");
}

/// Sits down; gives the connection and what the server answered.
async fn sits(socket: &mut Socket, consult: &str) -> (Participant, Value) {
    let (peer, offer) = Participant::open("127.0.0.1:0").await.unwrap();
    let answer = socket.does(join(consult, 1, &offer)).await;
    assert!(answer.get("ok").is_some(), "{answer}");
    peer.accept(answer["ok"]["answer"].as_str().unwrap()).await.unwrap();
    assert!(peer.connected(Duration::from_secs(15)).await, "no media");
    (peer, answer["ok"].clone())
}

async fn card(socket: &mut Socket) -> Value {
    socket.state("rings", |full| !full["rings"].as_array().unwrap().is_empty()).await["rings"][0].clone()
}

async fn becomes(socket: &mut Socket, state: &str) -> Value {
    socket
        .until(state, |frame| frame["ev"]["type"] == "ring.state" && frame["ev"]["state"] == state)
        .await["ev"]
        .clone()
}

fn act(ring: &Value, action: &str) -> Value {
    json!({ "type": "ring.act", "ring": ring, "action": action })
}

#[tokio::test]
async fn a_tier_rings_together_and_who_was_slower_is_told_at_once() {
    let scene = Scene::open().await;
    let mate =
        scene.alliance.person("Gu", scene.hospital.facility, scene.hospital.department, "specialist").await;
    scene.alliance.on_call(scene.hospital.department(), &mate, 1).await;
    let mut caller = scene.door.enter(scene.clinic.doctor()).await;
    let mut first = scene.door.enter(scene.hospital.doctor()).await;
    let mut other = scene.door.enter(&mate).await;

    scene.asks().await;
    let mine = card(&mut first).await;
    let theirs = card(&mut other).await;
    assert_eq!(first.does(act(&mine["ring"], "seen")).await["ok"]["state"], "ringing");
    let seen = becomes(&mut caller, "seen").await;
    assert_eq!(first.does(act(&mine["ring"], "accept")).await["ok"]["state"], "accepted");

    assert_eq!(seen["user"], json!(scene.hospital.doctor().id));
    assert_eq!(becomes(&mut caller, "accepted").await["ring"], mine["ring"]);
    // The card goes first, then the event says why.
    other.state("rings", |full| full["rings"].as_array().unwrap().is_empty()).await;
    let told = becomes(&mut other, "answered_elsewhere").await;
    assert_eq!((&told["ring"], &told["by"]), (&theirs["ring"], &json!(scene.hospital.doctor().id)));
}

#[tokio::test]
async fn a_ring_is_handed_to_a_colleague_and_to_nobody_else() {
    let scene = Scene::open().await;
    let mut caller = scene.door.enter(scene.clinic.doctor()).await;
    let mut rung = scene.door.enter(scene.hospital.doctor()).await;
    let mut second = scene.door.enter(scene.hospital.second()).await;
    scene.asks().await;
    let mine = card(&mut rung).await;

    let to =
        |who: &Person| json!({ "type": "ring.act", "ring": mine["ring"], "action": "forward", "to": who.id });
    let refused = rung.does(to(scene.clinic.doctor())).await;
    let done = rung.does(to(scene.hospital.second())).await;

    assert_eq!(refused["err"]["code"], "bad_request");
    assert_eq!(done["ok"]["state"], "ringing", "{done}");
    assert_eq!(becomes(&mut caller, "forwarded").await["ring"], mine["ring"]);
    rung.state("rings", |full| full["rings"].as_array().unwrap().is_empty()).await;
    let theirs = card(&mut second).await;
    assert_eq!(second.does(act(&theirs["ring"], "accept")).await["ok"]["state"], "accepted");
}

#[tokio::test]
async fn who_puts_a_ring_off_lets_the_next_one_ring_meanwhile() {
    let scene = Scene::open().await;
    let mut rung = scene.door.enter(scene.hospital.doctor()).await;
    let mut second = scene.door.enter(scene.hospital.second()).await;
    let consult = scene.asks().await;
    let mine = card(&mut rung).await;

    assert_eq!(rung.does(act(&mine["ring"], "snooze")).await["ok"]["state"], "ringing");
    card(&mut second).await;
    let declined = json!({ "type": "ring.act", "ring": card_of(&scene, &consult, scene.hospital.second()).await,
        "action": "decline", "reason": "busy" });
    second.does(declined).await;
    scene.alliance.clock.forward(Duration::from_secs(31));
    causeway::consult::tick(&scene.alliance.ctx).await.unwrap();

    let again = card(&mut rung).await;
    assert_ne!(again["ring"], mine["ring"]);
}

async fn card_of(scene: &Scene, consult: &str, who: &Person) -> Value {
    let view = scene.clinic.doctor().get(&format!("/consults/{consult}")).await.is(200).json();
    let rings = view["rings"].as_array().unwrap().clone();
    assert!(!rings.is_empty());
    let cards = causeway::consult::ring_cards(&scene.alliance.ctx, who.id).await.unwrap();
    serde_json::to_value(&cards).unwrap()[0]["ring"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_third_person_is_asked_into_the_call_rung_and_heard_by_both() {
    let scene = Scene::open().await;
    let elsewhere = scene.alliance.hospital("Yunti Second").await;
    let third = elsewhere.doctor();
    let consult = scene.answered().await;
    let mut rural = scene.door.enter(scene.clinic.doctor()).await;
    let mut specialist = scene.door.enter(scene.hospital.doctor()).await;
    let mut colleague = scene.door.enter(third).await;
    let (rural_peer, _) = sits(&mut rural, &consult).await;
    let (specialist_peer, _) = sits(&mut specialist, &consult).await;
    let (_, offer) = Participant::open("127.0.0.1:0").await.unwrap();
    assert_eq!(colleague.does(join(&consult, 1, &offer)).await["err"]["code"], "not_found");

    let place = format!("/consults/{consult}/participants");
    third.post(&place, json!({ "user_id": third.id })).await.is(404);
    scene.hospital.desk().post(&place, json!({ "user_id": third.id })).await.is(403);
    scene.clinic.doctor().post(&place, json!({ "user_id": scene.hospital.desk().id })).await.is(422);
    scene.clinic.doctor().post(&place, json!({ "user_id": third.id })).await.is(201);
    let ring = card(&mut colleague).await;
    assert_eq!(ring["consult"], json!(consult));
    colleague.does(act(&ring["ring"], "accept")).await;
    let accepted = becomes(&mut rural, "accepted").await;
    let (third_peer, seated) = sits(&mut colleague, &consult).await;

    assert_eq!(accepted["user"], json!(third.id));
    assert_eq!(seated["roster"].as_array().unwrap().len(), 3);
    rural.state(&format!("roster:{consult}"), |full| full["people"].as_array().unwrap().len() == 3).await;
    assert_eq!(scene.state(&consult).await, "in_progress");
    let peers = [&rural_peer, &specialist_peer, &third_peer];
    let everybody_hears_two = || peers.iter().all(|peer| sources(peer) >= 2);
    for n in 0..400_u16 {
        for (mark, peer) in (1_u8..).zip(peers) {
            peer.speak(mark).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        if n > 20 && everybody_hears_two() {
            break;
        }
    }
    assert!(everybody_hears_two(), "each hears {:?}", peers.map(sources));
    drop(specialist);
}

/// Voices that arrive, each in a section of its own.
fn sources(peer: &Participant) -> usize {
    peer.heard().values().filter(|heard| heard.packets > 5).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_transfer_the_old_doctors_seat_is_empty() {
    let scene = Scene::open().await;
    let elsewhere = scene.alliance.hospital("Yunti Second").await;
    let consult = scene.answered().await;
    let mut rural = scene.door.enter(scene.clinic.doctor()).await;
    let mut specialist = scene.door.enter(scene.hospital.doctor()).await;
    let _rural = sits(&mut rural, &consult).await;
    let _specialist = sits(&mut specialist, &consult).await;

    let to = json!({ "to_department": elsewhere.department() });
    scene.hospital.doctor().does(&format!("/consults/{consult}"), "transfer", to).await.is(200);

    let relay = scene.door.relay.as_ref().unwrap();
    let mut left = relay.stats();
    for _ in 0..100 {
        left = relay.stats();
        if left.seats == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(left.seats, 0);
    let (_, offer) = Participant::open("127.0.0.1:0").await.unwrap();
    let refused = specialist.does(join(&consult, 2, &offer)).await;
    assert_eq!(refused["err"]["code"], "not_found", "who handed it on does not sit in it: {refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_join_said_twice_is_one_seat_and_one_answer() {
    let scene = Scene::open().await;
    let consult = scene.answered().await;
    let mut rural = scene.door.enter(scene.clinic.doctor()).await;
    let (_peer, offer) = Participant::open("127.0.0.1:0").await.unwrap();
    let (op, command) = (fresh_op(), join(&consult, 1, &offer));

    let once = rural.does_as(&op, command.clone()).await;
    let twice = rural.does_as(&op, command).await;
    let other = rural.does_as(&op, json!({ "type": "leave", "consult": consult })).await;

    assert!(once["ok"]["pid"].is_string(), "{once}");
    assert_eq!(once["ok"], twice["ok"]);
    assert_eq!(other["err"]["msg_key"], "signal.op_reused");
    let journal = scene.alliance.journal_of(&consult).await;
    assert_eq!(journal.iter().filter(|action| *action == "consult.sit").count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_started_anew_lets_one_back_into_the_seat_in_one_flight_and_tells_what_was_missed() {
    let mut scene = Scene::open().await;
    let consult = scene.answered().await;
    let doctor = scene.clinic.doctor();
    let mut rural = scene.door.enter(doctor).await;
    let (_before, seated) = sits(&mut rural, &consult).await;
    let (sid, key, last_n) = (rural.sid.clone(), rural.key.clone(), rural.last_n);
    drop(rural);
    scene.door = Door::open_with_relay(&scene.alliance).await;
    causeway::consult::everybody_left(&scene.alliance.ctx).await.unwrap();
    let said = json!({ "body": "还在吗", "client_msg_id": fresh_op() });
    scene.hospital.doctor().post(&format!("/consults/{consult}/messages"), said).await.is(201);

    let (peer, offer) = Participant::open("127.0.0.1:0").await.unwrap();
    let mut back = scene.door.knock(doctor).await.unwrap();
    back.last_n = last_n;
    let rejoin = json!({ "consult": consult, "pid": seated["pid"], "offer": { "neg": 7, "sdp": offer } });
    let resume = json!({ "sid": sid, "key": key, "last_n": last_n, "join": rejoin });
    let welcome = back.hello(Some(resume)).await;

    assert_eq!((&welcome["resumed"], welcome.get("reset")), (&json!(false), None));
    assert_eq!(welcome["from"], json!(last_n));
    let answer = back.until("the relay's answer", |frame| frame["t"] == "sig").await;
    assert_eq!((&answer["kind"], &answer["neg"]), (&json!("answer"), &json!(7)));
    peer.accept(answer["sdp"].as_str().unwrap()).await.unwrap();
    assert!(peer.connected(Duration::from_secs(15)).await, "no media");
    let roster =
        back.state(&format!("roster:{consult}"), |full| full["people"].as_array().unwrap().len() == 1).await;
    assert_eq!(roster["people"][0]["pid"], seated["pid"], "the same name in the record");
}

#[tokio::test]
async fn an_inbox_older_than_it_is_kept_asks_the_page_to_take_everything_anew() {
    let scene = Scene::open().await;
    let consult = scene.asks().await;
    let doctor = scene.clinic.doctor();
    let before = scene.door.enter(doctor).await;
    let said = json!({ "body": "…", "client_msg_id": fresh_op() });
    doctor.post(&format!("/consults/{consult}/messages"), said).await.is(201);
    scene.alliance.clock.forward(Duration::from_secs(8 * 24 * 3_600));
    let now = scene.alliance.ctx.clock.now();
    let mut tx = scene.alliance.ctx.db.write_quiet("test.session").await.unwrap();
    let until = now.plus(Duration::from_secs(3_600));
    tx.execute("UPDATE sessions SET expires_at = $1", causeway::args![until]).await.unwrap();
    tx.commit().await.unwrap();

    let (_, welcome) = scene.door.come_back(doctor, &before).await;

    assert_eq!(welcome["reset"], true, "{welcome}");
    assert_eq!(welcome["from"], welcome["n"]);
}

#[tokio::test]
async fn who_comes_back_has_answered_on_every_machine_and_who_cannot_may_say_so() {
    let scene = Scene::open().await;
    let consult = scene.answered().await;
    let (record, id) = (format!("/consults/{consult}"), consult.parse().unwrap());
    let (clinic, doctor) = (scene.clinic.doctor(), scene.hospital.doctor());
    let ctx = &scene.alliance.ctx;
    for user in [clinic.id, doctor.id] {
        causeway::consult::joined(ctx, id, user).await.unwrap();
    }
    causeway::consult::left(ctx, id, doctor.id).await.unwrap();
    let mut here = scene.door.enter(doctor).await;
    let mut there = scene.door.enter(doctor).await;
    let nothing = |full: &Value| full["rings"].as_array().unwrap().is_empty();

    clinic.does(&record, "redial", json!({})).await.is(200);
    let rung = card(&mut here).await;
    card(&mut there).await;
    assert_eq!(rung["tier"], 5, "{rung}");
    let no = here
        .does(json!({ "type": "ring.act", "ring": rung["ring"], "action": "decline", "reason": "busy" }))
        .await;
    assert_eq!(no["ok"]["state"], "interrupted", "{no}");
    there.state("rings", nothing).await;

    clinic.does(&record, "redial", json!({})).await.is(200);
    let again = card(&mut here).await;
    card(&mut there).await;
    let came = here.does(act(&again["ring"], "accept")).await;
    assert_eq!(came["ok"]["state"], "in_progress", "{came}");
    there.state("rings", nothing).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_line_is_told_to_the_room_and_kept_as_figures_when_the_seat_is_left() {
    let scene = Scene::open().await;
    let consult = scene.answered().await;
    let mut rural = scene.door.enter(scene.clinic.doctor()).await;
    let mut specialist = scene.door.enter(scene.hospital.doctor()).await;
    let (_here, mine) = sits(&mut rural, &consult).await;
    let (_there, _) = sits(&mut specialist, &consult).await;

    let of_mine = |frame: &Value| frame["k"] == "line" && frame["pid"] == mine["pid"];
    let told = specialist.until("how the other line is", of_mine).await;
    let own = rural.until("how one's own line is", of_mine).await;
    for line in [told, own] {
        assert_eq!((&line["t"], &line["share"]), (&json!("eph"), &json!("full")), "{line}");
    }
    let stats = json!({ "t": "eph", "consult": consult, "k": "stats", "loss": 0, "rtt_ms": 40,
                        "down_kbps": 300, "up_kbps": 300, "route": "tcp" });
    rural.say(stats).await;
    specialist.until("what the browser says", |frame| frame["k"] == "quality").await;
    scene.alliance.clock.forward(Duration::from_secs(30));
    rural.does(json!({ "type": "leave", "consult": consult })).await;

    let report = report_of(&scene, &consult).await;
    assert!(report["setup_ms"].is_i64(), "{report}");
    let rest = ["route", "seconds", "voice_only_s", "loss_pm", "breaks"].map(|name| report[name].clone());
    assert_eq!(json!(rest), json!(["tcp", 30, 0, 0, 0]), "{report}");
    assert_eq!(report["participant"], mine["pid"]);
    assert!(!report.to_string().contains("127.0.0.1"), "no addresses");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_persons_seat_is_empty_at_once_though_the_line_was_cut_before() {
    let scene = Scene::open().await;
    let consult = scene.answered().await;
    let mut rural = scene.door.enter(scene.clinic.doctor()).await;
    let mut specialist = scene.door.enter(scene.hospital.doctor()).await;
    let _rural = sits(&mut rural, &consult).await;
    let _specialist = sits(&mut specialist, &consult).await;
    let roster = format!("roster:{consult}");
    drop(rural);
    let alone = |full: &Value| full["people"].as_array().unwrap().len() == 1;
    specialist
        .state(&roster, |full| {
            full["people"].as_array().unwrap().iter().any(|one| one["reconnecting"] == true)
        })
        .await;

    let account = format!("/admin/people/{}", scene.clinic.doctor().id);
    scene.clinic.admin().does(&account, "suspend", json!({})).await.is(200);

    specialist.state(&roster, alone).await;
    let relay = scene.door.relay.as_ref().unwrap();
    for _ in 0..100 {
        if relay.stats().seats == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the relay still keeps the seat");
}
