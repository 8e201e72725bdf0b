//! What `encode` of the core shares between threads.

#[path = "caches.rs"]
pub mod caches;
#[path = "../../../src/encode/idle.rs"]
mod idle;
#[path = "../../../src/encode/limit.rs"]
mod limit;
#[path = "../../../src/encode/slots.rs"]
mod slots;

/// Memory below the limit.
pub struct Scratch(Option<limit::Share>);

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch(limit::Share::take(1000))
    }
}

impl Scratch {
    pub fn numbers(&self) -> (u64, u64) {
        (3, 1)
    }
}
