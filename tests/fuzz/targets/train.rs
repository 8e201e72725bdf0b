//! Training against the oracle.

use std::num::NonZeroUsize;

use pairwright::reference::{self, Ties};
use pairwright::train::{Counter, Settings, TieBreak, no_progress, train as learn};
use pairwright::{Id, Splitter};

use super::Input;

pub fn train(data: &[u8]) {
    let mut input = Input(data);
    let (letters, merges) = (input.choice(6), input.choice(40));
    let (min_frequency, max_token_bytes) = (1 + input.choice(3) as u64, [usize::MAX, 2, 3, 5][input.choice(4)]);
    let (tie_break, ties) =
        [(TieBreak::LowestPair, Ties::LowestPair), (TieBreak::FirstSeen, Ties::FirstSeen)][input.choice(2)];
    let pattern = [r"[^\n]+|\n", "cl100k", "gpt2"][input.choice(3)];
    let fold = |byte: u8| if letters == 0 || byte == b'\n' { byte } else { b'a' + byte % letters as u8 };
    let text: Vec<u8> = input.0.iter().take(300).map(|&byte| fold(byte)).collect();
    if text.is_empty() {
        return;
    }
    let threads = NonZeroUsize::new(1);
    let mut counter = Counter::new(Splitter::new(pattern).expect("a pattern"), Vec::new(), threads).expect("a counter");
    counter.add(&[&text], &mut no_progress).expect("text is counted");
    let counts = counter.finish(&mut no_progress).expect("text is counted");
    let words: Vec<(Vec<u8>, u64)> = counts.iter().map(|(word, count)| (word.to_vec(), count)).collect();
    let settings = Settings {
        vocab_size: 256 + merges,
        tie_break,
        min_frequency,
        max_token_bytes,
        threads,
        ..Settings::default()
    };
    let trained = learn(&counts, &settings, &mut no_progress).expect("something is learned");
    let learned = (256..).map_while(|id| trained.tokenizer.vocab().bytes(Id(id)));
    let expected = reference::train(&words, merges, 256, ties, min_frequency, max_token_bytes);
    assert!(learned.eq(expected.iter().map(Vec::as_slice)), "{:?}", text.escape_ascii().to_string());
    let ids = trained.tokenizer.encode_ordinary(&text).expect("the pattern splits it");
    assert_eq!(trained.tokenizer.decode(&ids).expect("known ids"), text);
}
