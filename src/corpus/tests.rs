//! Laws of reading: whatever the blocks, the documents are those of an obvious reader.

use std::fs;
use std::io::Write;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::error::Result;
use crate::special::SpecialTokens;
use crate::split::Splitter;
use crate::vocab::Id;

/// A document as it came: where it is, its parts, and whether it was abandoned.
type Document = (Position, Vec<Vec<u8>>);

/// What came of a corpus.
#[derive(Debug, Default, PartialEq)]
struct Came {
    documents: Vec<Document>,
    skipped: Vec<Skipped>,
    ended: Vec<Ended>,
}

impl Came {
    fn texts(&self) -> Vec<Vec<u8>> {
        self.documents.iter().map(|(_, parts)| parts.concat()).collect()
    }
}

fn cutter(special: &[&str]) -> Option<Arc<Cutter>> {
    let special = special.iter().map(|&token| token.to_owned()).zip((0..).map(Id));
    let special = SpecialTokens::new(special).unwrap();
    Some(Arc::new(Cutter::new(Splitter::new("cl100k").unwrap(), special)))
}

/// Reads all; checks what holds of any blocks.
fn came(plan: Plan) -> Result<Came> {
    let mut came = Came::default();
    let mut goes_on = false;
    let mut reader = Reader::start(plan)?;
    let mut read = 0;
    while let Some(mut block) = reader.next(|| Ok(()))? {
        assert!(block.read >= read);
        read = block.read;
        assert_eq!(block.abandons || block.continues, goes_on && (block.abandons || !block.is_empty()));
        assert!(!(block.abandons && block.continues));
        if block.abandons {
            came.documents.pop();
        }
        if !block.is_empty() || block.abandons {
            goes_on = false;
        }
        assert!(block.is_empty() == block.runs.is_empty() && block.runs.first().is_none_or(|run| run.0 == 0));
        assert_eq!(block.bytes(), block.texts().map(<[u8]>::len).sum::<usize>());
        for (number, text) in block.texts().enumerate() {
            let &(first, position) = block.runs.iter().rfind(|run| run.0 <= number).unwrap();
            let document = position.document + (number - first) as u64;
            let position = Position { document, ..position };
            if number == 0 && block.continues {
                let last = came.documents.last_mut().unwrap();
                assert_eq!(last.0, position);
                last.1.push(text.to_vec());
            } else {
                came.documents.push((position, vec![text.to_vec()]));
            }
        }
        goes_on |= block.goes_on;
        came.skipped.append(&mut block.skipped);
        came.ended.append(&mut block.ended);
    }
    assert!(!goes_on);
    Ok(came)
}

fn plan(path: &Path, packing: Packing, framing: Framing) -> Plan {
    let mut plan = Plan::of_files(&[path.to_owned()]);
    plan.origins[0] = Origin { path: Some(path.to_owned()), packing, framing, care: Care::Refuse };
    plan
}

fn packed(text: &[u8], packing: Packing) -> Vec<u8> {
    match packing {
        Packing::Plain => text.to_vec(),
        Packing::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        }
        Packing::Zstd => {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            // As the command line of zstd does it. Without one a flipped byte need not be noticed.
            encoder.include_checksum(true).unwrap();
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        }
        Packing::Bzip2 => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        }
        Packing::Xz => {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        }
        Packing::Lzma => {
            let options = liblzma::stream::LzmaOptions::new_preset(0).unwrap();
            let stream = liblzma::stream::Stream::new_lzma_encoder(&options).unwrap();
            let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        }
    }
}

/// The obvious reader.
fn documents(text: &[u8], framing: &Framing) -> Vec<Vec<u8>> {
    let separated = |separator: &[u8]| {
        let mut all = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.windows(separator.len()).position(|window| window == separator) {
            all.push(rest[..at].to_vec());
            rest = &rest[at + separator.len()..];
        }
        all.extend((!rest.is_empty()).then(|| rest.to_vec()));
        all
    };
    match framing {
        Framing::File => vec![text.to_vec()],
        Framing::Lines => {
            let mut all = separated(b"\n");
            let ended = text.iter().filter(|&&byte| byte == b'\n').count();
            for line in &mut all[..ended] {
                line.truncate(line.strip_suffix(b"\r").map_or(line.len(), <[u8]>::len));
            }
            all
        }
        Framing::Separator(separator) => separated(separator),
        Framing::Json { .. } | Framing::Values { .. } | Framing::Rows { .. } => {
            unreachable!("they have tests of their own")
        }
    }
}

const PACKED: [Packing; 4] = [Packing::Gzip, Packing::Zstd, Packing::Bzip2, Packing::Xz];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn documents_are_those_of_the_obvious_reader(
        words in proptest::collection::vec(prop_oneof![Just("a"), Just(" b"), Just("\n"), Just("\r\n"), Just("\r"), Just("--"), Just("é"), Just("-"), Just("word ")], 0..60),
        repeats in prop_oneof![Just(1usize), Just(40), Just(400)],
        size in prop_oneof![1..40usize, 1000..9000usize],
        framing in prop_oneof![
            Just(Framing::File), Just(Framing::Lines), Just(Framing::Separator(b"---".to_vec())), Just(Framing::Separator(b" b".to_vec())),
        ],
        packing in prop::sample::select(&Packing::ALL[..]),
        cuts in any::<bool>(),
        marked in any::<bool>(),
        start in 0..5u64,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        let text = words.concat().repeat(repeats).into_bytes();
        let mark = if marked { "\u{FEFF}" } else { "" };
        let on_disk = packed(&[mark.as_bytes(), &text].concat(), packing);
        fs::write(&path, &on_disk).unwrap();
        let mut plan = plan(&path, packing, framing.clone());
        plan.origins.push(plan.origins[0].clone());
        (plan.size, plan.cutter) = (size, cutter(&["a-"]).filter(|_| cuts));
        let one = documents(&text, &framing);
        let all = came(plan.clone()).unwrap();
        prop_assert_eq!(all.texts(), [one.clone(), one.clone()].concat());
        let places = |file| (0..one.len() as u64).map(move |document| Position { file, document });
        let found: Vec<Position> = all.documents.iter().map(|document| document.0).collect();
        prop_assert_eq!(found, places(0).chain(places(1)).collect::<Vec<_>>());
        for (file, ended) in all.ended.iter().enumerate() {
            use sha2::Digest;
            let sum = sha2::Sha256::digest(&on_disk).into();
            let expected = Ended { file, bytes: on_disk.len() as u64, sum: Some(sum), documents: one.len() as u64 };
            prop_assert_eq!(ended, &expected);
        }
        prop_assert_eq!(all.ended.len(), 2);
        // Parts can be worked on one by one.
        let splitter = Splitter::new("cl100k").unwrap();
        for (_, parts) in all.documents.iter().filter(|(_, parts)| parts.len() > 1) {
            let pieces = |text: &[u8]| -> Vec<Vec<u8>> {
                let (kept, ends) = splitter.kept(text).unwrap();
                let starts = std::iter::once(0).chain(ends.iter().copied());
                starts.zip(&ends).map(|(start, &end)| kept[start..end].to_vec()).collect()
            };
            let apart: Vec<Vec<u8>> = parts.iter().flat_map(|part| pieces(part)).collect();
            prop_assert_eq!(apart, pieces(&parts.concat()));
        }
        plan.start = Position { file: 1, document: start };
        let rest = came(plan).unwrap();
        prop_assert_eq!(rest.texts(), one[one.len().min(start as usize)..].to_vec());
    }
}

#[test]
fn long_documents_come_in_parts_and_no_special_token_is_torn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text");
    let text = "some words, and <|an end|>then more\n".repeat(10_000);
    fs::write(&path, &text).unwrap();
    let mut plan = plan(&path, Packing::Plain, Framing::File);
    (plan.size, plan.cutter) = (5_000, cutter(&["<|an end|>"]));
    let all = came(plan).unwrap();
    let [(_, parts)] = &all.documents[..] else { panic!("one document") };
    assert!(parts.len() > 60 && parts.iter().all(|part| part.len() < 5_000 + (8 << 10)), "{}", parts.len());
    assert_eq!(parts.concat(), text.as_bytes());
    for ends in parts.windows(2) {
        assert!(!ends[0].ends_with(b"<|an ") && !ends[1].starts_with(b"end|>"));
    }
}

#[test]
fn lines_of_json_are_read_and_what_is_none_is_named_or_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines.jsonl");
    let good: Vec<String> = (0..500).map(|number| format!("{{\"id\":{number},\"text\":\"t{number}\\n\"}}")).collect();
    let mut lines = good.clone();
    lines[7] = "{\"text\":".into();
    lines[300] = "{\"body\":\"x\"}".into();
    lines.insert(3, "  ".into());
    fs::write(&path, format!("\u{FEFF}{}\r\n", lines.join("\n"))).unwrap();
    let mut plan = plan(&path, Packing::Plain, Framing::Json { field: "text".into() });
    let error = came(plan.clone()).unwrap_err();
    assert_eq!(error.to_string(), format!("{}, line 9, column 8: EOF while parsing a value", path.display()));
    plan.skips = true;
    for size in [1, 100, 1 << 20] {
        plan.size = size;
        plan.start = Position::default();
        let all = came(plan.clone()).unwrap();
        let expected: Vec<(u64, String)> = (0..500)
            .filter(|number| ![7, 300].contains(number))
            .map(|number| (number, format!("t{number}\n")))
            .collect();
        let found: Vec<(u64, String)> = all
            .documents
            .iter()
            .map(|(position, parts)| (position.document, String::from_utf8(parts.concat()).unwrap()))
            .collect();
        assert_eq!(found, expected);
        let skipped: Vec<_> = all.skipped.iter().map(|each| (each.document.document, &each.position[..])).collect();
        assert_eq!(skipped, [(7, "line 9, column 8"), (300, "line 302")]);
        assert!(!all.skipped.iter().any(|each| each.is_file));
        assert_eq!(all.ended[0].documents, 500);
        // What was passed over before the start is not named again.
        plan.start = Position { file: 0, document: 100 };
        let rest = came(plan.clone()).unwrap();
        assert_eq!((rest.documents.len(), rest.skipped.len()), (399, 1));
    }
}

#[test]
fn what_was_read_before_something_fails_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines");
    fs::write(&path, "one\ntwo\n").unwrap();
    let mut plan = plan(&path, Packing::Plain, Framing::Lines);
    let missing = folder.path().join("missing");
    plan.origins.push(Origin { path: Some(missing.clone()), ..plan.origins[0].clone() });
    plan.origins.push(plan.origins[0].clone());
    let mut reader = Reader::start(plan.clone()).unwrap();
    assert_eq!(reader.next(|| Ok(())).unwrap().unwrap().len(), 2);
    let error = reader.next(|| Ok(())).unwrap_err();
    assert!(matches!(error, Error::Io { path, .. } if path == missing));
    plan.skips = true;
    let all = came(plan).unwrap();
    assert_eq!(all.documents.len(), 4);
    assert_eq!(all.skipped[0].document, Position { file: 1, document: 0 });
    assert!(all.skipped[0].is_file);
    assert_eq!(all.ended[1], Ended { file: 1, bytes: 0, sum: None, documents: 0 });
}

#[test]
fn damaged_archives_are_named_and_what_was_begun_is_abandoned() {
    let folder = tempfile::tempdir().unwrap();
    let text: String = (0..60_000).map(|number| format!("{number} {}\n", number * 7919 % 65_521)).collect();
    for packing in PACKED {
        let whole = packed(text.as_bytes(), packing);
        let mut flipped = whole.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0x55;
        for (damage, bytes) in [("cut", &whole[..whole.len() * 3 / 4]), ("flipped", &flipped), ("empty", b"")] {
            let path = folder.path().join(damage);
            fs::write(&path, bytes).unwrap();
            for framing in [Framing::File, Framing::Lines] {
                let mut plan = plan(&path, packing, framing.clone());
                (plan.size, plan.cutter) = (10_000, cutter(&[]));
                let good = folder.path().join("good");
                fs::write(&good, &whole).unwrap();
                plan.origins.push(Origin { path: Some(good), packing, framing: framing.clone(), care: Care::Refuse });
                let Err(error) = came(plan.clone()) else { panic!("{damage} is not noticed") };
                assert!(matches!(&error, Error::Document { path: named, .. } if *named == path), "{error}");
                plan.skips = true;
                let all = came(plan).unwrap();
                let [skipped] = &all.skipped[..] else { panic!("{damage}: {:?}", all.skipped) };
                assert!(skipped.is_file && skipped.document.file == 0);
                use sha2::Digest;
                assert_eq!(all.ended[0].sum, Some(sha2::Sha256::digest(bytes).into()));
                let of_good = all.documents.iter().filter(|(position, _)| position.file == 1);
                assert!(of_good.flat_map(|(_, parts)| parts.concat()).count() > 0);
                let of_damaged = all.documents.iter().filter(|(position, _)| position.file == 0).count() as u64;
                assert_eq!(of_damaged, skipped.document.document);
                assert_eq!(of_damaged == 0, framing == Framing::File || damage == "empty");
            }
        }
    }
}

#[test]
fn several_members_and_frames_are_one_text() {
    let folder = tempfile::tempdir().unwrap();
    for packing in PACKED {
        let path = folder.path().join("members");
        fs::write(&path, [packed(b"one\ntw", packing), packed(b"o\n", packing), packed(b"", packing)].concat())
            .unwrap();
        let all = came(plan(&path, packing, Framing::Lines)).unwrap();
        assert_eq!(all.texts(), [b"one", b"two"]);
    }
}

#[test]
fn zeros_between_and_behind_members_of_gzip_are_padding_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("padded");
    let one = packed(b"one\n", Packing::Gzip);
    // More zeros than are read at a time.
    for zeros in [1, 511, 300_000] {
        let zeros = vec![0; zeros];
        fs::write(&path, [&one[..], &zeros, &one, &zeros].concat()).unwrap();
        let all = came(plan(&path, Packing::Gzip, Framing::Lines)).unwrap();
        assert_eq!(all.texts(), [b"one", b"one"]);
        assert_eq!(all.ended[0].bytes, fs::metadata(&path).unwrap().len());
        fs::write(&path, [&one[..], &zeros, b"x"].concat()).unwrap();
        let error = came(plan(&path, Packing::Gzip, Framing::Lines)).unwrap_err().to_string();
        assert!(error.contains("the gzip data"), "{error}");
    }
}

#[test]
fn lzma_is_one_stream_that_is_there_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.lzma");
    let whole = packed(&b"some words\n".repeat(50_000), Packing::Lzma);
    for (content, reason) in [
        (whole[..whole.len() / 2].to_vec(), "the lzma data end too early: it was cut off"),
        ([&whole[..], b"x"].concat(), "the lzma data are damaged: something stands behind them"),
        (b"no lzma at all".to_vec(), "the lzma data are damaged"),
        (Vec::new(), "it is empty, which no compressed file is"),
    ] {
        fs::write(&path, content).unwrap();
        let error = came(plan(&path, Packing::Lzma, Framing::Lines)).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    // What is in a file counts more than its name.
    fs::write(&path, packed(b"text", Packing::Xz)).unwrap();
    assert_eq!(came(plan(&path, Packing::Lzma, Framing::Lines)).unwrap().texts(), [b"text"]);
}

#[test]
fn a_file_that_is_written_to_while_it_is_read_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing");
    fs::write(&path, "a line\n".repeat(1_000_000)).unwrap();
    for skips in [false, true] {
        let mut plan = plan(&path, Packing::Plain, Framing::Lines);
        (plan.size, plan.skips) = (10_000, skips);
        let mut reader = Reader::start(plan).unwrap();
        reader.next(|| Ok(())).unwrap().unwrap();
        fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"one more\n").unwrap();
        let mut skipped = Vec::new();
        let outcome = loop {
            match reader.next(|| Ok(())) {
                Ok(Some(mut block)) => skipped.append(&mut block.skipped),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        let reason = "it was written to while it was read";
        match outcome {
            Err(Error::Document { reason: said, .. }) => assert!(!skips && said == reason),
            other => assert!(other.is_ok() && skips && skipped[0].reason == reason, "{other:?}"),
        }
    }
}

#[test]
fn empty_files_are_documents_unless_they_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (empty, full) = (folder.path().join("empty"), folder.path().join("full"));
    fs::write(&empty, "").unwrap();
    fs::write(&full, "x").unwrap();
    for (framing, expected) in [(Framing::File, 2), (Framing::Lines, 1), (Framing::Json { field: "f".into() }, 0)] {
        let mut plan = Plan::of_files(std::slice::from_ref(&empty));
        if !matches!(framing, Framing::Json { .. }) {
            plan = Plan::of_files(&[full.clone(), empty.clone()]);
        }
        plan.origins.iter_mut().for_each(|origin| origin.framing = framing.clone());
        assert_eq!(came(plan.clone()).unwrap().documents.len(), expected);
        plan.refuses_empty = true;
        assert_eq!(came(plan.clone()).unwrap_err().to_string(), format!("{}: it is empty", empty.display()));
        plan.skips = true;
        let all = came(plan).unwrap();
        assert_eq!((all.documents.len(), &all.skipped[0].reason[..]), (expected.min(1), "it is empty"));
    }
}

#[test]
fn lines_of_which_none_can_be_read_are_a_fault_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines.jsonl");
    let lacks = "{\"id\":1,\"body\":\"x\"}\n";
    let named = "line 1: there is no field \"text\", only \"body\", \"id\"";
    let hint = Some("text_field=\"body\" reads another field".to_owned());
    for (content, reason, hint) in [
        (lacks.repeat(1000), format!("no line has the field \"text\"; {named}"), hint.clone()),
        (format!("{lacks}{{\n"), format!("none of its 2 lines can be read; {named}"), hint.clone()),
        ("{\n".into(), "its only line cannot be read; line 1, column 1: EOF while parsing an object".into(), None),
    ] {
        fs::write(&path, content).unwrap();
        let mut plan = plan(&path, Packing::Plain, Framing::Json { field: "text".into() });
        (plan.skips, plan.size) = (true, 100);
        let all = came(plan).unwrap();
        let document = Position::default();
        assert_eq!(all.skipped, [Skipped { document, is_file: true, position: String::new(), reason, hint }]);
        assert_eq!((all.ended[0].documents, all.documents.len()), (0, 0));
    }
    // One that can be read makes the others faults of their own, wherever it stands.
    for good in [0, 500, 999] {
        let mut lines = vec![lacks; 1000];
        lines[good] = "{\"text\":\"y\"}\n";
        fs::write(&path, lines.concat()).unwrap();
        let mut plan = plan(&path, Packing::Plain, Framing::Json { field: "text".into() });
        (plan.skips, plan.size) = (true, 100);
        let all = came(plan).unwrap();
        assert_eq!((all.skipped.len(), all.documents.len(), all.ended[0].documents), (999, 1, 1000));
        assert!(all.skipped.iter().all(|each| !each.is_file && each.position.starts_with("line ")));
        assert!(all.skipped.is_sorted_by_key(|each| each.document));
    }
}
