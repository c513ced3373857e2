//! What the hub is asked and told, and what it answers.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::{mpsc, oneshot};

use super::{
    deeds::Claim,
    protocol::{Code, OpKey, Outcome, Passing, Person, ServerSays, Sid, SidKey, Slot, Topic, Want},
    room::Shown,
    session::{Close, Input},
};
use crate::{
    auth::Status,
    consult::CallReport,
    kernel::{ConsultId, ParticipantId, SessionId, UserId},
    media::{self, MediaEvent, Mid, RoomId, SeatId, Source},
};

/// What may wait for one line before it is let go.
pub const EAR: usize = 512;

/// One open socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(pub u64);

/// A line that knocks.
pub struct Knock {
    /// Its number.
    pub line: LineId,
    /// Who signed in.
    pub user: UserId,
    /// With which browser session.
    pub session: SessionId,
    /// Where it listens.
    pub ear: mpsc::Sender<Input>,
    /// The session it says it held, with its key.
    pub resume: Option<(Sid, SidKey)>,
    /// A fresh session for it, if that is not so.
    pub fresh: (Sid, SidKey),
}

/// A line that was let in.
#[derive(Debug)]
pub struct Entered {
    /// The session it holds now.
    pub sid: Sid,
    /// Its key.
    pub key: SidKey,
    /// Whether it is the one from before.
    pub resumed: bool,
    /// How things stand that it has to know at once.
    pub standing: Vec<ServerSays>,
}

/// A place for somebody who may sit down.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The relay's room.
    pub room: RoomId,
    /// The relay's seat.
    pub seat: SeatId,
}

/// A seat as the one who sits in it knows it.
#[derive(Debug, Clone)]
pub struct Seated {
    /// The relay's seat.
    pub seat: SeatId,
    /// The newest offer that was taken.
    pub neg: u32,
    /// What its sending sections carry.
    pub tracks: BTreeMap<Mid, Source>,
}

impl Seated {
    /// Whether an offer with this counter is older than one that was taken.
    pub fn is_stale(&self, neg: u32) -> bool {
        neg <= self.neg
    }
}

/// What a room looks like to somebody who just sat down.
#[derive(Debug)]
pub struct View {
    /// What plays in their sections.
    pub slots: Vec<Slot>,
    /// Who is there.
    pub roster: Vec<Person>,
}

/// Somebody whose seat was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Departed {
    /// From where.
    pub consult: ConsultId,
    /// Who.
    pub user: UserId,
    /// The relay's seat.
    pub seat: SeatId,
    /// What the call was like there; nothing if they were never let in.
    pub report: Option<CallReport>,
}

/// What the hub is asked and told.
pub enum Ask {
    /// May this line come in?
    Enter(Knock, oneshot::Sender<Result<Entered, Code>>),
    /// A line is gone.
    Closed(LineId),
    /// These people may not be here any more, on any line or none: their seats are empty at once.
    Banish(Vec<UserId>),
    /// These lines have to end.
    End(Vec<LineId>, Close),
    /// The lines of these people, or everybody's, with their browser sessions.
    Lines(Option<Vec<UserId>>, oneshot::Sender<Vec<(LineId, SessionId)>>),
    /// Inboxes have grown to these numbers.
    Post(Vec<(UserId, i64)>),
    /// The presence of these people is on that line's screen.
    Watch(LineId, BTreeSet<UserId>),
    /// Whose presence is on anybody's screen?
    Watched(oneshot::Sender<Vec<UserId>>),
    /// What these people count for now.
    Presence(BTreeMap<UserId, Status>),
    /// Who has a line open?
    Online(oneshot::Sender<Vec<UserId>>),
    /// A place for somebody who may sit down.
    Reserve(LineId, ConsultId, oneshot::Sender<Result<Place, Code>>),
    /// The relay did not take them: the place is free again, unless they sat there before.
    Release(LineId, ConsultId),
    /// They sat down.
    SitDown(SatDown, oneshot::Sender<Option<View>>),
    /// The seat that this line speaks for.
    SeatOf(LineId, ConsultId, oneshot::Sender<Option<Seated>>),
    /// Who sits in that seat?
    SitterOf(ConsultId, ParticipantId, oneshot::Sender<Option<UserId>>),
    /// An offer of this seat was taken.
    Negotiated(LineId, ConsultId, u32),
    /// A section carries something now, or nothing.
    Track(LineId, ConsultId, Mid, Option<Source>),
    /// A track is silent now, or no longer.
    Mute(LineId, ConsultId, Source, bool),
    /// They stand up.
    StandUp(LineId, ConsultId, oneshot::Sender<Option<Departed>>),
    /// These consults are over: everybody stands up.
    Over(Vec<ConsultId>),
    /// Which seat speaks for this line, and what of the others it looks at, as the relay knows them.
    Wants(LineId, ConsultId, Vec<Want>, oneshot::Sender<Option<(SeatId, Vec<media::Want>)>>),
    /// What may be lost, for the others of the room.
    Pass(LineId, Option<ConsultId>, Passing),
    /// May this command, told from others by its mark, be done under this key?
    Claim(UserId, OpKey, u64, oneshot::Sender<Claim>),
    /// It was done, or refused.
    Did(UserId, OpKey, Outcome),
    /// Tell a topic once more.
    Sync(LineId, Topic),
    /// The relay says something.
    Media(MediaEvent),
    /// Time passed.
    Tick,
    /// The server is being stopped.
    Drain,
}

/// Somebody who sat down.
pub struct SatDown {
    /// Whose line.
    pub line: LineId,
    /// Where.
    pub consult: ConsultId,
    /// The offer that was taken.
    pub neg: u32,
    /// As the others see them.
    pub shown: Shown,
    /// Their receiving sections.
    pub slots: Vec<media::Slot>,
    /// Their sending sections.
    pub tracks: BTreeMap<Mid, Source>,
}
