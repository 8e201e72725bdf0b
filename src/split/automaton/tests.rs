use super::*;
use crate::error::Result;
use crate::split::regex::RegexSplitter;

fn pieces(automaton: &Automaton, text: &str) -> Vec<(usize, bool)> {
    let mut pieces = Vec::new();
    let mut push = |end, is_match| {
        pieces.push((end, is_match));
        Ok(())
    };
    automaton.worker().segments(text.as_bytes(), &mut push).unwrap();
    pieces
}

fn expected(regex: &RegexSplitter, text: &str) -> Vec<(usize, bool)> {
    regex.all_segments(text)
}

const PATTERNS: &[(&str, &[&str])] = &[
    (
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
        &["a", "1", " ", "\n", "!", "'", "s", "ſ"],
    ),
    (r"\p{N}{1,2}| ?[^\s\p{L}\p{N}]+[\r\n]|\s[\r\n]+|\s+(?!\S)|\s+", &["a", "1", " ", "\n", "!", "中"]),
    (r"(?=(\d{3})+(?!\d))", &["1", "a"]),
    (r"a*b?|c", &["a", "b", "c"]),
    (r"a+b|a", &["a", "b"]),
    (r"(?:a|ab)(?:c|bcd)?", &["a", "b", "c", "d"]),
    (r"(?>a|ab)c|b", &["a", "b", "c"]),
    (r"(?>a*)b|ab|aa", &["a", "b"]),
    (r"(?:a?b?)*c|a", &["a", "b", "c"]),
    (r"(?:|a)+b", &["a", "b"]),
    (r"(?:a|b??)+c", &["a", "b", "c"]),
    (r"a{2,3}?|b{2}|a{0,2}c", &["a", "b", "c"]),
    (r"(?<=a)b|(?<!b)c|a(?=b)", &["a", "b", "c"]),
    (r"\bab?\b|\B.", &["a", "b", " "]),
    (r"^a|b$|(?m:^c|d$)", &["a", "b", "c", "d", "\n"]),
    (r"(?<=[a-z])(?=[A-Z])", &["a", "B", " "]),
    (r"a(?!(?=b)bc)|(?=a(?!a))", &["a", "b", "c"]),
    (r"(?:(?>a?b)|a)+?c|b", &["a", "b", "c"]),
    (r"\R|a", &["\r", "\n", "a"]),
    (r".+", &["a", "\n"]),
    (r"x*", &["a", "x"]),
    (r"\p{N}{1,3}", &["1", "a", "é", "中"]),
    (r"[\r\n]|中+", &["\n", "a", "é", "中", "日"]),
    (r"\s?!+", &[" ", "!", "a", "é"]),
    (r"1{2}|(?=11)|3", &["1", "3", "a"]),
];

#[test]
fn all_short_texts_are_cut_as_by_the_library() {
    for (pattern, alphabet) in PATTERNS {
        let (automaton, regex) = (Automaton::new(pattern).unwrap(), RegexSplitter::new(pattern).unwrap());
        for length in 0..=5 {
            for number in 0..alphabet.len().pow(length) {
                let at = |place: u32| alphabet[number / alphabet.len().pow(place) % alphabet.len()];
                let text: String = (0..length).map(at).collect();
                assert_eq!(pieces(&automaton, &text), expected(&regex, &text), "{pattern} {text:?}");
            }
        }
    }
}

fn by_blocks(automaton: &Automaton, text: &str, room: usize) -> Vec<(usize, bool)> {
    let mut worker = Worker::new(&automaton.0.machine);
    worker.room = room;
    let mut pieces = Vec::new();
    let mut push = |end, is_match| {
        pieces.push((end, is_match));
        Ok(())
    };
    worker.segments(text.as_bytes(), &mut push).unwrap();
    pieces
}

/// A text of the characters that a pattern tells apart, with long runs.
fn long_text(alphabet: &[&str], seed: u64) -> String {
    let mut state = seed;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    let mut text = String::new();
    while text.len() < 3000 {
        let times = if random(20) == 0 { random(400) } else { random(3) };
        text.push_str(&alphabet[random(alphabet.len())].repeat(times));
    }
    text
}

#[test]
fn blocks_do_not_change_pieces() {
    for (number, (pattern, alphabet)) in PATTERNS.iter().enumerate() {
        let automaton = Automaton::new(pattern).unwrap();
        for seed in 0..10 {
            let text = long_text(alphabet, number as u64 * 100 + seed);
            let whole = pieces(&automaton, &text);
            assert_eq!(whole.last().map(|last| last.0), Some(text.len()));
            for room in [1, 2, 3, 10, 64, 300, 1000] {
                assert_eq!(by_blocks(&automaton, &text, room), whole, "{pattern} {text:?} in blocks of {room}");
            }
        }
    }
}

/// All ends that something gives in batches.
fn collected(give: impl FnOnce(&mut dyn FnMut(&[usize]) -> Result<()>) -> Result<()>) -> Vec<usize> {
    let mut ends = Vec::new();
    give(&mut |found| {
        ends.extend_from_slice(found);
        Ok(())
    })
    .unwrap();
    ends
}

/// The ends of pieces, and of those that empty matches divide, in blocks of a size.
fn ends_by_blocks(automaton: &Automaton, text: &str, room: usize) -> [Vec<usize>; 2] {
    let mut worker = Worker::new(&automaton.0.machine);
    worker.room = room;
    let pieces = collected(|mut each| worker.pieces(text.as_bytes(), &mut each));
    [pieces, collected(|mut each| worker.refine(text.as_bytes(), 0, &[text.len()], &mut each))]
}

/// The ends of pieces, given the ends of matches and gaps.
fn ends_of_pieces(segments: &[(usize, bool)]) -> [Vec<usize>; 2] {
    let mut refined: Vec<usize> = segments.iter().map(|&(end, _)| end).filter(|&end| end > 0).collect();
    refined.dedup();
    let mut pieces: Vec<(usize, bool)> = Vec::new();
    let mut start = 0;
    for &(end, is_match) in segments {
        if end == start {
            continue;
        }
        match pieces.last_mut() {
            // An empty match divides no gap.
            Some((last, false)) if !is_match => *last = end,
            _ => pieces.push((end, is_match)),
        }
        start = end;
    }
    [pieces.into_iter().map(|(end, _)| end).collect(), refined]
}

#[test]
fn neither_blocks_nor_lanes_change_the_ends_of_pieces() {
    for (number, (pattern, alphabet)) in PATTERNS.iter().enumerate() {
        let automaton = Automaton::new(pattern).unwrap();
        for seed in 0..10 {
            let text = long_text(alphabet, number as u64 * 100 + seed);
            let expected = ends_of_pieces(&pieces(&automaton, &text));
            for room in [1, 2, 10, 64, 257, 300, 1000, 2900, 100_000] {
                let found = ends_by_blocks(&automaton, &text, room);
                assert_eq!(found, expected, "{pattern} {text:?} in blocks of {room}");
            }
        }
    }
}

#[test]
fn pieces_of_pieces_are_those_of_each_alone() {
    for (number, (pattern, alphabet)) in PATTERNS.iter().enumerate() {
        let automaton = Automaton::new(pattern).unwrap();
        for seed in 0..10 {
            let text = long_text(alphabet, number as u64 * 100 + seed);
            let sizes = [1, 2, 1, 5, 3, 900, 1, 40];
            let mut ends: Vec<usize> = Vec::new();
            let mut at = 0;
            while at < text.len() {
                at = (at + sizes[ends.len() % sizes.len()]).min(text.len());
                at += (at..text.len()).take_while(|&at| !text.is_char_boundary(at)).count();
                ends.push(at);
            }
            let mut expected = Vec::new();
            let mut start = 0;
            for &end in &ends {
                let alone = pieces(&automaton, &text[start..end]).into_iter().map(|(end, _)| start + end);
                expected.extend(alone.filter(|&end| end > start));
                start = end;
            }
            expected.dedup();
            for room in [1, 10, 100, 100_000] {
                let mut worker = Worker::new(&automaton.0.machine);
                worker.room = room;
                let found = collected(|mut each| worker.refine(text.as_bytes(), 0, &ends, &mut each));
                assert_eq!(found, expected, "{pattern} {text:?}");
            }
        }
    }
}

#[test]
fn text_is_skipped_that_has_no_match() {
    let needed = |pattern: &str| {
        let automaton = Automaton::new(pattern).unwrap();
        let machine = &automaton.0.machine;
        let skip = machine.skip()?;
        let is_needed = |&c: &char| skip.find(&machine.alphabet, c.to_string().as_bytes(), 0, c.len_utf8()) == 0;
        Some((skip.divides(), "a 1!\n中".chars().filter(is_needed).collect::<String>()))
    };
    for (pattern, expected) in [
        (r"\p{N}{1,3}", Some((true, "1"))),
        (r"[\r\n]|[一-龥]+", Some((true, "\n中"))),
        // A blank may be a part of a match, but is none on its own.
        (r"\s?\p{P}+", Some((false, "!"))),
        (r"\p{P}+|(?=1)", Some((false, "1!"))),
        (r"zz", Some((false, ""))),
        (r"\w+", None),
        (r"\S+|\s", None),
        (r"1*", None),
        (r"(?<=a)1", None),
    ] {
        assert_eq!(needed(pattern), expected.map(|(divides, needed)| (divides, needed.to_owned())), "{pattern}");
    }
}

#[test]
fn the_parts_of_a_text_that_is_cut_have_the_pieces_of_the_whole() {
    let mut cuts = 0;
    for (pattern, alphabet) in PATTERNS {
        let automaton = Automaton::new(pattern).unwrap();
        let ends = |text: &str| collected(|mut each| automaton.worker().pieces(text.as_bytes(), &mut each));
        let Some(places) = automaton.places() else { continue };
        for number in 0..alphabet.len().pow(5) {
            let at = |place: u32| alphabet[number / alphabet.len().pow(place) % alphabet.len()];
            let text: String = (0..5).map(at).collect();
            let whole = ends(&text);
            let mut from = 0;
            while let Some(cut) = find_cut(text.as_bytes(), from, &[places]) {
                let mut parts = ends(&text[..cut]);
                parts.extend(ends(&text[cut..]).into_iter().map(|end| cut + end));
                assert_eq!(parts, whole, "{pattern} {text:?} at {cut}");
                from = cut + 1;
                cuts += 1;
            }
        }
    }
    assert!(cuts > 1000, "{cuts}");
}

#[test]
fn patterns_are_equal_if_no_text_tells_them_apart() {
    let equal = |one: &str, other: &str| equal::are_equal(&Node::parse(one).unwrap(), &Node::parse(other).unwrap());
    for (one, other) in [
        (r"\s*[\r\n]+|\s+(?!\S)|\s+", r"\s*[\r\n]|\s+(?!\S)|\s+"),
        (r"\p{N}{1}|a++", r"\p{N}|a+"),
        (r"(?i:'s|'t)|x", r"'[sS\x{17f}]|'[tT]|x"),
        (r"\s++$|\s*[\r\n]|\s+(?!\S)|\s", r"\s+$|\s*[\r\n]|\s+(?!\S)|\s"),
        (r"[^\r\n\p{L}\p{N}]?+\p{L}+", r"[^\r\n\p{L}\p{N}]?\p{L}+"),
        // Gaps are pieces.
        (r"\w+", r"\W+"),
        (r"ab|a", r"a(?:b|)"),
    ] {
        assert_eq!(equal(one, other), Some(true), "{one} and {other}");
        assert_eq!(equal(other, one), Some(true), "{one} and {other}");
    }
    for (one, other) in [
        (r"\p{N}{1,3}", r"\p{N}{1,2}"),
        (r"(?i:'s|'t)|x", r"'[sS]|'[tT]|x"),
        (r"\s*[\r\n]+|\s+(?!\S)|\s+", r"\s+(?!\S)|\s+"),
        (r"\s+", r"\s+(?!\S)|\s+"),
        (r"a{1,20}", r"a{1,21}"),
        (r"ab|a", r"a|ab"),
        (r"\s*[\r\n]|\s+(?!\S)|\s+", r"\s++$|\s*[\r\n]|\s+(?!\S)|\s"),
    ] {
        assert_eq!(equal(one, other), Some(false), "{one} and {other}");
    }
    // What looks behind is not compared.
    assert_eq!(equal(r"(?<=a)b", r"(?<=a)b"), None);
}

#[test]
fn what_no_automaton_can_follow_is_named() {
    for (pattern, refusal) in [
        (r"(a)\1", Refusal::Construct("back-references")),
        (r"a\Kb", Refusal::Construct(r"\K")),
        (r"(?<=a(?=b))c", Refusal::Construct("look-around or atomic groups inside look-behind")),
        ("(a", Refusal::Invalid),
    ] {
        assert_eq!(Automaton::new(pattern).err(), Some(refusal), "{pattern}");
    }
    for pattern in ["(a{1000}){1000}", "(?:a{0,100}){0,200}", "((((a{9}){9}){9}){9}){9}"] {
        let refusal = Automaton::new(pattern).err();
        assert!(matches!(&refusal, Some(Refusal::Large(message)) if message.contains("16000")), "{refusal:?}");
    }
    // Nothing, very often.
    assert!(Automaton::new("(?:(?:|(?=a)){60000}){60000}").is_err());
}
