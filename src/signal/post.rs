//! From a letter in somebody's inbox to the event they are told. Pure.
//!
//! The journal speaks in `room.verb`, ids and codes; the browsers in the events of
//! `consult.v1`. Every letter becomes one event, so that the numbers have no gap: what the
//! protocol has no word for is told as `other` and passed over by the page.

use serde_json::Value;

use super::protocol::{Event, Evt};
use crate::{
    journal::{HistoryLine, Letter},
    kernel::{ConsultId, MessageId, ParticipantId, ReferralId, RingId, UserId},
};

/// What a letter says, as far as it can be said without looking anything up.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// All of it.
    Event(Event),
    /// A message was written: its words are read for the one who is told.
    Message(ConsultId, MessageId),
}

/// What a letter says to the person whose inbox it lies in.
pub fn told(letter: &Letter) -> Told {
    let event = match letter.entity_type.as_str() {
        "consult" => letter.entity_id.parse().ok().and_then(|consult| of_consult(letter, consult)),
        "referral" => {
            letter.entity_id.parse().ok().and_then(|id| of_referral(&letter.line, id)).map(Told::Event)
        }
        _ => None,
    };
    event.unwrap_or_else(|| Told::Event(Event::Other { action: letter.line.action.clone() }))
}

/// Whether the cards of those who are rung may have changed with it.
pub fn touches_rings(letter: &Letter) -> bool {
    let line = &letter.line;
    let rings = |state: &Option<String>| state.as_deref() == Some("ringing");
    letter.entity_type == "consult"
        && (rings(&line.from_state)
            || rings(&line.to_state)
            || line.payload.get("rung").is_some()
            || line.action == "consult.rings")
}

/// The consult that is over with it.
pub fn ends(letter: &Letter) -> Option<ConsultId> {
    let over = ["closed", "missed", "declined", "cancelled", "expired", "entered_in_error"];
    let line = &letter.line;
    // Handed on: who sat there has left, and the next doctor finds an empty room.
    let is_over = line.to_state.as_deref().is_some_and(|state| over.contains(&state))
        || line.action == "consult.transfer";
    (is_over && letter.entity_type == "consult").then(|| letter.entity_id.parse().ok()).flatten()
}

/// The rings that a letter says have begun for this person.
pub fn rung(letter: &Letter) -> Option<(RingId, i64)> {
    let rung = letter.line.payload.get("rung")?.as_array()?;
    let mine = rung.iter().find(|ring| id::<UserId>(ring, "user") == Some(letter.to))?;
    Some((id(mine, "ring")?, mine.get("tier").and_then(Value::as_i64).unwrap_or(1)))
}

/// Where a browser that has applied its inbox up to `last_n` goes on, and whether it must take
/// everything anew. `head` is the newest number; `is_kept` says that the next one is still there.
pub fn taken_up(head: i64, last_n: Option<i64>, is_kept: bool) -> (i64, bool) {
    match last_n {
        Some(last_n) if last_n == head || (0..head).contains(&last_n) && is_kept => (last_n, false),
        Some(_) => (head, true),
        None => (head, false),
    }
}

/// The frame around an event.
pub fn enveloped(letter: &Letter, ev: Event) -> Evt {
    let consult = (letter.entity_type == "consult").then(|| letter.entity_id.parse().ok()).flatten();
    Evt { n: letter.n, at: letter.line.at, consult, ev }
}

fn of_consult(letter: &Letter, consult: ConsultId) -> Option<Told> {
    let line = &letter.line;
    let by: Option<UserId> = line.actor.parse().ok();
    if line.action == "attachment.add" {
        let attachment = id(&line.payload, "attachment")?;
        return Some(Told::Event(Event::File { consult: Some(consult), referral: None, attachment }));
    }
    let verb = line.action.strip_prefix("consult.")?;
    if let Some((ring, tier)) = rung(letter) {
        return Some(Told::Event(Event::Ring {
            ring,
            consult,
            urgency: text(&line.payload, "urgency"),
            tier,
        }));
    }
    let event = match verb {
        "message" => return Some(Told::Message(consult, id(&line.payload, "message")?)),
        "sit" => Event::PersonJoined { consult, pid: id(&line.payload, "participant")?, user: by? },
        "stand" => Event::PersonLeft {
            consult,
            pid: id(&line.payload, "participant")?,
            user: by?,
            reason: line.reason_code.clone(),
        },
        "rings" => {
            let all = line.payload.get("rings")?.as_array()?;
            let mine = all.iter().find(|ring| id::<UserId>(ring, "user") == Some(letter.to));
            let ring = mine.or(all.first())?;
            let user = id::<UserId>(ring, "user");
            Event::RingState {
                ring: id(ring, "ring")?,
                consult,
                user,
                state: text(&line.payload, "became"),
                by: by.filter(|by| Some(*by) != user),
                reason: line.reason_code.clone(),
            }
        }
        "ring_arrived" => Event::RingState {
            ring: id(&line.payload, "ring")?,
            consult,
            user: by,
            state: "delivered".into(),
            by: None,
            reason: None,
        },
        "ask_still" => {
            Event::Still { consult, from: id::<ParticipantId>(&line.payload, "participant")?, by: by? }
        }
        "attach" | "file" => Event::File {
            consult: Some(consult),
            referral: None,
            attachment: id(&line.payload, "attachment")?,
        },
        "give_opinion" | "amend_opinion" => {
            Event::ConsultOpinion { consult, opinion: id(&line.payload, "opinion"), by }
        }
        _ => Event::ConsultState { consult, action: verb.to_owned(), state: line.to_state.clone()?, by },
    };
    Some(Told::Event(event))
}

fn of_referral(line: &HistoryLine, referral: ReferralId) -> Option<Event> {
    let by: Option<UserId> = line.actor.parse().ok();
    if line.action == "attachment.add" {
        let attachment = id(&line.payload, "attachment")?;
        return Some(Event::File { consult: None, referral: Some(referral), attachment });
    }
    let verb = line.action.strip_prefix("referral.")?;
    Some(Event::Referral {
        referral,
        action: verb.to_owned(),
        state: line.to_state.clone()?,
        by,
        urgency: text(&line.payload, "urgency"),
        direction: text(&line.payload, "direction"),
    })
}

fn id<T: std::str::FromStr>(payload: &Value, name: &str) -> Option<T> {
    payload.get(name)?.as_str()?.parse().ok()
}

fn text(payload: &Value, name: &str) -> String {
    payload.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kernel::Timestamp;

    const CONSULT: &str = "con-019aa5e0c40070008000000000000001";
    const ME: &str = "usr-019aa5e0c40070008000000000000011";
    const OTHER: &str = "usr-019aa5e0c40070008000000000000012";
    const RING: &str = "rng-019aa5e0c40070008000000000000003";

    fn letter(action: &str, to_state: Option<&str>, payload: Value) -> Letter {
        Letter {
            to: ME.parse().unwrap(),
            n: 7,
            entity_type: "consult".into(),
            entity_id: CONSULT.into(),
            line: HistoryLine {
                seq: 3,
                at: Timestamp::from_millis(0),
                actor: OTHER.into(),
                action: action.into(),
                from_state: None,
                to_state: to_state.map(str::to_owned),
                reason_code: None,
                payload,
            },
        }
    }

    #[test]
    fn who_is_rung_hears_a_ring_and_the_others_a_step() {
        let rung = |user: &str| json!({ "urgency": "emergency", "rung": [{ "ring": RING, "user": user, "tier": 2 }] });

        let mine = told(&letter("consult.route_ring", Some("ringing"), rung(ME)));
        let theirs = told(&letter("consult.route_ring", Some("ringing"), rung(OTHER)));

        let Told::Event(Event::Ring { urgency, tier, .. }) = mine else { panic!("{mine:?}") };
        assert_eq!((urgency.as_str(), tier), ("emergency", 2));
        let Told::Event(Event::ConsultState { action, state, .. }) = theirs else { panic!("{theirs:?}") };
        assert_eq!((action.as_str(), state.as_str()), ("route_ring", "ringing"));
    }

    #[test]
    fn what_the_protocol_has_no_word_for_keeps_its_number() {
        let strange = letter("consult.hum", None, json!({}));

        let Told::Event(event) = told(&strange) else { panic!("no event") };
        assert_eq!(event, Event::Other { action: "consult.hum".into() });
        assert_eq!(enveloped(&strange, event).n, 7);
    }

    #[test]
    fn a_message_is_told_by_its_id_alone() {
        let message = "msg-019aa5e0c40070008000000000000005";

        let told = told(&letter("consult.message", None, json!({ "message": message, "kind": "text" })));

        assert_eq!(told, Told::Message(CONSULT.parse().unwrap(), message.parse().unwrap()));
    }
}
