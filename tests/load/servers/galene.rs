//! Galene over its own protocol: a WebSocket for each participant, a connection for each stream.

use std::io::ErrorKind;
use std::net::{IpAddr, TcpStream};
use std::ops::Range;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket, client};

use super::{Process, Server, Shape, peer};
use crate::crowd::{Crowd, Track};
use crate::line::Line;
use crate::sdp::{self, Section, Theirs};

const PORT: u16 = 18_443;
const PATIENCE: Duration = Duration::from_secs(10);
const BOTH_TRACKS: Duration = Duration::from_secs(1);

pub struct Galene {
    process: Process,
    ip: IpAddr,
    people: Vec<WebSocket<TcpStream>>,
    streams: u64,
    folder: PathBuf,
}

impl Galene {
    /// Nothing when it is not installed.
    pub fn start(ip: IpAddr) -> Option<Self> {
        let program = peer("galene")?;
        let folder = std::env::temp_dir().join(format!("load-galene-{}", std::process::id()));
        for part in ["groups", "data", "static"] {
            std::fs::create_dir_all(folder.join(part)).unwrap();
        }
        let mut command = Process::command(program);
        command.args(["-insecure", "-turn", "", "-http", &format!("{ip}:{PORT}")]);
        for part in ["groups", "data", "static"] {
            command.arg(format!("-{part}")).arg(folder.join(part));
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Process::start(&mut command).unwrap();
        Some(Self { process, ip, people: Vec::new(), streams: 0, folder })
    }

    /// Brings a person into a room; gives its place.
    fn join(&mut self, crowd: &mut Crowd, room: u64) -> usize {
        let until = Instant::now() + PATIENCE;
        let stream = loop {
            match TcpStream::connect((self.ip, PORT)) {
                Ok(stream) => break stream,
                Err(why) => assert!(Instant::now() < until, "Galene does not listen: {why}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        let (mut person, _) = client(format!("ws://{}:{PORT}/ws", self.ip), stream).unwrap();
        person.get_ref().set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        let name = format!("bot{}", self.people.len());
        say(&mut person, &json!({ "type": "handshake", "version": ["2"], "id": name }));
        let group = format!("room{room}");
        let join =
            json!({ "type": "join", "kind": "join", "group": group, "username": name, "password": "bot" });
        say(&mut person, &join);
        self.people.push(person);
        let place = self.people.len() - 1;
        let joined = self.hear(crowd, place, "joined");
        assert_eq!(joined["kind"], "join", "Galene refuses: {joined}");
        place
    }

    /// Reads until a message of this kind comes. The bots go on sending: a stream is offered to
    /// others when its first packets have come.
    fn hear(&mut self, crowd: &mut Crowd, person: usize, kind: &str) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < until, "Galene says no {kind}");
            match read(&mut self.people[person]) {
                Some(told) if told["type"] == kind => return told,
                Some(_) => {}
                None => crowd.live(Duration::from_millis(5)),
            }
        }
    }

    fn publish(&mut self, crowd: &mut Crowd, person: usize, receivers: u64) {
        let mut line = Line::new(crowd.ip);
        let streams = [crowd.ssrc(), crowd.ssrc()];
        let sections = [false, true].map(|video| {
            let n = usize::from(video);
            Section { mid: n.to_string(), video, ssrc: Some(streams[n]) }
        });
        let offer = sdp::write(&line, &sections, "actpass");
        self.streams += 1;
        let id = format!("stream{}", self.streams);
        let offer = json!({ "type": "offer", "id": id, "label": "camera", "source": format!("bot{person}"),
            "username": format!("bot{person}"), "sdp": offer });
        say(&mut self.people[person], &offer);
        let answer = self.hear(crowd, person, "answer");
        line.meet(&Theirs::read(answer["sdp"].as_str().unwrap()), true, Instant::now());
        let place = crowd.add(line);
        crowd.sends(place, Track::new(streams[0], "0"), Track::new(streams[1], "1"), receivers);
    }

    fn receive(&mut self, crowd: &mut Crowd, person: usize) {
        let offer = self.hear(crowd, person, "offer");
        let theirs = Theirs::read(offer["sdp"].as_str().unwrap());
        let mut line = Line::new(crowd.ip);
        let sections: Vec<Section> = theirs
            .sections
            .iter()
            .map(|(mid, video)| Section { mid: mid.clone(), video: *video, ssrc: None })
            .collect();
        let answer = sdp::write(&line, &sections, "active");
        say(&mut self.people[person], &json!({ "type": "answer", "id": offer["id"], "sdp": answer }));
        line.meet(&theirs, false, Instant::now());
        crowd.add(line);
    }
}

impl Server for Galene {
    fn process(&self) -> &Process {
        &self.process
    }

    fn open(&mut self, crowd: &mut Crowd, rooms: Range<u64>, shape: Shape) -> Result<(), String> {
        for person in &mut self.people {
            // Whoever does not answer its pings is sent away.
            while read(person).is_some() {}
        }
        for room in rooms {
            let anybody = json!({ "wildcard-user":
                { "password": { "type": "wildcard" }, "permissions": "present" } });
            let group = self.folder.join(format!("groups/room{room}.json"));
            std::fs::write(group, anybody.to_string()).unwrap();
            let people: Vec<usize> = (0..shape.people).map(|_| self.join(crowd, room)).collect();
            for person in &people[..shape.senders] {
                self.publish(crowd, *person, shape.people as u64 - 1);
            }
            crowd.settle()?;
            // A stream that is asked for before both its tracks have come is offered twice.
            crowd.live(BOTH_TRACKS);
            for (n, person) in people.iter().enumerate() {
                let others = shape.senders - usize::from(n < shape.senders);
                if others > 0 {
                    let all = json!({ "type": "request", "request": { "": ["audio", "video"] } });
                    say(&mut self.people[*person], &all);
                }
                for _ in 0..others {
                    self.receive(crowd, *person);
                }
            }
            crowd.settle()?;
        }
        Ok(())
    }
}

impl Drop for Galene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn say(person: &mut WebSocket<TcpStream>, message: &Value) {
    person.send(Message::text(message.to_string())).unwrap();
}

/// The next message that is there.
fn read(person: &mut WebSocket<TcpStream>) -> Option<Value> {
    loop {
        match person.read() {
            Ok(Message::Text(text)) => {
                let told: Value = serde_json::from_str(&text).unwrap();
                if told["type"] != "ping" {
                    return Some(told);
                }
                say(person, &json!({ "type": "pong" }));
            }
            Ok(_) => {}
            Err(Error::Io(why)) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return None;
            }
            Err(why) => panic!("Galene hangs up: {why}"),
        }
    }
}
