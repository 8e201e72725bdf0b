"""Columns of Arrow in, token batches as Arrow out."""

import gc
import itertools
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings, strategies as st
from limits import within
from processes import run_python
from releases import Watched

import pairwright as pw
from pairwright import _core

TEXTS = ["to be, or not to be", "", "that is the question", "é日本語😉", "longer than the twelve bytes of a view"]
TOK = pw.train(TEXTS * 20, vocab_size=290)
EXPECTED = TOK.encode_batch(TEXTS)

STRINGS = [pa.string(), pa.large_string(), pa.string_view()]
BINARIES = [pa.binary(), pa.large_binary(), pa.binary_view()]
FLAT = [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()]

FORMS: dict[str, Callable[[Any], Any]] = {
    "array": lambda texts: pa.array(texts, pa.string()),
    "large": lambda texts: pa.array(texts, pa.large_string()),
    "view": lambda texts: pa.array(texts, pa.string_view()),
    "binary": lambda texts: pa.array(texts, pa.string()).cast(pa.binary()),
    "large binary": lambda texts: pa.array(texts, pa.large_string()).cast(pa.large_binary()),
    "binary view": lambda texts: pa.array([text.encode() for text in texts], pa.binary_view()),
    "dictionary": lambda texts: pa.array(texts, pa.string()).dictionary_encode(),
    "runs": lambda texts: pc.run_end_encode(pa.array(texts, pa.string())),
    "chunks": lambda texts: pa.chunked_array([texts[:2], [], texts[2:]], pa.string()),
    "batch": lambda texts: pa.record_batch({"text": pa.array(texts, pa.string())}),
    "table": lambda texts: pa.table({"text": pa.array(texts, pa.string())}),
    "reader": lambda texts: pa.table({"text": pa.array(texts, pa.string())}).to_reader(),
    "polars": lambda texts: pl.Series(texts, dtype=pl.String),
    "polars categorical": lambda texts: pl.Series(texts, dtype=pl.Categorical),
    "polars table": lambda texts: pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)}),
    "duckdb": lambda texts: duckdb.sql("SELECT unnest($texts::VARCHAR[]) AS text", params={"texts": texts}),
}


def cut(values: list[Any], bounds: list[int]) -> Iterator[list[Any]]:
    """The values in parts, some of which may be empty."""
    edges = [0, *sorted(min(bound, len(values)) for bound in bounds), len(values)]
    return (values[start:end] for start, end in itertools.pairwise(edges))


def inside(values: list[Any], before: int, build: Callable[[list[Any]], Any]) -> Any:
    """A slice of a longer array that has nulls around it."""
    around = [None] * before
    return build([*around, *values, None])[before : before + len(values)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("texts", [TEXTS, [], [""]], ids=["some", "none", "empty"])
def test_every_form_equals_the_list(form: str, texts: list[str]) -> None:
    build = FORMS[form]
    expected = TOK.encode_batch(texts)
    assert TOK.encode_batch(build(texts)) == expected
    assert TOK.count_batch(build(texts)).tolist() == [len(ids) for ids in expected]


@given(st.sampled_from([*STRINGS, *BINARIES]), st.lists(st.text()), st.lists(st.integers(0, 9), max_size=3), st.data())
def test_any_column_equals_the_list(kind: Any, texts: list[str], bounds: list[int], data: st.DataObject) -> None:
    values: list[Any] = texts
    if kind in BINARIES:
        values = [text.encode() + data.draw(st.binary(max_size=3)) for text in texts]
    forms = [lambda values: pa.array(values, kind)]
    if kind in FLAT:
        forms.append(lambda values: pa.array(values, kind).dictionary_encode())
        forms.append(lambda values: pc.run_end_encode(pa.array(values, kind)))
    build = data.draw(st.sampled_from(forms))
    chunks = [inside(part, data.draw(st.integers(0, 70)), build) for part in cut(values, bounds)]
    expected = TOK.encode_batch(values)
    assert TOK.encode_batch(pa.chunked_array(chunks)) == expected
    assert TOK.encode_batch(pa.table({"": pa.chunked_array(chunks)})) == expected
    whole = inside(values, data.draw(st.integers(0, 70)), build)
    assert TOK.encode_batch(whole) == expected
    assert TOK.encode_batch(pa.record_batch({"": whole})) == expected
    start = data.draw(st.integers(0, len(values)))
    assert TOK.encode_batch(whole[start:]).to_lists() == expected.to_lists()[start:]
    assert (
        TOK.encode_batch(pa.StructArray.from_arrays([whole], ["text"])[start:]).to_lists()
        == (expected.to_lists()[start:])
    )
    series: Any = pl.Series(values, dtype=pl.Binary if kind in BINARIES else pl.String)
    assert TOK.encode_batch(series[start:]).to_lists() == expected.to_lists()[start:]


@given(st.lists(st.none() | st.text(max_size=3), min_size=1), st.lists(st.integers(0, 9), max_size=3), st.data())
def test_the_first_null_is_named(texts: list[str | None], bounds: list[int], data: st.DataObject) -> None:
    chunks = [pa.array([None, *part], pa.string())[1:] for part in cut(texts, bounds)]
    if data.draw(st.booleans()):
        chunks = [chunk.dictionary_encode() for chunk in chunks]
    column = pa.chunked_array(chunks)
    if None not in texts:
        assert TOK.encode_batch(column) == TOK.encode_batch([text or "" for text in texts])
        return
    expected = f"row {texts.index(None)} is null, which is no text; fill or drop nulls first"
    for call in (TOK.encode_batch, TOK.count_batch, pw.count):
        with pytest.raises(ValueError, match=expected):
            call(column)
    with pytest.raises(ValueError, match=expected):
        TOK.encode_batch(pl.Series(texts, dtype=pl.String))


NULLS: dict[str, tuple[Any, int]] = {
    "first": (pa.array([None, "a"]), 0),
    "last": (pa.array(["a", "b", None]), 2),
    "in a slice": (pa.array(["a", None, "b", None])[2:], 1),
    "in the second chunk": (pa.chunked_array([["a", "b"], [], ["c", None]]), 3),
    "in a dictionary": (pa.DictionaryArray.from_arrays([0, 1, 0], ["a", None]), 1),
    "of a run": (pc.run_end_encode(pa.array(["a", "a", None, None])), 2),
    "of a table": (pa.StructArray.from_arrays([["a", "b"]], ["text"], mask=pa.array([False, True])), 1),
    "in a table": (pa.table({"text": ["a", None]}), 1),
    "of pandas": (pa.array(["a", None]).to_pandas(), 1),
    "of duckdb": (duckdb.sql("SELECT * FROM (VALUES ('a'), (NULL))"), 1),
}


@pytest.mark.parametrize("where", NULLS)
def test_a_null_is_refused(where: str) -> None:
    column, row = NULLS[where]
    with pytest.raises(ValueError, match=f"^row {row} is null"):
        TOK.encode_batch(column)


REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "numbers": (lambda: pa.array([1]), TypeError, "not of Int64; cast it to string first"),
    "lists": (lambda: pa.array([["a"]]), TypeError, r"not of List\(.*\); cast it to string first"),
    "nothing but nulls": (lambda: pa.nulls(3), TypeError, "not of Null; cast"),
    "a dictionary of numbers": (lambda: pa.array([1]).dictionary_encode(), TypeError, "not of Dictionary"),
    "a table of numbers": (lambda: pl.DataFrame({"a": [1.5]}), TypeError, "not of Float64"),
    "several columns": (
        lambda: pa.table({"a": ["x"], "b\n": ["y"]}),
        ValueError,
        r'^the table has 2 columns \("a", "b\\n"\); select the one of text$',
    ),
    "no columns": (lambda: pa.table({}), ValueError, "the table has no columns"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_text_is_refused(what: str) -> None:
    build, kind, message = REFUSED[what]
    for call in (TOK.encode_batch, TOK.count_batch, pw.count, pw.train):
        with pytest.raises(kind, match=message):
            call(build())


def failing() -> Any:
    """A stream that fails after one batch."""

    def batches() -> Iterator[Any]:
        yield pa.record_batch({"text": ["to be"]})
        raise KeyError("or not to be")

    return pa.RecordBatchReader.from_batches(pa.schema([("text", pa.string())]), batches())


def test_a_stream_that_fails_says_why() -> None:
    for call in (TOK.encode_batch, pw.count):
        with pytest.raises(RuntimeError, match=r"^the Arrow data cannot be read: (.|\n)*or not to be"):
            call(failing())


class Offers:
    """Something that offers whatever a test likes."""

    def __init__(self, give: Callable[[], Any], name: str = "__arrow_c_array__") -> None:
        setattr(self, name, give)

    def __iter__(self) -> Iterator[str]:
        return iter(TEXTS)


def always(value: Any) -> Callable[[], Any]:
    """A function that gives one value."""
    return lambda: value


def test_what_the_offer_raises_comes_through() -> None:
    def fail() -> None:
        raise KeyError("nothing there")

    for name in ("__arrow_c_array__", "__arrow_c_stream__"):
        for call in (TOK.encode_batch, pw.count):
            with pytest.raises(KeyError, match="nothing there"):
                call(Offers(fail, name))


def test_what_is_no_capsule_is_refused() -> None:
    array = pa.array(TEXTS)
    schema, data = array.__arrow_c_array__()
    for wrong in (None, schema, (1, 2), (data, schema)):
        with pytest.raises((TypeError, ValueError)):
            TOK.encode_batch(Offers(always(wrong)))
    for wrong in (None, schema, data):
        with pytest.raises((TypeError, ValueError)):
            TOK.encode_batch(Offers(always(wrong), "__arrow_c_stream__"))
    assert TOK.encode_batch(Offers(always((schema, data)))) == EXPECTED, "none of that took anything out"


def test_what_was_consumed_is_refused() -> None:
    array = pa.array(TEXTS).__arrow_c_array__()
    stream = pa.chunked_array([TEXTS]).__arrow_c_stream__()
    for offer in (Offers(always(array)), Offers(always(stream), "__arrow_c_stream__")):
        assert TOK.encode_batch(offer) == EXPECTED
        with pytest.raises(ValueError, match="was consumed before"):
            TOK.encode_batch(offer)


def test_an_iterable_that_lacks_a_library_for_arrow_is_iterated() -> None:
    def give() -> None:
        raise ImportError("needs a library")

    assert TOK.encode_batch(Offers(give, "__arrow_c_stream__")) == EXPECTED
    assert pw.train(Offers(give, "__arrow_c_stream__"), 260) == pw.train(TEXTS, 260)


def test_one_text_and_what_is_no_iterable_are_refused_as_before() -> None:
    with pytest.raises(TypeError, match="expected several texts, not one str"):
        TOK.encode_batch("to be")
    with pytest.raises(TypeError, match="not iterable"):
        TOK.encode_batch(5)  # type: ignore[arg-type]


def test_special_tokens_are_found_in_columns() -> None:
    tok = pw.train(TEXTS, 300, special_tokens=["<|end|>"])
    column = pa.array(["to be<|end|>", "<|end|>"])
    assert tok.encode_batch(column, allowed_special="all")[1].tolist() == [tok.special_tokens["<|end|>"]]
    with pytest.raises(ValueError, match="disallowed_special"):
        tok.encode_batch(column)
    assert tok.encode_batch(column, disallowed_special=()) == tok.encode_batch(
        column.to_pylist(), disallowed_special=()
    )


@pytest.mark.parametrize("form", FORMS)
def test_training_on_a_column_equals_training_on_the_list(form: str) -> None:
    expected = pw.train(iter(TEXTS), 280)
    trained = pw.train(FORMS[form](TEXTS), 280)
    assert trained == expected
    assert trained.metadata["corpus"] == expected.metadata["corpus"]
    assert pw.count(FORMS[form](TEXTS)) == pw.count(iter(TEXTS))


def test_an_empty_column_is_an_empty_corpus() -> None:
    for form in FORMS.values():
        with pytest.raises(ValueError, match="empty"):
            pw.train(form([]), 280)


def test_a_stream_is_counted_while_it_is_read() -> None:
    text = "to be or not to be that is the question " * 50_000
    number, most = 30, 0
    # What other tests left behind must not go in between.
    gc.collect()
    before = pa.total_allocated_bytes()

    def batches() -> Iterator[Any]:
        nonlocal most
        for _ in range(number):
            yield pa.record_batch({"text": [text]})
            most = max(most, pa.total_allocated_bytes() - before)

    schema = pa.schema([("text", pa.string())])
    counts = pw.count(pa.RecordBatchReader.from_batches(schema, batches()), pattern="gpt2")
    assert counts == pw.count([text], pattern="gpt2") * number
    assert most < number * len(text) / 2, "not all of it at once"
    gc.collect()
    assert pa.total_allocated_bytes() == before


def test_progress_and_stopping_work_with_columns() -> None:
    column = pa.chunked_array([["to be or not to be " * 100_000]] * 20)
    seen: list[int] = []

    def progress(event: pw.ProgressEvent) -> bool:
        seen.append(event.done)
        return False

    with pytest.raises(pw.StoppedError):
        pw.count(column, progress=progress)
    assert seen


OUTCOMES: dict[str, tuple[Callable[[], Any], bool]] = {
    "array": (lambda: pa.array(TEXTS), True),
    "chunks": (lambda: pa.chunked_array([TEXTS, [], TEXTS]), True),
    "polars": (lambda: pl.Series(TEXTS), True),
    "duckdb": (lambda: duckdb.sql("SELECT 'to be' AS text"), True),
    "null": (lambda: pa.array(["to be", None]), False),
    "null in the second chunk": (lambda: pa.chunked_array([["to be"], [None], ["never read"]]), False),
    "numbers": (lambda: pa.array([1]), False),
    "numbers in a stream": (lambda: pl.Series([1]), False),
    "several columns": (lambda: pa.table({"a": ["x"], "b": ["y"]}), False),
    "failing": (failing, False),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_all_is_released_exactly_once(outcome: str) -> None:
    build, succeeds = OUTCOMES[outcome]
    for call in (TOK.encode_batch, TOK.count_batch, pw.count):
        watched = Watched(build())
        try:
            call(watched)
        except (TypeError, ValueError, RuntimeError):
            assert not succeeds
        else:
            assert succeeds
        gc.collect()
        assert watched.released
        assert {times for _, times in watched.released} == {1}, watched.released


def test_no_memory_is_left_behind() -> None:
    gc.collect()
    before = pa.total_allocated_bytes()
    for _ in range(3):
        column = pa.array(["to be or not to be " * 1000] * 100)
        batch = TOK.encode_batch(column)
        exported = pa.array(batch)
        with pytest.raises(ValueError, match="row 100 is null"):
            TOK.encode_batch(pa.chunked_array([column, pa.array([None], pa.string())]))
        del column, batch, exported
    gc.collect()
    assert pa.total_allocated_bytes() == before


def test_columns_may_be_used_from_several_threads() -> None:
    texts = [text * (number % 30) for number, text in enumerate(TEXTS * 100)]
    expected = TOK.encode_batch(texts)
    columns = [pa.array(texts), pl.Series(texts), pa.chunked_array([texts[:100], texts[100:]]), texts] * 8

    def encode(column: Any) -> bool:
        batch = TOK.encode_batch(column)
        return batch == expected and bool(pa.array(batch).to_pylist() == expected.to_lists())

    with ThreadPoolExecutor(4) as pool:
        assert all(within(60, lambda: list(pool.map(encode, columns))))


def test_a_batch_survives_the_way_through_other_libraries() -> None:
    array = pa.array(EXPECTED)
    array.validate(full=True)
    assert array.type == pa.large_list(pa.uint32())
    assert array.to_pylist() == EXPECTED.to_lists()
    series: Any = pl.Series("ids", EXPECTED)
    assert series.dtype == pl.List(pl.UInt32)
    assert series.to_list() == EXPECTED.to_lists()
    assert pl.from_arrow(EXPECTED).to_list() == EXPECTED.to_lists()  # type: ignore[union-attr]
    table = pa.table({"ids": EXPECTED})
    assert [ids for (ids,) in duckdb.from_arrow(table).fetchall()] == EXPECTED.to_lists()
    again = pw.TokenBatch(array.values.to_numpy(), array.offsets.to_numpy())
    assert again == EXPECTED
    assert TOK.decode_batch(series) == TEXTS


def test_the_type_of_batches_is_known_without_one() -> None:
    assert pa.DataType._import_from_c_capsule(EXPECTED.__arrow_c_schema__()) == pa.large_list(pa.uint32())


def test_a_requested_type_may_be_passed_over() -> None:
    for type in (pa.list_(pa.int32()), pa.large_list(pa.uint32())):
        schema, array = EXPECTED.__arrow_c_array__(type.__arrow_c_schema__())
        assert pa.Array._import_from_c_capsule(schema, array).cast(type).to_pylist() == EXPECTED.to_lists()


def test_the_ids_are_shared_and_live_as_long_as_arrow_needs_them() -> None:
    batch = TOK.encode_batch(TEXTS)
    array = pa.array(batch)
    assert array.values.buffers()[1].address == batch.values.ctypes.data
    values = weakref.ref(batch.values)
    ids = batch.to_lists()
    del batch
    gc.collect()
    part = array[1:3]
    assert values() is not None
    assert array.to_pylist() == ids
    del array
    assert part.to_pylist() == ids[1:3]
    del part
    gc.collect()
    assert values() is None


def test_ids_that_nobody_looks_at_are_given_back() -> None:
    batch = TOK.encode_batch(TEXTS)
    values = weakref.ref(batch.values)
    capsules = batch.__arrow_c_array__()
    del batch
    gc.collect()
    assert values() is not None
    del capsules
    assert values() is None


def test_any_thread_may_be_the_last_to_look() -> None:
    batch = TOK.encode_batch(TEXTS)
    values = weakref.ref(batch.values)
    holds = [pl.Series("ids", batch)]
    del batch
    with ThreadPoolExecutor(1) as pool:
        pool.submit(holds.clear).result()
    gc.collect()
    assert values() is None


@given(st.lists(st.integers(0, 5)), st.integers(0, 3), st.integers(0, 3), st.integers(1, 3))
@settings(max_examples=50)
def test_batches_made_by_hand_are_arrow_too(lengths: list[int], before: int, behind: int, step: int) -> None:
    offsets = before + np.cumsum([0, *lengths], dtype=np.int64)
    values = np.arange((int(offsets[-1]) + behind) * step, dtype=np.uint32)[::step]
    batch = pw.TokenBatch(values, offsets)
    array = pa.array(batch)
    array.validate(full=True)
    assert array.to_pylist() == batch.to_lists()
    assert pl.Series(batch).to_list() == batch.to_lists()


def test_ids_in_odd_places_are_copied() -> None:
    content = np.arange(5, dtype=np.uint32).tobytes()
    values = np.frombuffer(b"\0" + content, np.uint32, offset=1)
    assert not values.flags.aligned
    offsets = np.frombuffer(b"\0" + np.array([0, 2, 5]).tobytes(), np.int64, offset=1)
    assert pa.array(pw.TokenBatch(values, offsets)).to_pylist() == [[0, 1], [2, 3, 4]]
    with pytest.raises(TypeError, match=r"values must be .* aligned and without gaps"):
        _core._batch_to_arrow(values, np.array([0, 2, 5]))
    with pytest.raises(TypeError, match=r"offsets must be .* aligned and without gaps"):
        _core._batch_to_arrow(np.arange(5, dtype=np.uint32), offsets)


def test_offsets_that_change_later_do_no_harm() -> None:
    offsets = np.array([0, 2, 5])
    array = pa.array(pw.TokenBatch(np.arange(5, dtype=np.uint32), offsets))
    offsets[:] = 1 << 40
    assert array.to_pylist() == [[0, 1], [2, 3, 4]]


IDS = np.arange(5, dtype=np.uint32)
WRONG: dict[str, tuple[Any, Any, type[Exception], str]] = {
    "too far": (IDS, np.array([0, 6]), ValueError, r"the texts of the batch have the ids 0\.\.6 of 5"),
    "negative": (IDS, np.array([-1, 5]), ValueError, r"have the ids -1\.\.5 of 5"),
    "backwards": (IDS, np.array([0, 3, 2]), ValueError, r"text 1 of the batch ends before it begins: 3\.\.2"),
    "no offsets": (IDS, np.array([], np.int64), ValueError, "offsets is empty; a batch of n texts has n \\+ 1"),
    "other ids": (IDS.astype(np.int64), np.array([0]), TypeError, "values must be a numpy array of uint32"),
    "other order": (IDS.astype(">u4"), np.array([0]), TypeError, "values must be a numpy array of uint32"),
    "list": ([1], np.array([0]), TypeError, "values must be a numpy array of uint32"),
    "matrix": (IDS[None], np.array([0]), TypeError, "values must be .* of one dimension"),
    "other offsets": (IDS, np.array([0], np.int32), TypeError, "offsets must be a numpy array of int64"),
}


@pytest.mark.parametrize("what", WRONG)
def test_arrays_that_are_no_batch_are_refused(what: str) -> None:
    values, offsets, kind, message = WRONG[what]
    with pytest.raises(kind, match=message):
        pw.TokenBatch(values, offsets).__arrow_c_array__()


def test_pyarrow_is_not_needed() -> None:
    run_python(
        """
        import polars as pl
        tok = pw.train(pl.Series(["to be or not to be"]), 260)
        batch = tok.encode_batch(pl.Series(["to be", "or not"]))
        assert batch == tok.encode_batch(["to be", "or not"])
        assert pl.Series(batch).to_list() == batch.to_lists()
        assert "pyarrow" not in sys.modules
        """
    )


def test_the_interpreter_may_end_while_arrow_has_ids_and_threads_encode() -> None:
    run_python(
        """
        import threading, time
        import pyarrow as pa, polars as pl
        tok = pw.train(["to be or not to be"], 260)
        columns = [pa.chunked_array([["to be or not to be " * 100] * 100] * 3), pl.Series(["to be"])]
        held = [pa.array(tok.encode_batch(columns[0])), pl.Series(tok.encode_batch(columns[1]))]

        def encode(column):
            while True:
                tok.encode_batch(column)

        for column in columns * 2:
            threading.Thread(target=encode, args=(column,), daemon=True).start()
        time.sleep(0.1)
        """
    )
