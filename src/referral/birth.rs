//! How a letter comes into the world: begun by hand, from a consult, or by another letter.

use serde_json::json;

use super::{
    around,
    ask::{Ask, Wrong},
    chain,
    commands::entry_of,
    edit::transport_state,
    error::Error,
    guards::{department, needed},
    model::{AnswerClock, Direction, Last, Leg, Letter, Referral, Urgency},
    moves::{By, Moved},
    state::{Action, State},
    store,
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    journal,
    kernel::{ConsultId, DepartmentId, FacilityId, LegId, PatientId, ReferralId, Timestamp, UserId},
    store::{StoreError, WriteTx},
};

/// How a referral comes into the world.
#[derive(Debug, Clone)]
pub struct Birth {
    /// Whom it is about.
    pub patient: PatientId,
    /// Which way.
    pub direction: Direction,
    /// How urgent.
    pub urgency: Urgency,
    /// Who sends.
    pub from: (FacilityId, Option<DepartmentId>, UserId),
    /// Whom it asks.
    pub to: (FacilityId, DepartmentId),
    /// What is known already.
    pub letter: Letter,
    /// The referral it continues, and whether it is that one's way back.
    pub parent: Option<(ReferralId, ReferralId, bool)>,
    /// The consult it comes from.
    pub consult: Option<ConsultId>,
}

/// Writes a fresh draft.
pub(super) async fn born(
    ctx: &Ctx,
    tx: &mut WriteTx,
    birth: Birth,
    by: UserId,
    at: Timestamp,
) -> Result<Referral, Error> {
    if birth.from.0 == birth.to.0 {
        return Err(Error::Form(vec![Wrong { field: "to_department".to_owned(), code: "own_house" }]));
    }
    let id = ReferralId::draw(at, &*ctx.dice);
    let leg = Leg::towards(LegId::draw(at, &*ctx.dice), 1, birth.to, State::Draft);
    let referral = Referral {
        id,
        no: number(tx, birth.direction, at).await?,
        chain: birth.parent.map_or(id, |(_, chain, _)| chain),
        parent: birth.parent.map(|(parent, _, _)| parent),
        is_return: birth.parent.is_some_and(|(_, _, back)| back),
        source_consult: birth.consult,
        direction: birth.direction,
        patient: birth.patient,
        from_facility: birth.from.0,
        from_department: birth.from.1,
        from_user: birth.from.2,
        created_at: at,
        created_by: by,
        urgency: birth.urgency,
        transport_state: transport_state(&birth.letter),
        plan_ends_at: birth.letter.follow_up_due,
        letter: birth.letter,
        snapshot: None,
        state: State::Draft,
        state_since: at,
        last: Last { action: None, by: Some(by), at },
        leg,
        submitted_at: None,
        answer: AnswerClock::default(),
        assigned_to: None,
        deadline_at: None,
        accepted_at: None,
        arrived_at: None,
        auto_accepted: false,
        unacknowledged: false,
        outcome: None,
        end_reason: None,
        version: 1,
    };
    store::insert(tx, ctx, &referral).await?;
    Ok(referral)
}

/// `UP-2026-000123`: counted for each direction and each year of the clinics' calendar.
pub(super) async fn number(
    tx: &mut WriteTx,
    direction: Direction,
    at: Timestamp,
) -> Result<String, StoreError> {
    let year = year_of(at);
    let n = tx.next_number(&format!("referral.{direction}.{year}")).await?;
    Ok(written(direction, year, &n.to_string()))
}

/// A number as people say it; `n` are its last digits.
pub(super) fn written(direction: Direction, year: i16, n: &str) -> String {
    let prefix = match direction {
        Direction::Up => "UP",
        Direction::Down => "DN",
        Direction::Peer => "PR",
    };
    format!("{prefix}-{year}-{n:0>6}")
}

/// The year of the clinics' calendar, which has one time zone: UTC+8.
pub(super) fn year_of(at: Timestamp) -> i16 {
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
    jiff::Timestamp::from_millisecond(at.millis()).map_or(0, |moment| zone.to_datetime(moment).year())
}

/// The draft that some steps bring with them: the way back, or the next letter.
pub(super) async fn next_letter(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    (before, moved): (&Referral, &mut Moved),
    (action, ask): (Action, &Ask),
    at: Timestamp,
) -> Result<Option<ReferralId>, Error> {
    let there = (before.leg.to_facility, Some(before.leg.to_department), who.user);
    let birth = match (action, ask) {
        (Action::ReferBack, Ask::Return(way)) => {
            let to = match way.to_department.or(before.from_department) {
                Some(to) => to,
                None => needed(around::takes_back(tx, before.from_facility).await?, "to_department")?,
            };
            let place = department(tx, to).await?;
            let relation = around::relation(tx, there.0, place.facility).await?;
            Birth {
                patient: before.patient,
                direction: relation.unwrap_or(Direction::Down),
                urgency: Urgency::Routine,
                from: there,
                to: (place.facility, place.department),
                letter: chain::letter_back(&moved.after, way),
                parent: Some((before.id, before.chain, true)),
                consult: None,
            }
        }
        (Action::ReferOn, Ask::Continue { direction, to_department, urgency }) => {
            let here = (before.from_facility, before.from_department, who.user);
            let from = if who.acting == before.from_facility { here } else { there };
            let place = department(tx, *to_department).await?;
            Birth {
                patient: before.patient,
                direction: *direction,
                urgency: urgency.unwrap_or(before.urgency),
                from,
                to: (place.facility, place.department),
                letter: chain::letter_on(before),
                parent: Some((before.id, before.chain, false)),
                consult: None,
            }
        }
        _ => return Ok(None),
    };
    let draft = born(ctx, tx, birth, who.user, at).await?;
    moved.payload["created"] = json!(draft.id);
    let entry = entry_of(&draft, By { user: Some(who.user), at }, Some(who.acting), "referral.create");
    journal::append(tx, entry, &[]).await?;
    Ok(Some(draft.id))
}
