//! One published source as it arrives: its encodings, when to ask for a keyframe, how loud it is (pure).

use std::time::{Duration, Instant};

use super::bucket::Bucket;
use super::model::{Kind, Mid, Source};

/// A keyframe is asked for at most this often: each costs a sender on a thin line a second of picture.
const ASK_EVERY: Duration = Duration::from_millis(400);
/// An encoding not heard for this long is not flowing: browsers stop the larger ones of a
/// small camera or a thin line.
const FLOWING: Duration = Duration::from_millis(1_500);
/// A browser sends three encodings; a fourth is room for a change of stream.
const ENCODINGS: usize = 6;

/// Sound of one source a second: twice what a browser sends in its shortest packets, and at
/// its best quality with a copy of every packet in the next. The bytes are those of payloads.
const VOICE: Limit = Limit { packets: 200.0, bytes: 48_000.0 };
/// Pictures of one source a second, all encodings together: twice what the page ever asks for.
const PICTURE: Limit = Limit { packets: 1_500.0, bytes: 1_000_000.0 };

/// What a source may send a second, and at once.
#[derive(Debug, Clone, Copy)]
struct Limit {
    packets: f64,
    bytes: f64,
}

/// What a source has sent of what it may. More is not handed on: it would be paid for by
/// everybody else's lines.
#[derive(Debug, Default)]
struct Spent {
    of: Option<(Bucket, Bucket)>,
}

impl Spent {
    fn takes(&mut self, limit: Limit, bytes: usize, now: Instant) -> bool {
        let full = || (Bucket::with(limit.packets, now), Bucket::with(limit.bytes, now));
        let (packets, volume) = self.of.get_or_insert_with(full);
        packets.takes(1.0, limit.packets, limit.packets, now)
            && volume.takes(bytes as f64, limit.bytes, limit.bytes, now)
    }
}

/// One source of one seat.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) mid: Mid,
    pub(super) source: Source,
    pub(super) on: bool,
    encodings: Vec<Encoding>,
    spent: Spent,
    pub(super) voice: Loudness,
}

#[derive(Debug)]
struct Encoding {
    stream: u32,
    rank: u8,
    seen: Instant,
    wanted: bool,
    asked: Option<Instant>,
}

impl Published {
    pub(super) fn new(mid: Mid, source: Source, on: bool) -> Self {
        let (encodings, spent, voice) = (Vec::new(), Spent::default(), Loudness::default());
        Self { mid, source, on, encodings, spent, voice }
    }

    /// Whether a packet of so many bytes is within what a source may send.
    pub(super) fn may_send(&mut self, bytes: usize, now: Instant) -> bool {
        let limit = if self.source.kind() == Kind::Audio { VOICE } else { PICTURE };
        self.spent.takes(limit, bytes, now)
    }

    /// A packet of this encoding came; `start` ends the wait for a keyframe.
    pub(super) fn note(&mut self, stream: u32, rank: u8, start: bool, now: Instant) {
        if let Some(known) = self.encodings.iter_mut().find(|known| known.stream == stream) {
            known.seen = now;
            known.wanted &= !start;
            return;
        }
        if self.encodings.len() == ENCODINGS {
            let oldest = (0..ENCODINGS).min_by_key(|at| self.encodings[*at].seen).unwrap_or(0);
            self.encodings.swap_remove(oldest);
        }
        self.encodings.push(Encoding { stream, rank, seen: now, wanted: false, asked: None });
    }

    /// The largest encoding that is flowing and no larger than `largest`, the newest stream
    /// among equals; failing that, the smallest there is.
    pub(super) fn best(&self, largest: u8, now: Instant) -> Option<u32> {
        let flowing =
            || self.encodings.iter().filter(|known| now.saturating_duration_since(known.seen) < FLOWING);
        let fitting =
            flowing().filter(|known| known.rank <= largest).max_by_key(|known| (known.rank, known.seen));
        fitting.or_else(|| flowing().min_by_key(|known| known.rank)).map(|known| known.stream)
    }

    /// Somebody needs a keyframe of this encoding.
    pub(super) fn want_keyframe(&mut self, stream: u32) {
        if let Some(known) = self.encodings.iter_mut().find(|known| known.stream == stream) {
            known.wanted = true;
        }
    }

    /// The encodings to ask for a keyframe now. Many wishes are one question.
    pub(super) fn due(&mut self, now: Instant) -> impl Iterator<Item = u32> {
        self.encodings.iter_mut().filter_map(move |known| {
            let rested = known.asked.is_none_or(|asked| now.saturating_duration_since(asked) >= ASK_EVERY);
            let flowing = now.saturating_duration_since(known.seen) < FLOWING;
            (known.wanted && rested && flowing).then(|| {
                known.asked = Some(now);
                known.stream
            })
        })
    }
}

/// How loud somebody is, smoothed over a few syllables.
#[derive(Debug, Default)]
pub(super) struct Loudness {
    level: f32,
    heard: Option<Instant>,
    talking: bool,
}

/// Decibels above silence (127 below full scale) where talking begins and ends. Apart, so
/// that a breath does not flicker on the screen.
const TALK_FROM: f32 = 77.0;
const TALK_UNTIL: f32 = 62.0;
/// Without a packet for this long a voice has fallen silent: browsers stop sending in pauses.
const PAUSE: Duration = Duration::from_millis(700);

impl Loudness {
    /// One packet's level in decibels below full scale.
    pub(super) fn note(&mut self, below: u8, now: Instant) {
        self.level += 0.15 * (f32::from(127 - below.min(127)) - self.level);
        self.heard = Some(now);
    }

    /// Whether this person talks, and how loudly.
    pub(super) fn talking(&mut self, now: Instant) -> Option<u32> {
        if self.heard.is_none_or(|heard| now.saturating_duration_since(heard) > PAUSE) {
            self.level = 0.0;
        }
        self.talking = self.level >= if self.talking { TALK_UNTIL } else { TALK_FROM };
        self.talking.then_some(self.level as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera() -> Published {
        Published::new(Mid::new("1").unwrap(), Source::Cam, true)
    }

    #[test]
    fn many_wishes_for_a_keyframe_are_one_question_in_400_milliseconds() {
        let (mut cam, start) = (camera(), Instant::now());
        cam.note(7, 2, false, start);
        let mut asked = 0;
        for ms in 0..1_000 {
            cam.note(7, 2, false, start + Duration::from_millis(ms));
            cam.want_keyframe(7);
            asked += cam.due(start + Duration::from_millis(ms)).count();
        }

        assert_eq!(asked, 3);
    }

    #[test]
    fn a_keyframe_ends_the_asking() {
        let (mut cam, start) = (camera(), Instant::now());
        cam.note(7, 2, false, start);
        cam.want_keyframe(7);
        cam.note(7, 2, true, start);

        assert_eq!(cam.due(start).count(), 0);
    }

    #[test]
    fn the_largest_encoding_that_flows_is_shown() {
        let (mut cam, start) = (camera(), Instant::now());
        cam.note(1, 0, true, start);
        cam.note(3, 2, true, start);
        assert_eq!((cam.best(2, start), cam.best(1, start)), (Some(3), Some(1)));

        let later = start + Duration::from_secs(2);
        cam.note(1, 0, false, later);
        assert_eq!(cam.best(2, later), Some(1));
    }

    #[test]
    fn a_source_sends_no_more_than_its_kind_may() {
        let (mut mic, mut cam, start) =
            (Published::new(Mid::new("0").unwrap(), Source::Mic, true), camera(), Instant::now());
        let through = |known: &mut Published, bytes: usize, a_second: u64| {
            let at = |n: u64| start + Duration::from_micros(n * 1_000_000 / a_second);
            (0..10 * a_second).filter(|n| known.may_send(bytes, at(*n))).count() as u64
        };

        assert_eq!(through(&mut mic, 80, 50), 500, "a voice is never held up");
        assert!((2_000..2_400).contains(&through(&mut mic, 80, 2_000)));
        assert_eq!(through(&mut cam, 1_100, 300), 3_000);
        assert!((9_000..11_000).contains(&through(&mut cam, 1_100, 5_000)));
    }

    #[test]
    fn a_voice_is_noticed_and_a_pause_too() {
        let (mut voice, start) = (Loudness::default(), Instant::now());
        for n in 0..20 {
            voice.note(30, start + Duration::from_millis(n * 20));
        }
        assert!(voice.talking(start + Duration::from_millis(400)).is_some());
        assert!(voice.talking(start + Duration::from_millis(1_500)).is_none());
    }
}
