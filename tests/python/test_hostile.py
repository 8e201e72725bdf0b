"""What is loaded may have been made to harm: it costs no more than it should, or is an error."""

import os
import subprocess
import sys
from pathlib import Path

import hostile
import pyarrow as pa
import pyarrow.parquet
import pytest
from processes import needs_proc, run_python

import pairwright as pw

MIB = 1 << 20


@pytest.mark.parametrize("case", hostile.CASES, ids=lambda case: f"{case.kind}: {case.what}")
def test_each_kind_of_hostile_input_ends_as_it_should(case: hostile.Case) -> None:
    result = hostile.run(case, case.smoke, 4 << 30)
    assert result.is_as_it_should_be, result.outcome
    # 70 times as much as the largest of them needs.
    assert result.seconds < 60
    assert result.memory < 300 * MIB


@needs_proc
@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_rows_that_share_a_text_are_not_all_written_out_at_once(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    # 2 GB of text in a file of some kilobytes, or of a megabyte.
    (hostile.parquet if name == "a.parquet" else hostile.arrow)(path, 2000 * hostile.MB)
    assert path.stat().st_size < 2 * hostile.MB
    counted = run_python(
        """
        before = used()
        def stop(event):
            return event.done < 600_000_000
        try:
            pw.count(pw.Corpus(sys.argv[1], text_column="text"), threads=1, progress=stop)
        except pw.StoppedError:
            pass
        print(used() - before)
        """,
        str(path),
        timeout=250,
    )
    # Twice what is written out at a time, and what pyarrow itself takes.
    assert int(counted) < 900 * MIB


def test_dictionaries_are_read_as_what_they_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few of their texts are written out at a time, with nulls and with texts that nobody refers to."""
    column = pa.DictionaryArray.from_arrays(
        pa.array([0, 2, 1, 2, None, 3, 4, 0] * 100), pa.array(["one", "two", "three " * 50, "", "not used"])
    )
    expected = [text for text in column.to_pylist() if text is not None]
    table = pa.table({"text": column})
    pa.parquet.write_table(table, tmp_path / "a.parquet")
    pa.parquet.write_table(pa.table({"text": pa.array(column.to_pylist())}), tmp_path / "b.parquet", row_group_size=77)
    with pa.ipc.new_file(tmp_path / "c.arrow", table.schema) as file:
        file.write_table(table)
    tok = pw.train(["one two three"], 258)
    for most in (1, 700, 1 << 28):
        monkeypatch.setattr("pairwright.corpus.columns.MOST_DECODED", most)
        for name in ("a.parquet", "b.parquet", "c.arrow"):
            corpus = pw.Corpus(tmp_path / name, text_column="text", on_error="skip")
            manifest = pw.encode_corpus(tok, corpus, tmp_path / f"{name}-{most}")
            assert len(manifest.skipped) == 100
            assert [text.decode() for text in pw.decode_tokens(tmp_path / f"{name}-{most}")] == expected


def test_a_long_special_token_costs_time_in_proportion_to_its_length() -> None:
    """It took hours."""
    name = "<" * MIB
    tok = pw.train(["a b a b"], 257, special_tokens=[name])
    assert tok.encode(name + "<<a", allowed_special="all") == [256, 60, 60, 97]
    assert tok.encode(name[1:] + "a", allowed_special="all") == [60] * (MIB - 1) + [97]


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("call", ["pw.count([text], pattern)", "tok.encode_ordinary(text)", "tok.encode_batch([text])"])
def test_a_pattern_that_takes_quadratic_time_can_be_interrupted(call: str) -> None:
    script = f"""
    import signal
    # The back-reference keeps it from running as an automaton.
    pattern = r"(?=(a*))\\1b|a"
    text = "a" * 1_000_000
    tok = pw.train(["ab ab"], 257, pattern)
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.alarm(1)
    try:
        {call}
    except KeyboardInterrupt:
        print("interrupted")
    """
    assert run_python(script, timeout=120) == "interrupted\n"


def test_text_that_spells_a_special_token_is_refused_unless_it_is_allowed() -> None:
    tok = pw.train(["a b a b"], 257, special_tokens=["<|end|>"])
    for call in (tok.encode, tok.encode_to_numpy, lambda text: tok.encode_batch([text])):
        with pytest.raises(ValueError, match="holds the special token"):
            call("a<|end|>")
    assert 256 not in tok.encode_ordinary("a<|end|>")
    assert 256 not in tok.encode("a<|end|>", disallowed_special=())
    assert 256 in tok.encode("a<|end|>", allowed_special={"<|end|>"})


def test_subinterpreters_are_refused_and_the_main_one_goes_on() -> None:
    script = """
try:
    import _xxsubinterpreters as interpreters
except ImportError:
    try:
        import _interpreters as interpreters
    except ImportError:
        print("none")
        raise SystemExit
def create():
    try:
        return interpreters.create(isolated=False)
    except TypeError:
        return interpreters.create("legacy")
code = '''
try:
    import pairwright
except ImportError as error:
    assert "sub-interpreter" in str(error) and "threads" in error.__notes__[0], error
    print("refused", flush=True)
'''
interpreters.run_string(create(), code)
import pairwright as pw
tok = pw.train(["a b a b"], 257)
interpreters.run_string(create(), code)
print(tok.encode("a"))
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True)
    if ended.stdout == "none\n":
        pytest.skip("this Python offers no sub-interpreters to its programs")
    assert ended.stdout == "refused\nrefused\n[97]\n"
