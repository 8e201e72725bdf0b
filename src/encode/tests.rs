//! Every way to the ids of a piece or a text gives those of the reference.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

use proptest::prelude::*;

use super::*;
use crate::merges::Pair;
use crate::reference;

type Algorithm = fn(&Encoder, &[u8], &mut Scratch, &mut Vec<Id>);

/// Every way to encode a piece. Those that remember come twice.
const ALGORITHMS: [(&str, Algorithm); 8] = [
    ("piece", |encoder, piece, scratch, ids| encoder.encode_piece(piece, scratch, ids).unwrap()),
    ("short", |encoder, piece, scratch, ids| encoder.encode_by(false, piece, scratch, ids)),
    ("side by side", side_by_side),
    ("long", |encoder, piece, scratch, ids| encoder.encode_by(true, piece, scratch, ids)),
    ("blocks of 5", |encoder, piece, scratch, ids| in_blocks(5, encoder, piece, scratch, ids)),
    ("blocks of 40", |encoder, piece, scratch, ids| in_blocks(40, encoder, piece, scratch, ids)),
    ("text", whole_text),
    ("text again", whole_text),
];

/// In blocks so short that many a border has to be found again.
fn in_blocks(block: usize, encoder: &Encoder, piece: &[u8], scratch: &mut Scratch, ids: &mut Vec<Id>) {
    let encode = |part: &[u8], ids: &mut Vec<Id>| encoder.encode_piece(part, scratch, ids).unwrap();
    blocks::encode(piece, block, &mut blocks::Scratch::default(), ids, |id| encoder.length(id), encode);
}

/// All starts of a piece, more than go side by side, without special instructions.
fn side_by_side(encoder: &Encoder, piece: &[u8], scratch: &mut Scratch, ids: &mut Vec<Id>) {
    if piece.is_empty() || piece.len() > short::MOST {
        return encoder.encode_piece(piece, scratch, ids).unwrap();
    }
    let (mut all, mut of_all) = (Vec::new(), 0);
    let starts = (1..=piece.len()).map(|length| (&piece[..length], length));
    let merge = &mut encoder.own(&mut scratch.work).merge.short;
    let done = |length: usize, place: Range<usize>, found: &[Id]| {
        assert_eq!(found.iter().map(|&id| encoder.length(id)).sum::<usize>(), length);
        assert_eq!(place.len(), found.len());
        of_all += 1;
        if length == piece.len() {
            ids.extend_from_slice(found);
        }
    };
    match &encoder.list {
        Some(list) => short::encode_all_portable(&**list, &encoder.bytes, starts, merge, &mut all, done),
        None => short::encode_all_portable(&Ranks(&encoder.vocab), &encoder.bytes, starts, merge, &mut all, done),
    }
    assert_eq!(of_all, piece.len());
}

/// As a text that is one piece.
fn whole_text(encoder: &Encoder, piece: &[u8], scratch: &mut Scratch, ids: &mut Vec<Id>) {
    static SPLITTER: OnceLock<Splitter> = OnceLock::new();
    let splitter = SPLITTER.get_or_init(|| Splitter::new("(?s).+").unwrap());
    encoder.encode(splitter, piece, scratch, ids, &Stop::default()).unwrap();
    let mut each = Vec::new();
    encoder.each(splitter, piece, scratch, &Stop::default(), |some| each.extend_from_slice(some)).unwrap();
    assert_eq!(&each, ids);
}

fn vocab_of(tokens: &[Vec<u8>]) -> Arc<Vocab> {
    let mut vocab = Vocab::of_bytes();
    for token in tokens {
        // Drawn tokens may repeat; a vocabulary may not.
        if vocab.id(token).is_none() {
            vocab.insert(vocab.end(), token).unwrap();
        }
    }
    Arc::new(vocab)
}

fn equals_the_reference(tokens: &[Vec<u8>], pieces: &[Vec<u8>]) {
    let vocab = vocab_of(tokens);
    let ranks: HashMap<Vec<u8>, u32> = vocab.iter().map(|(id, bytes)| (bytes.to_vec(), id.0)).collect();
    equals(&Encoder::new(vocab, None).unwrap(), tokens, pieces, &|piece| reference::encode(piece, &ranks));
}

fn equals(encoder: &Encoder, tokens: &[Vec<u8>], pieces: &[Vec<u8>], expected: &dyn Fn(&[u8]) -> Vec<u32>) {
    let mut scratch = Scratch::default();
    for piece in pieces.iter().chain(tokens) {
        let expected = expected(piece);
        for (name, algorithm) in ALGORITHMS {
            if encoder.list.is_some() && (name == "short" || name == "long") {
                continue;
            }
            let mut ids = Vec::new();
            algorithm(encoder, piece, &mut scratch, &mut ids);
            assert_eq!(bytemuck::allocation::cast_vec::<Id, u32>(ids), expected, "{name} of {piece:?} with {tokens:?}");
        }
    }
}

/// Strings over two or three letters: full of runs, overlaps and equal pairs.
fn letters(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![4 => Just(b'a'), 2 => Just(b'b'), 1 => Just(b'c')], length)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_algorithm_equals_the_reference_on_random_rank_files(
        // Random tokens: many are unreachable, many have a lower rank than their parts.
        tokens in proptest::collection::vec(letters(2..24), 0..30),
        pieces in proptest::collection::vec(letters(0..150), 1..8),
    ) {
        equals_the_reference(&tokens, &pieces);
    }

    #[test]
    fn every_algorithm_equals_the_reference_on_short_tokens(
        tokens in proptest::collection::vec(letters(2..7), 0..30),
        pieces in proptest::collection::vec(letters(0..150), 1..8),
    ) {
        equals_the_reference(&tokens, &pieces);
    }

    #[test]
    fn every_algorithm_equals_the_reference_on_any_bytes(
        tokens in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 2..4), 0..60),
        piece in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        // Make the tokens occur: join some of them into a piece.
        let joined = tokens.concat();
        equals_the_reference(&tokens, &[piece, joined]);
    }

    #[test]
    fn a_merge_list_merges_only_what_it_lists(
        merges in proptest::collection::vec((any::<u16>(), any::<u16>()), 0..40),
        pieces in proptest::collection::vec(letters(0..150), 1..8),
    ) {
        // Each merge joins two of the tokens there are, in an order that has nothing to do with ids.
        let mut vocab = Vocab::of_bytes();
        let mut tokens: Vec<Id> = [b'a', b'b', b'c'].map(|letter| Id(letter.into())).to_vec();
        let mut list: Vec<Pair> = Vec::new();
        for (left, right) in merges {
            let pair = (tokens[usize::from(left) % tokens.len()], tokens[usize::from(right) % tokens.len()]);
            let joined = [vocab.bytes(pair.0).unwrap(), vocab.bytes(pair.1).unwrap()].concat();
            if joined.len() > 40 || list.contains(&pair) {
                continue;
            }
            if vocab.id(&joined).is_none() {
                let id = vocab.end();
                vocab.insert(id, &joined).unwrap();
                tokens.push(id);
            }
            list.push(pair);
        }
        list.reverse();
        let rules = list.iter().map(|&(left, right)| {
            let joined = [vocab.bytes(left).unwrap(), vocab.bytes(right).unwrap()].concat();
            ((left.0, right.0), vocab.id(&joined).unwrap().0)
        });
        let rules: Vec<_> = rules.collect();
        let drawn: Vec<Vec<u8>> = vocab.iter().map(|(_, bytes)| bytes.to_vec()).collect();
        let vocab = Arc::new(vocab);
        let encoder = Encoder::new(vocab.clone(), Some(Arc::new(MergeList::new(&vocab, list).unwrap()))).unwrap();
        equals(&encoder, &drawn, &pieces, &|piece| reference::encode_by_list(piece, &rules));
    }
}

#[test]
fn pieces_in_blocks_equal_those_in_one() {
    let tokens = ["aa", "aaaa", "aaa", "ba", "ab", "abab", "baa", "cab", "aaaaaa", "bb", "bbbbb", "\u{4e2d}\u{4e2d}"];
    let encoder = Encoder::new(vocab_of(&tokens.map(|token| token.as_bytes().to_vec())), None).unwrap();
    let mut scratch = Scratch::default();
    let many = |unit: &str| unit.repeat(20_000 / unit.len()).into_bytes();
    let mut pieces: Vec<Vec<u8>> = ["a", "b", "ab", "aab", "abcab", "\u{4e2d}", "aaaabbb"].map(many).to_vec();
    pieces.push(words(3_000, 7).into_iter().filter(|&byte| byte != b' ').map(|byte| b'a' + byte % 3).collect());
    pieces.push([many("a"), b"b".to_vec(), many("a"), many("ba")].concat());
    for piece in &pieces {
        for length in [BLOCKS - 1, BLOCKS, 3 * blocks::BLOCK + 7, piece.len() - 1, piece.len()] {
            let piece = &piece[..length];
            let (mut ids, mut expected) = (Vec::new(), Vec::new());
            encoder.encode_piece(piece, &mut scratch, &mut ids).unwrap();
            encoder.encode_by(true, piece, &mut scratch, &mut expected);
            assert!(ids == expected, "{length} bytes of {}…", piece[..20].escape_ascii());
        }
    }
}

#[test]
fn an_unreachable_token_is_never_given_for_its_own_bytes() {
    let encoder = Encoder::new(vocab_of(&[b"xyz".to_vec()]), None).unwrap();
    for _ in 0..2 {
        let mut ids = Vec::new();
        whole_text(&encoder, b"xyz", &mut encoder.scratch(), &mut ids);
        assert_eq!(ids, [120, 121, 122].map(Id));
    }
}

#[test]
fn where_merges_are_ignored_a_piece_that_is_a_token_is_given() {
    let long = b"-".repeat(3 * BLOCKS);
    let vocab = vocab_of(&[b"xyz".to_vec(), b"xy".to_vec(), b"0123456789abcdefghij".to_vec(), long.clone()]);
    let encoder = Encoder::new(vocab.clone(), None).unwrap().ignoring_merges();
    let scratch = &mut encoder.scratch();
    for _ in 0..2 {
        for (id, bytes) in vocab.iter() {
            let (mut ids, mut piece_ids) = (Vec::new(), Vec::new());
            whole_text(&encoder, bytes, scratch, &mut ids);
            encoder.encode_piece(bytes, scratch, &mut piece_ids).unwrap();
            assert_eq!([ids, piece_ids], [[id], [id]]);
        }
        let mut ids = Vec::new();
        whole_text(&encoder, b"xyza", scratch, &mut ids);
        assert_eq!(ids, [Id(256), Id(97)]);
    }
}

#[test]
fn a_scratch_that_another_encoder_used_is_as_good_as_new() {
    let encoders = [vec![], vec![b"ab".to_vec()], vec![b"bc".to_vec()]]
        .map(|tokens| Encoder::new(vocab_of(&tokens), None).unwrap());
    let mut scratch = Scratch::default();
    let text = b"abc".repeat(30);
    for _ in 0..3 {
        for encoder in &encoders {
            for text in [&text[..3], &text[..]] {
                let (mut ids, mut expected) = (Vec::new(), Vec::new());
                whole_text(encoder, text, &mut scratch, &mut ids);
                whole_text(encoder, text, &mut Scratch::default(), &mut expected);
                assert_eq!(ids, expected);
            }
        }
    }
}

/// So many words that tables and rings forget: short ones of many letters, long ones of few.
fn words(number: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut text = Vec::new();
    for _ in 0..number {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (length, letters) = match state >> 60 {
            0..8 => (3, 26),
            length @ 8..15 => (length, 4),
            _ => (100, 4),
        };
        text.extend((0..length).map(|at| b'a' + (state >> (at % 10 * 5) & 31) as u8 % letters));
        text.push(b' ');
    }
    text
}

#[test]
fn what_is_remembered_and_forgotten_changes_no_id() {
    let tokens: Vec<Vec<u8>> =
        ["ab", "ba", "aab", " a", " b", "abc", "dd", "cad", " dab"].map(|token| token.as_bytes().to_vec()).to_vec();
    let encoder = Encoder::new(vocab_of(&tokens), None).unwrap();
    let (text, stop) = (words(300_000, 1), Stop::default());
    let splitter = Splitter::new("gpt2").unwrap();
    let mut expected = Vec::new();
    splitter.split(&text, |piece| encoder.encode_piece(piece, &mut Scratch::default(), &mut expected)).unwrap();
    let mut scratch = Scratch::default();
    for (level, splitter) in splitter.levels() {
        let mut ids = Vec::new();
        encoder.encode(&splitter, &text, &mut scratch, &mut ids, &stop).unwrap();
        assert!(ids == expected, "{level}");
        let mut each = Vec::new();
        encoder.each(&splitter, &text, &mut scratch, &stop, |some| each.extend_from_slice(some)).unwrap();
        assert_eq!(each, expected);
    }
    let Seen { table, ring, lookups, misses, .. } = scratch.work.seen.as_ref().unwrap();
    assert!(table.has_grown(), "{misses} of {lookups}");
    assert!(ring.has_grown() && misses < lookups, "{misses} of {lookups}");
}
