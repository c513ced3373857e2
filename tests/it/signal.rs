//! The conversation with the browsers, over real sockets on loopback.

use std::time::Duration;

use causeway::cli::probe::Participant;
use causeway::media::SeatId;
use serde_json::{Value, json};

use super::support::{Person, Scene, Socket, fresh_op, join};

fn code(answer: &Value) -> &str {
    answer["err"]["code"].as_str().unwrap_or("no error")
}

/// A description that reads like one and that no relay can follow.
fn fake_offer() -> &'static str {
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
}

async fn says(person: &Person, consult: &str, body: &str) {
    let message = json!({ "body": body, "client_msg_id": fresh_op() });
    person.post(&format!("/consults/{consult}/messages"), message).await.is(201);
}

#[tokio::test]
async fn hello_is_answered_with_a_welcome_and_how_things_stand() {
    let scene = Scene::open().await;
    let doctor = scene.hospital.doctor();
    let mut socket = scene.door.knock(doctor).await.unwrap();

    let welcome = socket.hello(None).await;

    assert_eq!(welcome["me"], json!(doctor.id));
    assert_eq!((&welcome["resumed"], &welcome["hb_ms"]), (&json!(false), &json!(5_000)));
    assert_eq!(welcome["limits"]["frame_bytes"], 65_536);
    let rings = socket.state("rings", |_| true).await;
    assert_eq!(rings["rings"], json!([]));
}

#[tokio::test]
async fn an_unknown_frame_is_answered_and_the_line_goes_on() {
    let scene = Scene::open().await;
    let mut socket = scene.door.enter(scene.hospital.doctor()).await;

    socket.say(json!({ "t": "dance", "id": 9 })).await;
    let answer = socket.until("an answer", |frame| frame["t"] == "res").await;
    let reserved = socket.does(json!({ "type": "rec.request" })).await;
    socket.say(json!({ "t": "ping", "ts": "2026-11-22T06:42:18.250Z" })).await;
    let pong = socket.until("a pong", |frame| frame["t"] == "pong").await;

    assert_eq!((answer["id"].as_u64(), code(&answer)), (Some(9), "unknown_type"));
    assert_eq!(code(&reserved), "unsupported");
    assert_eq!(pong["ts"], "2026-11-22T06:42:18.250Z");
}

#[tokio::test]
async fn a_frame_above_the_limit_ends_the_line_with_4413() {
    let scene = Scene::open().await;
    let mut socket = scene.door.enter(scene.hospital.doctor()).await;

    socket.say_text("x".repeat(64 * 1024 + 1)).await;

    assert_eq!(socket.closed().await.0, 4413);
}

#[tokio::test]
async fn a_flood_ends_the_line_with_4429_and_costs_nobody_else() {
    let scene = Scene::open().await;
    let mut flooder = scene.door.enter(scene.hospital.doctor()).await;
    let mut honest = scene.door.enter(scene.clinic.doctor()).await;

    for _ in 0..200 {
        flooder.say(json!({ "t": "ack", "n": 0 })).await;
    }

    assert_eq!(flooder.closed().await.0, 4429);
    let answer = honest.does(json!({ "type": "sync", "topic": "rings" })).await;
    assert_eq!(answer["ok"], json!({}));
}

#[tokio::test]
async fn sockets_from_other_origins_are_refused() {
    let scene = Scene::open().await;
    let address = scene.door.address.to_string();
    let port = scene.door.address.port();
    let twelve = [
        "null".to_owned(),
        format!("http://{address}"),
        "https://127.0.0.1".to_owned(),
        format!("https://127.0.0.1:{}", port.wrapping_add(1)),
        format!("https://{address}.evil.example"),
        format!("https://evil.example/{address}"),
        format!("https://evil.example#{address}"),
        format!("https://sub.{address}"),
        format!("https://{address}/"),
        format!("HTTPS://{address}"),
        format!("https://localhost:{port}"),
        "file://".to_owned(),
    ];

    for origin in twelve {
        let headers = [("origin", origin.clone()), ("sec-websocket-protocol", "consult.v1".into())];
        let refused = scene.door.knock_with(scene.hospital.doctor(), &headers).await.err();
        assert_eq!(refused, Some(403), "{origin}");
    }
    let nowhere = [("sec-websocket-protocol", "consult.v1".to_owned())];
    assert_eq!(scene.door.knock_with(scene.hospital.doctor(), &nowhere).await.err(), Some(403));
}

#[tokio::test]
async fn who_is_not_signed_in_or_speaks_something_else_gets_no_socket() {
    let scene = Scene::open().await;

    assert_eq!(scene.door.knock(&scene.alliance.stranger()).await.err(), Some(401));
    let other = [("origin", scene.door.origin()), ("sec-websocket-protocol", "chat.v9".into())];
    assert_eq!(scene.door.knock_with(scene.hospital.doctor(), &other).await.err(), Some(400));
}

#[tokio::test]
async fn signing_out_ends_the_line_at_once() {
    let scene = Scene::open().await;
    let doctor = scene.hospital.doctor();
    let mut socket = scene.door.enter(doctor).await;

    doctor.delete("/session").await.is(204);

    let (code, heard) = tokio::time::timeout(Duration::from_secs(2), socket.closed()).await.unwrap();
    assert_eq!(code, 4401);
    assert_eq!(heard.last().unwrap()["action"], "stop");
}

#[tokio::test]
async fn a_ring_is_told_answered_and_taken_from_the_others_screens() {
    let scene = Scene::open().await;
    let mut caller = scene.door.enter(scene.clinic.doctor()).await;
    let mut rung = scene.door.enter(scene.hospital.doctor()).await;
    let mut desk = scene.door.enter(scene.hospital.desk()).await;

    let consult = scene.asks().await;

    let card = rung.state("rings", |full| !full["rings"].as_array().unwrap().is_empty()).await;
    let card = card["rings"][0].clone();
    assert_eq!(card["consult"], json!(consult));
    assert_eq!(card["patient"]["name"], "赵长河");
    let ring = rung.event("ring").await;
    assert_eq!((&ring["ring"], &ring["urgency"]), (&card["ring"], &json!("urgent")));
    rung.say(json!({ "t": "ack", "n": rung.last_n })).await;
    let arrived = caller.event("ring.state").await;
    assert_eq!((&arrived["ring"], &arrived["state"]), (&card["ring"], &json!("delivered")));

    let op = fresh_op();
    let accept = json!({ "type": "ring.act", "ring": card["ring"], "action": "accept" });
    let answer = rung.does_as(&op, accept.clone()).await;
    let again = rung.does_as(&op, accept).await;

    assert_eq!(answer["ok"]["state"], "accepted", "{answer}");
    assert_eq!(answer["ok"], again["ok"]);
    let step = caller
        .until("accepted", |frame| {
            frame["ev"]["type"] == "consult.state" && frame["ev"]["action"] == "accept"
        })
        .await;
    assert_eq!(step["ev"]["by"], json!(scene.hospital.doctor().id));
    desk.until("accepted", |frame| frame["ev"]["action"] == "accept").await;
    let accepts = scene.alliance.journal_of(&consult).await;
    assert_eq!(accepts.iter().filter(|action| *action == "consult.accept").count(), 1);
}

#[tokio::test]
async fn a_caller_who_thinks_better_of_it_takes_the_card_away() {
    let scene = Scene::open().await;
    let mut caller = scene.door.enter(scene.clinic.doctor()).await;
    let mut rung = scene.door.enter(scene.hospital.doctor()).await;
    scene.asks().await;
    let card = rung.state("rings", |full| !full["rings"].as_array().unwrap().is_empty()).await;

    let cancel = json!({ "type": "ring.act", "ring": card["rings"][0]["ring"], "action": "cancel" });
    let answer = caller.does(cancel).await;

    assert_eq!(answer["ok"]["state"], "cancelled", "{answer}");
    let gone = rung.state("rings", |full| full["rings"].as_array().unwrap().is_empty());
    tokio::time::timeout(Duration::from_secs(1), gone).await.expect("the card is gone within a second");
}

#[tokio::test]
async fn a_ring_is_nobody_elses_to_answer() {
    let scene = Scene::open().await;
    let mut rung = scene.door.enter(scene.hospital.doctor()).await;
    let mut stranger = scene.door.enter(scene.clinic.second()).await;
    scene.asks().await;
    let card = rung.state("rings", |full| !full["rings"].as_array().unwrap().is_empty()).await;
    let ring = card["rings"][0]["ring"].clone();

    let accept = stranger.does(json!({ "type": "ring.act", "ring": ring, "action": "accept" })).await;
    let forward = rung.does(json!({ "type": "ring.act", "ring": ring, "action": "forward" })).await;
    let decline =
        rung.does(json!({ "type": "ring.act", "ring": ring, "action": "decline", "reason": "busy" })).await;

    assert_eq!(code(&accept), "not_found");
    assert_eq!(code(&forward), "bad_request", "to whom?");
    assert!(decline.get("ok").is_some(), "{decline}");
}

#[tokio::test]
async fn what_is_written_stays_in_the_record_and_is_told_to_the_other_side() {
    let scene = Scene::open().await;
    let consult = scene.answered().await;
    let mut rural = scene.door.enter(scene.clinic.doctor()).await;
    let mut specialist = scene.door.enter(scene.hospital.doctor()).await;

    let op = fresh_op();
    let words = json!({ "type": "chat.send", "consult": consult, "text": "V3R 到 V5R 做了吗？" });
    let first = specialist.does_as(&op, words.clone()).await;
    let second = specialist.does_as(&op, words).await;
    let other = json!({ "type": "chat.send", "consult": consult, "text": "Something else" });
    let reused = specialist.does_as(&op, other).await;

    assert_eq!(first["ok"], second["ok"]);
    assert_eq!(code(&reused), "bad_request");
    let heard = rural.event("chat").await;
    assert_eq!(heard["message"]["body"], "V3R 到 V5R 做了吗？");
    assert_eq!(heard["message"]["author"]["id"], json!(scene.hospital.doctor().id));
    let kept = scene.clinic.doctor().get(&format!("/consults/{consult}/messages")).await.is(200).json();
    assert_eq!(kept["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_line_that_was_cut_is_told_exactly_what_it_missed() {
    let scene = Scene::open().await;
    let consult = scene.answered().await;
    let rural = scene.clinic.doctor();
    let mut before = scene.door.enter(rural).await;
    says(scene.hospital.doctor(), &consult, "one").await;
    before.event("chat").await;

    let (sid, key, last_n) = (before.sid.clone(), before.key.clone(), before.last_n);
    drop(before);
    for word in ["two", "three", "four"] {
        says(scene.hospital.doctor(), &consult, word).await;
    }
    let mut socket = scene.door.knock(rural).await.unwrap();
    socket.last_n = last_n;
    let welcome = socket.hello(Some(json!({ "sid": sid, "key": key, "last_n": last_n }))).await;

    assert_eq!((&welcome["resumed"], &welcome["n"]), (&json!(true), &json!(last_n + 3)));
    for word in ["two", "three", "four"] {
        assert_eq!(socket.event("chat").await["message"]["body"], word);
    }
}

#[tokio::test]
async fn a_session_is_resumed_by_its_owner_with_its_key_and_no_further_back_than_is_kept() {
    let scene = Scene::open().await;
    let consult = scene.answered().await;
    let rural = scene.clinic.doctor();
    let before = scene.door.enter(rural).await;
    says(scene.hospital.doctor(), &consult, "missed").await;

    let (_, wrong_key) = {
        let mut socket = scene.door.knock(rural).await.unwrap();
        let resume = json!({ "sid": before.sid, "key": "guess", "last_n": before.last_n });
        let welcome = socket.hello(Some(resume)).await;
        (socket, welcome)
    };
    let (_, somebody_else) = scene.door.come_back(scene.clinic.second(), &before).await;
    assert_eq!((&wrong_key["resumed"], &somebody_else["resumed"]), (&json!(false), &json!(false)));

    scene.alliance.clock.forward(Duration::from_secs(8 * 24 * 3600));
    assert_eq!(scene.door.knock(rural).await.err(), Some(401), "a session lasts a shift");
}

#[tokio::test]
async fn the_newer_line_of_one_session_replaces_the_older() {
    let scene = Scene::open().await;
    let mut older = scene.door.enter(scene.clinic.doctor()).await;

    let (mut newer, welcome) = scene.door.come_back(scene.clinic.doctor(), &older).await;

    assert_eq!(welcome["resumed"], true);
    assert_eq!(older.closed().await.0, 4409);
    assert_eq!(newer.does(json!({ "type": "sync", "topic": "rings" })).await["ok"], json!({}));
}

#[tokio::test]
async fn a_slow_line_is_ended_while_the_others_go_on_and_loses_nothing() {
    let scene = Scene::open().await;
    let consult = scene.answered().await;
    let mut slow = scene.door.enter(scene.clinic.doctor()).await;
    let mut fast = scene.door.enter(scene.hospital.doctor()).await;
    let long = "字".repeat(4_000);

    for _ in 0..60 {
        says(scene.hospital.doctor(), &consult, &long).await;
        fast.event("chat").await;
    }
    // The queue is full by now; it takes a moment of real time to have been noticed.
    tokio::time::sleep(Duration::from_millis(500)).await;
    scene.alliance.clock.forward(Duration::from_secs(11));
    tokio::time::sleep(Duration::from_millis(200)).await;

    let (code, heard) = slow.closed().await;
    assert_eq!(code, 4408);
    let told = heard.iter().filter(|frame| frame["t"] == "evt").count();
    assert!(told < 60, "it was not slow: {told}");
    let (mut back, welcome) = scene.door.come_back(scene.clinic.doctor(), &slow).await;
    assert_eq!(welcome["resumed"], true);
    for _ in told..60 {
        back.event("chat").await;
    }
    assert_eq!(back.last_n, welcome["n"].as_i64().unwrap());
}

#[tokio::test]
async fn a_malformed_description_is_refused_and_nothing_else_happens() {
    let scene = Scene::open().await;
    let consult = scene.answered().await;
    let mut socket = scene.door.enter(scene.clinic.doctor()).await;

    let nonsense = socket.does(join(&consult, 1, "nonsense")).await;
    let data =
        socket.does(join(&consult, 1, &format!("{}m=application 9 UDP/DTLS/SCTP 0\r\n", fake_offer()))).await;
    let huge = socket.does(join(&consult, 1, &format!("{}a={}\r\n", fake_offer(), "x".repeat(33_000)))).await;
    let empty = socket.does(join(&consult, 1, fake_offer())).await;

    assert_eq!((code(&nonsense), code(&data), code(&huge)), ("bad_request", "bad_request", "too_large"));
    assert!(["bad_request", "media_failed"].contains(&code(&empty)), "{empty}");
    let mute = socket.does(json!({ "type": "mute", "consult": consult, "track": "mic", "on": true })).await;
    assert_eq!(code(&mute), "not_joined");
    assert_eq!(scene.state(&consult).await, "accepted");
    assert!(!scene.alliance.journal_of(&consult).await.contains(&"consult.sit".to_owned()));
}

#[tokio::test]
async fn a_room_is_shut_to_strangers_and_before_somebody_answered() {
    let scene = Scene::open().await;
    let consult = scene.asks().await;
    let other = scene.alliance.clinic("Shiqiao").await;
    let mut stranger = scene.door.enter(other.doctor()).await;
    let mut early = scene.door.enter(scene.clinic.doctor()).await;

    let real = stranger.does(join(&consult, 1, fake_offer())).await;
    let guessed = stranger.does(join("con-019aa5e0c40070008000000000000001", 1, fake_offer())).await;
    let too_early = early.does(join(&consult, 1, fake_offer())).await;

    assert_eq!((code(&real), code(&guessed)), ("not_found", "not_found"));
    assert_eq!(real["err"], guessed["err"], "an id that exists is answered like one that does not");
    assert_eq!(code(&too_early), "gone");
}

#[tokio::test]
async fn presence_is_watched_and_told_when_it_changes() {
    let scene = Scene::open().await;
    let mut watcher = scene.door.enter(scene.clinic.doctor()).await;
    let mut watched = scene.door.enter(scene.hospital.doctor()).await;
    let id = scene.hospital.doctor().id.to_string();

    let scope = json!([scene.hospital.department(), scene.clinic.second().id]);
    watcher.does(json!({ "type": "presence.watch", "scope": scope })).await;
    watched.does(json!({ "type": "presence.set", "status": "busy" })).await;

    let told = watcher.state("presence", |full| full["users"][&id] == "busy").await;
    assert_eq!(told["users"].as_object().unwrap().len(), 3);
    scene.hospital.doctor().put("/session/presence", json!({ "status": "on_break" })).await.is(204);
    watcher.state("presence", |full| full["users"][&id] == "on_break").await;
}

/// Somebody in a call: words over the socket, media over the other stack.
struct InCall {
    socket: Socket,
    pid: Value,
    neg: u32,
    peer: Participant,
}

impl InCall {
    async fn joins(scene: &Scene, who: &Person, consult: &str) -> Self {
        let socket = scene.door.enter(who).await;
        Self::joins_by(socket, consult).await
    }

    async fn joins_by(mut socket: Socket, consult: &str) -> Self {
        let (peer, offer) = Participant::open("127.0.0.1:0").await.unwrap();
        let answer = socket.does(join(consult, 1, &offer)).await;
        assert!(answer.get("ok").is_some(), "{answer}");
        peer.accept(answer["ok"]["answer"].as_str().unwrap()).await.unwrap();
        assert!(peer.connected(Duration::from_secs(15)).await, "no media");
        Self { socket, pid: answer["ok"]["pid"].clone(), neg: 1, peer }
    }

    /// Waits until the room looks like this.
    async fn sees_room(&mut self, consult: &str, what: impl Fn(&[Value]) -> bool) -> Value {
        let topic = format!("roster:{consult}");
        self.socket.state(&topic, |full| what(full["people"].as_array().unwrap())).await
    }
}

/// Two doctors in a call about a consult that was answered.
async fn in_call(scene: &Scene) -> (String, InCall, InCall) {
    let consult = scene.answered().await;
    let rural = InCall::joins(scene, scene.clinic.doctor(), &consult).await;
    let specialist = InCall::joins(scene, scene.hospital.doctor(), &consult).await;
    (consult, rural, specialist)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_doctors_meet_mute_and_part() {
    let scene = Scene::open().await;
    let (consult, mut rural, mut specialist) = in_call(&scene).await;

    rural.socket.event("person.joined").await;
    let other = specialist.pid.clone();
    let slots = format!("slots:{consult}");
    let playing = |full: &Value| full["slots"].as_array().unwrap().iter().any(|slot| slot["pid"] == other);
    let answer = rural.socket.does(json!({ "type": "sync", "topic": slots })).await;
    assert_eq!(answer["ok"], json!({}));
    rural.socket.state(&slots, playing).await;
    assert_eq!(scene.state(&consult).await, "in_progress");

    let mute = json!({ "type": "mute", "consult": consult, "track": "mic", "on": true });
    assert!(specialist.socket.does(mute).await.get("ok").is_some());
    let seen = rural
        .sees_room(&consult, |people| people.len() == 2 && people.iter().any(|person| person["mic"] == "off"))
        .await;
    let muted =
        seen["people"].as_array().unwrap().iter().find(|person| person["mic"] == "off").unwrap().clone();
    assert_eq!((&muted["pid"], &muted["facility"]["name"]), (&specialist.pid, &json!("Yunti First")));
    assert_eq!((&muted["role"], &muted["user"]["title"]), (&json!("specialist"), &json!("Dr")));

    specialist.socket.say(json!({ "t": "eph", "consult": consult, "k": "typing" })).await;
    let typing = rural.socket.until("typing", |frame| frame["k"] == "typing").await;
    assert_eq!(typing["from"], specialist.pid);

    specialist.socket.does(json!({ "type": "leave", "consult": consult })).await;
    let left = rural.socket.event("person.left").await;
    assert_eq!(left["pid"], specialist.pid);
    assert_eq!(scene.state(&consult).await, "interrupted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_line_keeps_its_seat_and_goes_on_with_a_restart_in_its_hello() {
    let scene = Scene::open().await;
    let (consult, rural, mut specialist) = in_call(&scene).await;
    let InCall { socket, pid, peer, neg } = rural;
    let (sid, key, last_n) = (socket.sid.clone(), socket.key.clone(), socket.last_n);
    drop(socket);
    specialist.sees_room(&consult, |people| people.iter().any(|person| person["reconnecting"] == true)).await;

    let offer = peer.offer(true).await.unwrap();
    let mut back = scene.door.knock(scene.clinic.doctor()).await.unwrap();
    back.last_n = last_n;
    let rejoin =
        json!({ "consult": consult, "pid": pid, "offer": { "neg": neg + 1, "sdp": offer, "restart": true } });
    let welcome = back.hello(Some(json!({ "sid": sid, "key": key, "last_n": last_n, "join": rejoin }))).await;

    assert_eq!(welcome["resumed"], true);
    let answer = back.until("the relay's answer", |frame| frame["t"] == "sig").await;
    assert_eq!((&answer["kind"], &answer["neg"]), (&json!("answer"), &json!(neg + 1)));
    peer.accept(answer["sdp"].as_str().unwrap()).await.unwrap();
    specialist
        .sees_room(&consult, |people| people.iter().all(|person| person["reconnecting"] == false))
        .await;
    assert_eq!(scene.state(&consult).await, "in_progress");

    // An offer that is not newer than the last is stale: nothing answers it.
    back.say(json!({ "t": "sig", "consult": consult, "neg": neg, "kind": "offer", "sdp": fake_offer() }))
        .await;
    back.say(json!({ "t": "ping", "ts": "2026-11-22T06:42:18.250Z" })).await;
    let next = back.until("an answer", |frame| frame["t"] == "sig" || frame["t"] == "pong").await;
    assert_eq!(next["t"], "pong");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signs_out_in_a_call_has_left_it() {
    let scene = Scene::open().await;
    let (consult, mut rural, specialist) = in_call(&scene).await;

    scene.hospital.doctor().delete("/session").await.is(204);

    rural.sees_room(&consult, |people| people.len() == 1).await;
    let left = rural.socket.event("person.left").await;
    assert_eq!(left["pid"], specialist.pid);
    assert_eq!(scene.state(&consult).await, "interrupted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_never_comes_back_loses_the_seat() {
    let scene = Scene::open().await;
    let (consult, rural, mut specialist) = in_call(&scene).await;
    rural.peer.close().await;
    drop(rural.socket);
    specialist.sees_room(&consult, |people| people.iter().any(|person| person["reconnecting"] == true)).await;

    // Ten minutes, in steps that the other line survives: a voice may flow longer than its words.
    for _ in 0..16 {
        scene.alliance.clock.forward(Duration::from_secs(40));
        specialist.socket.say(json!({ "t": "ping", "ts": "2026-11-22T06:42:18.250Z" })).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
    }

    let left = specialist.socket.event("person.left").await;
    assert_eq!(left["pid"], rural.pid);
    let stands = specialist.socket.event("consult.state").await;
    assert_eq!((&stands["action"], &stands["state"]), (&json!("lost"), &json!("interrupted")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_of_the_relay_asks_its_own_victim_back() {
    let scene = Scene::open().await;
    let (consult, mut rural, specialist) = in_call(&scene).await;
    let relay = scene.door.relay.as_ref().unwrap();

    // The hub numbers rooms and seats by twos: the first to sit down has the second number.
    causeway::media::testing::panic_at(relay, SeatId(2)).unwrap();

    let need = rural.socket.until("to be asked back", |frame| frame["t"] == "sig").await;
    assert_eq!((&need["kind"], &need["audio"], &need["video"]), (&json!("need"), &json!(0), &json!(0)));
    let again = InCall::joins_by(rural.socket, &consult).await;
    assert_eq!(again.pid, rural.pid, "the same person has the same seat");
    assert_eq!(scene.state(&consult).await, "in_progress");
    drop(specialist);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_moves_to_the_machine_on_which_it_is_joined_again() {
    let scene = Scene::open().await;
    let (consult, mut first, mut specialist) = in_call(&scene).await;

    let second = InCall::joins(&scene, scene.clinic.doctor(), &consult).await;

    first.socket.until("to be told", |frame| frame["k"] == "moved").await;
    assert_eq!(first.pid, second.pid);
    let seen = specialist.sees_room(&consult, |people| people.len() == 2).await;
    assert_eq!(seen["people"].as_array().unwrap().len(), 2, "no ghost twin");
    let mute = json!({ "type": "mute", "consult": consult, "track": "mic", "on": true });
    assert_eq!(code(&first.socket.does(mute).await), "not_joined");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_still_is_asked_of_one_and_a_referral_is_begun_from_the_call() {
    let scene = Scene::open().await;
    let (consult, mut rural, mut specialist) = in_call(&scene).await;

    let ask = json!({ "type": "still.request", "consult": consult, "from": rural.pid });
    assert!(specialist.socket.does(ask).await.get("ok").is_some());
    assert_eq!(rural.socket.event("still").await["by"], json!(scene.hospital.doctor().id));

    let op = fresh_op();
    let first = rural.socket.does_as(&op, json!({ "type": "refer.open", "consult": consult })).await;
    let second = rural.socket.does_as(&op, json!({ "type": "refer.open", "consult": consult })).await;
    let referral = first["ok"]["referral"].as_str().unwrap_or_else(|| panic!("{first}"));
    assert_eq!(first["ok"], second["ok"]);
    let letter = scene.clinic.doctor().get(&format!("/referrals/{referral}")).await.is(200).json();
    assert_eq!(letter["state"], "draft");
}
