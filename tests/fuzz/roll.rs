//! Inputs that are nearly right: kept examples, changed by a small repeatable generator.

use std::time::{Duration, Instant};

/// An input that takes longer of the processor hangs: waiting for a busy machine is no hang.
const HANGS: Duration = Duration::from_secs(5);
/// Values that lengths, counts and kinds go wrong at.
const EDGES: [u8; 12] = [0, 1, 2, 3, 4, 15, 16, 0x7f, 0x80, 0xc8, 0xfe, 0xff];
/// The same as they are written in texts.
const NUMBERS: [&str; 14] = [
    "0",
    "1",
    "-1",
    "16",
    "63",
    "64",
    "127",
    "128",
    "255",
    "256",
    "65535",
    "65536",
    "4294967296",
    "99999999999999999999",
];
const WORDS: [&str; 8] = ["", " ", ":", "*", "\u{0}", "\u{feff}", "é", "q;h;f"];

/// The generator: being repeatable is worth more than being good.
pub struct Roll {
    state: u64,
    /// The input under trial, to be shown when it breaks something.
    pub last: Vec<u8>,
}

impl Roll {
    fn new(seed: u64) -> Self {
        let mut roll = Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, last: Vec::new() };
        for _ in 0..8 {
            roll.draw();
        }
        roll
    }

    pub fn draw(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.draw() >> 16) as usize % end.max(1)
    }

    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.draw() as u8).collect()
    }

    /// A good input with one to four changes; `other` lends parts of itself.
    pub fn bend(&mut self, good: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        for _ in 0..=self.below(4) {
            self.change(&mut bytes, other);
        }
        bytes.truncate(1_900);
        self.last.clone_from(&bytes);
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let length = bytes.len();
        let at = self.below(length);
        let some = self.below(40);
        match self.below(9) {
            _ if length == 0 => *bytes = self.bytes(some),
            0 => bytes[at] ^= 1 << self.below(8),
            1 => bytes[at] = *self.one(&EDGES),
            // A length that says too much, too little, or nearly right.
            2 if at + 1 < length => {
                let words = [
                    0,
                    1,
                    length as u16,
                    (length as u16).wrapping_sub(4),
                    0xffff,
                    0x8000,
                    0x0fff,
                    some as u16,
                ];
                bytes[at..at + 2].copy_from_slice(&self.one(&words).to_be_bytes());
            }
            3 => bytes.truncate(at),
            4 => drop(bytes.drain(at..(at + some).min(length))),
            5 => {
                let more = self.bytes(some);
                bytes.splice(at..at, more);
            }
            6 => {
                let again = bytes[at..(at + some).min(length)].to_vec();
                bytes.splice(at..at, again);
            }
            7 if !other.is_empty() => {
                let from = self.below(other.len());
                let part = &other[from..(from + some).min(other.len())];
                bytes.splice(at..(at + part.len()).min(length), part.iter().copied());
            }
            _ => bytes[at] = self.draw() as u8,
        }
    }

    /// A good text with one to six lines changed.
    pub fn bend_text(&mut self, good: &str, other: &str, only: impl Fn(&str) -> bool) -> String {
        let mut lines: Vec<String> = good.lines().map(str::to_owned).collect();
        let others: Vec<&str> = other.lines().filter(|line| only(line)).collect();
        for _ in 0..=self.below(6) {
            let open: Vec<usize> = (0..lines.len()).filter(|at| only(&lines[*at])).collect();
            if open.is_empty() {
                break;
            }
            let at = *self.one(&open);
            match self.below(7) {
                0 => drop(lines.remove(at)),
                1 => lines.insert(at, lines[at].clone()),
                2 => lines.swap(at, *self.one(&open)),
                3 if !others.is_empty() => lines.insert(at, (*self.one(&others)).to_owned()),
                4 => {
                    let keep = self.below(lines[at].chars().count());
                    lines[at] = lines[at].chars().take(keep).collect();
                }
                _ => lines[at] = self.bend_line(&lines[at]),
            }
        }
        let text = lines.join("\r\n") + "\r\n";
        self.last = text.clone().into_bytes();
        text
    }

    fn bend_line(&mut self, line: &str) -> String {
        let ends = [' ', ':', '=', ';', '/', ','];
        let mut parts: Vec<&str> = line.split_inclusive(ends).collect();
        if parts.is_empty() {
            // A line that was cut down to nothing can still be grown.
            parts.push("");
        }
        let at = self.below(parts.len());
        let long = "9".repeat(1 + self.below(300));
        match self.below(4) {
            0 => parts[at] = *self.one(&NUMBERS),
            1 => parts[at] = *self.one(&WORDS),
            2 => parts[at] = &long,
            _ => parts.insert(at, *self.one(&NUMBERS)),
        }
        parts.concat()
    }
}

/// Tries inputs until the time is over. A panic or a hang is shown with what caused it.
pub fn tries(name: &str, seed: u64, span: Duration, mut one: impl FnMut(&mut Roll)) -> u64 {
    let mut roll = Roll::new(seed);
    let (start, mut inputs) = (Instant::now(), 0);
    let (mut marked, mut spent) = (start, processor());
    while start.elapsed() < span {
        if marked.elapsed() > Duration::from_secs(1) {
            (marked, spent) = (Instant::now(), processor());
        }
        let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| one(&mut roll)));
        inputs += 1;
        let hung = marked.elapsed() > HANGS && processor().saturating_sub(spent) > HANGS;
        if tried.is_err() || hung {
            let bytes: String = roll.last.iter().map(|byte| format!("{byte:02x}")).collect();
            let how = if hung { "hung" } else { "panicked" };
            panic!("fuzz {name}: seed {seed}, input {inputs} {how}; keep this in the corpus: {bytes}");
        }
    }
    inputs
}

/// What this thread has taken of the processor.
fn processor() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells it");
    let ns = text.split(' ').next().and_then(|ns| ns.parse().ok());
    Duration::from_nanos(ns.expect("the first number is the time in nanoseconds (proc(5))"))
}
