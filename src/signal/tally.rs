//! What a call was like for one seat, added up while it lasts. Pure.

use super::protocol::Route;
use crate::{
    consult::CallReport,
    kernel::Timestamp,
    media::{Line, Share},
};

/// The sums of one seat.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    setup_ms: Option<u64>,
    looks: u32,
    voice_only: u32,
    loss_pm: u64,
    breaks: u32,
    route: Option<Route>,
}

impl Tally {
    /// Media can flow, so long after the offer.
    pub fn connected(&mut self, ms: u64) {
        self.setup_ms = self.setup_ms.or(Some(ms));
    }

    /// Media broke off.
    pub fn lost(&mut self) {
        self.breaks += 1;
    }

    /// The relay looked at the line.
    pub fn look(&mut self, line: &Line) {
        self.looks += 1;
        self.voice_only += u32::from(line.share == Share::Voice);
        let worse = line.loss_up.unwrap_or(0.0).max(line.loss_down.unwrap_or(0.0));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 0 to 1")]
        let permille = (worse.clamp(0.0, 1.0) * 1_000.0) as u64;
        self.loss_pm += permille;
    }

    /// The browser says which way its media takes.
    pub fn goes_by(&mut self, route: Route) {
        self.route = Some(route);
    }

    /// What the call was like from `since` until `now`.
    pub fn report(&self, since: Timestamp, now: Timestamp) -> CallReport {
        let seconds = i64::try_from(now.since(since).as_secs()).unwrap_or(i64::MAX);
        let looks = i64::from(self.looks);
        let of_looks = |n: i64| if looks == 0 { 0 } else { n / looks };
        CallReport {
            setup_ms: self.setup_ms.and_then(|ms| i64::try_from(ms).ok()),
            route: self.route.map(Route::word),
            seconds,
            voice_only_s: of_looks(seconds * i64::from(self.voice_only)),
            loss_pm: of_looks(i64::try_from(self.loss_pm).unwrap_or(i64::MAX)),
            breaks: i64::from(self.breaks),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOON: Timestamp = Timestamp::from_millis(43_200_000);

    #[test]
    fn a_call_is_told_in_seconds_shares_and_breaks() {
        let mut tally = Tally::default();
        tally.connected(640);
        tally.connected(90);
        tally.goes_by(Route::Tcp);
        tally.lost();
        for (share, loss) in
            [(Share::Full, 0.0), (Share::Full, 0.02), (Share::Voice, 0.3), (Share::Half, 0.08)]
        {
            tally.look(&Line { share, loss_up: Some(loss), ..Line::default() });
        }

        let report = tally.report(NOON, NOON.plus(Duration::from_secs(80)));

        assert_eq!((report.setup_ms, report.route, report.breaks), (Some(640), Some("tcp"), 1));
        assert_eq!((report.seconds, report.voice_only_s, report.loss_pm), (80, 20, 100));
    }

    #[test]
    fn a_call_nobody_looked_at_has_no_shares() {
        let report = Tally::default().report(NOON, NOON);

        assert_eq!((report.setup_ms, report.seconds, report.voice_only_s, report.loss_pm), (None, 0, 0, 0));
    }
}
