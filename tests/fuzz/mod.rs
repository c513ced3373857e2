//! Whatever comes from the network, nothing panics, hangs or reaches whom it should not.
//!
//! Kept examples (`tests/fixtures/fuzz`) are changed by a seeded generator and tried for some
//! seconds each in `make test`, ten minutes each in `make prove`, which adds the hours to
//! `docs/performance.md`. It does not look at coverage; it knows the formats instead, and signs
//! and encrypts where a check would otherwise end every try at the door.

mod insider;
mod roll;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use causeway::media::testing::{Stage, TurnDesk, Verdict, cut, fence, look};
use causeway::media::{Framing, GoneWhy, SeatId};
use stun_types::attribute::{Attribute, AttributeType};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageIntegrityCredentials, MessageWrite,
    MessageWriteExt, MessageWriteVec,
};

use self::insider::{Insider, SEAT};
use self::roll::{Roll, tries};

/// In `make test`, each. The second store's run has the same parsers: it does not repeat this.
const SECONDS: u64 = 5;
/// In `make prove`, each.
const MINUTES: u64 = 10;
const SEED: u64 = 20_261_122;

/// Tries inputs from a seed for a while; how many.
type Try = fn(u64, Duration) -> u64;

/// What is tried: its name, and how.
const TARGETS: &[(&str, Try)] = &[
    ("STUN", stun),
    ("TURN", turn),
    ("channel data and streams", channel_data),
    ("demultiplexing", demultiplexing),
    ("RTP with extensions", rtp),
    ("RTCP compounds", rtcp),
    ("SDP offers", offers),
    ("candidates", candidates),
];

/// The kept packets of one kind: a line each, in hex; what follows `#` says what it is.
fn corpus(text: &str) -> Vec<Vec<u8>> {
    let hex = |line: &str| {
        let digits: Vec<u8> = line.bytes().filter(u8::is_ascii_hexdigit).collect();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(byte).collect::<Vec<u8>>()
    };
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty()).map(hex).collect()
}

macro_rules! kept {
    ($name:literal) => {
        include_str!(concat!("../fixtures/fuzz/", $name))
    };
}

fn kept_offers() -> [&'static str; 3] {
    [kept!("chromium.sdp"), kept!("firefox.sdp"), kept!("native.sdp")]
}

fn bent(roll: &mut Roll, corpus: &[Vec<u8>]) -> Vec<u8> {
    let (good, other) = (roll.one(corpus).clone(), roll.one(corpus).clone());
    roll.bend(&good, &other)
}

fn from(port: usize) -> SocketAddr {
    SocketAddr::from(([198, 51, 100, 9], 1_000 + port as u16))
}

const HOME: ([u8; 4], u16) = ([203, 0, 113, 7], 3478);

/// A room with one seat that was never connected, and the seat's name and password.
fn stage(now: Instant) -> (Stage, String, String) {
    let mut stage = Stage::open(HOME.into(), now);
    let answer = stage.seat(SEAT, kept_offers()[0], now).unwrap();
    let line = |start: &str| answer.lines().find_map(|line| line.strip_prefix(start)).unwrap().to_owned();
    let (name, password) = (line("a=ice-ufrag:"), line("a=ice-pwd:"));
    (stage, name, password)
}

/// Writes a STUN message whole again: its length, and the proof that its sender knows the password.
fn signed(mut bytes: Vec<u8>, password: &str) -> Vec<u8> {
    bytes.resize(bytes.len().max(20).next_multiple_of(4), 0);
    let length = (bytes.len() - 20 + 24) as u16;
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    let proof = hmac::sign(&key, &bytes);
    bytes.extend([0, 8, 0, 20]);
    bytes.extend(proof.as_ref());
    bytes
}

/// A knock at the connection of an answer by whoever made the offer, right in every respect.
pub fn knock(offer: &str, answer: &str) -> Vec<u8> {
    let of = |text: &'_ str, start: &str| {
        text.lines().find_map(|line| line.strip_prefix(start)).unwrap().to_owned()
    };
    let head = [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat();
    let name = format!("{}:{}", of(answer, "a=ice-ufrag:"), of(offer, "a=ice-ufrag:"));
    let (name, priority) = (attribute(0x0006, name.as_bytes()), attribute(0x0024, &[110, 0, 1, 255]));
    signed([head, name, priority].concat(), &of(answer, "a=ice-pwd:"))
}

/// An offer as Chromium writes it.
pub fn offer() -> &'static str {
    kept_offers()[0]
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = [kind.to_be_bytes(), (value.len() as u16).to_be_bytes()].concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn nobody_panicked(stage: &Stage) {
    assert!(!stage.ended().contains(&GoneWhy::Panicked), "a peer panicked");
}

/// The name in Chromium's kept offer.
const OFFERED: &str = "7sFv";

fn stun(seed: u64, span: Duration) -> u64 {
    let mut now = Instant::now();
    let (mut stage, name, password) = stage(now);
    let corpus = corpus(kept!("stun.hex"));
    let head = [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat();
    let knock = [head, attribute(0x0006, format!("{name}:{OFFERED}").as_bytes())].concat();
    let good = signed([knock.clone(), attribute(0x0024, &[110, 0, 1, 255])].concat(), &password);
    assert!(!stage.take(SEAT, from(0), &good, now).is_empty(), "a right knock is answered");
    tries("STUN", seed, span, |roll| {
        let mut bytes = bent(roll, &corpus);
        if roll.below(3) > 0 {
            // In the seat's name, with its password: whatever else the message says is then read.
            let rest = bytes.get(20..).unwrap_or_default();
            bytes = signed([&knock, rest].concat(), &password);
        }
        roll.last.clone_from(&bytes);
        now += Duration::from_millis(1);
        look(&bytes);
        stage.take(SEAT, from(roll.below(40)), &bytes, now);
        nobody_panicked(&stage);
        if !stage.ended().is_empty() || roll.below(500) == 0 {
            stage.tick(now);
        }
    })
}

fn turn(seed: u64, span: Duration) -> u64 {
    let relay = SocketAddr::from(HOME);
    let mut now = Instant::now();
    let mut desk = TurnDesk::open(vec![relay, "[2001:db8::7]:3478".parse().unwrap()], now);
    let corpus = corpus(kept!("turn.hex"));
    tries("TURN", seed, span, |roll| {
        now += Duration::from_millis(roll.below(400) as u64);
        let (seat, port) = (1 + roll.below(3) as u64, roll.below(12));
        let (pass, nonce) = desk.admit(SeatId(seat), from(port), now);
        let mut bytes = if roll.below(3) == 0 { roll.one(&corpus).clone() } else { bent(roll, &corpus) };
        if roll.below(4) > 0 && bytes.first().is_some_and(|first| *first < 4) {
            bytes.resize(bytes.len().max(20), 0);
            bytes[4..8].copy_from_slice(&[0x21, 0x12, 0xa4, 0x42]);
            bytes.extend(attribute(0x0006, pass.user.as_bytes()));
            bytes.extend(attribute(0x0014, b"cw"));
            bytes.extend(attribute(0x0015, nonce.as_bytes()));
            bytes = signed_long_term(bytes, &pass.user, &pass.credential);
        }
        roll.last.clone_from(&bytes);
        if let Verdict::Inner(to, inner) = desk.take(from(port), &bytes, now) {
            assert!((1..=3).contains(&to.0) && inner.len() < bytes.len(), "it reached {to:?}");
        }
        assert!(desk.allocations() <= 18, "{} allocations of three seats", desk.allocations());
        if roll.below(2_000) == 0 {
            desk.forget(SeatId(seat));
        }
    })
}

/// The same message written by the codec, with a participant's proof; as it is if the codec
/// cannot read it.
fn signed_long_term(mut bytes: Vec<u8>, user: &str, credential: &str) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let length = (bytes.len() - 20) as u16;
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    let key = LongTermKeyCredentials::new(user.to_owned(), credential.to_owned(), "cw".to_owned());
    written_anew(&bytes, &key.into()).unwrap_or(bytes)
}

fn written_anew(bytes: &[u8], key: &MessageIntegrityCredentials) -> Option<Vec<u8>> {
    let read = Message::from_bytes(bytes).ok()?;
    let mut message = Message::builder(read.get_type(), read.transaction_id(), MessageWriteVec::new());
    // Proofs and checksums are written by their own functions only.
    let proofs = [0x0008, 0x001c, 0x8028].map(AttributeType::new);
    for (_, attribute) in read.iter_attributes().filter(|(_, found)| !proofs.contains(&found.get_type())) {
        message.add_attribute(&attribute).ok()?;
    }
    message.add_message_integrity(key, IntegrityAlgorithm::Sha1).ok()?;
    Some(message.finish())
}

fn channel_data(seed: u64, span: Duration) -> u64 {
    let now = Instant::now();
    let mut desk = TurnDesk::open(vec![HOME.into()], now);
    let corpus = corpus(kept!("channel.hex"));
    tries("channel data and streams", seed, span, |roll| {
        let bytes = bent(roll, &corpus);
        look(&bytes);
        assert!(!matches!(desk.take(from(1), &bytes, now), Verdict::Inner(..)), "nobody bound a channel");
        let (first, second) = bytes.split_at(roll.below(bytes.len()));
        for framing in [Framing::Turn, Framing::Ice] {
            let kept = cut(framing, &[first, second, &bytes, second]);
            assert!(kept.is_none_or(|kept| kept <= 2_100), "{kept:?} bytes are kept");
        }
    })
}

fn demultiplexing(seed: u64, span: Duration) -> u64 {
    let mut now = Instant::now();
    let (mut stage, _, _) = stage(now);
    let all =
        [kept!("stun.hex"), kept!("turn.hex"), kept!("channel.hex"), kept!("rtp.hex"), kept!("rtcp.hex")];
    let mut corpus: Vec<Vec<u8>> = all.into_iter().flat_map(corpus).collect();
    corpus.push([&[22, 254, 253][..], &[0; 60]].concat());
    tries("demultiplexing", seed, span, |roll| {
        let length = roll.below(300);
        let mut bytes = if roll.below(4) == 0 { roll.bytes(length) } else { bent(roll, &corpus) };
        if let Some(first) = bytes.first_mut().filter(|_| roll.below(4) == 0) {
            *first = roll.draw() as u8;
        }
        roll.last.clone_from(&bytes);
        if let Some(name) = look(&bytes) {
            assert!(bytes.len() >= 4 && name.len() < bytes.len().max(20));
        }
        now += Duration::from_micros(200);
        stage.take(SEAT, from(roll.below(9)), &bytes, now);
        nobody_panicked(&stage);
    })
}

/// Someone who is in the call; a new one when the relay has had enough of the last.
fn seated(insider: &mut Insider) {
    nobody_panicked(&insider.stage);
    if !insider.stage.ended().is_empty() || insider.is_worn() {
        *insider = Insider::sits();
    }
}

fn rtp(seed: u64, span: Duration) -> u64 {
    let corpus = corpus(kept!("rtp.hex"));
    let mut insider = Insider::sits();
    tries("RTP with extensions", seed, span, |roll| {
        let mut bytes = bent(roll, &corpus);
        bytes.resize(bytes.len().max(12), 0);
        // Mostly a stream that is known, so that what follows the header is looked at.
        let stream = [insider.voice, insider.picture, insider.picture, roll.draw() as u32][roll.below(4)];
        bytes[8..12].copy_from_slice(&stream.to_be_bytes());
        if roll.below(3) > 0 {
            bytes[0] = 0x80 | (bytes[0] & 0x3f);
        }
        roll.last.clone_from(&bytes);
        insider.rtp(&mut bytes);
        seated(&mut insider);
    })
}

fn rtcp(seed: u64, span: Duration) -> u64 {
    let corpus = corpus(kept!("rtcp.hex"));
    let mut insider = Insider::sits();
    tries("RTCP compounds", seed, span, |roll| {
        let mut bytes = bent(roll, &corpus);
        for _ in 0..roll.below(3) {
            let more = bent(roll, &corpus);
            bytes.extend(more);
        }
        bytes.truncate(1_400);
        bytes.resize(bytes.len().max(8), 0);
        let stream = [insider.voice, insider.picture][roll.below(2)];
        if roll.below(3) > 0 {
            bytes[0] = 0x80 | (bytes[0] & 0x3f);
            bytes[1] = 0xc0 | (bytes[1] & 0x1f);
            bytes[4..8].copy_from_slice(&stream.to_be_bytes());
        }
        roll.last.clone_from(&bytes);
        insider.rtcp(&mut bytes);
        seated(&mut insider);
    })
}

fn offers(seed: u64, span: Duration) -> u64 {
    offered("SDP offers", seed, span, |_| true)
}

fn candidates(seed: u64, span: Duration) -> u64 {
    let is_about_ways = |line: &str| {
        ["a=candidate", "a=remote-c", "a=end-of-c", "a=ice-", "c=", "m=", "a=rtcp:"]
            .iter()
            .any(|start| line.starts_with(start))
    };
    offered("candidates", seed, span, is_about_ways)
}

fn offered(name: &str, seed: u64, span: Duration, only: impl Fn(&str) -> bool + Copy) -> u64 {
    let kept = kept_offers();
    let mut now = Instant::now();
    let mut stage = Stage::open(HOME.into(), now);
    let (mut seats, mut taken) = (0, 0_u32);
    let inputs = tries(name, seed, span, |roll| {
        let (good, other) = (*roll.one(&kept), *roll.one(&kept));
        let offer = roll.bend_text(good, other, only);
        if let Ok(kept) = fence(&offer) {
            assert!(!kept.lines().any(|line| line.starts_with("a=candidate:")), "a candidate came through");
        }
        now += Duration::from_millis(10);
        if seats == 0 || seats > 3 {
            stage = Stage::open(HOME.into(), now);
            seats = 0;
        }
        let answered = match roll.below(4) {
            // Somebody who sits there already says something else.
            0 if seats > 0 => stage.offer(SeatId(seats), &offer, now),
            _ => {
                seats += 1;
                stage.seat(SeatId(seats), &offer, now)
            }
        };
        taken += u32::from(answered.is_ok());
        stage.tick(now);
        nobody_panicked(&stage);
    });
    assert!(taken > 0, "no offer was taken: nothing behind the fence was tried");
    inputs
}

/// One test each, so that they run beside each other and are named when they fail.
macro_rules! for_some_seconds {
    ($($test:ident: $at:literal,)*) => {$(
        #[test]
        fn $test() {
            let (name, target) = TARGETS[$at];
            let inputs = target(SEED, Duration::from_secs(SECONDS));
            println!("fuzz: {name}: {inputs} inputs in {SECONDS} s, 0 crashes");
        }
    )*};
}

for_some_seconds! {
    no_stun_message_harms: 0,
    no_turn_message_harms: 1,
    no_channel_data_harms: 2,
    no_datagram_harms: 3,
    no_media_packet_of_a_participant_harms: 4,
    no_control_packet_of_a_participant_harms: 5,
    no_offer_harms: 6,
    no_candidate_harms: 7,
}

#[test]
#[ignore = "ten minutes for each of eight targets, two at a time: make prove"]
fn ten_minutes_of_each() {
    let minutes = std::env::var("FUZZ_MINUTES").ok().and_then(|text| text.parse().ok()).unwrap_or(MINUTES);
    let span = Duration::from_secs(60 * minutes);
    let only = std::env::var("FUZZ_ONLY").unwrap_or_default();
    let meant: Vec<usize> = (0..TARGETS.len()).filter(|at| TARGETS[*at].0.contains(&only)).collect();
    for pair in meant.chunks(2) {
        let table = |text: &str| text.split_once(OPENING).expect("the document has the mark").1.to_owned();
        let known = table(&std::fs::read_to_string(DOCUMENT).unwrap());
        let inputs: Vec<u64> = std::thread::scope(|scope| {
            // A seed of its own for every run: what was tried before is not tried again.
            let run = |at: &usize| {
                let (name, target) = TARGETS[*at];
                let seed = SEED + 1 + logged(&known, name).0;
                scope.spawn(move || target(seed, span))
            };
            let running: Vec<_> = pair.iter().map(run).collect();
            running.into_iter().map(|one| one.join().unwrap()).collect()
        });
        // After each pair: a run that is broken off has still tried what it tried.
        keep(&pair.iter().map(|at| TARGETS[*at].0).zip(inputs).collect::<Vec<_>>(), span);
    }
}

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/performance.md");
const OPENING: &str = "<!-- fuzz -->\n";
const CLOSING: &str = "<!-- /fuzz -->";

/// Adds inputs and time to the table in the document.
fn keep(tried: &[(&str, u64)], span: Duration) {
    let text = std::fs::read_to_string(DOCUMENT).unwrap();
    let (head, rest) = text.split_once(OPENING).expect("the document has the opening mark");
    let (before, tail) = rest.split_once(CLOSING).expect("the document has the closing mark");
    let mut table = String::from("| What | Inputs so far | Hours so far | Crashes |\n|---|---|---|---|\n");
    for &(name, _) in TARGETS {
        let (mut inputs, mut hours) = logged(before, name);
        if let Some((_, more)) = tried.iter().find(|(tried, _)| *tried == name) {
            (inputs, hours) = (inputs + more, hours + span.as_secs_f64() / 3_600.0);
        }
        writeln!(table, "| {name} | {inputs} | {hours:.2} | 0 |").unwrap();
    }
    println!("{table}");
    std::fs::write(DOCUMENT, format!("{head}{OPENING}{table}{CLOSING}{tail}")).unwrap();
}

/// What the table says of a target: inputs and hours.
fn logged(table: &str, name: &str) -> (u64, f64) {
    let row = table.lines().find(|line| line.starts_with(&format!("| {name} |")));
    let mut cells = row.unwrap_or_default().split('|').skip(2).map(str::trim);
    let inputs = cells.next().and_then(|text| text.parse().ok()).unwrap_or(0);
    (inputs, cells.next().and_then(|text| text.parse().ok()).unwrap_or(0.0))
}
