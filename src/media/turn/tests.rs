//! The TURN server under a client that keeps to the rules, and under those that do not.
#![expect(clippy::print_stdout, reason = "how much was tried is part of the answer")]

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use stun_types::attribute::{ErrorCode, Nonce, Realm, Username};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass, MessageType, MessageWrite,
    MessageWriteExt, MessageWriteVec, Method as StunMethod, TransactionId,
};
use turn_types::attribute::{
    ChannelNumber, Data, Lifetime, RequestedAddressFamily, RequestedTransport, XorPeerAddress,
    XorRelayedAddress,
};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH, SEND};

use super::*;
use crate::kernel::LoadedDice;

const SEAT: SeatId = SeatId(7);

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn client(port: u16) -> Via {
    Via::Udp(SocketAddr::new(IpAddr::from([198, 51, 100, 9]), port))
}

/// A server whose relay is at two addresses, and the moment it started.
struct Scene {
    server: TurnServer,
    passes: Passes,
    now: Instant,
}

impl Scene {
    fn new() -> Self {
        let now = Instant::now();
        let passes = Passes::new(&LoadedDice::new(1), now);
        let peers = vec![address("203.0.113.7:3478"), address("[2001:db8::7]:3478")];
        let mut server = TurnServer::new(passes.clone(), peers);
        server.seated(SEAT);
        Self { server, passes, now }
    }

    fn later(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn says(&mut self, from: Via, bytes: &[u8]) -> Option<Vec<u8>> {
        match self.server.take(from, bytes, self.now) {
            Outcome::Answer(answer) => Some(answer),
            Outcome::Inner { .. } | Outcome::Nothing => None,
        }
    }

    /// A request under a pass, with a nonce that is asked for first; the error code, 0 for success.
    fn asks(&mut self, from: Via, pass: &Pass, method: StunMethod, parts: &[Part]) -> u16 {
        code(&self.answer(from, pass, method, parts).unwrap())
    }

    fn answer(&mut self, from: Via, pass: &Pass, method: StunMethod, parts: &[Part]) -> Option<Vec<u8>> {
        let nonce = self.passes.nonce(from, self.now);
        let bytes = request(method, parts, Some((pass, &nonce)));
        self.says(from, &bytes)
    }

    fn pass(&self) -> Pass {
        self.passes.issue(SEAT, self.now)
    }

    fn allocated(&mut self, from: Via) -> SocketAddr {
        let pass = self.pass();
        let answer = self.answer(from, &pass, ALLOCATE, &[Part::Udp]).unwrap();
        assert_eq!(code(&answer), 0);
        let message = Message::from_bytes(&answer).unwrap();
        message.attribute::<XorRelayedAddress>().unwrap().addr(message.transaction_id())
    }
}

#[derive(Clone, Copy)]
enum Part {
    Udp,
    Tcp,
    Six,
    Peer(SocketAddr),
    Channel(u16),
    Life(u32),
}

fn request(method: StunMethod, parts: &[Part], pass: Option<(&Pass, &str)>) -> Vec<u8> {
    let kind = MessageType::from_class_method(MessageClass::Request, method);
    let transaction = TransactionId::generate();
    let mut message = Message::builder(kind, transaction, MessageWriteVec::new());
    for part in parts {
        match *part {
            Part::Udp => message.add_attribute(&RequestedTransport::new(17)),
            Part::Tcp => message.add_attribute(&RequestedTransport::new(6)),
            Part::Six => message.add_attribute(&RequestedAddressFamily::new(turn_types::AddressFamily::IPV6)),
            Part::Peer(peer) => message.add_attribute(&XorPeerAddress::new(peer, transaction)),
            Part::Channel(number) => message.add_attribute(&ChannelNumber::new(number)),
            Part::Life(seconds) => message.add_attribute(&Lifetime::new(seconds)),
        }
        .unwrap();
    }
    if let Some((pass, nonce)) = pass {
        message.add_attribute(&Username::new(&pass.user).unwrap()).unwrap();
        message.add_attribute(&Realm::new(wire::REALM).unwrap()).unwrap();
        message.add_attribute(&Nonce::new(nonce).unwrap()).unwrap();
        let key = LongTermKeyCredentials::new(pass.user.clone(), pass.credential.clone(), wire::REALM.into());
        message.add_message_integrity(&key.into(), IntegrityAlgorithm::Sha1).unwrap();
    }
    message.finish()
}

fn send_to(peer: SocketAddr, data: &[u8]) -> Vec<u8> {
    let transaction = TransactionId::generate();
    let kind = MessageType::from_class_method(MessageClass::Indication, SEND);
    let mut message = Message::builder(kind, transaction, MessageWriteVec::new());
    message.add_attribute(&XorPeerAddress::new(peer, transaction)).unwrap();
    message.add_attribute(&Data::new(data)).unwrap();
    message.finish()
}

fn code(answer: &[u8]) -> u16 {
    Message::from_bytes(answer).unwrap().attribute::<ErrorCode>().map_or(0, |error| error.code())
}

#[test]
fn a_participant_reaches_the_relay_and_is_answered_on_the_channel_it_bound() {
    let (mut scene, from) = (Scene::new(), client(5_000));
    let (pass, relay) = (scene.pass(), address("203.0.113.7:3478"));
    let lent = scene.allocated(from);
    assert_eq!(lent.ip(), relay.ip());
    assert_eq!(scene.server.pack(lent, b"early", scene.now), None, "nobody was permitted yet");

    assert_eq!(scene.asks(from, &pass, CREATE_PERMISSION, &[Part::Peer(relay)]), 0);
    let sent = send_to(relay, b"knock");
    let got = scene.server.take(from, &sent, scene.now);
    assert_eq!(got, Outcome::Inner { seat: SEAT, lent, bytes: b"knock" });
    let (to, packed) = scene.server.pack(lent, b"answer", scene.now).unwrap();
    assert_eq!(to, from);
    let indication = Message::from_bytes(&packed).unwrap();
    assert_eq!(indication.attribute::<Data>().unwrap().data(), b"answer");

    assert_eq!(scene.asks(from, &pass, CHANNEL_BIND, &[Part::Channel(0x4001), Part::Peer(relay)]), 0);
    let got = scene.server.take(from, &[0x40, 1, 0, 2, 8, 9, 0, 0], scene.now);
    assert_eq!(got, Outcome::Inner { seat: SEAT, lent, bytes: &[8, 9] });
    let (_, packed) = scene.server.pack(lent, &[1, 2, 3], scene.now).unwrap();
    assert_eq!(packed, [0x40, 1, 0, 3, 1, 2, 3]);
}

#[test]
fn a_stranger_is_told_to_show_a_pass_and_the_answer_is_hardly_larger_than_the_question() {
    let mut scene = Scene::new();
    let asked = request(ALLOCATE, &[Part::Udp], None);

    let answer = scene.says(client(1), &asked).unwrap();

    assert_eq!(code(&answer), 401);
    let message = Message::from_bytes(&answer).unwrap();
    assert!(message.attribute::<Nonce>().is_ok() && message.attribute::<Realm>().is_ok());
    // With the headers of IP and UDP around both.
    assert!((answer.len() + 28) * 10 <= (asked.len() + 28) * 17, "{} for {}", answer.len(), asked.len());
}

#[test]
fn a_flood_gets_ten_answers_a_second_and_is_not_remembered() {
    let mut scene = Scene::new();
    let asked = request(ALLOCATE, &[Part::Udp], None);
    let (mut into, mut out) = (0, 0);
    for n in 0..50_000_u32 {
        scene.now += Duration::from_micros(100);
        into += asked.len();
        out += scene.says(client((n % 60_000) as u16), &asked).map_or(0, |answer| answer.len());
    }
    assert!(out * 20 < into, "{out} bytes for {into}");

    for n in 0..100_000_u32 {
        let from = Via::Udp(SocketAddr::new(IpAddr::from((0x0a00_0000 + n).to_be_bytes()), 9));
        scene.says(from, &asked);
    }
    assert!(scene.server.datagrams.remembered() <= 4_096);
    assert!(scene.server.allocations.is_empty() && scene.server.guests.len() == 1);
    println!("turn: a flood of 50000 requests, {into} bytes, was answered with {out} bytes");
}

#[test]
fn forged_datagrams_take_no_answers_from_streams_of_the_same_house() {
    let mut scene = Scene::new();
    let asked = request(ALLOCATE, &[Part::Udp], None);
    let answers = (0..200).filter(|port| scene.says(client(*port), &asked).is_some()).count();
    assert_eq!(answers, 60);

    let stream = Via::Stream(1, client(1).address());
    assert_eq!(code(&scene.says(stream, &asked).unwrap()), 401);
}

#[test]
fn an_address_whose_allocation_has_ended_is_nobodys_until_its_seat_is_left() {
    let (mut scene, from) = (Scene::new(), client(1));
    let pass = scene.pass();
    let lent = scene.allocated(from);
    assert_eq!(scene.asks(from, &pass, REFRESH, &[Part::Life(0)]), 0);
    assert!(scene.server.has_lent(lent), "what the engine still sends there must not reach the network");
    assert!(scene.server.pack(lent, &[1], scene.now).is_none());

    let another = scene.allocated(from);
    assert_ne!(lent, another);
    assert!(scene.server.pack(lent, &[1], scene.now).is_none(), "the client has another one now");

    // Whoever allocates without end is stopped.
    let codes: Vec<u16> = (0..600)
        .map(|_| {
            scene.asks(from, &pass, REFRESH, &[Part::Life(0)]);
            scene.asks(from, &pass, ALLOCATE, &[Part::Udp])
        })
        .collect();
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), LENT_PER_SEAT - 2);
    assert_eq!(codes.last(), Some(&486));
    scene.server.forget(SEAT);
    assert!(!scene.server.has_lent(lent) && scene.server.lent.is_empty());
}

#[test]
fn a_pass_is_for_its_seat_and_void_without_it() {
    let (mut scene, from) = (Scene::new(), client(1));
    let pass = scene.pass();
    scene.allocated(from);

    let forged = Pass { credential: "guessed".into(), ..pass.clone() };
    let other = Pass { user: pass.user.replace(":7", ":8"), ..pass.clone() };
    let nobody = scene.passes.issue(SeatId(99), scene.now);
    for wrong in [&forged, &other, &nobody] {
        assert_eq!(scene.asks(client(2), wrong, ALLOCATE, &[Part::Udp]), 401);
        assert_eq!(scene.asks(from, wrong, REFRESH, &[]), 401);
    }
    scene.server.seated(SeatId(8));
    let neighbour = scene.passes.issue(SeatId(8), scene.now);
    assert_eq!(scene.asks(from, &neighbour, REFRESH, &[]), 441);

    scene.server.forget(SEAT);
    for (method, parts) in [
        (ALLOCATE, &[Part::Udp][..]),
        (REFRESH, &[]),
        (CREATE_PERMISSION, &[Part::Peer(address("203.0.113.7:3478"))]),
    ] {
        assert_eq!(scene.asks(from, &pass, method, parts), 401);
    }
    assert!(scene.server.allocations.is_empty() && scene.server.lent.is_empty());
}

#[test]
fn an_allocation_outlives_the_pass_it_was_made_with_and_not_its_own_time() {
    let (mut scene, from) = (Scene::new(), client(1));
    let pass = scene.pass();
    scene.allocated(from);
    scene.later(599);
    assert_eq!(scene.asks(from, &pass, REFRESH, &[Part::Life(3_600)]), 0);

    scene.later(2);
    assert_eq!(
        scene.asks(client(2), &pass, ALLOCATE, &[Part::Udp]),
        401,
        "the pass is too old to begin with"
    );
    scene.later(597);
    assert_eq!(scene.asks(from, &pass, REFRESH, &[]), 0, "the seat is taken, the call goes on");
    scene.later(601);
    assert_eq!(scene.asks(from, &pass, REFRESH, &[]), 437);
}

#[test]
fn a_pass_for_a_seat_that_nobody_takes_is_void_after_two_minutes() {
    let mut scene = Scene::new();
    scene.server.expect(SeatId(3), scene.now);
    let pass = scene.passes.issue(SeatId(3), scene.now);
    assert_eq!(scene.asks(client(1), &pass, ALLOCATE, &[Part::Udp]), 0);

    scene.later(121);
    assert_eq!(scene.asks(client(1), &pass, REFRESH, &[]), 401);
    scene.server.expect(SeatId(4), scene.now);
    assert!(scene.server.allocations.is_empty());
}

#[test]
fn two_hundred_allocations_of_one_seat_are_six_and_nobody_else_has_fewer() {
    let mut scene = Scene::new();
    let pass = scene.pass();
    let codes: Vec<u16> = (0..200).map(|n| scene.asks(client(n), &pass, ALLOCATE, &[Part::Udp])).collect();
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 6);
    assert_eq!(codes.iter().filter(|code| **code == 486).count(), 194);

    scene.server.seated(SeatId(8));
    let other = scene.passes.issue(SeatId(8), scene.now);
    assert_eq!(scene.asks(client(900), &other, ALLOCATE, &[Part::Udp]), 0);
    assert_eq!(scene.asks(client(0), &pass, REFRESH, &[Part::Life(0)]), 0);
    assert_eq!(scene.asks(client(901), &pass, ALLOCATE, &[Part::Udp]), 0);
}

#[test]
fn odd_requests_are_refused_by_their_numbers() {
    let (mut scene, from) = (Scene::new(), client(1));
    let (pass, relay) = (scene.pass(), address("203.0.113.7:3478"));
    assert_eq!(scene.asks(from, &pass, REFRESH, &[]), 437);
    assert_eq!(scene.asks(from, &pass, ALLOCATE, &[Part::Tcp]), 442);
    assert_eq!(scene.asks(from, &pass, ALLOCATE, &[]), 400);
    let lent = scene.allocated(from);
    assert_eq!(scene.asks(from, &pass, ALLOCATE, &[Part::Udp]), 437);
    assert_eq!(scene.asks(from, &pass, CREATE_PERMISSION, &[]), 400);
    let six = address("[2001:db8::7]:3478");
    assert_eq!(scene.asks(from, &pass, CREATE_PERMISSION, &[Part::Peer(six)]), 443);
    assert_eq!(scene.asks(from, &pass, CHANNEL_BIND, &[Part::Peer(relay), Part::Channel(0x5000)]), 400);
    assert_eq!(scene.asks(client(2), &pass, ALLOCATE, &[Part::Udp, Part::Six]), 0);

    let stale = request(REFRESH, &[], Some((&pass, "AAAAAAAAAAAAAAAA")));
    assert_eq!(code(&scene.says(from, &stale).unwrap()), 438);
    assert!(scene.server.has_lent(lent));
}

#[test]
fn one_allocation_carries_five_megabits_and_no_more() {
    let (mut scene, from) = (Scene::new(), client(1));
    let (pass, relay) = (scene.pass(), address("203.0.113.7:3478"));
    scene.allocated(from);
    scene.asks(from, &pass, CHANNEL_BIND, &[Part::Channel(0x4000), Part::Peer(relay)]);
    let mut packet = vec![0x40, 0, 4, 0];
    packet.resize(4 + 1_024, 1);
    let mut through = 0;
    for _ in 0..100_000 {
        scene.now += Duration::from_micros(100);
        through +=
            usize::from(matches!(scene.server.take(from, &packet, scene.now), Outcome::Inner { .. })) * 1_024;
    }
    assert!((6_000_000..6_700_000).contains(&through), "{through} bytes in ten seconds");
}

/// A message that is nearly right: bytes of a good one changed, cut or lengthened.
fn mutated(good: &[u8], changes: &[(usize, u8)], cut: usize) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for (at, to) in changes {
        let at = at % bytes.len();
        bytes[at] = *to;
    }
    bytes.truncate(cut.max(1));
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_bytes_make_the_server_panic_or_reach_anybody(bytes: Vec<u8>, port: u16) {
        let mut scene = Scene::new();
        let got = scene.server.take(client(port), &bytes, scene.now);
        let is_inner = matches!(got, Outcome::Inner { .. });
        prop_assert!(!is_inner);
    }

    #[test]
    fn no_nearly_right_message_makes_the_server_panic_or_reach_anybody_else(
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..6),
        cut in 1usize..400,
        which in 0usize..6,
        seconds in 0u64..900,
    ) {
        let (mut scene, from) = (Scene::new(), client(1));
        let (pass, relay) = (scene.pass(), address("203.0.113.7:3478"));
        let lent = scene.allocated(from);
        scene.asks(from, &pass, CHANNEL_BIND, &[Part::Channel(0x4000), Part::Peer(relay)]);
        let nonce = scene.passes.nonce(from, scene.now);
        let signed = |method, parts: &[Part]| request(method, parts, Some((&pass, &nonce)));
        let good = match which {
            0 => signed(ALLOCATE, &[Part::Udp]),
            1 => signed(REFRESH, &[Part::Life(100)]),
            2 => signed(CREATE_PERMISSION, &[Part::Peer(relay)]),
            3 => signed(CHANNEL_BIND, &[Part::Channel(0x4002), Part::Peer(relay)]),
            4 => send_to(relay, &[5; 60]),
            _ => [vec![0x40, 0, 0, 60], vec![7; 60]].concat(),
        };
        scene.later(seconds);
        let bytes = mutated(&good, &changes, cut);
        let now = scene.now;
        if let Outcome::Inner { seat, lent: from, .. } = scene.server.take(from, &bytes, now) {
            prop_assert_eq!((seat, from), (SEAT, lent));
        }
        scene.server.pack(lent, &[1; 100], now);
        prop_assert!(scene.server.allocations.len() <= 1 && scene.server.lent.len() <= 1);
    }
}
