//! Sums of marks: what the rows of `stats_sums` hold, and how they are read. Pure.
//!
//! A line of a row is one measure of one direction and urgency, and behind it every value with
//! how often it occurred: `response<TAB>up<TAB>urgent<TAB>12 3<TAB>14 1`. A page reads hundreds of
//! thousands of values, so nothing is said twice.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::{calendar::month_of, fact::Fact, marks::marks};

/// What is counted, as a line begins, and the value under which it is.
type Counted = (String, String);

/// What changes on each day, or in each month, of one scope; what is counted goes by its number.
type Buckets = BTreeMap<i64, HashMap<usize, i64>>;

/// Changes that are not written yet, by scope and day. What is counted is held once and goes by its
/// number: it changes in five scopes on many days, thousands of times for each second of folding.
#[derive(Debug, Default)]
pub struct Changes {
    counted: Vec<Counted>,
    numbers: HashMap<Counted, usize>,
    scopes: HashMap<String, Buckets>,
}

impl Changes {
    /// Counts a fact `n` times: once more, or once less.
    pub fn count(&mut self, fact: &Fact, n: i64) {
        for mark in marks(fact) {
            let begins = format!("{}\t{}\t{}", mark.measure, mark.direction, mark.urgency);
            let what = self.number((begins, mark.value));
            let place = &mark.place;
            let houses = if place.facility == place.from { 1 } else { 2 };
            let scopes = [("f:", &place.from), ("f:", &place.facility)].into_iter().take(houses);
            self.add("all", mark.day, what, n * mark.n);
            for (kind, id) in scopes.chain([("d:", &place.department), ("u:", &place.by)]) {
                self.add(&format!("{kind}{id}"), mark.day, what, n * mark.n);
            }
        }
    }

    fn number(&mut self, what: Counted) -> usize {
        if let Some(number) = self.numbers.get(&what) {
            return *number;
        }
        self.counted.push(what.clone());
        self.numbers.insert(what, self.counted.len() - 1);
        self.counted.len() - 1
    }

    fn add(&mut self, scope: &str, day: i64, what: usize, n: i64) {
        if !self.scopes.contains_key(scope) {
            self.scopes.insert(scope.to_owned(), Buckets::default());
        }
        let Some(days) = self.scopes.get_mut(scope) else { return };
        *days.entry(day).or_default().entry(what).or_default() += n;
    }

    /// Every scope with what changes in it, by day and by month.
    pub fn shelves(&self) -> impl Iterator<Item = Shelf<'_>> {
        self.scopes.iter().flat_map(move |(scope, days)| {
            let mut months = Buckets::default();
            for (day, changed) in days {
                let month = months.entry(month_of(*day)).or_default();
                for (what, n) in changed {
                    *month.entry(*what).or_default() += n;
                }
            }
            [(scope.as_str(), "day", self.written(days)), (scope.as_str(), "month", self.written(&months))]
        })
    }

    fn written(&self, buckets: &Buckets) -> BTreeMap<i64, Vec<Change<'_>>> {
        let change = |(what, n): (&usize, &i64)| {
            let (begins, value) = self.counted.get(*what)?;
            Some((begins.as_str(), value.as_str(), *n))
        };
        buckets
            .iter()
            .map(|(bucket, changed)| (*bucket, changed.iter().filter_map(change).collect()))
            .collect()
    }
}

/// How a line begins, a value of it, and how many more.
pub type Change<'a> = (&'a str, &'a str, i64);

/// The scope, `day` or `month`, and what changes on each of them.
pub type Shelf<'a> = (&'a str, &'static str, BTreeMap<i64, Vec<Change<'a>>>);

/// Adds changes to a row as it stands; lines and values come out sorted, without zeros.
pub fn add(row: &str, changes: &[Change<'_>]) -> String {
    let mut all: BTreeMap<&str, BTreeMap<&str, i64>> = BTreeMap::new();
    for (begins, line) in row.lines().filter_map(cut) {
        all.insert(begins, values(line).collect());
    }
    for &(begins, value, n) in changes {
        *all.entry(begins).or_default().entry(value).or_default() += n;
    }
    let mut text = String::with_capacity(row.len());
    for (begins, values) in all {
        let mut told = values.into_iter().filter(|(_, n)| *n != 0).peekable();
        if told.peek().is_none() {
            continue;
        }
        text.push_str(begins);
        for (value, n) in told {
            write!(text, "\t{value} {n}").expect("writing to a String cannot fail");
        }
        text.push('\n');
    }
    text
}

/// A line as how it begins and its values.
fn cut(line: &str) -> Option<(&str, &str)> {
    let (end, _) = line.match_indices('\t').nth(2)?;
    Some((line.get(..end)?, line.get(end + 1..)?))
}

/// Values of a line, each with how often it occurred.
fn values(line: &str) -> impl Iterator<Item = (&str, i64)> {
    line.split('\t')
        .filter_map(|part| part.rsplit_once(' '))
        .map(|(value, n)| (value, n.parse().unwrap_or(0)))
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
    by_value: HashMap<String, HashMap<String, i64>>,
    by_direction: HashMap<(String, String), i64>,
    by_urgency: HashMap<(String, String), i64>,
}

impl Sums {
    /// Takes in one row.
    pub fn take(&mut self, row: &str, filter: &Filter) {
        for (begins, line) in row.lines().filter_map(cut) {
            let mut parts = begins.split('\t');
            let (Some(measure), Some(direction), Some(urgency)) = (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            if !filter.takes(direction, urgency) {
                continue;
            }
            let sums = self.by_value.entry(measure.to_owned()).or_default();
            let mut all = 0;
            for (value, n) in values(line) {
                all += n;
                // Hundreds of thousands for a page: nothing is copied that is there already.
                match sums.get_mut(value) {
                    Some(sum) => *sum += n,
                    None => {
                        sums.insert(value.to_owned(), n);
                    }
                }
            }
            if matches!(measure, "sent" | "in_time" | "too_late") {
                *self.by_direction.entry((measure.to_owned(), direction.to_owned())).or_default() += all;
                *self.by_urgency.entry((measure.to_owned(), urgency.to_owned())).or_default() += all;
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
        let row = add("", &[("sent\tup\turgent", "", 1)]);

        assert_eq!(row, "sent\tup\turgent\t 1\n");
        assert_eq!(add(&row, &[("sent\tup\turgent", "", -1)]), "");
    }

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let row = add("", &[("response\tup\turgent", "14", 1), ("flow\tup\turgent", "fac-1>dep-2", 7)]);
        let row = add(&row, &[("response\tup\turgent", "12", 3), ("response\tdown\troutine", "12", 2)]);

        let mut sums = Sums::default();
        sums.take(&row, &Filter::default());

        assert_eq!(sums.spread("response"), [(12, 5), (14, 1)]);
        assert_eq!(sums.under("flow", "fac-1>dep-2"), 7);
        let up = Filter { direction: Some("up".to_owned()), urgency: None };
        let mut sums = Sums::default();
        sums.take(&row, &up);
        assert_eq!(sums.n("response"), 4);
    }
}
