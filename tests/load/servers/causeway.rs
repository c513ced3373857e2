//! The relay itself, with one worker.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::time::Instant;

use causeway::config;
use causeway::media::{Relay, RoomId, SeatId};
use serde_json::{Value, json};

use super::{Ourselves, Process, Server, Shape};
use crate::crowd::{Crowd, Track};
use crate::line::Line;
use crate::sdp::{self, Section, Theirs};

pub struct Causeway {
    us: Ourselves,
    seats: u64,
}

impl Causeway {
    pub fn start(ip: IpAddr) -> Self {
        Self { us: Ourselves::start("relay", ip), seats: 0 }
    }

    /// A seat with the sections that the page offers: microphone, camera, a spare one for the
    /// shared screen, and slots for three voices and four pictures.
    fn join(&mut self, crowd: &mut Crowd, room: u64, receivers: Option<u64>) -> Result<(), String> {
        let mut line = Line::new(crowd.ip);
        let streams = [crowd.ssrc(), crowd.ssrc(), crowd.ssrc()];
        let kinds = [false, true, true, false, false, false, true, true, true, true];
        let sections: Vec<Section> = kinds
            .iter()
            .enumerate()
            .map(|(n, video)| Section { mid: n.to_string(), video: *video, ssrc: streams.get(n).copied() })
            .collect();
        let offer = sdp::write(&line, &sections, "actpass");
        self.seats += 1;
        let answer = self.us.ask(&json!({ "room": room, "seat": self.seats, "offer": offer }));
        let refused = || format!("the relay refuses: {}", answer["refused"]);
        let answer = answer["answer"].as_str().ok_or_else(refused)?;
        line.meet(&Theirs::read(answer), true, Instant::now());
        let place = crowd.add(line);
        if let Some(receivers) = receivers {
            crowd.sends(place, Track::new(streams[0], "0"), Track::new(streams[1], "1"), receivers);
        }
        Ok(())
    }
}

impl Server for Causeway {
    fn process(&self) -> &Process {
        &self.us.process
    }

    fn open(&mut self, crowd: &mut Crowd, rooms: Range<u64>, shape: Shape) -> Result<(), String> {
        for room in rooms {
            for n in 0..shape.people {
                let others = shape.people as u64 - 1;
                self.join(crowd, room, (n < shape.senders).then_some(others))?;
            }
            crowd.settle()?;
        }
        Ok(())
    }
}

/// The relay's process: takes offers from its input and gives answers.
pub fn serve(ip: IpAddr) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let settings = config::Media {
        listen: SocketAddr::new(ip, 0),
        max_rooms: 10_000,
        max_seats_per_room: 8,
        ..config::Media::on_loopback()
    };
    let relay = Relay::start(&settings).unwrap();
    for line in std::io::stdin().lines() {
        let question: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let room = RoomId(question["room"].as_u64().unwrap());
        let seat = SeatId(question["seat"].as_u64().unwrap());
        let joined = runtime.block_on(relay.join(room, seat, question["offer"].as_str().unwrap()));
        let told = match joined {
            Ok(joined) => json!({ "answer": joined.answer }),
            Err(why) => json!({ "refused": why.to_string() }),
        };
        println!("{told}");
    }
}
