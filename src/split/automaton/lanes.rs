//! The backward and the forward pass over a block, in several lanes side by side.
//!
//! Each look-up waits 5 to 7 cycles for the one before. Look-ups of other lanes fill that time. Neither pass branches on where
//! pieces end, because processors cannot predict that.

use super::labels::{BOUNDARY, EMPTY, INSIDE, Labels, Letter, MISSING, Plan, ROOT, STAND, Stand, State, Step};

/// Lanes in a block. With 1, 2, 4 and 6 of them English is split at 236, 374, 332 and 275 MB/s by `\w+|\W+`, and at 173, 206, 277
/// and 224 by the three steps of DeepSeek V3.
pub(super) const LANES: usize = 4;
/// Shorter blocks have one lane.
const SHORT: usize = 256;

/// A block and its working memory. Places are relative to the start of the block.
///
/// Each lane is a text of its own. The lanes have about the same length. All backs have the same length and are read side by
/// side; the rest of each lane, its front, is read alone. A block without cuts is the front of the first lane.
#[derive(Default)]
pub(super) struct Lanes {
    lanes: [Lane; LANES],
    /// The length of every back.
    shared: usize,
    /// The states of places in fronts, by place.
    states: Vec<State>,
    /// The states of places in backs.
    side_by_side: Vec<[State; LANES]>,
    /// Where pieces end, from the beginning of each lane on.
    ends: Vec<u32>,
}

#[derive(Clone, Copy, Default)]
struct Lane {
    start: usize,
    /// Where its front ends.
    back: usize,
    /// How many ends of pieces it has.
    found: usize,
}

impl Lanes {
    /// Divides a block into lanes, at some of its cuts.
    fn divide(&mut self, length: usize, cuts: &[usize]) {
        self.lanes = [Lane { start: length, back: length, found: 0 }; LANES];
        self.lanes[0].start = 0;
        self.shared = 0;
        let mut starts = [0; LANES + 1];
        starts[LANES] = length;
        for lane in 1..LANES {
            let from = (length * lane / LANES).max(starts[lane - 1] + 1);
            match cuts[cuts.partition_point(|&cut| cut < from)..].first() {
                Some(&cut) if length >= SHORT => starts[lane] = cut,
                _ => return,
            }
        }
        let lengths = starts.windows(2).map(|ends| ends[1] - ends[0]);
        self.shared = lengths.min().unwrap_or(0);
        for (lane, ends) in self.lanes.iter_mut().zip(starts.windows(2)) {
            (lane.start, lane.back) = (ends[0], ends[1] - self.shared);
        }
    }

    /// Labels the places of a block, given its letters and the state at its end. At each of `cuts`, which are sorted and inside the
    /// block, one text ends and the next begins.
    pub(super) fn label(
        &mut self,
        plan: &Plan,
        labels: &mut Labels,
        letters: &mut [Letter],
        cuts: &[usize],
        state: State,
    ) {
        debug_assert!(cuts.is_empty() || plan.joins_texts());
        debug_assert!(cuts.is_sorted_by(|cut, next| cut < next));
        self.divide(letters.len(), cuts);
        for &cut in cuts {
            let is_letter = |&letter: &Letter| letter != INSIDE;
            let before = letters[..cut].iter().rposition(is_letter).expect("a character before every cut");
            letters[before] += plan.last();
        }
        self.states.resize(letters.len(), 0);
        self.side_by_side.resize(self.shared, [0; LANES]);
        // The last letter of every other lane is marked as the end of a text, so that the state given for its end does not count.
        let backs = self.lanes.map(|lane| &letters[lane.back..][..self.shared]);
        let at = label_side_by_side(plan, labels, backs, &mut self.side_by_side, state);
        for (lane, state) in self.lanes.iter().zip(at) {
            let front = lane.start..lane.back;
            label(plan, labels, &letters[front.clone()], &mut self.states[front], state);
        }
        let mut number = 0;
        for &cut in cuts {
            while number + 1 < LANES && self.lanes[number + 1].start <= cut {
                number += 1;
            }
            match cut.checked_sub(self.lanes[number].back) {
                Some(place) => self.side_by_side[place][number] += plan.first(),
                None => self.states[cut] += plan.first(),
            }
        }
    }

    /// Runs the forward pass from a stand at the start of the block. Appends the ends of pieces, plus `offset`, and returns the
    /// stand at the end. With `EMPTY_TOO`, empty matches inside gaps end pieces too.
    pub(super) fn follow<const EMPTY_TOO: bool>(
        &mut self,
        plan: &Plan,
        labels: &Labels,
        letters: &[Letter],
        stand: Stand,
        offset: usize,
        found: &mut Vec<usize>,
    ) -> Stand {
        self.ends.resize(self.states.len(), 0);
        let mut stands = [ROOT; LANES];
        stands[0] = stand;
        for (lane, stand) in self.lanes.iter_mut().zip(&mut stands) {
            let front = lane.start..lane.back;
            let (letters, states) = (&letters[front.clone()], &self.states[front]);
            let ends = &mut self.ends[lane.start..];
            (*stand, lane.found) = follow::<EMPTY_TOO>(plan, labels, letters, states, *stand, ends);
        }
        let last = if self.shared == 0 { 0 } else { LANES - 1 };
        self.follow_side_by_side::<EMPTY_TOO>(plan, labels, &mut stands);
        for lane in &self.lanes {
            let ends = &self.ends[lane.start..][..lane.found];
            found.extend(ends.iter().map(|end| offset + end.wrapping_add(lane.back as u32) as usize));
        }
        stands[last]
    }

    fn follow_side_by_side<const EMPTY_TOO: bool>(
        &mut self,
        plan: &Plan,
        labels: &Labels,
        stands: &mut [Stand; LANES],
    ) {
        let table = labels.steps(plan);
        let mut at = stands.map(u32::from);
        let mut found = self.lanes.map(|lane| lane.start + lane.found);
        let ends = &mut self.ends[..];
        for (place, states) in self.side_by_side.iter().enumerate() {
            for lane in 0..LANES {
                // SAFETY: a state is the beginning of a row of the table, maybe with `plan.first()` added, and a stand is less
                // than `plan.first()`: the step is inside the row. A lane has no more ends than places, and so they do not
                // reach beyond the room for those, in which each lane begins at its start.
                let (step, end) = unsafe {
                    (*table.get_unchecked((states[lane] + at[lane]) as usize), ends.get_unchecked_mut(found[lane]))
                };
                at[lane] = step & STAND;
                *end = place as u32;
                found[lane] += ends_piece::<EMPTY_TOO>(step);
            }
        }
        for (lane, found) in self.lanes.iter_mut().zip(found) {
            lane.found = found - lane.start;
        }
        *stands = at.map(|stand| stand as Stand);
    }

    /// The states of a block that was not cut, at all places but those inside characters.
    pub(super) fn states(&self) -> &[State] {
        &self.states
    }
}

/// Whether a piece ends before a character, as a number.
#[inline(always)]
fn ends_piece<const EMPTY_TOO: bool>(step: Step) -> usize {
    const { assert!(BOUNDARY == 1 << 31 && EMPTY == 1 << 30) }
    let step = if EMPTY_TOO { step | step << 1 } else { step };
    (step >> 31) as usize
}

/// Labels places but those inside characters, given the state at their end; gives that at their beginning.
fn label(plan: &Plan, labels: &mut Labels, letters: &[Letter], states: &mut [State], mut at: State) -> State {
    for (&letter, state) in letters.iter().zip(states).rev() {
        // Nothing waits for a branch, which long runs of one script make easy to predict.
        if letter != INSIDE {
            at = labels.before(plan, letter, at);
            *state = at;
        }
    }
    at
}

/// The same of texts of equal length, all of which have this state at their end.
fn label_side_by_side(
    plan: &Plan,
    labels: &mut Labels,
    letters: [&[Letter]; LANES],
    states: &mut [[State; LANES]],
    state: State,
) -> [State; LANES] {
    let mut at = [state; LANES];
    assert!(letters.iter().all(|letters| letters.len() == states.len()));
    for (place, states) in states.iter_mut().enumerate().rev() {
        let table = labels.table();
        // SAFETY: all parts are as long as `states`.
        let letters = letters.map(|letters| unsafe { *letters.get_unchecked(place) });
        let mut before = at;
        for lane in 0..LANES {
            // SAFETY: a state is the beginning of a row of the table, in which there is an entry for each letter.
            before[lane] = unsafe { *table.get_unchecked(at[lane] as usize + usize::from(letters[lane])) };
        }
        if before.iter().fold(0, |all, state| all | state) & MISSING != 0 {
            before = find_all(plan, labels, letters, at);
        }
        at = before;
        *states = at;
    }
    at
}

#[cold]
#[inline(never)]
fn find_all(plan: &Plan, labels: &mut Labels, letters: [Letter; LANES], at: [State; LANES]) -> [State; LANES] {
    std::array::from_fn(|lane| labels.before(plan, letters[lane], at[lane]))
}

/// Follows the preferred ways through places from a stand on; gives the stand at the end, and how many pieces end. Ends are
/// relative to the end of the places.
fn follow<const EMPTY_TOO: bool>(
    plan: &Plan,
    labels: &Labels,
    letters: &[Letter],
    states: &[State],
    stand: Stand,
    ends: &mut [u32],
) -> (Stand, usize) {
    let table = labels.steps(plan);
    let (mut at, mut found) = (u32::from(stand), 0);
    for (place, (state, _)) in states.iter().zip(letters).enumerate().filter(|(_, (_, letter))| **letter != INSIDE) {
        let step = table[(state + at) as usize];
        at = step & STAND;
        ends[found] = (place as u32).wrapping_sub(states.len() as u32);
        found += ends_piece::<EMPTY_TOO>(step);
    }
    (at as Stand, found)
}
