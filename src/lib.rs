//! Byte-level BPE: learn a vocabulary from a corpus, turn text into token ids and back, exactly and fast.
//!
//! Data flows one way: text → [pieces](split) → ids ([encoding](encode)); text → counts → merges → vocabulary
//! ([training](train)). [`Tokenizer`] ties the parts together.
//!
//! ```
//! use pairwright::train::{Counter, Settings, no_progress, train};
//! use pairwright::{SpecialTokens, Splitter};
//!
//! let mut counter = Counter::new(Splitter::new("cl100k")?, Vec::new(), None)?;
//! counter.add(&[b"the cat sat on the mat, the cat sat"], &mut no_progress)?;
//! let trained = train(&counter.finish(&mut no_progress)?, &Settings { vocab_size: 260, ..Settings::default() }, &mut no_progress)?;
//! let tokenizer = trained.tokenizer;
//!
//! let ids = tokenizer.encode_ordinary("the cat 😺".as_bytes())?;
//! assert_eq!(tokenizer.decode(&ids)?, "the cat 😺".as_bytes());
//! assert_eq!(tokenizer.vocab_size(), 260);
//! # Ok::<(), pairwright::Error>(())
//! ```

pub mod corpus;
mod cut;
pub mod decode;
pub mod encode;
mod error;
pub mod io;
pub mod lab;
pub mod machine;
pub mod merges;
pub mod normalize;
pub mod parallel;
mod piece;
#[cfg(feature = "python")]
mod py;
pub mod reference;
pub mod span;
pub mod special;
pub mod split;
mod sync;
pub mod tokenizer;
pub mod train;
mod unlike;
pub mod vocab;

pub use encode::batch::TokenBatch;
pub use error::{Error, Result};
pub use special::{Choice, Policy, SpecialToken, SpecialTokens};
pub use split::{Pattern, Splitter};
pub use tokenizer::{Metadata, Tokenizer};
pub use vocab::{Id, Vocab};
