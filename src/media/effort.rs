//! How hard a worker works, and when it should take on no more (pure).

use std::time::{Duration, Instant};

/// Long enough not to take a burst for a load.
const WINDOW: Duration = Duration::from_secs(2);
/// Share of the time in which it did not rest, past which calls under way would suffer from
/// another one: packets already wait for each other.
const SPENT: f32 = 0.95;

#[derive(Debug)]
pub(super) struct Effort {
    since: Instant,
    rest: Duration,
    share: f32,
}

impl Effort {
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, rest: Duration::ZERO, share: 0.0 }
    }

    /// It had nothing to do from then to then.
    pub(super) fn rested(&mut self, from: Instant, to: Instant) {
        self.rest += to.saturating_duration_since(from);
        let window = to.saturating_duration_since(self.since);
        if window >= WINDOW {
            self.share = 1.0 - self.rest.as_secs_f32() / window.as_secs_f32();
            (self.since, self.rest) = (to, Duration::ZERO);
        }
    }

    /// No new room should be opened now.
    pub(super) fn is_spent(&self) -> bool {
        self.share >= SPENT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounds of ten milliseconds with so much rest in each; whether it is spent after them.
    fn after(rest_ms: u64, rounds: u64, effort: &mut Effort, start: Instant) -> bool {
        let at = |ms: u64| start + Duration::from_millis(ms);
        for n in 1..=rounds {
            effort.rested(at(10 * n - rest_ms), at(10 * n));
        }
        effort.is_spent()
    }

    #[test]
    fn a_worker_without_rest_takes_no_more_and_does_again_when_it_rests() {
        let start = Instant::now();
        let mut effort = Effort::new(start);

        assert!(!after(0, 150, &mut effort, start), "a burst is no load");
        assert!(after(0, 210, &mut effort, start));
        assert!(!after(5, 420, &mut effort, start + Duration::from_millis(2_100)));
    }
}
