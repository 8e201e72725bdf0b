//! Counts that outgrow memory: sorted runs on disk, merged at the end.
//!
//! A *run* is a file of records in one order. Runs have no name: the system removes each as soon as it is closed, however the
//! process ends.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::PathBuf;

use itertools::Itertools;

use crate::error::{Error, Result};
use crate::parallel::Stop;

/// What each open run buffers: large enough that a disk reads in one go what a merge takes from one run.
const BUFFER: usize = 64 << 10;

/// Records that are sorted at once, so that nobody who calls the work off waits for it: some milliseconds.
const SORTED: usize = 1 << 17;

/// A pretoken as it was counted so far.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Record {
    pub bytes: Vec<u8>,
    pub count: u64,
    pub first: u64,
}

/// The order of the records of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    /// By their bytes.
    Bytes,
    /// By their first occurrence, which no two pretokens share.
    First,
}

/// A sorted file of records.
pub(super) struct Run(File);

/// The folder in which runs are made.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Folder {
        Folder(path)
    }

    /// # Errors
    /// [`Error::Spill`] if no file can be made there.
    pub(super) fn check(&self) -> Result<()> {
        self.file().map(|_| ())
    }

    /// Writes a run. `fill` hands over records in their order.
    pub(super) fn write(&self, fill: impl FnOnce(&mut RunWriter) -> Result<()>) -> Result<Run> {
        let mut writer = RunWriter { file: BufWriter::with_capacity(BUFFER, self.file()?), folder: self };
        fill(&mut writer)?;
        let rewound = writer.file.into_inner().map_err(|error| error.into_error()).and_then(|mut file| {
            file.rewind()?;
            Ok(file)
        });
        rewound.map(Run).map_err(|source| self.error(source))
    }

    fn file(&self) -> Result<File> {
        tempfile::tempfile_in(&self.0).map_err(|source| self.error(source))
    }

    fn error(&self, source: io::Error) -> Error {
        Error::Spill { folder: self.0.clone(), source }
    }
}

/// Writes the records of a run.
pub(super) struct RunWriter<'f> {
    file: BufWriter<File>,
    folder: &'f Folder,
}

impl RunWriter<'_> {
    pub(super) fn push(&mut self, bytes: &[u8], count: u64, first: u64, stop: &Stop) -> Result<()> {
        stop.check()?;
        let mut header = [0; HEADER];
        header[..8].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
        header[8..16].copy_from_slice(&count.to_le_bytes());
        header[16..].copy_from_slice(&first.to_le_bytes());
        self.file.write_all(&header).and_then(|()| self.file.write_all(bytes)).map_err(|error| self.folder.error(error))
    }
}

/// Length, count and first occurrence, 8 bytes each; the bytes follow.
const HEADER: usize = 24;

/// A run while it is read: the record that comes next.
struct Head {
    record: Record,
    order: Order,
    file: BufReader<File>,
}

impl Head {
    /// Takes in the next record; `false` at the end.
    fn advance(&mut self) -> io::Result<bool> {
        let mut header = [0; HEADER];
        match self.file.read_exact(&mut header[..1]) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            first => first?,
        }
        self.file.read_exact(&mut header[1..])?;
        let number = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().expect("8 bytes"));
        self.record.bytes.resize(number(0) as usize, 0);
        self.file.read_exact(&mut self.record.bytes)?;
        (self.record.count, self.record.first) = (number(8), number(16));
        Ok(true)
    }
}

/// The greatest head is the one that comes first.
impl Ord for Head {
    fn cmp(&self, other: &Head) -> Ordering {
        let (left, right) = (&self.record, &other.record);
        match self.order {
            Order::Bytes => right.bytes.cmp(&left.bytes),
            Order::First => right.first.cmp(&left.first),
        }
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Head) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Head) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}

/// Runs of one order, of which not too many are open at a time.
pub(super) struct Runs {
    runs: Vec<Run>,
    order: Order,
    /// When there are so many, all become one.
    most: usize,
}

/// Open runs of one owner.
const OPEN: usize = 24;

/// Open runs of all owners. Some systems let a process open no more than 256 files.
const OPEN_IN_ALL: usize = 192;

impl Runs {
    /// For one of so many owners: every thread is one.
    pub(super) fn new(order: Order, owners: usize) -> Runs {
        Runs { runs: Vec::new(), order, most: (OPEN_IN_ALL / owners).clamp(2, OPEN) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Adds a run; when there are too many, all become one.
    pub(super) fn push(&mut self, run: Run, folder: &Folder, stop: &Stop) -> Result<()> {
        self.runs.push(run);
        if self.runs.len() < self.most {
            return Ok(());
        }
        let runs = std::mem::take(&mut self.runs);
        let merged = folder.write(|run| {
            merge(runs, self.order, folder, stop, |record| run.push(&record.bytes, record.count, record.first, stop))
        })?;
        self.runs.push(merged);
        Ok(())
    }

    pub(super) fn append(&mut self, other: Runs) {
        self.runs.extend(other.runs);
    }

    /// As [`merge`].
    pub(super) fn merge(self, folder: &Folder, stop: &Stop, each: impl FnMut(&Record) -> Result<()>) -> Result<()> {
        merge(self.runs, self.order, folder, stop, each)
    }
}

/// Calls `each` with the records of all runs in order, those of one pretoken combined into one.
///
/// # Errors
/// [`Error::Spill`] if a run cannot be read; that of `each`; [`Error::Interrupted`].
///
/// # Complexity
/// O(n log k) for n records in k runs; memory for k buffers.
fn merge(
    runs: Vec<Run>,
    order: Order,
    folder: &Folder,
    stop: &Stop,
    mut each: impl FnMut(&Record) -> Result<()>,
) -> Result<()> {
    let failed = |source| folder.error(source);
    let mut heads = BinaryHeap::new();
    for Run(file) in runs {
        let mut head = Head { record: Record::default(), order, file: BufReader::with_capacity(BUFFER, file) };
        if head.advance().map_err(failed)? {
            heads.push(head);
        }
    }
    let mut pending = Record::default();
    while let Some(mut head) = heads.peek_mut() {
        stop.check()?;
        let record = &mut head.record;
        if pending.count > 0 && pending.bytes == record.bytes {
            pending.count += record.count;
            pending.first = pending.first.min(record.first);
        } else {
            std::mem::swap(&mut pending, record);
            if record.count > 0 {
                each(record)?;
            }
        }
        if !head.advance().map_err(failed)? {
            PeekMut::pop(head);
        }
    }
    if pending.count > 0 { each(&pending) } else { Ok(()) }
}

/// Puts records into the order of first occurrence, in a bounded part of memory.
pub(super) struct Sorter<'f> {
    folder: &'f Folder,
    stop: &'f Stop,
    /// The bytes that may be held at a time.
    limit: usize,
    arena: Vec<u8>,
    /// First occurrence, count, and where the bytes are.
    held: Vec<(u64, u64, usize, usize)>,
    runs: Runs,
}

impl<'f> Sorter<'f> {
    pub(super) fn new(folder: &'f Folder, limit: usize, stop: &'f Stop) -> Sorter<'f> {
        Sorter { folder, stop, limit, arena: Vec::new(), held: Vec::new(), runs: Runs::new(Order::First, 1) }
    }

    pub(super) fn push(&mut self, record: &Record) -> Result<()> {
        let start = self.arena.len();
        self.arena.extend_from_slice(&record.bytes);
        self.held.push((record.first, record.count, start, self.arena.len()));
        // Vectors grow to twice their size.
        if 2 * (self.arena.len() + size_of_val(&self.held[..])) > self.limit { self.spill() } else { Ok(()) }
    }

    /// Calls `each` with every record in the order of first occurrence.
    pub(super) fn finish(mut self, mut each: impl FnMut(&[u8], u64) -> Result<()>) -> Result<()> {
        if self.runs.is_empty() {
            return self.drain(|bytes, count, _| each(bytes, count));
        }
        self.spill()?;
        self.runs.merge(self.folder, self.stop, |record| each(&record.bytes, record.count))
    }

    fn spill(&mut self) -> Result<()> {
        let (folder, stop) = (self.folder, self.stop);
        let run = folder.write(|run| self.drain(|bytes, count, first| run.push(bytes, count, first, stop)))?;
        self.runs.push(run, folder, stop)
    }

    /// Gives all that is held, in order, and forgets it.
    fn drain(&mut self, mut each: impl FnMut(&[u8], u64, u64) -> Result<()>) -> Result<()> {
        for part in self.held.chunks_mut(SORTED) {
            self.stop.check()?;
            part.sort_unstable();
        }
        self.held
            .chunks(SORTED)
            .kmerge()
            .try_for_each(|&(first, count, start, end)| each(&self.arena[start..end], count, first))?;
        self.held.clear();
        self.arena.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn runs_merge_into_sums_and_first_occurrences(
            records in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..3), 1..9u64), 0..200),
            number in 1..60usize,
            limit in 1..2000usize,
            owners in 1..300usize,
        ) {
            let place = tempfile::tempdir().unwrap();
            let folder = Folder::new(place.path().to_owned());
            let mut parts = vec![BTreeMap::new(); number];
            let mut expected: BTreeMap<&[u8], (u64, u64)> = BTreeMap::new();
            for (first, (bytes, count)) in records.iter().enumerate() {
                for map in [&mut parts[first % number], &mut expected] {
                    map.entry(&bytes[..]).or_insert((0, first as u64)).0 += count;
                }
            }
            let write = |part: &BTreeMap<&[u8], (u64, u64)>| {
                folder.write(|run| part.iter().try_for_each(|(bytes, &(count, first))| run.push(bytes, count, first, &Stop::default())))
            };
            let stop = Stop::default();
            let mut runs = Runs::new(Order::Bytes, owners);
            parts.iter().for_each(|part| runs.push(write(part).unwrap(), &folder, &stop).unwrap());
            prop_assert!(runs.runs.len() < OPEN);
            prop_assert!(runs.runs.len() == 1 || runs.runs.len() * owners <= OPEN_IN_ALL);
            let (mut merged, mut sorter) = (Vec::new(), Sorter::new(&folder, limit, &stop));
            runs.merge(&folder, &stop, |record| {
                merged.push(record.clone());
                sorter.push(record)
            }).unwrap();
            let record = |(&bytes, &(count, first)): (&&[u8], &(u64, u64))| Record { bytes: bytes.to_vec(), count, first };
            let mut expected: Vec<Record> = expected.iter().map(record).collect();
            prop_assert_eq!(&merged, &expected);
            expected.sort_by_key(|record| record.first);
            let mut sorted = Vec::new();
            sorter.finish(|bytes, count| {
                sorted.push((bytes.to_vec(), count));
                Ok(())
            }).unwrap();
            prop_assert_eq!(sorted, expected.into_iter().map(|record| (record.bytes, record.count)).collect::<Vec<_>>());
            prop_assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_sorter_holds_no_more_than_its_limit() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        let (limit, stop) = (1000, Stop::default());
        let mut sorter = Sorter::new(&folder, limit, &stop);
        let mut most = 0;
        for first in 0..500 {
            sorter.push(&Record { bytes: vec![b'x'; 10], count: 1, first }).unwrap();
            most = most.max(sorter.held.len());
            assert!(sorter.arena.len() + size_of_val(&sorter.held[..]) <= limit / 2);
        }
        assert!(most > 5, "{most} records at a time");
    }

    #[test]
    fn a_folder_that_takes_no_files_is_named() {
        let place = tempfile::tempdir().unwrap();
        let missing = place.path().join("missing");
        let error = Folder::new(missing.clone()).check().unwrap_err();
        assert!(
            matches!(&error, Error::Spill { folder, source } if *folder == missing && source.kind() == io::ErrorKind::NotFound)
        );
        assert!(error.to_string().contains("missing: "), "{error}");
    }
}
