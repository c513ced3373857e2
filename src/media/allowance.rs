//! How much a participant may send, and when too much is no accident (pure).
//!
//! What browsers send at the most is known. Twice that is handed on: more would be paid for by
//! everybody else's lines. Who sends three times as much for five seconds is no browser of
//! ours, and is shown out.

use std::time::{Duration, Instant};

use super::bucket::Bucket;
use super::model::{Kind, Mid};

/// Sound of one section a second: a browser's shortest packets, at its best quality with a copy
/// of every packet in the next. The bytes are those of payloads.
const VOICE: Rate = Rate { packets: 100.0, bytes: 24_000.0 };
/// Pictures of one section a second, all encodings together: what the page ever asks for.
const PICTURE: Rate = Rate { packets: 750.0, bytes: 500_000.0 };
/// So many times as much is handed on.
const HANDED_ON: f64 = 2.0;
/// So many times as much is a flood, when it lasts.
const FLOOD: f64 = 3.0;
const LASTS: u32 = 5;
const SECOND: Duration = Duration::from_secs(1);

/// What a section sends a second.
#[derive(Debug, Clone, Copy)]
struct Rate {
    packets: f64,
    bytes: f64,
}

impl Rate {
    const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Audio => VOICE,
            Kind::Video => PICTURE,
        }
    }
}

/// What a source has sent of what is handed on.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    of: Option<(Bucket, Bucket)>,
}

impl Allowance {
    /// Whether a packet of so many bytes is within it.
    pub(super) fn takes(&mut self, kind: Kind, bytes: usize, now: Instant) -> bool {
        let rate = Rate::of(kind);
        let most = Rate { packets: rate.packets * HANDED_ON, bytes: rate.bytes * HANDED_ON };
        let full = || (Bucket::with(most.packets, now), Bucket::with(most.bytes, now));
        let (packets, volume) = self.of.get_or_insert_with(full);
        packets.takes(1.0, most.packets, most.packets, now)
            && volume.takes(bytes as f64, most.bytes, most.bytes, now)
    }
}

/// Whether a seat floods: in any of its sections, be it muted or never announced.
#[derive(Debug, Default)]
pub(super) struct Flood {
    sections: Vec<Tally>,
}

/// One section in the second that runs.
#[derive(Debug)]
struct Tally {
    mid: Mid,
    since: Instant,
    packets: f64,
    bytes: f64,
    /// Seconds in a row that were too much.
    over: u32,
}

impl Flood {
    /// Counts a packet that was proven to be the participant's own; true when it is one too
    /// many of a flood. Sections are those of the offer, so that there are few.
    pub(super) fn notes(&mut self, (mid, kind): (Mid, Kind), bytes: usize, now: Instant) -> bool {
        let known = self.sections.iter().position(|tally| tally.mid == mid);
        let at = known.unwrap_or_else(|| {
            self.sections.push(Tally { mid, since: now, packets: 0.0, bytes: 0.0, over: 0 });
            self.sections.len() - 1
        });
        let tally = &mut self.sections[at];
        let (rate, passed) = (Rate::of(kind), now.saturating_duration_since(tally.since));
        if passed >= SECOND {
            let most = FLOOD * passed.as_secs_f64();
            let is_over = tally.packets > rate.packets * most || tally.bytes > rate.bytes * most;
            tally.over = if is_over { tally.over + 1 } else { 0 };
            (tally.since, tally.packets, tally.bytes) = (now, 0.0, 0.0);
        }
        tally.packets += 1.0;
        tally.bytes += bytes as f64;
        tally.over >= LASTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many milliseconds a section that sends so much is shown out, of half a minute.
    fn shown_out(kind: Kind, bytes: usize, a_second: u64) -> Option<u64> {
        let (mut flood, start, mid) = (Flood::default(), Instant::now(), Mid::new("0").unwrap());
        let at = |n: u64| Duration::from_micros(n * 1_000_000 / a_second);
        (0..30 * a_second)
            .find(|n| flood.notes((mid, kind), bytes, start + at(*n)))
            .map(|n| at(n).as_millis() as u64)
    }

    #[test]
    fn who_sends_three_times_the_most_for_five_seconds_is_shown_out() {
        let ten_voices = shown_out(Kind::Audio, 88, 500);
        assert!(ten_voices.is_some_and(|ms| (5_000..5_200).contains(&ms)), "{ten_voices:?}");
        assert!(shown_out(Kind::Video, 1_160, 2_500).is_some_and(|ms| (5_000..5_200).contains(&ms)));
        assert!(shown_out(Kind::Audio, 1_100, 100).is_some(), "few and large are a flood, too");
    }

    #[test]
    fn what_browsers_send_and_twice_that_is_no_flood() {
        for (kind, bytes, a_second) in [
            (Kind::Audio, 88, 50),
            (Kind::Audio, 240, 100),
            (Kind::Audio, 120, 200),
            (Kind::Video, 1_160, 300),
            (Kind::Video, 660, 1_500),
        ] {
            assert_eq!(shown_out(kind, bytes, a_second), None, "{kind:?} {a_second}");
        }
    }

    #[test]
    fn a_burst_after_a_stall_is_forgiven() {
        let (mut flood, start, mid) = (Flood::default(), Instant::now(), Mid::new("0").unwrap());
        // Four seconds of flood, one of rest, and again.
        let is_out = (0..20_u64).filter(|second| second % 5 != 4).any(|second| {
            (0..500_u64).any(|n| {
                let at = start + Duration::from_millis(second * 1_000 + n * 2);
                flood.notes((mid, Kind::Audio), 88, at)
            })
        });
        assert!(!is_out);
    }
}
