//! How rare a pair may be and still be worth keeping track of.
//!
//! The pairs that are kept are those that occur at least [`Horizon::least`] times. A pair that is not kept occurs at most
//! [`Horizon::bound`] times, since counts only fall; so as long as the best pair that is kept occurs more often than that,
//! it is the best of all. Once it does not, the horizon is lowered, and pairs are collected anew from the words.
//!
//! Only where a merge gives a token that was there before can a count rise. If that happens to a pair that is not kept,
//! the bound rises by as much: the horizon is lowered a little early, and nothing else changes.
//!
//! Every lowering at least halves the horizon, so there are never more than 64 of them, whatever the corpus.

/// How far the horizon lies.
///
/// As far as it must for the last merge, so that it need seldom be lowered: on real text that has a count of 1/55 to 1/130 of
/// the bytes for each merge (English, code and 26 languages, 16,384 to 131,072 tokens), and a third of that is a safe guess.
/// Nearer horizons take less memory and more time, since lowering costs passes over all words. English, 50 MB, 32,768
/// tokens: 38 MB and 0.137 s for a part of 96, 31 MB and 0.174 s for 10, 28 MB and 0.204 s for 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    /// The horizon is this part of the sum of all pair counts for each merge that is asked for.
    pub part: u64,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy { part: 96 }
    }
}

pub(super) struct Horizon {
    policy: Policy,
    /// The least count that may be merged.
    min_frequency: u64,
    least: u64,
    bound: u64,
}

impl Horizon {
    /// Nothing is kept so far.
    pub(super) fn new(policy: Policy, min_frequency: u64) -> Horizon {
        Horizon { policy, min_frequency, least: u64::MAX, bound: u64::MAX }
    }

    /// All pairs are kept.
    pub(super) fn all() -> Horizon {
        Horizon::new(Policy { part: u64::MAX }, 1)
    }

    /// Whether the best pair that is kept, with this count, may not be the best of all.
    pub(super) fn is_reached(&self, best: Option<u64>) -> bool {
        best.unwrap_or(0) <= self.bound && self.bound >= self.min_frequency
    }

    /// Lowers the horizon; gives the least count of pairs to keep. `total` is the sum of the counts of all pairs, `merges`
    /// are those still to be learned.
    pub(super) fn lower(&mut self, total: u64, merges: usize) -> u64 {
        let wanted = total / (merges as u64).saturating_mul(self.policy.part).max(1);
        // Below the least count that may be merged there is something to be found only if counts rose.
        let floor = if self.least > self.min_frequency { self.min_frequency } else { 1 };
        self.least = wanted.min(self.least / 2).max(floor);
        self.bound = self.least - 1;
        self.least
    }

    /// Takes note that pairs which are not kept may have risen by so much.
    pub(super) fn raise(&mut self, count: u64) {
        self.bound = self.bound.saturating_add(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_horizon_of_all_pairs_is_never_reached_again() {
        let mut horizon = Horizon::all();
        assert_eq!(horizon.lower(u64::MAX, 1), 1);
        assert!(!horizon.is_reached(None));
    }

    #[test]
    fn each_lowering_halves_the_horizon_however_counts_rise() {
        for (part, min_frequency) in [(0, 1), (1, 1), (1, 1 << 40), (u64::MAX, 1), (0, 3)] {
            let mut horizon = Horizon::new(Policy { part }, min_frequency);
            let mut least = horizon.lower(u64::MAX, 1);
            let mut lowered = 1;
            while least > 1 {
                assert!(!horizon.is_reached(Some(least.max(min_frequency))));
                horizon.raise(min_frequency);
                assert!(horizon.is_reached(Some(min_frequency)));
                // As long as counts only fall, what is below the least count that may be merged is never looked at.
                let floor = if least > min_frequency { min_frequency } else { 1 };
                let lower = horizon.lower(u64::MAX, 1);
                assert!(lower >= floor && lower <= (least / 2).max(floor), "{lower} after {least}");
                least = lower;
                lowered += 1;
            }
            assert!(lowered <= 66, "{lowered}");
            assert!(!horizon.is_reached(None), "all pairs are kept");
        }
    }
}
