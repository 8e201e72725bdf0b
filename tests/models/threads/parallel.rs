//! `parallel` of the core, but for what asks the system for its cores.

#[path = "../../../src/parallel/drain.rs"]
mod drain;
#[path = "../../../src/parallel/line.rs"]
mod line;
#[path = "../../../src/parallel/pool.rs"]
mod pool;
#[path = "../../../src/parallel/share.rs"]
mod share;
#[path = "../../../src/parallel/stop.rs"]
mod stop;
#[path = "work.rs"]
pub mod work;

pub use stop::Stop;

pub const TICK: std::time::Duration = std::time::Duration::from_millis(50);
