//! What a pause costs any program on this machine. Few packets come with pauses between them, and
//! what a pause does to the caches is paid by the packet after it, whoever forwards it.

use std::fmt;
use std::hint::{black_box, spin_loop};
use std::thread;
use std::time::{Duration, Instant};

/// About what lies between two bursts of a single consult.
const PAUSE: Duration = Duration::from_millis(4);
const TIMES: usize = 200;
/// Cache lines that are walked: 256 kB, a part of the second-level cache of a server's core.
const LINES: usize = 4_096;
const WORDS_PER_LINE: usize = 8;
/// Multiplications that wait for each other, about as long as the walk is after a pause.
const SUMS: u64 = 30_000;

/// How many times as long the same work takes after a pause as without one; medians.
#[derive(Debug)]
pub struct Pause {
    /// Walking memory, after the thread slept.
    asleep: f64,
    /// Walking memory, after it waited without giving its core away and touched nothing.
    awake: f64,
    /// Arithmetic that touches no memory, after the thread slept.
    arithmetic: f64,
}

impl Pause {
    /// Takes two to four seconds.
    pub fn measure() -> Self {
        let lines = ring();
        let walk = || {
            black_box((0..LINES).fold(0, |at, _| lines[at]));
        };
        let sums = || {
            black_box((0..SUMS).fold(black_box(1_u64), |sum, n| sum.wrapping_mul(0x5851_f42d_4c95_7f2d) ^ n));
        };
        let spin = || {
            let since = Instant::now();
            while since.elapsed() < PAUSE {
                spin_loop();
            }
        };
        let sleep = || thread::sleep(PAUSE);
        let walked = median(|| {}, walk);
        Self {
            asleep: median(sleep, walk) / walked,
            awake: median(spin, walk) / walked,
            arithmetic: median(sleep, sums) / median(|| {}, sums),
        }
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "What a pause costs any program here, measured when this table was written: after {} ms asleep a walk \
             over {} kB of memory takes {:.1} times as long as at once, after {} ms of waiting awake {:.1} times, \
             arithmetic without memory {:.1} times.",
            PAUSE.as_millis(),
            LINES * WORDS_PER_LINE * size_of::<usize>() / 1_024,
            self.asleep,
            PAUSE.as_millis(),
            self.awake,
            self.arithmetic,
        )
    }
}

/// One word of each line says where the next line is, in an order that no prefetcher guesses: the
/// steps of a linear congruence over a power of two visit each place once (Hull and Dobell, 1962).
fn ring() -> Vec<usize> {
    let mut words = vec![0; LINES * WORDS_PER_LINE];
    for line in 0..LINES {
        words[line * WORDS_PER_LINE] = (line * 1_229 + 2_531) % LINES * WORDS_PER_LINE;
    }
    words
}

/// What work takes after something else, in microseconds.
fn median(before: impl Fn(), work: impl Fn()) -> f64 {
    let mut all: Vec<f64> = (0..TIMES)
        .map(|_| {
            before();
            let since = Instant::now();
            work();
            since.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    all.sort_by(f64::total_cmp);
    all[TIMES / 2]
}
