//! What tasks give, brought into their order.
//!
//! A worker encodes a task into a buffer of its own, which stays in the processor's cache. When all tasks before it have
//! been entered here, its place in the whole is known, and the worker copies the buffer there at once, beside others. A
//! task that is done before its turn is set aside, with its buffer, for the worker that closes the gap.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use super::TokenBatch;
use super::flat::Flat;
use crate::sync::Mutex;
use crate::vocab::Id;

/// The ids of one task.
#[derive(Default)]
pub(super) struct Buffer {
    pub ids: Vec<Id>,
    /// For every text that ends in the task: how many ids of the task there are up to its end.
    pub ends: Vec<i64>,
    /// The length of the text that they were made of.
    pub bytes: usize,
}

/// A buffer of more ids than this is not kept for another task.
const KEPT: usize = 1 << 18;

pub(super) struct Ledger {
    turn: Mutex<Turn>,
    ids: Flat<Id>,
    offsets: Flat<i64>,
    bytes: usize,
}

struct Turn {
    /// The number of the task that is next in order.
    next: usize,
    /// Of the tasks before it.
    bytes: usize,
    /// By number: tasks that were done before their turn.
    aside: BTreeMap<usize, Buffer>,
    spare: Vec<Buffer>,
}

impl Ledger {
    /// For so many texts, of so many bytes in all.
    pub(super) fn new(texts: usize, bytes: usize) -> Ledger {
        let turn = Turn { next: 0, bytes: 0, aside: BTreeMap::new(), spare: Vec::new() };
        let offsets = Flat::new(texts + 1);
        offsets.claim(1).fill(&[0], 0);
        Ledger { turn: Mutex::new(turn), ids: Flat::new(0), offsets, bytes }
    }

    /// Takes what a task gave, and leaves an empty buffer for the next. Tasks are numbered from 0.
    pub(super) fn enter(&self, number: usize, buffer: &mut Buffer) {
        let lock = || self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut turn = lock();
        if number != turn.next {
            let empty = turn.spare.pop().unwrap_or_default();
            turn.aside.insert(number, std::mem::replace(buffer, empty));
            return;
        }
        loop {
            // It is this task's turn, and its number is in this thread's hands alone.
            let (ids, offsets) = (self.ids.claim(buffer.ids.len()), self.offsets.claim(buffer.ends.len()));
            turn.next += 1;
            turn.bytes += buffer.bytes;
            let expected = expected(ids.start() + buffer.ids.len(), turn.bytes, self.bytes);
            drop(turn);
            let start = ids.start() as i64;
            ids.fill(&buffer.ids, expected);
            buffer.ends.iter_mut().for_each(|end| *end += start);
            offsets.fill(&buffer.ends, 0);
            buffer.clear();
            turn = lock();
            let next = turn.next;
            match turn.aside.remove(&next) {
                Some(next) => turn.spare.push(std::mem::replace(buffer, next)),
                None => return,
            }
        }
    }

    /// All of it, once every task has been entered.
    pub(super) fn into_batch(self) -> TokenBatch {
        TokenBatch { values: self.ids.into_values(), offsets: self.offsets.into_values() }
    }
}

impl Buffer {
    fn clear(&mut self) {
        if self.ids.capacity() > KEPT {
            self.ids = Vec::new();
        }
        self.ids.clear();
        self.ends.clear();
    }
}

/// For how many ids there should be room if `done` bytes gave so many: a quarter more than will come if the rest is like them,
/// but never more than one for each byte that is left. What is reserved and not used costs no memory, and is given back; a
/// reserve that does not last to the end costs a copy of all. With 3 % more, 13 MB of code that had been seen before took
/// 33 ms instead of 24: the first 64 KB had told too little.
pub(super) fn expected(ids: usize, done: usize, bytes: usize) -> usize {
    let left = bytes.saturating_sub(done);
    let predicted = left as f64 * (ids as f64 / done.max(1) as f64) * 1.25;
    ids + left.min(predicted as usize)
}
