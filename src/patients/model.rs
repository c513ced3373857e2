//! A person on the alliance's list.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    kernel::{FacilityId, PatientId, Timestamp, Veiled, pinyin},
    words,
};

words! {
    /// The sex, as far as care needs it.
    pub enum Sex {
        /// Male.
        Male = "male",
        /// Female.
        Female = "female",
        /// Not known (yet).
        Unknown = "unknown",
    }
}

words! {
    /// Why there is no identity number.
    pub enum NoIdentity {
        /// Just born.
        Newborn = "newborn",
        /// Brought in unconscious or unidentified.
        Unconscious = "unconscious",
        /// Another document was shown.
        OtherDocument = "other_document",
        /// No document at hand.
        NotAtHand = "not_at_hand",
    }
}

words! {
    /// Who pays.
    pub enum Insurance {
        /// 职工
        Employee = "employee",
        /// 居民
        Resident = "resident",
        /// 自费
        SelfPaid = "self_pay",
        /// 其他
        Other = "other",
    }
}

/// Who speaks for a child or a patient who cannot.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Guardian {
    /// Their name.
    pub name: String,
    /// Their telephone.
    pub phone: Option<String>,
    /// What they are to the patient.
    pub relation: Option<String>,
}

/// Everything known about a person. Lies sealed in the store, as one piece.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// `P-000123`
    pub record_no: String,
    /// The name, as it is.
    pub name: String,
    /// Male, female, unknown.
    #[serde(with = "word")]
    pub sex: Sex,
    /// The day of birth, if known.
    pub born: Option<Date>,
    /// The identity number, if there is one.
    pub identity_number: Option<String>,
    /// `990102********123X`
    pub identity_masked: Option<String>,
    /// Why there is none.
    pub no_identity: Option<String>,
    /// The telephone.
    pub phone: Option<String>,
    /// Where they live.
    pub address: Option<String>,
    /// What they must not be given.
    pub allergies: Vec<String>,
    /// Who speaks for them.
    pub guardian: Option<Guardian>,
    /// Who pays.
    pub insurance: Option<String>,
    /// What else they must not be given, by the record it came from in a merge.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub carried: BTreeMap<String, Vec<String>>,
}

impl Sheet {
    /// What they must not be given, by every record of theirs.
    pub fn all_allergies(&self) -> Vec<String> {
        let mut all = self.allergies.clone();
        for one in self.carried.values().flatten() {
            if !all.contains(one) {
                all.push(one.clone());
            }
        }
        all
    }
}

/// Writes a vocabulary as its word.
mod word {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
    pub fn serialize<S: Serializer>(sex: &super::Sex, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(sex.word())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<super::Sex, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A person on the alliance's list. `Debug` shows the id and nothing else.
#[derive(Debug, Clone)]
pub struct Patient {
    /// Which one.
    pub id: PatientId,
    /// Everything known.
    pub sheet: Veiled<Sheet>,
    /// The facility that entered them.
    pub home: FacilityId,
    /// Its name.
    pub home_name: String,
    /// When they were entered.
    pub created_at: Timestamp,
    /// The record that is kept in this one's place.
    pub merged_into: Option<PatientId>,
    /// Counts changes.
    pub version: i64,
}

/// A facility beside a patient.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Home {
    /// Which one.
    pub id: FacilityId,
    /// Its name.
    pub name: String,
}

/// A patient in a list, on a ring card, beside a consult or referral.
#[derive(Clone, Serialize, ToSchema)]
pub struct PatientBrief {
    /// Which one.
    pub id: PatientId,
    /// `P-000123`
    pub record_no: String,
    /// The name.
    pub name: String,
    /// The name in Latin letters.
    pub pinyin: String,
    /// As far as care needs it.
    #[schema(value_type = Sex)]
    pub sex: &'static str,
    /// `1968-03-12`, if known.
    #[schema(value_type = Option<String>, format = Date)]
    pub birth_date: Option<Date>,
    /// `990102********123X`, if there is one.
    pub identity_masked: Option<String>,
    /// The last four digits of the telephone.
    pub phone_tail: Option<String>,
    /// What they must not be given.
    pub allergies: Vec<String>,
    /// The facility that entered them.
    pub home_facility: Home,
}

impl std::fmt::Debug for PatientBrief {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PatientBrief({})", self.id)
    }
}

/// A patient as the people who treat them see them. The identity number stays masked.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Patient)]
pub struct PatientView {
    /// What every list shows.
    #[serde(flatten)]
    pub brief: PatientBrief,
    /// The telephone.
    pub phone: Option<String>,
    /// Where they live.
    pub address: Option<String>,
    /// Why there is no identity number.
    pub no_id_reason: Option<String>,
    /// Who speaks for them.
    pub guardian: Option<Guardian>,
    /// Who pays.
    pub insurance_type: Option<String>,
    /// The record that is kept in this one's place.
    pub merged_into: Option<PatientId>,
    /// Records of the same person that were merged into this one.
    pub merged: Vec<PatientBrief>,
    /// Counts changes.
    pub version: i64,
    /// When they were entered.
    pub created_at: Timestamp,
}

impl Patient {
    /// For a list.
    pub fn brief(&self) -> PatientBrief {
        let sheet = self.sheet.unveil("a brief for someone whom policy let through");
        let tail = |phone: &String| phone.get(phone.len().saturating_sub(4)..).unwrap_or_default().to_owned();
        PatientBrief {
            id: self.id,
            record_no: sheet.record_no.clone(),
            name: sheet.name.clone(),
            pinyin: pinyin::read_name(&sheet.name).shown(),
            sex: sheet.sex.word(),
            birth_date: sheet.born,
            identity_masked: sheet.identity_masked.clone(),
            phone_tail: sheet.phone.as_ref().map(tail),
            allergies: sheet.all_allergies(),
            home_facility: Home { id: self.home, name: self.home_name.clone() },
        }
    }

    /// For the people who treat them.
    pub fn view(&self) -> PatientView {
        let sheet = self.sheet.unveil("the record of someone whom policy let through");
        PatientView {
            brief: self.brief(),
            phone: sheet.phone.clone(),
            address: sheet.address.clone(),
            no_id_reason: sheet.no_identity.clone(),
            guardian: sheet.guardian.clone(),
            insurance_type: sheet.insurance.clone(),
            merged_into: self.merged_into,
            merged: Vec::new(),
            version: self.version,
            created_at: self.created_at,
        }
    }
}
