//! Randomness as an instrument that is handed in.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

/// Throws random bytes.
pub trait Dice: Send + Sync + fmt::Debug {
    /// Fills `into` with random bytes.
    fn fill(&self, into: &mut [u8]);
}

/// What every [`Dice`] can do besides.
pub trait DiceExt: Dice {
    /// `N` random bytes.
    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

impl<D: Dice + ?Sized> DiceExt for D {}

/// The operating system's generator: the only one in production.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsDice;

impl Dice for OsDice {
    fn fill(&self, into: &mut [u8]) {
        aws_lc_rs::rand::fill(into)
            .expect("the operating system's generator does not fail once it is seeded");
    }
}

/// Dice that fall the same way every time: for tests. The generator is SplitMix64
/// (Steele, Lea and Flood 2014), which is short and has no bad seeds.
#[derive(Debug)]
pub struct LoadedDice(AtomicU64);

impl LoadedDice {
    /// Dice loaded with `seed`.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Dice for LoadedDice {
    fn fill(&self, into: &mut [u8]) {
        for chunk in into.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}
