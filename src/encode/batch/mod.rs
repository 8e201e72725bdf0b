//! Many texts at once, or a long one, in parallel, into one flat buffer.
//!
//! Texts become tasks of about 64 KB (`plan`). Few bytes are one task, and encoded straight into the result; so is all, task
//! by task, on one thread. On several, [every worker](parallel::share()) has a buffer of its own for a task, and copies it to
//! its place (`ledger`) in one buffer for all (`flat`). What comes out never depends on the threads, nor on how texts were cut
//! into tasks.

mod cell;
mod flat;
mod ledger;
mod plan;
#[cfg(test)]
mod tests;
mod usage;

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use crate::encode::{Guard, Scratch};
use crate::error::{Error, Result};
use crate::machine;
use crate::parallel::{self, Outcome, Stop};
use crate::special::Policy;
use crate::tokenizer::Tokenizer;
use crate::vocab::Id;
use ledger::{Buffer, Ledger, expected};
use plan::{Plan, Task};

/// Bytes of a task.
const TASK: usize = 64 << 10;

/// A task of more bytes than this, text that cannot be cut, is long: the calling thread does not work on it, for it has to
/// look after signals. Some 10 ms of work.
const LONG: usize = 2 << 20;

/// The same under a split pattern that may take time quadratic in the length of the text, or worse.
const SLOW: usize = 4 << 10;

/// The ids of many texts: those of text `i` are `values[offsets[i]..offsets[i + 1]]`.
#[derive(Debug, PartialEq, Eq)]
pub struct TokenBatch {
    pub values: Vec<Id>,
    /// One more than there are texts, in the type of Arrow's large lists.
    pub offsets: Vec<i64>,
}

impl Tokenizer {
    /// The ids of every text, in order, whatever the number of threads.
    ///
    /// This thread works, too, and calls `tick` about every 50 ms if there is so much to do; its error ends the call.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`], for the first text that has one; that of `tick`.
    pub fn encode_batch(
        &self,
        texts: &[&[u8]],
        policy: &Policy,
        threads: Option<NonZeroUsize>,
        tick: impl FnMut() -> Result<()>,
    ) -> Result<TokenBatch> {
        Batch::new(self, texts, policy, threads, TASK).encode(tick)
    }

    /// As [`Tokenizer::encode_batch`], of documents whose ids end with one more.
    ///
    /// # Errors
    /// As [`Tokenizer::encode_batch`].
    pub fn encode_documents(
        &self,
        texts: &[&[u8]],
        policy: &Policy,
        threads: Option<NonZeroUsize>,
        ending: Option<Ending>,
        tick: impl FnMut() -> Result<()>,
    ) -> Result<TokenBatch> {
        Batch { ending, ..Batch::new(self, texts, policy, threads, TASK) }.encode(tick)
    }

    /// The ids of a text of any length; see [`Tokenizer::encode_batch`].
    ///
    /// A long text is cut where that changes no id, on any thread.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`]; that of `tick`.
    pub fn encode_long(
        &self,
        text: &[u8],
        policy: &Policy,
        threads: Option<NonZeroUsize>,
        tick: impl FnMut() -> Result<()>,
    ) -> Result<Vec<Id>> {
        Ok(self.encode_batch(&[text], policy, threads, tick)?.values)
    }

    /// [`Tokenizer::encode_batch`] with tasks of other sizes, for tests and benches.
    #[doc(hidden)]
    pub fn encode_batch_by(
        &self,
        size: usize,
        texts: &[&[u8]],
        policy: &Policy,
        threads: Option<NonZeroUsize>,
        tick: impl FnMut() -> Result<()>,
    ) -> Result<TokenBatch> {
        Batch::new(self, texts, policy, threads, size.max(1)).encode(tick)
    }

    /// The number of ids of every text; see [`Tokenizer::encode_batch`]. Keeps no ids.
    ///
    /// # Errors
    /// As [`Tokenizer::encode_batch`].
    pub fn count_batch(
        &self,
        texts: &[&[u8]],
        policy: &Policy,
        threads: Option<NonZeroUsize>,
        tick: impl FnMut() -> Result<()>,
    ) -> Result<Vec<i64>> {
        Batch::new(self, texts, policy, threads, TASK).count(tick)
    }

    /// The number of ids of a text of any length; see [`Tokenizer::encode_long`]. Keeps no ids.
    ///
    /// # Errors
    /// As [`Tokenizer::encode_long`].
    pub fn count_long(
        &self,
        text: &[u8],
        policy: &Policy,
        threads: Option<NonZeroUsize>,
        tick: impl FnMut() -> Result<()>,
    ) -> Result<usize> {
        Ok(self.count_batch(&[text], policy, threads, tick)?[0] as usize)
    }
}

/// An id that the ids of documents end with.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    pub id: Id,
    /// The number of texts that are complete documents; the last may be one that goes on.
    pub complete: usize,
}

/// One call for many texts.
struct Batch<'c> {
    tokenizer: &'c Tokenizer,
    texts: &'c [&'c [u8]],
    policy: &'c Policy<'c>,
    /// The policy for stretches of a text, which are checked as such.
    checked: Policy<'c>,
    /// Of all texts.
    bytes: usize,
    /// Bytes of a task.
    size: usize,
    threads: usize,
    ending: Option<Ending>,
}

impl<'c> Batch<'c> {
    fn new(
        tokenizer: &'c Tokenizer,
        texts: &'c [&'c [u8]],
        policy: &'c Policy<'c>,
        threads: Option<NonZeroUsize>,
        size: usize,
    ) -> Batch<'c> {
        let bytes = texts.iter().map(|text| text.len()).sum::<usize>();
        // Nobody asks for the number of cores, or wakes another thread, for what is done before that would be.
        let threads = if bytes <= size { 1 } else { parallel::threads(threads).min(bytes.div_ceil(size)) };
        Batch { tokenizer, texts, policy, checked: policy.checked(), bytes, size, threads, ending: None }
    }

    fn encode(&self, mut tick: impl FnMut() -> Result<()>) -> Result<TokenBatch> {
        if self.threads > 1 {
            let ledger = Ledger::new(self.texts.len(), self.bytes);
            let state = || (self.tokenizer.scratch(), Buffer::default());
            let work = |(scratch, buffer): &mut (Guard, Buffer), number, task: Task, stop: &Stop| {
                buffer.bytes = self.encode_task(&task, scratch, &mut buffer.ids, &mut buffer.ends, stop)?;
                ledger.enter(number, buffer);
                Ok(())
            };
            if self.share(self.threads, state, work, &mut tick)? == Outcome::Done {
                return Ok(ledger.into_batch());
            }
        }
        self.encode_alone(&mut tick)
    }

    /// Task by task, straight into the result.
    fn encode_alone(&self, tick: &mut impl FnMut() -> Result<()>) -> Result<TokenBatch> {
        let empty = || {
            // Of text in European languages.
            let ids = Vec::with_capacity(self.bytes.min(self.size) / 3 + 1);
            let mut offsets = Vec::with_capacity(self.texts.len() + 1);
            offsets.push(0);
            (ids, offsets, 0)
        };
        if self.is_small() {
            let (mut values, mut offsets, _) = empty();
            let task = Task::Texts(0..self.texts.len());
            self.encode_task(&task, &mut self.tokenizer.scratch(), &mut values, &mut offsets, &Stop::default())?;
            return Ok(TokenBatch { values, offsets });
        }
        loop {
            let result = Mutex::new(empty());
            let work = |scratch: &mut Guard, _, task: Task, stop: &Stop| {
                let mut result = result.lock().unwrap_or_else(PoisonError::into_inner);
                let (ids, offsets, done) = &mut *result;
                let most = task.bytes(self.texts).min(LONG);
                if ids.capacity() - ids.len() < most {
                    let more = expected(ids.len(), *done, self.bytes) - ids.len() + most;
                    machine::reserve(ids, more.max(ids.len() / 4));
                }
                *done += self.encode_task(&task, scratch, ids, offsets, stop)?;
                Ok(())
            };
            if self.share(1, || self.tokenizer.scratch(), work, &mut *tick)? == Outcome::Done {
                let (mut values, offsets, _) = result.into_inner().unwrap_or_else(PoisonError::into_inner);
                trim(&mut values);
                return Ok(TokenBatch { values, offsets });
            }
        }
    }

    /// Appends the ids of a task, and for every text that ends in it the number of ids that there are then; gives the bytes
    /// of the task.
    fn encode_task(
        &self,
        task: &Task,
        scratch: &mut Scratch,
        ids: &mut Vec<Id>,
        ends: &mut Vec<i64>,
        stop: &Stop,
    ) -> Result<usize> {
        match task {
            Task::Texts(numbers) => {
                let mut bytes = 0;
                for number in numbers.clone() {
                    let text = self.texts[number];
                    self.tokenizer.encode_into(text, self.policy, scratch, ids, stop)?;
                    self.end(number, ids, ends);
                    bytes += text.len();
                }
                Ok(bytes)
            }
            Task::Stretch { text, bytes, is_last } => {
                self.stretch(*text, bytes, |stretch| {
                    self.tokenizer.encode_into(stretch, &self.checked, scratch, ids, stop)
                })?;
                if *is_last {
                    self.end(*text, ids, ends);
                }
                Ok(bytes.len())
            }
        }
    }

    /// A text ends here.
    fn end(&self, text: usize, ids: &mut Vec<Id>, ends: &mut Vec<i64>) {
        ids.extend(self.ending.filter(|ending| text < ending.complete).map(|ending| ending.id));
        ends.push(ids.len() as i64);
    }

    fn count(&self, mut tick: impl FnMut() -> Result<()>) -> Result<Vec<i64>> {
        if self.is_small() {
            let (mut scratch, stop) = (self.tokenizer.scratch(), Stop::default());
            let mut count = |text: &&[u8]| self.tokenizer.count_into(text, self.policy, &mut scratch, &stop);
            return self.texts.iter().map(|text| Ok(count(text)? as i64)).collect();
        }
        let mut threads = self.threads;
        loop {
            let counts: Vec<AtomicI64> = self.texts.iter().map(|_| AtomicI64::new(0)).collect();
            let work = |scratch: &mut Guard, _, task: Task, stop: &Stop| {
                self.parts(&task, |text, part, policy| {
                    let count = self.tokenizer.count_into(part, policy, scratch, stop)?;
                    counts[text].fetch_add(count as i64, Relaxed);
                    Ok(())
                })
            };
            if self.share(threads, || self.tokenizer.scratch(), work, &mut tick)? == Outcome::Done {
                return Ok(counts.into_iter().map(AtomicI64::into_inner).collect());
            }
            threads = 1;
        }
    }

    /// Calls `each` with the texts of a task, or with its part of one: the number of the text, the bytes, and the policy for
    /// them.
    fn parts(&self, task: &Task, mut each: impl FnMut(usize, &[u8], &Policy) -> Result<()>) -> Result<()> {
        match task {
            Task::Texts(numbers) => {
                numbers.clone().try_for_each(|number| each(number, self.texts[number], self.policy))
            }
            Task::Stretch { text, bytes, .. } => self.stretch(*text, bytes, |part| each(*text, part, &self.checked)),
        }
    }

    /// Whether all is done before anybody would press Ctrl-C.
    fn is_small(&self) -> bool {
        self.bytes <= if self.tokenizer.splitter().is_linear() { self.size } else { SLOW }
    }

    /// Works off all tasks, numbered from 0. After [`Outcome::Forked`] it is to be done again, on one thread: a child that
    /// a signal handler forked is the last to need helpers.
    fn share<S>(
        &self,
        threads: usize,
        state: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, usize, Task, &Stop) -> Result<()> + Sync,
        tick: impl FnMut() -> Result<()>,
    ) -> Result<Outcome> {
        let plan = Plan::new(self.texts, self.tokenizer.splitter(), self.policy.allowed(), self.size);
        let mut plan = plan.whole(!self.tokenizer.is_plain()).enumerate();
        let most = if self.tokenizer.splitter().is_linear() { LONG } else { SLOW };
        let is_long = |(_, task): &(usize, Task)| task.bytes(self.texts) > most;
        parallel::share(
            threads,
            state,
            || plan.next(),
            is_long,
            |own, (number, task), stop| work(own, number, task, stop),
            tick,
        )
    }

    /// Does something with a stretch of a text, of which an error is to be that of the text.
    fn stretch<T>(&self, number: usize, bytes: &Range<usize>, work: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
        let text = self.texts[number];
        self.policy.check_stretch(text, bytes.clone())?;
        work(&text[bytes.clone()]).map_err(|error| {
            if matches!(error, Error::Interrupted) {
                return error;
            }
            // What is refused anywhere in the text comes first.
            match (self.policy.check(text), error) {
                (Err(refused), _) => refused,
                (Ok(()), Error::Split { pattern, offset, message }) => {
                    Error::Split { pattern, offset: bytes.start + offset, message }
                }
                (Ok(()), other) => other,
            }
        })
    }
}

/// Gives memory back that was reserved for many more ids than came.
fn trim(ids: &mut Vec<Id>) {
    if ids.capacity() / 8 * 7 > ids.len() {
        ids.shrink_to_fit();
    }
}
