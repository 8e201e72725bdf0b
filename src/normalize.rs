//! The normal forms of Unicode, which some tokenizers bring text into before they split it.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc, is_nfd, is_nfkc, is_nfkd};

/// A normal form (Unicode Standard Annex 15).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
}

impl Form {
    const ALL: [Form; 4] = [Form::Nfc, Form::Nfd, Form::Nfkc, Form::Nfkd];

    /// Its name in the standard and in files.
    pub fn name(self) -> &'static str {
        match self {
            Form::Nfc => "NFC",
            Form::Nfd => "NFD",
            Form::Nfkc => "NFKC",
            Form::Nfkd => "NFKD",
        }
    }

    /// The form of a name.
    pub fn of_name(name: &str) -> Option<Form> {
        Form::ALL.into_iter().find(|form| form.name() == name)
    }

    /// Text in this form. Bytes that are not UTF-8 are kept, and what is between them is normalized by itself.
    pub fn apply(self, text: &[u8]) -> Cow<'_, [u8]> {
        if text.is_ascii() {
            return Cow::Borrowed(text);
        }
        if let Ok(valid) = std::str::from_utf8(text) {
            return if self.is_of(valid) { Cow::Borrowed(text) } else { Cow::Owned(self.of(valid).into_bytes()) };
        }
        let mut normalized = Vec::with_capacity(text.len());
        for chunk in text.utf8_chunks() {
            normalized.extend_from_slice(self.of(chunk.valid()).as_bytes());
            normalized.extend_from_slice(chunk.invalid());
        }
        Cow::Owned(normalized)
    }

    /// Whether a text is in this form already. Then every part of it is, too.
    pub fn keeps(self, text: &[u8]) -> bool {
        match self.apply(text) {
            Cow::Borrowed(_) => true,
            Cow::Owned(normalized) => normalized == text,
        }
    }

    fn is_of(self, text: &str) -> bool {
        match self {
            Form::Nfc => is_nfc(text),
            Form::Nfd => is_nfd(text),
            Form::Nfkc => is_nfkc(text),
            Form::Nfkd => is_nfkd(text),
        }
    }

    fn of(self, text: &str) -> String {
        match self {
            Form::Nfc => text.nfc().collect(),
            Form::Nfd => text.nfd().collect(),
            Form::Nfkc => text.nfkc().collect(),
            Form::Nfkd => text.nfkd().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (form, expected) in [
            (Form::Nfc, "\u{e9} \u{fb01} x"),
            (Form::Nfd, "e\u{301} \u{fb01} x"),
            (Form::Nfkc, "\u{e9} fi x"),
            (Form::Nfkd, "e\u{301} fi x"),
        ] {
            for text in ["\u{e9} \u{fb01} x", "e\u{301} \u{fb01} x"] {
                assert_eq!(form.apply(text.as_bytes()), expected.as_bytes(), "{form:?}");
            }
            assert!(matches!(form.apply(b"ascii"), Cow::Borrowed(b"ascii")));
            assert_eq!(Form::of_name(form.name()), Some(form));
        }
        assert!(matches!(Form::Nfc.apply("\u{e9}".as_bytes()), Cow::Borrowed(_)));
    }

    #[test]
    fn what_is_not_utf_8_stays() {
        assert_eq!(&*Form::Nfc.apply(b"\xffe\xcc\x81\xe4e\xcc"), b"\xff\xc3\xa9\xe4e\xcc");
    }
}
