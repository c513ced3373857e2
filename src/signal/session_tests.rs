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

fn welcome(n: i64) -> Welcome {
    Welcome {
        sid: Sid::new("sid-1").unwrap(),
        key: SidKey::new("key").unwrap(),
        resumed: true,
        reset: false,
        me: "usr-019aa5e0c40070008000000000000010".parse().unwrap(),
        n,
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
    let out = session.step(Input::Admitted(Box::new(welcome(newest)), from, Vec::new()), NOON);
    (session, out)
}

fn letters(after: i64, upto: i64) -> Vec<Evt> {
    (after + 1..=upto)
        .map(|n| Evt { n, at: NOON, consult: None, ev: Event::Other { action: "x".repeat(n as usize % 900) } })
        .collect()
}

fn frames(session: &mut Session) -> Vec<Value> {
    std::iter::from_fn(|| session.next_frame(NOON)).map(|text| serde_json::from_str(&text).unwrap()).collect()
}

fn codes(session: &mut Session) -> Vec<String> {
    let code = |frame: &Value| frame.pointer("/err/code").and_then(Value::as_str).map(str::to_owned);
    frames(session).iter().filter_map(code).collect()
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

    let out = session
        .step(text(json!({ "t": "sig", "consult": consult, "neg": 1, "kind": "offer", "sdp": "v=1" })), NOON);

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
    assert_eq!((&bye["t"], &bye["code"], &bye["action"]), (&json!("bye"), &json!("unauthorized"), &json!("stop")));
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
            prop_assert!(!(was_closed && !out.is_empty()), "something was done after the end");
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
