//! What threads see of each other's memory, in every order and as late as the orderings of the atomics allow: the buffer that
//! several threads fill, the ledger above it, the slots in which scratches lie. The code is that of the core; `sync.rs` and
//! `cell.rs` here are in the place of `src/sync.rs` and `src/encode/batch/cell.rs`.
//!
//! Loom tries all orders with as many changes of the thread as `LOOM_MAX_PREEMPTIONS` says, by default 2.

#![allow(dead_code)]

mod encode;
mod sync;

mod machine {
    pub fn reserve<T>(values: &mut Vec<T>, more: usize) {
        values.reserve_exact(more);
    }
}

mod vocab {
    #[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
    #[repr(transparent)]
    pub struct Id(pub u32);
}

fn main() {
    for (name, model) in encode::batch::buffers::MODELS.iter().chain(&encode::scratches::MODELS) {
        let start = std::time::Instant::now();
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = builder.preemption_bound.or(Some(2));
        builder.check(model);
        println!("{name}: {:.1} s", start.elapsed().as_secs_f64());
    }
}
