//! The least a relay can do: decrypt a packet, encrypt it for each receiver, send. No ICE, no
//! repair, no reports, no policy; the same ciphers and the same way to the kernel as the relay.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, ErrorKind, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use quinn_udp::{RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use serde_json::{Value, json};

use super::{Ourselves, Process, Server, Shape};
use crate::crowd::{Crowd, Track, is_media};
use crate::line::Line;
use crate::srtp::{Inbound, Material, Outbound};

const BATCH: usize = 16;
const BURST: usize = 65_536;

pub struct Floor {
    us: Ourselves,
    at: SocketAddr,
    seats: u64,
}

impl Floor {
    pub fn start(ip: IpAddr) -> Self {
        let mut us = Ourselves::start("floor", ip);
        let at = us.ask(&json!({ "where": true }));
        let at = at["at"].as_str().unwrap().parse().unwrap();
        Self { us, at, seats: 0 }
    }
}

impl Server for Floor {
    fn process(&self) -> &Process {
        &self.us.process
    }

    fn open(&mut self, crowd: &mut Crowd, rooms: Range<u64>, shape: Shape) -> Result<(), String> {
        for room in rooms {
            for n in 0..shape.people {
                self.seats += 1;
                let mut line = Line::new(crowd.ip);
                let from = line.here.to_string();
                self.us.ask(&json!({ "room": room, "from": from, "seed": self.seats }));
                line.take(&Material::invented(self.seats), self.at);
                let place = crowd.add(line);
                if n < shape.senders {
                    let streams = [crowd.ssrc(), crowd.ssrc()];
                    let others = shape.people as u64 - 1;
                    crowd.sends(place, Track::new(streams[0], "0"), Track::new(streams[1], "1"), others);
                }
            }
        }
        crowd.settle()
    }
}

struct Seat {
    at: SocketAddr,
    room: u64,
    keys: (Inbound, Outbound),
}

/// The floor's process.
pub fn serve(ip: IpAddr) {
    let socket = std::net::UdpSocket::bind((ip, 0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(4 << 20);
    let here = socket.local_addr().unwrap();
    let (tell, seats) = channel();
    std::thread::spawn(move || take(socket, &seats));
    for line in BufReader::new(std::io::stdin()).lines() {
        println!("{}", answer(&line.unwrap(), here, &tell));
    }
}

fn answer(line: &str, here: SocketAddr, tell: &Sender<Seat>) -> Value {
    let question: Value = serde_json::from_str(line).unwrap();
    if let Some(seed) = question["seed"].as_u64() {
        let keys = Material::invented(seed);
        let at = question["from"].as_str().unwrap().parse().unwrap();
        let room = question["room"].as_u64().unwrap();
        tell.send(Seat { at, room, keys: (keys.inbound(true), keys.outbound(false)) }).unwrap();
    }
    json!({ "at": here.to_string() })
}

/// The one thread: everything that is there is taken, then everything it led to is sent.
fn take(socket: std::net::UdpSocket, told: &std::sync::mpsc::Receiver<Seat>) {
    let state = UdpSocketState::new(UdpSockRef::from(&socket)).unwrap();
    let mut poll = mio::Poll::new().unwrap();
    let mut socket = mio::net::UdpSocket::from_std(socket);
    poll.registry().register(&mut socket, mio::Token(0), mio::Interest::READABLE).unwrap();
    let mut events = mio::Events::with_capacity(4);
    let mut buffers: Vec<Vec<u8>> = vec![vec![0; BURST]; BATCH];
    let mut bursts = [RecvMeta::default(); BATCH];
    let (mut seats, mut places, mut rooms) =
        (Vec::<Seat>::new(), HashMap::<SocketAddr, usize>::new(), HashMap::<u64, Vec<usize>>::new());
    let mut outbox: Vec<(SocketAddr, Vec<u8>)> = Vec::new();
    loop {
        poll.poll(&mut events, Some(Duration::from_millis(100))).unwrap();
        while let Ok(seat) = told.try_recv() {
            places.insert(seat.at, seats.len());
            rooms.entry(seat.room).or_default().push(seats.len());
            seats.push(seat);
        }
        loop {
            let mut slices: Vec<IoSliceMut<'_>> = buffers.iter_mut().map(|b| IoSliceMut::new(b)).collect();
            let filled = match state.recv(UdpSockRef::from(&socket), &mut slices, &mut bursts) {
                Ok(filled) => filled,
                Err(why) if why.kind() == ErrorKind::WouldBlock => break,
                Err(_) => continue,
            };
            for (burst, buffer) in bursts[..filled].iter().zip(&buffers) {
                for packet in buffer[..burst.len].chunks(burst.stride.max(1)) {
                    hand_on(packet, burst.addr, &mut seats, (&places, &rooms), &mut outbox);
                }
            }
            flush(&state, &socket, &mut outbox);
        }
    }
}

fn hand_on(
    packet: &[u8],
    from: SocketAddr,
    seats: &mut [Seat],
    (places, rooms): (&HashMap<SocketAddr, usize>, &HashMap<u64, Vec<usize>>),
    outbox: &mut Vec<(SocketAddr, Vec<u8>)>,
) {
    let Some(at) = places.get(&from).copied().filter(|_| is_media(packet)) else { return };
    let mut plain = [0; 2_048];
    let Some((number, header, long)) = seats[at].keys.0.open(packet, &mut plain[..]) else { return };
    let mut whole = packet[..header].to_vec();
    whole.extend_from_slice(&plain[..long]);
    for to in rooms[&seats[at].room].iter().copied().filter(|to| *to != at) {
        let mut sealed = vec![0; whole.len() + crate::srtp::TAG];
        seats[to].keys.1.seal(number, &whole, header, &mut sealed);
        outbox.push((seats[to].at, sealed));
    }
}

/// Sends what goes to one receiver together where the kernel takes it so.
fn flush(state: &UdpSocketState, socket: &mio::net::UdpSocket, outbox: &mut Vec<(SocketAddr, Vec<u8>)>) {
    outbox.sort_by_key(|(to, _)| *to);
    let mut rest = &outbox[..];
    let mut joined = Vec::new();
    while let Some((to, first)) = rest.first() {
        let most = state.max_gso_segments().min(48);
        let alike = rest.iter().take(most).take_while(|(at, b)| at == to && b.len() == first.len()).count();
        let (now, later) = rest.split_at(alike);
        rest = later;
        joined.clear();
        joined.extend(now.iter().flat_map(|(_, bytes)| bytes));
        let segment_size = (alike > 1).then_some(first.len());
        let transmit =
            Transmit { destination: *to, ecn: None, contents: &joined, segment_size, src_ip: None };
        let _ = state.try_send(UdpSockRef::from(socket), &transmit);
    }
    outbox.clear();
}
