//! `encode::batch` of the core, as far as the ledger goes.

#[path = "buffers.rs"]
pub mod buffers;
#[path = "cell.rs"]
mod cell;
#[path = "../../../src/encode/batch/flat.rs"]
mod flat;
#[path = "../../../src/encode/batch/ledger.rs"]
mod ledger;

pub struct TokenBatch {
    pub values: Vec<crate::vocab::Id>,
    pub offsets: Vec<i64>,
}
