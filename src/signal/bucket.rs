//! How much one line may say: a bucket of tokens that fills by the clock.

use crate::kernel::Timestamp;

/// `rate` tokens a second, at most `burst` saved up.
#[derive(Debug, Clone)]
pub struct Bucket {
    rate: f64,
    burst: f64,
    level: f64,
    filled_at: Timestamp,
}

impl Bucket {
    /// A full bucket.
    pub fn full(rate: u32, burst: u32, now: Timestamp) -> Self {
        let (rate, burst) = (f64::from(rate), f64::from(burst));
        Self { rate, burst, level: burst, filled_at: now }
    }

    /// Takes one token, if there is one. A clock that went back fills nothing.
    pub fn take(&mut self, now: Timestamp) -> bool {
        let passed = now.since(self.filled_at).as_secs_f64();
        self.filled_at = self.filled_at.max(now);
        self.level = (self.level + passed * self.rate).min(self.burst);
        if self.level < 1.0 {
            return false;
        }
        self.level -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_passes_and_then_only_the_rate() {
        let start = Timestamp::from_millis(0);
        let mut bucket = Bucket::full(20, 60, start);

        let burst = (0..100).filter(|_| bucket.take(start)).count();
        let next_second = (0..100).filter(|_| bucket.take(start.plus(Duration::from_secs(1)))).count();

        assert_eq!((burst, next_second), (60, 20));
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_away() {
        let start = Timestamp::from_millis(10_000);
        let mut bucket = Bucket::full(1, 1, start);

        assert!(bucket.take(start));
        assert!(!bucket.take(Timestamp::from_millis(0)));
        assert!(!bucket.take(start));
    }
}
