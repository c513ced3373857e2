//! The generator: all bots on one thread, their packets on a timetable, and what they count.
//!
//! A sender sends as a browser with a camera of 720 lines does: 25 pictures a second of ten
//! packets each, in three bursts 5 ms apart, a keyframe each second, and a voice packet every
//! 20 ms. Receivers answer with a report each second. Bots send and take single datagrams, as
//! browsers do: what the kernel can put together is the server's to use.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use super::line::Line;
use super::sdp;

/// Milliseconds after which the timetable starts again: one picture.
const ROUND: usize = 40;
/// Packets of a picture, in bursts.
const BURSTS: [usize; 3] = [4, 3, 3];
const VIDEO: usize = 1_160;
const AUDIO: usize = 88;
/// Packets a second of one sender.
pub const PACKETS: usize = 25 * 10 + 50;
/// Where the stamp of a packet stands, in its payload.
const IN_AUDIO: usize = 8;
const IN_VIDEO: usize = 16;
/// Where it stands when a server has written a picture's number in one byte instead of two.
const IN_SHORTER: usize = IN_VIDEO - 1;
const MARK: [u8; 4] = *b"bot!";
/// ICE and reports are looked after this often.
const CARE: Duration = Duration::from_millis(100);

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn micros() -> u64 {
    START.elapsed().as_micros() as u64
}

#[derive(Clone, Copy)]
enum Act {
    Video(usize),
    Audio,
}

/// One sending bot.
pub struct Sender {
    line: usize,
    /// How many others are to get each packet.
    pub receivers: u64,
    pub audio: Track,
    pub video: Track,
    frames: u64,
}

/// One of its tracks.
pub struct Track {
    pub ssrc: u32,
    pub mid: String,
    number: u64,
    time: u32,
}

impl Track {
    pub fn new(ssrc: u32, mid: &str) -> Self {
        Self { ssrc, mid: mid.to_owned(), number: 1, time: 0 }
    }
}

/// What was counted in a window.
#[derive(Default, Clone)]
pub struct Counted {
    /// Packets that should arrive: each sent one, once for each receiver.
    pub expected: u64,
    pub received: u64,
    /// From sending to arrival, in microseconds.
    pub delays: Vec<u32>,
    /// Share of a core that the generator took.
    pub generator: f64,
}

pub struct Crowd {
    poll: Poll,
    pub ip: IpAddr,
    pub lines: Vec<Line>,
    senders: Vec<Sender>,
    timetable: Vec<Vec<(usize, Act)>>,
    /// Milliseconds of the timetable done since the start.
    done: u64,
    since: Instant,
    cared: Instant,
    cares: usize,
    window: u32,
    /// What is sent now belongs to no window.
    closed: bool,
    counted: Counted,
    ssrcs: u32,
}

impl Crowd {
    pub fn new(ip: IpAddr) -> Self {
        let now = Instant::now();
        LazyLock::force(&START);
        Self {
            poll: Poll::new().unwrap(),
            ip,
            lines: Vec::new(),
            senders: Vec::new(),
            timetable: vec![Vec::new(); ROUND],
            done: 0,
            since: now,
            cared: now,
            cares: 0,
            window: 0,
            closed: false,
            counted: Counted::default(),
            ssrcs: 0x1000_0000,
        }
    }

    /// Takes a connection in; gives its place.
    pub fn add(&mut self, mut line: Line) -> usize {
        let place = self.lines.len();
        self.poll.registry().register(&mut line.socket, Token(place), Interest::READABLE).unwrap();
        self.lines.push(line);
        place
    }

    /// A number for a stream that nobody else has.
    pub fn ssrc(&mut self) -> u32 {
        self.ssrcs += 0x101;
        self.ssrcs
    }

    /// Lets a connection send from now on.
    pub fn sends(&mut self, line: usize, audio: Track, video: Track, receivers: u64) {
        let at = self.senders.len();
        self.senders.push(Sender { line, receivers, audio, video, frames: at as u64 });
        let first = at * 7 % ROUND;
        for burst in 0..BURSTS.len() {
            self.timetable[(first + 5 * burst) % ROUND].push((at, Act::Video(burst)));
        }
        for voice in [17, 37] {
            self.timetable[(first + voice) % ROUND].push((at, Act::Audio));
        }
    }

    /// Lives until all connections are up.
    pub fn settle(&mut self) -> Result<(), String> {
        let until = Instant::now() + Duration::from_secs(30);
        while self.lines.iter().any(|line| !line.is_up()) {
            let waiting: Vec<usize> = (0..self.lines.len()).filter(|at| !self.lines[*at].is_up()).collect();
            if Instant::now() > until {
                return Err(format!("{} of {} bots do not connect", waiting.len(), self.lines.len()));
            }
            let now = Instant::now();
            for at in waiting {
                self.lines[at].tick(now);
            }
            self.live(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Counts what is sent in a span, with what of it arrives within 300 ms more; `over` is
    /// called at the end of the span.
    pub fn count<T>(&mut self, span: Duration, over: impl FnOnce() -> T) -> (Counted, T) {
        self.window += 1;
        self.counted = Counted::default();
        let (own, since) = (own_cpu(), Instant::now());
        self.live(span);
        self.counted.generator = (own_cpu() - own) / since.elapsed().as_secs_f64();
        let seen = over();
        let expected = self.counted.expected;
        self.closed = true;
        self.live(Duration::from_millis(300));
        self.closed = false;
        (Counted { expected, ..std::mem::take(&mut self.counted) }, seen)
    }

    /// Lets everybody live for a while.
    pub fn live(&mut self, span: Duration) {
        let until = Instant::now() + span;
        let mut events = Events::with_capacity(1_024);
        loop {
            let now = Instant::now();
            self.send_what_is_due(now);
            if now.duration_since(self.cared) >= CARE {
                self.care(now);
            }
            if now >= until {
                return;
            }
            self.poll.poll(&mut events, Some(Duration::from_millis(1))).unwrap();
            for event in &events {
                self.take(event.token().0);
            }
        }
    }

    fn send_what_is_due(&mut self, now: Instant) {
        let due = now.duration_since(self.since).as_millis() as u64;
        // After a pause the timetable goes on where it is, not where it was left.
        self.done = self.done.max(due.saturating_sub(100));
        while self.done < due {
            let place = self.done as usize % ROUND;
            for at in 0..self.timetable[place].len() {
                let (sender, act) = self.timetable[place][at];
                self.act(sender, act);
            }
            self.done += 1;
        }
    }

    fn act(&mut self, at: usize, act: Act) {
        let window = if self.closed { 0 } else { self.window };
        let sender = &mut self.senders[at];
        let Line { keys: Some((keys, _)), socket, .. } = &mut self.lines[sender.line] else { return };
        let count = match act {
            Act::Video(burst) => BURSTS[burst],
            Act::Audio => 1,
        };
        let (mut packet, mut sealed) = ([0; 1_400], [0; 1_500]);
        for n in 0..count {
            let (track, length, marker, type_) = match act {
                Act::Video(burst) => {
                    (&mut sender.video, VIDEO, burst + 1 == BURSTS.len() && n + 1 == count, sdp::VP8)
                }
                Act::Audio => (&mut sender.audio, AUDIO, false, sdp::OPUS),
            };
            let header = write_header(&mut packet, track, type_, marker);
            let payload = &mut packet[header..header + length];
            let stamp = match act {
                Act::Video(burst) => {
                    picture(payload, sender.frames, burst == 0 && n == 0);
                    IN_VIDEO
                }
                Act::Audio => {
                    payload[0] = 0x78;
                    IN_AUDIO
                }
            };
            payload[stamp..stamp + 4].copy_from_slice(&MARK);
            payload[stamp + 4..stamp + 8].copy_from_slice(&window.to_be_bytes());
            payload[stamp + 8..stamp + 16].copy_from_slice(&micros().to_be_bytes());
            let long = keys.seal(track.number, &packet[..header + length], header, &mut sealed);
            track.number += 1;
            let _ = socket.send(&sealed[..long]);
            self.counted.expected += sender.receivers;
        }
        match act {
            Act::Video(burst) if burst + 1 == BURSTS.len() => {
                sender.frames += 1;
                sender.video.time = sender.video.time.wrapping_add(3_600);
            }
            Act::Video(_) => {}
            Act::Audio => sender.audio.time = sender.audio.time.wrapping_add(960),
        }
    }

    fn take(&mut self, at: usize) {
        let Some(line) = self.lines.get_mut(at) else { return };
        let (mut sealed, mut plain) = ([0; 2_048], [0; 2_048]);
        loop {
            let (long, from) = match line.socket.recv_from(&mut sealed) {
                Ok(got) => got,
                Err(why) if why.kind() == ErrorKind::WouldBlock => return,
                Err(_) => continue,
            };
            let packet = &sealed[..long];
            let is_media = long > 12 && (128..192).contains(&packet[0]);
            if !is_media {
                line.handle(packet, from, Instant::now());
                continue;
            }
            // Reports are taken and not read.
            if (192..=223).contains(&packet[1]) {
                continue;
            }
            let Some((_, keys)) = &mut line.keys else { continue };
            let Some((_, _, long)) = keys.open(packet, &mut plain) else { continue };
            for stamp in [IN_VIDEO, IN_AUDIO, IN_SHORTER] {
                let Some(found) = plain[..long].get(stamp..stamp + 16).filter(|s| s[..4] == MARK) else {
                    continue;
                };
                if found[4..8] == self.window.to_be_bytes() {
                    let sent = u64::from_be_bytes(found[8..].try_into().unwrap());
                    self.counted.received += 1;
                    self.counted.delays.push(micros().saturating_sub(sent) as u32);
                }
                break;
            }
        }
    }

    /// ICE's own timers, and each second a report for each connection.
    fn care(&mut self, now: Instant) {
        self.cared = now;
        self.cares += 1;
        for (at, line) in self.lines.iter_mut().enumerate() {
            line.tick(now);
            if (at + self.cares).is_multiple_of(10) {
                report(line);
            }
        }
    }
}

/// Puts the header with the extensions a browser sends; gives its length.
fn write_header(packet: &mut [u8], track: &Track, type_: u8, marker: bool) -> usize {
    packet[0] = 0x90;
    packet[1] = type_ | (u8::from(marker) << 7);
    packet[2..4].copy_from_slice(&(track.number as u16).to_be_bytes());
    packet[4..8].copy_from_slice(&track.time.to_be_bytes());
    packet[8..12].copy_from_slice(&track.ssrc.to_be_bytes());
    packet[12..14].copy_from_slice(&[0xbe, 0xde]);
    let mut at = 16;
    packet[at] = (sdp::MID << 4) | (track.mid.len() as u8 - 1);
    packet[at + 1..][..track.mid.len()].copy_from_slice(track.mid.as_bytes());
    at += 1 + track.mid.len();
    if type_ == sdp::OPUS {
        packet[at..at + 2].copy_from_slice(&[sdp::LEVEL << 4, 0x80 | 0x1e]);
        at += 2;
    }
    while !at.is_multiple_of(4) {
        packet[at] = 0;
        at += 1;
    }
    packet[14..16].copy_from_slice(&((at as u16 - 16) / 4).to_be_bytes());
    at
}

/// What servers read of a picture: the VP8 descriptor with its number, and at the start of a
/// picture whether a decoder can begin there.
fn picture(payload: &mut [u8], number: u64, first: bool) {
    let id = (number as u16) & 0x7fff;
    payload[..4].copy_from_slice(&[0x80 | (u8::from(first) << 4), 0x80, 0x80 | (id >> 8) as u8, id as u8]);
    if first {
        let is_key = number.is_multiple_of(25);
        let start = [u8::from(!is_key) | 0x10, 2, 0, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02];
        payload[4..14].copy_from_slice(&start);
    } else {
        payload[4..14].fill(0x55);
    }
}

/// A receiver report for everything that comes on this connection.
fn report(line: &mut Line) {
    let Some((out, inbound)) = &mut line.keys else { return };
    if inbound.streams.is_empty() {
        return;
    }
    let most = inbound.streams.len().min(31);
    let streams = &mut inbound.streams[..most];
    let mut packet = vec![0x80 | streams.len() as u8, 201];
    packet.extend_from_slice(&(1 + 6 * streams.len() as u16).to_be_bytes());
    packet.extend_from_slice(&1_u32.to_be_bytes());
    for stream in streams {
        let due = stream.highest - stream.reported.0;
        let came = stream.received - stream.reported.1;
        let fraction = (due.saturating_sub(came) * 256).checked_div(due).unwrap_or(0).min(255);
        stream.reported = (stream.highest, stream.received);
        let lost = (stream.highest - stream.first + 1).saturating_sub(stream.received);
        packet.extend_from_slice(&stream.ssrc.to_be_bytes());
        packet.extend_from_slice(&(((fraction as u32) << 24) | (lost as u32 & 0x7f_ffff)).to_be_bytes());
        packet.extend_from_slice(&(stream.highest as u32).to_be_bytes());
        packet.extend_from_slice(&[0; 12]);
    }
    let sealed = out.seal_report(&packet);
    let _ = line.send(&sealed);
}

/// Seconds of processor time this thread has had.
fn own_cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|spent| spent.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

/// Whether a packet is media, and no report and nothing of ICE.
pub fn is_media(packet: &[u8]) -> bool {
    packet.len() > 12 && (128..192).contains(&packet[0]) && !(192..=223).contains(&packet[1])
}
