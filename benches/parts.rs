//! Benches of the parts. `cargo bench` runs them all, `cargo bench -- split` those with "split" in their name.
//!
//! The corpus is TinyShakespeare if `PAIRWRIGHT_DATA` names the folder that holds it, else this crate's own source.
//! Each bench checks its result before it is timed.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pairwright::encode::{Encoder, Scratch};
use pairwright::train::{Counter, Counts, Settings, TieBreak, no_progress, train};
use pairwright::{Id, Splitter, Tokenizer};

fn corpus() -> Vec<u8> {
    if let Some(folder) = std::env::var_os("PAIRWRIGHT_DATA") {
        let path = Path::new(&folder).join("tinyshakespeare.txt");
        return std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    let source = concat!(include_str!("../src/special/mod.rs"), include_str!("../src/train/count.rs"));
    source.repeat(40).into_bytes()
}

fn count(text: &[u8]) -> Counts {
    let mut counter = Counter::new(Splitter::new("cl100k").unwrap(), Vec::new(), None).unwrap();
    counter.add(&[text], &mut no_progress).unwrap();
    counter.finish(&mut no_progress).unwrap()
}

fn learn(counts: &Counts, tie_break: TieBreak) -> Tokenizer {
    let settings = Settings { vocab_size: 4096, tie_break, ..Settings::default() };
    train(counts, &settings, &mut no_progress).unwrap().tokenizer
}

/// Text in many languages: all of `handbook/*.txt` in the folder, else a few sentences.
fn languages() -> Vec<u8> {
    let Some(folder) = std::env::var_os("PAIRWRIGHT_DATA") else {
        let sentences = "Two cats sat on the mat. Deux chats étaient assis là où il faisait chaud. Zwei Katzen saßen drüben. \
            Две кошки сидели на коврике. Δύο γάτες κάθονταν εδώ. جلست قطتان على السجادة. שני חתולים ישבו כאן. \
            两只猫坐在垫子上。猫が二匹、マットの上に座っていた。고양이 두 마리가 앉아 있었다. दो बिल्लियाँ बैठी थीं। แมวสองตัวนั่งอยู่\n";
        return sentences.repeat(1000).into_bytes();
    };
    let folder = Path::new(&folder).join("handbook");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().flat_map(|path| std::fs::read(path).unwrap()).collect()
}

/// The ends of all pieces, by every level of instructions that this processor has.
fn split(criterion: &mut Criterion) {
    let code = concat!(
        include_str!("../src/encode/long.rs"),
        include_str!("../src/io/model_file.rs"),
        include_str!("../src/py/tokenizer/encode.rs"),
        include_str!("../src/special/mod.rs"),
        include_str!("../src/split/scan/window/lanes.rs"),
        include_str!("../src/split/scan/window/starts.rs"),
        include_str!("../src/tokenizer.rs"),
        include_str!("../src/train/count.rs"),
        include_str!("../src/train/counts.rs"),
        include_str!("../src/train/merge_loop.rs"),
    );
    let texts = [("text", corpus()), ("code", code.into()), ("languages", languages())];
    let mut group = criterion.benchmark_group("split");
    group.sample_size(20).measurement_time(Duration::from_secs(1)).warm_up_time(Duration::from_millis(300));
    for pattern in ["gpt2", "cl100k", "o200k", r"\s*\S+|\s+"] {
        for (name, text) in &texts {
            group.throughput(Throughput::Bytes(text.len() as u64));
            let mut expected = None;
            for (level, splitter) in Splitter::new(pattern).unwrap().levels() {
                // Their number, and something that depends on where they are.
                let ends = || {
                    let (mut pieces, mut sum) = (0, 0);
                    splitter
                        .ends(text, |end| {
                            pieces += 1;
                            sum ^= end;
                            Ok(())
                        })
                        .unwrap();
                    (pieces, sum)
                };
                assert_eq!(*expected.get_or_insert_with(ends), ends());
                let id = BenchmarkId::new(format!("{pattern}/{name}"), level);
                group.bench_function(id, |bencher| bencher.iter(|| black_box(ends())));
            }
        }
    }
}

fn training(criterion: &mut Criterion) {
    let text = corpus();
    let counts = count(&text);
    let mut group = criterion.benchmark_group("train");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("count", |bencher| bencher.iter(|| black_box(count(&text).len())));
    for tie_break in [TieBreak::LowestPair, TieBreak::FirstSeen] {
        assert!(learn(&counts, tie_break) == learn(&counts, tie_break));
        group.bench_function(format!("merge/{tie_break:?}"), |bencher| {
            bencher.iter(|| black_box(learn(&counts, tie_break).vocab_size()));
        });
    }
}

/// The two algorithms for one piece, to see where one overtakes the other, and a megabyte without a cut.
fn piece(criterion: &mut Criterion) {
    let text = corpus();
    let tokenizer = learn(&count(&text), TieBreak::LowestPair);
    let encoder = Encoder::new(Arc::new(tokenizer.vocab().clone()), None).unwrap();
    let letters: Vec<u8> = text.iter().copied().filter(u8::is_ascii_lowercase).collect();
    let (mut scratch, mut ids) = (Scratch::default(), Vec::<Id>::new());
    let mut group = criterion.benchmark_group("piece");
    for length in [8, 16, 24, 32, 48, 64, 96, 128] {
        let pieces: Vec<&[u8]> = letters.chunks_exact(length).take(1000).collect();
        group.throughput(Throughput::Bytes((pieces.len() * length) as u64));
        let mut encode = |long: bool| {
            ids.clear();
            pieces.iter().for_each(|piece| encoder.encode_by(long, piece, &mut scratch, &mut ids));
            ids.clone()
        };
        assert_eq!(encode(false), encode(true));
        for (name, long) in [("short", false), ("long", true)] {
            group.bench_function(BenchmarkId::new(name, length), |bencher| bencher.iter(|| black_box(encode(long))));
        }
    }
    for (name, unit) in [("a", "a"), ("space", " "), ("newline", "\n"), ("letters", "")] {
        let text = match unit {
            "" => letters.iter().copied().cycle().take(1 << 20).collect(),
            _ => unit.repeat(1 << 20).into_bytes(),
        };
        group.throughput(Throughput::Bytes(text.len() as u64));
        let ids = tokenizer.encode_ordinary(&text).unwrap();
        assert_eq!(tokenizer.decode(&ids).unwrap(), text);
        group.bench_function(BenchmarkId::new("megabyte", name), |bencher| {
            bencher.iter(|| black_box(tokenizer.encode_ordinary(&text).unwrap().len()));
        });
    }
}

fn whole(criterion: &mut Criterion) {
    let text = corpus();
    let tokenizer = learn(&count(&text), TieBreak::LowestPair);
    let ids = tokenizer.encode_ordinary(&text).unwrap();
    assert_eq!(tokenizer.decode(&ids).unwrap(), text);
    let mut group = criterion.benchmark_group("whole");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("encode", |bencher| bencher.iter(|| black_box(tokenizer.encode_ordinary(&text).unwrap())));
    group.bench_function("decode", |bencher| bencher.iter(|| black_box(tokenizer.decode(&ids).unwrap())));
}

criterion_group!(benches, split, training, piece, whole);
criterion_main!(benches);
