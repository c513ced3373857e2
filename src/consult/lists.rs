//! Lists of consults: what waits for me, what is mine, today's, one patient's.

use std::time::Duration;

use serde_json::json;

use super::{
    Error, commands,
    store::lists::{self, Place, Shelf},
    view::{self, Around, ConsultBrief},
};
use crate::{
    auth::{Principal, Role},
    ctx::Ctx,
    journal::{self, Look},
    kernel::{Page, PageAsk, PatientId, Timestamp},
    words,
};

words! {
    /// Which consults.
    pub enum Pile {
        /// What my facility asked, and what I had to do with in the last month.
        Mine = "mine",
        /// What waits for my departments, or at my desk.
        Waiting = "waiting",
        /// What I had to do with today.
        Today = "today",
        /// One patient's.
        Patient = "patient",
    }
}

/// How long what somebody had to do with stays his.
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

/// A page of one pile, as far as the caller may see it. The journal is told whom it showed.
///
/// # Errors
/// `Invalid` if the pile of a patient is asked for without saying whose.
pub async fn page(
    ctx: &Ctx,
    who: &Principal,
    pile: Pile,
    patient: Option<PatientId>,
    ask: &PageAsk<Place>,
) -> Result<Page<ConsultBrief>, Error> {
    let now = ctx.clock.now();
    let shelf = shelf(who, pile, patient, now)?;
    let mut tx = ctx.db.read().await?;
    let rows = lists::page(&mut tx, &shelf, ask).await?;
    let page = Page::cut(rows, ask, |consult| shelf.place(consult));
    let parts = commands::parts_of_all(&mut tx, who, &page.items, now).await?;
    let around = Around::of(ctx, &mut tx, &page.items).await?;
    drop(tx);
    let (mut items, mut shown) = (Vec::new(), Vec::new());
    for (consult, parts) in page.items.iter().zip(parts) {
        if let Ok(parts) = parts {
            items.push(view::brief(&around, consult, &parts, now)?);
            shown.push(consult.id.to_string());
        }
    }
    let look = Look {
        user: who.user,
        facility: who.acting,
        list: "consults",
        action: "consult.list",
        narrowed: json!({ "box": pile, "patient": patient }),
        shown,
    };
    journal::looked(ctx, look).await?;
    Ok(page.with(items))
}

fn shelf(who: &Principal, pile: Pile, patient: Option<PatientId>, now: Timestamp) -> Result<Shelf, Error> {
    Ok(match pile {
        Pile::Mine => Shelf::Mine(who.acting, who.user, now.minus(MONTH)),
        Pile::Today => Shelf::Since(who.user, day_began(now)),
        Pile::Patient => Shelf::Of(patient.ok_or_else(|| super::form::wrong("patient", "required"))?),
        Pile::Waiting => {
            let (mut departments, mut desks) = (Vec::new(), Vec::new());
            for membership in &who.memberships {
                match (membership.role, membership.department) {
                    (Role::Specialist, Some(department)) => departments.push(department),
                    (Role::Coordinator, _) => desks.push(membership.facility),
                    _ => {}
                }
            }
            Shelf::Waiting(departments, desks)
        }
    })
}

/// The last midnight in the alliance's zone, which is UTC+8 all year.
fn day_began(now: Timestamp) -> Timestamp {
    const DAY: i64 = 24 * 3_600_000;
    const EAST: i64 = 8 * 3_600_000;
    Timestamp::from_millis((now.millis() + EAST).div_euclid(DAY) * DAY - EAST)
}
