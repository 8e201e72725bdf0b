//! A fuzz target under libFuzzer: the one that the environment variable `PAIRWRIGHT_FUZZ_TARGET` names.

#![no_main]

#[path = "../targets/mod.rs"]
mod targets;

use std::sync::LazyLock;

static TARGET: LazyLock<targets::Target> = LazyLock::new(|| {
    let name = std::env::var("PAIRWRIGHT_FUZZ_TARGET").unwrap_or_default();
    match targets::TARGETS.iter().find(|(known, _)| *known == name) {
        Some((_, target)) => *target,
        None => panic!("PAIRWRIGHT_FUZZ_TARGET={name:?} is no target"),
    }
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| TARGET(data));
