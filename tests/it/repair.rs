//! Repair: what a viewer's line lost is sent again, in virtual time and between two engines.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use causeway::media::SeatId;
use causeway::media::testing::Stage;
use str0m::change::SdpAnswer;
use str0m::crypto::from_feature_flags;
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc};

const HOME: ([u8; 4], u16) = ([203, 0, 113, 7], 3478);
const MILLISECOND: Duration = Duration::from_millis(1);

/// A participant with one picture, either way, at the end of a long line.
struct Party {
    rtc: Rtc,
    seat: SeatId,
    here: SocketAddr,
    section: Mid,
    is_connected: bool,
    seen: BTreeSet<u64>,
    /// On the way from it and to it, with when they arrive.
    up: Vec<(Instant, Vec<u8>)>,
    down: Vec<(Instant, Vec<u8>)>,
    one_way: Duration,
}

impl Party {
    fn joins(stage: &mut Stage, number: u16, way: Direction, one_way: Duration, now: Instant) -> Self {
        let here = SocketAddr::from(([198, 51, 100, 9], number));
        let provider = Arc::new(from_feature_flags());
        let builder = Rtc::builder().set_crypto_provider(provider).set_rtp_mode(true);
        let mut rtc = builder.clear_codecs().enable_vp8(true).build(now);
        rtc.add_local_candidate(Candidate::host(here, "udp").unwrap());
        let mut change = rtc.sdp_api();
        let section = change.add_media(MediaKind::Video, way, None, None, None);
        let (offer, pending) = change.apply().unwrap();
        let seat = SeatId(number.into());
        let answer = stage.seat(seat, &offer.to_sdp_string(), now).unwrap();
        rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&answer).unwrap()).unwrap();
        let (up, down, seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        Self { rtc, seat, here, section, is_connected: false, seen, up, down, one_way }
    }

    /// Ten packets of a picture at its largest.
    fn shows(&mut self, picture: u64, now: Instant) {
        let pt = self.rtc.media(self.section).unwrap().remote_pts()[0];
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(self.section, None).unwrap();
        for n in 0..10 {
            // The first one says that a decoder can begin here.
            let mut payload = vec![if n == 0 { 0x10 } else { 0 }, 0, 0, 0];
            payload.resize(1_160, 7);
            let (seq, time) = (picture * 10 + n, (picture * 3_600) as u32);
            stream.write_rtp(RtpWrite::new(pt, seq.into(), time, now, payload).marker(n == 9).nackable(true));
        }
    }

    /// Takes what has arrived, and gives what has arrived at the relay.
    fn lives(&mut self, now: Instant) -> Vec<Vec<u8>> {
        for bytes in due(&mut self.down, now) {
            let got = Receive::new(Protocol::Udp, HOME.into(), self.here, &bytes).unwrap();
            self.rtc.handle_input(Input::Receive(now, got)).unwrap();
            self.speaks(now);
        }
        self.rtc.handle_input(Input::Timeout(now)).unwrap();
        self.speaks(now);
        due(&mut self.up, now)
    }

    fn speaks(&mut self, now: Instant) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(_) => return,
                Output::Transmit(out) => self.up.push((now + self.one_way, out.contents.into())),
                Output::Event(Event::Connected) => self.is_connected = true,
                Output::Event(Event::RtpPacket(packet)) => drop(self.seen.insert(*packet.seq_no)),
                Output::Event(_) => {}
            }
        }
    }
}

fn due(under_way: &mut Vec<(Instant, Vec<u8>)>, now: Instant) -> Vec<Vec<u8>> {
    let (due, later) = std::mem::take(under_way).into_iter().partition(|(at, _)| *at <= now);
    *under_way = later;
    let due: Vec<(Instant, Vec<u8>)> = due;
    due.into_iter().map(|(_, bytes)| bytes).collect()
}

/// Of two seconds of a picture at its largest, seen over a line with so much delay there and
/// back, one packet is lost once. What is missing in the end.
fn missing_after(there_and_back: Duration) -> Vec<u64> {
    let start = Instant::now();
    let mut stage = Stage::open(HOME.into(), start);
    let near = Party::joins(&mut stage, 1, Direction::SendOnly, MILLISECOND, start);
    let far = Party::joins(&mut stage, 2, Direction::RecvOnly, there_and_back / 2, start);
    let mut parties = vec![near, far];
    let (mut pictures, mut large, mut is_lost) = (0, 0, false);
    // Ten seconds, of which connecting takes some and repairing the last one.
    for ms in 0..10_000 {
        let now = start + MILLISECOND * ms;
        if ms % 40 == 0 && pictures < 50 && parties.iter().all(|party| party.is_connected) {
            parties[0].shows(pictures, now);
            pictures += 1;
        }
        let mut sent = stage.tick(now);
        for party in &mut parties {
            for bytes in party.lives(now) {
                sent.extend(stage.take(party.seat, party.here, &bytes, now));
            }
        }
        for (to, bytes) in sent {
            let party = parties.iter_mut().find(|party| party.here == to).unwrap();
            large += usize::from(bytes.len() > 1_160);
            if large == 250 && !std::mem::replace(&mut is_lost, true) {
                continue;
            }
            party.down.push((now + party.one_way, bytes));
        }
    }
    assert!(pictures == 50 && is_lost, "{pictures} pictures were shown");
    let seen = &parties[1].seen;
    assert!(seen.len() >= 490, "{} packets were seen", seen.len());
    (*seen.first().unwrap()..=*seen.last().unwrap()).filter(|number| !seen.contains(number)).collect()
}

#[test]
fn a_packet_lost_on_a_line_of_200_ms_is_sent_again_at_the_full_rate() {
    assert_eq!(missing_after(Duration::from_millis(60)), Vec::<u64>::new());
    assert_eq!(missing_after(Duration::from_millis(200)), Vec::<u64>::new());
}
