//! What threads do together, in every order that shuttle comes upon: the pool, work that is shared, the memory that encoders
//! keep between two calls. The code is that of the core; `sync.rs` here is in the place of `src/sync.rs`.
//!
//! Orders of events are tried at random, and with few changes of the thread, which finds what needs one at just the wrong time
//! ("probabilistic concurrency testing"). How many, `PAIRWRIGHT_MODEL_RUNS` says. That memory itself is seen late by another
//! thread is what `memory` is for.

#![allow(dead_code)]

mod encode;
mod parallel;
mod sync;

mod error {
    #[derive(Debug, PartialEq)]
    pub enum Error {
        Interrupted,
        Numbered(usize),
    }

    pub type Result<T> = std::result::Result<T, Error>;
}

fn main() {
    let runs = std::env::var("PAIRWRIGHT_MODEL_RUNS").map_or(3_000, |runs| runs.parse().expect("a number"));
    for (name, model) in parallel::work::MODELS.iter().chain(&encode::caches::MODELS) {
        let start = std::time::Instant::now();
        shuttle::check_random(model, runs);
        // A thread that waits for another by looking again and again would look for ever.
        if !name.ends_with("until it is called off") {
            shuttle::check_pct(model, runs, 3);
        }
        println!("{name}: {runs} runs, {:.1} s", start.elapsed().as_secs_f64());
    }
}
