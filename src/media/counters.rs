//! What the workers count, each for itself; read by anybody, added up.

use std::sync::atomic::{AtomicU64, Ordering};

use super::model::Stats;

/// The counters of one worker. It alone writes them, so that no two cores pull at a number.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) seats: AtomicU64,
    pub(super) rooms: AtomicU64,
    pub(super) received: AtomicU64,
    pub(super) strangers: AtomicU64,
    pub(super) forwarded: AtomicU64,
    pub(super) withheld: AtomicU64,
    pub(super) unsent: AtomicU64,
    pub(super) keyframes_asked: AtomicU64,
    pub(super) panics: AtomicU64,
    pub(super) allocations: AtomicU64,
}

/// Of all workers together.
pub(super) fn read(all: &[Counters]) -> Stats {
    let sum = |counter: fn(&Counters) -> &AtomicU64| {
        all.iter().map(|worker| counter(worker).load(Ordering::Relaxed)).sum::<u64>()
    };
    Stats {
        seats: sum(|of| &of.seats),
        rooms: sum(|of| &of.rooms),
        received: sum(|of| &of.received),
        strangers: sum(|of| &of.strangers),
        forwarded: sum(|of| &of.forwarded),
        withheld: sum(|of| &of.withheld),
        unsent: sum(|of| &of.unsent),
        keyframes_asked: sum(|of| &of.keyframes_asked),
        panics: sum(|of| &of.panics),
        allocations: sum(|of| &of.allocations),
    }
}

pub(super) fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}
