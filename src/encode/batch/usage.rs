//! How often each id occurs in many texts, or in the pretokens of counts.
//!
//! Every thread adds to a histogram of its own. Sums do not depend on who added what.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;

use super::{Batch, TASK, Task};
use crate::encode::Guard;
use crate::error::{Error, Result};
use crate::parallel::{self, Outcome, Stop};
use crate::special::Policy;
use crate::tokenizer::Tokenizer;
use crate::train::Counts;
use crate::vocab::Id;

/// Pretokens of a task: some milliseconds.
const PRETOKENS: usize = 1 << 12;

impl Tokenizer {
    /// How often each id occurs in texts: one number for each of `vocab_size` ids. See [`Tokenizer::encode_batch`].
    ///
    /// # Errors
    /// As [`Tokenizer::encode_batch`].
    pub fn usage(
        &self,
        texts: &[&[u8]],
        policy: &Policy,
        threads: Option<NonZeroUsize>,
        tick: impl FnMut() -> Result<()>,
    ) -> Result<Vec<u64>> {
        Batch::new(self, texts, policy, threads, TASK).usage(tick)
    }

    /// How often each id occurs in the text that was counted, without the special tokens that were cut out. Each pretoken is
    /// encoded once. The counts must be of the same split pattern.
    ///
    /// # Errors
    /// [`Error::CountOverflow`]; [`Error::PieceTooLong`]; that of `tick`.
    pub fn usage_of_counts(
        &self,
        counts: &Counts,
        threads: Option<NonZeroUsize>,
        tick: impl FnMut() -> Result<()>,
    ) -> Result<Vec<u64>> {
        let state = || (self.scratch(), Vec::new(), vec![0_u64; self.vocab_size()]);
        let work = |(scratch, ids, usage): &mut (Guard, Vec<Id>, Vec<u64>), number: usize, stop: &Stop| {
            stop.check()?;
            let end = counts.len().min((number + 1) * PRETOKENS);
            for (pretoken, count) in (number * PRETOKENS..end).map(|at| counts.entry(at)) {
                ids.clear();
                self.encode_piece(pretoken, scratch, ids)?;
                for id in ids.iter() {
                    let sum = usage[id.index()].checked_add(count);
                    usage[id.index()] = sum.ok_or_else(|| overflow(pretoken))?;
                }
            }
            Ok(())
        };
        let tasks = counts.len().div_ceil(PRETOKENS);
        let mut all = vec![0_u64; self.vocab_size()];
        for (.., usage) in parallel::run(parallel::threads(threads), tasks, state, work, tick)? {
            for (sum, count) in all.iter_mut().zip(usage) {
                *sum = sum.checked_add(count).ok_or_else(|| overflow(b""))?;
            }
        }
        Ok(all)
    }
}

fn overflow(pretoken: &[u8]) -> Error {
    Error::CountOverflow { what: "the usage", pretoken: pretoken.escape_ascii().to_string() }
}

impl Batch<'_> {
    pub(super) fn usage(&self, mut tick: impl FnMut() -> Result<()>) -> Result<Vec<u64>> {
        let size = self.tokenizer.vocab_size();
        if self.is_small() {
            let mut usage = vec![0; size];
            let (mut scratch, stop) = (self.tokenizer.scratch(), Stop::default());
            for text in self.texts {
                self.tokenizer.each_into(text, self.policy, &mut scratch, &stop, |ids| add(&mut usage, ids))?;
            }
            return Ok(usage);
        }
        let mut threads = self.threads;
        loop {
            // One for each thread that may work at a time.
            let usages: Vec<Mutex<Vec<u64>>> = (0..threads.max(1)).map(|_| Mutex::default()).collect();
            let work = |scratch: &mut Guard, _, task: Task, stop: &Stop| {
                let mut usage = free(&usages);
                usage.resize(size, 0);
                self.parts(&task, |_, part, policy| {
                    self.tokenizer.each_into(part, policy, scratch, stop, |ids| add(&mut usage, ids))
                })
            };
            if self.share(threads, || self.tokenizer.scratch(), work, &mut tick)? == Outcome::Done {
                let mut all = vec![0; size];
                for usage in usages {
                    let usage = usage.into_inner().unwrap_or_else(PoisonError::into_inner);
                    all.iter_mut().zip(usage).for_each(|(sum, count)| *sum += count);
                }
                return Ok(all);
            }
            threads = 1;
        }
    }
}

/// A histogram that no other thread adds to now.
fn free(usages: &[Mutex<Vec<u64>>]) -> MutexGuard<'_, Vec<u64>> {
    loop {
        for usage in usages {
            match usage.try_lock() {
                Ok(guard) => return guard,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        thread::yield_now();
    }
}

/// Text has less than 2 to the power of 64 bytes.
#[inline]
fn add(usage: &mut [u64], ids: &[Id]) {
    ids.iter().for_each(|id| usage[id.index()] += 1);
}
