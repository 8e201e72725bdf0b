"""Reading token folders: documents, windows, text; views that cannot be written to; pickles, forks, threads."""

import itertools
import multiprocessing
import pickle
import random
import resource
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow
import pytest
from hypothesis import given, settings, strategies as st
from processes import needs_fork
from token_folders import FORMATS, ids_of, write_folder

import pairwright
from pairwright.tokens import mapped
from pairwright.tokens.arrow import Lists
from pairwright.tokens.manifest import Split
from pairwright.tokens.writers import arrow

Shards = Sequence[Sequence[bytes]]

SHARDS: Shards = [[b"to be", b"", b"or not to be"], [], [b"", b""], [b"\xff\x00 that", b"is the question\n" * 40]]

shards = st.lists(st.lists(st.binary(max_size=12), max_size=4), max_size=4)


def documents_of(shards: Shards) -> list[bytes]:
    return list(itertools.chain.from_iterable(shards))


@pytest.fixture(params=FORMATS)
def tokens(request: pytest.FixtureRequest, tmp_path: Path, tokenizer: pairwright.Tokenizer) -> pairwright.Tokens:
    """A folder of some shards in each format, in which Arrow files have several batches."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrow, "GROUP", 4)
        write_folder(tmp_path, tokenizer, {"train": SHARDS, "validation": [[b"to be"]]}, format=request.param)
    return pairwright.open_tokens(tmp_path)


@pytest.mark.parametrize("format", FORMATS)
@given(shards=shards, append=st.sampled_from([None, "<|end|>"]), data=st.data())
@settings(max_examples=25)
def test_documents_and_windows_are_those_that_were_written(
    format: str, tokenizer: pairwright.Tokenizer, shards: Shards, append: str | None, data: st.DataObject
) -> None:
    documents = documents_of(shards)
    end = tokenizer.token_id(append) if append else None
    ids = [ids_of(tokenizer, document, end).tolist() for document in documents]
    flat = list(itertools.chain.from_iterable(ids))
    with TemporaryDirectory() as folder:
        write_folder(Path(folder), tokenizer, {"train": shards}, format=format, append=append)
        tokens = pairwright.open_tokens(folder)
        assert (len(tokens), tokens.total) == (len(documents), len(flat))
        assert [each.tolist() for each in tokens] == ids
        assert [tokens[number].tolist() for number in range(len(tokens))] == ids
        assert [tokens[number - len(ids)].tolist() for number in range(len(ids))] == ids
        assert [tokens.document_bytes(number) for number in range(len(tokens))] == documents
        assert tokens.offsets.tolist() == [0, *itertools.accumulate(map(len, ids))]
        windows = st.integers(0, len(flat)).flatmap(
            lambda start: st.tuples(st.just(start), st.integers(0, len(flat) - start))
        )
        for start, length in data.draw(st.lists(windows, max_size=5)):
            assert tokens.window(start, length).tolist() == flat[start : start + length]
        length = data.draw(st.integers(0, len(flat)))
        starts = data.draw(st.lists(st.integers(0, len(flat) - length), max_size=5))
        gathered = tokens.windows(np.array(starts, np.int64), length)
        assert gathered.shape == (len(starts), length)
        assert gathered.dtype == tokens.dtype
        assert gathered.tolist() == tokens.windows(iter(starts), length).tolist()
        assert gathered.tolist() == [flat[start : start + length] for start in starts]


def test_a_folder_tells_what_it_is(tokens: pairwright.Tokens, tokenizer: pairwright.Tokenizer) -> None:
    assert tokens.splits == ["train", "validation"]
    assert tokens.vocab_size == 1000
    assert tokens.manifest.split("train").documents == len(tokens) == 7
    flat = tokens.manifest.settings["format"] in ("bin", "npy")
    assert tokens.dtype == (np.uint16 if flat else np.uint32)
    assert {each.dtype for each in tokens} == {tokens.dtype}
    assert tokens.window(0, 3).dtype == tokens.window(0, tokens.total).dtype == tokens.dtype
    assert tokens.tokenizer == tokenizer
    assert tokens.tokenizer is tokens.tokenizer
    assert [tokens.text(number) for number in (0, 1, 5)] == ["to be", "", "\ufffd\0 that"]
    with pytest.raises(UnicodeDecodeError):
        tokens.text(5, errors="strict")
    assert repr(tokens) == f"Tokens({str(tokens.folder)!r}, 'train': 7 documents, {tokens.total:,} ids)"
    validation = pairwright.open_tokens(tokens.folder, "validation")
    assert (len(validation), validation.text(-1)) == (1, "to be")
    with pytest.raises(ValueError, match="no split 'test'; the folder has 'train', 'validation'"):
        pairwright.open_tokens(tokens.folder, "test")


def test_no_array_can_be_written_to(tokens: pairwright.Tokens) -> None:
    arrays = [*tokens, tokens[0], tokens.window(0, 2), tokens.window(0, tokens.total), tokens.offsets]
    for array in arrays:
        assert not array.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0
    with pytest.raises(ValueError, match="WRITEABLE"):
        tokens[0].flags.writeable = True


def test_what_is_not_there_is_an_index_error(tokens: pairwright.Tokens) -> None:
    total = tokens.total
    for number in (7, -8, 10**20):
        with pytest.raises(IndexError, match=f"document {number:,} of 7"):
            tokens[number]
    for start, length in ((-1, 2), (0, total + 1), (total, 1), (total + 1, 0), (2, -1)):
        for use in (tokens.window, lambda start, length: tokens.windows([start], length)):
            with pytest.raises(IndexError, match=f"{length} ids from {start} on: there are the ids from 0 to {total}"):
                use(start, length)
    assert tokens.window(total, 0).tolist() == []
    with pytest.raises(TypeError):
        tokens[1.0]  # type: ignore[index]
    with pytest.raises(TypeError):
        tokens.window(1.0, 1)  # type: ignore[arg-type]
    assert tokens.window(np.uint64(1), np.uint8(2)).tolist() == tokens.window(1, 2).tolist()


@pytest.mark.parametrize("format", ["bin", "npy", "arrow"])
def test_nothing_is_copied_within_a_shard(tmp_path: Path, tokenizer: pairwright.Tokenizer, format: str) -> None:
    write_folder(tmp_path, tokenizer, {"train": [[b"to be", b"or not"], [b"to be"]]}, format=format)
    tokens = pairwright.open_tokens(tmp_path)
    first = len(tokens[0]) + len(tokens[1])
    # Whole shards, of which all the others are views.
    shard, other = tokens.window(0, first), tokens.window(first, len(tokens[2]))
    views = [tokens[0], tokens[1], tokens.window(1, 2), *itertools.islice(tokens, 2)]
    assert all(np.shares_memory(view, shard) for view in views)
    assert np.shares_memory(tokens[2], other)
    across = tokens.window(first - 1, 2)
    assert not np.shares_memory(across, shard)
    assert across.tolist() == [shard[-1], other[0]]


def test_ids_beyond_two_bytes_keep_their_size(tmp_path: Path, tokenizer: pairwright.Tokenizer) -> None:
    for format in FORMATS:
        write_folder(tmp_path, tokenizer, {"train": [[b"to be"]]}, format=format, dtype="uint32")
        assert pairwright.open_tokens(tmp_path)[0].dtype == np.uint32


def check(tokens: pairwright.Tokens, expected: list[list[int]]) -> bool:
    return [each.tolist() for each in tokens] == expected and tokens.tokenizer.vocab_size == 1000


def test_pickled_it_opens_the_folder_again(
    tokens: pairwright.Tokens, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expected = [each.tolist() for each in tokens]
    monkeypatch.chdir(tmp_path)
    relative = pairwright.open_tokens(".")
    monkeypatch.chdir("/")
    for each in (tokens, relative):
        content = pickle.dumps(each)
        assert len(content) < 1000
        assert check(pickle.loads(content), expected)


def in_child(target: Callable[..., object], *arguments: object, method: str) -> object:
    with multiprocessing.get_context(method).Pool(1) as pool:
        return pool.apply_async(target, arguments).get(60)


def test_a_spawned_process_reads_it(tmp_path: Path, tokenizer: pairwright.Tokenizer) -> None:
    write_folder(tmp_path, tokenizer, {"train": SHARDS})
    tokens = pairwright.open_tokens(tmp_path)
    assert in_child(check, tokens, [each.tolist() for each in tokens], method="spawn")


SHARED: list[pairwright.Tokens] = []


def check_shared(expected: list[list[int]]) -> bool:
    return check(SHARED[0], expected)


@needs_fork
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_reads_what_its_parent_has_opened(tokens: pairwright.Tokens) -> None:
    expected = [each.tolist() for each in tokens]
    SHARED[:] = [tokens]
    assert in_child(check_shared, expected, method="fork")


def test_threads_read_at_the_same_time(tokens: pairwright.Tokens) -> None:
    flat = list(itertools.chain.from_iterable(each.tolist() for each in tokens))
    fresh = pairwright.open_tokens(tokens.folder)

    def work(seed: int) -> bool:
        draw = random.Random(seed)
        starts = [draw.randrange(len(flat) - 3) for _ in range(100)]
        return all(fresh.window(start, 3).tolist() == flat[start : start + 3] for start in starts)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(16)))


def test_sizes_are_compared_when_a_folder_is_opened(tokens: pairwright.Tokens) -> None:
    files = [facts.name for shard in tokens.manifest.split("train").shards for facts in shard.files]
    for name in ("model.json", *files):
        path = tokens.folder / name
        content = path.read_bytes()
        path.write_bytes(content + b" ")
        with pytest.raises(pairwright.FormatError, match=f"{name}: has {len(content) + 1:,} bytes, and"):
            pairwright.open_tokens(tokens.folder)
        path.unlink()
        with pytest.raises(pairwright.FormatError, match=f"{name}: missing"):
            pairwright.open_tokens(tokens.folder)
        path.write_bytes(content)
    assert pairwright.open_tokens(tokens.folder).total == tokens.total


def test_another_tokenizer_is_not_taken(tokens: pairwright.Tokens) -> None:
    path = tokens.folder / "model.json"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"1", b"2", 1))
    with pytest.raises(pairwright.FormatError, match=r"model\.json: is not what was written"):
        _ = pairwright.open_tokens(tokens.folder).tokenizer


@pytest.mark.parametrize("format", ["npy", "parquet", "arrow", "jsonl"])
def test_a_damaged_shard_of_the_same_size_is_named(
    tmp_path: Path, tokenizer: pairwright.Tokenizer, format: str
) -> None:
    write_folder(tmp_path, tokenizer, {"train": [[b"to be"] * 50]}, format=format)
    path = tmp_path / f"train-00000.{format}"
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(pairwright.FormatError, match=f"train-00000.{format}"):
        pairwright.open_tokens(tmp_path)[0]


def test_a_column_of_something_else_is_named() -> None:
    def lists(name: str, rows: Sequence[object], type: object = None) -> Lists:
        return Lists(pyarrow.record_batch({name: pyarrow.array(rows, type)}), Path("file"))

    ids = pyarrow.list_(pyarrow.uint32())
    for name, rows, type in (
        ("text", [[1]], ids),
        ("tokens", ["a"], None),
        ("tokens", [["a"]], None),
        ("tokens", [None], ids),
    ):
        with pytest.raises(pairwright.FormatError, match=r"file: .* column 'tokens'"):
            lists(name, rows, type)
    small = lists("tokens", [[1], [], [2, 3]], ids)
    assert (small.values.tolist(), small.offsets.tolist()) == ([1, 2, 3], [0, 1, 1, 3])


@pytest.mark.parametrize("format", FORMATS)
def test_numbers_that_do_not_fit_the_manifest_are_named(
    tmp_path: Path, tokenizer: pairwright.Tokenizer, format: str
) -> None:
    manifest = write_folder(tmp_path, tokenizer, {"train": [[b"to be", b"or"]]}, format=format)
    (shard,) = manifest.splits[0].shards
    changes = {"99 in the manifest": replace(shard, tokens=99), "and 5 in the manifest": replace(shard, documents=5)}
    for message, changed in changes.items():
        replace(manifest, splits=(Split("train", (changed,)),)).save(tmp_path)
        with pytest.raises(pairwright.FormatError, match=message):
            pairwright.open_tokens(tmp_path)[0]


def test_too_many_shards_for_the_system_are_named(tmp_path: Path, tokenizer: pairwright.Tokenizer) -> None:
    write_folder(tmp_path, tokenizer, {"train": [[b"to be"]] * 60})
    before, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = len(list(Path("/dev/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + 50, hard))
    try:
        if mapped.MAPPED:  # Mapped files are not open files.
            assert sum(map(len, pairwright.open_tokens(tmp_path))) > 0
            return
        with pytest.raises(OSError, match="Too many open files") as raised:
            list(pairwright.open_tokens(tmp_path))
        assert "train-000" in raised.value.filename
        assert "ulimit -n" in raised.value.__notes__[0]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, hard))
