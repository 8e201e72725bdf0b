//! Text that is not UTF-8, made splittable: every invalid sequence gets the stand-in U+FFFD.

/// The text with a stand-in for every invalid sequence, and the function that takes an offset in it back to the offset
/// in the original. Offsets must be asked for in ascending order, and lie between characters.
pub(super) fn with_stand_ins(text: &[u8]) -> (String, impl FnMut(usize) -> usize) {
    let mut shown = String::with_capacity(text.len() + text.len() / 8);
    // After each stand-in: its end in the shown text and in the original.
    let mut stand_ins = Vec::new();
    let mut original = 0;
    for chunk in text.utf8_chunks() {
        shown.push_str(chunk.valid());
        original += chunk.valid().len() + chunk.invalid().len();
        if !chunk.invalid().is_empty() {
            shown.push(char::REPLACEMENT_CHARACTER);
            stand_ins.push((shown.len(), original));
        }
    }
    let mut next = 0;
    let mut last = (0, 0);
    let position = move |offset: usize| {
        while let Some(&ends) = stand_ins.get(next).filter(|ends| ends.0 <= offset) {
            last = ends;
            next += 1;
        }
        last.1 + (offset - last.0)
    };
    (shown, position)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn stand_ins_are_lossy_decoding_and_positions_lead_back(
            text in proptest::collection::vec(prop_oneof![Just(0xffu8), Just(0xe4), Just(0xb8), any::<u8>()], 0..40)
        ) {
            let (shown, mut position) = with_stand_ins(&text);
            prop_assert_eq!(&shown, &String::from_utf8_lossy(&text));
            let mut start = 0;
            for (at, character) in shown.char_indices() {
                let end = position(at + character.len_utf8());
                prop_assert_eq!(String::from_utf8_lossy(&text[start..end]), character.to_string());
                start = end;
            }
            prop_assert_eq!(start, text.len());
        }
    }
}
