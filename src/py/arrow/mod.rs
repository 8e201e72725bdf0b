//! Arrow data of any library, in and out, through capsules that hold the structs of the C data interface. Neither side
//! copies the data or needs the other's library.

mod batch;
mod column;
mod text;

pub(super) use batch::{_batch_to_arrow, _schema_of_batches};
pub(super) use column::Column;
pub(super) use text::{Chunk, texts};
