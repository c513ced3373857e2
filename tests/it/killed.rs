//! The plug is pulled: the real binary is killed (SIGKILL) again and again while people work.
//!
//! What was acknowledged is there afterwards; what was not is there whole or not at all; and
//! whoever asks again with the same key gets one record, not two. The random points come from
//! a seed that is printed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use causeway::kernel::{Clock, DiceExt, LoadedDice, SystemClock};
use causeway::store::{Db, Query, args};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::support::server::{Door, House};
use crate::support::{Alliance, KEY, Person, Place};

/// How often the plug is pulled.
const POINTS: usize = 50;
/// People working at the same time, each on a patient of their own.
const WRITERS: usize = 3;

/// What the outside world was told, and must therefore find again.
#[derive(Default)]
struct Told {
    /// Record → the actions that were acknowledged.
    actions: BTreeMap<String, Vec<String>>,
    /// Record → the messages that were acknowledged.
    messages: BTreeMap<String, Vec<String>>,
    /// Address of a file → its bytes.
    files: BTreeMap<String, Vec<u8>>,
    /// Address → somebody who may read it.
    readers: BTreeMap<String, String>,
    requests: usize,
    repeated: usize,
    stories: usize,
}

/// One writer's desk: where the server is just now, and what it has said so far.
#[derive(Clone)]
struct Desk {
    door: watch::Receiver<Option<Door>>,
    told: Arc<Mutex<Told>>,
    under_way: Arc<AtomicUsize>,
    evening: Arc<AtomicBool>,
    name: usize,
}

/// A request that is worth repeating until it is answered.
struct Wish<'a> {
    who: &'a Person,
    method: &'a str,
    path: String,
    headers: Vec<(&'a str, String)>,
    body: Bytes,
}

impl Desk {
    /// Sends a wish until it is answered, over as many restarts as it takes; always the same
    /// bytes under the same key.
    async fn insist(&mut self, wish: &Wish<'_>) -> (Value, String) {
        let mut tries = 0;
        loop {
            let door = self.door.wait_for(Option::is_some).await.unwrap().clone().unwrap();
            let mut headers: Vec<(&str, &str)> = wish.headers.iter().map(|(n, v)| (*n, &**v)).collect();
            headers.push(("cookie", wish.who.cookie.as_deref().unwrap()));
            let path = format!("/api/v1{}", wish.path);
            self.under_way.fetch_add(1, Ordering::SeqCst);
            let said = door.ask(wish.method, &path, &headers, wish.body.clone()).await;
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            match said {
                Ok(answer) if answer.status().is_success() => {
                    let mut told = self.told.lock().unwrap();
                    told.requests += 1;
                    told.repeated += usize::from(tries > 0);
                    let etag = answer.headers().get("etag").map(|v| v.to_str().unwrap().to_owned());
                    let body = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
                    return (body, etag.unwrap_or_default());
                }
                Ok(answer) => {
                    let text = String::from_utf8_lossy(answer.body());
                    panic!("{} {}: {} {text}", wish.method, wish.path, answer.status());
                }
                Err(_) => {
                    tries += 1;
                    // The server is gone: wait until another one stands at another door.
                    let gone = door.port;
                    self.door
                        .wait_for(|now| now.as_ref().is_none_or(|door| door.port != gone))
                        .await
                        .unwrap();
                }
            }
        }
    }

    async fn look(&mut self, who: &Person, path: &str) -> (Value, String) {
        let path = path.to_owned();
        self.insist(&Wish { who, method: "GET", path, headers: vec![], body: Bytes::new() }).await
    }

    async fn make(&mut self, who: &Person, path: &str, key: &str, body: Value) -> (Value, String) {
        let headers = vec![("content-type", "application/json".into()), ("idempotency-key", key.to_owned())];
        let body = Bytes::from(body.to_string());
        self.insist(&Wish { who, method: "POST", path: path.to_owned(), headers, body }).await
    }

    /// Takes a step with a record, on the version it has now.
    async fn step(&mut self, who: &Person, record: &str, action: &str, body: Value) -> Value {
        let (_, etag) = self.look(who, record).await;
        let headers = vec![
            ("content-type", "application/json".into()),
            ("idempotency-key", format!("{record}-{action}")),
            ("if-match", etag),
        ];
        let path = format!("{record}/actions/{action}");
        let body = Bytes::from(body.to_string());
        let (answer, _) = self.insist(&Wish { who, method: "POST", path, headers, body }).await;
        self.note(record, action);
        answer
    }

    fn note(&self, record: &str, action: &str) {
        let id = record.rsplit('/').next().unwrap().to_owned();
        self.told.lock().unwrap().actions.entry(id).or_default().push(action.to_owned());
    }

    /// One patient's whole way, again and again until the day is over.
    async fn work(mut self, clinic: Arc<Place>, hospital: Arc<Place>, patient: String) {
        for turn in 0.. {
            if self.evening.load(Ordering::SeqCst) {
                return;
            }
            self.story(&clinic, &hospital, &patient, turn).await;
            self.told.lock().unwrap().stories += 1;
        }
    }

    async fn story(&mut self, clinic: &Place, hospital: &Place, patient: &str, turn: usize) {
        let (rural, specialist) = (clinic.doctor(), hospital.doctor());
        let name = format!("writer-{}-{turn}", self.name);
        let form = json!({
            "patient_id": patient, "to_department": hospital.department(), "kind": "async", "urgency": "urgent",
            "question": "Chest pain for two hours, please look at the tracing.",
            "consent": { "method": "paper", "signer": "patient" },
        });
        let (made, _) = self.make(rural, "/consults", &format!("{name}-create"), form).await;
        let id = made["id"].as_str().unwrap().to_owned();
        let record = format!("/consults/{id}");
        self.note(&record, "create");
        self.told.lock().unwrap().readers.insert(record.clone(), rural.cookie.clone().unwrap());

        self.attach(rural, &record, &name).await;
        self.step(rural, &record, "submit", json!({})).await;
        self.step(specialist, &record, "take", json!({})).await;
        for n in 0..3 {
            let words = format!("{name}: message {n}");
            let key = format!("{name}-message-{n}");
            if n == 1 {
                let op = format!("019aa5e0-c400-7000-8000-{:04x}{turn:08x}", self.name);
                self.say_on_the_line(rural, &id, &op, &words).await;
            } else {
                let body = json!({ "body": words, "client_msg_id": key });
                self.make(specialist, &format!("{record}/messages"), &key, body).await;
            }
            self.told.lock().unwrap().messages.entry(record.clone()).or_default().push(words);
        }
        let opinion = json!({ "conclusion": "Inferior infarction", "advice": "Aspirin, come at once",
            "diagnoses": [{ "code": "I21.1", "text": "Acute inferior infarction" }], "next": "refer_up" });
        self.step(specialist, &record, "give_opinion", opinion).await;
        self.step(rural, &record, "acknowledge", json!({ "adopted": "full" })).await;
        self.refer(clinic, hospital, patient, &name).await;
    }

    /// The same patient goes to the hospital: sent, booked, arrived, treated, discharged, read.
    async fn refer(&mut self, clinic: &Place, hospital: &Place, patient: &str, name: &str) {
        let (rural, specialist, desk) = (clinic.doctor(), hospital.doctor(), hospital.desk());
        let letter = json!({
            "patient_id": patient, "direction": "up", "to_department": hospital.department(),
            "urgency": "urgent", "reason_text": "No catheter laboratory here",
            "diagnoses": [{ "code": "I21.1", "text": "Acute inferior infarction", "role": "primary" }],
            "present_illness": "Chest pain for two hours", "requested_service": "inpatient",
            "consent": { "method": "paper", "signer": "patient" },
        });
        let (made, _) = self.make(rural, "/referrals", &format!("{name}-refer"), letter).await;
        let record = format!("/referrals/{}", made["id"].as_str().unwrap());
        self.note(&record, "create");
        self.step(rural, &record, "submit", json!({})).await;
        let start = SystemClock.now().plus(Duration::from_secs(3600));
        let booking = json!({ "start": start, "location": "CCU, bed 3", "contact": "0999-555-0120" });
        self.step(desk, &record, "accept_and_schedule", booking).await;
        self.step(desk, &record, "arrive", json!({})).await;
        self.step(specialist, &record, "treat", json!({ "admitted": true, "inpatient_no": "Z-0001" })).await;
        let outcome = json!({ "outcome_code": "improved", "outcome_summary": "One stent, no pain" });
        self.step(specialist, &record, "discharge", outcome).await;
        self.step(rural, &record, "acknowledge", json!({})).await;
    }

    /// A message over the WebSocket; said again with the same key until it was answered.
    async fn say_on_the_line(&mut self, who: &Person, consult: &str, key: &str, words: &str) {
        let mut tries = 0;
        loop {
            let door = self.door.wait_for(Option::is_some).await.unwrap().clone().unwrap();
            self.under_way.fetch_add(1, Ordering::SeqCst);
            let said = say_once(&door, who, consult, key, words).await;
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            match said {
                Ok(()) => {
                    let mut told = self.told.lock().unwrap();
                    told.requests += 1;
                    told.repeated += usize::from(tries > 0);
                    return;
                }
                Err(why) => {
                    tries += 1;
                    assert!(!why.starts_with("refused"), "{why}");
                    let gone = door.port;
                    let moved = self.door.wait_for(|now| now.as_ref().is_none_or(|door| door.port != gone));
                    // A line may also be lost while the server stays, for instance by a late welcome.
                    let _ = tokio::time::timeout(Duration::from_secs(5), moved).await;
                }
            }
        }
    }

    /// A file of some 100 kB that nobody else sends.
    async fn attach(&mut self, who: &Person, record: &str, name: &str) {
        let mut text = String::new();
        for line in 0..4000 {
            let _ = writeln!(text, "{name} line {line} of the tracing");
        }
        let headers = vec![
            ("content-type", "text/plain".to_owned()),
            ("content-disposition", "attachment; filename*=UTF-8''tracing.txt".to_owned()),
            ("idempotency-key", format!("{name}-file")),
        ];
        let path = format!("{record}/attachments");
        let body = Bytes::from(text.clone());
        let (made, _) = self.insist(&Wish { who, method: "POST", path, headers, body }).await;
        let file = format!("{record}/attachments/{}", made["id"].as_str().unwrap());
        let mut told = self.told.lock().unwrap();
        told.readers.insert(file.clone(), who.cookie.clone().unwrap());
        told.files.insert(file, text.into_bytes());
    }
}

/// Opens a line, says hello, says the words, waits for the answer to exactly that.
async fn say_once(door: &Door, who: &Person, consult: &str, key: &str, words: &str) -> Result<(), String> {
    let lost = |why: tungstenite::Error| why.to_string();
    let address = format!("wss://{}/api/v1/socket", door.host());
    let mut request = address.into_client_request().unwrap();
    let origin = format!("https://{}", door.host());
    for (name, value) in [
        ("origin", &*origin),
        ("cookie", who.cookie.as_deref().unwrap()),
        ("sec-websocket-protocol", "consult.v1"),
    ] {
        request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
    }
    let stream = door.tls().await.map_err(|why| why.to_string())?;
    let (mut line, _) = client_async(request, stream).await.map_err(lost)?;
    let hello = json!({ "t": "hello", "v": 1, "device": format!("dev-{key}"), "caps": [] });
    line.send(Message::text(hello.to_string())).await.map_err(lost)?;
    let say = json!({ "t": "cmd", "id": 1, "op": key,
                      "do": { "type": "chat.send", "consult": consult, "text": words } });
    let mut sent = false;
    while let Some(frame) = line.next().await {
        let Message::Text(text) = frame.map_err(lost)? else { continue };
        let frame: Value = serde_json::from_str(&text).unwrap();
        match frame["t"].as_str() {
            Some("welcome") if !sent => {
                line.send(Message::text(say.to_string())).await.map_err(lost)?;
                sent = true;
            }
            Some("res") if frame["ok"].is_object() => return Ok(()),
            Some("res" | "bye") => return Err(format!("refused: {text}")),
            _ => {}
        }
    }
    Err("the line ended".into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_acknowledged_is_lost_when_the_plug_is_pulled() {
    let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(20_260_302);
    let dice = LoadedDice::new(seed);
    let alliance = Alliance::open_at(SystemClock.now()).await;
    let house = House::new(alliance.store.folder(), alliance.store.settings.clone(), &KEY);
    let (publish, door) = watch::channel(None);
    let told = Arc::<Mutex<Told>>::default();
    let under_way = Arc::<AtomicUsize>::default();
    let evening = Arc::<AtomicBool>::default();
    let mut writers = tokio::task::JoinSet::new();
    for name in 0..WRITERS {
        let hospital = Arc::new(alliance.hospital(&format!("Hospital {name}")).await);
        let clinic = Arc::new(alliance.clinic(&format!("Clinic {name}")).await);
        let patient = alliance.patient(clinic.doctor(), &format!("Patient {name}")).await;
        let desk = Desk {
            door: door.clone(),
            told: told.clone(),
            under_way: under_way.clone(),
            evening: evening.clone(),
            name,
        };
        writers.spawn(desk.work(clinic, hospital, patient));
    }
    alliance.ctx.db.close().await;

    let (mut in_flight, mut checked) = (0, 0);
    for _ in 0..POINTS {
        let mut server = house.start(&[]);
        checked += check(&server.door, &alliance, &told).await;
        publish.send_replace(Some(server.door.clone()));
        let wait = 5 + u64::from(u16::from_be_bytes(dice.bytes::<2>())) % 495;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let cut = under_way.load(Ordering::SeqCst);
        server.kill();
        in_flight += usize::from(cut > 0);
        publish.send_replace(None);
        if let Some(ended) = writers.try_join_next() {
            ended.unwrap();
        }
    }

    // The last server stays: everybody finishes, and now the numbers must be exactly those told.
    let server = house.start(&[]);
    evening.store(true, Ordering::SeqCst);
    publish.send_replace(Some(server.door.clone()));
    while let Some(ended) = writers.join_next().await {
        ended.unwrap();
    }
    checked += check(&server.door, &alliance, &told).await;
    count_exactly(&alliance, &told).await;

    let told = told.lock().unwrap();
    let (files, messages) = (told.files.len(), told.messages.values().map(Vec::len).sum::<usize>());
    println!(
        "killed {POINTS} times (seed {seed}), {in_flight} with a request in flight; {} requests acknowledged, \
         {} of them after being repeated; {} stories finished, {files} files, {messages} messages; {checked} \
         acknowledged things found again",
        told.requests, told.repeated, told.stories,
    );
    assert!(in_flight >= 25, "only {in_flight} of {POINTS} kills met a request");
    assert!(told.repeated > 0, "no request had to be repeated");
}

/// One record for every acknowledged one, however often it was asked for.
async fn count_exactly(alliance: &Alliance, told: &Mutex<Told>) {
    let db = Db::open(&alliance.store.settings).await.unwrap();
    let mut tx = db.read().await.unwrap();
    let mut rows = Vec::new();
    for sql in [
        "SELECT (SELECT count(*) FROM consults) + (SELECT count(*) FROM referrals) AS n",
        "SELECT count(*) AS n FROM attachments",
        "SELECT count(*) AS n FROM messages WHERE kind = 'text'",
    ] {
        rows.push(tx.fetch_one(sql, args![]).await.unwrap().get::<i64>("n").unwrap() as usize);
    }
    drop(tx);
    db.close().await;
    let told = told.lock().unwrap();
    let messages = told.messages.values().map(Vec::len).sum();
    assert_eq!(
        rows,
        [told.actions.len(), told.files.len(), messages],
        "consults and referrals, files, messages"
    );
}

/// Holds the restarted server against what people were told; says how many things it found.
async fn check(door: &Door, alliance: &Alliance, told: &Mutex<Told>) -> usize {
    let db = Db::open(&alliance.store.settings).await.unwrap();
    let found = check_rows(&db, alliance, told).await;
    db.close().await;
    found + check_answers(door, told).await
}

/// What the database must hold, whoever asks.
async fn check_rows(db: &Db, alliance: &Alliance, told: &Mutex<Told>) -> usize {
    let mut tx = db.read().await.unwrap();
    if !alliance.store.settings.url.starts_with("postgres") {
        let verdict = tx.fetch_one("PRAGMA integrity_check", args![]).await.unwrap();
        assert_eq!(verdict.get::<String>("integrity_check").unwrap(), "ok");
    }
    let row = tx
        .fetch_one("SELECT count(*) AS n, CAST(coalesce(max(seq), 0) AS BIGINT) AS top FROM journal", args![])
        .await
        .unwrap();
    assert_eq!(row.get::<i64>("n").unwrap(), row.get::<i64>("top").unwrap(), "the journal has no gaps");

    // Whole or absent: a record's state is the one its last entry led to.
    let torn = tx
        .fetch_all(
            "SELECT r.id
               FROM referrals r
              WHERE r.state <> (SELECT j.to_state
                                  FROM journal j
                                 WHERE j.entity_id = r.id
                                   AND j.to_state IS NOT NULL
                                 ORDER BY j.seq DESC
                                 LIMIT 1)
             UNION ALL
             SELECT c.id
               FROM consults c
              WHERE c.state <> (SELECT j.to_state
                                  FROM journal j
                                 WHERE j.entity_id = c.id
                                   AND j.to_state IS NOT NULL
                                 ORDER BY j.seq DESC
                                 LIMIT 1)",
            args![],
        )
        .await
        .unwrap();
    assert!(torn.is_empty(), "{} records are not where their journal says", torn.len());

    // No row without its blob.
    let blobs = tx.fetch_all("SELECT storage_key FROM attachments", args![]).await.unwrap();
    for row in &blobs {
        let key: String = row.get("storage_key").unwrap();
        let path = alliance.store.folder().join("files/blobs").join(&key[..2]).join(&key);
        assert!(path.is_file(), "a row speaks of a file that is not there");
    }

    let entries = tx
        .fetch_all(
            "SELECT entity_id, action FROM journal WHERE entity_type IN ('consult', 'referral')",
            args![],
        )
        .await
        .unwrap();
    let mut written: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in entries {
        let action: String = row.get("action").unwrap();
        let word = action.rsplit('.').next().unwrap().to_owned();
        *written.entry((row.get("entity_id").unwrap(), word)).or_default() += 1;
    }
    let once = [
        "create",
        "submit",
        "take",
        "give_opinion",
        "acknowledge",
        "accept_and_schedule",
        "arrive",
        "treat",
        "discharge",
    ];
    for ((record, action), count) in written.iter().filter(|((_, action), _)| once.contains(&&**action)) {
        assert_eq!(*count, 1, "{record} has {action} {count} times");
    }
    let told = told.lock().unwrap();
    for (record, actions) in &told.actions {
        for action in actions {
            assert!(written.contains_key(&(record.clone(), action.clone())), "{record} lost its {action}");
        }
    }
    told.actions.values().map(Vec::len).sum::<usize>() + blobs.len()
}

/// What people must see. Only the latest of each kind: earlier ones were looked at before.
async fn check_answers(door: &Door, told: &Mutex<Told>) -> usize {
    let (messages, files) = {
        let told = told.lock().unwrap();
        let reader = |path: &String| told.readers[path].clone();
        let newest = |n: usize| n.saturating_sub(2 * WRITERS);
        let messages: Vec<_> = told
            .messages
            .iter()
            .skip(newest(told.messages.len()))
            .map(|(record, words)| (record.clone(), reader(record), words.clone()))
            .collect();
        let files: Vec<_> = told
            .files
            .iter()
            .skip(newest(told.files.len()))
            .map(|(path, bytes)| (path.clone(), reader(path), bytes.clone()))
            .collect();
        (messages, files)
    };
    let mut found = 0;
    for (record, cookie, words) in messages {
        let path = format!("/api/v1{record}/messages");
        let answer = door.ask("GET", &path, &[("cookie", &cookie)], Bytes::new()).await.unwrap();
        let list: Value = serde_json::from_slice(answer.body()).unwrap();
        let said: Vec<_> =
            list["items"].as_array().unwrap().iter().filter_map(|item| item["body"].as_str()).collect();
        for one in &words {
            assert_eq!(said.iter().filter(|word| **word == one).count(), 1, "{one:?} in {record}");
            found += 1;
        }
    }
    for (path, cookie, bytes) in files {
        let full = format!("/api/v1{path}");
        let answer = door.ask("GET", &full, &[("cookie", &cookie)], Bytes::new()).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert!(*answer.body() == bytes, "{path} is not what was sent");
        found += 1;
    }
    found
}
