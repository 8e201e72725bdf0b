//! Many texts at once, in parallel, into one flat buffer.

use std::num::NonZeroUsize;

use crate::error::Result;
use crate::parallel;
use crate::special::Policy;
use crate::tokenizer::Tokenizer;
use crate::vocab::Id;

/// Texts are handed to threads in groups of about this many bytes: some milliseconds of work, so that threads end
/// together, and a batch smaller than two groups costs no thread at all.
const GROUP: usize = 64 << 10;

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
    /// `tick` is called on this thread about every 50 ms while others work; its error ends the call.
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
        let groups = groups(texts);
        let work = |encoded: &mut Vec<Group>, task: usize, stop: &parallel::Stop| {
            let (mut scratch, mut ids, mut lengths) = (self.scratch(), Vec::new(), Vec::new());
            for text in groups[task] {
                let before = ids.len();
                self.encode_into(text, policy, &mut scratch, &mut ids, stop)?;
                lengths.push(ids.len() - before);
            }
            encoded.push(Group { task, ids, lengths });
            Ok(())
        };
        let mut encoded: Vec<Group> = match groups.len() {
            // A small batch is done before a thread would have started.
            0 => Vec::new(),
            1 if groups[0].iter().map(|text| text.len()).sum::<usize>() <= GROUP => {
                let mut encoded = Vec::new();
                work(&mut encoded, 0, &parallel::Stop::default())?;
                encoded
            }
            tasks => {
                parallel::run(parallel::threads(threads), tasks, Vec::new, work, tick)?.into_iter().flatten().collect()
            }
        };
        encoded.sort_by_key(|group| group.task);
        let mut values = Vec::with_capacity(encoded.iter().map(|group| group.ids.len()).sum());
        let mut offsets = Vec::with_capacity(texts.len() + 1);
        offsets.push(0);
        let mut end = 0;
        for group in encoded {
            values.extend_from_slice(&group.ids);
            offsets.extend(group.lengths.iter().map(|&length| {
                end += length as i64;
                end
            }));
        }
        Ok(TokenBatch { values, offsets })
    }
}

/// What one task gives.
struct Group {
    task: usize,
    ids: Vec<Id>,
    lengths: Vec<usize>,
}

/// Cuts the texts into runs of about [`GROUP`] bytes.
fn groups<'a, 't>(texts: &'a [&'t [u8]]) -> Vec<&'a [&'t [u8]]> {
    let mut groups = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, text) in texts.iter().enumerate() {
        bytes += text.len();
        if bytes >= GROUP {
            groups.push(&texts[start..=at]);
            (start, bytes) = (at + 1, 0);
        }
    }
    if start < texts.len() {
        groups.push(&texts[start..]);
    }
    groups
}
