//! Splitting: the scanners against their regexes, and any regex.

use std::collections::HashMap;
use std::sync::LazyLock;

use pairwright::Splitter;
use pairwright::split::NAMED;

use super::{Input, SCANNED};

fn ends(splitter: &Splitter, text: &[u8]) -> Vec<usize> {
    let mut ends = Vec::new();
    let push = |end| {
        ends.push(end);
        Ok(())
    };
    splitter.ends(text, push).expect("a named pattern splits every text");
    ends
}

/// The regex of a named pattern, by a library: in other words, so that it is not known by the name. Making one takes longer
/// than anything else here.
fn regex(name: &str) -> &'static Splitter {
    static REGEXES: LazyLock<HashMap<&str, Splitter>> = LazyLock::new(|| {
        let named = NAMED.iter().filter(|named| SCANNED.contains(&named.name));
        named.map(|named| (named.name, Splitter::new(&format!("(?:{})", named.regex)).expect("a regex"))).collect()
    });
    &REGEXES[name]
}

/// Every scanner, at every level of instructions, gives the pieces of its regex; and a text that is cut where it may be has the
/// pieces of its parts.
pub fn split(data: &[u8]) {
    let mut input = Input(data);
    let name = SCANNED[input.choice(SCANNED.len())];
    let from = input.choice(64);
    let text = input.0;
    let truth = ends(regex(name), text);
    let splitter = Splitter::new(name).expect("a pattern");
    for (level, splitter) in splitter.levels() {
        assert_eq!(ends(&splitter, text), truth, "{name} by {level}");
    }
    if let Some(cut) = splitter.safe_cut(text, from) {
        let behind = ends(&splitter, &text[cut..]).into_iter().map(|end| cut + end);
        assert!(ends(&splitter, &text[..cut]).into_iter().chain(behind).eq(truth), "{name} cut at {cut}");
    }
}

/// The pieces of any regex, or of any steps, are the text; or there is an error.
pub fn pattern(data: &[u8]) {
    let mut input = Input(data);
    let Ok(pattern) = std::str::from_utf8(input.line()) else { return };
    let Ok(splitter) = Splitter::new(pattern) else { return };
    let text = &input.0[..input.0.len().min(200)];
    if splitter.removes() {
        if let Ok((kept, ends)) = splitter.kept(text) {
            assert!(ends.is_sorted() && ends.last().copied().unwrap_or(0) == kept.len());
        }
        return;
    }
    let mut last = 0;
    let push = |end| {
        assert!(end > last && end <= text.len());
        last = end;
        Ok(())
    };
    if splitter.ends(text, push).is_ok() {
        assert_eq!(last, text.len());
    }
}
