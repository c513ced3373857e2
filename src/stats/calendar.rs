//! Days and months of the clinics' calendar, which has one time zone: UTC+8. Pure.

use jiff::{ToSpan, civil::Date};

use crate::kernel::Timestamp;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const ZONE_MS: i64 = 8 * 60 * 60 * 1000;
const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// The day on which a moment lies, counted from 1970-01-01.
pub fn day_of(millis: i64) -> i64 {
    (millis + ZONE_MS).div_euclid(DAY_MS)
}

/// The moment at which a day begins.
pub fn begins(day: i64) -> Timestamp {
    Timestamp::from_millis(day * DAY_MS - ZONE_MS)
}

/// The date of a day.
pub fn date(day: i64) -> Date {
    EPOCH.checked_add(day.days()).unwrap_or(Date::MAX)
}

/// The day of a date.
pub fn day(date: Date) -> i64 {
    (date - EPOCH).get_days().into()
}

/// The month in which a day lies: `year * 12 + month - 1`.
pub fn month_of(day: i64) -> i64 {
    let date = date(day);
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

/// The first day of a month.
pub fn first_day(month: i64) -> i64 {
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    Date::new(year as i16, month as i8, 1).map_or(0, day)
}

/// Some days, from the first up to, and without, the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: i64,
    /// The day after the last.
    pub to: i64,
}

impl Period {
    /// From one date up to, and without, another.
    pub fn between(from: Date, to: Date) -> Option<Self> {
        let (from, to) = (day(from), day(to));
        (from < to).then_some(Self { from, to })
    }

    /// The month in which a moment lies.
    pub fn month_at(at: Timestamp) -> Self {
        let month = month_of(day_of(at.millis()));
        Self { from: first_day(month), to: first_day(month + 1) }
    }

    /// True if it is made of whole months.
    fn months(self) -> Option<i64> {
        let (from, to) = (month_of(self.from), month_of(self.to));
        (first_day(from) == self.from && first_day(to) == self.to).then_some(to - from)
    }

    /// The period of the same length just before; whole months are followed by whole months.
    pub fn before(self) -> Self {
        match self.months() {
            Some(n) => Self { from: first_day(month_of(self.from) - n), to: self.from },
            None => Self { from: 2 * self.from - self.to, to: self.from },
        }
    }

    /// The same days a year earlier.
    pub fn year_before(self) -> Self {
        let back = |at: i64| date(at).checked_sub(1.year()).map_or(at, day);
        let (from, to) = (back(self.from), back(self.to));
        Self { from, to: to.max(from + 1) }
    }

    /// Whole months to read as such, and the days around them.
    pub fn pieces(self) -> Pieces {
        let mut first = month_of(self.from);
        if first_day(first) < self.from {
            first += 1;
        }
        let last = month_of(self.to);
        if first >= last {
            return Pieces { days: [(self.from, self.to), (0, 0)], months: (0, 0) };
        }
        Pieces { days: [(self.from, first_day(first)), (first_day(last), self.to)], months: (first, last) }
    }
}

/// What has to be read for a period; every pair is half open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pieces {
    /// Days before the first and after the last whole month.
    pub days: [(i64, i64); 2],
    /// Whole months.
    pub months: (i64, i64),
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as ymd;

    fn period(from: Date, to: Date) -> Period {
        Period::between(from, to).unwrap()
    }

    #[test]
    fn a_day_ends_at_midnight_in_the_clinics_zone() {
        let late: Timestamp = "2026-03-01T23:59:59.999+08:00".parse().unwrap();
        let early: Timestamp = "2026-03-02T00:00:00+08:00".parse().unwrap();

        assert_eq!(date(day_of(late.millis())), ymd(2026, 3, 1));
        assert_eq!(date(day_of(early.millis())), ymd(2026, 3, 2));
        assert_eq!(begins(day(ymd(2026, 3, 2))), early);
    }

    #[test]
    fn a_month_is_compared_with_the_month_before_and_a_week_with_a_week() {
        assert_eq!(
            period(ymd(2026, 3, 1), ymd(2026, 4, 1)).before(),
            period(ymd(2026, 2, 1), ymd(2026, 3, 1))
        );
        assert_eq!(
            period(ymd(2026, 3, 10), ymd(2026, 3, 17)).before(),
            period(ymd(2026, 3, 3), ymd(2026, 3, 10))
        );
        assert_eq!(
            period(ymd(2026, 3, 1), ymd(2026, 4, 1)).year_before(),
            period(ymd(2025, 3, 1), ymd(2025, 4, 1))
        );
    }

    #[test]
    fn a_period_is_read_as_whole_months_and_the_days_around_them() {
        let pieces = period(ymd(2026, 1, 20), ymd(2026, 4, 5)).pieces();

        assert_eq!(pieces.days[0], (day(ymd(2026, 1, 20)), day(ymd(2026, 2, 1))));
        assert_eq!(pieces.days[1], (day(ymd(2026, 4, 1)), day(ymd(2026, 4, 5))));
        assert_eq!(pieces.months, (2026 * 12 + 1, 2026 * 12 + 3));
        let week = period(ymd(2026, 1, 20), ymd(2026, 1, 27)).pieces();
        assert_eq!((week.days[0], week.months), ((day(ymd(2026, 1, 20)), day(ymd(2026, 1, 27))), (0, 0)));
    }
}
