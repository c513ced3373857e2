//! Webhooks against a receiver that really listens: what it is told, how it is signed, what happens
//! when it fails, hangs, sends us elsewhere or is not allowed, and what the plug being pulled costs.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use causeway::config;
use causeway::hooks::{self, Courier};
use causeway::kernel::{Clock, SystemClock};
use causeway::store::{Query, args};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::server::House;
use crate::support::{Alliance, KEY, Person, Place};

/// How a receiver answers.
#[derive(Clone)]
enum Mood {
    Says(&'static str),
    FailsThenTakes(usize),
    Hangs,
    SendsTo(String),
}

/// One message as it came in.
#[derive(Clone)]
struct Heard {
    id: String,
    timestamp: String,
    signature: String,
    body: String,
}

impl Heard {
    fn told(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Somebody else's system, listening on TLS with a certificate of its own.
struct Receiver {
    port: u16,
    authority: PathBuf,
    mood: Arc<Mutex<Mood>>,
    heard: Arc<Mutex<Vec<Heard>>>,
    knocks: Arc<AtomicUsize>,
    _stop: DropGuard,
}

impl Receiver {
    async fn open(alliance: &Alliance, mood: Mood) -> Self {
        let made =
            rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let authority = alliance.store.folder().join(format!("receiver-{port}.pem"));
        std::fs::write(&authority, made.cert.pem()).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(made.cert.der().to_vec())], key)
            .unwrap();
        let tls = TlsAcceptor::from(Arc::new(tls));
        let stop = CancellationToken::new();
        let (mood, heard, knocks) =
            (Arc::new(Mutex::new(mood)), Arc::<Mutex<Vec<Heard>>>::default(), Arc::<AtomicUsize>::default());
        let receiver = Self {
            port,
            authority,
            mood: Arc::clone(&mood),
            heard: Arc::clone(&heard),
            knocks: Arc::clone(&knocks),
            _stop: stop.clone().drop_guard(),
        };
        tokio::spawn(async move {
            while let Some(Ok((tcp, _))) = stop.run_until_cancelled(listener.accept()).await {
                knocks.fetch_add(1, Ordering::SeqCst);
                let (tls, mood, heard) = (tls.clone(), Arc::clone(&mood), Arc::clone(&heard));
                tokio::spawn(async move {
                    let Ok(mut line) = tls.accept(tcp).await else { return };
                    let mut bytes = Vec::new();
                    let message = loop {
                        let mut more = [0; 4096];
                        let Ok(n) = line.read(&mut more).await else { return };
                        bytes.extend_from_slice(&more[..n]);
                        match whole(&bytes) {
                            Some(message) => break message,
                            None if n == 0 => return,
                            None => {}
                        }
                    };
                    let mood_now = {
                        let mut heard = heard.lock().unwrap();
                        heard.push(message);
                        match mood.lock().unwrap().clone() {
                            Mood::FailsThenTakes(n) if heard.len() <= n => {
                                Mood::Says("503 Service Unavailable")
                            }
                            Mood::FailsThenTakes(_) => Mood::Says("204 No Content"),
                            other => other,
                        }
                    };
                    let answer = match mood_now {
                        Mood::Hangs => return tokio::time::sleep(Duration::from_secs(60)).await,
                        Mood::SendsTo(place) => {
                            format!("HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n")
                        }
                        Mood::Says(status) => format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"),
                        Mood::FailsThenTakes(_) => unreachable!("turned into a status above"),
                    };
                    let _ = line.write_all(answer.as_bytes()).await;
                    let _ = line.shutdown().await;
                });
            }
        });
        receiver
    }

    fn url(&self) -> String {
        format!("https://localhost:{}/in?key=door", self.port)
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    async fn hears(&self, n: usize) -> Vec<Heard> {
        until("the receiver hears", || self.heard().len() >= n).await;
        self.heard()
    }
}

/// The message, once all of it is there.
fn whole(bytes: &[u8]) -> Option<Heard> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let value = |name: &str| {
        let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}: ")));
        line.map_or("", |line| &line[name.len() + 2..]).to_owned()
    };
    let length: usize = value("content-length").parse().ok()?;
    (body.len() >= length).then(|| Heard {
        id: value("webhook-id"),
        timestamp: value("webhook-timestamp"),
        signature: value("webhook-signature"),
        body: body.to_owned(),
    })
}

async fn until(what: &str, truth: impl Fn() -> bool) {
    let since = Instant::now();
    while !truth() {
        assert!(since.elapsed() < Duration::from_secs(30), "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What the specification's text says, in another language and by another library.
const VERIFY: &str = "
import base64, hashlib, hmac, json, sys
m = json.load(sys.stdin)
key = base64.b64decode(m['secret'].removeprefix('whsec_'))
signed = '.'.join([m['id'], m['timestamp'], m['body']]).encode()
good = 'v1,' + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
sys.exit(0 if good in m['signature'].split(' ') else 1)
";

fn verified(heard: &Heard, secret: &str) -> bool {
    let mut python =
        Command::new("python3").args(["-c", VERIFY]).stdin(Stdio::piped()).spawn().expect("Python is there");
    let message = json!({ "secret": secret, "id": heard.id, "timestamp": heard.timestamp,
                          "signature": heard.signature, "body": heard.body });
    python.stdin.take().unwrap().write_all(message.to_string().as_bytes()).unwrap();
    python.wait().unwrap().success()
}

fn settings(receivers: &[&Receiver]) -> config::Hooks {
    config::Hooks {
        allow: vec!["127.0.0.1/32".parse().unwrap()],
        ports: receivers.iter().map(|receiver| receiver.port).collect(),
        authority: Some(receivers[0].authority.clone()),
        answer_within_seconds: 1,
        keep_days: 90,
    }
}

/// Sends what is due until the test is over.
fn sending(alliance: &Alliance, settings: &config::Hooks) -> DropGuard {
    let stop = CancellationToken::new();
    let courier = Arc::new(Courier::new(settings).unwrap());
    tokio::spawn(hooks::run(alliance.ctx.clone(), courier, stop.clone()));
    stop.drop_guard()
}

async fn entered(place: &Place, url: &str) -> (String, String) {
    let body = json!({ "facility": place.facility, "url": url, "events": ["ring", "urgent_referral"] });
    let made = place.admin().post("/admin/hooks", body).await.is(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let hook = made.json()["hook"]["id"].as_str().unwrap().to_owned();
    (format!("/admin/hooks/{hook}"), made.text("secret"))
}

fn question(hospital: &Place, patient: &str) -> Value {
    json!({ "patient_id": patient, "to_department": hospital.department(), "kind": "instant", "urgency": "urgent",
            "question": "Chest pain for two hours, please look at the tracing.",
            "consent": { "method": "paper", "signer": "patient" } })
}

fn letter(hospital: &Place, patient: &str, urgency: &str) -> Value {
    json!({ "patient_id": patient, "direction": "up", "to_department": hospital.department(), "urgency": urgency,
            "reason_text": "No catheter laboratory here", "present_illness": "Chest pain",
            "diagnoses": [{ "code": "I21.1", "text": "Acute inferior infarction" }],
            "consent": { "method": "paper", "signer": "patient" } })
}

/// Writes a record and sends it.
async fn sent(who: &Person, kind: &str, body: Value) -> String {
    let id = who.post(&format!("/{kind}"), body).await.is(201).text("id");
    who.does(&format!("/{kind}/{id}"), "submit", json!({})).await.is(200);
    id
}

async fn deliveries(admin: &Person, hook: &str) -> Vec<Value> {
    admin.get(&format!("{hook}/deliveries")).await.is(200).json()["items"].as_array().unwrap().clone()
}

/// Waits until the newest message of a hook stands like this.
async fn newest_is(admin: &Person, hook: &str, state: &str) -> Value {
    let since = Instant::now();
    loop {
        let newest = deliveries(admin, hook).await.first().cloned().unwrap_or_default();
        if newest["state"] == state && newest["log"].as_array().is_some_and(|log| !log.is_empty()) {
            return newest;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "never {state}: {newest}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

struct Scene {
    alliance: Alliance,
    hospital: Place,
    clinic: Place,
}

impl Scene {
    async fn open() -> Self {
        let alliance = Alliance::open().await;
        let (hospital, clinic) = (alliance.hospital("Yunti First").await, alliance.clinic("Luwan").await);
        Self { alliance, hospital, clinic }
    }

    async fn patient(&self) -> String {
        self.alliance.patient(self.clinic.doctor(), "赵长河").await
    }

    async fn rings(&self) -> String {
        let patient = self.patient().await;
        sent(self.clinic.doctor(), "consults", question(&self.hospital, &patient)).await
    }
}

#[tokio::test]
async fn rings_and_urgent_referrals_reach_the_facilitys_own_system_signed_and_without_the_patient() {
    let scene = Scene::open().await;
    let (here, there) = (
        Receiver::open(&scene.alliance, Mood::Says("200 OK")).await,
        Receiver::open(&scene.alliance, Mood::Says("200 OK")).await,
    );
    let (hook, secret) = entered(&scene.hospital, &here.url()).await;
    entered(&scene.clinic, &there.url()).await;
    let _sending = sending(&scene.alliance, &settings(&[&here, &there]));
    let patient = scene.patient().await;
    let rural = scene.clinic.doctor();

    let consult = scene.rings().await;
    sent(rural, "referrals", letter(&scene.hospital, &patient, "routine")).await;
    let other = scene.patient().await;
    let referral = sent(rural, "referrals", letter(&scene.hospital, &other, "emergency")).await;
    let heard = here.hears(2).await;
    tokio::time::sleep(Duration::from_millis(400)).await;

    assert_eq!((here.heard().len(), there.heard().len()), (2, 0), "routine letters and other houses' rings");
    let ring = heard.iter().find(|one| one.told()["type"] == "ring").unwrap();
    let urgent = heard.iter().find(|one| one.told()["type"] == "urgent_referral").unwrap();
    assert_eq!(ring.told()["data"]["consult"], consult);
    assert_eq!(ring.told()["data"]["people"], json!([scene.hospital.doctor().id]));
    assert_eq!(urgent.told()["data"]["referral"], referral);
    assert_eq!(urgent.told()["data"]["from_facility"], json!(scene.clinic.facility));
    for one in &heard {
        assert!(verified(one, &secret), "a signature that Python does not accept: {}", one.signature);
        assert!(!verified(&Heard { body: one.body.replace("urgent", "routine"), ..one.clone() }, &secret));
        assert!(!verified(&Heard { timestamp: "1".into(), ..one.clone() }, &secret));
        assert!(!one.body.contains("pat-") && !one.body.contains('赵'), "{}", one.body);
    }
    let seen = newest_is(scene.hospital.admin(), &hook, "delivered").await;
    assert_eq!((&seen["tries"], &seen["log"][0]["status"]), (&json!(1), &json!(200)));
    let told = scene.alliance.journal_of(&scene.hospital.facility.to_string()).await;
    assert_eq!(told, ["hook.add"]);
}

#[tokio::test]
async fn a_receiver_that_fails_three_times_gets_the_same_message_a_fourth_time() {
    let scene = Scene::open().await;
    let receiver = Receiver::open(&scene.alliance, Mood::FailsThenTakes(3)).await;
    let (hook, secret) = entered(&scene.hospital, &receiver.url()).await;
    let _sending = sending(&scene.alliance, &settings(&[&receiver]));

    scene.rings().await;
    for n in 1..4 {
        receiver.hears(n).await;
        newest_is(scene.hospital.admin(), &hook, "waiting").await;
        scene.alliance.clock.forward(Duration::from_secs(15));
    }
    let done = newest_is(scene.hospital.admin(), &hook, "delivered").await;

    let heard = receiver.heard();
    assert_eq!(heard.len(), 4);
    assert!(
        heard.iter().all(|one| one.id == heard[0].id && one.body == heard[0].body && verified(one, &secret))
    );
    let statuses: Vec<_> = done["log"].as_array().unwrap().iter().map(|one| one["status"].clone()).collect();
    assert_eq!(statuses, [json!(204), json!(503), json!(503), json!(503)]);
}

#[tokio::test]
async fn a_receiver_that_hangs_is_left_and_holds_up_nobody_else() {
    let scene = Scene::open().await;
    let (slow, quick) = (
        Receiver::open(&scene.alliance, Mood::Hangs).await,
        Receiver::open(&scene.alliance, Mood::Says("200 OK")).await,
    );
    let mut settings = settings(&[&slow, &quick]);
    let both = [&slow, &quick].map(|one| std::fs::read_to_string(&one.authority).unwrap()).concat();
    std::fs::write(&slow.authority, both).unwrap();
    settings.authority = Some(slow.authority.clone());
    let (hanging, _) = entered(&scene.hospital, &slow.url()).await;
    let (other, _) = entered(&scene.hospital, &quick.url()).await;
    let _sending = sending(&scene.alliance, &settings);

    scene.rings().await;
    slow.hears(1).await;
    let since = Instant::now();
    newest_is(scene.hospital.admin(), &other, "delivered").await;
    assert!(since.elapsed() < Duration::from_secs(5));
    let waits = newest_is(scene.hospital.admin(), &hanging, "waiting").await;
    assert_eq!(waits["log"][0]["trouble"], "too_slow");
}

#[tokio::test]
async fn who_wants_no_more_is_left_alone_until_somebody_sends_it_again() {
    let scene = Scene::open().await;
    let receiver = Receiver::open(&scene.alliance, Mood::Says("410 Gone")).await;
    let (hook, secret) = entered(&scene.hospital, &receiver.url()).await;
    let admin = scene.hospital.admin();
    let _sending = sending(&scene.alliance, &settings(&[&receiver]));
    scene.rings().await;
    let dead = newest_is(admin, &hook, "dead").await;
    assert_eq!(admin.get(&hook).await.is(200).json()["dead"], 1);

    *receiver.mood.lock().unwrap() = Mood::Says("200 OK");
    let replay = format!("{hook}/deliveries/{}/replay", dead["id"].as_str().unwrap());
    scene.clinic.admin().post(&replay, json!({})).await.is(404);
    admin.post(&replay, json!({})).await.is(200);
    newest_is(admin, &hook, "delivered").await;

    let heard = receiver.heard();
    assert_eq!((heard.len(), &heard[0].id), (2, &heard[1].id), "the receiver knows it by its id");
    assert!(verified(&heard[1], &secret));
    let told = scene.alliance.journal_of(&scene.hospital.facility.to_string()).await;
    assert_eq!(told, ["hook.add", "hook.replay"]);
}

#[tokio::test]
async fn nothing_inside_the_house_is_knocked_at_and_no_redirect_is_followed() {
    let scene = Scene::open().await;
    let inside = Receiver::open(&scene.alliance, Mood::Says("200 OK")).await;
    let admin = scene.hospital.admin();
    let closed = config::Hooks { allow: Vec::new(), ..settings(&[&inside]) };
    let sending_closed = sending(&scene.alliance, &closed);
    for host in ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "[::1]", "0.0.0.0"] {
        let (hook, _) = entered(&scene.hospital, &format!("https://{host}:{}/", inside.port)).await;
        admin.post(&format!("{hook}/test"), json!({})).await.is(201);
        let waits = newest_is(admin, &hook, "waiting").await;
        let trouble = waits["log"][0]["trouble"].as_str().unwrap().to_owned();
        assert!(["forbidden_address", "no_such_host"].contains(&&*trouble), "{host}: {trouble}");
    }
    let (hook, _) = entered(&scene.hospital, "https://localhost:22/").await;
    admin.post(&format!("{hook}/test"), json!({})).await.is(201);
    assert_eq!(newest_is(admin, &hook, "waiting").await["log"][0]["trouble"], "forbidden_port");
    assert_eq!(inside.knocks.load(Ordering::SeqCst), 0, "somebody knocked");
    drop(sending_closed);
    // Its last round may be under way.
    tokio::time::sleep(Duration::from_millis(500)).await;

    let sender = Receiver::open(&scene.alliance, Mood::SendsTo(inside.url())).await;
    let _sending = sending(&scene.alliance, &settings(&[&sender]));
    let (hook, _) = entered(&scene.hospital, &sender.url()).await;
    admin.post(&format!("{hook}/test"), json!({})).await.is(201);
    let waits = newest_is(admin, &hook, "waiting").await;
    assert_eq!(
        (&waits["log"][0]["trouble"], &waits["log"][0]["status"]),
        (&json!("redirected"), &json!(302))
    );
    assert_eq!(inside.knocks.load(Ordering::SeqCst), 0, "the redirect was followed");
    for url in
        ["http://localhost/", "https://user:pass@his.example/", "his.example", "https://his.example/#x"]
    {
        let body = json!({ "facility": scene.hospital.facility, "url": url, "events": ["ring"] });
        let said = admin.post("/admin/hooks", body).await.is(422).json();
        assert_eq!(said["errors"][0], json!({ "field": "url", "code": "not_an_address" }), "{url}");
    }
}

#[tokio::test]
async fn a_secret_is_changed_without_a_gap_and_a_pause_holds_what_comes() {
    let scene = Scene::open().await;
    let receiver = Receiver::open(&scene.alliance, Mood::Says("200 OK")).await;
    let (hook, old) = entered(&scene.hospital, &receiver.url()).await;
    let admin = scene.hospital.admin();
    let again = json!({ "facility": scene.hospital.facility, "url": receiver.url(), "events": ["ring"] });
    assert_eq!(admin.post("/admin/hooks", again).await.is(409).text("code"), "already_there");
    let _sending = sending(&scene.alliance, &settings(&[&receiver]));

    let new = admin.post(&format!("{hook}/secret"), json!({})).await.is(201).text("secret");
    admin.post(&format!("{hook}/test"), json!({})).await.is(201);
    let heard = receiver.hears(1).await;
    assert!(verified(&heard[0], &old) && verified(&heard[0], &new), "both are good for a day");
    newest_is(admin, &hook, "delivered").await;

    let form = json!({ "url": receiver.url(), "events": ["ring"], "standing": "paused" });
    admin.patch(&hook, form.clone()).await.is(200);
    scene.rings().await;
    scene.alliance.clock.forward(Duration::from_secs(11 * 3600));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(receiver.heard().len(), 1, "nothing goes out while it is paused");
    let seen = admin.get(&hook).await.is(200).json();
    assert_eq!((&seen["waiting"], &seen["standing"]), (&json!(1), &json!("paused")));

    let open = json!({ "url": receiver.url(), "events": ["ring"], "standing": "active" });
    admin.patch(&hook, open).await.is(200);
    receiver.hears(2).await;
    admin.delete(&hook).await.is(204);
    admin.get(&hook).await.is(404);
    assert_eq!(admin.get("/admin/hooks").await.is(200).json()["items"], json!([]));
}

#[tokio::test]
async fn a_message_that_is_done_is_let_go_after_its_time_and_one_that_waits_never() {
    let scene = Scene::open().await;
    let admin = scene.hospital.admin();
    let (hook, _) = entered(&scene.hospital, "https://his.example/in").await;
    let given_up = admin.post(&format!("{hook}/test"), json!({})).await.is(201).text("id");
    let waits = admin.post(&format!("{hook}/test"), json!({})).await.is(201).text("id");
    let now = scene.alliance.ctx.clock.now();
    let mut tx = scene.alliance.ctx.db.write_quiet("test.give_up").await.unwrap();
    let done = "UPDATE hook_deliveries SET state = 'dead', done_at = $2 WHERE id = $1";
    tx.execute(done, args![given_up, now]).await.unwrap();
    let tried = "INSERT INTO hook_tries (delivery_id, n, at, took_ms) VALUES ($1, 1, $2, 5)";
    tx.execute(tried, args![given_up, now]).await.unwrap();
    tx.commit().await.unwrap();
    let keep = config::Hooks::default().keep();

    scene.alliance.clock.forward(keep);
    assert_eq!(hooks::forget(&scene.alliance.ctx, keep).await.unwrap(), 0, "its time is not over");
    scene.alliance.clock.forward(Duration::from_secs(1));
    assert_eq!(hooks::forget(&scene.alliance.ctx, keep).await.unwrap(), 1);

    let mut tx = scene.alliance.ctx.db.read().await.unwrap();
    let left = tx.fetch_all("SELECT id FROM hook_deliveries", args![]).await.unwrap();
    let left: Vec<String> = left.iter().map(|row| row.get("id").unwrap()).collect();
    drop(tx);
    assert_eq!(left, [waits]);
    assert_eq!(scene.alliance.read_one("SELECT count(*) AS n FROM hook_tries").await, 0);
}

#[tokio::test]
async fn a_facilitys_administrator_sees_only_their_own_and_a_doctor_none() {
    let scene = Scene::open().await;
    let (hook, secret) = entered(&scene.hospital, "https://his.example/in").await;

    scene.hospital.doctor().get("/admin/hooks").await.is(403);
    for path in [hook.clone(), format!("{hook}/deliveries")] {
        scene.clinic.admin().get(&path).await.is(404);
    }
    assert_eq!(scene.clinic.admin().get("/admin/hooks").await.is(200).json()["items"], json!([]));
    let theirs =
        json!({ "facility": scene.hospital.facility, "url": "https://his.example/x", "events": ["ring"] });
    scene.clinic.admin().post("/admin/hooks", theirs).await.is(403);
    let shown = scene.hospital.admin().get("/admin/hooks").await.is(200).json();
    assert!(!shown.to_string().contains(secret.trim_start_matches("whsec_")));
    assert_eq!(shown["items"][0]["url"], "https://his.example/in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_plug_is_pulled_over_a_hanging_receiver_and_no_message_is_lost_or_made_twice() {
    let alliance = Alliance::open_at(SystemClock.now()).await;
    let (hospital, clinic) = (alliance.hospital("Yunti First").await, alliance.clinic("Luwan").await);
    let receiver = Receiver::open(&alliance, Mood::Hangs).await;
    let (hook, secret) = entered(&hospital, &receiver.url()).await;
    let rural = clinic.doctor();
    let mut drafts = Vec::new();
    for _ in 0..3 {
        let patient = alliance.patient(rural, "赵长河").await;
        drafts.push(
            rural.post("/referrals", letter(&hospital, &patient, "emergency")).await.is(201).text("id"),
        );
    }
    alliance.ctx.db.close().await;
    let house = House::new(alliance.store.folder(), alliance.store.settings.clone(), &KEY);
    let start = || {
        let mut command = house.command();
        command
            .env("CAUSEWAY_HOOKS__ALLOW", "[\"127.0.0.1/32\"]")
            .env("CAUSEWAY_HOOKS__PORTS", format!("[{}]", receiver.port))
            .env("CAUSEWAY_HOOKS__AUTHORITY", &receiver.authority);
        house.start_with(command)
    };

    for (n, draft) in drafts.iter().enumerate() {
        let mut server = start();
        let cookie = rural.cookie.as_deref().unwrap();
        let path = format!("/api/v1/referrals/{draft}");
        let seen = server.ask("GET", &path, &[("cookie", cookie)], Bytes::new()).await.unwrap();
        let etag = seen.headers()["etag"].to_str().unwrap().to_owned();
        let key = format!("pulled-plug-{n}");
        let headers = [
            ("cookie", cookie),
            ("if-match", &*etag),
            ("idempotency-key", &*key),
            ("content-type", "application/json"),
        ];
        let said =
            server.ask("POST", &format!("{path}/actions/submit"), &headers, Bytes::from("{}")).await.unwrap();
        assert_eq!(said.status(), 200, "{:?}", said.body());
        if n == 0 {
            receiver.hears(1).await;
        }
        // The first is killed over a receiver that hangs, the others right after the answer.
        server.kill();
    }
    *receiver.mood.lock().unwrap() = Mood::Says("200 OK");
    let before = receiver.heard().len();
    let server = start();
    let told = |heard: &[Heard]| {
        let mut all: Vec<String> =
            heard.iter().map(|one| one.told()["data"]["referral"].as_str().unwrap().to_owned()).collect();
        all.sort();
        all.dedup();
        all
    };
    until("all three", || told(&receiver.heard()[before..]).len() == 3).await;

    let mut wanted = drafts.clone();
    wanted.sort();
    assert_eq!(told(&receiver.heard()[before..]), wanted);
    assert!(receiver.heard().iter().all(|one| verified(one, &secret)));
    let path = format!("/api/v1{hook}/deliveries");
    let headers = [("cookie", hospital.admin().cookie.as_deref().unwrap())];
    let list = server.ask("GET", &path, &headers, Bytes::new()).await.unwrap();
    let list: Value = serde_json::from_slice(list.body()).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 3, "one message for each sending: {list}");
}
