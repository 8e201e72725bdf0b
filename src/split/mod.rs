//! Text → pieces: the split pattern cuts a text before any byte is merged, and no token ever crosses a cut.
//!
//! A [`Splitter`] is the only thing that training and encoding know of patterns. Its contract, for every pattern:
//!
//! * The pieces, joined, are the text: where a pattern leaves a gap between two matches, the gap is a piece.
//! * No piece is empty.
//! * Bytes that are not UTF-8 are split as if each invalid sequence were one U+FFFD, as lossy decoding shows it, and
//!   are kept as they are.

mod automaton;
mod compiled;
mod explain;
mod family;
mod invalid;
mod looser;
pub(crate) mod names;
mod pattern;
mod regex;
mod scan;
mod steps;

pub use explain::Explanation;
pub use pattern::{NAMED, NamedPattern, Pattern, WHOLE};
pub(crate) use regex::seems_empty;
pub use steps::{Behavior, Step};

use std::ops::Range;

use crate::error::{Error, Result};
use automaton::{Automaton, Refusal};
use invalid::with_stand_ins;
use regex::{Found, RegexSplitter, shown};
use scan::{ENDS, Ends, Scanner};
use steps::StepSplitter;

/// Cuts text into pieces by one split pattern.
#[derive(Clone)]
pub struct Splitter {
    pattern: Pattern,
    engine: Engine,
}

#[derive(Clone)]
enum Engine {
    Scan(Scanner),
    Automaton(Automaton),
    /// With what no automaton can follow.
    Regex(Box<RegexSplitter>),
    Steps(StepSplitter),
}

/// Working memory of a splitter, to be used for one text after the other.
pub struct Scratch(Ends);

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch(Ends::new())
    }
}

impl Splitter {
    /// A splitter for what a user calls a pattern: a name or, to the letter, any regex; or for what [`Pattern::as_str`] gives.
    ///
    /// # Errors
    /// As [`Pattern::parse`]; [`Error::Pattern`] for an invalid regex.
    pub fn new(pattern: &str) -> Result<Splitter> {
        Splitter::of(Pattern::parse(pattern)?)
    }

    /// A splitter for a pattern.
    ///
    /// # Errors
    /// [`Error::Pattern`] for an invalid regex.
    pub fn of(pattern: Pattern) -> Result<Splitter> {
        let engine = match pattern.grammar() {
            Some(grammar) => Engine::Scan(Scanner::new(grammar)),
            None => compiled::engine(&pattern, || match pattern.steps() {
                Some(steps) => Ok(Engine::Steps(StepSplitter::new(&steps)?)),
                None => Engine::of_regex(pattern.regex()),
            })?,
        };
        Ok(Splitter { pattern, engine })
    }

    /// This splitter by every level of instructions that this processor has, for tests and benches. All do the same.
    #[doc(hidden)]
    pub fn levels(&self) -> Vec<(&'static str, Splitter)> {
        let Engine::Scan(scanner) = self.engine else { return vec![("regex", self.clone())] };
        let by = |scanner| Splitter { pattern: self.pattern.clone(), engine: Engine::Scan(scanner) };
        scanner.levels().map(|(level, scanner)| (level, by(scanner))).collect()
    }

    /// The pattern this splitter follows.
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// Whether any text is split in time proportional to its length: by all patterns but those that no automaton can follow.
    pub fn is_linear(&self) -> bool {
        match &self.engine {
            Engine::Scan(..) | Engine::Automaton(_) => true,
            Engine::Steps(splitter) => splitter.is_linear(),
            Engine::Regex(_) => false,
        }
    }

    /// Whether places are known where a text may be cut in two: see [`Splitter::safe_cut`].
    pub(crate) fn knows_cuts(&self) -> bool {
        match &self.engine {
            Engine::Scan(..) => true,
            Engine::Automaton(automaton) => automaton.places().is_some_and(|places| places.has_cuts()),
            Engine::Steps(splitter) => splitter.knows_cuts(),
            Engine::Regex(_) => false,
        }
    }

    /// Whether a scanner splits it: that no more than a few characters around a place decide whether a piece ends there.
    pub(crate) fn is_scanned(&self) -> bool {
        matches!(self.engine, Engine::Scan(..))
    }

    /// Calls `each` with every piece of `text`, in order.
    ///
    /// # Errors
    /// [`Error::Split`] if a custom pattern fails on this text; whatever `each` returns.
    ///
    /// # Examples
    /// ```
    /// let splitter = pairwright::Splitter::new("cl100k")?;
    /// let mut pieces = Vec::new();
    /// splitter.split(b"We've  12345 cats", |piece| {
    ///     pieces.push(std::str::from_utf8(piece).unwrap().to_owned());
    ///     Ok(())
    /// })?;
    /// assert_eq!(pieces, ["We", "'ve", " ", " ", "123", "45", " cats"]);
    /// # Ok::<(), pairwright::Error>(())
    /// ```
    pub fn split<'t>(&self, text: &'t [u8], mut each: impl FnMut(&'t [u8]) -> Result<()>) -> Result<()> {
        let mut start = 0;
        self.ends(text, |end| {
            let piece = &text[start..end];
            start = end;
            each(piece)
        })
    }

    /// Calls `each` with the end of every piece, in order: a piece starts where the one before ends.
    ///
    /// # Errors
    /// As [`Splitter::split`].
    #[inline]
    pub fn ends(&self, text: &[u8], mut each: impl FnMut(usize) -> Result<()>) -> Result<()> {
        self.batches(text, |ends| ends.iter().try_for_each(|&end| each(end)))
    }

    /// Calls `each` with the ends of all pieces, in order and some hundreds at a time: for those who have something to
    /// gain from knowing the next pieces. A batch may be empty: a pattern that needs backtracking gives one every 50 ms at
    /// least, so that you can stop it with an error.
    ///
    /// # Errors
    /// As [`Splitter::split`].
    #[inline]
    pub fn batches(&self, text: &[u8], each: impl FnMut(&[usize]) -> Result<()>) -> Result<()> {
        self.batches_in(&mut Scratch::default(), text, each)
    }

    /// The same with working memory that is used again: for many short texts, to which clearing it is a lot.
    ///
    /// # Errors
    /// As [`Splitter::split`].
    #[inline]
    pub fn batches_in(
        &self,
        scratch: &mut Scratch,
        text: &[u8],
        mut each: impl FnMut(&[usize]) -> Result<()>,
    ) -> Result<()> {
        match &self.engine {
            Engine::Scan(scanner) => {
                scratch.0.start();
                loop {
                    match scratch.0.next(text, *scanner) {
                        [] => return Ok(()),
                        ends => each(ends)?,
                    }
                }
            }
            Engine::Automaton(automaton) => automaton.worker().pieces(text, &mut each),
            Engine::Regex(splitter) => by_characters(text, each, |text, each| {
                in_batches(each, |push| {
                    splitter.ends(text, |found| match found {
                        Found::End { end, .. } => push(Some(end)),
                        Found::Pulse => push(None),
                    })
                })
            }),
            Engine::Steps(splitter) => by_characters(text, each, |text, each| splitter.batches(text, each)),
        }
    }

    /// Whether pieces need not lie side by side, for steps leave text out. Then only [`Splitter::kept`] cuts any text; for all
    /// others the rest is an [`Error::Split`].
    pub fn removes(&self) -> bool {
        matches!(&self.engine, Engine::Steps(splitter) if splitter.removes())
    }

    /// The pieces that are kept of a text, side by side, and the end of each.
    ///
    /// # Errors
    /// As [`Splitter::split`].
    pub fn kept(&self, text: &[u8]) -> Result<(Vec<u8>, Vec<usize>)> {
        let (mut kept, mut ends) = (Vec::with_capacity(text.len()), Vec::new());
        let Engine::Steps(splitter) = &self.engine else {
            kept.extend_from_slice(text);
            self.ends(text, |end| {
                ends.push(end);
                Ok(())
            })?;
            return Ok((kept, ends));
        };
        by_steps(splitter, text, |piece| {
            kept.extend_from_slice(&text[piece]);
            ends.push(kept.len());
        })?;
        Ok((kept, ends))
    }

    /// Where the pieces that are kept of a text lie in it.
    ///
    /// # Errors
    /// As [`Splitter::split`].
    pub fn pieces(&self, text: &[u8]) -> Result<Vec<Range<usize>>> {
        let mut pieces = Vec::new();
        if let Engine::Steps(splitter) = &self.engine {
            by_steps(splitter, text, |piece| pieces.push(piece))?;
            return Ok(pieces);
        }
        let mut start = 0;
        self.ends(text, |end| {
            pieces.push(start..end);
            start = end;
            Ok(())
        })?;
        Ok(pieces)
    }

    /// The first place at or after `from`, but not the beginning or the end, where `text` may be cut in two without
    /// changing any piece; `None` if none is seen by the characters on both sides of it, or if nothing is known of the
    /// pattern.
    ///
    /// Under the named patterns there is one in nearly every word or line: before white space, after line ends, around
    /// numbers, and between a letter and a symbol, so that neither text without spaces nor a long URL is without.
    ///
    /// More text at the end takes no place away, and brings no earlier place into being, but for the last character,
    /// which it may complete. A place depends on no more than the characters beside it, so that it is also one in any part
    /// of the text that holds these, while it is no place of the text to the left or to the right of a boundary.
    pub fn safe_cut(&self, text: &[u8], from: usize) -> Option<usize> {
        match &self.engine {
            Engine::Scan(scanner) => scan::safe_cut(text, from, scanner.grammar()),
            Engine::Automaton(automaton) => automaton::find_cut(text, from, &[automaton.places()?]),
            Engine::Steps(splitter) => splitter.safe_cut(text, from),
            Engine::Regex(_) => None,
        }
    }
}

/// Calls `each` with every piece that steps do not leave out of a text that need not be UTF-8.
fn by_steps(splitter: &StepSplitter, text: &[u8], mut each: impl FnMut(Range<usize>)) -> Result<()> {
    match std::str::from_utf8(text) {
        Ok(valid) => splitter.kept(valid, |piece| {
            each(piece);
            Ok(())
        }),
        Err(_) => {
            let (stand_in, mut position) = with_stand_ins(text);
            splitter.kept(&stand_in, |piece| {
                each(position(piece.start)..position(piece.end));
                Ok(())
            })
        }
    }
}

impl Engine {
    /// The best splitter of a regex.
    fn of_regex(regex: &str) -> Result<Engine> {
        match Automaton::new(regex) {
            Ok(automaton) => Ok(match family::grammar(&automaton) {
                Some(grammar) => Engine::Scan(Scanner::new(grammar)),
                None => Engine::Automaton(automaton),
            }),
            Err(Refusal::Large(message)) => Err(Error::Pattern { pattern: shown(regex), message }),
            Err(Refusal::Invalid | Refusal::Construct(_)) => Ok(Engine::Regex(Box::new(RegexSplitter::new(regex)?))),
        }
    }
}

/// Calls `each` with the ends that `cut` gives, some hundreds at a time, or those that there are when it gives none.
fn in_batches(
    mut each: impl FnMut(&[usize]) -> Result<()>,
    cut: impl FnOnce(&mut dyn FnMut(Option<usize>) -> Result<()>) -> Result<()>,
) -> Result<()> {
    let mut ends = Vec::with_capacity(ENDS);
    cut(&mut |end| {
        ends.extend(end);
        if ends.len() == ENDS || end.is_none() {
            each(&ends)?;
            ends.clear();
        }
        Ok(())
    })?;
    if ends.is_empty() { Ok(()) } else { each(&ends) }
}

/// Calls `each` with the ends that `cut` gives for a text of whole characters, which stands for one that need not be UTF-8.
fn by_characters(
    text: &[u8],
    mut each: impl FnMut(&[usize]) -> Result<()>,
    cut: impl FnOnce(&str, &mut dyn FnMut(&[usize]) -> Result<()>) -> Result<()>,
) -> Result<()> {
    match std::str::from_utf8(text) {
        Ok(valid) => cut(valid, &mut each),
        Err(_) => {
            let (stand_in, mut position) = with_stand_ins(text);
            let mut found = Vec::new();
            cut(&stand_in, &mut |ends| {
                found.clear();
                found.extend(ends.iter().map(|&end| position(end)));
                each(&found)
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    fn pieces(pattern: &str, text: &[u8]) -> Vec<Vec<u8>> {
        let mut pieces = Vec::new();
        let splitter = Splitter::new(pattern).unwrap();
        splitter
            .split(text, |piece| {
                pieces.push(piece.to_vec());
                Ok(())
            })
            .unwrap();
        pieces
    }

    #[test]
    fn gaps_between_matches_are_pieces() {
        assert_eq!(pieces(r"\d+", b"ab12cd"), [&b"ab"[..], b"12", b"cd"]);
        assert_eq!(pieces(r"x*", b"abxx"), [&b"ab"[..], b"xx"]);
        assert_eq!(pieces(r"z+", b"ab"), [b"ab"]);
        assert!(pieces(r"\d+", b"").is_empty());
    }

    #[test]
    fn patterns_with_the_same_text_are_compiled_apart() {
        let steps = Pattern::of_steps(vec![Step::isolated("b")]);
        let regex = Pattern::of_step(steps.regex());
        for _ in 0..2 {
            for (pattern, expected) in [(&steps, 3), (&regex, 4)] {
                let pieces = Splitter::of(pattern.clone()).unwrap().pieces(b"abt{").unwrap();
                assert_eq!(pieces.len(), expected, "{pattern:?}");
            }
        }
    }

    #[test]
    fn batches_are_the_ends_and_an_error_stops_them() {
        let text = "one two, three\n".repeat(500);
        for pattern in ["gpt2", "cl100k", "o200k", r"\w+|\s+"] {
            for (level, splitter) in Splitter::new(pattern).unwrap().levels() {
                let (mut ends, mut joined, mut batches) = (Vec::new(), Vec::new(), 0);
                splitter
                    .ends(text.as_bytes(), |end| {
                        ends.push(end);
                        Ok(())
                    })
                    .unwrap();
                splitter
                    .batches(text.as_bytes(), |batch| {
                        assert!(!batch.is_empty());
                        batches += 1;
                        joined.extend_from_slice(batch);
                        Ok(())
                    })
                    .unwrap();
                assert_eq!(joined, ends, "{pattern} by {level}");
                assert!(batches > 1 && ends.last() == Some(&text.len()));
                let mut seen = 0;
                let stopped = splitter.ends(text.as_bytes(), |_| {
                    seen += 1;
                    if seen == 300 { Err(Error::Interrupted) } else { Ok(()) }
                });
                assert!(matches!(stopped, Err(Error::Interrupted)) && seen == 300);
            }
        }
    }

    #[test]
    fn invalid_bytes_split_as_the_replacement_character_and_stay() {
        assert_eq!(pieces("cl100k", b"ab\xff\xfe !cd"), [&b"ab"[..], b"\xff\xfe", b" !", b"cd"]);
        assert_eq!(pieces("cl100k", b" \xe4\xb8"), [&b" \xe4\xb8"[..]]);
    }

    #[test]
    fn a_safe_cut_is_found_only_where_the_pattern_is_known() {
        let text = b"!! \n one two\nthree";
        let cut = |pattern, from| Splitter::new(pattern).unwrap().safe_cut(text, from);
        assert_eq!(
            [0, 3, 6, 9, 12, 13, 14, 99].map(|from| cut("o200k", from)),
            [Some(2), Some(8), Some(8), Some(12), Some(12), Some(13), None, None]
        );
        assert_eq!(cut(r"\S+\s+", 0), None);
    }

    /// Every place that is given after some `from`.
    fn places(splitter: &Splitter, text: &[u8]) -> Vec<usize> {
        let mut places = Vec::new();
        while let Some(cut) = splitter.safe_cut(text, places.last().map_or(0, |last| last + 1)) {
            assert!(0 < cut && cut < text.len());
            places.push(cut);
        }
        places
    }

    /// All strings over one character of each kind, cut wherever it is said to be safe.
    fn the_parts_are_the_whole(kinds: &[&[u8]], length: u32) {
        for named in NAMED.iter().filter(|named| named.grammar.is_some()) {
            let splitter = Splitter::new(named.name).unwrap();
            let ends = |text: &[u8]| {
                let mut ends = Vec::new();
                let push = |end| {
                    ends.push(end);
                    Ok(())
                };
                splitter.ends(text, push).unwrap();
                ends
            };
            let mut cuts = 0;
            for number in 0..kinds.len().pow(length) {
                let kind = |at| kinds[number / kinds.len().pow(at) % kinds.len()];
                let text = (0..length).map(kind).collect::<Vec<_>>().concat();
                let whole = ends(&text);
                for cut in places(&splitter, &text) {
                    let mut parts = ends(&text[..cut]);
                    parts.extend(ends(&text[cut..]).into_iter().map(|end| cut + end));
                    assert_eq!(parts, whole, "{} cut b\"{}\" at {cut}", named.name, text.escape_ascii());
                    cuts += 1;
                }
            }
            assert!(cuts > kinds.len().pow(length) / 2, "{cuts} cuts");
        }
    }

    /// Characters that the patterns tell apart, and bytes that are none.
    const KINDS: [&str; 15] =
        ["a", "É", "中", "1", "٣", " ", "\t", "\n", "\r", "\u{3000}", "!", "/", "'", "\u{301}", "\u{fffd}"];
    const NO_CHARACTERS: [&[u8]; 3] = [b"\xe4\xb8", b"\x80", b"\xf0"];

    #[test]
    fn the_pieces_of_the_parts_are_the_pieces_of_the_whole() {
        let kinds: Vec<&[u8]> = KINDS.map(str::as_bytes).into_iter().chain(NO_CHARACTERS).collect();
        the_parts_are_the_whole(&kinds, 4);
    }

    #[test]
    fn the_pieces_of_the_parts_are_the_whole_where_more_hangs_together() {
        the_parts_are_the_whole(&[b"a", b"B", b"1", b" ", b"\n", b"!", b"/", b"'", "\u{301}".as_bytes()], 5);
        the_parts_are_the_whole(&[b"a", b"L", b"l", b"'", "ſ".as_bytes(), b"!", b"1"], 5);
        the_parts_are_the_whole(&[b"a", b"\n", b" ", b"!", b"/", b"\r"], 6);
    }

    #[test]
    fn more_text_takes_no_place_away_and_brings_none_but_in_its_last_character() {
        let kinds: Vec<&[u8]> = KINDS.map(str::as_bytes).into_iter().chain(NO_CHARACTERS).collect();
        for named in NAMED.iter().filter(|named| named.grammar.is_some()) {
            let splitter = Splitter::new(named.name).unwrap();
            for number in 0..kinds.len().pow(3) {
                let kind = |at| kinds[number / kinds.len().pow(at) % kinds.len()];
                let text = (0..3).map(kind).collect::<Vec<_>>().concat();
                let whole = places(&splitter, &text);
                for end in 0..text.len() {
                    let so_far = places(&splitter, &text[..end]);
                    assert!(so_far.iter().all(|place| whole.contains(place)), "b\"{}\"", text.escape_ascii());
                    // A character has four bytes at most.
                    let known = whole.iter().filter(|&&place| place + 4 <= end);
                    assert!(known.into_iter().all(|place| so_far.contains(place)), "b\"{}\"", text.escape_ascii());
                }
                for from in 0..text.len() {
                    let first = whole.iter().copied().find(|&place| place >= from);
                    assert_eq!(splitter.safe_cut(&text, from), first);
                }
            }
        }
    }

    #[test]
    fn text_without_spaces_has_places_and_long_runs_of_letters_none() {
        for named in NAMED.iter().filter(|named| named.grammar.is_some()) {
            let splitter = Splitter::new(named.name).unwrap();
            let cut = |text: &str| splitter.safe_cut(text.as_bytes(), 1);
            assert_eq!(cut("吾輩は猫である。名前はまだ無い。"), Some(21));
            assert_eq!(cut("我是貓，名字還沒有。"), Some(9));
            assert_eq!(cut("https://example.org/a/b"), Some(5));
            assert_eq!(cut("deadbeef42"), Some(8));
            assert_eq!(cut("แมว๑๒"), Some(9));
            let lines = named.name != "gpt2";
            for (unit, ends) in [("a", true), ("中", true), ("7", true), ("=", false), (" ", false), ("\n", lines)] {
                for length in [60, 63, 64, 65, 130, 1000] {
                    let run = unit.repeat(length);
                    assert_eq!(cut(&run), None, "{length} times {unit:?}");
                    let end = ends.then_some(run.len());
                    assert_eq!(cut(&(run + "!")), end, "{} after {length} times {unit:?}", named.name);
                }
            }
        }
    }
}
