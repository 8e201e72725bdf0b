//! The passes over a text, block by block.
//!
//! A block is labelled from its end, so the state there has to be known. It is known at the end of a text and at a cut.
//! Elsewhere the backward pass starts further on, where nothing is known, until it knows the state. Where that takes long
//! (endless white space, under a pattern that asks what follows it), the states on the way are kept for later blocks, so that no
//! text is labelled more than a few times.

use std::ops::Range;

use super::Machine;
use super::alphabet::Symbol;
use super::behind::{START, Sets};
use super::cuts::Cuts;
use super::labels::{ANY, BOUNDARY, EMPTY, INSIDE, Labels, Letter, ROOT, STAND, Stand, State, Step, Truth};
use super::lanes::{LANES, Lanes};
use crate::error::Result;

/// Characters that are read beyond a block, at first. After 16 nothing is unknown in 999 of 1000 places of English under the
/// published patterns.
const BEYOND: usize = 64;

/// Bytes in which a place is looked for where a text may be cut. In English there is one in nearly every word.
const NEAR: usize = 256;

/// Working memory.
pub(in super::super) struct Worker {
    pub(super) machine: std::sync::Arc<Machine>,
    /// Bytes in a block, at least.
    pub(super) room: usize,
    labels: Labels,
    sets: Option<Sets>,
    /// The letters of the text from `base` on.
    pub(super) letters: Vec<Letter>,
    pub(super) base: usize,
    /// What is behind the last letter.
    set: usize,
    lanes: Lanes,
    /// Where texts end and others begin in a block.
    cuts: Vec<usize>,
    /// Where pieces end in a block.
    ends: Vec<usize>,
    /// Groups of pieces to read whole.
    pub(super) dense: usize,
    /// What is known of places further on, the nearest last.
    known: Vec<(usize, Box<[Truth]>)>,
}

impl Worker {
    pub(super) fn new(machine: &std::sync::Arc<Machine>) -> Worker {
        Worker {
            machine: machine.clone(),
            room: Labels::room(&machine.plan),
            labels: Labels::new(&machine.plan),
            sets: machine.behind.as_ref().map(Sets::new),
            letters: Vec::new(),
            base: 0,
            set: START,
            lanes: Lanes::default(),
            cuts: Vec::new(),
            ends: Vec::new(),
            dense: 0,
            known: Vec::new(),
        }
    }

    /// Calls `each` with the ends of matches that are not empty and of gaps between two, some hundreds at a time.
    pub(in super::super) fn pieces(
        &mut self,
        text: &[u8],
        each: &mut impl FnMut(&[usize]) -> Result<()>,
    ) -> Result<()> {
        let machine = self.machine.clone();
        if text.len() > self.room
            && let Some(skip) = machine.skip().filter(|skip| skip.divides())
        {
            return self.read_needed(skip, text, 0, &[text.len()], each);
        }
        self.ends_of_pieces::<false>(text, 0..text.len(), each)
    }

    /// Calls `each` with the ends of the pieces of a part of a text. The part is a text of its own.
    pub(super) fn ends_of_pieces<const EMPTY_TOO: bool>(
        &mut self,
        text: &[u8],
        part: Range<usize>,
        each: &mut impl FnMut(&[usize]) -> Result<()>,
    ) -> Result<()> {
        if part.is_empty() {
            return Ok(());
        }
        let machine = self.machine.clone();
        let text = &text[..part.end];
        let room = self.room;
        // A short text is not worth the search for cuts.
        let cuts = if part.len() > room { machine.cuts() } else { None };
        self.begin(part.start);
        let (mut at, mut done, mut stand) = (part.start, part.start, ROOT);
        while at < text.len() {
            let mut end = self.end_of_block(text, at, room);
            let last = cuts.and_then(|cuts| self.last_cut(cuts, end.saturating_sub(NEAR).max(at + 1)..end));
            let state = match last {
                Some(cut) if end < text.len() => {
                    end = cut;
                    self.make_room();
                    self.labels.end(&machine.plan, 0)
                }
                _ => self.state_at(text, end, room),
            };
            let size = (end - at) / LANES;
            let inner: [Option<usize>; LANES] = std::array::from_fn(|lane| {
                let from = at + lane * size;
                if lane == 0 { None } else { self.first_cut(cuts?, from..from + size.min(NEAR)) }
            });
            let inner = inner.into_iter().flatten();
            done = self.ends_in_block::<EMPTY_TOO>(at..end, inner, state, &mut stand, done, each)?;
            if last == Some(end) {
                each(&[end])?;
                (done, stand) = (end, ROOT);
            }
            self.forget(end);
            at = end;
        }
        if done < text.len() { each(&[text.len()]) } else { Ok(()) }
    }

    /// Calls `each` with the end of every match and of every gap between two, and whether it is a match. There are empty
    /// matches, which divide gaps.
    pub(in super::super) fn segments(
        &mut self,
        text: &[u8],
        each: &mut impl FnMut(usize, bool) -> Result<()>,
    ) -> Result<()> {
        self.begin(0);
        let machine = self.machine.clone();
        let room = self.room;
        let mut segments = Segments::default();
        let mut at = 0;
        while at < text.len() {
            let end = self.end_of_block(text, at, room);
            let state = self.state_at(text, end, room);
            self.cuts.clear();
            self.label(&(at..end), state);
            let letters = &self.letters[at - self.base..end - self.base];
            for (at, (&letter, &state)) in (at..end).zip(letters.iter().zip(self.lanes.states())) {
                if letter != INSIDE {
                    segments.step(self.labels.step(&machine.plan, state, segments.stand), at, each)?;
                }
            }
            self.forget(end);
            at = end;
        }
        // In the last state no match goes on, and none starts that is not empty.
        let state = self.end_of_text();
        segments.step(self.labels.step(&machine.plan, state, segments.stand), text.len(), each)?;
        if segments.done < text.len() { each(text.len(), false) } else { Ok(()) }
    }

    /// Begins to read at a place where a text begins.
    pub(super) fn begin(&mut self, at: usize) {
        self.letters.clear();
        self.known.clear();
        (self.base, self.set) = (at, START);
    }

    /// Forgets the letters before a place, now and then: moving the rest each time would take quadratic time.
    fn forget(&mut self, before: usize) {
        if before - self.base >= self.letters.len() / 2 {
            self.letters.drain(..before - self.base);
            self.base = before;
        }
    }

    /// Makes room for the states of a block. Then no state of before may be used any more.
    fn make_room(&mut self) {
        if self.labels.is_full(&self.machine.plan) {
            self.labels = Labels::new(&self.machine.plan);
        }
    }

    /// Calls `each` with the ends of pieces in a block, but not with that of the block. At each of `cuts`, which are inside the
    /// block, a text ends and another one begins. Gives the last end, which is `done` if there is none.
    fn ends_in_block<const EMPTY_TOO: bool>(
        &mut self,
        block: Range<usize>,
        cuts: impl Iterator<Item = usize>,
        state: State,
        stand: &mut Stand,
        done: usize,
        each: &mut impl FnMut(&[usize]) -> Result<()>,
    ) -> Result<usize> {
        self.cuts.clear();
        self.cuts.extend(cuts.map(|cut| cut - block.start));
        self.cuts.dedup();
        self.label(&block, state);
        let mut found = std::mem::take(&mut self.ends);
        found.clear();
        let plan = &self.machine.plan;
        let letters = &self.letters[block.start - self.base..block.end - self.base];
        *stand = self.lanes.follow::<EMPTY_TOO>(plan, &self.labels, letters, *stand, block.start, &mut found);
        // The beginning of the text is the end of no piece.
        let ends = if found.first() == Some(&done) { &found[1..] } else { &found };
        if !ends.is_empty() {
            each(ends)?;
        }
        let last = *ends.last().unwrap_or(&done);
        self.ends = found;
        Ok(last)
    }

    /// The same of a block that is one or more texts.
    pub(super) fn ends_in_texts(
        &mut self,
        block: Range<usize>,
        cuts: impl Iterator<Item = usize>,
        done: usize,
        each: &mut impl FnMut(&[usize]) -> Result<()>,
    ) -> Result<()> {
        self.make_room();
        let state = self.end_of_text();
        self.ends_in_block::<true>(block, cuts, state, &mut { ROOT }, done, each)?;
        Ok(())
    }

    /// Labels the places of a block, given the state at its end.
    fn label(&mut self, block: &Range<usize>, state: State) {
        let letters = &mut self.letters[block.start - self.base..block.end - self.base];
        self.lanes.label(&self.machine.plan, &mut self.labels, letters, &self.cuts, state);
    }

    /// The first place inside a range where the text may be cut.
    fn first_cut(&self, cuts: &Cuts, places: Range<usize>) -> Option<usize> {
        places.into_iter().find(|&place| self.is_cut(cuts, place))
    }

    /// The last one.
    fn last_cut(&self, cuts: &Cuts, places: Range<usize>) -> Option<usize> {
        places.into_iter().rfind(|&place| self.is_cut(cuts, place))
    }

    fn is_cut(&self, cuts: &Cuts, place: usize) -> bool {
        let letters = &self.letters[..=place - self.base];
        let Some((&after, before)) = letters.split_last() else { return false };
        let before = before.iter().rfind(|&&letter| letter != INSIDE);
        after != INSIDE && before.is_some_and(|&before| cuts.is_cut(before as Symbol, after as Symbol))
    }

    /// The first character that starts so many bytes behind a place, or the end of the text.
    fn end_of_block(&mut self, text: &[u8], at: usize, room: usize) -> usize {
        let end = at.saturating_add(room).min(text.len());
        self.read(text, end);
        self.start_of_character(end)
    }

    /// The first character that starts at a place or behind it, as far as letters are known.
    fn start_of_character(&self, mut at: usize) -> usize {
        while at < self.filled() && self.is_tail(at) {
            at += 1;
        }
        at.min(self.filled())
    }

    fn filled(&self) -> usize {
        self.base + self.letters.len()
    }

    fn is_tail(&self, at: usize) -> bool {
        self.letters[at - self.base] == INSIDE
    }

    /// Makes letters of the text up to a place, and to the end of a character.
    pub(super) fn read(&mut self, text: &[u8], to: usize) {
        let Machine { alphabet, plan, behind, .. } = &*self.machine;
        let mut at = self.filled();
        if let (Some(behind), Some(sets)) = (behind, &mut self.sets) {
            while at < to {
                let (symbol, length) = alphabet.symbol_at(text, at);
                self.letters.push(plan.letter(symbol, sets.found(self.set)));
                self.letters.resize(self.letters.len() + length - 1, INSIDE);
                self.set = sets.after(behind, self.set, symbol);
                at += length;
            }
            return;
        }
        // The last character may have three bytes more.
        let filled = self.letters.len();
        self.letters.resize(filled + to.saturating_sub(at) + 3, INSIDE);
        let mut letters = self.letters[filled..].iter_mut();
        let ascii = alphabet.ascii();
        while at < to {
            for (letter, &byte) in letters.by_ref().zip(&text[at..to]) {
                at += 1;
                if byte < 0x80 {
                    *letter = Letter::from(ascii[usize::from(byte)]);
                    continue;
                }
                let (symbol, length) = alphabet.symbol_at(text, at - 1);
                *letter = Letter::from(symbol);
                if length > 1 {
                    letters.nth(length - 2);
                    at += length - 1;
                }
                break;
            }
        }
        let read = at - self.base;
        self.letters.truncate(read);
    }

    /// The state at the end of the text, if that is read.
    fn end_of_text(&mut self) -> State {
        let behind = self.sets.as_ref().map_or(0, |sets| sets.found(self.set));
        self.labels.end(&self.machine.plan, behind)
    }

    /// The state at the end of a block.
    fn state_at(&mut self, text: &[u8], end: usize, room: usize) -> State {
        self.make_room();
        if end == text.len() {
            return self.end_of_text();
        }
        let machine = self.machine.clone();
        let plan = &machine.plan;
        if let Some((_, truths)) = self.known.pop_if(|(at, _)| *at == end) {
            return self.labels.seed(plan, truths);
        }
        let mut beyond = BEYOND;
        loop {
            self.read(text, end.saturating_add(beyond).min(text.len()));
            let state = self.state_by_reading_on(text, end, room);
            if self.labels.is_exact(plan, state) {
                return state;
            }
            self.known.clear();
            beyond *= 4;
        }
    }

    /// The state at a place, as far as it is known from the letters behind it.
    fn state_by_reading_on(&mut self, text: &[u8], end: usize, room: usize) -> State {
        let mut ends = vec![end];
        let mut next = end;
        while next < self.filled() {
            next = self.start_of_character(next + room);
            ends.push(next);
        }
        let machine = self.machine.clone();
        let plan = &machine.plan;
        let mut state = if self.filled() == text.len() { self.end_of_text() } else { ANY };
        for places in ends.windows(2).rev() {
            if places[1] < text.len() && self.labels.is_exact(plan, state) {
                self.known.push((places[1], self.labels.truths(plan, state)));
            }
            if self.labels.is_full(plan) {
                let truths = self.labels.truths(plan, state);
                self.labels = Labels::new(plan);
                state = self.labels.seed(plan, truths);
            }
            for &letter in self.letters[places[0] - self.base..places[1] - self.base].iter().rev() {
                state = self.labels.before(plan, letter, state);
            }
        }
        state
    }
}

/// What was found so far of a text.
#[derive(Default)]
struct Segments {
    stand: Stand,
    /// The end of the last segment.
    done: usize,
    /// The end of the last match.
    last: Option<usize>,
}

impl Segments {
    /// Takes a step of the forward pass at a place.
    fn step(&mut self, step: Step, at: usize, each: &mut impl FnMut(usize, bool) -> Result<()>) -> Result<()> {
        let ends_match = self.stand != ROOT && step & BOUNDARY != 0;
        // There is no empty match at the end of a match.
        let is_empty_match = step & EMPTY != 0 && self.last != Some(at);
        let ends_gap = self.stand == ROOT && self.done < at && (step & BOUNDARY != 0 || is_empty_match);
        self.stand = (step & STAND) as Stand;
        if ends_gap || ends_match {
            each(at, ends_match)?;
            self.done = at;
        }
        if is_empty_match {
            each(at, true)?;
        }
        if ends_match || is_empty_match {
            (self.done, self.last) = (at, Some(at));
        }
        Ok(())
    }
}
