//! Typed ids: a UUIDv7 in text form with a tag, legal as a FHIR id.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Dice, DiceExt, Timestamp};

/// A text that is not an id of the wanted kind.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an id of kind {wanted}")]
pub struct NotAnId {
    /// The tag that was expected, such as `ref`.
    pub wanted: &'static str,
}

/// Declares an id: a UUIDv7 that knows what it names, so that a patient can never be
/// passed where a referral is meant, and a log line says which of the two it shows.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident = $tag:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// Draws a fresh id. Ids sort by birth, which page cursors rely on.
            pub fn draw(now: Timestamp, dice: &dyn Dice) -> Self {
                let tail = dice.bytes::<10>();
                let millis = u64::try_from(now.millis()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($tag, "-{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let bare = text.strip_prefix(concat!($tag, "-")).ok_or(NotAnId { wanted: $tag })?;
                if bare.len() != 32 {
                    return Err(NotAnId { wanted: $tag });
                }
                uuid::Uuid::try_parse(bare).map(Self).map_err(|_| NotAnId { wanted: $tag })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                super::shape::text_like(concat!("^", $tag, "-[0-9a-f]{32}$"))
            }
        }

        impl utoipa::ToSchema for $name {}

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(/// One hospital, township clinic or other place of care.
    FacilityId = "fac");
id!(/// One department of a facility.
    DepartmentId = "dep");
id!(/// One person who can sign in.
    UserId = "usr");
id!(/// One signed-in browser.
    SessionId = "ses");
id!(/// One duty shift of one person.
    ShiftId = "shf");
id!(/// One stretch of time in which a person is away.
    AbsenceId = "abs");
id!(/// One patient, as this alliance knows them.
    PatientId = "pat");
id!(/// One remote consultation.
    ConsultId = "con");
id!(/// One ring of one person for one consult.
    RingId = "rng");
id!(/// One seat that a person took in a consult.
    ParticipantId = "par");
id!(/// One chat message.
    MessageId = "msg");
id!(/// One version of a signed opinion.
    OpinionId = "opi");
id!(/// One consent of a patient or guardian.
    ConsentId = "cns");
id!(/// One file, stored once.
    AttachmentId = "att");
id!(/// One place where a file is linked.
    LinkId = "lnk");
id!(/// One referral, from draft to closure.
    ReferralId = "ref");
id!(/// One stretch of a referral towards one target.
    LegId = "leg");
id!(/// One stretch of time in which a department sees patients.
    SlotId = "slt");
id!(/// The beds of one kind in a department.
    BedPoolId = "bed");
id!(/// One address that other systems are told at.
    HookId = "hok");
id!(/// One message to such an address.
    DeliveryId = "dlv");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::LoadedDice;

    #[test]
    fn an_id_names_its_kind_and_no_other_kind_takes_it() {
        let id = PatientId::draw(Timestamp::from_millis(1_763_776_800_123), &LoadedDice::new(1));

        let text = id.to_string();

        assert!(text.starts_with("pat-"));
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.parse::<ReferralId>(), Err(NotAnId { wanted: "ref" }));
    }

    #[test]
    fn ids_sort_by_birth() {
        let dice = LoadedDice::new(7);
        let older = ConsultId::draw(Timestamp::from_millis(1_000), &dice);
        let newer = ConsultId::draw(Timestamp::from_millis(2_000), &dice);

        assert!(older < newer);
        assert!(older.to_string() < newer.to_string());
    }
}
