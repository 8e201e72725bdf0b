//! Mutations of kept inputs, without any feedback: for the smoke test.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

pub struct Mutator(u64);

/// Bytes and strings that mean something to one target or another.
const WORDS: [&str; 24] = [
    "\0",
    "\u{ff}",
    "\n",
    "\r\n",
    " ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "-1",
    "0",
    "1e999",
    "null",
    "16777216",
    "4294967295",
    "\\ud800",
    "中",
    "\u{301}",
    "👍🏻",
    "'ll",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

impl Mutator {
    /// The mutations that belong to a name.
    pub fn new(name: &str) -> Mutator {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        Mutator(hasher.finish() | 1)
    }

    /// xorshift64*.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    }

    /// One of the inputs, altered in a few places.
    pub fn mutation(&mut self, seeds: &[(PathBuf, Vec<u8>)]) -> Vec<u8> {
        let mut input = seeds[self.below(seeds.len())].1.clone();
        for _ in 0..=self.below(4) {
            let at = self.below(input.len() + 1);
            let end = (at + self.below(16)).min(input.len());
            match self.below(8) {
                0 if at < input.len() => input[at] ^= 1 << self.below(8),
                1 if at < input.len() => input[at] = self.below(256) as u8,
                2 => drop(input.drain(at..end)),
                3 => input.truncate(at),
                4 => {
                    let word = WORDS[self.below(WORDS.len())];
                    drop(input.splice(at..at, word.bytes()));
                }
                5 => {
                    let copy = input[at..end].to_vec();
                    let to = self.below(input.len() + 1);
                    drop(input.splice(to..to, copy));
                }
                6 => {
                    let other = &seeds[self.below(seeds.len())].1;
                    let from = self.below(other.len());
                    input.truncate(at);
                    input.extend_from_slice(&other[from..]);
                }
                _ => {
                    let repeated = input[at..end].repeat(1 + self.below(20));
                    drop(input.splice(at..end, repeated));
                }
            }
        }
        input
    }
}
