//! The exact fraction by which counts are scaled.

use num_bigint::BigUint;

/// A fraction of any size, not negative.
pub struct Scale {
    numerator: BigUint,
    denominator: BigUint,
    /// Both, if 64 bits hold them.
    small: Option<(u64, u64)>,
}

impl Scale {
    /// `numerator / denominator`, or `None` if the denominator is 0.
    pub fn new(numerator: impl Into<BigUint>, denominator: impl Into<BigUint>) -> Option<Scale> {
        let (numerator, denominator) = (numerator.into(), denominator.into());
        if denominator == BigUint::ZERO {
            return None;
        }
        let small = u64::try_from(&numerator).ok().zip(u64::try_from(&denominator).ok());
        Some(Scale { numerator, denominator, small })
    }

    /// The count times the fraction, rounded half up. `None` if 64 bits do not hold it.
    pub(super) fn of(&self, count: u64) -> Option<u64> {
        let Some((numerator, denominator)) = self.small else {
            let product = BigUint::from(count) * &self.numerator;
            return u64::try_from((product * 2u32 + &self.denominator) / (&self.denominator * 2u32)).ok();
        };
        let (product, denominator) = (u128::from(count) * u128::from(numerator), u128::from(denominator));
        // Doubling the product could take more than 128 bits.
        let up = product % denominator >= denominator.div_ceil(2);
        u64::try_from(product / denominator + u128::from(up)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_up() {
        let half = Scale::new(1u32, 2u32).unwrap();
        assert_eq!([0, 1, 2, 3, 5].map(|count| half.of(count)), [0, 1, 1, 2, 3].map(Some));
        let thirds = Scale::new(1u32, 3u32).unwrap();
        assert_eq!([1, 2, 4, 5].map(|count| thirds.of(count)), [0, 1, 1, 2].map(Some));
        assert!(Scale::new(1u32, 0u32).is_none());
    }

    #[test]
    fn no_size_is_too_large_and_nothing_wraps() {
        let max = u64::MAX;
        assert_eq!(Scale::new(max, max).unwrap().of(max), Some(max));
        assert_eq!(Scale::new(max, max - 1).unwrap().of(max), None);
        assert_eq!(Scale::new(max - 1, max).unwrap().of(max), Some(max - 1));
        assert_eq!(Scale::new(max, 1u32).unwrap().of(2), None);
        assert_eq!(Scale::new(1u32, max).unwrap().of(max / 2), Some(0));
        assert_eq!(Scale::new(1u32, max).unwrap().of(max / 2 + 1), Some(1));
        // One part in 2**200 decides whether a half is reached.
        let huge = BigUint::from(1u32) << 200u32;
        assert_eq!(Scale::new(&huge + 0u32, &huge * 2u32).unwrap().of(1), Some(1));
        assert_eq!(Scale::new(&huge - 1u32, &huge * 2u32).unwrap().of(1), Some(0));
        assert_eq!(Scale::new(huge, 1u32).unwrap().of(1), None);
    }

    proptest::proptest! {
        #[test]
        fn small_and_large_fractions_are_computed_alike(count: u64, numerator: u64, denominator in 1..u64::MAX) {
            let small = Scale::new(numerator, denominator).unwrap();
            let widened = |number: u64| BigUint::from(number) << 64u32;
            let large = Scale::new(widened(numerator), widened(denominator)).unwrap();
            proptest::prop_assert!(small.small.is_some() && (large.small.is_none()));
            proptest::prop_assert_eq!(small.of(count), large.of(count));
        }
    }
}
