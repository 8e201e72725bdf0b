//! Texts → tasks: runs of whole texts, and stretches of texts that are too long for one.

use std::ops::Range;

use crate::special::Finder;
use crate::split::Splitter;

/// A text counts as so many bytes more, so that no task has all texts if they are empty.
const EACH: usize = 16;

/// What one worker does at a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Task {
    /// Whole texts, by their numbers.
    Texts(Range<usize>),
    /// A part of a text, which stands for itself: neither a piece nor a special token reaches over its ends.
    Stretch { text: usize, bytes: Range<usize>, is_last: bool },
}

impl Task {
    /// The length of its text.
    pub(super) fn bytes(&self, texts: &[&[u8]]) -> usize {
        match self {
            Task::Texts(numbers) => texts[numbers.clone()].iter().map(|text| text.len()).sum(),
            Task::Stretch { bytes, .. } => bytes.len(),
        }
    }
}

/// Makes the tasks, in order, each of about `size` bytes; that of a text that cannot be cut is as long as the text.
pub(super) struct Plan<'t, 'a> {
    texts: &'t [&'t [u8]],
    splitter: &'a Splitter,
    /// Special tokens that become their id.
    allowed: Option<&'a Finder>,
    size: usize,
    /// The number of the next text.
    text: usize,
    /// What has been given of it.
    from: usize,
    /// Whether there may be a safe cut in the rest.
    may_be_cut: bool,
    /// Whether texts are never cut.
    stays_whole: bool,
}

impl<'t, 'a> Plan<'t, 'a> {
    pub(super) fn new(
        texts: &'t [&'t [u8]],
        splitter: &'a Splitter,
        allowed: Option<&'a Finder>,
        size: usize,
    ) -> Plan<'t, 'a> {
        Plan { texts, splitter, allowed, size, text: 0, from: 0, may_be_cut: true, stays_whole: false }
    }

    /// The same without a cut anywhere, for texts whose parts have other ids than the whole.
    pub(super) fn whole(mut self, stays_whole: bool) -> Plan<'t, 'a> {
        self.stays_whole = stays_whole;
        self
    }

    /// The end of the stretch that starts at `from`.
    fn cut(&mut self, text: &[u8]) -> usize {
        let least = self.from + self.size;
        if least >= text.len() || self.stays_whole {
            return text.len();
        }
        let mut at = least;
        while self.may_be_cut {
            match self.splitter.safe_cut(text, at) {
                Some(cut) if !self.allowed.is_some_and(|finder| finder.reaches_over(text, cut)) => return cut,
                Some(cut) => at = cut + 1,
                // There will be none later, either.
                None => self.may_be_cut = false,
            }
        }
        // A stretch starts where a search for special tokens may start.
        let mut from = self.from;
        while let Some(found) = self.allowed.and_then(|finder| finder.find(text, from)) {
            if found.end >= least {
                return found.end;
            }
            from = found.end;
        }
        text.len()
    }
}

impl Iterator for Plan<'_, '_> {
    type Item = Task;

    fn next(&mut self) -> Option<Task> {
        let texts = self.texts;
        let first = self.text;
        if self.from == 0 {
            let mut used = 0;
            while let Some(text) = texts.get(self.text)
                && text.len() <= self.size
                && (self.text == first || used + text.len() <= self.size)
            {
                used += text.len() + EACH;
                self.text += 1;
            }
            if self.text > first {
                return Some(Task::Texts(first..self.text));
            }
        }
        let text = texts.get(first)?;
        let bytes = self.from..self.cut(text);
        let is_last = bytes.end == text.len();
        if is_last {
            (self.text, self.from, self.may_be_cut) = (first + 1, 0, true);
        } else {
            self.from = bytes.end;
        }
        Some(Task::Stretch { text: first, bytes, is_last })
    }
}
