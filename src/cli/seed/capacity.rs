//! The times and beds of the demo's city hospital, for the week that begins now.

use std::time::Duration;

use serde_json::{Value, json};

use super::people::Town;
use super::play::{Refused, Stage};
use crate::kernel::Timestamp;

const HOSPITAL: &str = "云堤市第一人民医院";
const DESK: &str = "宋知微";
const DAY: Duration = Duration::from_hours(24);
const HALF_HOUR: Duration = Duration::from_mins(30);
/// Midnight of the clinics stands so many milliseconds before the one of UTC.
const ZONE_MS: i64 = 8 * 3_600_000;

/// The desk plans a week of mornings and counts its beds, department by department.
pub async fn plan(stage: &mut Stage<'_>, town: &Town, now: Timestamp) -> Vec<Refused> {
    let desk = town.by_name[DESK];
    let midnight = midnight(now);
    let mut refused = Vec::new();
    for (number, (_, department)) in town.place(HOSPITAL).departments.iter().enumerate() {
        let slots = json!({ "from": midnight, "until": midnight.plus(DAY * 7), "slots": mornings(midnight) });
        let total = 12 + 4 * (number as i64 % 4);
        let beds = json!({ "beds": [
            { "kind": "普通病床", "total": total, "free": number as i64 % 5 },
            { "kind": "监护床", "total": 6, "free": (number as i64 + 1) % 3 },
        ] });
        for (what, form) in [("slots", slots), ("beds", beds)] {
            let path = format!("/departments/{department}/{what}");
            let headers = [("content-type", "application/json")];
            let body = form.to_string().into_bytes();
            refused.extend(stage.ask(desk, ("PUT", &path), &headers, body).await.err());
        }
    }
    refused
}

/// Seven mornings from 8:00 on, half an hour and three patients each.
fn mornings(midnight: Timestamp) -> Vec<Value> {
    let eight = Duration::from_hours(8);
    let days = (0..7).map(|day| midnight.plus(DAY * day + eight));
    days.flat_map(|morning| {
        (0..7).map(move |n| {
            let start = morning.plus(HALF_HOUR * n);
            json!({ "start": start, "end": start.plus(HALF_HOUR), "capacity": 3 })
        })
    })
    .collect()
}

/// The coming midnight of the clinics.
fn midnight(now: Timestamp) -> Timestamp {
    let day_ms = i64::try_from(DAY.as_millis()).unwrap_or(1);
    let day = (now.millis() + ZONE_MS).div_euclid(day_ms) + 1;
    Timestamp::from_millis(day * day_ms - ZONE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_of_mornings_begins_on_the_next_day_of_the_clinics() {
        // 2026-03-02 02:00 UTC is ten in the morning there.
        let next = midnight(Timestamp::from_millis(1_772_416_800_000));

        assert_eq!(next, Timestamp::from_millis(1_772_467_200_000));
        assert_eq!(mornings(next).len(), 49);
        assert_eq!(mornings(next)[0]["start"], json!(Timestamp::from_millis(1_772_496_000_000)));
    }
}
