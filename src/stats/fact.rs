//! A fact: one referral or consult as far as the figures need it. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    consulted::Consulted,
    sent::{Sent, Word},
};
use crate::journal::Recorded;

/// Who asks, and whom.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The facility that asks.
    pub from: String,
    /// The doctor who answers for it.
    pub by: String,
    /// The facility that is asked.
    pub facility: String,
    /// The department that is asked.
    pub department: String,
}

/// One record, as counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fact {
    /// A referral.
    Referral(Box<Sent>),
    /// A consult.
    Consult(Box<Consulted>),
    /// Somebody took the figures along.
    Export(Export),
}

/// An export of the figures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Export {
    /// Who, and for which facility.
    pub place: Place,
    /// When.
    pub at: i64,
    /// Seconds from opening the page.
    pub seconds: Option<i64>,
}

/// What the journal calls an export.
pub const EXPORTED: &str = "statistics.export";

/// A patient who is sent up so soon after going home, or after a call that said to stay, tells something.
pub const RETURN_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// The same for a call.
pub const AVOIDED_MS: i64 = 14 * 24 * 60 * 60 * 1000;

impl Fact {
    /// The fact that an entry folds into, before its first, and under which id.
    pub fn of(entry: &Recorded) -> Option<(String, Self)> {
        match (entry.entity_type.as_str(), entry.action.as_str()) {
            ("referral", _) => Some((entry.entity_id.clone(), Self::Referral(Box::default()))),
            ("consult", _) => Some((entry.entity_id.clone(), Self::Consult(Box::default()))),
            ("list", EXPORTED) => Some((format!("exp-{}", entry.seq), Self::Export(Export::default()))),
            _ => None,
        }
    }

    /// Takes in one entry; says what it means for other records.
    pub fn take(&mut self, entry: &Recorded) -> Vec<Word> {
        match self {
            Self::Referral(sent) => sent.take(entry),
            Self::Consult(consulted) => {
                consulted.take(entry);
                Vec::new()
            }
            Self::Export(export) => {
                let house = entry.facility.clone().unwrap_or_default();
                export.place = Place {
                    from: house.clone(),
                    by: entry.actor.clone(),
                    facility: house,
                    ..Place::default()
                };
                export.at = entry.at.millis();
                export.seconds = entry.payload["seconds"].as_i64();
                Vec::new()
            }
        }
    }

    /// The letter up that this is, if one was sent: to which department, and when.
    pub fn up(&self) -> Option<(&str, i64)> {
        let Self::Referral(sent) = self else { return None };
        let first = sent.legs.first().filter(|_| sent.direction == "up")?;
        Some((&first.department, sent.sent?))
    }

    /// Forgets which letters up were heard of, to hear of this person's anew.
    pub fn unpair(&mut self) {
        match self {
            Self::Referral(sent) => sent.returned = None,
            Self::Consult(consulted) => consulted.sent_up = false,
            Self::Export(_) => {}
        }
    }

    /// Takes in what an entry of another record means for this one.
    pub fn hear(&mut self, word: &Word) {
        match (self, word) {
            (Self::Referral(sent), Word::Back { at, .. }) => sent.back = sent.back.or(Some(*at)),
            (Self::Referral(sent), Word::Up { at, .. }) if sent.direction == "down" => {
                let soon = sent.sent.is_some_and(|before| before < *at && at - before <= RETURN_MS);
                if soon {
                    sent.returned = sent.returned.or(Some(*at));
                }
            }
            (Self::Consult(consulted), Word::FromConsult { .. }) => consulted.referred = true,
            (Self::Consult(consulted), Word::Up { department, at, .. }) => {
                let same = consulted.place.department == *department;
                let soon = consulted.closed.is_some_and(|end| end <= *at && at - end <= AVOIDED_MS);
                consulted.sent_up |= same && soon;
            }
            (Self::Referral(_), Word::FromConsult { .. } | Word::Up { .. })
            | (Self::Consult(_), Word::Back { .. })
            | (Self::Export(_), _) => {}
        }
    }

    /// The word for its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Referral(_) => "referral",
            Self::Consult(_) => "consult",
            Self::Export(_) => "export",
        }
    }

    /// Where it is placed.
    pub fn place(&self) -> &Place {
        match self {
            Self::Referral(sent) => &sent.place,
            Self::Consult(consulted) => &consulted.place,
            Self::Export(export) => &export.place,
        }
    }

    /// Whom it is about.
    pub fn patient(&self) -> &str {
        match self {
            Self::Referral(sent) => &sent.patient,
            Self::Consult(consulted) => &consulted.patient,
            Self::Export(_) => "",
        }
    }

    /// Which way it goes; a consult goes none.
    pub fn direction(&self) -> &str {
        match self {
            Self::Referral(sent) => &sent.direction,
            Self::Consult(_) | Self::Export(_) => "",
        }
    }

    /// Where it stands.
    pub fn state(&self) -> &str {
        match self {
            Self::Referral(sent) => &sent.state,
            Self::Consult(consulted) => &consulted.state,
            Self::Export(_) => "",
        }
    }

    /// How urgent it is.
    pub fn urgency(&self) -> &str {
        match self {
            Self::Referral(sent) => &sent.urgency,
            Self::Consult(consulted) => &consulted.urgency,
            Self::Export(_) => "",
        }
    }

    /// When it was sent.
    pub fn sent(&self) -> Option<i64> {
        match self {
            Self::Referral(sent) => sent.sent,
            Self::Consult(consulted) => consulted.sent,
            Self::Export(export) => Some(export.at),
        }
    }

    /// True while a letter waits for its first answer.
    pub fn waits(&self) -> bool {
        match self {
            Self::Referral(sent) => sent.waits(),
            Self::Consult(_) | Self::Export(_) => false,
        }
    }
}

/// A text of an entry's payload; empty if it is not there.
pub fn text(said: &Value, name: &str) -> String {
    said[name].as_str().unwrap_or_default().to_owned()
}

/// An id of an entry's payload, if it is there.
pub fn id(said: &Value, name: &str) -> Option<String> {
    said[name].as_str().map(str::to_owned)
}
