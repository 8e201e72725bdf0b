//! Parts of text of which nothing is known: found by trying.
//!
//! It is taken that more text has more ids, but for a few. So a longer part that fits is found if it has no more than
//! [`BEYOND`] ids more than it would have by that.

use std::ops::Range;

use super::{Search, next_place, place_at, place_before};
use crate::error::Result;

/// So many ids more than fit are taken to be too many for any longer part to fit.
const BEYOND: usize = 32;

impl Search<'_> {
    /// The end of the longest part that starts at a place and has at most so many ids.
    pub(super) fn try_ends(&mut self, start: usize, most: usize) -> Result<usize> {
        let length = self.text.len() - start;
        let too_many = most.saturating_add(BEYOND);
        let mut low = 0;
        let mut high = length.min(most.saturating_mul(4).saturating_add(256));
        loop {
            let count = self.count(start..start + high)?;
            if high == length && count <= most {
                return Ok(start + length);
            }
            if count > too_many || high == length {
                break;
            }
            low = high;
            high = length.min(high.saturating_mul(2));
        }
        while high - low > 64 {
            let middle = low + (high - low) / 2;
            match self.count(start..start + middle)? > too_many {
                true => high = middle,
                false => low = middle,
            }
        }
        let mut end = place_before(self.text, start + high);
        while end > start && self.count(start..end)? > most {
            end = place_before(self.text, end - 1);
        }
        Ok(end)
    }

    /// The first place of a range from where the text up to its end has at most so many ids, or its end.
    pub(super) fn try_starts(&mut self, range: Range<usize>, most: usize) -> Result<usize> {
        let Range { start, end } = range;
        let too_many = most.saturating_add(BEYOND);
        let mut low = 0;
        let mut high = (end - start).min(most.saturating_mul(4).saturating_add(256));
        while high < end - start && self.count(end - high..end)? <= too_many {
            low = high;
            high = (end - start).min(high.saturating_mul(2));
        }
        while high - low > 64 && self.count(end - high..end)? > too_many {
            let middle = low + (high - low) / 2;
            match self.count(end - middle..end)? > too_many {
                true => high = middle,
                false => low = middle,
            }
        }
        let mut at = place_at(self.text, end - high);
        while at < end && self.count(at..end)? > most {
            at = next_place(self.text, at);
        }
        Ok(at)
    }
}
