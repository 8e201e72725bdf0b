//! What `encode` of the core shares between threads.

#[path = "batch.rs"]
pub mod batch;
#[path = "scratches.rs"]
pub mod scratches;
#[path = "../../../src/encode/slots.rs"]
mod slots;
