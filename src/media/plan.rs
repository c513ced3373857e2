//! Who plays in whose slots (pure).
//!
//! What plays stays where it plays: a face that jumps to another tile because somebody else
//! left would be taken for another person. When there are more sources than slots, what
//! shows the patient goes before what shows the doctors.

use super::model::{Feed, Kind, SeatId, Slot, Source};

/// The slots of one viewer, given everything published in the room in the order of coming.
pub(super) fn assign(viewer: SeatId, slots: &[Slot], feeds: &[Feed]) -> Vec<Slot> {
    let mut planned = slots.to_vec();
    for kind in [Kind::Audio, Kind::Video] {
        let room = slots.iter().filter(|slot| slot.kind == kind).count();
        let mut wanted: Vec<Feed> =
            feeds.iter().filter(|feed| feed.seat != viewer && feed.source.kind() == kind).copied().collect();
        wanted.sort_by_key(|feed| need(feed.source));
        wanted.truncate(room);
        for slot in planned.iter_mut().filter(|slot| slot.kind == kind) {
            slot.playing = slot.playing.filter(|playing| wanted.contains(playing));
        }
        wanted.retain(|feed| !planned.iter().any(|slot| slot.playing == Some(*feed)));
        let mut waiting = wanted.into_iter();
        for slot in planned.iter_mut().filter(|slot| slot.kind == kind && slot.playing.is_none()) {
            slot.playing = waiting.next();
        }
    }
    planned
}

/// Smaller is needed more. Sorting is stable, so within a source the first come is kept.
const fn need(source: Source) -> u8 {
    match source {
        Source::Mic | Source::Exam => 0,
        Source::Screen => 1,
        Source::Cam => 2,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::model::Mid;
    use super::*;

    fn slots(audio: usize, video: usize) -> Vec<Slot> {
        let kinds = std::iter::repeat_n(Kind::Audio, audio).chain(std::iter::repeat_n(Kind::Video, video));
        kinds
            .enumerate()
            .map(|(n, kind)| Slot { mid: Mid::new(&n.to_string()).unwrap(), kind, playing: None })
            .collect()
    }

    fn feed(seat: u64, source: Source) -> Feed {
        Feed { seat: SeatId(seat), source }
    }

    fn playing(slots: &[Slot]) -> Vec<Option<Feed>> {
        slots.iter().map(|slot| slot.playing).collect()
    }

    #[test]
    fn everybody_else_is_seen_and_heard_and_nobody_sees_himself() {
        let feeds = [1, 2].map(|seat| [feed(seat, Source::Mic), feed(seat, Source::Cam)]).concat();

        let planned = assign(SeatId(1), &slots(2, 2), &feeds);

        let expected = [Some(feed(2, Source::Mic)), None, Some(feed(2, Source::Cam)), None];
        assert_eq!(playing(&planned), expected);
    }

    #[test]
    fn a_face_keeps_its_place_when_another_leaves() {
        let feeds = [feed(2, Source::Cam), feed(3, Source::Cam)];
        let both = assign(SeatId(1), &slots(0, 2), &feeds);

        let one = assign(SeatId(1), &both, &feeds[1..]);

        assert_eq!(playing(&one), [None, Some(feed(3, Source::Cam))]);
    }

    #[test]
    fn the_exam_camera_takes_the_place_of_the_last_face() {
        let faces = [feed(2, Source::Cam), feed(3, Source::Cam)];
        let before = assign(SeatId(1), &slots(0, 2), &faces);

        let with_exam = [faces[0], faces[1], feed(2, Source::Exam)];
        let after = assign(SeatId(1), &before, &with_exam);

        assert_eq!(playing(&after), [Some(feed(2, Source::Cam)), Some(feed(2, Source::Exam))]);
    }

    proptest! {
        #[test]
        fn a_plan_uses_every_slot_it_can_and_shows_nothing_twice(
            picks in prop::collection::btree_set((0u64..6, 0usize..4), 0..20),
            audio in 0usize..4,
            video in 0usize..5,
        ) {
            let sources = [Source::Mic, Source::Cam, Source::Exam, Source::Screen];
            let feeds: Vec<Feed> = picks.iter().map(|(seat, source)| feed(*seat, sources[*source])).collect();
            let planned = assign(SeatId(0), &slots(audio, video), &feeds);

            let shown: Vec<Feed> = planned.iter().filter_map(|slot| slot.playing).collect();
            let distinct: std::collections::HashSet<_> = shown.iter().collect();
            prop_assert_eq!(distinct.len(), shown.len());
            prop_assert!(shown.iter().all(|feed| feed.seat != SeatId(0)));
            let others = |kind| feeds.iter().filter(|f| f.seat != SeatId(0) && f.source.kind() == kind).count();
            let expected = others(Kind::Audio).min(audio) + others(Kind::Video).min(video);
            prop_assert_eq!(shown.len(), expected);
            prop_assert_eq!(assign(SeatId(0), &planned, &feeds), planned);
        }
    }
}
