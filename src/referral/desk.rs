//! The desk's lists: what came in, what went out, what is mine; most urgent first.

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub use super::store::Place;

use super::{
    around::{self, Around},
    birth,
    error::Error,
    model::Direction,
    state::State,
    store::{self, Found, Narrowed, Shelf},
    view,
};
use crate::{
    auth::{Principal, Role},
    ctx::Ctx,
    journal::{self, Look},
    kernel::{DepartmentId, Page, PageAsk, PatientId, Timestamp},
    patients, words,
};

words! {
    /// Which pile of letters.
    pub enum Pile {
        /// What other houses sent here.
        In = "in",
        /// What this house sent.
        Out = "out",
        /// What I wrote.
        Mine = "mine",
        /// One patient's.
        Patient = "patient",
    }
}

words! {
    /// A tab: the states in which the same thing is owed.
    pub enum Tab {
        /// Being written.
        Draft = "draft",
        /// An answer is owed.
        Decide = "decide",
        /// Taken; the patient is expected.
        Booked = "booked",
        /// The patient is here.
        Here = "here",
        /// Treated; a word back is owed, or the way back.
        Back = "back",
        /// Not taken: the sender decides.
        Rejected = "rejected",
        /// At its end.
        Done = "done",
    }
}

impl Tab {
    /// The tab in which a state lies.
    pub const fn of(state: State) -> Self {
        match state {
            State::Draft => Self::Draft,
            State::Submitted | State::MoreInfo => Self::Decide,
            State::Accepted | State::Scheduled | State::NoShow | State::CancelRequested => Self::Booked,
            State::Arrived | State::InTreatment => Self::Here,
            State::Discharged | State::ReferredBack | State::FollowUp => Self::Back,
            State::Rejected => Self::Rejected,
            State::Closed | State::Cancelled | State::Expired | State::EnteredInError => Self::Done,
        }
    }

    /// The states that lie in it.
    pub fn states(self) -> Vec<State> {
        State::ALL.iter().copied().filter(|state| Self::of(*state) == self).collect()
    }
}

words! {
    /// Who looks after a letter.
    pub enum Assigned {
        /// The reader.
        Me = "me",
        /// Nobody in particular yet.
        Nobody = "nobody",
    }
}

/// What is asked of a pile.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// One tab, or all.
    pub tab: Option<Tab>,
    /// A record number, or what a patient is found by.
    pub q: Option<String>,
    /// Whose, in the pile of one patient.
    pub patient: Option<PatientId>,
    /// Only what somebody, or nobody, looks after.
    pub assigned: Option<Assigned>,
}

impl Wanted {
    fn typed(&self) -> Option<&str> {
        self.q.as_deref().map(str::trim).filter(|q| !q.is_empty())
    }
}

/// A page of one pile, and how many lie in each of its tabs, counted up to a thousand.
///
/// # Errors
/// `Denied` to those who read no records.
pub async fn pile(
    ctx: &Ctx,
    who: &Principal,
    pile: Pile,
    wanted: &Wanted,
    ask: &PageAsk<Place>,
) -> Result<Value, Error> {
    let shelf = shelf(who, pile, wanted)?;
    let mut tx = ctx.db.read().await?;
    let found = match wanted.typed() {
        None => None,
        Some(q) => Some(Found {
            numbers: numbers(q, ctx.clock.now()),
            patients: patients::found_by(ctx, &mut tx, q).await?,
        }),
    };
    let states = wanted.tab.map_or_else(|| State::ALL.to_vec(), Tab::states);
    let narrowed = Narrowed {
        states: &states,
        found: found.as_ref(),
        assigned: wanted.assigned.map(|whose| (whose, who.user)),
    };
    let rows = store::page(&mut tx, ctx, &shelf, narrowed, ask).await?;
    let page = Page::cut(rows, ask, |r| (r.desk_order(), r.id));
    let around = Around::of(ctx, &mut tx, &page.items).await?;
    let mut items = Vec::with_capacity(page.items.len());
    let mut shown = Vec::with_capacity(page.items.len());
    for (referral, eyes) in page.items.iter().zip(around::eyes_of(ctx, &mut tx, who, &page.items).await?) {
        if eyes.admit().is_ok() {
            items.push(view::head(&around, &eyes, referral)?);
            shown.push(referral.id.to_string());
        }
    }
    let mut counts: BTreeMap<&'static str, i64> = Tab::ALL.iter().map(|tab| (tab.word(), 0)).collect();
    for (state, n) in store::counts(&mut tx, &shelf).await? {
        let count = counts.entry(Tab::of(state).word()).or_default();
        *count = (*count + n).min(store::COUNTED);
    }
    drop(tx);
    let narrowed = json!({ "box": pile, "tab": wanted.tab, "assigned": wanted.assigned, "q": found.is_some(), "patient": wanted.patient });
    let look = Look {
        user: who.user,
        facility: who.acting,
        list: "referrals",
        action: "referral.list",
        narrowed,
        shown,
    };
    journal::looked(ctx, look).await?;
    Ok(json!({ "items": items, "next": page.next, "counts": counts }))
}

/// The record numbers that `typed` may mean: as it stands, or as the last digits of this year's or last's.
fn numbers(typed: &str, now: Timestamp) -> Vec<String> {
    let digits = typed.trim_start_matches('0');
    if typed.len() > 6 || digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return vec![typed.to_uppercase()];
    }
    let year = birth::year_of(now);
    let both = |direction: &Direction| [year, year - 1].map(|year| birth::written(*direction, year, digits));
    Direction::ALL.iter().flat_map(both).collect()
}

/// What this person's place and roles put on the shelf.
fn shelf(who: &Principal, pile: Pile, wanted: &Wanted) -> Result<Shelf, Error> {
    let here = || who.memberships.iter().filter(|m| m.facility == who.acting && m.role.is_clinical());
    if here().next().is_none() {
        return Err(Error::Denied);
    }
    let is = |role: Role| here().any(|m| m.role == role);
    Ok(match pile {
        Pile::In if is(Role::Coordinator) => Shelf::InOf(who.acting),
        Pile::In => Shelf::InFor {
            facility: who.acting,
            departments: here()
                .filter(|m| m.role == Role::Specialist)
                .filter_map(|m| m.department)
                .collect::<Vec<DepartmentId>>(),
            down: is(Role::RuralDoctor).then_some(Direction::Down),
        },
        Pile::Out => Shelf::OutOf(who.acting),
        Pile::Mine => Shelf::By(who.user),
        Pile::Patient => Shelf::Of(wanted.patient.ok_or(Error::NotFound)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_lies_in_exactly_one_tab() {
        let all: usize = Tab::ALL.iter().map(|tab| tab.states().len()).sum();

        assert_eq!(all, State::ALL.len());
        assert_eq!(Tab::Decide.states(), [State::Submitted, State::MoreInfo]);
    }
}
