//! The passes over a text, block by block.
//!
//! A block is labelled from its end, where the state has to be known. It is known at the end of the text; elsewhere some more
//! text is labelled, from a place where nothing is known, until nothing is unknown any more. Where that takes long (white
//! space without an end, under a pattern that asks what is behind it) the states met on the way are kept for the blocks to
//! come, so that no text is labelled more than a few times.

use super::Machine;
use super::alphabet::TAIL;
use super::behind::{START, Sets};
use super::labels::{ANY, END, Labels, Letter, NOWHERE, ROOT, Stand, State, Truth};
use crate::error::Result;

/// Characters that are read beyond a block, at first. After 16 nothing is unknown in 999 of 1000 places of English under the
/// published patterns.
const BEYOND: usize = 64;

/// Working memory.
pub(in super::super) struct Worker {
    machine: std::sync::Arc<Machine>,
    /// Bytes in a block, at least.
    pub(super) room: usize,
    labels: Labels,
    sets: Option<Sets>,
    /// The letters of the text from `base` on.
    letters: Vec<Letter>,
    base: usize,
    /// What is behind the last letter.
    set: usize,
    /// The states of the places of a block.
    states: Vec<State>,
    /// The states at the ends of pieces.
    ends: Vec<State>,
    /// What is known of places further on, the nearest last.
    known: Vec<(usize, Box<[Truth]>)>,
}

/// Where the forward pass is.
struct Forward {
    stand: Stand,
    /// The end of the last piece.
    done: usize,
    /// The end of the last match.
    last: Option<usize>,
}

/// Calls `each` with an end behind the last one.
fn new_end(end: usize, done: &mut usize, each: &mut impl FnMut(usize) -> Result<()>) -> Result<()> {
    if end == *done {
        return Ok(());
    }
    *done = end;
    each(end)
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
            states: Vec::new(),
            ends: Vec::new(),
            known: Vec::new(),
        }
    }

    /// Calls `each` with the end of every match that is not empty and of every gap between two, and whether it is a match.
    pub(in super::super) fn pieces(
        &mut self,
        text: &[u8],
        each: &mut impl FnMut(usize, bool) -> Result<()>,
    ) -> Result<()> {
        self.passes::<false>(text, each)
    }

    /// The same with empty matches, which divide gaps.
    pub(in super::super) fn segments(
        &mut self,
        text: &[u8],
        each: &mut impl FnMut(usize, bool) -> Result<()>,
    ) -> Result<()> {
        self.passes::<true>(text, each)
    }

    fn passes<const EMPTY: bool>(
        &mut self,
        text: &[u8],
        each: &mut impl FnMut(usize, bool) -> Result<()>,
    ) -> Result<()> {
        self.letters.clear();
        self.known.clear();
        (self.base, self.set) = (0, START);
        let room = self.room;
        let mut forward = Forward { stand: ROOT, done: 0, last: None };
        let mut at = 0;
        while at < text.len() {
            let end = self.end_of_block(text, at, room);
            let state = self.state_at(text, end, room);
            self.states.resize(end - at, ANY);
            self.label(at, end, state);
            self.follow::<EMPTY>(at, end, &mut forward, each)?;
            self.letters.drain(..end - at);
            self.base = end;
            at = end;
        }
        let state = self.end_of_text();
        self.finish::<EMPTY>(text.len(), state, &mut forward, each)
    }

    /// Divides pieces of a text of whole characters, each of which is a text of its own: calls `each` with the ends of all that
    /// they fall into. The first starts at `start`, and each ends at one of `ends`. Pieces are mostly short: many are read at once.
    pub(in super::super) fn refine(
        &mut self,
        text: &[u8],
        start: usize,
        ends: &[usize],
        each: &mut impl FnMut(usize) -> Result<()>,
    ) -> Result<()> {
        let room = self.room;
        let (mut at, mut rest) = (start, ends);
        while let Some(&first) = rest.first() {
            let mut done = at;
            if first - at > room {
                let offset = at;
                self.segments(&text[at..first], &mut |end, _| new_end(offset + end, &mut done, each))?;
                (at, rest) = (first, &rest[1..]);
                continue;
            }
            let group = rest.iter().take_while(|&&end| end - at <= room).count();
            self.refine_group(text, at, &rest[..group], &mut |end, _| new_end(end, &mut done, each))?;
            (at, rest) = (rest[group - 1], &rest[group..]);
        }
        Ok(())
    }

    /// The same of pieces that are a block together.
    fn refine_group(
        &mut self,
        text: &[u8],
        start: usize,
        ends: &[usize],
        each: &mut impl FnMut(usize, bool) -> Result<()>,
    ) -> Result<()> {
        if self.labels.is_full(&self.machine.plan) {
            self.labels = Labels::new(&self.machine.plan);
        }
        self.letters.clear();
        self.base = start;
        // The states at the ends are those at the end of a text.
        let mut states = std::mem::take(&mut self.ends);
        states.clear();
        if self.sets.is_some() {
            for &end in ends {
                self.set = START;
                self.read(text, end);
                states.push(self.end_of_text());
            }
        } else {
            self.read(text, ends[ends.len() - 1]);
            let state = self.end_of_text();
            states.resize(ends.len(), state);
        }
        self.states.resize(self.letters.len(), ANY);
        for (number, (&end, &state)) in ends.iter().zip(&states).enumerate().rev() {
            let start = if number == 0 { start } else { ends[number - 1] };
            self.label(start, end, state);
        }
        let mut at = start;
        for (&end, &state) in ends.iter().zip(&states) {
            let mut forward = Forward { stand: ROOT, done: at, last: None };
            self.follow::<true>(at, end, &mut forward, each)?;
            self.finish::<true>(end, state, &mut forward, each)?;
            at = end;
        }
        self.ends = states;
        Ok(())
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
        self.letters[at - self.base] == Letter::from(TAIL)
    }

    /// Makes letters of the text up to a place, and to the end of a character.
    fn read(&mut self, text: &[u8], to: usize) {
        let Machine { alphabet, plan, behind } = &*self.machine;
        let mut at = self.filled();
        if let (Some(behind), Some(sets)) = (behind, &mut self.sets) {
            while at < to {
                let (symbol, length) = alphabet.symbol_at(text, at);
                self.letters.push(plan.letter(symbol, sets.found(self.set)));
                self.letters.resize(self.letters.len() + length - 1, Letter::from(TAIL));
                self.set = sets.after(behind, self.set, symbol);
                at += length;
            }
            return;
        }
        // The last character may have three bytes more.
        let filled = self.letters.len();
        self.letters.resize(filled + to.saturating_sub(at) + 3, Letter::from(TAIL));
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
        if self.labels.is_full(&self.machine.plan) {
            self.labels = Labels::new(&self.machine.plan);
        }
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
            if self.labels.is_exact(state) {
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
            if places[1] < text.len() && self.labels.is_exact(state) {
                self.known.push((places[1], self.labels.truths(state)));
            }
            if self.labels.is_full(plan) {
                let truths = self.labels.truths(state);
                self.labels = Labels::new(plan);
                state = self.labels.seed(plan, truths);
            }
            for &letter in self.letters[places[0] - self.base..places[1] - self.base].iter().rev() {
                state = self.labels.before(plan, letter, state);
            }
        }
        state
    }

    /// Labels a part of the text, given the state at its end.
    fn label(&mut self, at: usize, end: usize, mut state: State) {
        let plan = &self.machine.plan;
        let places = at - self.base..end - self.base;
        for (place, &letter) in self.states[places.clone()].iter_mut().zip(&self.letters[places]).rev() {
            state = self.labels.before(plan, letter, state);
            *place = state;
        }
    }

    /// Follows the preferred ways through a block.
    fn follow<const EMPTY: bool>(
        &self,
        start: usize,
        end: usize,
        forward: &mut Forward,
        each: &mut impl FnMut(usize, bool) -> Result<()>,
    ) -> Result<()> {
        let plan = &self.machine.plan;
        let places = start - self.base..end - self.base;
        let mut stand = forward.stand;
        for (at, (&letter, &state)) in self.letters[places.clone()].iter().zip(&self.states[places]).enumerate() {
            if letter == Letter::from(TAIL) {
                continue;
            }
            let row = self.labels.row(plan, state);
            let next = row[usize::from(stand)];
            if next < END && stand != ROOT {
                stand = next;
                continue;
            }
            let at = start + at;
            if stand != ROOT {
                // It is the end of a match.
                each(at, true)?;
                (forward.done, forward.last) = (at, Some(at));
            }
            stand = row[usize::from(ROOT)];
            if stand < END {
                if forward.done < at {
                    each(at, false)?;
                    forward.done = at;
                }
                continue;
            }
            if EMPTY && stand == END {
                self.empty(at, forward, each)?;
            }
            stand = ROOT;
        }
        forward.stand = stand;
        Ok(())
    }

    /// An empty match. There is none at the end of a match.
    fn empty(&self, at: usize, forward: &mut Forward, each: &mut impl FnMut(usize, bool) -> Result<()>) -> Result<()> {
        if forward.last == Some(at) {
            return Ok(());
        }
        if forward.done < at {
            each(at, false)?;
        }
        (forward.done, forward.last) = (at, Some(at));
        each(at, true)
    }

    /// What ends with the text, given the state there.
    fn finish<const EMPTY: bool>(
        &self,
        end: usize,
        state: State,
        forward: &mut Forward,
        each: &mut impl FnMut(usize, bool) -> Result<()>,
    ) -> Result<()> {
        if forward.stand != ROOT {
            each(end, true)?;
            (forward.done, forward.last) = (end, Some(end));
        }
        if EMPTY && self.labels.row(&self.machine.plan, state)[usize::from(ROOT)] != NOWHERE {
            self.empty(end, forward, each)?;
        }
        if forward.done < end { each(end, false) } else { Ok(()) }
    }
}
