//! The fuzz targets, without a fuzzer: everything that was kept in `tests/fuzz/corpus`, and mutations of it that are the same on
//! every run. `python3 dev.py fuzz` runs the same targets under libFuzzer.
//!
//! What a fuzzer finds belongs into the corpus, under the name of its target.

mod mutate;
mod targets;

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mutate::Mutator;
use targets::{TARGETS, Target};

/// Mutations of each target.
const RUNS: usize = 1500;
/// No more are tried after this time: what is slow is tried less often.
const ENOUGH: Duration = Duration::from_secs(4);

fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} has no inputs", folder.display());
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Runs a target; keeps the input for whoever has to find out if it fails.
fn run(name: &str, target: Target, input: &[u8], what: &str) {
    if catch_unwind(|| target(input)).is_err() {
        let path = std::env::temp_dir().join(format!("pairwright-fuzz-{name}"));
        fs::write(&path, input).unwrap();
        panic!("target {name} fails on {what}; the input is in {}", path.display());
    }
}

fn smoke(name: &str) {
    let target = TARGETS.iter().find(|(known, _)| *known == name).expect("a target").1;
    let seeds = seeds(name);
    for (path, input) in &seeds {
        run(name, target, input, &path.display().to_string());
    }
    run(name, target, b"", "no input at all");
    let seconds = std::env::var("PAIRWRIGHT_FUZZ_SECONDS").ok().map(|seconds| seconds.parse().expect("seconds"));
    let (runs, enough) = seconds.map_or((RUNS, ENOUGH), |seconds| (usize::MAX, Duration::from_secs(seconds)));
    // A long run is another one each time.
    let time = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("after 1970");
    let mut mutator = if seconds.is_some() { Mutator::new(&format!("{time:?}")) } else { Mutator::new(name) };
    let start = Instant::now();
    for number in 0..runs {
        if start.elapsed() > enough {
            println!("{number} mutations");
            break;
        }
        let input = mutator.mutation(&seeds);
        run(name, target, &input, &format!("mutation {number}"));
    }
}

macro_rules! smoke {
    ($($name:ident)*) => {
        $(#[test] fn $name() { smoke(stringify!($name)); })*

        #[test]
        fn every_target_is_tried() {
            let tried = [$(stringify!($name)),*];
            assert!(TARGETS.iter().map(|(name, _)| *name).eq(tried));
        }
    };
}

smoke! {
    model counts rank_file tokenizer_json tekken minbpe corpus split pattern encode train decode cut
}
