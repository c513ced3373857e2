//! Phrases and who owns them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{kernel::Note, words};

words! {
    /// Where in a letter a phrase belongs.
    pub enum PhrasePlace {
        /// Why the patient is sent.
        Reason = "reason",
        /// What happened.
        Illness = "illness",
        /// What was done.
        Treated = "treated",
    }
}

/// A phrase. `＿` stands where something is still to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Phrase {
    /// Where it belongs.
    pub place: PhrasePlace,
    /// The coded reason that goes with a reason.
    #[serde(default)]
    pub reason_code: Option<String>,
    /// Its words.
    pub text: Note,
}

/// The phrases a writer is offered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Phrases {
    /// The writer's own.
    pub mine: Vec<Phrase>,
    /// Those of the department that is written to; those that come with the program while it has none.
    pub department: Vec<Phrase>,
    /// Whether the caller may change the department's.
    pub may_change: bool,
}

/// The phrases that come with the program.
pub fn starters() -> Vec<Phrase> {
    include_str!("starters.txt")
        .lines()
        .filter_map(|line| {
            let mut parts = line.splitn(3, '\t');
            let (place, code, text) = (parts.next()?, parts.next()?, parts.next()?);
            let reason_code = (!code.is_empty()).then(|| code.to_owned());
            Some(Phrase { place: place.parse().ok()?, reason_code, text: Note::new(text).ok()? })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_starters_is_a_phrase_and_few_enough_for_the_number_keys() {
        let all = starters();

        assert_eq!(all.len(), include_str!("starters.txt").lines().count());
        for place in [PhrasePlace::Reason, PhrasePlace::Illness, PhrasePlace::Treated] {
            let here = all.iter().filter(|one| one.place == place).count();
            assert!((1..=9).contains(&here), "{place}: {here}");
        }
    }
}
