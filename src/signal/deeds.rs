//! What was done for whom under which key, for what lives in memory only: sitting down,
//! standing up, tracks. Pure.
//!
//! What changes a record keeps its answer in the store (`http::Once`). A seat does not
//! outlive the process, and neither does the memory of how it was taken: after a restart the
//! same command is done again, which is what the browser wants. Within a life the same key
//! gets the same answer, and one that comes while the first is under way waits for it.

use std::{collections::BTreeMap, time::Duration};

use tokio::sync::oneshot;

use super::protocol::{OpKey, Outcome};
use crate::kernel::{Timestamp, UserId};

/// How long a browser that lost its line may come back and ask again: as long as a seat whose
/// voice still flows is kept.
const KEPT: Duration = Duration::from_mins(10);

/// Whoever has not finished by then never will.
const LONGEST: Duration = Duration::from_secs(30);

/// Answers kept for one person: twice what one line may have under way.
const MOST: usize = 64;

/// Whether to do it.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// Nobody has: do it, and say how it went.
    Yours,
    /// It was done, with this answer.
    Done(Outcome),
    /// The key was used for something else.
    OtherCommand,
}

#[derive(Debug)]
enum How {
    Underway(Vec<oneshot::Sender<Claim>>),
    Done(Outcome),
}

#[derive(Debug)]
struct Deed {
    /// Tells one command from another.
    mark: u64,
    at: Timestamp,
    how: How,
}

/// Everybody's.
#[derive(Debug, Default)]
pub struct Deeds {
    known: BTreeMap<UserId, BTreeMap<OpKey, Deed>>,
}

impl Deeds {
    /// Somebody is about to do the command with this `mark` under this key. The answer may come
    /// later, when it is under way already.
    pub fn claim(
        &mut self,
        (user, op): (UserId, OpKey),
        mark: u64,
        answer: oneshot::Sender<Claim>,
        now: Timestamp,
    ) {
        let known = self.known.entry(user).or_default();
        let claim = match known.get_mut(&op) {
            Some(deed) if deed.mark != mark => Claim::OtherCommand,
            Some(Deed { how: How::Underway(waiting), .. }) => return waiting.push(answer),
            Some(Deed { how: How::Done(outcome), .. }) => Claim::Done(outcome.clone()),
            None => {
                known.insert(op, Deed { mark, at: now, how: How::Underway(Vec::new()) });
                Claim::Yours
            }
        };
        // Whoever stopped waiting needs no answer.
        let _ = answer.send(claim);
    }

    /// It was done, or refused: a refusal is told to those who wait and not kept, so that the
    /// same key may be tried again.
    pub fn done(&mut self, user: UserId, op: &OpKey, outcome: &Outcome, now: Timestamp) {
        let Some(known) = self.known.get_mut(&user) else { return };
        let Some(deed) = known.get_mut(op) else { return };
        let how = std::mem::replace(&mut deed.how, How::Done(outcome.clone()));
        deed.at = now;
        if let How::Underway(waiting) = how {
            for answer in waiting {
                let _ = answer.send(Claim::Done(outcome.clone()));
            }
        }
        if matches!(outcome, Outcome::Err(_)) {
            known.remove(op);
        }
        if known.len() > MOST {
            let oldest = known.iter().min_by_key(|(_, deed)| deed.at).map(|(op, _)| op.clone());
            oldest.map(|op| known.remove(&op));
        }
    }

    /// Forgets what nobody asks for again.
    pub fn tick(&mut self, now: Timestamp) {
        for known in self.known.values_mut() {
            known.retain(|_, deed| {
                let kept = match deed.how {
                    How::Underway(_) => LONGEST,
                    How::Done(_) => KEPT,
                };
                now.since(deed.at) < kept
            });
        }
        self.known.retain(|_, known| !known.is_empty());
    }

    /// Answers that are kept.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.known.values().map(BTreeMap::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::signal::protocol::{Code, Refused};

    const NOON: Timestamp = Timestamp::from_millis(43_200_000);

    fn key(tail: u8) -> (UserId, OpKey) {
        let op = OpKey::new(format!("019aa5e0-c400-7000-8000-0000000001{tail:02x}")).unwrap();
        ("usr-019aa5e0c40070008000000000000010".parse().unwrap(), op)
    }

    fn asked(deeds: &mut Deeds, tail: u8, mark: u64) -> oneshot::Receiver<Claim> {
        let (answer, answered) = oneshot::channel();
        deeds.claim(key(tail), mark, answer, NOON);
        answered
    }

    #[test]
    fn the_same_key_gets_the_same_answer_and_another_command_none() {
        let mut deeds = Deeds::default();
        let outcome = Outcome::Ok(json!({ "pid": "par-1" }));
        assert_eq!(asked(&mut deeds, 1, 7).try_recv(), Ok(Claim::Yours));
        let mut waits = asked(&mut deeds, 1, 7);
        assert!(waits.try_recv().is_err(), "it is under way");

        deeds.done(key(1).0, &key(1).1, &outcome, NOON);

        assert_eq!(waits.try_recv(), Ok(Claim::Done(outcome.clone())));
        assert_eq!(asked(&mut deeds, 1, 7).try_recv(), Ok(Claim::Done(outcome)));
        assert_eq!(asked(&mut deeds, 1, 8).try_recv(), Ok(Claim::OtherCommand));
    }

    #[test]
    fn a_refusal_may_be_tried_again_and_nothing_is_kept_for_ever() {
        let mut deeds = Deeds::default();
        let refused = Outcome::Err(Refused::new(Code::NotJoined));
        drop(asked(&mut deeds, 1, 7));
        deeds.done(key(1).0, &key(1).1, &refused, NOON);
        assert_eq!(asked(&mut deeds, 1, 7).try_recv(), Ok(Claim::Yours));

        for tail in 2..=200 {
            drop(asked(&mut deeds, tail, 7));
            deeds.done(key(tail).0, &key(tail).1, &Outcome::done(), NOON);
        }
        assert_eq!(deeds.len(), MOST);
        deeds.tick(NOON.plus(KEPT));
        assert_eq!(deeds.len(), 0);
    }
}
