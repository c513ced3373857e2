//! What one line has done for it: let in, its inbox read, its commands carried out in order.
//!
//! Each command asks anew who is calling: a role that was taken away, or a session that was
//! ended, counts from the next command on, not from the next sign-in. What changes a record
//! keeps its answer under the command's own key, in the transaction of the change.

mod entry;
mod live;
mod reach;
mod record;
mod refusal;
mod sitting;

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{
    Signal,
    ask::{Ask, LineId},
    protocol::{Code, Command, Hello, OpKey, Outcome, Refused, ServerSays, SigStep, Topic, Want},
    session::{Close, Input},
};
use crate::{
    auth::{self, Principal},
    kernel::{ConsultId, UserId},
};

pub use entry::fetch;
pub use sitting::write_down_departures;

/// How a command goes.
type Answer = Result<Outcome, Refused>;

/// What a line wants done.
pub enum Job {
    /// Let it in.
    Admit(Hello),
    /// A command.
    Do(u32, OpKey, Box<Command>),
    /// A step of negotiation.
    Negotiate(ConsultId, u32, SigStep),
    /// What it looks at.
    Look(ConsultId, Vec<Want>),
    /// It has applied its inbox up to here.
    Seen(i64),
}

/// A line as its commands know it.
#[derive(Clone)]
pub struct Speaker {
    inner: Arc<Inner>,
}

struct Inner {
    signal: Signal,
    line: LineId,
    who: Principal,
    ear: mpsc::Sender<Input>,
}

impl Speaker {
    /// The line of `who`, which listens at `ear`.
    pub fn new(signal: Signal, who: Principal, ear: mpsc::Sender<Input>) -> Self {
        let line = signal.new_line();
        Self { inner: Arc::new(Inner { signal, line, who, ear }) }
    }

    /// The room's handle.
    pub fn signal(&self) -> &Signal {
        &self.inner.signal
    }

    /// Its number.
    pub fn line(&self) -> LineId {
        self.inner.line
    }

    fn user(&self) -> UserId {
        self.inner.who.user
    }

    /// Tells the session; false if the line is gone.
    async fn hear(&self, input: Input) -> bool {
        self.inner.ear.send(input).await.is_ok()
    }

    async fn say(&self, frame: ServerSays) {
        self.hear(Input::Say(frame)).await;
    }

    /// Who is calling, as of now.
    async fn caller(&self) -> Result<Principal, Refused> {
        let ctx = self.signal().ctx();
        let session = self.inner.who.session;
        if !auth::is_alive(ctx, session).await.map_err(refusal::fault)? {
            self.signal().note(Ask::End(vec![self.line()], Close::SignedOut)).await;
            return Err(Refused::new(Code::Unauthorized));
        }
        match auth::principal_of(ctx, self.user()).await {
            Ok(who) => Ok(Principal { session, ..who }),
            Err(auth::Error::Store(fault)) => Err(refusal::fault(fault)),
            Err(
                auth::Error::NotSignedIn
                | auth::Error::NoScope
                | auth::Error::Refused
                | auth::Error::SlowDown { .. },
            ) => Err(Refused::new(Code::Unauthorized)),
        }
    }
}

/// Carries out one line's jobs, one after the other, until the line is gone.
pub async fn carry_out(speaker: Speaker, mut jobs: mpsc::Receiver<Job>) {
    while let Some(job) = jobs.recv().await {
        match job {
            Job::Admit(hello) => entry::admit(&speaker, hello).await,
            Job::Seen(n) => entry::seen(&speaker, n).await,
            Job::Look(consult, wants) => sitting::look(&speaker, consult, wants).await,
            Job::Negotiate(consult, neg, step) => sitting::negotiate(&speaker, consult, neg, step).await,
            Job::Do(id, op, command) => {
                let outcome = perform(&speaker, &op, *command).await.unwrap_or_else(Outcome::Err);
                speaker.hear(Input::Done(id, outcome)).await;
            }
        }
    }
}

async fn perform(speaker: &Speaker, op: &OpKey, command: Command) -> Answer {
    let who = speaker.caller().await?;
    match command {
        Command::PresenceSet { status } => reach::say_presence(speaker, status).await,
        Command::PresenceWatch { scope } => reach::watch(speaker, scope.items()).await,
        Command::Sync { topic: Topic::Rings } => entry::tell_rings(speaker).await,
        Command::Sync { topic } => {
            speaker.signal().note(Ask::Sync(speaker.line(), topic)).await;
            Ok(Outcome::done())
        }
        Command::RingAct { .. }
        | Command::RingStart { .. }
        | Command::ChatSend { .. }
        | Command::StillRequest { .. } => record::once(speaker, &who, op, &command).await,
        Command::ReferOpen { consult } => record::refer(speaker, &who, op, consult).await,
        live @ (Command::Join { .. }
        | Command::Leave { .. }
        | Command::Publish { .. }
        | Command::Unpublish { .. }
        | Command::Mute { .. }) => live::once(speaker, &who, op, live).await,
        Command::Route { consult } => sitting::route(speaker, &who, consult).await,
    }
}
