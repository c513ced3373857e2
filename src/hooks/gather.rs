//! From the journal to messages: which entries which address is told of.

use serde_json::{Value, json};

use super::{
    model::HookEvent,
    store::{self, Happened},
};
use crate::{
    ctx::Ctx,
    journal,
    kernel::{DeliveryId, FacilityId, HookId, Timestamp},
    store::StoreError,
};

/// Entries looked at in one turn.
const AT_ONCE: i64 = 200;
/// The mark in the store follows at this distance while nobody has to be told anything.
const STRIDE: i64 = 1_000;

/// Makes the messages for what happened since the last turn. `looked` is how far this process has
/// looked already; the mark in the store is moved with the messages, in one transaction.
///
/// # Errors
/// The store's; nothing is lost then, the next turn looks again.
pub async fn gather(ctx: &Ctx, looked: &mut i64) -> Result<(), StoreError> {
    let mut tx = ctx.db.read().await?;
    let head = journal::newest(&mut tx).await?;
    if head <= *looked {
        return Ok(());
    }
    let seen = store::read_to(&mut tx).await?;
    let from = seen.max(*looked);
    let hooks = store::listening(&mut tx).await?;
    let entries =
        if hooks.is_empty() { Vec::new() } else { store::happened(&mut tx, from, head, AT_ONCE).await? };
    drop(tx);
    let upto =
        if entries.len() as i64 == AT_ONCE { entries.last().map_or(head, |one| one.seq) } else { head };
    let messages: Vec<_> = entries
        .iter()
        .filter_map(|entry| Some((entry, told(entry)?)))
        .flat_map(|(entry, (event, body))| {
            let hears = move |hook: &&(HookId, FacilityId, Vec<HookEvent>, Timestamp)| {
                hook.1 == entry.to_facility && hook.2.contains(&event) && hook.3 <= entry.at
            };
            hooks.iter().filter(hears).map(move |hook| (hook.0, event, entry.seq, body.clone()))
        })
        .collect();
    if messages.is_empty() && upto - seen < STRIDE {
        *looked = upto;
        return Ok(());
    }
    let now = ctx.clock.now();
    let mut tx = ctx.db.write_quiet("hooks.gather").await?;
    if !store::read_on(&mut tx, seen, upto).await? {
        // Another node was faster, and has made what there was to make.
        return Ok(());
    }
    for (hook, event, seq, body) in messages {
        let id = DeliveryId::draw(now, &*ctx.dice);
        store::send(&mut tx, id, (hook, event, Some(seq)), &body.to_string(), now).await?;
    }
    tx.commit().await?;
    *looked = upto;
    Ok(())
}

/// What an entry is to others, if it is anything.
fn told(entry: &Happened) -> Option<(HookEvent, Value)> {
    let mut data = json!({
        "no": entry.no, "urgency": entry.urgency,
        "facility": entry.to_facility, "department": entry.to_department,
    });
    data[&*entry.kind] = json!(entry.id);
    let event = if entry.kind == "consult" {
        let rung = entry.payload["rung"].as_array().filter(|rung| !rung.is_empty())?;
        data["people"] = rung.iter().map(|ring| ring["user"].clone()).collect();
        data["tier"] = rung[0]["tier"].clone();
        data["expires_at"] = rung[0]["expires_at"].clone();
        HookEvent::Ring
    } else {
        if !matches!(&*entry.urgency, "emergency" | "urgent") {
            return None;
        }
        data["direction"] = entry.payload["direction"].clone();
        data["from_facility"] = entry.payload["from_facility"].clone();
        HookEvent::UrgentReferral
    };
    Some((event, message(event, entry.at, &data)))
}

/// A message as it is sent.
pub fn message(event: HookEvent, at: Timestamp, data: &Value) -> Value {
    json!({ "type": event, "timestamp": at, "data": data })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::LoadedDice;

    fn entry(kind: &str, urgency: &str, payload: Value) -> Happened {
        let at = Timestamp::from_millis(1_772_416_800_000);
        Happened {
            seq: 7,
            at,
            kind: kind.into(),
            id: format!("{kind}-1"),
            payload,
            no: "UP-2026-000001".into(),
            to_facility: FacilityId::draw(at, &LoadedDice::new(1)),
            to_department: "dep-1".into(),
            urgency: urgency.into(),
        }
    }

    #[test]
    fn a_step_that_rings_nobody_is_no_ring() {
        assert!(told(&entry("consult", "urgent", json!({ "rung": [] }))).is_none());
        assert!(told(&entry("consult", "urgent", json!({}))).is_none());
        let rung = json!({ "rung": [{ "user": "usr-1", "tier": 1, "expires_at": "x" }], "patient": "pat-1" });
        let (event, body) = told(&entry("consult", "routine", rung)).unwrap();
        assert_eq!((event, &body["data"]["people"]), (HookEvent::Ring, &json!(["usr-1"])));
        assert!(!body.to_string().contains("pat-"), "nothing about the patient, not even which");
    }

    #[test]
    fn a_routine_referral_wakes_nobody() {
        let payload = json!({ "direction": "up", "from_facility": "fac-1", "patient": "pat-1" });

        assert!(told(&entry("referral", "routine", payload.clone())).is_none());
        let (event, body) = told(&entry("referral", "emergency", payload)).unwrap();
        assert_eq!((event, &body["type"]), (HookEvent::UrgentReferral, &json!("urgent_referral")));
        assert!(!body.to_string().contains("pat-"));
    }
}
