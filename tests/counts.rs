//! Laws of counts: adding is counting together, a file gives back what was saved, damage is always found.

use std::num::NonZeroUsize;
use std::path::Path;

use pairwright::io::counts_file::{from_bytes, load, save, to_bytes};
use pairwright::reference::{self, Ties};
use pairwright::train::{Counter, Counts, CountsBuilder, Scale, Settings, TieBreak, no_progress, train};
use pairwright::{Error, Splitter, Tokenizer};
use proptest::prelude::*;

fn names(special: &[&str]) -> Vec<String> {
    special.iter().map(|&token| token.to_owned()).collect()
}

fn count(documents: &[&[u8]]) -> Counts {
    let splitter = Splitter::new("cl100k").unwrap();
    let mut counter = Counter::new(splitter, names(&["<e>"]), NonZeroUsize::new(2)).unwrap();
    counter.add(documents, &mut no_progress).unwrap();
    counter.finish(&mut no_progress).unwrap()
}

fn try_build(items: &[(&[u8], u64)], special: &[&str]) -> Result<Counts, Error> {
    let mut builder = CountsBuilder::new(Splitter::new("cl100k")?, names(special))?;
    items.iter().try_for_each(|(pretoken, count)| builder.add(pretoken, *count))?;
    Ok(builder.finish())
}

fn build(items: &[(&[u8], u64)]) -> Counts {
    try_build(items, &[]).unwrap()
}

fn items(counts: &Counts) -> Vec<(Vec<u8>, u64)> {
    counts.iter().map(|(pretoken, count)| (pretoken.to_vec(), count)).collect()
}

fn scale(numerator: u64, denominator: u64) -> Scale {
    Scale::new(numerator, denominator).unwrap()
}

fn learn(counts: &Counts, tie_break: TieBreak) -> Tokenizer {
    train(counts, &Settings { vocab_size: 300, tie_break, ..Settings::default() }, &mut no_progress).unwrap().tokenizer
}

const TIES: [TieBreak; 2] = [TieBreak::LowestPair, TieBreak::FirstSeen];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn adding_is_counting_together(
        documents in proptest::collection::vec(r"([ab '\n]{0,8}(<e>)?[a-c ]{0,8}\PC?){0,6}", 1..9),
    ) {
        let documents: Vec<&[u8]> = documents.iter().map(|text| text.as_bytes()).collect();
        let together = count(&documents);
        let empty = count(&[]);
        let sum = documents.iter().try_fold(empty.clone(), |sum, document| sum.plus(&count(&[document]))).unwrap();
        // The order of first occurrence decides ties, so it has to be the same too.
        prop_assert_eq!(items(&sum), items(&together));
        prop_assert!(sum == together && sum.total() == together.total());
        prop_assert!(sum.plus(&empty).unwrap() == sum && empty.plus(&sum).unwrap() == sum);
        if !sum.is_empty() {
            for tie_break in TIES {
                prop_assert!(learn(&sum, tie_break) == learn(&together, tie_break));
            }
        }
    }

    #[test]
    fn a_file_gives_back_what_was_saved(
        items in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 1..300), 0..u64::MAX >> 8), 0..40),
    ) {
        let slices: Vec<(&[u8], u64)> = items.iter().map(|(pretoken, count)| (&pretoken[..], *count)).collect();
        let counts = build(&slices);
        let content = to_bytes(&counts);
        let loaded = from_bytes(&content, Path::new("x")).unwrap();
        prop_assert!(loaded == counts && loaded.iter().eq(counts.iter()));
        prop_assert_eq!(to_bytes(&loaded), content);
    }

    #[test]
    fn scaling_rounds_each_count_half_up(counts in proptest::collection::vec(1..1000u64, 1..8), by in 0..20u64, of in 1..20u64) {
        let pretokens: Vec<Vec<u8>> = (0..counts.len()).map(|at| vec![at as u8]).collect();
        let given: Vec<(&[u8], u64)> = pretokens.iter().map(|pretoken| &pretoken[..]).zip(counts).collect();
        let scaled = build(&given).times(&scale(by, of)).unwrap();
        for (pretoken, count) in given {
            // Half up: the last whole number that is at most count * by / of + 1/2.
            let expected = (2 * count * by + of) / (2 * of);
            prop_assert_eq!(scaled.get(pretoken), Some(expected).filter(|&expected| expected > 0));
        }
    }

    #[test]
    fn any_bytes_are_an_error_and_never_a_panic(tail in proptest::collection::vec(any::<u8>(), 0..200), keep in 0..40usize) {
        let mut content = to_bytes(&build(&[(b"a", 1)]))[..keep].to_vec();
        content.extend(tail);
        prop_assert!(from_bytes(&content, Path::new("x")).is_err());
    }
}

#[test]
fn eight_shards_give_the_model_of_the_whole() {
    let text = include_bytes!("counts.rs");
    let whole = count(&text.chunks(text.len().div_ceil(8)).collect::<Vec<_>>());
    let shards = text.chunks(text.len().div_ceil(8)).map(|shard| count(&[shard]));
    let sum = shards.reduce(|sum, shard| sum.plus(&shard).unwrap()).unwrap();
    assert_eq!(items(&sum), items(&whole));
    for tie_break in TIES {
        assert!(learn(&sum, tie_break) == learn(&whole, tie_break));
    }
}

#[test]
fn counts_beyond_32_bits_train_as_small_ones_do() {
    let words = items(&count(&[include_bytes!("counts.rs")]));
    for (factor, (tie_break, ties)) in
        [1, 1 << 33, 1 << 40].into_iter().flat_map(|factor| TIES.map(|tie| (factor, tie))).map(|(factor, tie)| {
            (factor, (tie, if tie == TieBreak::LowestPair { Ties::LowestPair } else { Ties::FirstSeen }))
        })
    {
        let scaled = count(&[include_bytes!("counts.rs")]).times(&scale(factor, 1)).unwrap();
        assert!(scaled.iter().zip(&words).all(|((_, large), (_, small))| large == small * factor));
        let learned = learn(&scaled, tie_break);
        let expected = reference::train(&words, 300 - 257, 256, ties, 1, usize::MAX);
        let tokens = learned.vocab().iter().filter(|(_, bytes)| bytes.len() > 1).map(|(_, bytes)| bytes.to_vec());
        assert_eq!(tokens.collect::<Vec<_>>(), expected, "times {factor}, {tie_break:?}");
    }
    // Where dropping the upper half of a count would turn the order around.
    let large = build(&[(b"ab", (1 << 33) + 1), (b"cd", (1 << 32) + 5)]);
    let tokenizer = learn(&large, TieBreak::LowestPair);
    assert_eq!(tokenizer.vocab().iter().nth(256).unwrap().1, b"ab");
}

#[test]
fn more_bytes_than_can_be_counted_are_refused_before_learning() {
    let error = train(&build(&[(b"aaaa", 1 << 62), (b"b", 1)]), &Settings::default(), &mut no_progress).err().unwrap();
    assert!(matches!(&error, Error::CountOverflow { pretoken, .. } if pretoken == "aaaa"), "{error}");
    let fits = build(&[(b"aaaa", (1 << 62) - 1)]);
    let trained = train(&fits, &Settings::default(), &mut no_progress).unwrap();
    assert_eq!(trained.learned, 2);
}

#[test]
fn nothing_wraps() {
    let half = build(&[(b"x", 1), (b" the", 1 << 63)]);
    for (result, what) in [
        (half.plus(&half), "the count"),
        (half.plus(&build(&[(b"other", u64::MAX)])), "the total"),
        (half.times(&scale(2, 1)), "the count"),
        (build(&[(b"a", 1 << 63), (b" the", 1 << 62)]).times(&scale(3, 2)), "the total"),
        (try_build(&[(b" the", u64::MAX), (b" the", 1)], &[]), "the count"),
    ] {
        let error = result.err().expect(what).to_string();
        let pretoken = if error.contains("other") { "other" } else { " the" };
        assert!(error.starts_with(what) && error.contains(&format!("b\"{pretoken}\"")), "{error}");
    }
    assert_eq!(build(&[(b"a", u64::MAX)]).total(), u64::MAX);
}

#[test]
fn counts_made_differently_are_not_added() {
    let made = |pattern: &str, special: &[&str]| {
        CountsBuilder::new(Splitter::new(pattern).unwrap(), names(special)).unwrap().finish()
    };
    let error = |left: Counts, right: Counts| left.plus(&right).err().unwrap().to_string();
    let patterns = error(made("cl100k", &[]), made("gpt2", &[]));
    assert!(patterns.contains("\"cl100k\"") && patterns.contains("\"gpt2\""), "{patterns}");
    let special = error(made("gpt2", &["<a>", "<b>"]), made("gpt2", &["<b>", "<a>"]));
    assert!(special.contains(r#"["<a>", "<b>"] and ["<b>", "<a>"]"#), "{special}");
    // A pattern is what it splits by, not what it is called.
    let spelled = made(made("gpt2", &[]).regex(), &[]);
    assert!(spelled == made("r50k", &[]) && spelled.plus(&made("gpt2", &[])).is_ok());
    assert!(made("gpt2", &[]) != made("cl100k", &[]) && made("gpt2", &[]) != made("gpt2", &["<a>"]));
}

#[test]
fn equal_pretokens_add_up_and_zeros_are_dropped() {
    let counts = build(&[(b"b", 2), (b"a", 0), (b"\xff", 1), (b"b", 3), (b"a", 1)]);
    let expected: [(&[u8], u64); 3] = [(b"b", 5), (b"\xff", 1), (b"a", 1)];
    assert_eq!(items(&counts), expected.map(|(pretoken, count)| (pretoken.to_vec(), count)));
    assert_eq!((counts.total(), counts.get(b"c")), (7, None));
    assert_eq!(items(&counts.filter(2)), [(b"b".to_vec(), 5)]);
    assert!(counts.filter(0) == counts && counts.filter(6).is_empty());
    assert!(counts == build(&[(b"a", 1), (b"b", 5), (b"\xff", 1)]));
    assert!(counts != build(&[(b"a", 2), (b"b", 4), (b"\xff", 1)]));
}

#[test]
fn what_counting_never_gives_is_refused() {
    for (pretoken, special, expected) in
        [(&b""[..], vec![], "is empty"), (b"x<e>", vec!["<e>"], "\"<e>\"; a special token is never counted or merged")]
    {
        let error = try_build(&[(pretoken, 1)], &special).err().unwrap();
        assert!(matches!(error, Error::Pretoken { .. }) && error.to_string().contains(expected), "{error}");
    }
    assert!(matches!(try_build(&[], &["a"]).err().unwrap(), Error::SpecialToken { .. }));
}

fn small_file() -> Vec<u8> {
    to_bytes(&try_build(&[(b" the", 300), (b"\xff\xfe", 1), (b"x", u64::MAX >> 1)], &["<e>"]).unwrap())
}

#[test]
fn every_truncation_and_every_flipped_bit_is_found() {
    let good = small_file();
    let path = Path::new("x.counts");
    assert!(from_bytes(&good, path).is_ok());
    let error = |content: &[u8]| match from_bytes(content, path) {
        Err(error @ Error::Format { .. }) => error.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("damage was not found"),
    };
    for end in 0..good.len() {
        let message = error(&good[..end]);
        let expected = if end == 0 { "is empty" } else { "truncated" };
        assert!(message.starts_with("x.counts: ") && message.contains(expected), "{end}: {message}");
    }
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut content = good.clone();
            content[at] ^= 1 << bit;
            assert!(error(&content).starts_with("x.counts: "));
        }
    }
    assert!(error(&[&good[..], b"\n"].concat()).contains("altered"));
}

/// The content with a checksum that is right again.
fn forged(mut content: Vec<u8>) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    content.truncate(content.len() - 32);
    let size = content.len() as u64 + 32;
    content[12..20].copy_from_slice(&size.to_le_bytes());
    let digest = Sha256::digest(&content);
    content.extend_from_slice(&digest);
    content
}

#[test]
fn a_file_is_not_believed_for_its_checksum() {
    let good = small_file();
    assert_eq!(forged(good.clone()), good);
    let error = |content: Vec<u8>| from_bytes(&forged(content), Path::new("x")).err().unwrap().to_string();
    let set = |at: usize, bytes: &[u8]| {
        let mut content = good.clone();
        content[at..at + bytes.len()].copy_from_slice(bytes);
        content
    };
    let find = |needle: &[u8]| good.windows(needle.len()).position(|window| window == needle).unwrap();
    let the = find(b"\x04 the");
    for (content, expected) in [
        (set(8, &[2]), "newer pairwright (format version 2"),
        (set(8, &[0]), "0 is not a version"),
        (set(20, &[0xff; 8]), "pretoken 3 is missing"),
        (set(20, &[2]), "bytes follow the last pretoken"),
        (set(28, &[0xff; 4]), "the header is missing"),
        (set(32, b"["), "the header is missing"),
        (set(find(b"regex"), b"rugex"), "the pattern's regex is missing"),
        (set(find(b"special_"), b"spacial_"), "the list of special tokens is missing"),
        (set(find(b"<e>"), b"the"), "the special token \"the\"; a special token is never counted"),
        (set(the, &[0]), "is empty"),
        (set(the, &[0xff, 0xff, 0xff, 0xff, 0x0f]), "pretoken 0 is missing or malformed"),
        (set(the + 5, &[0x80, 0]), "has a count of 0"),
        (good[..good.len() - 33].iter().chain(&good[good.len() - 32..]).copied().collect(), "pretoken 2 is missing"),
    ] {
        let error = error(content);
        assert!(error.starts_with("x: ") && error.contains(expected), "{expected}: {error}");
    }
    let twice = to_bytes(&build(&[(b"x", 1), (b"y", 1)]));
    let at = twice.windows(3).position(|window| window == b"\x01y\x01").unwrap();
    let mut content = twice;
    content[at + 1] = b'x';
    assert!(error(content).contains("b\"x\" is given twice"));
}

#[test]
fn other_files_and_names_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.counts");
    assert!(matches!(load(&path).err().unwrap(), Error::Io { path: named, .. } if named == path));
    std::fs::write(&path, "{\"format\": \"pairwright\"}").unwrap();
    assert!(load(&path).err().unwrap().to_string().contains("not a counts file"));
    let counts = count(&[b"to be <e>or not"]);
    save(&counts, &path).unwrap();
    let loaded = load(&path).unwrap();
    assert!(loaded == counts);
    assert_eq!((loaded.pattern(), loaded.special_tokens()), ("cl100k", &["<e>".to_owned()][..]));
    assert_eq!(std::fs::read(&path).unwrap(), to_bytes(&counts));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let custom = CountsBuilder::new(Splitter::new(r"\w+").unwrap(), Vec::new()).unwrap().finish();
    assert_eq!(from_bytes(&to_bytes(&custom), &path).unwrap().pattern(), r"\w+");
}
