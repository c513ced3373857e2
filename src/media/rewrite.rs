//! How numbers continue when what plays in a slot changes (pure).
//!
//! A browser takes a jump in sequence numbers for loss and a jump in time for a broken
//! clock. So each slot counts on from its own last packet, whoever plays in it.

use std::time::{Duration, Instant};

/// The numbering of one slot.
#[derive(Debug, Clone, Default)]
pub(super) struct Stitch {
    last: Option<Last>,
    source: Option<Offsets>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    seq: u64,
    time: u32,
    at: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Offsets {
    /// The source's number at which this slot came in.
    first_in: u64,
    /// The highest since.
    newest: u64,
    /// This slot's number for it.
    first_out: u64,
    time: u32,
}

/// A slot's first number: room below it for nothing, room above before the 16 bits wrap.
const FIRST: u64 = 1_000;

/// A source that jumps further is taken up anew, and one that falls back further is not handed
/// on: whoever listens counts how often sixteen bits wrapped, and would lose count. Some
/// seconds of the fastest picture.
pub(super) const JUMP: u64 = 5_000;

impl Stitch {
    /// The next packet comes from elsewhere: take up its numbers anew.
    pub(super) fn cut(&mut self) {
        self.source = None;
    }

    /// The slot's own numbers for a packet of the source that plays now, or nothing for a
    /// packet from before the slot came in.
    pub(super) fn place(&mut self, seq: u64, time: u32, clock: u32, now: Instant) -> Option<(u64, u32)> {
        let offsets = match self.source {
            Some(offsets) if seq <= offsets.newest.saturating_add(JUMP) => offsets,
            Some(_) | None => self.take_up(seq, time, clock, now),
        };
        if offsets.newest.saturating_sub(seq) > JUMP {
            return None;
        }
        let newest = offsets.newest.max(seq);
        self.source = Some(Offsets { newest, ..offsets });
        let out_seq = offsets.first_out + seq.checked_sub(offsets.first_in)?;
        let out_time = time.wrapping_add(offsets.time);
        if self.last.is_none_or(|last| out_seq > last.seq) {
            self.last = Some(Last { seq: out_seq, time: out_time, at: now });
        }
        Some((out_seq, out_time))
    }

    fn take_up(&mut self, seq: u64, time: u32, clock: u32, now: Instant) -> Offsets {
        let offsets = match self.last {
            None => Offsets { first_in: seq, newest: seq, first_out: FIRST, time: 0 },
            Some(last) => {
                // At least one tick on, so that two sources never share a moment.
                let gone = now.saturating_duration_since(last.at).max(Duration::from_millis(1));
                let ticks = (gone.as_micros() * u128::from(clock) / 1_000_000) as u32;
                let time = last.time.wrapping_add(ticks).wrapping_sub(time);
                Offsets { first_in: seq, newest: seq, first_out: last.seq + 1, time }
            }
        };
        self.source = Some(offsets);
        offsets
    }
}

/// The numbering of pictures in one slot, where a codec numbers them by itself: VP8 does, the
/// whole picture (15 bits) and its lowest layer in time (8 bits).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pictures {
    last: Option<(u16, u8)>,
    /// How far the slot's numbers are ahead of the source's.
    ahead: Option<(u16, u8)>,
}

const PICTURES: u16 = 0x7fff;

impl Pictures {
    /// The next picture comes from elsewhere.
    pub(super) fn cut(&mut self) {
        self.ahead = None;
    }

    /// The slot's own numbers for a picture of the source that plays now.
    pub(super) fn place(&mut self, (id, lowest): (Option<u16>, Option<u8>)) -> (Option<u16>, Option<u8>) {
        let Some(id) = id else { return (None, lowest) };
        let (was, layer) =
            self.last.unwrap_or((id.wrapping_sub(1), lowest.unwrap_or_default().wrapping_sub(1)));
        let ahead = *self.ahead.get_or_insert((
            was.wrapping_add(1).wrapping_sub(id),
            layer.wrapping_add(1).wrapping_sub(lowest.unwrap_or_default()),
        ));
        let out = (id.wrapping_add(ahead.0) & PICTURES, lowest.map(|lowest| lowest.wrapping_add(ahead.1)));
        let is_newer = out.0.wrapping_sub(was) & PICTURES <= PICTURES / 2;
        if self.last.is_none() || is_newer {
            self.last = Some((out.0, out.1.unwrap_or(layer)));
        }
        (Some(out.0), out.1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_source_whose_numbers_jump_takes_nobody_with_it() {
        let (start, mut slot) = (Instant::now(), Stitch::default());
        let mut last = slot.place(100, 0, 90_000, start).unwrap().0;
        for seq in [30_000, 60_000, 1 << 40, u64::MAX, u64::MAX - 2, 3, 4, u64::MAX - 1] {
            let Some((out, _)) = slot.place(seq, 0, 90_000, start) else { continue };
            assert!(out.abs_diff(last) <= JUMP, "{last} and then {out}");
            last = last.max(out);
        }
    }

    #[test]
    fn numbers_go_on_without_a_gap_when_the_source_changes() {
        let start = Instant::now();
        let mut slot = Stitch::default();
        let (first, _) = slot.place(70_000, 5, 90_000, start).unwrap();
        let (second, _) = slot.place(70_001, 3_005, 90_000, start).unwrap();

        slot.cut();
        let later = start + Duration::from_secs(2);
        let (third, time) = slot.place(12, 900_000_000, 90_000, later).unwrap();

        assert_eq!([second, third], [first + 1, first + 2]);
        assert_eq!(time, 3_005 + 180_000);
    }

    #[test]
    fn pictures_are_numbered_on_when_the_source_changes() {
        let mut slot = Pictures::default();
        let place = |slot: &mut Pictures, id, lowest| slot.place((Some(id), Some(lowest)));
        assert_eq!(place(&mut slot, 0x7ffe, 254), (Some(0x7ffe), Some(254)));
        assert_eq!(place(&mut slot, 0x7fff, 255), (Some(0x7fff), Some(255)));
        assert_eq!(
            place(&mut slot, 0x7ffe, 254),
            (Some(0x7ffe), Some(254)),
            "a late packet keeps its number"
        );

        slot.cut();
        assert_eq!(place(&mut slot, 700, 9), (Some(0), Some(0)));
        assert_eq!(place(&mut slot, 701, 10), (Some(1), Some(1)));
        assert_eq!(slot.place((None, None)), (None, None));
    }

    #[test]
    fn a_packet_from_before_the_change_is_not_shown() {
        let start = Instant::now();
        let mut slot = Stitch::default();
        slot.place(50, 0, 90_000, start).unwrap();

        assert_eq!(slot.place(49, 0, 90_000, start), None);
    }

    #[test]
    fn a_late_packet_keeps_its_place() {
        let start = Instant::now();
        let mut slot = Stitch::default();
        let (first, _) = slot.place(50, 0, 90_000, start).unwrap();
        slot.place(52, 0, 90_000, start).unwrap();

        assert_eq!(slot.place(51, 0, 90_000, start).unwrap().0, first + 1);
    }

    proptest! {
        #[test]
        fn no_number_is_used_twice(runs in prop::collection::vec((0u64..1 << 40, 1u64..50), 1..20)) {
            let start = Instant::now();
            let mut slot = Stitch::default();
            let mut used = std::collections::HashSet::new();
            for (from, length) in runs {
                slot.cut();
                for seq in from..from + length {
                    prop_assert!(used.insert(slot.place(seq, 0, 48_000, start).unwrap().0));
                }
            }
        }
    }
}
