//! The log at its most talkative, after a whole story told to the real binary: nothing that was
//! put in about a patient, no secret and no line of a session description may stand in it.

use std::time::Duration;

use bytes::Bytes;
use causeway::auth::{self, NewToken};
use causeway::cli::probe::Participant;
use causeway::journal::Actor;
use causeway::kernel::{Clock, SystemClock};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::server::{Door, House, json};
use crate::support::{Alliance, KEY, Person};

const PASSWORD: &str = "a lantern over quiet water";
const OTHER: &str = "seven cranes above the ferry";
/// Invented, with a check digit that fits; region 990102 is nowhere.
const IDENTITY: &str = "990102195604090028";
const NAME: &str = "曲慕兰";
const WORDS: &[(&str, &str)] = &[
    ("question", "墨色胸痛两小时，是否立即上转做介入？"),
    ("chief_complaint", "墨色胸痛"),
    ("history", "墨色高血压十年"),
    ("message", "墨色消息：血压九十八"),
    ("said", "墨色口信：人已上车"),
    ("conclusion", "墨色结论：下壁心梗"),
    ("advice", "墨色建议：马上上转"),
    ("reason_text", "墨色理由：没有导管室"),
    ("outcome_summary", "墨色转归：支架一枚"),
    ("file", "墨色心电图"),
    ("address", "青石桥下墨色弄堂七号"),
    ("guardian", "曲守业"),
];

fn words(name: &str) -> &'static str {
    WORDS.iter().find(|(one, _)| *one == name).expect("one of the words").1
}

/// Everything that was put in and must not come out.
#[derive(Default)]
struct Secrets(Vec<String>);

impl Secrets {
    fn add(&mut self, text: impl Into<String>) -> String {
        let text = text.into();
        self.0.push(text.clone());
        text
    }
}

struct Teller<'a> {
    door: &'a Door,
    keys: u32,
}

impl Teller<'_> {
    async fn ask(&mut self, who: &Person, method: &str, path: &str, body: Value) -> (u16, Value, String) {
        self.keys += 1;
        let key = format!("log-story-{}", self.keys);
        let mut headers = vec![("content-type", "application/json"), ("idempotency-key", &*key)];
        let etag = if path.contains("/actions/") {
            let record = path.split("/actions/").next().unwrap();
            self.send(who, "GET", record, &[], Bytes::new()).await.2
        } else {
            String::new()
        };
        headers.push(("if-match", &*etag));
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        self.send(who, method, path, &headers, body).await
    }

    async fn send(
        &self,
        who: &Person,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> (u16, Value, String) {
        let mut headers = headers.to_vec();
        if let Some(cookie) = &who.cookie {
            headers.push(("cookie", cookie));
        }
        let answer = self.door.ask(method, &format!("/api/v1{path}"), &headers, body).await.unwrap();
        let etag = answer.headers().get("etag").map_or("", |value| value.to_str().unwrap()).to_owned();
        (answer.status().as_u16(), json(&answer), etag)
    }

    async fn good(&mut self, who: &Person, method: &str, path: &str, body: Value) -> Value {
        let (status, said, _) = self.ask(who, method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {said}");
        said
    }
}

/// The next frame of the line that fits.
async fn heard<S>(line: &mut WebSocketStream<S>, fits: impl Fn(&Value) -> bool) -> Value
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    loop {
        let next = tokio::time::timeout(Duration::from_secs(90), line.next()).await.expect("a frame in time");
        let Message::Text(text) = next.expect("the line stays").unwrap() else { continue };
        let frame: Value = serde_json::from_str(&text).unwrap();
        if fits(&frame) {
            return frame;
        }
    }
}

/// Sits down in the call over the real line, says a word, and gives back what was offered and answered.
async fn sits_and_speaks(door: &Door, who: &Person, consult: &str) -> (String, String) {
    let mut request = format!("wss://{}/api/v1/socket", door.host()).into_client_request().unwrap();
    let origin = format!("https://{}", door.host());
    for (name, value) in [
        ("origin", &*origin),
        ("cookie", who.cookie.as_deref().unwrap()),
        ("sec-websocket-protocol", "consult.v1"),
    ] {
        request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
    }
    let (mut line, _) = client_async(request, door.tls().await.unwrap()).await.unwrap();
    let (peer, offer) = Participant::open("127.0.0.1:0").await.unwrap();
    let media = json!({ "mic": "on", "cam": "on", "screen": "off" });
    let hello = json!({ "t": "hello", "v": 1, "device": "dev-log", "caps": [] });
    line.send(Message::text(hello.to_string())).await.unwrap();
    heard(&mut line, |frame| frame["t"] == "welcome").await;
    let frames = [
        json!({ "t": "cmd", "id": 1, "op": "019aa5e0-c400-7000-8000-000000000001",
                "do": { "type": "join", "consult": consult, "neg": 1, "offer": offer, "media": media } }),
        json!({ "t": "cmd", "id": 2, "op": "019aa5e0-c400-7000-8000-000000000002",
                "do": { "type": "chat.send", "consult": consult, "text": words("said") } }),
    ];
    for frame in frames {
        line.send(Message::text(frame.to_string())).await.unwrap();
    }
    let joined = heard(&mut line, |frame| frame["t"] == "res" && frame["id"] == 1).await;
    let answer = joined["ok"]["answer"].as_str().unwrap_or_else(|| panic!("not joined: {joined}")).to_owned();
    peer.accept(&answer).await.unwrap();
    assert!(peer.connected(Duration::from_secs(60)).await, "no media");
    // What makes no sense is not repeated in the log either.
    let nonsense = json!({ "t": "cmd", "id": 3, "do": { "type": "nonsense", "text": words("said") } });
    for text in [nonsense.to_string(), format!("not a frame: {}", words("said"))] {
        line.send(Message::text(text)).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    (offer, answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_about_a_patient_and_no_secret_is_in_the_log_at_its_most_talkative() {
    let alliance = Alliance::open_at(SystemClock.now()).await;
    let (hospital, clinic) = (alliance.hospital("Yunti First").await, alliance.clinic("Luwan").await);
    let root = alliance.person("Root", hospital.facility, None, "alliance_admin").await;
    let mut secrets = Secrets::default();
    for (_, text) in WORDS {
        secrets.add(*text);
    }
    auth::reset_password(&alliance.ctx, Actor::System, None, clinic.second().id, PASSWORD).await.unwrap();
    let new = NewToken {
        name: "Ward system".into(),
        user: clinic.doctor().id,
        scopes: vec!["read:consults".into()],
        life: Duration::from_secs(3600),
    };
    let (_, token) = auth::add_token(&alliance.ctx, (Actor::System, None), &new).await.unwrap();
    secrets.add(token.strip_prefix("cwt_").unwrap());
    for who in [clinic.doctor(), hospital.doctor(), hospital.desk(), &root] {
        secrets.add(who.cookie.as_deref().unwrap().split_once('=').unwrap().1);
    }
    alliance.ctx.db.close().await;

    let house = House::new(alliance.store.folder(), alliance.store.settings.clone(), &KEY);
    let mut command = house.command();
    command.env("CAUSEWAY_LOG__FILTER", "debug,causeway=trace");
    let mut server = house.start_with(command);
    let mut story = Teller { door: &server.door, keys: 0 };
    let (rural, specialist, desk) = (clinic.doctor(), hospital.doctor(), hospital.desk());
    let nobody = alliance.stranger();

    // Signing in, wrongly too, and a password that changes.
    let login = |password: &str| json!({ "login": clinic.second().login, "password": password });
    assert_eq!(
        story.ask(&nobody, "POST", "/session", login(&secrets.add("no crane, no ferry at all"))).await.0,
        401
    );
    let headers = [("content-type", "application/json")];
    let answer = server
        .ask("POST", "/api/v1/session", &headers, Bytes::from(login(&secrets.add(PASSWORD)).to_string()))
        .await
        .unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    secrets.add(cookie.split_once('=').unwrap().1);
    let second = Person { cookie: Some(cookie), ..clinic.second().clone() };
    let change = json!({ "old": PASSWORD, "password": secrets.add(OTHER) });
    story.good(&second, "PUT", "/session/password", change).await;
    let link =
        story.good(&root, "POST", &format!("/admin/people/{}/password-link", second.id), json!({})).await;
    secrets.add(link["token"].as_str().unwrap());
    let bearer = format!("Bearer {token}");
    assert_eq!(
        story.send(&nobody, "GET", "/consults", &[("authorization", &bearer)], Bytes::new()).await.0,
        200
    );

    // A patient, looked for and found again.
    let patient = json!({
        "name": secrets.add(NAME), "sex": "female", "birth_date": secrets.add("1956-04-09"),
        "identity_number": secrets.add(IDENTITY), "phone": secrets.add("19900007741"),
        "address": words("address"), "allergies": [secrets.add("墨色青霉素")],
        "guardian": { "name": words("guardian"), "phone": secrets.add("19900007742"), "relation": "son" },
    });
    let (status, made, _) = story.ask(rural, "POST", "/patients", patient.clone()).await;
    assert_eq!(status, 201, "{made}");
    let patient_id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(story.ask(rural, "POST", "/patients", patient).await.0, 409);
    let query = NAME.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    secrets.add(query.clone());
    story.good(rural, "GET", &format!("/patients?q={query}"), Value::Null).await;
    story.good(rural, "GET", "/patients?q=19900007741", Value::Null).await;
    assert_eq!(
        story.ask(rural, "POST", "/patients", json!({ "name": NAME, "sex": words("question") })).await.0,
        422
    );
    let broken = Bytes::from(format!("{{\"name\": \"{NAME}\", {}", words("question")));
    let key = [("content-type", "application/json"), ("idempotency-key", "log-story-broken")];
    assert_eq!(story.send(rural, "POST", "/patients", &key, broken).await.0, 400);

    // A consult with a call, words and a file.
    let consent = json!({ "method": "paper", "signer": "patient" });
    let form = json!({
        "patient_id": patient_id, "to_department": hospital.department(), "kind": "instant", "urgency": "urgent",
        "question": words("question"), "chief_complaint": words("chief_complaint"), "history": words("history"),
        "prelim_diagnoses": [{ "code": "I21.1", "text": words("conclusion") }], "consent": consent,
    });
    let consult = story.good(rural, "POST", "/consults", form).await["id"].as_str().unwrap().to_owned();
    let record = format!("/consults/{consult}");
    story.good(rural, "POST", &format!("{record}/actions/submit"), json!({})).await;
    story.good(specialist, "POST", &format!("{record}/actions/accept"), json!({})).await;
    let name: String = format!("{}.txt", words("file")).bytes().map(|byte| format!("%{byte:02X}")).collect();
    secrets.add(name.clone());
    let disposition = format!("attachment; filename*=UTF-8''{name}");
    let file = [
        ("content-type", "text/plain"),
        ("content-disposition", &*disposition),
        ("idempotency-key", "log-story-file"),
    ];
    let body = Bytes::from(words("file").repeat(20));
    assert_eq!(story.send(rural, "POST", &format!("{record}/attachments"), &file, body).await.0, 201);
    let message = json!({ "body": words("message"), "client_msg_id": "log-story-message" });
    story.good(specialist, "POST", &format!("{record}/messages"), message).await;
    let (offer, answer) = sits_and_speaks(&server.door, rural, &consult).await;
    let (other_offer, other_answer) = sits_and_speaks(&server.door, specialist, &consult).await;
    for sdp in [offer, answer, other_offer, other_answer] {
        let marks = ["a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:sha-256 ", "a=candidate:", "a=msid:"];
        let telling = sdp.lines().filter_map(|line| marks.iter().find_map(|mark| line.strip_prefix(mark)));
        // A short ufrag can stand anywhere by chance.
        telling.filter(|line| line.len() > 15).for_each(|line| drop(secrets.add(line.trim())));
    }
    let opinion = json!({ "conclusion": words("conclusion"), "advice": words("advice"),
        "diagnoses": [{ "code": "I21.1", "text": words("conclusion") }], "next": "refer_up" });
    story.good(specialist, "POST", &format!("{record}/actions/give_opinion"), opinion).await;
    story.good(rural, "POST", &format!("{record}/actions/acknowledge"), json!({ "adopted": "full" })).await;

    // A referral to its end, and refusals on the way.
    let letter = json!({
        "patient_id": patient_id, "direction": "up", "to_department": hospital.department(), "urgency": "urgent",
        "reason_text": words("reason_text"), "present_illness": words("history"), "consent": consent,
        "diagnoses": [{ "code": "I21.1", "text": words("conclusion"), "role": "primary" }],
        "requested_service": "inpatient",
    });
    let made = story.good(rural, "POST", "/referrals", letter).await;
    let record = format!("/referrals/{}", made["id"].as_str().unwrap());
    story.good(rural, "POST", &format!("{record}/actions/submit"), json!({})).await;
    let nonsense = json!({ "outcome_code": words("outcome_summary") });
    assert!(story.ask(specialist, "POST", &format!("{record}/actions/discharge"), nonsense).await.0 >= 400);
    assert_eq!(story.ask(&nobody, "GET", &record, Value::Null).await.0, 401);
    story.good(desk, "POST", &format!("{record}/actions/accept"), json!({})).await;
    story.good(desk, "POST", &format!("{record}/actions/arrive"), json!({})).await;
    story.good(specialist, "POST", &format!("{record}/actions/treat"), json!({})).await;
    let outcome = json!({ "outcome_code": "improved", "outcome_summary": words("outcome_summary") });
    story.good(specialist, "POST", &format!("{record}/actions/discharge"), outcome).await;
    story.good(desk, "GET", &format!("/referrals?box=in&q={query}"), Value::Null).await;
    assert!(server.ask_to_stop().success());

    let log = house.log();
    let lines = log.lines().count();
    assert!(log.contains("DEBUG") && lines > 500, "the log says little: {lines} lines");
    let told: Vec<_> = log
        .lines()
        .filter_map(|line| secrets.0.iter().find(|secret| line.contains(&**secret)).map(|_| line))
        .collect();
    let shown: Vec<String> = told.iter().take(5).map(|line| line.chars().take(200).collect()).collect();
    println!("{lines} lines of log, {} things that must not stand in them", secrets.0.len());
    assert!(told.is_empty(), "{} lines tell what they must not:\n{}", told.len(), shown.join("\n"));
}
