//! Sitting down in a consult's room, standing up, and what is negotiated in between.

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tracing::{info, warn};

use super::{
    super::{
        Signal,
        ask::{Ask, Departed, SatDown, Seated},
        protocol::{
            Code, Media, Named, Offer, Outcome, Refused, Rejoin, Sdp, ServerSays, ServerStep, SigStep, Topic,
            TrackState, Want,
        },
        room::{Shown, Sitter},
    },
    Answer, Speaker, refusal,
};
use crate::{
    auth::Principal,
    consult, directory,
    kernel::{ConsultId, ParticipantId},
    media::{Joined, MediaError, Mid, Relay, Section, Source},
    store::StoreError,
};

/// `join`: allowed by the consult, taken by the relay, written down, and shown to the others,
/// in this order; whatever fails leaves nothing behind.
pub async fn join(
    speaker: &Speaker,
    who: &Principal,
    consult: ConsultId,
    (neg, offer): (u32, &Sdp),
    media: Option<Media>,
) -> Answer {
    let (signal, line) = (speaker.signal(), speaker.line());
    let relay = relay_of(signal)?;
    consult::seating(signal.ctx(), who, consult).await.map_err(refusal::of_seating)?;
    let place = signal.ask(|answer| Ask::Reserve(line, consult, answer)).await.map_err(refusal::hub_gone)?;
    let place = place.map_err(Refused::new)?;
    let taken = match relay.join(place.room, place.seat, offer.as_str()).await {
        Ok(joined) => written_down(speaker, who, consult).await.map(|seat| (joined, seat)),
        Err(error) => Err(refusal::of_media(error)),
    };
    let (joined, (pid, sitter)) = match taken {
        Ok(taken) => taken,
        Err(why) => {
            signal.note(Ask::Release(line, consult)).await;
            return Err(why);
        }
    };
    let Joined { answer, slots, sections } = joined;
    let joined_at = signal.ctx().clock.now();
    let media = media.unwrap_or_else(|| sent_by(&sections));
    let sat = SatDown {
        line,
        consult,
        neg,
        shown: Shown { pid, sitter, joined_at, media },
        slots,
        tracks: sections.iter().filter_map(|section| Some((section.mid, section.source?))).collect(),
    };
    let view = signal.ask(|reply| Ask::SitDown(sat, reply)).await.map_err(refusal::hub_gone)?;
    let view = view.ok_or(Refused::new(Code::SessionExpired))?;
    info!(consult.id = %consult, "A person sat down");
    Ok(Outcome::Ok(json!({
        "pid": pid, "answer": answer, "neg": neg, "slots": view.slots, "roster": view.roster,
    })))
}

/// `hello.resume.join`: back into the seat with the first frame, without a further round trip.
/// A restart goes on with the connection that the relay still holds; a new connection takes
/// the person's one seat again, whoever's line spoke for it before.
pub async fn come_back(speaker: &Speaker, back: Rejoin) {
    let Rejoin { consult, offer, media, .. } = back;
    let Offer { neg, sdp, restart } = offer;
    if restart {
        return negotiate(speaker, consult, neg, SigStep::Offer { sdp }).await;
    }
    let joined = match speaker.caller().await {
        Ok(who) => join(speaker, &who, consult, (neg, &sdp), media).await,
        Err(why) => Err(why),
    };
    match joined {
        Ok(Outcome::Ok(mut taken)) => {
            if let Value::String(sdp) = taken["answer"].take() {
                speaker.say(ServerSays::Sig { consult, neg, step: ServerStep::Answer { sdp } }).await;
            }
            for topic in [Topic::Roster(consult), Topic::Slots(consult)] {
                speaker.signal().note(Ask::Sync(speaker.line(), topic)).await;
            }
        }
        Ok(Outcome::Err(why)) | Err(why) => refuse_step(speaker, consult, neg, why).await,
    }
}

/// What an offer sends, for whoever does not say so.
fn sent_by(sections: &[Section]) -> Media {
    let sends = |wanted: &[Source]| {
        let is_there = sections.iter().any(|s| s.source.is_some_and(|source| wanted.contains(&source)));
        if is_there { TrackState::On } else { TrackState::None }
    };
    Media {
        mic: sends(&[Source::Mic]),
        cam: sends(&[Source::Cam]),
        screen: sends(&[Source::Exam, Source::Screen]),
    }
}

async fn refuse_step(speaker: &Speaker, consult: ConsultId, neg: u32, why: Refused) {
    let why = why.with(json!({ "consult": consult, "neg": neg }));
    speaker.say(ServerSays::Res { id: 0, outcome: Outcome::Err(why) }).await;
}

/// `route`: whether the page's own host and port carry media too, and a pass to the TURN server
/// there for this person's seat. TURN by datagrams is not told of: see decision 0006.
pub async fn route(speaker: &Speaker, who: &Principal, consult: ConsultId) -> Answer {
    let (signal, line) = (speaker.signal(), speaker.line());
    let relay = relay_of(signal)?;
    consult::seating(signal.ctx(), who, consult).await.map_err(refusal::of_seating)?;
    let place = signal.ask(|answer| Ask::Reserve(line, consult, answer)).await.map_err(refusal::hub_gone)?;
    let pass = relay.pass(place.map_err(Refused::new)?.seat).map_err(refusal::of_media)?;
    Ok(Outcome::Ok(json!({
        "user": pass.user, "credential": pass.credential, "lasts_s": pass.lasts.as_secs(),
        "tcp": relay.takes_streams(),
    })))
}

/// The record learns who sits there; the others learn a name, a place and a role.
async fn written_down(
    speaker: &Speaker,
    who: &Principal,
    id: ConsultId,
) -> Result<(ParticipantId, Sitter), Refused> {
    let ctx = speaker.signal().ctx();
    let sitter = shown_as(speaker, who).await.map_err(refusal::fault)?;
    let pid = consult::joined(ctx, id, who.user).await.map_err(refusal::of_consult)?;
    Ok((pid, sitter))
}

async fn shown_as(speaker: &Speaker, who: &Principal) -> Result<Sitter, StoreError> {
    let mut tx = speaker.signal().ctx().db.read().await?;
    let title = directory::person(&mut tx, who.user).await?.map(|person| person.title);
    let facility = directory::facility(&mut tx, who.acting).await?.map(|facility| facility.name);
    let role = who.memberships.iter().find(|m| m.facility == who.acting).map(|m| m.role);
    Ok(Sitter {
        user: Named { id: who.user, name: who.name.clone(), title },
        facility: Named { id: who.acting, name: facility.unwrap_or_default(), title: None },
        role: role.map(|role| role.word().to_owned()).unwrap_or_default(),
    })
}

/// `leave`. Leaving twice is leaving.
pub async fn leave(speaker: &Speaker, consult: ConsultId) -> Answer {
    let signal = speaker.signal();
    let departed = signal.ask(|answer| Ask::StandUp(speaker.line(), consult, answer)).await;
    if let Some(departed) = departed.map_err(refusal::hub_gone)? {
        depart(signal, departed).await.map_err(refusal::of_consult)?;
    }
    Ok(Outcome::done())
}

/// `publish`: asked anew whether this person may sit here at all.
pub async fn publish(
    speaker: &Speaker,
    who: &Principal,
    consult: ConsultId,
    mid: Mid,
    source: Source,
) -> Answer {
    consult::seating(speaker.signal().ctx(), who, consult).await.map_err(refusal::of_seating)?;
    let seated = seated(speaker, consult).await?;
    let relay = relay_of(speaker.signal())?;
    relay.publish(seated.seat, mid, source, true).await.map_err(refusal::of_media)?;
    speaker.signal().note(Ask::Track(speaker.line(), consult, mid, Some(source))).await;
    Ok(Outcome::done())
}

/// `unpublish`. A section that carries nothing already is fine.
pub async fn unpublish(speaker: &Speaker, consult: ConsultId, mid: Mid) -> Answer {
    let seated = seated(speaker, consult).await?;
    if let Some(source) = seated.tracks.get(&mid) {
        let relay = relay_of(speaker.signal())?;
        relay.publish(seated.seat, mid, *source, false).await.map_err(refusal::of_media)?;
        speaker.signal().note(Ask::Track(speaker.line(), consult, mid, None)).await;
    }
    Ok(Outcome::done())
}

/// `mute`: nothing of that track is handed on, whatever the browser still sends.
pub async fn mute(speaker: &Speaker, consult: ConsultId, track: Source, is_muted: bool) -> Answer {
    let seated = seated(speaker, consult).await?;
    let section = seated.tracks.iter().find(|(_, source)| **source == track);
    if let Some((mid, source)) = section {
        let relay = relay_of(speaker.signal())?;
        relay.publish(seated.seat, *mid, *source, !is_muted).await.map_err(refusal::of_media)?;
    }
    speaker.signal().note(Ask::Mute(speaker.line(), consult, track, is_muted)).await;
    Ok(Outcome::done())
}

/// `eph want`: pictures that are not looked at are not sent. In turn with `join`, after which it comes.
pub async fn look(speaker: &Speaker, consult: ConsultId, wants: Vec<Want>) {
    let signal = speaker.signal();
    let known = signal.ask(|answer| Ask::Wants(speaker.line(), consult, wants, answer)).await;
    if let (Ok(Some((seat, wants))), Some(relay)) = (known, signal.relay()) {
        // Told anew soon, should the relay be busy now.
        let _ = relay.want(seat, &wants);
    }
}

/// `sig`: a newer offer is answered by the relay. It is ICE-lite and needs no candidates: it
/// learns where a browser is from the browser's own packets.
pub async fn negotiate(speaker: &Speaker, consult: ConsultId, neg: u32, step: SigStep) {
    let SigStep::Offer { sdp } = step else { return };
    let answered = match seated(speaker, consult).await {
        Ok(seated) if seated.is_stale(neg) => return,
        Ok(seated) => match relay_of(speaker.signal()) {
            Ok(relay) => relay.offer(seated.seat, sdp.as_str()).await,
            Err(_) => Err(MediaError::Stopped),
        },
        // Nobody sits there (any more): joining anew is what helps.
        Err(_) => Err(MediaError::NoSuchSeat),
    };
    let step = match answered {
        Ok(sdp) => {
            speaker.signal().note(Ask::Negotiated(speaker.line(), consult, neg)).await;
            ServerStep::Answer { sdp }
        }
        Err(MediaError::NoSuchSeat) => ServerStep::Need { audio: 0, video: 0 },
        Err(error) => return refuse_step(speaker, consult, neg, refusal::of_media(error)).await,
    };
    speaker.say(ServerSays::Sig { consult, neg, step }).await;
}

async fn seated(speaker: &Speaker, consult: ConsultId) -> Result<Seated, Refused> {
    let seated = speaker.signal().ask(|answer| Ask::SeatOf(speaker.line(), consult, answer)).await;
    seated.map_err(refusal::hub_gone)?.ok_or(Refused::new(Code::NotJoined))
}

fn relay_of(signal: &Signal) -> Result<&Relay, Refused> {
    signal.relay().ok_or(Refused { retry: false, ..Refused::new(Code::MediaFailed) })
}

/// Frees the relay's seat and tells the record.
async fn depart(signal: &Signal, departed: Departed) -> Result<(), consult::Error> {
    if let Some(relay) = signal.relay() {
        // A relay that has stopped holds no seat.
        let _ = relay.leave(departed.seat).await;
    }
    if let Some(report) = &departed.report {
        consult::reported(signal.ctx(), departed.consult, departed.user, report).await?;
    }
    consult::left(signal.ctx(), departed.consult, departed.user).await?;
    info!(consult.id = %departed.consult, "A person stood up");
    Ok(())
}

/// Writes down whose seats the hub gave up: lost for longer than a seat is kept, or signed out.
pub async fn write_down_departures(signal: Signal, mut gone: mpsc::Receiver<Departed>) {
    while let Some(departed) = gone.recv().await {
        if let Err(fault) = depart(&signal, departed).await {
            warn!(%fault, consult.id = %departed.consult, "A departure could not be written down");
        }
    }
}
