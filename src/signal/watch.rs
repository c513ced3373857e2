//! What the hub is told without anybody asking: the journal's bell, the clock, presence, the relay.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use super::{Signal, ask::Ask, handle::HubGone, post, room::LEASE, session::Close};
use crate::{
    auth,
    journal::{self, Letter},
    kernel::UserId,
    store::StoreError,
};

/// The bell rings inside one process; another process' entries are found by looking.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Entries read at once.
const BATCH: i64 = 500;

/// A lease is renewed three times before it runs out.
const RENEW_EVERY: Duration = Duration::from_secs(20);

/// Sessions that end by themselves are found by looking.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// Starts all of them. Each ends when the hub does, or the server.
pub fn start(signal: &Signal) {
    let spawn = |name: &'static str, work: std::pin::Pin<Box<dyn Future<Output = HubGone> + Send>>| {
        let stop = signal.stop().clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                gone = work => tracing::debug!(watcher = name, %gone, "A watcher ended"),
            }
        });
    };
    spawn("post", Box::pin(carry_post(signal.clone())));
    spawn("clock", Box::pin(tell_time(signal.clone())));
    spawn("presence", Box::pin(look_at_presence(signal.clone())));
    spawn("leases", Box::pin(renew_leases(signal.clone())));
    if let Some(events) = signal.relay().and_then(|relay| relay.subscribe_events().ok()) {
        spawn("relay", Box::pin(listen_to_relay(signal.clone(), events)));
    }
    let signal = signal.clone();
    tokio::spawn(async move {
        signal.stop().cancelled().await;
        signal.note(Ask::Drain).await;
    });
}

/// Tells every line how far its person's inbox goes, and ends lines of accounts that changed.
async fn carry_post(signal: Signal) -> HubGone {
    let mut bell = signal.ctx().db.bell();
    let mut seq = loop {
        match newest(&signal).await {
            Ok(seq) => break seq,
            Err(fault) => report(&fault),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    };
    let mut swept_at = signal.ctx().clock.now();
    loop {
        let _ = tokio::time::timeout(LOOK_EVERY, bell.changed()).await;
        match carry(&signal, seq).await {
            Ok(Ok(upto)) => seq = upto,
            Ok(Err(gone)) => return gone,
            Err(fault) => report(&fault),
        }
        let now = signal.ctx().clock.now();
        if now.since(swept_at) >= SWEEP_EVERY {
            swept_at = now;
            if let Err(gone) = end_signed_out(&signal, None).await {
                return gone;
            }
        }
    }
}

async fn newest(signal: &Signal) -> Result<i64, StoreError> {
    let mut tx = signal.ctx().db.read().await?;
    journal::newest(&mut tx).await
}

async fn carry(signal: &Signal, from: i64) -> Result<Result<i64, HubGone>, StoreError> {
    let mut seq = from;
    loop {
        let (letters, accounts, upto) = {
            let mut tx = signal.ctx().db.read().await?;
            let upto = journal::newest(&mut tx).await?;
            let accounts = journal::accounts_since(&mut tx, seq, upto).await?;
            (journal::letters_since(&mut tx, seq, BATCH).await?, accounts, upto)
        };
        let is_all = (letters.len() as i64) < BATCH;
        let read_to = letters.last().map_or(seq, |letter| letter.line.seq);
        let heads = heads(&letters);
        if !heads.is_empty() && signal.tell(Ask::Post(heads)).await.is_err() {
            return Ok(Err(HubGone));
        }
        let over: Vec<_> = letters.iter().filter_map(post::ends).collect();
        if !over.is_empty() && signal.tell(Ask::Over(over)).await.is_err() {
            return Ok(Err(HubGone));
        }
        if !accounts.is_empty()
            && let Err(gone) = end_signed_out(signal, Some(accounts)).await
        {
            return Ok(Err(gone));
        }
        if is_all {
            return Ok(Ok(upto.max(read_to)));
        }
        // One entry's letters may be cut by the batch: the entry is read again from its start.
        seq = (read_to - 1).max(seq + 1).min(read_to);
    }
}

/// The newest number of each inbox.
fn heads(letters: &[Letter]) -> Vec<(UserId, i64)> {
    let mut heads: BTreeMap<UserId, i64> = BTreeMap::new();
    for letter in letters {
        let head = heads.entry(letter.to).or_default();
        *head = letter.n.max(*head);
    }
    heads.into_iter().collect()
}

/// Ends the lines whose browser session is over. Of accounts that changed, whoever has none left
/// has no seat either, even one that a cut line has left behind.
async fn end_signed_out(signal: &Signal, users: Option<Vec<UserId>>) -> Result<(), HubGone> {
    let mut nowhere = Vec::new();
    for user in users.iter().flatten() {
        match auth::has_session(signal.ctx(), *user).await {
            Ok(true) => {}
            Ok(false) => nowhere.push(*user),
            Err(fault) => report(&fault),
        }
    }
    if !nowhere.is_empty() {
        signal.tell(Ask::Banish(nowhere)).await?;
    }
    let lines = signal.ask(|answer| Ask::Lines(users, answer)).await?;
    let mut over = Vec::new();
    for (line, session) in lines {
        match auth::is_alive(signal.ctx(), session).await {
            Ok(true) => {}
            Ok(false) => over.push(line),
            Err(fault) => report(&fault),
        }
    }
    if over.is_empty() { Ok(()) } else { signal.tell(Ask::End(over, Close::SignedOut)).await }
}

async fn tell_time(signal: Signal) -> HubGone {
    let mut tick = interval(signal.settings().tick);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tick.tick().await;
        if let Err(gone) = signal.tell(Ask::Tick).await {
            return gone;
        }
    }
}

/// What a person says about themselves comes through other doors, and leases run out by themselves.
async fn look_at_presence(signal: Signal) -> HubGone {
    let mut tick = interval(LOOK_EVERY.min(signal.settings().tick * 2));
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tick.tick().await;
        let users = match signal.ask(Ask::Watched).await {
            Ok(users) if users.is_empty() => continue,
            Ok(users) => users,
            Err(gone) => return gone,
        };
        match presence_of(&signal, &users).await {
            Ok(news) => signal.mention(Ask::Presence(news)),
            Err(fault) => report(&fault),
        }
    }
}

async fn presence_of(
    signal: &Signal,
    users: &[UserId],
) -> Result<BTreeMap<UserId, auth::Status>, StoreError> {
    let mut tx = signal.ctx().db.read().await?;
    auth::presence_of(&mut tx, users, signal.ctx().clock.now()).await
}

async fn renew_leases(signal: Signal) -> HubGone {
    let mut tick = interval(RENEW_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tick.tick().await;
        let users = match signal.ask(Ask::Online).await {
            Ok(users) => users,
            Err(gone) => return gone,
        };
        for user in users {
            if let Err(fault) = auth::renew(signal.ctx(), user, LEASE).await {
                report(&fault);
            }
        }
    }
}

async fn listen_to_relay(
    signal: Signal,
    mut events: tokio::sync::mpsc::Receiver<crate::media::MediaEvent>,
) -> HubGone {
    while let Some(event) = events.recv().await {
        if let Err(gone) = signal.tell(Ask::Media(event)).await {
            return gone;
        }
    }
    HubGone
}

fn report(fault: &StoreError) {
    warn!(%fault, "The lines could not be told; they will be at the next look");
}
