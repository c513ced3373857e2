//! One published source as it arrives: its encodings, when to ask for a keyframe, how loud it is (pure).

use std::time::{Duration, Instant};

use super::allowance::Allowance;
use super::model::{Kind, Mid, Rid, Source};
use super::peer::Codec;
use super::rewrite::JUMP;

/// A keyframe is asked for at most this often: each costs a sender on a thin line a second of picture.
const ASK_EVERY: Duration = Duration::from_millis(400);
/// An encoding not heard for this long is not flowing: browsers stop the larger ones of a
/// small camera or a thin line.
const FLOWING: Duration = Duration::from_millis(1_500);
/// A browser sends three encodings; as many again are room for a change of streams.
const ENCODINGS: usize = 6;

/// One source of one seat.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) mid: Mid,
    pub(super) source: Source,
    pub(super) on: bool,
    /// What it was encoded with last.
    pub(super) codec: Option<Codec>,
    /// In the order in which they were first seen.
    encodings: Vec<Encoding>,
    allowance: Allowance,
    pub(super) voice: Loudness,
    pub(super) needs: Needs,
}

#[derive(Debug)]
struct Encoding {
    stream: u32,
    rank: u8,
    /// In lines, as its last keyframe said.
    height: Option<u16>,
    /// The number of its newest packet.
    newest: u64,
    seen: Instant,
    wanted: bool,
    asked: Option<Instant>,
}

/// A packet as its source keeps book of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) stream: u32,
    pub(super) rank: u8,
    pub(super) codec: Codec,
    pub(super) seq: u64,
    /// A decoder can start here.
    pub(super) start: bool,
    /// How high the picture is, where the packet says it.
    pub(super) height: Option<u16>,
}

/// What one viewer can use of a source: nothing larger than its line bears, and no larger than
/// it is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fit {
    pub(super) largest: u8,
    /// Lines on the viewer's screen.
    pub(super) height: u32,
}

/// The height of a source's largest encoding where no keyframe has said it: our page's camera.
const USUAL_HEIGHT: u32 = 360;

impl Encoding {
    /// Whether a place of so many lines is well filled: a quarter more is not seen.
    fn fills(&self, height: u32) -> bool {
        let own = self.height.map_or(USUAL_HEIGHT >> (LARGEST - self.rank.min(LARGEST)), u32::from);
        own * 5 >= height.saturating_mul(4)
    }
}

impl Published {
    pub(super) fn new(mid: Mid, source: Source, on: bool) -> Self {
        let (allowance, voice, needs) = (Allowance::default(), Loudness::default(), Needs::default());
        Self { mid, source, on, codec: None, encodings: Vec::new(), allowance, voice, needs }
    }

    /// Whether it is something to look at now.
    pub(super) fn is_picture(&self) -> bool {
        self.on && self.source.kind() == Kind::Video
    }

    /// Whether a packet of so many bytes is within what a source may send.
    pub(super) fn may_send(&mut self, bytes: usize, now: Instant) -> bool {
        self.allowance.takes(self.source.kind(), bytes, now)
    }

    /// A packet came; true if who joins can start with it, which ends the wait for a keyframe. A first
    /// packet that comes late is none to start with: what followed it has gone by.
    pub(super) fn note(&mut self, came: Arrival, now: Instant) -> bool {
        let Arrival { stream, rank, codec, seq, start, height } = came;
        self.codec = Some(codec);
        if let Some(known) = self.encodings.iter_mut().find(|known| known.stream == stream) {
            // Further behind it is not late: its stream counts anew.
            let is_late = (1..=JUMP).contains(&known.newest.saturating_sub(seq));
            let starts = start && !is_late;
            known.newest = if is_late { known.newest } else { seq };
            known.seen = now;
            known.wanted &= !starts;
            known.height = height.or(known.height);
            return starts;
        }
        if self.encodings.len() == ENCODINGS {
            let oldest = (0..ENCODINGS).min_by_key(|at| self.encodings[*at].seen).unwrap_or(0);
            self.encodings.remove(oldest);
        }
        let (newest, seen, wanted, asked) = (seq, now, false, None);
        self.encodings.push(Encoding { stream, rank, height, newest, seen, wanted, asked });
        start
    }

    /// Of the encodings that flow, the smallest that fills the viewer's place; failing that the
    /// largest the viewer may have; failing that, the smallest there is. Of equals the one that came last.
    pub(super) fn best(&self, fit: Fit, now: Instant) -> Option<u32> {
        let flowing =
            || self.encodings.iter().filter(|known| now.saturating_duration_since(known.seen) < FLOWING);
        let fitting = || flowing().filter(|known| known.rank <= fit.largest);
        let filling = fitting().filter(|known| known.fills(fit.height));
        // Of equals the first is the smallest to an iterator, and the last the largest.
        let best = filling.rev().min_by_key(|known| known.rank);
        let best = best.or_else(|| fitting().max_by_key(|known| known.rank));
        best.or_else(|| flowing().rev().min_by_key(|known| known.rank)).map(|known| known.stream)
    }

    /// Which encodings a viewer needs that is shown this one: that it is shown, and the one it
    /// should be shown, which may not flow yet.
    pub(super) fn needed(&self, fit: Fit, shown: Option<u32>) -> Sizes {
        let at = shown.and_then(|stream| self.encodings.iter().find(|known| known.stream == stream));
        let shown = at.map_or(Sizes::NONE, |known| Sizes::of(known.rank));
        let fitting = || self.encodings.iter().filter(|known| known.rank <= fit.largest);
        let filling = fitting().filter(|known| known.fills(fit.height)).map(|known| known.rank).min();
        if let Some(rank) = filling {
            return shown.and(Sizes::of(rank));
        }
        let Some(smallest) = self.encodings.iter().map(|known| known.rank).min() else {
            return Sizes::ALL;
        };
        let next = fitting().map(|known| known.rank).max().unwrap_or(smallest);
        // One that was never seen may be on its way: browsers begin with the small ones.
        let known = fitting().any(|known| known.rank == fit.largest);
        if known {
            shown.and(Sizes::of(next))
        } else {
            shown.and(Sizes::of(next)).and(Sizes::of(fit.largest))
        }
    }

    /// Somebody needs a keyframe of this encoding. Sound has none.
    pub(super) fn want_keyframe(&mut self, stream: u32) {
        if self.is_picture()
            && let Some(known) = self.encodings.iter_mut().find(|known| known.stream == stream)
        {
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

/// The rank of a source's largest encoding.
const LARGEST: u8 = 2;
/// An encoding that nobody needs is let flow for this long: whoever turns pages comes back.
const LET_FLOW: Duration = Duration::from_secs(2);

/// A set of encodings, by rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes(u8);

impl Sizes {
    pub(super) const NONE: Self = Self(0);
    pub(super) const ALL: Self = Self(0b111);

    fn of(rank: u8) -> Self {
        Self(1 << rank.min(LARGEST))
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn holds(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// By the names the page gives them, the largest first.
    pub(super) fn rids(self) -> Vec<Rid> {
        let all = [(2, Rid::Full), (1, Rid::Half), (0, Rid::Quarter)];
        all.into_iter().filter(|(rank, _)| self.holds(Self::of(*rank))).map(|(_, rid)| rid).collect()
    }
}

/// Which encodings of a source anybody needs, as its sender was told last. Everything at first.
#[derive(Debug)]
pub(super) struct Needs {
    pub(super) told: Sizes,
    fewer_since: Option<Instant>,
}

impl Default for Needs {
    fn default() -> Self {
        Self { told: Sizes::ALL, fewer_since: None }
    }
}

impl Needs {
    /// Takes what is needed now; true when the sender has to be told. More is told at once.
    pub(super) fn change(&mut self, needed: Sizes, now: Instant) -> bool {
        if needed == self.told {
            self.fewer_since = None;
            return false;
        }
        let more = !self.told.holds(needed);
        let since = *self.fewer_since.get_or_insert(now);
        if !more && now.saturating_duration_since(since) < LET_FLOW {
            return false;
        }
        // What nobody needs any more is let go in its own time.
        self.told = if more { self.told.and(needed) } else { needed };
        self.fewer_since = None;
        true
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

    fn came(stream: u32, rank: u8, start: bool) -> Arrival {
        let height = start.then_some(90 << rank);
        Arrival { stream, rank, codec: Codec::Vp8, seq: 0, start, height }
    }

    fn fit(largest: u8, height: u32) -> Fit {
        Fit { largest, height }
    }

    #[test]
    fn many_wishes_for_a_keyframe_are_one_question_in_400_milliseconds() {
        let (mut cam, start) = (camera(), Instant::now());
        cam.note(came(7, 2, false), start);
        let mut asked = 0;
        for ms in 0..1_000 {
            cam.note(came(7, 2, false), start + Duration::from_millis(ms));
            cam.want_keyframe(7);
            asked += cam.due(start + Duration::from_millis(ms)).count();
        }

        assert_eq!(asked, 3);
    }

    #[test]
    fn a_keyframe_ends_the_asking() {
        let (mut cam, start) = (camera(), Instant::now());
        cam.note(came(7, 2, false), start);
        cam.want_keyframe(7);
        cam.note(came(7, 2, true), start);

        assert_eq!(cam.due(start).count(), 0);
    }

    #[test]
    fn a_first_packet_that_comes_late_starts_nobody_and_the_asking_goes_on() {
        let (mut cam, start) = (camera(), Instant::now());
        let comes = |cam: &mut Published, seq, first| cam.note(Arrival { seq, ..came(7, 2, first) }, start);
        assert!(comes(&mut cam, 10_000, true));
        assert!(!comes(&mut cam, 10_003, false));
        cam.want_keyframe(7);

        assert!(!comes(&mut cam, 10_002, true), "what follows it has gone by");
        assert_eq!(cam.due(start).count(), 1);

        assert!(comes(&mut cam, 10_004, true));
        assert!(comes(&mut cam, 9, true), "the stream counts anew");
        assert!(comes(&mut cam, 10, true));
    }

    #[test]
    fn of_encodings_that_are_equals_the_one_that_came_last_is_shown_and_stays() {
        let (mut cam, start) = (camera(), Instant::now());
        for (n, stream) in [1, 2, 3, 1, 2, 1].into_iter().enumerate() {
            let now = start + Duration::from_millis(n as u64);
            cam.note(came(stream, 2, true), now);
            let newest = [1, 2, 3][n.min(2)];
            let best = |height| cam.best(fit(2, height), now);
            assert_eq!((best(360), best(9_999)), (Some(newest), Some(newest)));
        }
    }

    #[test]
    fn the_largest_encoding_that_flows_is_shown() {
        let (mut cam, start) = (camera(), Instant::now());
        cam.note(came(1, 0, true), start);
        cam.note(came(3, 2, true), start);
        assert_eq!((cam.best(fit(2, 720), start), cam.best(fit(1, 720), start)), (Some(3), Some(1)));

        let later = start + Duration::from_secs(2);
        cam.note(came(1, 0, false), later);
        assert_eq!(cam.best(fit(2, 720), later), Some(1));
    }

    #[test]
    fn a_small_tile_is_given_the_small_encoding_that_fills_it() {
        let (mut cam, start) = (camera(), Instant::now());
        cam.note(came(2, 1, true), start);
        cam.note(came(3, 2, true), start);
        let best = |height| cam.best(fit(2, height), start);

        assert_eq!((best(120), best(180), best(225)), (Some(2), Some(2), Some(2)));
        assert_eq!((best(240), best(720)), (Some(3), Some(3)));
    }

    #[test]
    fn the_sender_is_told_which_encodings_anybody_needs() {
        let (mut cam, start) = (camera(), Instant::now());
        let rids = |needed: Sizes| needed.rids();
        assert_eq!(cam.needed(fit(2, 720), None), Sizes::ALL, "nothing has come yet");

        cam.note(came(2, 1, true), start);
        assert_eq!(rids(cam.needed(fit(2, 720), Some(2))), [Rid::Full, Rid::Half], "the large one may come");
        cam.note(came(3, 2, true), start);
        assert_eq!(
            rids(cam.needed(fit(2, 720), Some(2))),
            [Rid::Full, Rid::Half],
            "the small one is on screen"
        );
        assert_eq!(rids(cam.needed(fit(2, 720), Some(3))), [Rid::Full]);
        assert_eq!(rids(cam.needed(fit(2, 160), Some(2))), [Rid::Half]);
        assert_eq!(rids(cam.needed(fit(1, 720), Some(2))), [Rid::Half]);
        assert_eq!(rids(cam.needed(fit(0, 720), Some(2))), [Rid::Half, Rid::Quarter]);
    }

    #[test]
    fn more_is_told_at_once_and_less_after_two_seconds() {
        let (mut needs, start) = (Needs::default(), Instant::now());
        let after = |ms| start + Duration::from_millis(ms);

        assert!(!needs.change(Sizes::NONE, after(0)));
        assert!(!needs.change(Sizes::NONE, after(1_900)));
        assert!(needs.change(Sizes::NONE, after(2_000)));
        assert!(needs.change(Sizes::of(2), after(2_010)));
        assert!(!needs.change(Sizes::of(2), after(2_020)));
        assert_eq!(needs.told.rids(), [Rid::Full]);
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
