//! The same scanners, 64 bytes at once.
//!
//! A piece has four or five bytes in most text, and a scanner that goes from piece to piece spends its time on branches
//! guessed wrong: of what kind the next piece is, and how long. Here nothing depends on single pieces.
//!
//! 1. [`Ends::classify`]: every byte of the text gets the class of its character, 64 look-ups at once; what is not ASCII
//!    is looked up one by one. From here on nothing knows of UTF-8.
//! 2. [`Lanes::masks`]: 64 classes become eight masks of 64 bits, one for each bit of a class.
//! 3. [`find`]: shifts and sums of masks give one mask of all starts of pieces in the window.
//! 4. [`Lanes::push`]: the bits of that mask become offsets.
//!
//! **A window begins where a piece starts.** What a pattern matches never depends on what went before the piece, so no
//! state is carried from window to window; a window is left at the last start that is certain, and the next begins there.
//! Only a run of letters, numbers or symbols that fills a window is carried on with, since its rules look at no more than
//! the byte before. If a window has no start that is certain (long white space, or what the rules call hard), the scalar
//! scanner gives the end of this piece. Thus every rule may be silent, none may be wrong.
//!
//! The levels differ only in their [`lanes`]: AVX-512 and AVX2 are found at run time, and there is a portable one.
//! In MiB/s, `PAIRWRIGHT_DATA=… cargo bench --bench parts -- split` on one core (AMD Zen 5; the better of two runs):
//!
//! | pattern | text | scalar | portable | AVX2 | AVX-512 |
//! |---|---|---|---|---|---|
//! | gpt2 | TinyShakespeare | 256 | 783 | 2387 | 3222 |
//! | | Rust code | 329 | 811 | 2661 | 3592 |
//! | | 26 languages | 311 | 717 | 1784 | 2036 |
//! | cl100k | TinyShakespeare | 303 | 912 | 2501 | 3069 |
//! | | Rust code | 370 | 908 | 2575 | 3182 |
//! | | 26 languages | 339 | 777 | 1682 | 1842 |
//! | o200k | TinyShakespeare | 257 | 872 | 2360 | 2781 |
//! | | Rust code | 302 | 869 | 2430 | 2948 |
//! | | 26 languages | 291 | 751 | 1609 | 1766 |
//!
//! These three, qwen, qwen3.5 and tekken are known to the compiler. All others share code by the shape of their words and read
//! the remaining parameters at run time: at 91 to 113 % of the nearest of the six with AVX-512 (eleven grammars, in turns
//! with the six, the best of 60 runs on a busy machine). The scalar column is from before the scanners took parameters, which
//! made them 5 to 40 % faster.
//!
//! The look-up of what is not ASCII is most of the work where there is little else: Chinese, Japanese, Russian and Arabic
//! are read at 800 to 900 MiB/s. The gain is least for long pieces of letters, which scalar scanners do well.

mod lanes;
mod scanner;
mod starts;

use super::advance;
use super::class::{Class, class_beyond_ascii};
#[cfg(target_arch = "x86_64")]
use lanes::{Avx2, Avx512};
use lanes::{Lanes, Portable, ROOM, TAIL, WINDOW};
pub(in super::super) use scanner::Scanner;
use scanner::{Cl100k, Gpt2, LikeCl100k, LikeGpt2, LikeO200k, O200k, Parameters, Qwen, Qwen35, Route, Tekken};
use starts::{Window, find};

/// Classes that are known ahead, in bytes of text. With 256, 1024, 4096 of them o200k does 2883, 3060, 3188 MiB/s on
/// TinyShakespeare, but 1701, 1661, 1500 on 200 bytes of it at a time: they are cleared for every text.
const AHEAD: usize = 1024;

/// Ends that are found at a time, at least, until the last. With 64, 256, 1024: 2791, 3060, 3166 and 1714, 1661, 1261 MiB/s.
pub(in super::super) const ENDS: usize = 256;

/// Hard places in a window from which on it is left to the scalar scanner up to its last. On text made to be hard, short
/// words of Chinese and capitals, o200k does 147 MiB/s without this, 205 with any of 1, 2, 4, and 275 by scalar alone; on
/// real Chinese and Japanese it is all the same.
const HARD: u32 = 4;

/// Which instructions to use.
#[derive(Clone, Copy)]
pub(in super::super) struct Level(Kind);

#[derive(Clone, Copy)]
enum Kind {
    /// No windows, one character at a time.
    Scalar,
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl Level {
    /// All that this processor has, each faster than the one before.
    pub(in super::super) fn all() -> impl Iterator<Item = Level> {
        let levels = [
            Some(Kind::Scalar),
            Some(Kind::Portable),
            #[cfg(target_arch = "x86_64")]
            Avx2::new().map(Kind::Avx2),
            #[cfg(target_arch = "x86_64")]
            Avx512::new().map(Kind::Avx512),
        ];
        levels.into_iter().flatten().map(Level)
    }

    /// The fastest that this processor has.
    pub(in super::super) fn best() -> Level {
        Level::all().last().expect("some need no special instructions")
    }

    pub(in super::super) fn name(self) -> &'static str {
        match self.0 {
            Kind::Scalar => "scalar",
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => "avx512",
        }
    }
}

/// The ends of the pieces of a text, some at a time. May be used for one text after the other.
pub(in super::super) struct Ends {
    /// The start of the piece whose end is next.
    piece: usize,
    /// The start of the next window, not before that of the piece.
    at: usize,
    /// The part of the text whose classes are known.
    from: usize,
    to: usize,
    /// Room for a window at the last known class: the last window read may begin at `AHEAD - 1` and end with a
    /// character that reaches three bytes beyond it, and no class follows the end of the text.
    classes: [Class; AHEAD + 2 * WINDOW + 3],
    ends: [usize; ENDS + ROOM],
}

impl Ends {
    pub(in super::super) fn new() -> Ends {
        Ends { piece: 0, at: 0, from: 0, to: 0, classes: [0; _], ends: [0; _] }
    }

    /// From now on it is about another text.
    #[inline]
    pub(in super::super) fn start(&mut self) {
        (self.piece, self.at, self.from, self.to) = (0, 0, 0, 0);
    }

    /// The next ends in the text, in order; none at its end.
    #[inline]
    pub(in super::super) fn next(&mut self, text: &[u8], scanner: Scanner) -> &[usize] {
        let (grammar, level) = (scanner.grammar, scanner.level);
        let found = match scanner.route {
            Route::Gpt2 => self.fill(text, level, Gpt2),
            Route::Cl100k => self.fill(text, level, Cl100k),
            Route::O200k => self.fill(text, level, O200k),
            Route::Qwen => self.fill(text, level, Qwen),
            Route::Qwen35 => self.fill(text, level, Qwen35),
            Route::Tekken => self.fill(text, level, Tekken),
            Route::LikeGpt2 => self.fill(text, level, LikeGpt2(grammar)),
            Route::LikeCl100k => self.fill(text, level, LikeCl100k(grammar)),
            Route::LikeO200k => self.fill(text, level, LikeO200k(grammar)),
        };
        &self.ends[..found]
    }

    #[inline]
    fn fill(&mut self, text: &[u8], level: Level, parameters: impl Parameters) -> usize {
        match level.0 {
            Kind::Scalar => fill_scalar(self, text, parameters),
            Kind::Portable => fill_portable(self, text, parameters),
            // SAFETY: the value is there only where these instructions are.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(lanes) => unsafe { fill_avx2(self, text, lanes, parameters) },
            // SAFETY: the value is there only where these instructions are.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(lanes) => unsafe { fill_avx512(self, text, lanes, parameters) },
        }
    }

    #[inline(always)]
    fn fill_by(&mut self, text: &[u8], lanes: impl Lanes, parameters: impl Parameters) -> usize {
        let grammar = parameters.grammar();
        let length = text.len();
        let mut found = 0;
        while found < ENDS && self.piece < length {
            if self.at + WINDOW > self.to && self.to < length {
                self.classify(text, lanes);
            }
            let classes = self.classes[self.at - self.from..].first_chunk().expect("a window of classes");
            let rest = (length - self.at).min(WINDOW) as u32;
            let window = Window {
                text,
                at: self.at,
                masks: lanes.masks(classes),
                inside: u64::from(self.at > self.piece),
                last: 1 << (rest - 1),
                end: 1u64.checked_shl(rest).unwrap_or(0),
            };
            let next = find(&window, grammar);
            if next.starts != 0 {
                let room = self.ends[found..].first_chunk_mut().expect("room for a window");
                found += lanes.push(next.starts, self.at, room);
                self.at += 63 - next.starts.leading_zeros() as usize;
                self.piece = self.at;
            } else if next.goes_on {
                self.at += 63;
            } else {
                // Where much is hard, another window would not be worth its while.
                let many = next.hard.count_ones() >= HARD;
                let last = if many { self.at + next.hard.ilog2() as usize } else { self.piece };
                while self.piece <= last {
                    self.piece = advance(text, self.piece, grammar);
                    self.ends[found] = self.piece;
                    found += 1;
                }
                self.at = self.piece;
            }
        }
        found
    }

    /// Makes known the classes from `at`, where `to` is the start of a character.
    #[inline(always)]
    fn classify(&mut self, text: &[u8], lanes: impl Lanes) {
        if self.at < self.to {
            self.classes.copy_within(self.at - self.from..self.to - self.from, 0);
        } else {
            self.to = self.at;
        }
        self.from = self.at;
        let mut cleared = 0;
        while self.to < text.len() && self.to - self.from < AHEAD {
            let classes: &mut [Class] = &mut self.classes[self.to - self.from..];
            let rest = &text[self.to..];
            let room = classes.first_chunk_mut().expect("room for classes");
            let (beyond, mut known) = match rest.first_chunk() {
                Some(block) => (lanes.classify(block, room), WINDOW),
                None => {
                    cleared = WINDOW - rest.len();
                    (lanes.classify_end(rest, room), rest.len())
                }
            };
            if beyond != 0 {
                known = known.max(classify_beyond_ascii(rest, classes, beyond));
            }
            self.to += known;
        }
        // A window at the last character reads so far.
        if self.to == text.len() {
            self.classes[self.to - self.from..][cleared..WINDOW].fill(0);
        }
    }
}

/// Writes the classes of the characters that are not ASCII; gives the end of the last.
#[inline(never)]
fn classify_beyond_ascii(text: &[u8], classes: &mut [Class], mut beyond: u64) -> usize {
    let classes = classes.first_chunk_mut::<{ WINDOW + 4 }>().expect("room for classes");
    let mut end = 0;
    while beyond != 0 {
        let place = beyond.trailing_zeros() as usize;
        let (class, length) = class_beyond_ascii(&text[place..]);
        let tail = class | TAIL;
        classes[place] = class;
        // Branches that are mostly guessed right, so that the next character need not wait for this one.
        let after = match length {
            1 => u64::MAX << 1,
            2 => {
                classes[place + 1] = tail;
                u64::MAX << 2
            }
            3 => {
                classes[place + 1] = tail;
                classes[place + 2] = tail;
                u64::MAX << 3
            }
            _ => {
                classes[place + 1] = tail;
                classes[place + 2] = tail;
                classes[place + 3] = tail;
                u64::MAX << 4
            }
        };
        end = place + length;
        beyond &= after << place;
    }
    end
}

fn fill_scalar(ends: &mut Ends, text: &[u8], parameters: impl Parameters) -> usize {
    let mut found = 0;
    while found < ENDS && ends.piece < text.len() {
        ends.piece = advance(text, ends.piece, parameters.grammar());
        ends.ends[found] = ends.piece;
        found += 1;
    }
    found
}

fn fill_portable(ends: &mut Ends, text: &[u8], parameters: impl Parameters) -> usize {
    ends.fill_by(text, Portable, parameters)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn fill_avx2(ends: &mut Ends, text: &[u8], lanes: Avx2, parameters: impl Parameters) -> usize {
    ends.fill_by(text, lanes, parameters)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2,avx2,bmi1,bmi2,lzcnt,popcnt")]
fn fill_avx512(ends: &mut Ends, text: &[u8], lanes: Avx512, parameters: impl Parameters) -> usize {
    ends.fill_by(text, lanes, parameters)
}
