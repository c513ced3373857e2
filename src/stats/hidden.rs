//! What is not told about other houses: a number between one and four may be a person. Pure.

use super::figures::Figure;

/// From so many on a number is told everywhere.
pub const TOLD: i64 = 5;

/// A number with its heading; nothing if it is not told.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Heading {
    /// A code or an id.
    pub key: String,
    /// How many, or nothing: fewer than five, and not of one's own house.
    pub n: Option<i64>,
}

fn is_small(n: i64) -> bool {
    0 < n && n < TOLD
}

/// A figure as those outside the house may see it.
pub fn figure(mut figure: Figure) -> Figure {
    let n = figure.n.unwrap_or(0);
    let rest = figure.of.map_or(0, |of| of - n);
    // What is left over tells as much as what is counted.
    let parts = figure.of.is_some() && figure.unit == super::figures::Unit::Share;
    if is_small(n) || figure.of.is_some_and(is_small) || (parts && is_small(rest)) {
        (figure.hidden, figure.value, figure.n, figure.of, figure.few) = (true, None, None, None, false);
    }
    figure
}

/// Headings whose numbers add up to a number that is told: if only one of them is small, the
/// next smallest goes with it, or the small one could be worked out.
pub fn headings(all: Vec<(String, i64)>) -> Vec<Heading> {
    let mut shut: Vec<bool> = all.iter().map(|(_, n)| is_small(*n)).collect();
    if shut.iter().filter(|shut| **shut).count() == 1 {
        let next = all.iter().enumerate().filter(|(n, (_, count))| !shut[*n] && *count > 0);
        if let Some((next, _)) = next.min_by_key(|(_, (_, n))| *n) {
            shut[next] = true;
        }
    }
    all.into_iter().zip(shut).map(|((key, n), shut)| Heading { key, n: (!shut).then_some(n) }).collect()
}

/// Headings as one's own house sees them.
pub fn open(all: Vec<(String, i64)>) -> Vec<Heading> {
    all.into_iter().map(|(key, n)| Heading { key, n: Some(n) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::figures::{Members, figures};
    use crate::stats::sums::{Filter, Sums};
    use proptest::prelude::*;

    #[test]
    fn a_single_small_number_takes_the_next_one_with_it() {
        let all = vec![("a".to_owned(), 40), ("b".to_owned(), 9), ("c".to_owned(), 2)];

        let told: Vec<_> = headings(all).into_iter().map(|heading| heading.n).collect();

        assert_eq!(told, [Some(40), None, None]);
    }

    proptest! {
        #[test]
        fn nothing_that_is_told_lies_between_one_and_four(
            counts in proptest::collection::vec(0_i64..12, 40),
        ) {
            let measures = [
                "sent", "in_time", "too_late", "leg", "rejection", "arrived", "loop_closed", "no_show", "kept",
                "consult", "consult_answered", "opinion", "adopted", "asked_for", "left_out", "stays", "avoided",
            ];
            let lines: String = counts
                .iter()
                .enumerate()
                .map(|(n, count)| format!("{}\tup\turgent\t {count}\n", measures[n % measures.len()]))
                .collect();
            let mut sums = Sums::default();
            sums.take(&lines, &Filter::default());

            for told in figures(&sums, Members::default()).into_iter().map(figure) {
                for number in [told.n, told.of].into_iter().flatten() {
                    prop_assert!(!(1..5).contains(&number), "{told:?}");
                }
            }
        }

        #[test]
        fn a_hidden_heading_cannot_be_worked_out_from_the_whole(
            counts in proptest::collection::vec(0_i64..20, 1..8),
        ) {
            let all: Vec<_> = counts.iter().enumerate().map(|(n, count)| (n.to_string(), *count)).collect();
            let shut: Vec<_> = headings(all).into_iter().filter(|heading| heading.n.is_none()).collect();
            let others = counts.iter().filter(|count| **count > 0).count() > 1;
            prop_assert!(!(shut.len() == 1 && others));
        }
    }
}
