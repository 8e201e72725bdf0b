//! Pieces that were not seen before.
//!
//! They wait until the end of their batch, to be merged side by side. Where their ids belong, those of the batch leave a gap; it is
//! as long as can be, an id for each byte, and closed when they are there.

use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

use super::{Encoder, NOT_WHOLE, WHOLE, Work, short};
use crate::error::Result;
use crate::merges::Ranks;
use crate::piece::{INLINE, Wide};
use crate::vocab::Id;

/// A piece that was not seen before.
pub(super) struct New {
    /// In the text.
    place: Range<usize>,
    key: Wide,
    /// By which the vocabulary knows it.
    hash: u64,
    /// Where the ids of the text leave room for its own: one for each byte.
    gap: usize,
    /// The token with its bytes, if it is to be found out whether merging gives it.
    token: Option<Id>,
    /// Where its ids are.
    ids: Range<usize>,
}

impl Encoder {
    /// Looks further for a piece that is not in its line of the table: its ids are put into `work`, or, if it is new, none are yet,
    /// and it has a gap. Gives the number of ids it has, or at most has.
    #[inline(never)]
    pub(super) fn encode_missed(
        &self,
        text: &[u8],
        place: Range<usize>,
        key: Wide,
        gap: usize,
        work: &mut Work,
    ) -> Result<usize> {
        let Work { seen: Some(seen), merge, ids, news, .. } = work else { return Ok(0) };
        let piece = &text[place.clone()];
        ids.clear();
        if seen.find(key, piece, ids) {
            return Ok(ids.len());
        }
        seen.misses += 1;
        if piece.len() <= short::MOST {
            let hash = if piece.len() <= INLINE { key.hash() } else { key.number() as u64 };
            self.vocab.prefetch(hash);
            news.push(New { place, key, hash, gap, token: None, ids: 0..0 });
            return Ok(piece.len());
        }
        match self.vocab.id(piece) {
            Some(id) if self.is_whole(id, piece, merge, ids)? => {
                ids.clear();
                ids.push(id);
            }
            _ => {
                ids.clear();
                self.merge(piece, merge, ids)?;
            }
        }
        seen.keep(key, piece, ids);
        Ok(ids.len())
    }

    /// Encodes the pieces that are new, and closes their gaps in `all[..end]`; gives the new end.
    #[inline(never)]
    pub(super) fn encode_news(&self, text: &[u8], work: &mut Work, all: &mut [Id], end: usize) -> usize {
        let Work { seen: Some(seen), merge, ids, news, .. } = work else { return end };
        ids.clear();
        for new in &mut *news {
            let piece = &text[new.place.clone()];
            let token = match piece.len() {
                ..=INLINE => self.vocab.id_of_key(new.key.number(), new.hash),
                _ => self.vocab.id_of_hash(piece, new.hash),
            };
            if let Some(id) = token {
                match self.whole[id.index()].load(Relaxed) {
                    WHOLE => {
                        new.ids = ids.len()..ids.len() + 1;
                        ids.push(id);
                        seen.keep(new.key, piece, &[id]);
                    }
                    0 => new.token = Some(id),
                    _ => {}
                }
            }
        }
        let rest = news.iter_mut().filter(|new| new.ids.is_empty());
        let rest = rest.map(|new| (&text[new.place.clone()], new));
        let done = |new: &mut New, place: Range<usize>, ids: &[Id]| {
            if let Some(id) = new.token {
                // Threads that find out at the same time find the same.
                self.whole[id.index()].store(if *ids == [id] { WHOLE } else { NOT_WHOLE }, Relaxed);
            }
            new.ids = place;
            seen.keep(new.key, &text[new.place.clone()], ids);
        };
        match &self.list {
            Some(list) => short::encode_all(&**list, &self.bytes, rest, &mut merge.short, ids, done),
            None => short::encode_all(&Ranks(&self.vocab), &self.bytes, rest, &mut merge.short, ids, done),
        }
        let end = close_gaps(all, end, news, ids);
        news.clear();
        end
    }
}

/// Fills the gaps in `all[..end]` with the ids found, and closes what is left of them; gives the new end.
fn close_gaps(all: &mut [Id], end: usize, news: &[New], found: &[Id]) -> usize {
    let mut to = news[0].gap;
    for (number, new) in news.iter().enumerate() {
        let own = &found[new.ids.clone()];
        all[to..to + own.len()].copy_from_slice(own);
        to += own.len();
        let rest = new.gap + new.place.len()..news.get(number + 1).map_or(end, |next| next.gap);
        all.copy_within(rest.clone(), to);
        to += rest.len();
    }
    to
}
