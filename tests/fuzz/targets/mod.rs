//! What is fuzzed: functions of any bytes that panic where something is wrong.

mod corpus;
mod cut;
mod decode;
mod encode;
mod readers;
mod split;
mod train;

/// Panics on an input where something is wrong.
pub type Target = fn(&[u8]);

/// By name.
pub const TARGETS: [(&str, Target); 13] = [
    ("model", readers::model),
    ("counts", readers::counts),
    ("rank_file", readers::rank_file),
    ("tokenizer_json", readers::tokenizer_json),
    ("tekken", readers::tekken),
    ("minbpe", readers::minbpe),
    ("corpus", corpus::corpus),
    ("split", split::split),
    ("pattern", split::pattern),
    ("encode", encode::encode),
    ("train", train::train),
    ("decode", decode::decode),
    ("cut", cut::cut),
];

/// Bytes as choices and the rest.
struct Input<'d>(&'d [u8]);

impl<'d> Input<'d> {
    /// The next byte; 0 at the end.
    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((&first, rest)) => {
                self.0 = rest;
                first
            }
            None => 0,
        }
    }

    /// One of so many.
    fn choice(&mut self, number: usize) -> usize {
        usize::from(self.byte()) % number
    }

    /// The next bytes up to a line feed, which is left out.
    fn line(&mut self) -> &'d [u8] {
        let end = self.0.iter().position(|&byte| byte == b'\n').unwrap_or(self.0.len());
        let line = &self.0[..end];
        self.0 = &self.0[self.0.len().min(end + 1)..];
        line
    }
}

/// Names of patterns that have a scanner.
const SCANNED: [&str; 6] = ["gpt2", "cl100k", "o200k", "qwen", "qwen3.5", "tekken"];
