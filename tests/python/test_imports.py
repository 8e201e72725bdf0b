"""Imports from several threads: what a run needs is imported before its threads start, and errors tell their cause."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from command_line import call, isolate
from corpus_files import documents, lines_of, write
from processes import needs_fork, run_python

import pairwright as pw
from pairwright import libraries
from pairwright.tokens.manifest import FORMATS

DOCUMENTS = documents()


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: pw.Tokenizer) -> None:
    """An empty folder to work in, but for a model."""
    isolate(tmp_path, monkeypatch)
    tokenizer.save("model.json")


# Python tells of every import of a module that is not there yet.
ELSEWHERE = """
    import threading

    found = []

    def hear(event, arguments):
        if event == "import" and threading.current_thread() is not threading.main_thread():
            found.append((threading.current_thread().name, arguments[0]))

    sys.addaudithook(hear)
    tok = pw.Tokenizer.load("model.json")
"""


@pytest.mark.parametrize("format", FORMATS)
def test_no_thread_of_a_run_imports_anything(format: str) -> None:
    write(Path("in/1"), "file.txt", DOCUMENTS)
    write(Path("in/2"), "rows.parquet", DOCUMENTS)
    write(Path("in/3"), "rows.arrow", DOCUMENTS)
    Path("in/4.jsonl").write_bytes(lines_of(DOCUMENTS) + b"{}\n")
    write(Path("in/5"), "stream.feather", DOCUMENTS)
    script = f"""
    corpus = pw.Corpus("in", on_error="skip")
    manifest = pw.encode_corpus(tok, corpus, "out", format={format!r}, shard_tokens=500, validation=0.3)
    assert manifest.skipped and sum(split.documents for split in manifest.splits) == {5 * len(DOCUMENTS)}
    assert pw.verify_tokens("out") == [] and list(pw.decode_tokens("out"))
    assert not found, found
    """
    run_python(textwrap.dedent(ELSEWHERE) + textwrap.dedent(script))


def test_no_thread_that_reads_or_trains_imports_anything() -> None:
    write(Path("in"), "rows.parquet", [*DOCUMENTS, b"last"])
    write(Path("in"), "lines.txt", DOCUMENTS)
    Path("special.txt").write_text("<|pad|>")
    script = f"""
    assert len(list(pw.Corpus("in", lines=True))) == {2 * len(DOCUMENTS) + 1}
    pw.train("in", 300, memory_limit=1 << 20, progress=lambda event: None)
    for special in ("refuse", "text"):
        try:
            pw.encode_corpus(tok, "special.txt", "out-" + special, special=special)
        except pw.DocumentError:
            pass
    assert not found, found
    """
    run_python(textwrap.dedent(ELSEWHERE) + textwrap.dedent(script))


# Two threads, of which each needs a module that the other one is importing: while the first looks for a package, the
# second begins with a module of it.
CROSSED = """
    import importlib.abc, threading, time

    def use(name, begun):
        begun.wait(10)
        try:
            getattr(pw, name)
        except BaseException as error:
            failed.append(error)

    class Slow(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name == "pairwright.tokens.writers":
                second.set()
                time.sleep(1)
            return None

    failed = []
    now, second = threading.Event(), threading.Event()
    now.set()
    sys.meta_path.insert(0, Slow())
    uses = (("encode_corpus", now), ("verify_tokens", second))
    threads = [threading.Thread(target=use, args=each) for each in uses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert second.is_set() and not failed, failed
"""


def test_two_threads_may_be_the_first_to_use_the_package() -> None:
    run_python(CROSSED)


def broken(folder: Path, name: str, content: str) -> dict[str, str]:
    """An environment in which a library is what this is."""
    package = folder / "broken" / name
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(content)
    return {"PYTHONPATH": str(package.parent)}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("import nonesuch", "pyarrow is installed but cannot be imported: No module named 'nonesuch'"),
        ("raise ImportError('libarrow.so.2600: no such file')", "cannot be imported: libarrow.so.2600: no such file"),
        ("from pyarrow.lib import Array", "cannot be imported: No module named 'pyarrow.lib'"),
    ],
)
@pytest.mark.parametrize("format", ["bin", "parquet"])
def test_a_library_that_is_broken_is_not_called_missing(
    content: str, told: str, format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(Path("in"), "rows.parquet" if format == "bin" else "lines.txt", DOCUMENTS)
    environment = broken(tmp_path, "pyarrow", content)
    monkeypatch.setenv("PYTHONPATH", f"{environment['PYTHONPATH']}:{Path(pw.__file__).parent.parent}")
    command = [sys.executable, "-m", "pairwright", "encode", "model.json", "in", "--out", "out", "--format", format]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith("error: ")
    assert told in line
    # Nothing was begun.
    assert not Path("out").exists()


def test_a_library_that_is_missing_is_told_with_the_way_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    write(Path("in"), "lines.txt", DOCUMENTS)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ModuleNotFoundError) as caught:
        libraries.pyarrow()
    assert caught.value.__notes__ == [f"hint: {libraries.PYARROW}"]
    ended = call("encode", "model.json", "in", "--out", "out", "--format", "arrow")
    assert ended.code == 1
    assert ended.err.splitlines()[1] == f"hint: {libraries.PYARROW}"
    assert not Path("out").exists()


@needs_fork
@pytest.mark.parametrize("lock", ["pairwright._importing", "pairwright.libraries._importing"])
def test_a_child_imports_what_it_needs_though_it_was_forked_while_another_thread_imported(lock: str) -> None:
    run_python(
        """
        import os
        import threading
        import pairwright.libraries

        held, over = threading.Event(), threading.Event()

        def hold():
            with eval(sys.argv[1]):
                held.set()
                over.wait()

        threading.Thread(target=hold).start()
        held.wait()
        child = os.fork()
        if child == 0:
            pw.texts
            pairwright.libraries.load("json", note="")
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        over.set()
        assert status == 0
        """,
        lock,
    )
