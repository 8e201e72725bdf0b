//! Counts as a value: pretokens with how often each occurs, to be added, scaled, filtered, and learned from.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::OnceLock;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::combine::Ordered;
use super::scale::Scale;
use super::special_of_corpus;
use crate::error::{Error, Result};
use crate::special::SpecialTokens;
use crate::split::Splitter;

/// How often each distinct piece of a corpus occurs, in the order of first occurrence.
///
/// No pretoken is empty or holds a special token, no count is 0, and the sum of all counts has 64 bits.
#[derive(Clone)]
pub struct Counts {
    splitter: Splitter,
    special_tokens: Vec<String>,
    /// The bytes of all pretokens, one after the other.
    arena: Vec<u8>,
    /// By pretoken: where its bytes end, and its count.
    entries: Vec<(usize, u64)>,
    total: u64,
    /// Made when a pretoken is first asked for: learning needs none.
    index: OnceLock<Index>,
}

/// The numbers of pretokens, by the hash of their bytes.
#[derive(Clone, Default)]
struct Index {
    table: HashTable<usize>,
    hasher: RandomState,
}

impl Counts {
    pub(super) fn new(splitter: Splitter, special_tokens: Vec<String>) -> Counts {
        Counts { splitter, special_tokens, arena: Vec::new(), entries: Vec::new(), total: 0, index: OnceLock::new() }
    }

    /// How many distinct pretokens there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many pieces there are in all.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How often a pretoken occurs.
    pub fn get(&self, pretoken: &[u8]) -> Option<u64> {
        self.find(pretoken).map(|at| self.entries[at].1)
    }

    /// Pretokens with their counts, in the order of first occurrence.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], u64)> {
        (0..self.len()).map(|at| self.entry(at))
    }

    /// The pretoken of this number with its count, in the order of first occurrence.
    pub(crate) fn entry(&self, at: usize) -> (&[u8], u64) {
        (bytes_of(&self.arena, &self.entries, at), self.entries[at].1)
    }

    /// The splitter by which the text was cut.
    pub fn splitter(&self) -> &Splitter {
        &self.splitter
    }

    /// The split pattern, as it was given.
    pub fn pattern(&self) -> &str {
        self.splitter.pattern().as_str()
    }

    /// The split pattern's regex, which tells patterns apart whatever they are called.
    pub fn regex(&self) -> &str {
        self.splitter.pattern().regex()
    }

    /// The special tokens that were cut out, in the order given.
    pub fn special_tokens(&self) -> &[String] {
        &self.special_tokens
    }

    /// Counts of the text of `self` followed by that of `other`.
    ///
    /// # Errors
    /// [`Error::CountsDiffer`] if pattern or special tokens are not the same; [`Error::CountOverflow`].
    pub fn plus(&self, other: &Counts) -> Result<Counts> {
        let mut sum = self.clone();
        sum.add_all(other)?;
        Ok(sum)
    }

    /// Adds the counts of the text that follows. After an error only some of them are there.
    ///
    /// # Errors
    /// As [`plus`](Self::plus).
    pub(super) fn add_all(&mut self, other: &Counts) -> Result<()> {
        self.check_same(other)?;
        other.iter().try_for_each(|(pretoken, count)| self.add(pretoken, count))
    }

    /// Whether others were made in the same way.
    ///
    /// # Errors
    /// [`Error::CountsDiffer`] if pattern or special tokens are not the same.
    pub(super) fn check_same(&self, other: &Counts) -> Result<()> {
        let differ = |setting, left: String, right: String| Err(Error::CountsDiffer { setting, left, right });
        if self.regex() != other.regex() {
            return differ("split patterns", format!("{:?}", self.pattern()), format!("{:?}", other.pattern()));
        }
        let (left, right) = (self.special_tokens(), other.special_tokens());
        if left != right {
            return differ("special tokens", format!("{left:?}"), format!("{right:?}"));
        }
        Ok(())
    }

    /// Every count times a fraction, rounded half up. Pretokens whose count becomes 0 are dropped.
    ///
    /// # Errors
    /// [`Error::CountOverflow`].
    pub fn times(&self, scale: &Scale) -> Result<Counts> {
        let mut product = self.without_pretokens();
        for (pretoken, count) in self.iter() {
            let count = scale.of(count).ok_or_else(|| overflow("the count", pretoken))?;
            product.push(pretoken, count)?;
        }
        Ok(product)
    }

    /// Only the pretokens that occur at least so often.
    pub fn filter(&self, min_count: u64) -> Counts {
        let mut kept = self.without_pretokens();
        for (pretoken, count) in self.iter().filter(|(_, count)| *count >= min_count) {
            kept.push(pretoken, count).expect("a part is no more than the whole");
        }
        kept
    }

    /// The bytes of all pieces: so many pairs there may be while learning.
    ///
    /// # Errors
    /// [`Error::CountOverflow`].
    pub fn bytes(&self) -> Result<u64> {
        let mut bytes = 0_u64;
        self.iter().try_for_each(|(pretoken, count)| {
            let sum = count.checked_mul(pretoken.len() as u64).and_then(|more| bytes.checked_add(more));
            bytes = sum.ok_or_else(|| overflow("the number of bytes", pretoken))?;
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Adds pretokens of a corpus that are not there yet, in their order.
    pub(super) fn append(&mut self, parts: Vec<Ordered>) {
        self.arena.reserve_exact(parts.iter().map(|part| part.arena.len()).sum());
        self.entries.reserve_exact(parts.iter().map(|part| part.entries.len()).sum());
        for Ordered { arena, entries } in parts {
            let start = self.arena.len();
            self.arena.extend_from_slice(&arena);
            self.entries.extend(entries.iter().map(|&(end, count)| (start + end, count)));
            self.total += entries.iter().map(|(_, count)| count).sum::<u64>();
        }
        self.index = OnceLock::new();
    }

    fn without_pretokens(&self) -> Counts {
        Counts::new(self.splitter.clone(), self.special_tokens.clone())
    }

    /// Adds a pretoken that is not there yet. A count of 0 is none.
    pub(super) fn push(&mut self, pretoken: &[u8], count: u64) -> Result<()> {
        if count == 0 {
            return Ok(());
        }
        self.total = self.total.checked_add(count).ok_or_else(|| overflow("the total", pretoken))?;
        self.arena.extend_from_slice(pretoken);
        self.entries.push((self.arena.len(), count));
        if let Some(index) = self.index.get_mut() {
            index.insert(&self.arena, &self.entries, self.entries.len() - 1);
        }
        Ok(())
    }

    /// Adds occurrences of a pretoken that may be there already.
    fn add(&mut self, pretoken: &[u8], count: u64) -> Result<()> {
        let Some(at) = self.find(pretoken) else { return self.push(pretoken, count) };
        let sum = self.entries[at].1.checked_add(count).ok_or_else(|| overflow("the count", pretoken))?;
        self.total = self.total.checked_add(count).ok_or_else(|| overflow("the total", pretoken))?;
        self.entries[at].1 = sum;
        Ok(())
    }

    fn find(&self, pretoken: &[u8]) -> Option<usize> {
        let index = self.index.get_or_init(|| {
            let mut index = Index { table: HashTable::with_capacity(self.len()), ..Index::default() };
            (0..self.len()).for_each(|at| index.insert(&self.arena, &self.entries, at));
            index
        });
        let hash = index.hasher.hash_one(pretoken);
        index.table.find(hash, |&at| bytes_of(&self.arena, &self.entries, at) == pretoken).copied()
    }
}

impl Index {
    fn insert(&mut self, arena: &[u8], entries: &[(usize, u64)], at: usize) {
        let Index { table, hasher } = self;
        let hash = |&at: &usize| hasher.hash_one(bytes_of(arena, entries, at));
        table.insert_unique(hash(&at), at, hash);
    }
}

fn bytes_of<'a>(arena: &'a [u8], entries: &[(usize, u64)], at: usize) -> &'a [u8] {
    let start = at.checked_sub(1).map_or(0, |before| entries[before].0);
    &arena[start..entries[at].0]
}

fn overflow(what: &'static str, pretoken: &[u8]) -> Error {
    Error::CountOverflow { what, pretoken: pretoken.escape_ascii().to_string() }
}

/// Counts are equal if they hold the same pretokens with the same counts under the same pattern and special tokens. The
/// order of pretokens is not compared.
impl PartialEq for Counts {
    fn eq(&self, other: &Counts) -> bool {
        let settings = |counts: &Counts| (counts.regex().to_owned(), counts.special_tokens.clone());
        (self.len(), self.total) == (other.len(), other.total)
            && settings(self) == settings(other)
            && (self.iter().eq(other.iter()) || self.iter().all(|(pretoken, count)| other.get(pretoken) == Some(count)))
    }
}

impl Eq for Counts {}

impl Hash for Counts {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.regex(), &self.special_tokens, self.len(), self.total).hash(state);
    }
}

/// Builds counts from pretokens that were counted elsewhere.
pub struct CountsBuilder {
    counts: Counts,
    special: SpecialTokens,
}

impl CountsBuilder {
    /// # Errors
    /// [`Error::SpecialToken`] for a special token that is empty, given twice, or a single byte.
    pub fn new(splitter: Splitter, special_tokens: Vec<String>) -> Result<CountsBuilder> {
        let special = special_of_corpus(&special_tokens)?;
        Ok(CountsBuilder { counts: Counts::new(splitter, special_tokens), special })
    }

    /// Adds occurrences of a pretoken; 0 adds nothing.
    ///
    /// # Errors
    /// [`Error::Pretoken`] if it is empty or holds a special token; [`Error::CountOverflow`].
    pub fn add(&mut self, pretoken: &[u8], count: u64) -> Result<()> {
        self.check(pretoken)?;
        self.counts.add(pretoken, count)
    }

    /// Adds a pretoken for the first and only time.
    ///
    /// # Errors
    /// As [`add`](Self::add), and [`Error::Pretoken`] if it is there already or the count is 0.
    pub fn add_new(&mut self, pretoken: &[u8], count: u64) -> Result<()> {
        self.check(pretoken)?;
        if count == 0 {
            return Err(refused(pretoken, "has a count of 0"));
        }
        if self.counts.find(pretoken).is_some() {
            return Err(refused(pretoken, "is given twice"));
        }
        self.counts.push(pretoken, count)
    }

    /// All that was added, in the order in which pretokens were first added.
    pub fn finish(self) -> Counts {
        self.counts
    }

    fn check(&self, pretoken: &[u8]) -> Result<()> {
        if pretoken.is_empty() {
            return Err(refused(pretoken, "is empty; a pretoken has at least one byte"));
        }
        match self.special.finder().and_then(|finder| finder.find(pretoken, 0)) {
            None => Ok(()),
            Some(found) => {
                let reason =
                    format!("holds the special token {:?}; a special token is never counted or merged", found.token);
                Err(refused(pretoken, &reason))
            }
        }
    }
}

fn refused(pretoken: &[u8], reason: &str) -> Error {
    Error::Pretoken { pretoken: pretoken.escape_ascii().to_string(), reason: reason.to_owned() }
}
