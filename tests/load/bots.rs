//! Participants for load: the engine itself as a client, many of them on one thread.
//!
//! They cost little, so that two cores are enough for them and for what is measured.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use str0m::change::SdpAnswer;
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc};

/// One participant and what it counted.
pub struct Bot {
    rtc: Rtc,
    socket: UdpSocket,
    here: SocketAddr,
    mic: Mid,
    camera: Mid,
    sends: bool,
    connected: bool,
    numbers: [(u64, u32); 2],
    pub received: u64,
}

/// What a sending bot sends.
#[derive(Clone, Copy)]
pub struct Pace {
    /// Video packets in a frame, 25 frames a second.
    pub packets_per_frame: usize,
    /// Bytes of a video packet.
    pub bytes: usize,
}

impl Bot {
    /// Lays out its sections, asks for a seat with its offer and takes the answer.
    pub fn join(sends: bool, ask: impl FnOnce(String) -> String) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let here = socket.local_addr().unwrap();
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .build(Instant::now());
        rtc.add_local_candidate(Candidate::host(here, "udp").unwrap());
        let mut change = rtc.sdp_api();
        let mic = change.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        let camera = change.add_media(MediaKind::Video, Direction::SendOnly, None, None, None);
        for kind in [MediaKind::Audio, MediaKind::Video] {
            for _ in 0..3 {
                change.add_media(kind, Direction::RecvOnly, None, None, None);
            }
        }
        let (offer, pending) = change.apply().unwrap();
        let answer = ask(offer.to_sdp_string());
        let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
        rtc.sdp_api().accept_answer(pending, answer).unwrap();
        let numbers = [(1, 0), (1, 0)];
        Self { rtc, socket, here, mic, camera, sends, connected: false, numbers, received: 0 }
    }

    /// Whether media flows.
    pub fn is_connected(&self) -> bool {
        self.connected
    }

    /// One step: takes in what came, sends what is due, lets the time pass.
    fn step(&mut self, now: Instant, tick: u64, pace: Pace) {
        let mut buffer = [0; 2_000];
        while let Ok((length, source)) = self.socket.recv_from(&mut buffer) {
            if let Ok(received) = Receive::new(Protocol::Udp, source, self.here, &buffer[..length]) {
                self.rtc.handle_input(Input::Receive(now, received)).unwrap();
                self.drain();
            }
        }
        if self.sends && self.connected {
            if tick.is_multiple_of(4) {
                self.write(self.mic, 0, 960, true, vec![7; 88], now);
            }
            if tick.is_multiple_of(8) {
                for n in 0..pace.packets_per_frame {
                    let last = n + 1 == pace.packets_per_frame;
                    let mut payload = vec![0; pace.bytes];
                    // Each frame is one a decoder can start with: this measures packets, not pictures.
                    payload[0] = if n == 0 { 0x10 } else { 0 };
                    self.write(self.camera, 1, if last { 3_600 } else { 0 }, last, payload, now);
                }
            }
        }
        self.rtc.handle_input(Input::Timeout(now)).unwrap();
        self.drain();
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one packet")]
    fn write(&mut self, mid: Mid, which: usize, ticks: u32, marker: bool, payload: Vec<u8>, now: Instant) {
        let pt = self.rtc.media(mid).unwrap().remote_pts()[0];
        let (seq, time) = self.numbers[which];
        self.numbers[which] = (seq + 1, time.wrapping_add(ticks));
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None).unwrap();
        stream
            .write_rtp(RtpWrite::new(pt, seq.into(), time, now, payload).marker(marker).nackable(which == 1));
        self.rtc.handle_input(Input::Timeout(now)).unwrap();
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(_) => return,
                Output::Transmit(sent) => drop(self.socket.send_to(&sent.contents, sent.destination)),
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(Event::RtpPacket(_)) => self.received += 1,
                Output::Event(_) => {}
            }
        }
    }
}

/// Lets all bots live for a while, in steps of five milliseconds.
pub fn live(bots: &mut [Bot], span: Duration, pace: Pace) {
    let start = Instant::now();
    let mut tick = 0;
    while start.elapsed() < span {
        let now = Instant::now();
        for bot in bots.iter_mut() {
            bot.step(now, tick, pace);
        }
        tick += 1;
        let next = start + Duration::from_millis(5 * tick);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}
