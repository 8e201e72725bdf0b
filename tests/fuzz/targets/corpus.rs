//! Reading documents: packed and in lines, whatever the blocks.

use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};

use pairwright::corpus::{Care, Framing, Origin, Packing, Plan, Position, Reader};
use pairwright::{Error, Result};

use super::Input;

/// The documents, with those that were passed over counted.
fn read(data: &[u8], origin: &Origin, size: usize) -> Result<(Vec<Vec<u8>>, usize)> {
    let mut reader = Reader::start(Plan {
        origins: vec![origin.clone()],
        size,
        cutter: None,
        skips: true,
        refuses_empty: false,
        start: Position::default(),
        stream: Some(Arc::new(Mutex::new(Cursor::new(data.to_vec())))),
    })?;
    let (mut documents, mut skipped) = (Vec::new(), 0);
    while let Some(block) = reader.next(|| Ok(()))? {
        documents.extend(block.texts().map(<[u8]>::to_vec));
        skipped += block.skipped.len();
    }
    Ok((documents, skipped))
}

/// Fields and columns, of which some are paths into objects and lists.
const FIELDS: [&str; 6] = ["text", "data.text", "messages.*.content", "messages.*.content.*.text", "*", "a.*.*"];

pub fn corpus(data: &[u8]) {
    let mut input = Input(data);
    let packing = Packing::ALL[input.choice(Packing::ALL.len())];
    let framing = match input.choice(7) {
        0 => Framing::File,
        1 => Framing::Lines,
        2 => Framing::Separator(vec![b'\n'; 1 + input.choice(3)]),
        3 => Framing::Json { field: FIELDS[input.choice(FIELDS.len())].to_owned() },
        4 => Framing::Values { field: FIELDS[input.choice(FIELDS.len())].to_owned() },
        5 => Framing::Rows { column: FIELDS[input.choice(FIELDS.len())].to_owned(), delimiter: None },
        _ => Framing::Rows { column: FIELDS[input.choice(FIELDS.len())].to_owned(), delimiter: Some(b'\t') },
    };
    let care = [Care::None, Care::Refuse, Care::PassOver][input.choice(3)];
    let size = 1 + input.choice(64);
    let content = input.0;
    let origin = Origin { path: None, packing, framing, care };
    // The blocks do not matter.
    match (read(content, &origin, size), read(content, &origin, 1 << 20)) {
        (Ok(small), Ok(large)) => assert_eq!(small, large),
        (Err(Error::Document { .. } | Error::Io { .. }), Err(Error::Document { .. } | Error::Io { .. })) => {}
        (small, large) => panic!("{small:?} and {large:?}"),
    }
    // What is packed is what was there.
    let packed = match packing {
        Packing::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(content).expect("memory takes all");
            encoder.finish().expect("memory takes all")
        }
        Packing::Zstd => zstd::encode_all(content, 1).expect("memory takes all"),
        _ => return,
    };
    let origin = Origin { care: Care::None, ..origin };
    let plain = Origin { packing: Packing::Plain, ..origin.clone() };
    let unpacked = read(&packed, &origin, size);
    let direct = read(content, &plain, size);
    assert!(matches!((&unpacked, &direct), (Ok(one), Ok(other)) if one == other), "{unpacked:?} and {direct:?}");
}
