//! Janus with its VideoRoom plugin, over its WebSocket API: each participant publishes on one
//! connection and receives all others on a second one, as its own client does.

use std::net::{IpAddr, TcpStream};
use std::ops::Range;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Message, WebSocket, client};

use super::{Process, Server, Shape, peer};
use crate::crowd::{Crowd, Track};
use crate::line::Line;
use crate::sdp::{self, Section, Theirs};

const PORT: u16 = 18_188;
const NO_SUCH_FEED: u64 = 428;

pub struct Janus {
    process: Process,
    api: WebSocket<TcpStream>,
    session: u64,
    asked: u64,
    folder: std::path::PathBuf,
}

impl Janus {
    /// Nothing when it is not installed.
    pub fn start(ip: IpAddr, loops: Option<u32>) -> Option<Self> {
        let program = peer("janus")?;
        let folder = std::env::temp_dir().join(format!("load-janus-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let loops = loops.map(|n| format!("event_loops = {n}\n")).unwrap_or_default();
        let plugins = "libjanus_audiobridge.so,libjanus_echotest.so,libjanus_nosip.so,libjanus_recordplay.so,\
                       libjanus_sip.so,libjanus_streaming.so,libjanus_textroom.so,libjanus_videocall.so,\
                       libjanus_voicemail.so,libjanus_duktape.so,libjanus_lua.so";
        let transports =
            "libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,libjanus_rabbitmq.so";
        let general = format!(
            "general: {{\n{loops}}}\nnat: {{\nice_lite = true\nice_enforce_list = \"{ip}\"\n}}\n\
             plugins: {{\ndisable = \"{plugins}\"\n}}\ntransports: {{\ndisable = \"{transports}\"\n}}\n"
        );
        let sockets =
            format!("general: {{\njson = \"compact\"\nws = true\nws_port = {PORT}\nws_ip = \"{ip}\"\n}}\n");
        std::fs::write(folder.join("janus.jcfg"), general).unwrap();
        std::fs::write(folder.join("janus.transport.websockets.jcfg"), sockets).unwrap();
        std::fs::write(folder.join("janus.plugin.videoroom.jcfg"), "general: {\n}\n").unwrap();
        let mut command = Process::command(program);
        command.arg("-F").arg(&folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Process::start(&mut command).unwrap();
        let api = connect(ip);
        let mut janus = Self { process, api, session: 0, asked: 0, folder };
        let made = janus.ask(json!({ "janus": "create" }));
        janus.session = made["data"]["id"].as_u64().unwrap();
        Some(janus)
    }

    /// Asks, and gives the answer to just that.
    fn ask(&mut self, mut question: Value) -> Value {
        self.asked += 1;
        let name = self.asked.to_string();
        question["transaction"] = json!(name);
        if self.session != 0 {
            question["session_id"] = json!(self.session);
        }
        self.api.send(Message::text(question.to_string())).unwrap();
        loop {
            let Message::Text(text) = self.api.read().unwrap() else { continue };
            let told: Value = serde_json::from_str(&text).unwrap();
            if told["transaction"] == json!(name) && told["janus"] != "ack" {
                assert_ne!(told["janus"], "error", "Janus refuses: {told}");
                return told;
            }
        }
    }

    fn handle(&mut self) -> u64 {
        let attached = self.ask(json!({ "janus": "attach", "plugin": "janus.plugin.videoroom" }));
        attached["data"]["id"].as_u64().unwrap()
    }

    fn say(&mut self, handle: u64, body: Value, jsep: Option<(&str, String)>) -> Value {
        let mut message = json!({ "janus": "message", "handle_id": handle, "body": body });
        if let Some((kind, sdp)) = jsep {
            message["jsep"] = json!({ "type": kind, "sdp": sdp });
        }
        self.ask(message)
    }

    /// Gives the publisher's number in the room.
    fn publish(&mut self, crowd: &mut Crowd, room: u64, receivers: u64) -> u64 {
        let mut line = Line::new(crowd.ip);
        let streams = [crowd.ssrc(), crowd.ssrc()];
        let sections = [false, true].map(|video| {
            let n = usize::from(video);
            Section { mid: n.to_string(), video, ssrc: Some(streams[n]) }
        });
        let offer = sdp::write(&line, &sections, "actpass");
        let handle = self.handle();
        let body = json!({ "request": "joinandconfigure", "ptype": "publisher", "room": room });
        let told = self.say(handle, body, Some(("offer", offer)));
        line.meet(&Theirs::read(description(&told)), true, Instant::now());
        let place = crowd.add(line);
        crowd.sends(place, Track::new(streams[0], "0"), Track::new(streams[1], "1"), receivers);
        told["plugindata"]["data"]["id"].as_u64().unwrap()
    }

    fn receive(&mut self, crowd: &mut Crowd, room: u64, feeds: &[u64]) {
        let mut line = Line::new(crowd.ip);
        let handle = self.handle();
        let streams: Vec<Value> = feeds.iter().map(|feed| json!({ "feed": feed })).collect();
        let body = json!({ "request": "join", "ptype": "subscriber", "room": room, "streams": streams });
        let until = Instant::now() + Duration::from_secs(5);
        let mut told = self.say(handle, body.clone(), None);
        // A publisher can be subscribed to a moment after its connection is up.
        while told["plugindata"]["data"]["error_code"] == NO_SUCH_FEED && Instant::now() < until {
            crowd.live(Duration::from_millis(20));
            told = self.say(handle, body.clone(), None);
        }
        let theirs = Theirs::read(description(&told));
        let sections: Vec<Section> = theirs
            .sections
            .iter()
            .map(|(mid, video)| Section { mid: mid.clone(), video: *video, ssrc: None })
            .collect();
        // We start the handshake, whatever was offered.
        let answer = sdp::write(&line, &sections, "active");
        self.say(handle, json!({ "request": "start" }), Some(("answer", answer)));
        line.meet(&theirs, true, Instant::now());
        crowd.add(line);
    }
}

impl Server for Janus {
    fn process(&self) -> &Process {
        &self.process
    }

    fn open(&mut self, crowd: &mut Crowd, rooms: Range<u64>, shape: Shape) -> Result<(), String> {
        for room in rooms {
            let handle = self.handle();
            let body = json!({ "request": "create", "room": room, "publishers": 8 });
            self.say(handle, body, None);
            let others = shape.people as u64 - 1;
            let feeds: Vec<u64> = (0..shape.senders).map(|_| self.publish(crowd, room, others)).collect();
            crowd.settle()?;
            for n in 0..shape.people {
                let mine = feeds.get(n);
                let wanted: Vec<u64> = feeds.iter().copied().filter(|feed| Some(feed) != mine).collect();
                if !wanted.is_empty() {
                    self.receive(crowd, room, &wanted);
                }
            }
            crowd.settle()?;
        }
        Ok(())
    }
}

impl Drop for Janus {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn description(told: &Value) -> &str {
    told["jsep"]["sdp"].as_str().unwrap_or_else(|| panic!("VideoRoom refuses: {told}"))
}

fn connect(ip: IpAddr) -> WebSocket<TcpStream> {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        if let Ok(stream) = TcpStream::connect((ip, PORT)) {
            let mut request = format!("ws://{ip}:{PORT}/").into_client_request().unwrap();
            request.headers_mut().insert("Sec-WebSocket-Protocol", "janus-protocol".parse().unwrap());
            return client(request, stream).unwrap().0;
        }
        assert!(Instant::now() < until, "Janus does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
}
