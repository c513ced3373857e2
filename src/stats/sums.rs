//! Sums of marks: what the rows of `stats_sums` hold, and how they are read. Pure.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::{calendar::month_of, fact::Fact, marks::marks};

/// Where a row of sums belongs: scope, `day` or `month`, and which.
pub type Shelf<'a> = (&'a str, &'static str, i64);

/// Measure, value, direction, urgency; as they stand in a line.
type Line = String;

/// The shelves of one scope, each with what changes on it.
type Row = HashMap<(&'static str, i64), BTreeMap<Line, i64>>;

/// Changes that are not written yet, by scope.
#[derive(Debug, Default)]
pub struct Changes(HashMap<String, Row>);

impl Changes {
    /// Counts a fact `n` times: once more, or once less.
    pub fn count(&mut self, fact: &Fact, n: i64) {
        for mark in marks(fact) {
            let line = format!("{}\t{}\t{}\t{}", mark.measure, mark.value, mark.direction, mark.urgency);
            let buckets = [("day", mark.day), ("month", month_of(mark.day))];
            let place = &mark.place;
            let houses = if place.facility == place.from { 1 } else { 2 };
            let scopes = [("f:", &place.from), ("f:", &place.facility)].into_iter().take(houses);
            self.add("all", buckets, &line, n * mark.n);
            for (kind, id) in scopes.chain([("d:", &place.department), ("u:", &place.by)]) {
                self.add(&format!("{kind}{id}"), buckets, &line, n * mark.n);
            }
        }
    }

    // Thousands of times for each second of folding: nothing is copied that is there already.
    fn add(&mut self, scope: &str, buckets: [(&'static str, i64); 2], line: &str, n: i64) {
        if !self.0.contains_key(scope) {
            self.0.insert(scope.to_owned(), Row::default());
        }
        let Some(row) = self.0.get_mut(scope) else { return };
        for bucket in buckets {
            let lines = row.entry(bucket).or_default();
            match lines.get_mut(line) {
                Some(sum) => *sum += n,
                None => {
                    lines.insert(line.to_owned(), n);
                }
            }
        }
    }

    /// Scope, grain, bucket and what changes there.
    pub fn shelves(&self) -> impl Iterator<Item = (&str, &'static str, i64, &BTreeMap<Line, i64>)> {
        self.0.iter().flat_map(|(scope, row)| {
            row.iter().map(move |((grain, bucket), lines)| (scope.as_str(), *grain, *bucket, lines))
        })
    }
}

/// Adds changes to a row as it stands; the lines come out sorted, without zeros.
pub fn add(row: &str, changes: &BTreeMap<Line, i64>) -> String {
    let mut all: BTreeMap<&str, i64> =
        row.lines().filter_map(|line| line.rsplit_once('\t')).fold(BTreeMap::new(), |mut all, (line, n)| {
            *all.entry(line).or_default() += n.parse::<i64>().unwrap_or(0);
            all
        });
    for (line, n) in changes {
        *all.entry(line).or_default() += n;
    }
    let mut text = String::new();
    for (line, n) in all.iter().filter(|(_, n)| **n != 0) {
        writeln!(text, "{line}\t{n}").expect("writing to a String cannot fail");
    }
    text
}

/// Which lines are wanted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// One direction; consults have none and always count.
    pub direction: Option<String>,
    /// One urgency.
    pub urgency: Option<String>,
}

impl Filter {
    /// True if a line of this direction and urgency counts.
    pub fn takes(&self, direction: &str, urgency: &str) -> bool {
        let fits = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|w| w == is);
        (direction.is_empty() || fits(&self.direction, direction)) && fits(&self.urgency, urgency)
    }
}

/// Sums of some rows, ready to be asked.
#[derive(Debug, Clone, Default)]
pub struct Sums {
    by_value: HashMap<String, BTreeMap<String, i64>>,
    by_direction: HashMap<(String, String), i64>,
    by_urgency: HashMap<(String, String), i64>,
}

impl Sums {
    /// Takes in one row.
    pub fn take(&mut self, row: &str, filter: &Filter) {
        for line in row.lines() {
            let mut parts = line.split('\t');
            let (Some(measure), Some(value), Some(direction), Some(urgency), Some(n)) =
                (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            if !filter.takes(direction, urgency) {
                continue;
            }
            let n: i64 = n.parse().unwrap_or(0);
            match self.by_value.get_mut(measure) {
                // Tens of thousands of lines for a page: nothing is copied that is there already.
                Some(values) => match values.get_mut(value) {
                    Some(sum) => *sum += n,
                    None => {
                        values.insert(value.to_owned(), n);
                    }
                },
                None => {
                    self.by_value.insert(measure.to_owned(), BTreeMap::from([(value.to_owned(), n)]));
                }
            }
            if matches!(measure, "sent" | "in_time" | "too_late") {
                *self.by_direction.entry((measure.to_owned(), direction.to_owned())).or_default() += n;
                *self.by_urgency.entry((measure.to_owned(), urgency.to_owned())).or_default() += n;
            }
        }
    }

    /// How many in all.
    pub fn n(&self, measure: &str) -> i64 {
        self.by_value.get(measure).map_or(0, |values| values.values().sum())
    }

    /// How many under one heading.
    pub fn under(&self, measure: &str, value: &str) -> i64 {
        self.by_value.get(measure).and_then(|values| values.get(value)).copied().unwrap_or(0)
    }

    /// How many of one direction.
    pub fn going(&self, measure: &str, direction: &str) -> i64 {
        self.by_direction.get(&(measure.to_owned(), direction.to_owned())).copied().unwrap_or(0)
    }

    /// How many of one urgency.
    pub fn as_urgent(&self, measure: &str, urgency: &str) -> i64 {
        self.by_urgency.get(&(measure.to_owned(), urgency.to_owned())).copied().unwrap_or(0)
    }

    /// Every heading with its count, the largest first.
    pub fn headings(&self, measure: &str) -> Vec<(String, i64)> {
        let mut all: Vec<(String, i64)> = self
            .by_value
            .get(measure)
            .into_iter()
            .flatten()
            .filter(|(_, n)| **n != 0)
            .map(|(value, n)| (value.clone(), *n))
            .collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all
    }

    /// Numbers with how often each occurred, the smallest first.
    pub fn spread(&self, measure: &str) -> Vec<(i64, i64)> {
        let mut all: Vec<(i64, i64)> = self
            .by_value
            .get(measure)
            .into_iter()
            .flatten()
            .filter_map(|(value, n)| Some((value.parse().ok()?, *n)))
            .collect();
        all.sort_unstable();
        all
    }
}

/// The middle of a spread; between two middles, half-way.
pub fn median(spread: &[(i64, i64)]) -> Option<f64> {
    let n: i64 = spread.iter().map(|(_, n)| n).sum();
    if n == 0 {
        return None;
    }
    let (low, high) = (nth(spread, (n - 1) / 2)?, nth(spread, n / 2)?);
    Some((low + high) as f64 / 2.0)
}

/// The smallest value that nine of ten do not exceed.
pub fn ninth(spread: &[(i64, i64)]) -> Option<f64> {
    let n: i64 = spread.iter().map(|(_, n)| n).sum();
    if n == 0 { None } else { Some(nth(spread, (9 * n + 9) / 10 - 1)? as f64) }
}

fn nth(spread: &[(i64, i64)], mut k: i64) -> Option<i64> {
    for (value, n) in spread {
        if k < *n {
            return Some(*value);
        }
        k -= n;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_ninth_of_ten_are_found_in_a_spread() {
        assert_eq!(median(&[(1, 2), (5, 1)]), Some(1.0));
        assert_eq!(median(&[(1, 1), (4, 1)]), Some(2.5));
        assert_eq!(median(&[]), None);
        assert_eq!(ninth(&[(1, 9), (7, 1)]), Some(1.0));
        assert_eq!(ninth(&[(1, 8), (7, 2)]), Some(7.0));
        assert_eq!(ninth(&[(3, 1)]), Some(3.0));
    }

    #[test]
    fn what_is_added_and_taken_away_leaves_no_line() {
        let one = BTreeMap::from([("sent\t\tup\turgent".to_owned(), 1)]);
        let less = BTreeMap::from([("sent\t\tup\turgent".to_owned(), -1)]);

        let row = add("", &one);

        assert_eq!(row, "sent\t\tup\turgent\t1\n");
        assert_eq!(add(&row, &less), "");
    }
}
