//! How much is given to whom: answers to strangers per source, bytes per allocation (pure).

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::super::bucket::Bucket;
use crate::kernel::site;

/// Answers a second that one source gets before it has proven anything, and at once: a
/// hospital behind one address starts its morning with a few calls in the same second.
const ANSWERS: f64 = 10.0;
const ANSWERS_AT_ONCE: f64 = 60.0;
/// Sources remembered. When there are more, the newcomers share one budget.
const SOURCES: usize = 4_096;
/// How often those that have their whole budget again are let go while all places are taken.
const SWEEP: Duration = Duration::from_secs(1);
/// Bytes a second of one allocation, each way: 5 Mbit/s, twice what a consult of four takes.
const BYTES: f64 = 625_000.0;
/// Bytes at once: a keyframe of everybody.
const BYTES_AT_ONCE: f64 = 300_000.0;

/// Answers to strangers, per source.
#[derive(Debug, Default)]
pub(super) struct Budget {
    sources: HashMap<IpAddr, Bucket>,
    shared: Option<Bucket>,
    swept: Option<Instant>,
}

impl Budget {
    pub(super) fn allows(&mut self, source: IpAddr, now: Instant) -> bool {
        let source = site(source);
        let full = Bucket::with(ANSWERS_AT_ONCE, now);
        let is_swept = self.swept.is_some_and(|swept| now.saturating_duration_since(swept) < SWEEP);
        if self.sources.len() >= SOURCES && !is_swept && !self.sources.contains_key(&source) {
            let refilled = ANSWERS_AT_ONCE / ANSWERS;
            self.sources.retain(|_, known| known.idle(now) < refilled);
            self.swept = Some(now);
        }
        let bucket = if self.sources.len() < SOURCES || self.sources.contains_key(&source) {
            self.sources.entry(source).or_insert(full)
        } else {
            self.shared.get_or_insert(full)
        };
        bucket.takes(1.0, ANSWERS, ANSWERS_AT_ONCE, now)
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.sources.len()
    }
}

/// The bytes of one allocation in one direction.
#[derive(Debug)]
pub(super) struct Pace(Bucket);

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self(Bucket::with(BYTES_AT_ONCE, now))
    }

    pub(super) fn takes(&mut self, length: usize, now: Instant) -> bool {
        self.0.takes(length as f64, BYTES, BYTES_AT_ONCE, now)
    }
}
