//! Coming in, coming back, and reading one's inbox.

use std::time::Duration;

use serde_json::json;

use super::{
    super::{
        ask::{Ask, Knock},
        post::{self, Told},
        protocol::{
            Body, Code, Event, Evt, Hello, MAX_FRAME, Outcome, Refused, Resume, ServerSays, Sid, SidKey,
            Topic, Welcome,
        },
        room::LEASE,
        session::Input,
    },
    Answer, Speaker, refusal, sitting,
};
use crate::{
    auth, consult,
    journal::{self, Letter},
    kernel::DiceExt,
    store::StoreError,
};

/// How long an inbox is kept for a browser to catch up on.
const KEPT: Duration = Duration::from_hours(7 * 24);

/// How often a browser is asked to say that it is there.
const HEARTBEAT_MS: u32 = 5_000;

/// A ring that arrives later than this rings at nobody.
const RINGS_FOR: Duration = Duration::from_secs(120);

/// Waiting before the inbox is read again after the store did not answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Lets a browser in, tells it how things stand, and puts its media back where it was.
pub async fn admit(speaker: &Speaker, hello: Hello) {
    let rejoin = hello.resume.as_ref().and_then(|resume| resume.join.clone());
    match let_in(speaker, hello.resume).await {
        Ok(input) => {
            speaker.hear(input).await;
        }
        Err(code) => {
            speaker.hear(Input::Refused(code)).await;
            return;
        }
    }
    if let Some(back) = rejoin {
        sitting::come_back(speaker, back).await;
    }
}

async fn let_in(speaker: &Speaker, resume: Option<Resume>) -> Result<Input, Code> {
    let (signal, user) = (speaker.signal(), speaker.user());
    let ctx = signal.ctx();
    let last_n = resume.as_ref().map(|resume| resume.last_n);
    let knock = Knock {
        line: speaker.line(),
        user,
        session: speaker.inner.who.session,
        ear: speaker.inner.ear.clone(),
        resume: resume.map(|resume| (resume.sid, resume.key)),
        fresh: fresh(speaker),
    };
    // The lease first: whoever is told that this person is here may ring at once.
    auth::renew(ctx, user, LEASE).await.map_err(unanswered)?;
    let entered = signal.ask(|answer| Ask::Enter(knock, answer)).await.map_err(|_| Code::NodeDraining)??;
    // The inbox is the person's and outlives the session: a server that was started anew has
    // forgotten who sat where, and still tells what was missed.
    let (head, from, reset) = inbox(speaker, last_n).await.map_err(unanswered)?;
    let mut standing = entered.standing;
    standing.push(rings(speaker).await.map_err(|_| Code::Internal)?);
    let welcome = Welcome {
        sid: entered.sid,
        key: entered.key,
        resumed: entered.resumed,
        reset,
        me: user,
        n: head,
        from,
        hb_ms: HEARTBEAT_MS,
        lease_ms: LEASE.as_millis() as u32,
        limits: [("frame_bytes".to_owned(), MAX_FRAME as u64)].into(),
        node: signal.settings().node.clone(),
        now: ctx.clock.now(),
    };
    Ok(Input::Admitted(Box::new(welcome), standing))
}

fn unanswered(fault: StoreError) -> Code {
    refusal::fault(fault).code
}

fn fresh(speaker: &Speaker) -> (Sid, SidKey) {
    let dice = &speaker.signal().ctx().dice;
    let hex = |bytes: [u8; 16]| format!("{:032x}", u128::from_be_bytes(bytes));
    let sid = Sid::new(format!("sid-{}", hex(dice.bytes()))).expect("hexadecimal is a token");
    (sid, SidKey::new(hex(dice.bytes())).expect("hexadecimal is a token"))
}

/// The newest number, the one to go on from, and whether what lies between is gone.
async fn inbox(speaker: &Speaker, last_n: Option<i64>) -> Result<(i64, i64, bool), StoreError> {
    let (ctx, user) = (speaker.signal().ctx(), speaker.user());
    let mut tx = ctx.db.read().await?;
    let head = journal::head_of(&mut tx, user).await?;
    let mut is_kept = false;
    if let Some(last_n) = last_n.filter(|last| (0..head).contains(last)) {
        let since = ctx.clock.now().minus(KEPT);
        let next = journal::letters_after(&mut tx, user, last_n, 1).await?;
        is_kept = next.first().is_some_and(|letter| letter.n == last_n + 1 && letter.line.at >= since);
    }
    let (from, reset) = post::taken_up(head, last_n, is_kept);
    Ok((head, from, reset))
}

/// The calls that wait for this person, for their eyes.
async fn rings(speaker: &Speaker) -> Result<ServerSays, Refused> {
    let ctx = speaker.signal().ctx();
    let cards = consult::ring_cards(ctx, speaker.user()).await.map_err(refusal::of_consult)?;
    let body = Body::Full(json!({ "rings": cards }));
    Ok(ServerSays::State { topic: Topic::Rings, rev: ctx.clock.now().millis(), body })
}

/// `sync{rings}`
pub async fn tell_rings(speaker: &Speaker) -> Answer {
    let rings = rings(speaker).await?;
    speaker.say(rings).await;
    Ok(Outcome::done())
}

/// Reads the inbox after `after` and tells the session; tries again while the store is away.
pub async fn fetch(speaker: Speaker, after: i64, limit: usize) {
    loop {
        match letters(&speaker, after, limit).await {
            Ok((evts, rings)) => {
                // The card before the event that speaks of it.
                if let Some(rings) = rings {
                    speaker.say(rings).await;
                }
                speaker.hear(Input::Letters(evts)).await;
                return;
            }
            Err(_) if speaker.inner.ear.is_closed() => return,
            Err(_) => tokio::time::sleep(PATIENCE).await,
        }
    }
}

async fn letters(
    speaker: &Speaker,
    after: i64,
    limit: usize,
) -> Result<(Vec<Evt>, Option<ServerSays>), Refused> {
    let ctx = speaker.signal().ctx();
    let letters = {
        let mut tx = ctx.db.read().await.map_err(refusal::fault)?;
        journal::letters_after(&mut tx, speaker.user(), after, limit as i64).await.map_err(refusal::fault)?
    };
    let mut evts = Vec::with_capacity(letters.len());
    for letter in &letters {
        evts.push(post::enveloped(letter, event(speaker, letter).await?));
    }
    let rings = if letters.iter().any(post::touches_rings) { Some(rings(speaker).await?) } else { None };
    Ok((evts, rings))
}

async fn event(speaker: &Speaker, letter: &Letter) -> Result<Event, Refused> {
    let (consult, id) = match post::told(letter) {
        Told::Event(event) => return Ok(event),
        Told::Message(consult, id) => (consult, id),
    };
    let message = consult::message(speaker.signal().ctx(), id).await.map_err(refusal::of_consult)?;
    Ok(match message {
        Some((_, message)) => {
            let message = serde_json::to_value(message).map_err(|_| Refused::new(Code::Internal))?;
            Event::Chat { consult, message }
        }
        None => Event::Other { action: letter.line.action.clone() },
    })
}

/// The browser has applied its inbox up to `n`: rings among it have arrived, and their
/// callers are told.
pub async fn seen(speaker: &Speaker, n: i64) {
    // A ring is among the newest few or it is long over.
    let after = (n - 16).max(0);
    let Ok(letters) = last_letters(speaker, after, n).await else { return };
    for letter in &letters {
        let Some((ring, _)) = post::rung(letter) else { continue };
        let ctx = speaker.signal().ctx();
        if ctx.clock.now().since(letter.line.at) < RINGS_FOR {
            let _ = consult::ring_arrived(ctx, ring, speaker.user()).await;
        }
    }
}

async fn last_letters(speaker: &Speaker, after: i64, upto: i64) -> Result<Vec<Letter>, StoreError> {
    let mut tx = speaker.signal().ctx().db.read().await?;
    let letters = journal::letters_after(&mut tx, speaker.user(), after, upto - after).await?;
    Ok(letters.into_iter().filter(|letter| letter.n <= upto).collect())
}
