//! LiveKit over its own signalling, as its clients speak it by default: a WebSocket and one
//! connection for each participant, who offers, and offers anew when there is more to receive.

use std::io::ErrorKind;
use std::net::{IpAddr, TcpStream};
use std::ops::Range;
use std::process::Stdio;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::{BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};
use tokio_tungstenite::tungstenite::{self, Error, WebSocket, client};

use super::protobuf::{self, Message, Value};
use super::{Process, Server, Shape, peer};
use crate::crowd::{Crowd, Track};
use crate::line::Line;
use crate::sdp::{self, Section, Theirs};

const PORT: u16 = 18_780;
const PATIENCE: Duration = Duration::from_secs(15);
const TENDING: Duration = Duration::from_secs(5);
const KEY: &str = "load";
const SECRET: &str = "a secret for one machine and one run, in no use elsewhere";
/// The newest version of the signalling that its own clients speak.
const PROTOCOL: u64 = 16;

/// Fields of what is said to LiveKit (`livekit_rtc.proto`), and of what it says.
mod say {
    pub const OFFER: u64 = 1;
    pub const ADD_TRACK: u64 = 4;
    pub const PING: u64 = 14;
}
mod told {
    pub const ANSWER: u64 = 2;
    pub const TRICKLE: u64 = 4;
    pub const LEAVE: u64 = 8;
    pub const SECTIONS_WANTED: u64 = 25;
}

pub struct LiveKit {
    process: Process,
    ip: IpAddr,
    people: Vec<Person>,
    tended: Instant,
}

struct Person {
    socket: WebSocket<TcpStream>,
    /// Its connection, by its place in the crowd.
    line: usize,
    sections: Vec<Section>,
    offers: u64,
    met: bool,
    /// Addresses that came before the answer did.
    early: Vec<String>,
    /// Sections in which LiveKit sends, by the newest answer.
    receives: usize,
}

impl LiveKit {
    /// Nothing when it is not installed.
    pub fn start(ip: IpAddr) -> Option<Self> {
        let program = peer("livekit-server")?;
        // A socket for each participant, as in its sample configuration; no limit to the tracks.
        let settings = json!({
            "port": PORT,
            "bind_addresses": [ip],
            "rtc": { "node_ip": ip, "tcp_port": 0, "port_range_start": 50_000, "port_range_end": 60_000 },
            "keys": { KEY: SECRET },
            "limit": { "num_tracks": -1 },
            "logging": { "level": "error" },
        });
        let mut command = Process::command(program);
        command.args(["--config-body", &settings.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Process::start(&mut command).unwrap();
        Some(Self { process, ip, people: Vec::new(), tended: Instant::now() })
    }

    /// Brings a person into a room.
    fn join(&mut self, crowd: &mut Crowd, room: u64) -> usize {
        let until = Instant::now() + PATIENCE;
        let stream = loop {
            match TcpStream::connect((self.ip, PORT)) {
                Ok(stream) => break stream,
                Err(why) => assert!(Instant::now() < until, "LiveKit does not listen: {why}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        let who = format!("bot{}", self.people.len());
        let client_info = Message::default().number(3, PROTOCOL);
        let settings = Message::default().number(1, 1);
        let join = Message::default().message(1, &client_info).message(2, &settings);
        let wrapped = BASE64_URL_SAFE.encode(Message::default().message(2, &join).0);
        let token = token(&who, &format!("room{room}"));
        let url = format!(
            "ws://{}:{PORT}/rtc/v1?access_token={token}&join_request={}",
            self.ip,
            wrapped.replace('=', "%3D")
        );
        let (socket, _) = client(url, stream).unwrap();
        socket.get_ref().set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        let line = crowd.add(Line::new(crowd.ip));
        self.people.push(Person {
            socket,
            line,
            sections: Vec::new(),
            offers: 0,
            met: false,
            early: Vec::new(),
            receives: 0,
        });
        self.people.len() - 1
    }

    fn publish(&mut self, crowd: &mut Crowd, at: usize, receivers: u64) -> Result<(), String> {
        let streams = [crowd.ssrc(), crowd.ssrc()];
        let person = &mut self.people[at];
        for (n, name) in ["audio", "video"].into_iter().enumerate() {
            let (video, source) = (n == 1, if n == 1 { 1 } else { 2 });
            person.sections.push(Section { mid: n.to_string(), video, ssrc: Some(streams[n]) });
            // Its name is that of the stream in the session description.
            let mut track = Message::default().bytes(1, name.as_bytes()).bytes(2, name.as_bytes());
            track = track.number(3, n as u64).number(8, source);
            if video {
                track = track.number(4, 1_280).number(5, 720);
            }
            person.say(&Message::default().message(say::ADD_TRACK, &track));
        }
        person.offer(crowd);
        let line = person.line;
        self.attend(crowd, at, |person, crowd| crowd.lines[person.line].is_up())?;
        crowd.sends(line, Track::new(streams[0], "0"), Track::new(streams[1], "1"), receivers);
        Ok(())
    }

    /// Reads what LiveKit says to a person, and answers, until it has what it waits for.
    fn attend(
        &mut self,
        crowd: &mut Crowd,
        at: usize,
        done: impl Fn(&Person, &Crowd) -> bool,
    ) -> Result<(), String> {
        let until = Instant::now() + PATIENCE;
        while !done(&self.people[at], crowd) {
            if Instant::now() > until {
                return Err(format!("LiveKit leaves bot{at} waiting"));
            }
            if !self.people[at].hear(crowd)? {
                crowd.live(Duration::from_millis(5));
            }
        }
        Ok(())
    }
}

impl Person {
    fn say(&mut self, message: &Message) {
        let _ = self.socket.send(tungstenite::Message::binary(message.0.clone()));
    }

    fn offer(&mut self, crowd: &Crowd) {
        self.offers += 1;
        let text = sdp::write(&crowd.lines[self.line], &self.sections, "actpass");
        let description =
            Message::default().bytes(1, b"offer").bytes(2, text.as_bytes()).number(3, self.offers);
        self.say(&Message::default().message(say::OFFER, &description));
    }

    /// Offers to receive, at once: whoever is not connected is not given what comes later.
    fn listen(&mut self, crowd: &Crowd) {
        for video in [false, true] {
            let mid = self.sections.len().to_string();
            self.sections.push(Section { mid, video, ssrc: None });
        }
        self.offer(crowd);
    }

    /// Takes one message; false when there is none.
    fn hear(&mut self, crowd: &mut Crowd) -> Result<bool, String> {
        let bytes = match self.socket.read() {
            Ok(tungstenite::Message::Binary(bytes)) => bytes,
            Ok(_) => return Ok(true),
            Err(Error::Io(why)) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Ok(false);
            }
            Err(why) => return Err(format!("LiveKit hangs up: {why}")),
        };
        for (kind, value) in protobuf::fields(&bytes) {
            match kind {
                told::ANSWER => self.take(crowd, &value),
                told::TRICKLE => self.trickle(crowd, &value),
                told::SECTIONS_WANTED => self.widen(crowd, &value),
                told::LEAVE => return Err("LiveKit sends a bot away".to_owned()),
                _ => {}
            }
        }
        Ok(true)
    }

    fn take(&mut self, crowd: &mut Crowd, answer: &Value<'_>) {
        let fields = answer.fields();
        let text = fields.iter().find(|(field, _)| *field == 2).map(|(_, sdp)| sdp.text()).unwrap();
        self.receives = text.lines().filter(|line| line.trim_end() == "a=sendonly").count();
        if !self.met {
            let line = &mut crowd.lines[self.line];
            line.meet(&Theirs::read(&text), true, Instant::now());
            for candidate in self.early.drain(..) {
                line.candidate(&candidate);
            }
            self.met = true;
        }
    }

    fn trickle(&mut self, crowd: &mut Crowd, trickle: &Value<'_>) {
        let fields = trickle.fields();
        let Some((_, init)) = fields.iter().find(|(field, _)| *field == 1) else { return };
        let init: Json = serde_json::from_str(&init.text()).unwrap();
        let candidate = init["candidate"].as_str().unwrap_or_default();
        if self.met {
            crowd.lines[self.line].candidate(candidate);
        } else {
            self.early.push(candidate.to_owned());
        }
    }

    /// Offers as many more sections to receive in as are asked for.
    fn widen(&mut self, crowd: &Crowd, wanted: &Value<'_>) {
        for (field, count) in wanted.fields() {
            for _ in 0..count.count() {
                let mid = self.sections.len().to_string();
                self.sections.push(Section { mid, video: field == 2, ssrc: None });
            }
        }
        self.offer(crowd);
    }
}

impl Server for LiveKit {
    fn process(&self) -> &Process {
        &self.process
    }

    /// Its clients send a ping every five seconds, and what it says must be read.
    fn tend(&mut self, crowd: &mut Crowd) {
        if self.tended.elapsed() < TENDING {
            return;
        }
        for person in &mut self.people {
            person.say(&Message::default().number(say::PING, 1));
            // Whoever is sent away is missed where packets are counted.
            while let Ok(true) = person.hear(crowd) {}
            crowd.live(Duration::ZERO);
        }
        self.tended = Instant::now();
    }

    fn open(&mut self, crowd: &mut Crowd, rooms: Range<u64>, shape: Shape) -> Result<(), String> {
        for room in rooms {
            self.tend(crowd);
            let first = self.people.len();
            for n in 0..shape.people {
                let at = self.join(crowd, room);
                if n < shape.senders {
                    self.publish(crowd, at, shape.people as u64 - 1)?;
                } else {
                    self.people[at].listen(crowd);
                }
            }
            for n in 0..shape.people {
                let others = shape.senders - usize::from(n < shape.senders);
                self.attend(crowd, first + n, |person, crowd| {
                    person.receives >= 2 * others && crowd.lines[person.line].is_up()
                })?;
            }
        }
        crowd.settle()
    }
}

/// A person's leave to be in a room (RFC 7519, HS256).
fn token(who: &str, room: &str) -> String {
    let part = |json: Json| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let head = part(json!({ "alg": "HS256", "typ": "JWT" }));
    let claims = part(json!({ "iss": KEY, "sub": who, "video": { "roomJoin": true, "room": room } }));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = hmac::sign(&key, format!("{head}.{claims}").as_bytes());
    format!("{head}.{claims}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag.as_ref()))
}
