//! What goes from one engine to another through the relay, in virtual time: repair of what a line lost,
//! and what is not handed on.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use causeway::media::testing::Stage;
use causeway::media::{GoneWhy, SeatId};
use str0m::change::SdpAnswer;
use str0m::crypto::from_feature_flags;
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

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
    /// Whether the relay reports what arrives of what it sends.
    is_reported: bool,
    /// On the way from it and to it, with when they arrive.
    up: Vec<(Instant, Vec<u8>)>,
    down: Vec<(Instant, Vec<u8>)>,
    one_way: Duration,
}

impl Party {
    fn joins(
        kind: &Kind,
        stage: &mut Stage,
        number: u16,
        way: Direction,
        one_way: Duration,
        now: Instant,
    ) -> Self {
        let here = SocketAddr::from(([198, 51, 100, 9], number));
        let provider = Arc::new(from_feature_flags());
        let engine = (kind.engine)().set_crypto_provider(provider).set_rtp_mode(true);
        let mut rtc = engine.set_stats_interval(Some(Duration::from_secs(1))).build(now);
        rtc.add_local_candidate(Candidate::host(here, "udp").unwrap());
        let mut change = rtc.sdp_api();
        let section = change.add_media(MediaKind::Video, way, None, None, None);
        let (offer, pending) = change.apply().unwrap();
        let seat = SeatId(number.into());
        let answer = stage.seat(seat, &(kind.says)(offer.to_sdp_string()), now).unwrap();
        rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&answer).unwrap()).unwrap();
        let (up, down, seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        let (is_connected, is_reported) = (false, false);
        Self { rtc, seat, here, section, is_connected, seen, is_reported, up, down, one_way }
    }

    /// Ten packets of a picture at its largest.
    fn shows(&mut self, picture: u64, now: Instant) {
        self.sends(picture, 10, 1_160, now);
    }

    /// A picture of so many packets of so many bytes.
    fn sends(&mut self, picture: u64, packets: u64, bytes: usize, now: Instant) {
        let pt = self.rtc.media(self.section).unwrap().remote_pts()[0];
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(self.section, None).unwrap();
        for n in 0..packets {
            // The first one says that a decoder can begin here.
            let mut payload = vec![if n == 0 { 0x10 } else { 0 }, 0, 0, 0];
            payload.resize(bytes, 7);
            let (seq, time) = (picture * packets + n, (picture * 3_600) as u32);
            stream.write_rtp(
                RtpWrite::new(pt, seq.into(), time, now, payload).marker(n == packets - 1).nackable(true),
            );
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
                Output::Event(Event::PeerStats(stats)) => {
                    self.is_reported |= stats.egress_loss_fraction.is_some();
                }
                Output::Event(_) => {}
            }
        }
    }
}

/// What a participant's engine can do, and what becomes of its offer on the way.
struct Kind {
    engine: fn() -> RtcConfig,
    says: fn(String) -> String,
}

impl Kind {
    const USUAL: Self =
        Self { engine: || Rtc::builder().clear_codecs().enable_vp8(true), says: |offer| offer };
}

fn due(under_way: &mut Vec<(Instant, Vec<u8>)>, now: Instant) -> Vec<Vec<u8>> {
    let (due, later) = std::mem::take(under_way).into_iter().partition(|(at, _)| *at <= now);
    *under_way = later;
    let due: Vec<(Instant, Vec<u8>)> = due;
    due.into_iter().map(|(_, bytes)| bytes).collect()
}

/// Two at the relay, one who shows something and one who sees it, and the time.
struct Call {
    stage: Stage,
    parties: Vec<Party>,
    now: Instant,
}

impl Call {
    fn opens() -> Self {
        Self::opens_between(&Kind::USUAL, &Kind::USUAL, MILLISECOND)
    }

    /// Who sees it is so far away, one way. Both are connected.
    fn opens_between(near: &Kind, far: &Kind, one_way: Duration) -> Self {
        let now = Instant::now();
        let mut stage = Stage::open(HOME.into(), now);
        let near = Party::joins(near, &mut stage, 1, Direction::SendOnly, MILLISECOND, now);
        let far = Party::joins(far, &mut stage, 2, Direction::RecvOnly, one_way, now);
        let mut call = Self { stage, parties: vec![near, far], now };
        call.goes_on(3_000);
        assert!(call.parties.iter().all(|party| party.is_connected));
        call
    }

    fn goes_on(&mut self, milliseconds: u32) {
        self.goes_on_without(milliseconds, |_| false);
    }

    /// So many milliseconds more; of what the relay sends, what is named is lost.
    fn goes_on_without(&mut self, milliseconds: u32, mut is_lost: impl FnMut(&[u8]) -> bool) {
        for _ in 0..milliseconds {
            self.now += MILLISECOND;
            let mut sent = self.stage.tick(self.now);
            for party in &mut self.parties {
                for bytes in party.lives(self.now) {
                    sent.extend(self.stage.take(party.seat, party.here, &bytes, self.now));
                }
            }
            for (to, bytes) in sent {
                let party = self.parties.iter_mut().find(|party| party.here == to).unwrap();
                if !is_lost(&bytes) {
                    party.down.push((self.now + party.one_way, bytes));
                }
            }
        }
    }

    /// Two seconds of a picture at its largest.
    fn shows(&mut self, mut is_lost: impl FnMut(&[u8]) -> bool) {
        for picture in 0..50 {
            self.parties[0].shows(picture, self.now);
            self.goes_on_without(40, &mut is_lost);
        }
    }
}

/// Over a line with so much delay there and back one packet is lost once. What is missing in the end.
fn missing_after(there_and_back: Duration) -> Vec<u64> {
    let mut call = Call::opens_between(&Kind::USUAL, &Kind::USUAL, there_and_back / 2);
    let mut large = 0;
    call.shows(|bytes| {
        large += usize::from(bytes.len() > 1_160);
        bytes.len() > 1_160 && large == 250
    });
    call.goes_on(1_000);
    assert!(large > 490, "{large} packets were sent");
    let seen = &call.parties[1].seen;
    assert!(seen.len() >= 490, "{} packets were seen", seen.len());
    (*seen.first().unwrap()..=*seen.last().unwrap()).filter(|number| !seen.contains(number)).collect()
}

#[test]
fn a_packet_lost_on_a_line_of_200_ms_is_sent_again_at_the_full_rate() {
    assert_eq!(missing_after(Duration::from_millis(60)), Vec::<u64>::new());
    assert_eq!(missing_after(Duration::from_millis(200)), Vec::<u64>::new());
}

#[test]
fn a_packet_too_large_for_a_viewer_is_not_handed_on_and_ends_nobody() {
    let mut call = Call::opens();
    // The engine of whoever sends takes 2,000 bytes with its header and tag.
    let sizes = [1_160, 1_500, 1_501, 1_800, 1_940, 1_948, 1_952, 1_956, 1_960];
    for (n, bytes) in sizes.into_iter().enumerate() {
        call.parties[0].sends(n as u64, 1, bytes, call.now);
        call.goes_on(50);
        assert_eq!(call.stage.ended(), &[] as &[GoneWhy], "{bytes} bytes");
    }
    assert_eq!(call.stage.forwarded(), 2);
    assert_eq!(call.parties[1].seen.len(), 2);
}

#[test]
fn for_a_viewer_who_cannot_play_a_codec_no_keyframe_is_asked_for() {
    let mut can = Call::opens();
    let other = Kind { engine: || Rtc::builder().clear_codecs().enable_h264(true), ..Kind::USUAL };
    let mut cannot = Call::opens_between(&Kind::USUAL, &other, MILLISECOND);
    can.shows(|_| false);
    cannot.shows(|_| false);
    assert_eq!((can.stage.forwarded(), cannot.stage.forwarded()), (500, 0));
    assert_eq!((can.stage.keyframes_asked(), cannot.stage.keyframes_asked()), (0, 0));
}

#[test]
fn a_section_that_is_given_up_plays_nowhere() {
    let mut call = Call::opens();
    let viewer = call.parties[1].seat;
    assert_eq!(call.stage.playing(viewer), 1);
    let party = &mut call.parties[0];
    let mut change = party.rtc.sdp_api();
    change.set_direction(party.section, Direction::Inactive);
    let (offer, pending) = change.apply().unwrap();
    let answer = call.stage.offer(party.seat, &offer.to_sdp_string(), call.now).unwrap();
    party.rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&answer).unwrap()).unwrap();
    call.goes_on(100);
    assert_eq!(call.stage.playing(viewer), 0);
}

#[test]
fn a_seat_is_heard_ten_thousand_times_a_second_and_its_call_goes_on() {
    let mut call = Call::opens();
    let before = call.stage.withheld();
    let (seat, here) = (call.parties[0].seat, call.parties[0].here);
    for _ in 0..30_000 {
        call.stage.take(seat, here, &[0x80; 24], call.now);
    }
    let withheld = call.stage.withheld() - before;
    assert!((19_900..20_100).contains(&withheld), "{withheld} of 30,000 withheld");

    call.goes_on(1_000);
    call.parties[0].shows(0, call.now);
    call.goes_on(100);
    assert_eq!(call.stage.forwarded(), 10);
}

#[test]
fn whose_packets_are_counted_is_told_what_arrived_however_it_was_asked_for() {
    let for_all = |offer: String| offer.replace("a=rtcp-fb:96 transport-cc", "a=rtcp-fb:* transport-cc");
    for (says, is_reported) in [
        ((|offer| offer) as fn(String) -> String, true),
        (for_all, true),
        (|offer| offer.replace("a=rtcp-fb:96 transport-cc\r\n", ""), false),
    ] {
        let mut call = Call::opens_between(&Kind { says, ..Kind::USUAL }, &Kind::USUAL, MILLISECOND);
        call.shows(|_| false);
        assert_eq!(call.stage.forwarded(), 500);
        assert_eq!(call.parties[0].is_reported, is_reported);
    }
}
