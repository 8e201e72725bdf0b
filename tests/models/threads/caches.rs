//! The memory that encoders keep between two calls, and its limit.

use shuttle::thread;

use super::idle::{Idle, cache_info, clear_cache, set_cache_limit};
use super::limit;

pub const MODELS: [(&str, fn()); 3] = [
    ("memory that is forgotten is given back", memory_that_is_forgotten_is_given_back),
    ("what is above a new limit is given back", what_is_above_a_new_limit_is_given_back),
    ("never more is taken than the limit", never_more_is_taken_than_the_limit),
];

fn memory_that_is_forgotten_is_given_back() {
    limit::set(limit::DEFAULT);
    let idle = Idle::new();
    // Taken before the cache is cleared, put back whenever.
    let guards = [idle.take(), idle.take()];
    thread::scope(|scope| {
        for guard in guards {
            scope.spawn(move || drop(guard));
        }
        clear_cache();
    });
    assert_eq!(limit::taken(), 0);
    // What is taken now is kept.
    drop(idle.take());
    assert_eq!(cache_info().bytes, 1000);
}

fn what_is_above_a_new_limit_is_given_back() {
    limit::set(limit::DEFAULT);
    let idle = Idle::new();
    let other = {
        let idle = idle.clone();
        thread::spawn(move || drop(idle.take()))
    };
    set_cache_limit(10);
    other.join().unwrap();
    assert_eq!(limit::taken(), 0);
}

fn never_more_is_taken_than_the_limit() {
    limit::set(5000);
    let threads = [1500, 1000, 2500].map(|bytes| {
        thread::spawn(move || {
            let share = limit::Share::take(bytes);
            assert!(limit::taken() <= 5000);
            drop(share);
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(limit::taken(), 0);
}
