"""Writers of shards: what is written, whatever the cuts; what is dropped, discarded, left behind; full disks."""

import gc
import itertools
import json
import resource
import signal
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import example, given, settings, strategies as st
from token_folders import FORMATS, facts_of

from pairwright.tokens.folder import remove_leftovers
from pairwright.tokens.manifest import FileFacts
from pairwright.tokens.writers import arrow, files_of, writer_for

NAME = "train-00000"
UINT16 = np.dtype(np.uint16)
UINT32 = np.dtype(np.uint32)

Documents = Sequence[Sequence[int]]
SOME: Documents = [[1, 2, 3], [], [65535], [], [], [7] * 1000, [0]]

ids16 = st.integers(0, 65535)
documents16 = st.lists(st.lists(ids16, max_size=8), max_size=8)


def flat(documents: Documents) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    """All ids, and where the documents end."""
    values = np.array(list(itertools.chain.from_iterable(documents)), np.uint32)
    return values, np.cumsum([len(document) for document in documents], dtype=np.int64)


def commit(folder: Path, format: str, documents: Documents, cuts: Sequence[int] = ()) -> tuple[FileFacts, ...]:
    """Write a shard in parts, cut before these numbers of events: each event is an id or the end of a document."""
    events = list(itertools.chain.from_iterable([*document, None] for document in documents))
    with writer_for(format, folder, NAME, UINT16) as writer:
        for first, end in itertools.pairwise([0, *sorted(cut % (len(events) + 1) for cut in cuts), len(events)]):
            part = events[first:end]
            values = np.array([id for id in part if id is not None], np.uint32)
            ends = [at - number for number, at in enumerate(at for at, id in enumerate(part) if id is None)]
            writer.write(values, np.array(ends, np.int64))
            # Whoever writes may use its arrays again.
            values[:] = 99
        return writer.commit()


def read(folder: Path, format: str, documents: int) -> list[list[int]]:
    """What libraries of others find in a shard."""
    path = folder / files_of(format, NAME)[0]
    if format == "jsonl":
        lines = path.read_text("ascii").splitlines()
        return [json.loads(line)["tokens"] for line in lines]
    if format == "parquet":
        rows: list[list[int]] = pyarrow.parquet.read_table(path)["tokens"].to_pylist()
        return rows
    if format == "arrow":
        with pyarrow.ipc.open_file(path) as file:
            return [row["tokens"] for row in file.read_all().to_pylist()]
    offsets_path = folder / files_of(format, NAME)[1]
    if format == "npy":
        ids, offsets = np.load(path), np.load(offsets_path)
        assert (ids.dtype, offsets.dtype) == (np.dtype("<u2"), np.dtype("<i8"))
    else:
        ids, offsets = np.fromfile(path, "<u2"), np.fromfile(offsets_path, "<i8")
    assert (len(offsets), offsets[0], offsets[-1]) == (documents + 1, 0, len(ids))
    return [ids[first:end].tolist() for first, end in itertools.pairwise(offsets.tolist())]


@pytest.mark.parametrize("format", FORMATS)
@given(documents=documents16, cuts=st.lists(st.integers(0, 100), max_size=5))
@example(documents=[], cuts=[])
@example(documents=[[]], cuts=[0, 1])
@example(documents=SOME, cuts=[1, 2, 3, 4, 5, 6])
@settings(max_examples=40)
def test_what_is_written_is_read_back_and_the_same_bytes_whatever_the_cuts(
    format: str, documents: Documents, cuts: list[int]
) -> None:
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        facts = commit(Path(first), format, documents)
        assert read(Path(first), format, len(documents)) == [list(document) for document in documents]
        assert commit(Path(second), format, documents, cuts) == facts
        assert tuple(facts_of(Path(second, each.name)) for each in facts) == facts
        assert tuple(each.name for each in facts) == files_of(format, NAME)
        assert {path.name for path in Path(second).iterdir()} == set(files_of(format, NAME))


@pytest.mark.parametrize("format", ["parquet", "arrow"])
def test_groups_of_rows_do_not_depend_on_the_cuts(tmp_path: Path, format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow, "GROUP", 10)
    documents = [[1] * 4, [2] * 6, [3] * 25, *[[]] * 12, [4] * 9, [5]]
    facts = commit(tmp_path, format, documents)
    for cuts in ([1], [3, 17, 30], list(range(60))):
        assert commit(tmp_path, format, documents, cuts) == facts
    assert read(tmp_path, format, len(documents)) == documents
    if format == "arrow":
        with pyarrow.ipc.open_file(tmp_path / "train-00000.arrow") as file:
            sizes = [file.get_batch(number).num_rows for number in range(file.num_record_batches)]
    else:
        parquet = pyarrow.parquet.ParquetFile(tmp_path / "train-00000.parquet").metadata
        sizes = [parquet.row_group(number).num_rows for number in range(parquet.num_row_groups)]
    # Ten ids, or ten documents.
    assert sizes == [2, 1, 10, 4]


@pytest.mark.parametrize("format", FORMATS)
@given(
    documents=documents16,
    dropped=st.lists(st.tuples(st.integers(0, 8), st.lists(st.lists(ids16, min_size=1, max_size=4), max_size=3))),
)
@settings(max_examples=25)
def test_a_dropped_document_was_never_there(
    format: str, documents: Documents, dropped: list[tuple[int, list[list[int]]]]
) -> None:
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        facts = commit(Path(first), format, documents)
        with writer_for(format, Path(second), NAME, UINT16) as writer:
            for number in range(len(documents) + 1):
                for _, parts in (each for each in dropped if each[0] == number):
                    for part in parts:
                        writer.write(np.array(part, np.uint32), np.empty(0, np.int64))
                        assert writer.goes_on
                    writer.drop()
                    assert not writer.goes_on
                if number < len(documents):
                    writer.write(*flat(documents[number : number + 1]))
            assert writer.commit() == facts


@pytest.mark.parametrize("format", FORMATS)
def test_what_ends_before_a_dropped_document_stays(tmp_path: Path, format: str) -> None:
    with writer_for(format, tmp_path, NAME, UINT16) as writer:
        writer.write(np.array([1, 2, 3], np.uint32), np.array([2]))
        writer.write(np.array([4], np.uint32), np.empty(0, np.int64))
        writer.drop()
        writer.drop()
        writer.write(np.array([5, 6], np.uint32), np.array([0, 1]))
        writer.drop()
        writer.commit()
    assert read(tmp_path, format, 3) == [[1, 2], [], [5]]


@pytest.mark.parametrize("format", FORMATS)
def test_a_document_that_goes_on_cannot_be_committed(tmp_path: Path, format: str) -> None:
    with writer_for(format, tmp_path, NAME, UINT16) as writer:
        writer.write(np.array([1, 2], np.uint32), np.array([1]))
        with pytest.raises(ValueError, match="train-00000: a document goes on; end it or drop it"):
            writer.commit()
        writer.write(np.empty(0, np.uint32), np.array([0]))
        writer.commit()
    assert read(tmp_path, format, 2) == [[1], [2]]


@pytest.mark.parametrize("format", FORMATS)
def test_files_have_their_names_only_when_they_are_committed(tmp_path: Path, format: str) -> None:
    names = set(files_of(format, NAME))
    writer = writer_for(format, tmp_path, NAME, UINT16)
    writer.write(*flat(SOME))
    assert {path.name for path in tmp_path.iterdir()} == {f".{name}.part" for name in names}
    writer.discard()
    writer.discard()
    assert not list(tmp_path.iterdir())
    writer = writer_for(format, tmp_path, NAME, UINT16)
    writer.write(*flat(SOME))
    writer.commit()
    writer.discard()
    assert {path.name for path in tmp_path.iterdir()} == names
    del writer
    # Nothing may be said by what is collected later; a warning would fail the test.
    gc.collect()


def test_leftovers_are_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in (
        ".train-00000.bin.part",
        ".train-00000.offsets.part",
        ".pairwright-x1.tmp",
        "train-00000.bin",
        "a.part",
        ".download.part",
        ".train.part",
        ".pairwright-notes",
    ):
        (tmp_path / name).write_bytes(b"")
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "train-00000.bin",
        "a.part",
        ".download.part",
        ".train.part",
        ".pairwright-notes",
    }


def test_an_id_must_fit_its_type(tmp_path: Path) -> None:
    with writer_for("bin", tmp_path, NAME, UINT16) as writer, pytest.raises(ValueError, match="the id 65536 is too"):
        writer.write(np.array([65536], np.uint32), np.array([1]))
    with writer_for("npy", tmp_path, NAME, UINT32) as writer:
        writer.write(np.array([2**32 - 1], np.uint32), np.array([1]))
        writer.commit()
    assert np.load(tmp_path / "train-00000.npy").tolist() == [2**32 - 1]


def test_lines_hold_ids_of_any_size(tmp_path: Path) -> None:
    documents = [[0, 9, 10, 99], [2**20 - 1, 2**20], [2**32 - 1, 0], [5]]
    with writer_for("jsonl", tmp_path, NAME, UINT32) as writer:
        for document in documents:
            writer.write(*flat([document]))
        writer.write(*flat(documents))
        writer.commit()
    lines = "".join(f'{{"tokens":{json.dumps(document, separators=(",", ":"))}}}\n' for document in documents * 2)
    assert (tmp_path / "train-00000.jsonl").read_text("ascii") == lines


def test_an_unknown_format_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown format 'zip'; there are bin, npy, parquet, arrow, jsonl"):
        writer_for("zip", tmp_path, NAME, UINT16)


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """A limit on files stands in for a full disk: both are errors of the system while it writes."""
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("limit", [0, 1_000_000, 1_900_000])
def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path, format: str, limit: int) -> None:
    values = np.random.default_rng(0).integers(0, 65536, 1_000_000).astype(np.uint32)

    def fill() -> None:
        with writer_for(format, tmp_path, NAME, UINT16) as writer:
            try:
                writer.write(values, np.arange(1000, len(values) + 1, 1000))
                writer.commit()
            except OSError:
                assert {path.name for path in tmp_path.iterdir()} == {f".{name}.part" for name in names}
                raise

    names = files_of(format, NAME)
    with files_no_larger_than(limit), pytest.raises(OSError, match="File too large") as raised:
        fill()
    assert raised.value.filename == str(tmp_path / names[0])
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_a_name_that_cannot_be_given_takes_back_the_others(tmp_path: Path) -> None:
    (tmp_path / "train-00000.offsets").mkdir()
    with writer_for("bin", tmp_path, NAME, UINT16) as writer:
        writer.write(*flat(SOME))
        with pytest.raises(OSError, match=r"train-00000\.offsets"):
            writer.commit()
    assert [path.name for path in tmp_path.iterdir()] == ["train-00000.offsets"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nonesuch/train-00000\.bin"):
        writer_for("bin", tmp_path / "nonesuch", NAME, UINT16)


@pytest.mark.parametrize("format", ["bin", "npy", "parquet", "arrow"])
def test_a_shard_of_many_short_documents_takes_no_more_memory(tmp_path: Path, format: str) -> None:
    values, ends = np.ones(1 << 16, np.uint32), np.arange(1, (1 << 16) + 1)
    with writer_for(format, tmp_path, NAME, UINT16) as writer:
        writer.write(values, ends)
        tracemalloc.start()
        try:
            for _ in range(64):
                writer.write(values, ends)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        writer.commit()
    # Four million offsets alone would take twice as much; a group of rows has a million ids and offsets, copied once.
    assert peak < 32_000_000
