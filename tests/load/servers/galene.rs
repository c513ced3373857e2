//! Galene over its own protocol: a WebSocket for each participant, a connection for each stream.

use std::collections::BTreeMap;
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
const TENDING: Duration = Duration::from_secs(5);

pub struct Galene {
    process: Process,
    ip: IpAddr,
    people: Vec<Person>,
    streams: u64,
    folder: PathBuf,
    tended: Instant,
}

struct Person {
    socket: WebSocket<TcpStream>,
    /// What it receives, by the names of the streams: the connection's place in the crowd, and
    /// how many tracks it was offered there.
    down: BTreeMap<String, (usize, usize)>,
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
        Some(Self { process, ip, people: Vec::new(), streams: 0, folder, tended: Instant::now() })
    }

    /// Brings a person into a room; gives its place.
    fn join(&mut self, crowd: &mut Crowd, room: u64) -> Result<usize, String> {
        let until = Instant::now() + PATIENCE;
        let stream = loop {
            match TcpStream::connect((self.ip, PORT)) {
                Ok(stream) => break stream,
                Err(why) => assert!(Instant::now() < until, "Galene does not listen: {why}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        let (mut socket, _) = client(format!("ws://{}:{PORT}/ws", self.ip), stream).unwrap();
        socket.get_ref().set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        let name = format!("bot{}", self.people.len());
        say(&mut socket, &json!({ "type": "handshake", "version": ["2"], "id": name }));
        let group = format!("room{room}");
        let join =
            json!({ "type": "join", "kind": "join", "group": group, "username": name, "password": "bot" });
        say(&mut socket, &join);
        self.people.push(Person { socket, down: BTreeMap::new() });
        let place = self.people.len() - 1;
        let joined = self.hear(crowd, place, "joined")?;
        if joined["kind"] == "join" { Ok(place) } else { Err(format!("Galene refuses: {joined}")) }
    }

    /// Reads until a message of this kind comes. The bots go on sending: a stream is offered to
    /// others when its first packets have come.
    fn hear(&mut self, crowd: &mut Crowd, person: usize, kind: &str) -> Result<Value, String> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            match read(&mut self.people[person].socket)? {
                Some(told) if told["type"] == kind => return Ok(told),
                Some(_) => {}
                None => crowd.live(Duration::from_millis(5)),
            }
        }
        Err(format!("Galene says no {kind}"))
    }

    fn publish(&mut self, crowd: &mut Crowd, person: usize, receivers: u64) -> Result<(), String> {
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
        say(&mut self.people[person].socket, &offer);
        let answer = self.hear(crowd, person, "answer")?;
        line.meet(&Theirs::read(answer["sdp"].as_str().unwrap()), true, Instant::now());
        let place = crowd.add(line);
        crowd.sends(place, Track::new(streams[0], "0"), Track::new(streams[1], "1"), receivers);
        Ok(())
    }

    /// Answers what a person is offered until it has both tracks of so many streams: a stream
    /// whose tracks have not all come yet is offered again when they have.
    fn receive(&mut self, crowd: &mut Crowd, person: usize, streams: usize) -> Result<(), String> {
        while self.people[person].down.values().filter(|(_, tracks)| *tracks == 2).count() < streams {
            let offer = self.hear(crowd, person, "offer")?;
            let theirs = Theirs::read(offer["sdp"].as_str().unwrap());
            let sections: Vec<Section> = theirs
                .sections
                .iter()
                .map(|(mid, video)| Section { mid: mid.clone(), video: *video, ssrc: None })
                .collect();
            let known = self.people[person].down.get(offer["id"].as_str().unwrap());
            let place = known.map_or_else(|| crowd.add(Line::new(crowd.ip)), |(place, _)| *place);
            let line = &mut crowd.lines[place];
            let answer = sdp::write(line, &sections, "active");
            if known.is_none() {
                line.meet(&theirs, false, Instant::now());
            }
            let answer = json!({ "type": "answer", "id": offer["id"], "sdp": answer });
            let person = &mut self.people[person];
            say(&mut person.socket, &answer);
            person.down.insert(offer["id"].as_str().unwrap().to_owned(), (place, sections.len()));
        }
        Ok(())
    }
}

impl Server for Galene {
    fn process(&self) -> &Process {
        &self.process
    }

    /// Whoever does not answer its pings is sent away after 45 seconds.
    fn tend(&mut self, crowd: &mut Crowd) {
        if self.tended.elapsed() < TENDING {
            return;
        }
        for person in &mut self.people {
            while let Ok(Some(_)) = read(&mut person.socket) {}
            crowd.live(Duration::ZERO);
        }
        self.tended = Instant::now();
    }

    fn open(&mut self, crowd: &mut Crowd, rooms: Range<u64>, shape: Shape) -> Result<(), String> {
        for room in rooms {
            self.tend(crowd);
            let anybody = json!({ "wildcard-user":
                { "password": { "type": "wildcard" }, "permissions": "present" } });
            let group = self.folder.join(format!("groups/room{room}.json"));
            std::fs::write(group, anybody.to_string()).unwrap();
            let people: Vec<usize> =
                (0..shape.people).map(|_| self.join(crowd, room)).collect::<Result<_, _>>()?;
            for person in &people[..shape.senders] {
                self.publish(crowd, *person, shape.people as u64 - 1)?;
            }
            crowd.settle()?;
            for (n, person) in people.iter().enumerate() {
                let others = shape.senders - usize::from(n < shape.senders);
                if others > 0 {
                    let all = json!({ "type": "request", "request": { "": ["audio", "video"] } });
                    say(&mut self.people[*person].socket, &all);
                }
                self.receive(crowd, *person, others)?;
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

/// What a person who was sent away has to say is missed where it is answered.
fn say(person: &mut WebSocket<TcpStream>, message: &Value) {
    let _ = person.send(Message::text(message.to_string()));
}

/// The next message that is there.
fn read(person: &mut WebSocket<TcpStream>) -> Result<Option<Value>, String> {
    loop {
        match person.read() {
            Ok(Message::Text(text)) => {
                let told: Value = serde_json::from_str(&text).unwrap();
                if told["type"] != "ping" {
                    return Ok(Some(told));
                }
                say(person, &json!({ "type": "pong" }));
            }
            Ok(_) => {}
            Err(Error::Io(why)) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Ok(None);
            }
            Err(why) => return Err(format!("Galene hangs up: {why}")),
        }
    }
}
