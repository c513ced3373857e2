//! What a viewer's line is given: the voice first, then the patient, then faces (pure).
//!
//! A doctor who cannot hear has no consult; one who cannot see the face still has one. So a
//! line that loses packets is given less picture, step by step, and never less voice. It is
//! led by loss alone: coarser than an estimate of the rate, but it needs no probing, and a
//! busy machine is not mistaken for a thin line.

use std::time::{Duration, Instant};

use super::model::{Share, Source};

/// Loss at which pictures break up faster than repair mends them.
const TOO_MUCH: f32 = 0.12;
/// Loss at which a line counts as well again.
const LITTLE: f32 = 0.03;
/// Reports in a row before a step down: one burst is no thin line.
const BAD_REPORTS: u8 = 2;
/// How long a line has to do well before a step up, at first and at most. It doubles when a
/// step up was taken back, so that a line just too thin is not tried every ten seconds.
const FIRST_WAIT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_secs(80);

/// Where on the ladder one viewer stands.
#[derive(Debug)]
pub(super) struct Ladder {
    share: Share,
    bad: u8,
    well_since: Option<Instant>,
    wait: Duration,
    /// The last step was up.
    climbed: bool,
}

impl Default for Ladder {
    fn default() -> Self {
        Self { share: Share::Full, bad: 0, well_since: None, wait: FIRST_WAIT, climbed: false }
    }
}

impl Ladder {
    pub(super) fn share(&self) -> Share {
        self.share
    }

    /// Takes a report of what did not arrive at the viewer. No figure is no bad news: a line
    /// that carries next to nothing reports nothing.
    pub(super) fn note(&mut self, loss: Option<f32>, now: Instant) {
        let loss = loss.unwrap_or(0.0);
        if loss >= TOO_MUCH {
            self.well_since = None;
            self.bad += 1;
            if self.bad == BAD_REPORTS {
                self.bad = 0;
                self.share = down(self.share);
                if std::mem::take(&mut self.climbed) {
                    self.wait = (self.wait * 2).min(LONGEST_WAIT);
                }
            }
            return;
        }
        self.bad = 0;
        if loss > LITTLE {
            self.well_since = None;
            return;
        }
        let since = *self.well_since.get_or_insert(now);
        if self.share != Share::Full && now.saturating_duration_since(since) >= self.wait {
            self.well_since = Some(now);
            self.share = up(self.share);
            if std::mem::replace(&mut self.climbed, true) {
                // The step before held.
                self.wait = FIRST_WAIT;
            }
        }
    }
}

/// Whether a source is handed on to a viewer with this share.
pub(super) const fn carries(share: Share, source: Source) -> bool {
    match (share, source) {
        (_, Source::Mic) | (Share::Full | Share::Half | Share::Quarter, _) => true,
        (Share::Patient, Source::Exam | Source::Screen) => true,
        (Share::Patient, Source::Cam) | (Share::Voice, _) => false,
    }
}

/// The largest encoding a share allows, by rank: quarter 0, half 1, full 2.
pub(super) const fn largest(share: Share) -> u8 {
    match share {
        Share::Full => 2,
        Share::Half => 1,
        Share::Quarter | Share::Patient | Share::Voice => 0,
    }
}

const fn down(share: Share) -> Share {
    match share {
        Share::Full => Share::Half,
        Share::Half => Share::Quarter,
        Share::Quarter => Share::Patient,
        Share::Patient | Share::Voice => Share::Voice,
    }
}

const fn up(share: Share) -> Share {
    match share {
        Share::Voice => Share::Patient,
        Share::Patient => Share::Quarter,
        Share::Quarter => Share::Half,
        Share::Half | Share::Full => Share::Full,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reports every two seconds; gives the share after each.
    fn after(reports: &[f32]) -> Vec<Share> {
        let (mut ladder, start) = (Ladder::default(), Instant::now());
        let at = |n: usize| start + Duration::from_secs(2 * n as u64);
        let note = |(n, loss): (usize, &f32)| {
            ladder.note(Some(*loss), at(n));
            ladder.share()
        };
        reports.iter().enumerate().map(note).collect()
    }

    #[test]
    fn one_burst_of_loss_changes_nothing() {
        assert_eq!(after(&[0.5, 0.0, 0.5, 0.0]), [Share::Full; 4]);
    }

    #[test]
    fn a_line_that_keeps_losing_ends_with_the_voice_alone() {
        let shares = after(&[0.3; 8]);

        let steps = [shares[1], shares[3], shares[5], shares[7]];
        assert_eq!(steps, [Share::Half, Share::Quarter, Share::Patient, Share::Voice]);
    }

    #[test]
    fn the_voice_is_always_carried_and_the_patient_before_the_faces() {
        for share in [Share::Voice, Share::Patient, Share::Quarter, Share::Half, Share::Full] {
            assert!(carries(share, Source::Mic));
            assert!(!carries(share, Source::Cam) || carries(share, Source::Exam));
        }
        assert!(carries(Share::Patient, Source::Exam) && !carries(Share::Patient, Source::Cam));
    }

    #[test]
    fn a_line_that_does_well_again_gets_its_picture_back_in_time() {
        let reports: Vec<f32> = [0.3; 2].into_iter().chain([0.0; 30]).collect();
        let shares = after(&reports);

        assert_eq!((shares[1], shares[6], shares[7]), (Share::Half, Share::Half, Share::Full));
    }

    #[test]
    fn a_line_just_too_thin_is_tried_more_and_more_rarely() {
        let (mut ladder, start) = (Ladder::default(), Instant::now());
        let mut climbs = 0;
        for n in 0..300 {
            let before = ladder.share();
            let loss = if before == Share::Full { 0.3 } else { 0.0 };
            ladder.note(Some(loss), start + Duration::from_secs(2 * n));
            climbs += u32::from(ladder.share() > before);
        }

        assert!((5..=10).contains(&climbs), "{climbs} climbs in ten minutes");
    }

    proptest! {
        #[test]
        fn no_step_is_taken_twice_within_four_seconds(reports in prop::collection::vec(0.0f32..1.0, 0..200)) {
            let shares = after(&reports);
            for pair in shares.windows(3) {
                prop_assert!(pair[0] == pair[1] || pair[1] == pair[2]);
            }
        }
    }
}
