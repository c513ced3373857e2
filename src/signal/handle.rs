//! The room's one handle: starts the hub and its watchers, and reaches them from every door.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    ask::{Ask, LineId},
    commands,
    hub::Hub,
    watch,
};
use crate::{ctx::Ctx, media::Relay};

/// Questions that may wait for the hub, which answers each in microseconds.
const QUESTIONS: usize = 4_096;

/// Departures that may wait to be written down.
const DEPARTURES: usize = 1_024;

/// How the room is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `https://host[:port]`, where the address people type is not the one they reach.
    pub public_origin: Option<String>,
    /// What this server calls itself.
    pub node: String,
    /// How often a line looks at the clock, and the hub at its leases.
    pub tick: std::time::Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { public_origin: None, node: "one".into(), tick: std::time::Duration::from_secs(1) }
    }
}

/// Everybody's lines, rooms and rings. Cheap to clone.
#[derive(Clone)]
pub struct Signal {
    inner: Arc<Inner>,
}

struct Inner {
    ctx: Ctx,
    relay: Option<Relay>,
    settings: Settings,
    hub: mpsc::Sender<Ask>,
    last_line: AtomicU64,
    stop: CancellationToken,
}

impl std::fmt::Debug for Signal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signal")
    }
}

/// The hub has ended: the server is going down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server is going down")]
pub struct HubGone;

impl Signal {
    /// Starts the hub and what watches the journal, the clock, presence and the relay. Without
    /// a relay nobody can sit down; everything else works. Ends with `stop`.
    pub fn start(ctx: Ctx, relay: Option<Relay>, settings: Settings, stop: CancellationToken) -> Self {
        let (hub, asks) = mpsc::channel(QUESTIONS);
        let (departures, gone) = mpsc::channel(DEPARTURES);
        tokio::spawn(Hub::new(Arc::clone(&ctx.clock), departures).run(asks));
        let inner = Inner { ctx, relay, settings, hub, last_line: AtomicU64::new(0), stop };
        let signal = Self { inner: Arc::new(inner) };
        watch::start(&signal);
        tokio::spawn(commands::write_down_departures(signal.clone(), gone));
        signal
    }

    pub(super) fn ctx(&self) -> &Ctx {
        &self.inner.ctx
    }

    pub(super) fn relay(&self) -> Option<&Relay> {
        self.inner.relay.as_ref()
    }

    /// How the room is set up.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    pub(super) fn stop(&self) -> &CancellationToken {
        &self.inner.stop
    }

    /// A number for a socket that was just opened.
    pub(super) fn new_line(&self) -> LineId {
        LineId(self.inner.last_line.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// How many sockets are open; none while going down.
    pub async fn open_lines(&self) -> usize {
        self.ask(|answer| Ask::Lines(None, answer)).await.map_or(0, |lines| lines.len())
    }

    /// Tells the hub something.
    pub(super) async fn tell(&self, ask: Ask) -> Result<(), HubGone> {
        self.inner.hub.send(ask).await.map_err(|_| HubGone)
    }

    /// Tells the hub something; if it has ended there is nobody left to whom it matters.
    pub(super) async fn note(&self, ask: Ask) {
        let _ = self.tell(ask).await;
    }

    /// Tells the hub something that may be lost when it is busy.
    pub(super) fn mention(&self, ask: Ask) {
        let _ = self.inner.hub.try_send(ask);
    }

    /// Asks the hub something.
    pub(super) async fn ask<T>(
        &self,
        question: impl FnOnce(oneshot::Sender<T>) -> Ask,
    ) -> Result<T, HubGone> {
        let (answer, answered) = oneshot::channel();
        self.tell(question(answer)).await?;
        answered.await.map_err(|_| HubGone)
    }
}
