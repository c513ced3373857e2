//! Stories over a hostile wire: the real hub and the real sessions, browsers that behave as
//! ours do, and a wire that after any frame may cut, duplicate, delay or let the next overtake.
//!
//! The store is a list per inbox and a map of answers; the relay always says yes. Time moves
//! by hand, chance comes from the story, so that what fails once fails always.
#![expect(clippy::print_stdout, reason = "how much was tried is part of the answer")]

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::{
    ask::{Ask, Departed, EAR, Knock, LineId, SatDown},
    deeds::Claim,
    hub::Hub,
    outbox::MAX_FRAMES,
    post,
    protocol::{
        Code, Command, Event, Evt, Hello, Media, Named, OpKey, Outcome, Refused, ServerSays, ServerStep, Sid,
        SidKey, Topic, TrackState, Welcome,
    },
    room::{LEASE, Shown, Sitter},
    session::{Close, Input, Output, Session},
};
use crate::{
    kernel::{Clock, ConsultId, StoppedClock, Timestamp, UserId},
    media::SeatId,
};

const NOON: Timestamp = Timestamp::from_millis(43_200_000);

/// Whose tab each browser is: the first person has two.
const TABS: [u8; 4] = [1, 2, 3, 1];

/// Turns in which a story must have come to rest: more would be a circle.
const PATIENCE: usize = 20_000;

fn user(tail: u8) -> UserId {
    format!("usr-{tail:032x}").parse().unwrap()
}

fn consult() -> ConsultId {
    "con-019aa5e0c40070008000000000000001".parse().unwrap()
}

/// What happens to a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// It arrives; everything behind it is lost.
    CutAfter,
    /// It is lost with everything behind it.
    CutBefore,
    Duplicate,
    /// The whole direction waits so many turns.
    Delay(u8),
    /// The next frame of this direction overtakes it.
    Overtaken,
}

/// What people and time do.
#[derive(Debug, Clone, Copy)]
enum Move {
    Say(usize),
    Join(usize),
    Leave(usize),
    Mute(usize, bool),
    /// An offer for the connection under way; a stale one too, when `old`.
    Offer(usize, bool),
    Seconds(u8),
    /// The server is killed and started anew.
    Restart,
    /// What an inbox held so far is cleared out.
    Forget,
    /// The world turns: one thing that waits is done, chosen by the number.
    Turn(u8),
}

#[derive(Debug, Clone)]
struct Flying {
    text: String,
    fault: Fault,
    hold: u8,
}

/// One direction of one line.
#[derive(Debug, Default)]
struct Pipe(VecDeque<Flying>);

impl Pipe {
    fn put(&mut self, text: String, fault: Fault) {
        let hold = match fault {
            Fault::Delay(turns) => turns,
            Fault::Overtaken => 12,
            Fault::None | Fault::CutAfter | Fault::CutBefore | Fault::Duplicate => 0,
        };
        let flying = Flying { text, fault, hold };
        let overtakes = self.0.back().is_some_and(|last| last.fault == Fault::Overtaken);
        let at = self.0.len() - usize::from(overtakes);
        if fault == Fault::Duplicate {
            self.0.insert(at, Flying { fault: Fault::None, ..flying.clone() });
        }
        self.0.insert(at, flying);
        if overtakes && let Some(last) = self.0.back_mut() {
            (last.fault, last.hold) = (Fault::None, 0);
        }
    }

    fn is_ready(&self) -> bool {
        self.0.front().is_some_and(|flying| flying.hold == 0)
    }

    fn turn(&mut self) {
        if let Some(front) = self.0.front_mut() {
            front.hold = front.hold.saturating_sub(1);
        }
    }
}

/// What a line has to do for its browser, in order.
enum Job {
    Admit(Hello),
    Do(u32, OpKey, Command),
    /// The relay has answered: sit down.
    Sit(u32, OpKey, u32),
    Negotiate(ConsultId, u32),
    Fetch(i64, usize),
}

/// The server's end of one socket.
struct Line {
    tab: usize,
    session: Session,
    ear: mpsc::Receiver<Input>,
    mouth: mpsc::Sender<Input>,
    jobs: VecDeque<Job>,
    up: Pipe,
    down: Pipe,
    is_open: bool,
}

struct Waiting {
    id: u32,
    op: OpKey,
    what: Value,
    once: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Place {
    Out,
    Asked(u32),
    In(String),
}

/// A browser as ours behaves: `web/src/call/session.ts` in few words.
struct Tab {
    user: UserId,
    line: Option<LineId>,
    is_live: bool,
    held: Option<(Sid, SidKey)>,
    last: i64,
    acked: i64,
    shown: Vec<i64>,
    resets: usize,
    waiting: Vec<Waiting>,
    ids: u32,
    answers: BTreeMap<OpKey, Vec<Value>>,
    wants_in: bool,
    place: Place,
    neg: u32,
    answered: u32,
    roster: (i64, Vec<(UserId, String)>),
}

struct World {
    clock: Arc<StoppedClock>,
    hub: Hub,
    departures: mpsc::Receiver<Departed>,
    inboxes: BTreeMap<UserId, Vec<Event>>,
    forgotten: BTreeMap<UserId, i64>,
    kept: BTreeMap<(UserId, OpKey), Value>,
    effects: BTreeMap<(UserId, OpKey), usize>,
    lines: BTreeMap<LineId, Line>,
    tabs: Vec<Tab>,
    faults: VecDeque<Fault>,
    frames: usize,
    cuts: usize,
    last_line: u64,
    ops: u64,
    largest: usize,
}

type Check = Result<(), String>;

fn must(truth: bool, sentence: impl FnOnce() -> String) -> Check {
    if truth { Ok(()) } else { Err(sentence()) }
}

fn started(clock: &Arc<StoppedClock>) -> (Hub, mpsc::Receiver<Departed>) {
    let (departures, gone) = mpsc::channel(64);
    (Hub::new(Arc::clone(clock) as Arc<dyn Clock>, departures), gone)
}

impl World {
    fn new(faults: Vec<Fault>) -> Self {
        let clock = Arc::new(StoppedClock::at(NOON));
        let (hub, departures) = started(&clock);
        let tab = |tail: &u8| Tab {
            user: user(*tail),
            line: None,
            is_live: false,
            held: None,
            last: 0,
            acked: 0,
            shown: Vec::new(),
            resets: 0,
            waiting: Vec::new(),
            ids: 0,
            answers: BTreeMap::new(),
            wants_in: false,
            place: Place::Out,
            neg: 0,
            answered: 0,
            roster: (0, Vec::new()),
        };
        Self {
            clock,
            hub,
            departures,
            inboxes: TABS.iter().map(|tail| (user(*tail), Vec::new())).collect(),
            forgotten: BTreeMap::new(),
            kept: BTreeMap::new(),
            effects: BTreeMap::new(),
            lines: BTreeMap::new(),
            tabs: TABS.iter().map(tab).collect(),
            faults: faults.into(),
            frames: 0,
            cuts: 0,
            last_line: 0,
            ops: 0,
            largest: 0,
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn fault(&mut self) -> Fault {
        self.frames += 1;
        self.faults.pop_front().unwrap_or(Fault::None)
    }

    // ── the wire ────────────────────────────────────────────────────────

    fn connect(&mut self, at: usize) {
        self.last_line += 1;
        let id = LineId(self.last_line);
        let (mouth, ear) = mpsc::channel(EAR);
        let line = Line {
            tab: at,
            session: Session::open(self.now()),
            ear,
            mouth,
            jobs: VecDeque::new(),
            up: Pipe::default(),
            down: Pipe::default(),
            is_open: true,
        };
        self.lines.insert(id, line);
        let tab = &mut self.tabs[at];
        (tab.line, tab.is_live) = (Some(id), false);
        let resume = tab
            .held
            .as_ref()
            .map(|(sid, key)| json!({ "sid": sid.as_str(), "key": key.as_str(), "last_n": tab.last }));
        let mut hello = json!({ "t": "hello", "v": 1, "device": "dev-1", "caps": [] });
        if let Some(resume) = resume {
            hello["resume"] = resume;
        }
        self.send_up(at, &hello);
    }

    fn send_up(&mut self, at: usize, frame: &Value) {
        let fault = self.fault();
        let Some(id) = self.tabs[at].line else { return };
        if let Some(line) = self.lines.get_mut(&id) {
            line.up.put(frame.to_string(), fault);
        }
    }

    /// The line is gone for both ends; what was on its way is lost.
    fn cut(&mut self, id: LineId) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        self.cuts += 1;
        line.is_open = false;
        (line.up, line.down) = Default::default();
        line.ear.close();
        let at = line.tab;
        let now = self.now();
        self.hub.hear(Ask::Closed(id), now);
        let tab = &mut self.tabs[at];
        if tab.line == Some(id) {
            (tab.line, tab.is_live) = (None, false);
            tab.waiting.retain(|waiting| !waiting.once);
            if matches!(tab.place, Place::Asked(_)) {
                tab.place = Place::Out;
            }
        }
    }

    // ── the browser ─────────────────────────────────────────────────────

    fn command(&mut self, at: usize, what: Value, once: bool) -> u32 {
        self.ops += 1;
        let op = OpKey::new(format!("019aa5e0-c400-7000-8000-{:012x}", self.ops)).unwrap();
        let tab = &mut self.tabs[at];
        tab.ids += 1;
        let id = tab.ids;
        let frame = json!({ "t": "cmd", "id": id, "op": op.as_str(), "do": &what });
        tab.waiting.push(Waiting { id, op, what, once });
        if tab.is_live {
            self.send_up(at, &frame);
        }
        id
    }

    fn ask_in(&mut self, at: usize) {
        if !self.tabs[at].wants_in || !self.tabs[at].is_live || matches!(self.tabs[at].place, Place::Asked(_))
        {
            return;
        }
        self.tabs[at].neg += 1;
        let what = json!({ "type": "join", "consult": consult(), "neg": self.tabs[at].neg,
            "offer": "v=0\r\n", "media": { "mic": "on", "cam": "none", "screen": "off" } });
        let id = self.command(at, what, true);
        self.tabs[at].place = Place::Asked(id);
    }

    fn tab_hears(&mut self, at: usize, text: &str) -> Check {
        let frame: Value = serde_json::from_str(text).map_err(|why| why.to_string())?;
        match frame["t"].as_str().unwrap_or_default() {
            "welcome" => self.tab_is_welcome(at, &frame),
            "evt" => return self.tab_is_told(at, &frame),
            "res" => self.tab_is_answered(at, &frame),
            "sig" => {
                let neg = frame["neg"].as_u64().unwrap_or_default() as u32;
                if frame["kind"] == "need" {
                    self.tabs[at].place = Place::Out;
                    self.ask_in(at);
                } else if neg == self.tabs[at].neg {
                    self.tabs[at].answered = neg;
                }
            }
            "state" if frame["topic"].as_str().is_some_and(|topic| topic.starts_with("roster:")) => {
                let rev = frame["rev"].as_i64().unwrap_or_default();
                let tab = &mut self.tabs[at];
                if rev < tab.roster.0 {
                    return Ok(());
                }
                let people = frame["full"]["people"].as_array().cloned().unwrap_or_default();
                let one = |person: &Value| {
                    (
                        person["user"]["id"].as_str().unwrap().parse().unwrap(),
                        person["pid"].as_str().unwrap().to_owned(),
                    )
                };
                tab.roster = (rev, people.iter().map(one).collect());
                let users: BTreeSet<_> = tab.roster.1.iter().map(|(user, _)| *user).collect();
                must(users.len() == tab.roster.1.len(), || {
                    format!("tab {at} sees a twin: {:?}", tab.roster)
                })?;
            }
            "eph" if frame["k"] == "moved" => {
                let tab = &mut self.tabs[at];
                (tab.wants_in, tab.place) = (false, Place::Out);
            }
            "bye" if frame["code"] == "superseded" => {
                return Err(format!("tab {at} was told to stop by its own older line"));
            }
            _ => {}
        }
        Ok(())
    }

    fn tab_is_welcome(&mut self, at: usize, frame: &Value) {
        let tab = &mut self.tabs[at];
        if tab.is_live {
            return;
        }
        tab.is_live = true;
        let text = |name: &str| frame[name].as_str().unwrap().to_owned();
        tab.held = Some((Sid::new(text("sid")).unwrap(), SidKey::new(text("key")).unwrap()));
        let from = frame["from"].as_i64().unwrap();
        let is_first = tab.shown.is_empty() && tab.last == 0;
        if frame["reset"] == true || is_first {
            tab.resets += usize::from(frame["reset"] == true);
            tab.last = from.max(if is_first { tab.last } else { 0 });
            tab.acked = tab.last;
        }
        if frame["resumed"] == false {
            tab.roster = (0, Vec::new());
            tab.place = Place::Out;
        }
        let again: Vec<_> = tab
            .waiting
            .iter()
            .map(|w| json!({ "t": "cmd", "id": w.id, "op": w.op.as_str(), "do": &w.what }))
            .collect();
        for frame in again {
            self.send_up(at, &frame);
        }
        if self.tabs[at].place == Place::Out {
            self.ask_in(at);
        }
    }

    fn tab_is_told(&mut self, at: usize, frame: &Value) -> Check {
        let n = frame["n"].as_i64().unwrap();
        let tab = &mut self.tabs[at];
        if n <= tab.last {
            return Ok(());
        }
        if n > tab.last + 1 {
            let line = tab.line;
            line.into_iter().for_each(|line| self.cut(line));
            return Ok(());
        }
        // Without a gap, unless the server said that what lies between is gone.
        let follows = tab.shown.last().is_none_or(|last| n == last + 1) || tab.resets > 0;
        must(follows, || format!("tab {at} was shown {n} after {:?}", tab.shown.last()))?;
        tab.last = n;
        tab.shown.push(n);
        let happened = &self.inboxes[&tab.user][usize::try_from(n - 1).unwrap()];
        let is_it = frame["ev"] == serde_json::to_value(happened).unwrap();
        must(is_it, || format!("tab {at} was told {} as number {n}: {happened:?}", frame["ev"]))?;
        if tab.last - tab.acked >= 4 {
            tab.acked = tab.last;
            let ack = json!({ "t": "ack", "n": tab.last });
            self.send_up(at, &ack);
        }
        Ok(())
    }

    fn tab_is_answered(&mut self, at: usize, frame: &Value) {
        let id = frame["id"].as_u64().unwrap_or_default() as u32;
        let tab = &mut self.tabs[at];
        let Some(found) = tab.waiting.iter().position(|waiting| waiting.id == id) else { return };
        let Waiting { op, what, .. } = tab.waiting.remove(found);
        if frame["ok"].is_null() && what["type"] == "chat.send" {
            tab.answers.entry(op).or_default().push(frame["err"].clone());
            return;
        }
        tab.answers.entry(op).or_default().push(frame["ok"].clone());
        if what["type"] == "leave" && tab.place == Place::Out {
            return self.ask_in(at);
        }
        if tab.place == Place::Asked(id) {
            match frame["ok"]["pid"].as_str() {
                Some(pid) => tab.place = Place::In(pid.to_owned()),
                None => {
                    tab.place = Place::Out;
                    self.ask_in(at);
                }
            }
            if !self.tabs[at].wants_in {
                self.command(at, json!({ "type": "leave", "consult": consult() }), false);
                self.tabs[at].place = Place::Out;
            }
        }
    }

    // ── the server ──────────────────────────────────────────────────────

    fn ask<T>(&mut self, question: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Option<T> {
        let (answer, mut answered) = oneshot::channel();
        let now = self.now();
        self.hub.hear(question(answer), now);
        answered.try_recv().ok()
    }

    fn note(&mut self, ask: Ask) {
        let now = self.now();
        self.hub.hear(ask, now);
    }

    fn step(&mut self, id: LineId, input: Input) {
        let now = self.now();
        let Some(line) = self.lines.get_mut(&id) else { return };
        for output in line.session.step(input, now) {
            match output {
                Output::Admit(hello) => line.jobs.push_back(Job::Admit(hello)),
                Output::Do(number, op, command) => line.jobs.push_back(Job::Do(number, op, command)),
                Output::Negotiate(consult, neg, _) => line.jobs.push_back(Job::Negotiate(consult, neg)),
                Output::Fetch(after, limit) => line.jobs.push_back(Job::Fetch(after, limit)),
                Output::Pass(..) | Output::Seen(_) | Output::Close(_) => {}
            }
        }
        self.largest = self.largest.max(line.session.waiting());
    }

    fn work(&mut self, id: LineId) {
        let line = self.lines.get_mut(&id).unwrap();
        let who = self.tabs[line.tab].user;
        let Some(job) = line.jobs.pop_front() else { return };
        match job {
            Job::Admit(hello) => self.admit(id, who, hello),
            Job::Fetch(after, limit) => {
                let gone = self.forgotten.get(&who).copied().unwrap_or_default();
                let letter = |(i, ev): (usize, &Event)| Evt {
                    n: i as i64 + 1,
                    at: NOON,
                    consult: None,
                    ev: ev.clone(),
                };
                let letters = self.inboxes[&who].iter().enumerate().map(letter);
                let letters = letters.filter(|evt| evt.n > after.max(gone)).take(limit).collect();
                self.step(id, Input::Letters(letters));
            }
            Job::Negotiate(consult, neg) => {
                let step = match self.ask(|answer| Ask::SeatOf(id, consult, answer)).flatten() {
                    Some(seated) if seated.is_stale(neg) => return,
                    Some(_) => {
                        self.note(Ask::Negotiated(id, consult, neg));
                        ServerStep::Answer { sdp: "v=0\r\n".into() }
                    }
                    None => ServerStep::Need { audio: 0, video: 0 },
                };
                self.step(id, Input::Say(ServerSays::Sig { consult, neg, step }));
            }
            Job::Do(number, op, command) => {
                if let Some(outcome) = self.perform(id, who, number, &op, command) {
                    self.step(id, Input::Done(number, outcome));
                }
            }
            Job::Sit(number, op, neg) => {
                let outcome = self.sit(id, who, neg);
                self.note(Ask::Did(who, op, outcome.clone()));
                self.step(id, Input::Done(number, outcome));
            }
        }
    }

    fn admit(&mut self, id: LineId, who: UserId, hello: Hello) {
        let last_n = hello.resume.as_ref().map(|resume| resume.last_n);
        let tail = self.last_line;
        let knock = Knock {
            line: id,
            user: who,
            session: format!("ses-{tail:032x}").parse().unwrap(),
            ear: self.lines[&id].mouth.clone(),
            resume: hello.resume.map(|resume| (resume.sid, resume.key)),
            fresh: (Sid::new(format!("sid-{tail}-{}", id.0)).unwrap(), SidKey::new("key").unwrap()),
        };
        let entered = match self.ask(|answer| Ask::Enter(knock, answer)).unwrap() {
            Ok(entered) => entered,
            Err(code) => return self.step(id, Input::Refused(code)),
        };
        let head = self.inboxes[&who].len() as i64;
        let gone = self.forgotten.get(&who).copied().unwrap_or_default();
        let (from, reset) = post::taken_up(head, last_n, last_n.is_some_and(|last| last >= gone));
        let welcome = Welcome {
            sid: entered.sid,
            key: entered.key,
            resumed: entered.resumed,
            reset,
            me: who,
            n: head,
            from,
            hb_ms: 5_000,
            lease_ms: LEASE.as_millis() as u32,
            limits: [].into(),
            node: "one".into(),
            now: self.now(),
        };
        self.step(id, Input::Admitted(Box::new(welcome), entered.standing));
    }

    /// What `commands` does, with a store that is a map and a relay that says yes.
    fn perform(
        &mut self,
        id: LineId,
        who: UserId,
        number: u32,
        op: &OpKey,
        command: Command,
    ) -> Option<Outcome> {
        if let Command::ChatSend { .. } = command {
            let key = (who, op.clone());
            if let Some(answer) = self.kept.get(&key) {
                return Some(Outcome::Ok(answer.clone()));
            }
            *self.effects.entry(key.clone()).or_default() += 1;
            let answer = json!({ "message": self.kept.len() });
            self.kept.insert(key, answer.clone());
            self.happens(&format!("chat {}", op.as_str()));
            return Some(Outcome::Ok(answer));
        }
        let claim = self.ask(|answer| Ask::Claim(who, op.clone(), u64::from(number), answer))?;
        match claim {
            Claim::Yours => {}
            Claim::Done(outcome) => return Some(outcome),
            Claim::OtherCommand => return Some(Outcome::Err(Refused::new(Code::BadRequest))),
        }
        let outcome = match command {
            Command::Join { consult, neg, .. } => {
                match self.ask(|answer| Ask::Reserve(id, consult, answer)).unwrap() {
                    Ok(_) => {
                        // The relay takes its time: others come first.
                        let line = self.lines.get_mut(&id).unwrap();
                        line.jobs.push_front(Job::Sit(number, op.clone(), neg));
                        return None;
                    }
                    Err(code) => Outcome::Err(Refused::new(code)),
                }
            }
            Command::Leave { consult } => {
                if let Some(departed) = self.ask(|answer| Ask::StandUp(id, consult, answer)).flatten() {
                    self.happens(&format!("left {}", departed.user));
                }
                Outcome::done()
            }
            Command::Mute { consult, track, on } => {
                self.note(Ask::Mute(id, consult, track, on));
                Outcome::done()
            }
            other => panic!("no story has {other:?}"),
        };
        self.note(Ask::Did(who, op.clone(), outcome.clone()));
        Some(outcome)
    }

    fn sit(&mut self, id: LineId, who: UserId, neg: u32) -> Outcome {
        let pid = format!("par-{}", &who.to_string()[4..]).parse().unwrap();
        let sat = SatDown {
            line: id,
            consult: consult(),
            neg,
            shown: Shown {
                pid,
                sitter: Sitter {
                    user: Named { id: who, name: "An invented doctor".into(), title: None },
                    facility: Named {
                        id: "fac-019aa5e0c40070008000000000000002".parse().unwrap(),
                        name: "A".into(),
                        title: None,
                    },
                    role: "specialist".into(),
                },
                joined_at: self.now(),
                media: Media { mic: TrackState::On, cam: TrackState::None, screen: TrackState::Off },
            },
            slots: Vec::new(),
            tracks: BTreeMap::new(),
        };
        match self.ask(|answer| Ask::SitDown(sat, answer)).flatten() {
            Some(_) => {
                self.happens(&format!("sits {who}"));
                Outcome::Ok(json!({ "pid": pid }))
            }
            None => Outcome::Err(Refused::new(Code::SessionExpired)),
        }
    }

    /// An entry of the journal, in everybody's inbox.
    fn happens(&mut self, what: &str) {
        for inbox in self.inboxes.values_mut() {
            inbox.push(Event::Other { action: what.to_owned() });
        }
        let heads = self.inboxes.iter().map(|(user, inbox)| (*user, inbox.len() as i64)).collect();
        self.note(Ask::Post(heads));
    }

    // ── what happens ────────────────────────────────────────────────────

    fn makes(&mut self, one: Move) -> Check {
        match one {
            Move::Say(at) => {
                let what = json!({ "type": "chat.send", "consult": consult(), "text": "…" });
                self.command(at, what, false);
            }
            Move::Join(at) => {
                self.tabs[at].wants_in = true;
                if self.tabs[at].place == Place::Out {
                    self.ask_in(at);
                }
            }
            Move::Leave(at) => {
                let tab = &mut self.tabs[at];
                if std::mem::take(&mut tab.wants_in) && matches!(tab.place, Place::In(_)) {
                    tab.place = Place::Out;
                    self.command(at, json!({ "type": "leave", "consult": consult() }), false);
                }
            }
            Move::Mute(at, on) => {
                if matches!(self.tabs[at].place, Place::In(_)) {
                    let what = json!({ "type": "mute", "consult": consult(), "track": "mic", "on": on });
                    self.command(at, what, false);
                }
            }
            Move::Offer(at, is_old) => {
                if self.tabs[at].is_live && matches!(self.tabs[at].place, Place::In(_)) {
                    self.tabs[at].neg += u32::from(!is_old);
                    let offer = json!({ "t": "sig", "consult": consult(), "neg": self.tabs[at].neg,
                        "kind": "offer", "sdp": "v=0\r\n" });
                    self.send_up(at, &offer);
                }
            }
            Move::Seconds(seconds) => self.time_passes(Duration::from_secs(u64::from(seconds))),
            Move::Restart => {
                let lines: Vec<_> = self.lines.keys().copied().collect();
                lines.into_iter().for_each(|line| self.cut(line));
                self.lines.clear();
                (self.hub, self.departures) = started(&self.clock);
                let sat: Vec<_> = self.tabs.iter().map(|tab| tab.user).collect();
                self.happens(&format!("everybody left, {} people", sat.len()));
            }
            Move::Forget => {
                for (user, inbox) in &self.inboxes {
                    self.forgotten.insert(*user, (inbox.len() as i64 - 1).max(0));
                }
            }
            Move::Turn(which) => self.turn(usize::from(which))?,
        }
        self.holds()
    }

    fn time_passes(&mut self, span: Duration) {
        self.clock.forward(span);
        for at in 0..self.tabs.len() {
            if self.tabs[at].is_live {
                let ping = json!({ "t": "ping", "ts": self.now() });
                self.send_up(at, &ping);
            }
        }
        let lines: Vec<_> = self.lines.keys().copied().collect();
        for id in lines {
            self.step(id, Input::Control);
            self.step(id, Input::Tick);
        }
        self.note(Ask::Tick);
        while let Ok(departed) = self.departures.try_recv() {
            self.happens(&format!("lost {}", departed.user));
        }
    }

    /// Everything that could be done now.
    fn waiting(&self) -> Vec<(u8, usize)> {
        let mut found = Vec::new();
        for (at, tab) in self.tabs.iter().enumerate() {
            if tab.line.is_none() {
                found.push((0, at));
            }
        }
        for (id, line) in &self.lines {
            let key = usize::try_from(id.0).unwrap();
            if line.is_open && line.up.is_ready() {
                found.push((1, key));
            }
            if !line.ear.is_empty() {
                found.push((2, key));
            }
            if !line.jobs.is_empty() {
                found.push((3, key));
            }
            if line.is_open && line.session.has_frames() {
                found.push((4, key));
            }
            if line.is_open && line.down.is_ready() {
                found.push((5, key));
            }
            if line.session.is_closed() && !line.session.has_frames() && line.down.0.is_empty() {
                found.push((6, key));
            }
        }
        found
    }

    fn turn(&mut self, which: usize) -> Check {
        self.clock.forward(Duration::from_millis(25));
        let waiting = self.waiting();
        if !waiting.is_empty() {
            let (kind, key) = waiting[which % waiting.len()];
            self.does(kind, key)?;
        }
        for line in self.lines.values_mut() {
            line.up.turn();
            line.down.turn();
        }
        // A line that is gone and has done its last job is nothing any more.
        self.lines.retain(|_, line| line.is_open || !line.jobs.is_empty());
        Ok(())
    }

    fn does(&mut self, kind: u8, key: usize) -> Check {
        let id = LineId(key as u64);
        match kind {
            0 => self.connect(key),
            1 => {
                let flying = self.lines.get_mut(&id).unwrap().up.0.pop_front().unwrap();
                if flying.fault != Fault::CutBefore {
                    self.step(id, Input::Text(flying.text));
                }
                if matches!(flying.fault, Fault::CutBefore | Fault::CutAfter) {
                    self.cut(id);
                }
            }
            2 => {
                let heard = self.lines.get_mut(&id).unwrap().ear.try_recv().unwrap();
                self.step(id, heard);
            }
            3 => self.work(id),
            4 => {
                let now = self.now();
                let line = self.lines.get_mut(&id).unwrap();
                let frame = line.session.next_frame(now).unwrap();
                let more = line.session.fetch();
                if let Some(Output::Fetch(after, limit)) = more {
                    line.jobs.push_back(Job::Fetch(after, limit));
                }
                let fault = self.fault();
                self.lines.get_mut(&id).unwrap().down.put(frame, fault);
            }
            5 => {
                let line = self.lines.get_mut(&id).unwrap();
                let at = line.tab;
                let flying = line.down.0.pop_front().unwrap();
                if flying.fault != Fault::CutBefore && self.tabs[at].line == Some(id) {
                    self.tab_hears(at, &flying.text)?;
                }
                if matches!(flying.fault, Fault::CutBefore | Fault::CutAfter) {
                    self.cut(id);
                }
            }
            _ => self.cut(id),
        }
        Ok(())
    }

    // ── what always holds ───────────────────────────────────────────────

    fn holds(&self) -> Check {
        for room in self.hub.rooms.values() {
            let users: BTreeSet<_> = room.seats.iter().map(|seat| seat.user).collect();
            let numbers: BTreeSet<SeatId> = room.seats.iter().map(|seat| seat.number).collect();
            must(users.len() == room.seats.len() && numbers.len() == room.seats.len(), || {
                format!("somebody sits twice: {:?}", room.seats)
            })?;
        }
        must(self.largest <= 2 * MAX_FRAMES, || format!("{} frames wait", self.largest))?;
        Ok(())
    }

    /// The wire is quiet from now on: without anybody doing anything, all comes right.
    fn comes_to_rest(&mut self) -> Check {
        self.faults.clear();
        for turn in 0.. {
            must(turn < PATIENCE, || "the story turns in a circle".into())?;
            if self.waiting().is_empty()
                && !self.lines.values().any(|l| !l.up.0.is_empty() || !l.down.0.is_empty())
            {
                break;
            }
            self.turn(turn)?;
            self.holds()?;
        }
        self.all_is_well()
    }

    fn all_is_well(&self) -> Check {
        for (at, tab) in self.tabs.iter().enumerate() {
            must(tab.is_live, || format!("tab {at} did not come back"))?;
            must(tab.waiting.is_empty(), || format!("tab {at} still waits for {}", tab.waiting[0].what))?;
            let head = self.inboxes[&tab.user].len() as i64;
            must(tab.last == head, || format!("tab {at} knows {} of {head}", tab.last))?;
            must((tab.place != Place::Out) == tab.wants_in, || format!("tab {at} is {:?}", tab.place))?;
        }
        let answers = self.tabs.iter().flat_map(|tab| tab.answers.values());
        let same = answers.clone().all(|answers| answers.windows(2).all(|two| two[0] == two[1]));
        must(same, || "the same key was answered in two ways".into())?;
        let said: usize = answers.count();
        must(said <= self.ops as usize, || "an answer to nothing".into())?;
        must(self.effects.values().all(|done| *done == 1), || format!("{:?}", self.effects))?;
        let wanted: BTreeSet<_> = self.tabs.iter().filter(|tab| tab.wants_in).map(|tab| tab.user).collect();
        let there: BTreeSet<_> =
            self.hub.rooms.get(&consult()).into_iter().flat_map(|r| &r.seats).map(|s| s.user).collect();
        must(there.is_superset(&wanted), || {
            let places: Vec<_> = self.tabs.iter().map(|tab| (tab.wants_in, &tab.place, tab.line)).collect();
            format!("{wanted:?} want in, {there:?} are; {places:?}; {:?}", self.inboxes[&user(1)])
        })?;
        for (at, tab) in self.tabs.iter().enumerate().filter(|(_, tab)| tab.wants_in) {
            let seen: BTreeSet<_> = tab.roster.1.iter().map(|(user, _)| *user).collect();
            // The person's other tab may have the seat; then the roster is told to that one.
            let has_seat = self.hub.rooms[&consult()].seats.iter().any(|seat| seat.line == tab.line);
            let shown: BTreeSet<_> =
                self.hub.rooms[&consult()].roster().iter().map(|person| person.user.id).collect();
            must(!has_seat || seen == shown, || format!("tab {at} sees {seen:?}, there are {shown:?}"))?;
        }
        Ok(())
    }
}

/// Runs a story to its end. Gives the frames that flew and the lines that were cut.
fn told(moves: &[Move], faults: &[Fault]) -> Result<(usize, usize), String> {
    let mut world = World::new(faults.to_vec());
    for one in moves {
        world.makes(*one)?;
    }
    world.comes_to_rest()?;
    Ok((world.frames, world.cuts))
}

fn a_move() -> impl Strategy<Value = Move> {
    let tab = 0..TABS.len();
    prop_oneof![
        30 => any::<u8>().prop_map(Move::Turn),
        4 => tab.clone().prop_map(Move::Say),
        3 => tab.clone().prop_map(Move::Join),
        1 => tab.clone().prop_map(Move::Leave),
        1 => (tab.clone(), any::<bool>()).prop_map(|(at, on)| Move::Mute(at, on)),
        2 => (tab, any::<bool>()).prop_map(|(at, old)| Move::Offer(at, old)),
        1 => (1_u8..30).prop_map(Move::Seconds),
        1 => Just(Move::Restart),
        1 => Just(Move::Forget),
    ]
}

fn a_fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        8 => Just(Fault::None),
        1 => Just(Fault::CutAfter),
        1 => Just(Fault::CutBefore),
        2 => Just(Fault::Duplicate),
        2 => (1_u8..20).prop_map(Fault::Delay),
        2 => Just(Fault::Overtaken),
    ]
}

#[test]
fn whatever_the_wire_does_each_event_is_told_once_and_everybody_is_back_in_one_seat() {
    const STORIES: u32 = 500;
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[2; 32]);
    let config = Config { cases: STORIES, failure_persistence: None, ..Config::default() };
    let stories = (prop::collection::vec(a_move(), 40..240), prop::collection::vec(a_fault(), 0..160));
    let total = std::cell::Cell::new((0, 0));
    let run = TestRunner::new_with_rng(config, rng).run(&stories, |(moves, faults)| {
        let (frames, cuts) = told(&moves, &faults).map_err(TestCaseError::fail)?;
        total.set((total.get().0 + frames, total.get().1 + cuts));
        Ok(())
    });
    if let Err(why) = run {
        panic!("{why}");
    }
    let (frames, cuts) = total.get();
    println!(
        "session machine: {STORIES} stories, {frames} frames, {cuts} cuts: each event once and in order"
    );
}

/// The way once: three people come in, talk, renegotiate, one leaves.
fn the_way_once() -> Vec<Move> {
    let mut moves = vec![Move::Say(0), Move::Join(0), Move::Join(1)];
    moves.extend((0..60).map(Move::Turn));
    moves.extend([Move::Join(2), Move::Say(1), Move::Offer(0, false), Move::Mute(1, true)]);
    moves.extend((0..60).map(Move::Turn));
    moves.extend([Move::Offer(0, true), Move::Join(3), Move::Say(2), Move::Leave(1)]);
    moves.extend((0..60).map(Move::Turn));
    moves
}

#[test]
fn the_way_once_survives_every_fault_at_every_frame_and_pairs_of_cuts() {
    let moves = the_way_once();
    let (frames, _) = told(&moves, &[]).unwrap();
    let faults = [Fault::CutAfter, Fault::CutBefore, Fault::Duplicate, Fault::Delay(9), Fault::Overtaken];
    let mut cases = 0;
    let at = |places: &[usize], fault: Fault| {
        let mut plan = vec![Fault::None; frames];
        places.iter().for_each(|place| plan[*place] = fault);
        plan
    };
    for place in 0..frames {
        for fault in faults {
            if let Err(why) = told(&moves, &at(&[place], fault)) {
                panic!("{fault:?} at frame {place}: {why}");
            }
            cases += 1;
        }
    }
    for first in 0..frames {
        for second in (first + 1..frames).step_by(4) {
            let fault = if (first + second) % 2 == 0 { Fault::CutAfter } else { Fault::CutBefore };
            if let Err(why) = told(&moves, &at(&[first, second], fault)) {
                panic!("{fault:?} at frames {first} and {second}: {why}");
            }
            cases += 1;
        }
    }
    println!(
        "session machine: a story of {frames} frames, {cases} cases: every fault at every frame, every fourth pair of cuts"
    );
}

#[test]
fn a_line_may_be_superseded_only_by_its_own_session() {
    let mut world = World::new(Vec::new());
    world.comes_to_rest().unwrap();
    let older = world.tabs[0].line.unwrap();
    world.connect(0);
    for turn in 0..40 {
        // The older socket is not read any more: its farewell must not reach the page.
        world.turn(turn).unwrap();
    }
    world.comes_to_rest().unwrap();

    assert!(world.tabs[0].is_live);
    assert_ne!(world.tabs[0].line, Some(older));
    assert!(!world.hub.lines.contains_key(&older));
    assert_eq!(Topic::Roster(consult()).to_string(), format!("roster:{}", consult()));
    assert_eq!(Close::Superseded.code(), 4409);
}
