//! A bucket that fills with time: how much of something there may be (pure).

use std::time::Instant;

#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    /// One with so much in it.
    pub(super) fn with(left: f64, now: Instant) -> Self {
        Self { left, at: now }
    }

    /// Takes so much out if it is there; `rate` of it comes a second, up to `most`.
    pub(super) fn takes(&mut self, amount: f64, rate: f64, most: f64, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * rate).min(most);
        self.at = now;
        let fits = self.left >= amount;
        if fits {
            self.left -= amount;
        }
        fits
    }

    /// Seconds since it was last asked.
    pub(super) fn idle(&self, now: Instant) -> f64 {
        now.saturating_duration_since(self.at).as_secs_f64()
    }
}
