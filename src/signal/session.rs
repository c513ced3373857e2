//! One connection as a pure machine: no socket, no timer, no store.
//!
//! `step` takes what came in and the time, changes the state and answers with what is to be
//! done outside. Frames for the browser gather in the [`Outbox`]; the socket takes them one
//! by one with [`Session::next_frame`]. Events are not pushed but fetched: whoever knows of
//! newer entries says [`Input::Post`], and the machine asks for them while it has room, so
//! that each is sent once, in order, and none is ever dropped.

use std::time::Duration;

use super::{
    bucket::Bucket,
    outbox::Outbox,
    protocol::{
        ByeAction, ClientSays, Code, Command, Evt, Hello, OpKey, Outcome, Passing, Refused, ServerSays,
        SigStep, Unread, VERSION, Welcome, read,
    },
};
use crate::kernel::{ConsultId, Timestamp};

/// How long a socket may stay silent before it says `hello`.
const HELLO_WITHIN: Duration = Duration::from_secs(10);

/// A hidden tab is throttled to one timer a minute unless its worker pings; after this
/// silence nobody is there any more.
const SILENT_FOR: Duration = Duration::from_secs(45);

/// How long a queue may be full: a satellite line stalls for seconds, a dead one for ever.
const FULL_FOR: Duration = Duration::from_secs(10);

/// One strike is forgiven after this time.
const STRIKE_FADES: Duration = Duration::from_secs(10);

/// Strikes that end the line.
const STRIKES: u32 = 3;

/// Frames over the limit that make a strike: a browser that trickles is no flood.
const EXCESS_PER_STRIKE: u32 = 10;

/// Commands of one line that may be under way at once.
const MOST_PENDING: usize = 32;

/// Entries fetched at once.
const FETCH: usize = 64;

/// What came in.
#[derive(Debug)]
pub enum Input {
    /// A text frame.
    Text(String),
    /// A frame above the limit, or one that is not text.
    Unfit(Close),
    /// A control frame: it proves life and costs a token.
    Control,
    /// Time passed.
    Tick,
    /// The answer to [`Output::Admit`]: the welcome, and what else the browser is told at once.
    Admitted(Box<Welcome>, Vec<ServerSays>),
    /// The answer to [`Output::Admit`]: no.
    Refused(Code),
    /// A command of this line is finished.
    Done(u32, Outcome),
    /// Something to say.
    Say(ServerSays),
    /// The inbox of this person now goes up to this number.
    Post(i64),
    /// The answer to [`Output::Fetch`], in order.
    Letters(Vec<Evt>),
    /// The line has to end.
    End(Close),
}

/// What is to be done outside.
#[derive(Debug, PartialEq)]
pub enum Output {
    /// Find out whether this browser may come in.
    Admit(Hello),
    /// Carry out a command and answer with [`Input::Done`].
    Do(u32, OpKey, Command),
    /// Hand a step of negotiation on.
    Negotiate(ConsultId, u32, SigStep),
    /// Tell the others of the room.
    Pass(Option<ConsultId>, Passing),
    /// The browser has applied its inbox up to here.
    Seen(i64),
    /// Read the inbox after `.0`, at most `.1` entries, and answer with [`Input::Letters`].
    Fetch(i64, usize),
    /// Write what waits and close.
    Close(Close),
}

/// Why a line ends, as the close code says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// Nothing is wrong, or nobody is there.
    Normal,
    /// The person signed out.
    SignedOut,
    /// The line takes less than it is sent.
    Slow,
    /// The same session has a newer line.
    Superseded,
    /// A frame above the limit.
    TooLarge,
    /// Too many frames.
    Flood,
    /// The server is being taken out of service.
    Draining,
}

impl Close {
    /// The WebSocket close code.
    pub fn code(self) -> u16 {
        match self {
            Self::Normal => 4000,
            Self::SignedOut => 4401,
            Self::Slow => 4408,
            Self::Superseded => 4409,
            Self::TooLarge => 4413,
            Self::Flood => 4429,
            Self::Draining => 4503,
        }
    }

    /// The farewell, where the browser needs more than the code.
    fn bye(self) -> Option<ServerSays> {
        let (code, action, after_ms) = match self {
            Self::SignedOut => (Code::Unauthorized, ByeAction::Stop, None),
            Self::Superseded => (Code::Superseded, ByeAction::Stop, None),
            Self::TooLarge => (Code::TooLarge, ByeAction::Resume, None),
            Self::Flood => (Code::RateLimited, ByeAction::Resume, Some(5_000)),
            Self::Draining => (Code::NodeDraining, ByeAction::Resume, Some(800)),
            // A line that takes nothing would not take a farewell either.
            Self::Normal | Self::Slow => return None,
        };
        Some(ServerSays::Bye { code, action, after_ms })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing was said yet.
    Silent,
    /// `hello` was said and is being looked into.
    Knocking,
    /// Let in.
    Live,
    /// Over.
    Closed,
}

/// One connection.
#[derive(Debug)]
pub struct Session {
    phase: Phase,
    opened_at: Timestamp,
    heard_at: Timestamp,
    frames: Bucket,
    passing: Bucket,
    excess: u32,
    strikes: u32,
    struck_at: Timestamp,
    outbox: Outbox,
    pending: usize,
    sent_n: i64,
    known_n: i64,
    acked_n: i64,
    fetching: bool,
}

impl Session {
    /// A socket that was just opened.
    pub fn open(now: Timestamp) -> Self {
        Self {
            phase: Phase::Silent,
            opened_at: now,
            heard_at: now,
            frames: Bucket::full(20, 60, now),
            passing: Bucket::full(30, 30, now),
            excess: 0,
            strikes: 0,
            struck_at: now,
            outbox: Outbox::default(),
            pending: 0,
            sent_n: 0,
            known_n: 0,
            acked_n: 0,
            fetching: false,
        }
    }

    /// Whether the line is over.
    #[cfg(test)]
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// Frames that wait to be written.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.outbox.waiting()
    }

    /// Whether something waits to be written.
    pub fn has_frames(&self) -> bool {
        self.outbox.has_frames()
    }

    /// The next frame to write.
    pub fn next_frame(&mut self, now: Timestamp) -> Option<String> {
        self.outbox.take(now)
    }

    /// Asks for more of the inbox, if there is more and there is room: to be called after
    /// every frame taken.
    pub fn fetch(&mut self) -> Option<Output> {
        let due = self.phase == Phase::Live
            && !self.fetching
            && self.known_n > self.sent_n
            && self.outbox.has_room();
        due.then(|| {
            self.fetching = true;
            Output::Fetch(self.sent_n, FETCH.min(self.outbox.room()))
        })
    }

    /// Takes what came in.
    pub fn step(&mut self, input: Input, now: Timestamp) -> Vec<Output> {
        let mut out = Vec::new();
        if self.phase == Phase::Closed {
            return out;
        }
        match input {
            Input::Text(text) => self.text(&text, now, &mut out),
            Input::Control => {
                self.heard_at = now;
                if !self.frames.take(now) {
                    self.too_much(1, now, &mut out);
                }
            }
            Input::Unfit(why) | Input::End(why) => self.close(why, now, &mut out),
            Input::Tick => self.tick(now, &mut out),
            Input::Admitted(welcome, more) => self.admitted(*welcome, more, now),
            Input::Refused(code) => {
                self.outbox.put(ServerSays::Bye { code, action: ByeAction::Stop, after_ms: None }, now);
                self.shut(Close::SignedOut, &mut out);
            }
            Input::Done(id, outcome) => {
                self.pending = self.pending.saturating_sub(1);
                self.outbox.put(ServerSays::Res { id, outcome }, now);
            }
            Input::Say(frame) => {
                if self.phase == Phase::Live {
                    self.outbox.put(frame, now);
                }
            }
            Input::Post(n) => self.known_n = self.known_n.max(n),
            Input::Letters(letters) => self.letters(letters, now, &mut out),
        }
        if self.outbox.is_bursting() {
            self.close(Close::Slow, now, &mut out);
        }
        out.extend(self.fetch());
        out
    }

    fn text(&mut self, text: &str, now: Timestamp, out: &mut Vec<Output>) {
        self.heard_at = now;
        match read(text) {
            // The passing kinds have a bucket of their own: a pointer must not eat a command's token.
            Ok(ClientSays::Eph { consult, what }) => {
                if !self.passing.take(now) {
                    self.too_much(1, now, out);
                } else if self.phase == Phase::Live {
                    out.push(Output::Pass(consult, what));
                }
            }
            Err(Unread::PassOver) => {
                if !self.passing.take(now) {
                    self.too_much(1, now, out);
                }
            }
            said => {
                if self.frames.take(now) {
                    self.said(said, now, out);
                } else {
                    if let Ok(ClientSays::Cmd { id, .. }) = said {
                        self.refuse(id, Refused::new(Code::RateLimited), now);
                    }
                    self.too_much(1, now, out);
                }
            }
        }
    }

    fn said(&mut self, said: Result<ClientSays, Unread>, now: Timestamp, out: &mut Vec<Output>) {
        match said {
            Err(Unread::Noise) => {
                self.refuse(0, Refused::new(Code::BadRequest), now);
                self.too_much(EXCESS_PER_STRIKE, now, out);
            }
            Err(Unread::Answer { id, why }) => self.refuse(id, why, now),
            Err(Unread::PassOver) | Ok(ClientSays::Eph { .. }) => {}
            Ok(ClientSays::Hello(hello)) => self.hello(hello, now, out),
            Ok(ClientSays::Ping { ts }) => self.outbox.put(ServerSays::Pong { ts, now }, now),
            Ok(ClientSays::Cmd { id, .. }) if self.phase != Phase::Live => {
                self.refuse(id, Refused::new(Code::SessionUnknown), now);
            }
            Ok(ClientSays::Sig { .. } | ClientSays::Ack { .. }) if self.phase != Phase::Live => {
                self.refuse(0, Refused::new(Code::SessionUnknown), now);
            }
            Ok(ClientSays::Cmd { id, .. }) if self.pending >= MOST_PENDING => {
                self.refuse(id, Refused::new(Code::RateLimited), now);
            }
            Ok(ClientSays::Cmd { id, op, r#do }) => {
                self.pending += 1;
                out.push(Output::Do(id, op, r#do));
            }
            Ok(ClientSays::Sig { consult, neg, step }) => out.push(Output::Negotiate(consult, neg, step)),
            Ok(ClientSays::Ack { n }) => {
                // Nobody can have seen what was not sent.
                if n > self.acked_n && n <= self.sent_n {
                    self.acked_n = n;
                    out.push(Output::Seen(n));
                }
            }
        }
    }

    fn hello(&mut self, hello: Hello, now: Timestamp, out: &mut Vec<Output>) {
        if self.phase != Phase::Silent {
            self.refuse(0, Refused::new(Code::BadRequest), now);
        } else if hello.v == VERSION {
            self.phase = Phase::Knocking;
            out.push(Output::Admit(hello));
        } else {
            self.outbox.put(
                ServerSays::Bye { code: Code::Unsupported, action: ByeAction::Stop, after_ms: None },
                now,
            );
            self.shut(Close::Normal, out);
        }
    }

    fn admitted(&mut self, welcome: Welcome, more: Vec<ServerSays>, now: Timestamp) {
        if self.phase != Phase::Knocking {
            return;
        }
        self.phase = Phase::Live;
        (self.sent_n, self.acked_n) = (welcome.from, welcome.from);
        self.known_n = self.known_n.max(welcome.n);
        self.outbox.put(ServerSays::Welcome(welcome), now);
        for frame in more {
            self.outbox.put(frame, now);
        }
    }

    fn letters(&mut self, letters: Vec<Evt>, now: Timestamp, out: &mut Vec<Output>) {
        self.fetching = false;
        if letters.is_empty() {
            // Nothing there after all: ask again only when somebody says so.
            self.known_n = self.sent_n;
        }
        for letter in letters {
            if letter.n <= self.sent_n {
                continue;
            }
            let n = letter.n;
            if n != self.sent_n + 1 {
                // The inbox was cleared out under this line: it has to come back and take all anew.
                return self.close(Close::Normal, now, out);
            }
            if !self.outbox.offer(letter, now) {
                break;
            }
            self.sent_n = n;
            self.known_n = self.known_n.max(n);
        }
    }

    fn tick(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        if self.phase == Phase::Silent && now.since(self.opened_at) >= HELLO_WITHIN
            || now.since(self.heard_at) >= SILENT_FOR
        {
            self.close(Close::Normal, now, out);
        } else if self.outbox.full_since().is_some_and(|since| now.since(since) >= FULL_FOR) {
            self.close(Close::Slow, now, out);
        }
    }

    fn refuse(&mut self, id: u32, why: Refused, now: Timestamp) {
        self.outbox.put(ServerSays::Res { id, outcome: Outcome::Err(why) }, now);
    }

    fn too_much(&mut self, by: u32, now: Timestamp, out: &mut Vec<Output>) {
        let faded = now.since(self.struck_at).as_secs() / STRIKE_FADES.as_secs();
        self.strikes = self.strikes.saturating_sub(u32::try_from(faded).unwrap_or(u32::MAX));
        self.excess += by;
        if self.excess >= EXCESS_PER_STRIKE {
            self.excess = 0;
            self.strikes += 1;
            self.struck_at = now;
        }
        if self.strikes >= STRIKES {
            self.close(Close::Flood, now, out);
        }
    }

    fn close(&mut self, why: Close, now: Timestamp, out: &mut Vec<Output>) {
        if let Some(bye) = why.bye() {
            self.outbox.put(bye, now);
        }
        self.shut(why, out);
    }

    fn shut(&mut self, why: Close, out: &mut Vec<Output>) {
        if self.phase != Phase::Closed {
            self.phase = Phase::Closed;
            out.push(Output::Close(why));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::signal::{
        outbox::{MAX_BYTES, MAX_FRAMES},
        protocol::{Event, Sid, SidKey},
    };

    const NOON: Timestamp = Timestamp::from_millis(43_200_000);

    fn after(seconds: u64) -> Timestamp {
        NOON.plus(Duration::from_secs(seconds))
    }

    fn welcome(from: i64, n: i64) -> Welcome {
        Welcome {
            sid: Sid::new("sid-1").unwrap(),
            key: SidKey::new("key").unwrap(),
            resumed: true,
            reset: false,
            me: "usr-019aa5e0c40070008000000000000010".parse().unwrap(),
            n,
            from,
            hb_ms: 5_000,
            lease_ms: 60_000,
            limits: [].into(),
            node: "one".into(),
            now: NOON,
        }
    }

    fn hello() -> Input {
        Input::Text(json!({ "t": "hello", "v": 1, "device": "dev-1", "caps": [] }).to_string())
    }

    fn text(frame: Value) -> Input {
        Input::Text(frame.to_string())
    }

    fn cmd(id: u32) -> Input {
        text(json!({ "t": "cmd", "id": id, "op": "019aa5e0-c400-7000-8000-000000000109",
            "do": { "type": "sync", "topic": "rings" } }))
    }

    /// A line that was let in with its inbox applied up to `from` of `newest`.
    fn live(from: i64, newest: i64) -> (Session, Vec<Output>) {
        let mut session = Session::open(NOON);
        session.step(hello(), NOON);
        let out = session.step(Input::Admitted(Box::new(welcome(from, newest)), Vec::new()), NOON);
        (session, out)
    }

    fn letters(after: i64, upto: i64) -> Vec<Evt> {
        (after + 1..=upto)
            .map(|n| Evt {
                n,
                at: NOON,
                consult: None,
                ev: Event::Other { action: "x".repeat(n as usize % 900) },
            })
            .collect()
    }

    fn frames(session: &mut Session) -> Vec<Value> {
        std::iter::from_fn(|| session.next_frame(NOON))
            .map(|text| serde_json::from_str(&text).unwrap())
            .collect()
    }

    fn codes(session: &mut Session) -> Vec<String> {
        let code = |frame: &Value| frame.pointer("/err/code").and_then(Value::as_str).map(str::to_owned);
        frames(session).iter().filter_map(code).collect()
    }

    #[test]
    fn every_way_to_end_has_a_code_of_the_protocol() {
        let ways = [
            Close::Normal,
            Close::SignedOut,
            Close::Slow,
            Close::Superseded,
            Close::TooLarge,
            Close::Flood,
            Close::Draining,
        ];

        assert_eq!(ways.map(Close::code), crate::signal::protocol::CLOSE_CODES);
    }

    #[test]
    fn nothing_is_done_before_hello() {
        let mut session = Session::open(NOON);

        let out = session.step(cmd(1), NOON);

        assert_eq!(out, []);
        assert_eq!(codes(&mut session), ["session_unknown"]);
    }

    #[test]
    fn who_says_nothing_for_ten_seconds_is_shown_out() {
        let mut session = Session::open(NOON);

        assert_eq!(session.step(Input::Tick, after(9)), []);
        assert_eq!(session.step(Input::Tick, after(10)), [Output::Close(Close::Normal)]);
    }

    #[test]
    fn a_line_that_fell_silent_ends_after_three_quarters_of_a_minute() {
        let (mut session, _) = live(0, 0);

        assert_eq!(session.step(Input::Tick, after(44)), []);
        assert_eq!(session.step(Input::Tick, after(45)), [Output::Close(Close::Normal)]);
    }

    #[test]
    fn a_ping_is_answered_with_both_times() {
        let (mut session, _) = live(0, 0);
        frames(&mut session);

        session.step(text(json!({ "t": "ping", "ts": "2026-11-22T06:42:18.250Z" })), NOON);

        let pong = frames(&mut session).pop().unwrap();
        assert_eq!(pong["t"], "pong");
        assert_eq!(pong["ts"], "2026-11-22T06:42:18.250Z");
    }

    #[test]
    fn an_unknown_kind_is_answered_and_the_line_stays_open() {
        let (mut session, _) = live(0, 0);

        let out = session.step(text(json!({ "t": "dance", "id": 7 })), NOON);

        assert_eq!(out, []);
        assert_eq!(codes(&mut session), ["unknown_type"]);
        assert!(!session.is_closed());
    }

    #[test]
    fn a_malformed_description_does_nothing_but_be_refused() {
        let (mut session, _) = live(0, 0);
        let consult = "con-019aa5e0c40070008000000000000001";

        let out = session.step(
            text(json!({ "t": "sig", "consult": consult, "neg": 1, "kind": "offer", "sdp": "v=1" })),
            NOON,
        );

        assert_eq!(out, []);
        assert_eq!(codes(&mut session), ["bad_request"]);
    }

    #[test]
    fn a_resumed_line_is_told_exactly_what_it_missed() {
        let (mut session, out) = live(41, 44);
        assert_eq!(out, [Output::Fetch(41, 64)]);

        session.step(Input::Letters(letters(41, 44)), NOON);

        let told: Vec<_> = frames(&mut session).iter().filter_map(|frame| frame["n"].as_i64()).collect();
        assert_eq!(told, [44, 42, 43, 44]); // the welcome carries the head of the inbox
    }

    #[test]
    fn a_letter_that_comes_twice_is_told_once() {
        let (mut session, _) = live(0, 2);
        session.step(Input::Letters(letters(0, 2)), NOON);
        session.step(Input::Post(3), NOON);
        session.step(Input::Letters(letters(0, 3)), NOON);

        let told = frames(&mut session).iter().filter(|frame| frame["t"] == "evt").count();
        assert_eq!(told, 3);
    }

    #[test]
    fn an_inbox_cleared_out_under_the_line_ends_it() {
        let (mut session, _) = live(0, 9);

        let out = session.step(Input::Letters(letters(4, 9)), NOON);

        assert_eq!(out, [Output::Close(Close::Normal)]);
    }

    #[test]
    fn only_what_was_sent_can_be_seen() {
        let (mut session, _) = live(0, 2);
        session.step(Input::Letters(letters(0, 2)), NOON);

        assert_eq!(session.step(text(json!({ "t": "ack", "n": 9 })), NOON), []);
        assert_eq!(session.step(text(json!({ "t": "ack", "n": 2 })), NOON), [Output::Seen(2)]);
        assert_eq!(session.step(text(json!({ "t": "ack", "n": 1 })), NOON), []);
    }

    #[test]
    fn sixty_commands_at_once_are_taken_and_a_flood_ends_the_line() {
        let (mut session, _) = live(0, 0);

        let mut done = 0;
        let mut ended = None;
        for id in 1..=5_000 {
            let out = session.step(cmd(id), NOON);
            if out.iter().any(|o| matches!(o, Output::Do(..))) {
                done += 1;
                session.step(Input::Done(id, Outcome::done()), NOON);
            }
            ended = out.into_iter().find(|o| matches!(o, Output::Close(_))).or(ended);
        }

        // `hello` took one of the sixty.
        assert_eq!(done, 59);
        assert_eq!(ended, Some(Output::Close(Close::Flood)));
    }

    #[test]
    fn a_pointer_that_moves_too_fast_loses_steps_and_not_the_line() {
        let (mut session, _) = live(0, 0);
        let typing = || text(json!({ "t": "eph", "k": "typing" }));

        let passed = (0..35).map(|_| session.step(typing(), NOON)).filter(|out| !out.is_empty()).count();

        assert_eq!(passed, 30);
        assert!(!session.is_closed());
        assert!(matches!(session.step(cmd(1), NOON)[..], [Output::Do(..)]));
    }

    #[test]
    fn a_queue_that_stays_full_ends_the_line_and_one_that_moves_does_not() {
        let (mut session, mut out) = live(0, 2_000);
        let mut upto = 0;
        while let Some(Output::Fetch(from, limit)) = out.pop() {
            upto = from + limit as i64;
            out = session.step(Input::Letters(letters(from, upto)), NOON);
        }
        assert!(upto >= 64, "it stopped fetching at {upto}");

        assert_eq!(session.step(Input::Tick, after(9)), []);
        session.step(Input::Control, after(9));
        let mut other = session.step(Input::Tick, after(10));
        assert_eq!(other.pop(), Some(Output::Close(Close::Slow)));
    }

    #[test]
    fn who_signed_out_is_told_to_stop() {
        let (mut session, _) = live(0, 0);

        let out = session.step(Input::End(Close::SignedOut), NOON);

        assert_eq!(out, [Output::Close(Close::SignedOut)]);
        let bye = frames(&mut session).pop().unwrap();
        assert_eq!(
            (&bye["t"], &bye["code"], &bye["action"]),
            (&json!("bye"), &json!("unauthorized"), &json!("stop"))
        );
    }

    /// One thing that happens to a line.
    #[derive(Debug, Clone)]
    enum Chance {
        Post(i64),
        /// The answer to the fetch under way, perhaps shorter than asked, perhaps with old ones again.
        Letters {
            short: usize,
            again: i64,
        },
        Written(usize),
        Say,
        Command,
        Tick(u64),
    }

    fn chance() -> impl Strategy<Value = Chance> {
        prop_oneof![
            (1_i64..400).prop_map(Chance::Post),
            (0_usize..8, 0_i64..5).prop_map(|(short, again)| Chance::Letters { short, again }),
            (1_usize..80).prop_map(Chance::Written),
            Just(Chance::Say),
            Just(Chance::Command),
            (0_u64..4).prop_map(Chance::Tick),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        /// Whatever comes in whatever order: each event once, in order, without a gap; the queue
        /// bounded; nothing after the end.
        #[test]
        fn every_event_is_told_once_and_in_order(chances in prop::collection::vec(chance(), 1..200)) {
            let (mut session, out) = live(5, 5);
            let (mut newest, mut now, mut told) = (5_i64, NOON, 5_i64);
            let mut fetch = out.into_iter().find_map(|o| match o { Output::Fetch(a, l) => Some((a, l)), _ => None });
            for chance in chances {
                let was_closed = session.is_closed();
                let out = match chance {
                    Chance::Post(more) => { newest += more; session.step(Input::Post(newest), now) }
                    Chance::Letters { short, again } => match fetch.take() {
                        Some((from, limit)) => {
                            let upto = newest.min(from + limit as i64 - short.min(limit - 1) as i64);
                            session.step(Input::Letters(letters((from - again).max(0), upto)), now)
                        }
                        None => Vec::new(),
                    },
                    Chance::Written(count) => {
                        let mut out = Vec::new();
                        for _ in 0..count {
                            let Some(frame) = session.next_frame(now) else { break };
                            let frame: Value = serde_json::from_str(&frame).unwrap();
                            if frame["t"] == "evt" {
                                prop_assert_eq!(frame["n"].as_i64(), Some(told + 1));
                                told += 1;
                            }
                            out.extend(session.fetch());
                        }
                        out
                    }
                    Chance::Say => session.step(Input::Say(ServerSays::Pong { ts: now, now }), now),
                    Chance::Command => session.step(cmd(1), now),
                    Chance::Tick(seconds) => {
                        now = now.plus(Duration::from_secs(seconds));
                        session.step(Input::Tick, now)
                    }
                };
                prop_assert!(!was_closed || out.is_empty(), "something was done after the end");
                prop_assert!(session.outbox.waiting() <= 2 * MAX_FRAMES && session.outbox.weight() <= 2 * MAX_BYTES + 64 * 1024);
                for one in out {
                    match one {
                        Output::Fetch(from, limit) => {
                            prop_assert!(fetch.is_none(), "two fetches at once");
                            prop_assert!(limit > 0);
                            fetch = Some((from, limit));
                        }
                        Output::Do(id, ..) => { session.step(Input::Done(id, Outcome::done()), now); }
                        _ => {}
                    }
                }
            }
            // The line is drained and the inbox read to its end: nothing was left out.
            while !session.is_closed() {
                while let Some(frame) = session.next_frame(now) {
                    let frame: Value = serde_json::from_str(&frame).unwrap();
                    if frame["t"] == "evt" {
                        prop_assert_eq!(frame["n"].as_i64(), Some(told + 1));
                        told += 1;
                    }
                }
                fetch = fetch.or_else(|| session.fetch().map(|o| match o {
                    Output::Fetch(a, l) => (a, l),
                    other => panic!("{other:?}"),
                }));
                let Some((from, limit)) = fetch.take() else { break };
                for one in session.step(Input::Letters(letters(from, newest.min(from + limit as i64))), now) {
                    if let Output::Fetch(a, l) = one { fetch = Some((a, l)); }
                }
            }
            prop_assert!(session.is_closed() || told == newest, "told {told} of {newest}");
        }
    }
}
