"""The comparison with other encoders: it runs, compares ids before it believes a figure, judges by the targets."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import corpora
import numpy as np
import passes
import pytest
import texts
import turns
import vocabularies
from cells import LATENCIES, SECTIONS, Cell, Cells, problems, tables
from encoders import ENCODERS, Vocabulary
from hypothesis import example, given, strategies as st
from turns import Answer, Bench, Group, ask, cell_of

import pairwright as pw

BENCHES = Path(__file__).resolve().parents[2] / "benches"
PEERS = ["tokenizers", "gigatoken", "fastokens", "snaptokens", "toktok", "quicktok", "splintr"]


def bench(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    # No data, and nothing that was fetched at another time.
    elsewhere = {"TIKTOKEN_CACHE_DIR": "", "XDG_CACHE_HOME": os.devnull}
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"} | elsewhere
    environment.pop("PAIRWRIGHT_DATA", None)
    command = [sys.executable, BENCHES / "encoding.py", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=200, check=False)


def cells_of(path: Path) -> tuple[dict[str, Any], dict[tuple[str, str], dict[str, Any]]]:
    """What a run recorded, and its cells by section and case."""
    summary = json.loads(path.read_text(encoding="utf-8"))
    return summary, {(cell["section"], cell["case"]): cell for cell in summary["cells"]}


def test_a_small_run_measures_and_records_every_table(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    done = bench("--smoke", "--contenders", "tiktoken", "--json", path)
    assert done.returncode == 0, done.stderr
    summary, cells = cells_of(path)
    assert {section for section, _ in cells} == {section.key for section in SECTIONS}
    assert [case for section, case in cells if section == "latency"] == [case for case, _ in LATENCIES.values()]
    assert summary["versions"] == {"pairwright": pw.__version__, "tiktoken": "0.14.0"}
    for (section, case), cell in cells.items():
        ours = cell["results"]["pairwright"]
        assert not ours["problem"]
        assert ours["median"] > 0 or section in ("memory", "peak", "peak_start")
        if section not in ("memory", "fresh", "count") and not cell["results"]["tiktoken"]["problem"]:
            assert cell["best_peer"] == "tiktoken", case
            peer = cell["results"]["tiktoken"]["median"]
            expected = peer / ours["median"] if section in ("latency", "long", "peak", "peak_start") else None
            assert cell["ratio"] == pytest.approx(expected or ours["median"] / peer)
    assert cells["warm", "smoke"]["results"]["pairwright"]["gives"] == "numpy"
    assert cells["first", "smoke"]["target"] == {"kind": "times", "value": 1.25}
    assert cells["count", "smoke"]["target"]["value"] == cells["warm", "smoke"]["results"]["pairwright"]["median"]
    recorded = path.read_text(encoding="utf-8")
    assert not [folder for folder in (Path.home(), BENCHES.parent, tmp_path) if str(folder) in recorded]


def test_a_small_run_beside_every_peer(tmp_path: Path) -> None:
    for package in (*PEERS, "matplotlib"):
        pytest.importorskip(package, reason=f"needs {package}, of requirements/bench.txt")
    path = tmp_path / "results.json"
    done = bench("--smoke", "--only", "batch", "latency", "--json", path, "--chart", tmp_path)
    assert done.returncode == 0, done.stderr
    summary, cells = cells_of(path)
    # These two cannot be given a vocabulary.
    inside = [name for name in ("toktok", "quicktok") if f"{name}: trained: has only" in " ".join(summary["problems"])]
    assert inside == ["toktok", "quicktok"]
    for section in ("first", "warm", "one", "short", "decode"):
        results = cells[section, "smoke"]["results"]
        assert set(results) == set(ENCODERS) - set(inside)
        assert not [result["problem"] for result in results.values() if result["problem"]]
    for section in ("warm", "first"):
        drawn = (tmp_path / f"encoding-{section}.svg").read_text(encoding="utf-8")
        # Matplotlib names each text in a comment beside its outlines.
        assert all(f"<!-- {name}" in drawn for name in cells[section, "smoke"]["results"])


def test_what_needs_data_is_named_without_it() -> None:
    done = bench("--contenders", "tiktoken", "--corpus", "english")
    assert done.returncode == 1
    for name in vocabularies.NAMES:
        assert f"Left out: {name}:" in done.stdout
    assert "nothing was run" in done.stderr


def test_a_published_vocabulary_gives_the_ids_of_tiktoken_in_every_peer(tmp_path: Path, data: Any) -> None:
    data("vocab/cl100k_base.tiktoken")
    vocabulary = vocabularies.published("cl100k_base", tmp_path)
    text = "Hello, world! Größe 12345 日本語 привет\n\n  def f(x):\n\treturn x's\r\n"
    expected = ENCODERS["tiktoken"](vocabulary, 1)().one.call(text).tolist()
    tried = 0
    for name, prepare in ENCODERS.items():
        if name in PEERS:
            try:
                encoder = prepare(vocabulary, 1)()
            except ImportError:
                continue
            tried += 1
        else:
            encoder = prepare(vocabulary, 1)()
        assert encoder.one.ids(encoder.one.call(text)).tolist() == expected, name
        assert encoder.batch.ids(encoder.batch.call([text, text])).tolist() == [*expected, *expected], name
        decoded = encoder.decode.call(expected if encoder.decode.gives == "list" else np.array(expected, np.uint32))
        assert (decoded.decode() if isinstance(decoded, bytes) else decoded) == text, name
    if not tried:
        pytest.skip("needs a peer of requirements/bench.txt")


# Ids are compared before figures are believed


@pytest.fixture
def small(tmp_path: Path) -> tuple[Bench, Group]:
    """A vocabulary, a corpus, and tiktoken's ids of it."""
    (path,) = corpora.smoke(tmp_path)
    vocabulary = vocabularies.trained(path, tmp_path)
    contest = Bench(["pairwright", "tiktoken"], 1, tmp_path, smoke=True)
    group = Group("file", vocabulary, "smoke", path=path, part=path)
    contest.prepare([group])
    return contest, group


def alter(contest: Bench, group: Group) -> None:
    """Make what is expected wrong in one place."""
    assert group.path
    expected = contest.folder / f"trained-{group.path.name}" / "one.npy"
    ids = np.load(expected)
    ids[7] += 1
    np.save(expected, ids)


def test_a_peer_whose_ids_differ_is_shown_and_never_the_best(small: tuple[Bench, Group]) -> None:
    contest, group = small
    contest.run(group)
    cell = Cell("file", "trained", "smoke")
    assert contest.cells.best_peer(cell) is not None
    alter(contest, group)
    contest.contenders = ["tiktoken"]
    contest.run(group)
    measured = contest.cells.at(cell, "tiktoken")
    assert measured.problem.startswith("ids differ at 7 of ")
    assert measured.median is not None
    assert contest.cells.best_peer(cell) is None
    assert contest.cells.record(cell)["ratio"] is None
    assert [line for line in problems(contest.cells.records()) if line.startswith("tiktoken: ids differ at 7")]


def test_pairwright_with_other_ids_than_tiktoken_ends_the_program(small: tuple[Bench, Group]) -> None:
    contest, group = small
    alter(contest, group)
    with pytest.raises(SystemExit, match="pairwright: trained, smoke: file: ids differ at 7 of"):
        contest.run(group)


def test_where_ids_part_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    passes.same("key", np.array([1, 2, 3]), np.array([1, 2, 3]))
    assert not capsys.readouterr().out
    passes.same("key", np.array([1, 2]), np.array([1, 2, 3]))
    assert json.loads(capsys.readouterr().out) == {"problem": "key", "text": "ids differ at 2 of 3: [], not [3]"}


def test_long_texts_are_compared_with_tiktoken_or_else_with_pairwright() -> None:
    def kept(**digests: str) -> dict[str, str]:
        contest = Bench(list(digests), 1, Path(), smoke=True)
        group = Group("long", Vocabulary("v", "", "", "", "", "", {}, published=False), "texts")
        for name, digest in digests.items():
            contest.keep(group, name, Answer({"10 KB of x": (1.0, digest)}))
        return {name: measured.problem for name, measured in contest.cells.of[Cell("long", "v", "10 KB of x")].items()}

    assert kept(pairwright="a", tiktoken="a", splintr="a") == {"pairwright": "", "tiktoken": "", "splintr": ""}
    assert kept(pairwright="a", tiktoken="a", splintr="b")["splintr"] == "ids differ from those of tiktoken"
    assert kept(pairwright="a", splintr="b")["splintr"] == "ids differ from those of pairwright"
    with pytest.raises(SystemExit, match="pairwright and tiktoken differ"):
        kept(pairwright="a", tiktoken="b")


# Processes that fail


def request(vocabulary: Vocabulary, **settings: Any) -> passes.Request:
    values: dict[str, Any] = {"job": "long", "encoder": "pairwright", "vocabulary": vars(vocabulary), "threads": 1}
    return passes.Request(**(values | settings))


def test_a_process_that_fails_or_hangs_says_at_what(small: tuple[Bench, Group]) -> None:
    _, group = small
    answer = ask(request(group.vocabulary, runs_of=(("10 KB of x", "x", 10_000),)), 60)
    assert list(answer.figures) == ["first_batch", "10 KB of x"]
    assert (answer.failure, answer.begun) == ("", "")
    # No process is there sooner.
    assert ask(request(group.vocabulary), 0.01).failure == "not done after 0.01 s"
    assert ask(request(group.vocabulary, encoder="none"), 60).failure == "exit status 1: KeyError: 'none'"


def test_what_comes_after_what_a_peer_hung_at_is_still_run(
    small: tuple[Bench, Group], monkeypatch: pytest.MonkeyPatch
) -> None:
    contest, group = small
    asked: list[list[str]] = []

    def hang(request: passes.Request, _patience: float) -> Answer:
        keys = [key for key, _, _ in request.runs_of]
        asked.append(keys)
        if request.encoder == "tiktoken" and "10 KB of spaces" in keys:
            return Answer({"10 KB of one letter": (1, "a")}, begun="10 KB of spaces", failure="not done after 20 s")
        return Answer(dict.fromkeys(keys, (1.0, "a")))

    monkeypatch.setattr(turns, "ask", hang)
    contest.run(Group("long", group.vocabulary, "texts"))
    everything, at_first, then = asked
    assert everything == at_first
    assert then == at_first[2:]
    hung = contest.cells.at(Cell("long", "trained", "10 KB of spaces"), "tiktoken")
    assert (hung.problem, hung.median) == ("not done after 20 s", None)
    assert contest.cells.value(Cell("long", "trained", "10 KB of newlines"), "tiktoken") == 1000


def test_only_what_a_process_did_not_say_before_it_failed_is_a_problem(tmp_path: Path) -> None:
    vocabulary = Vocabulary("v", "", "", "", "", "", {}, published=False)
    contest = Bench(["splintr"], 1, tmp_path, smoke=True)
    contest.keep(Group("batch", vocabulary, "c"), "splintr", Answer({"first": (9, "numpy")}, failure="exit status -11"))
    assert contest.cells.value(Cell("first", "v", "c"), "splintr") == 9
    assert contest.cells.at(Cell("warm", "v", "c"), "splintr").problem == "exit status -11"
    # Nothing of long texts was begun, or everything was done when it failed.
    long = Group("long", vocabulary, "texts")
    figures: dict[str, tuple[float, str]]
    for figures, problem in (({}, "exit status -11"), ({"10 KB of spaces": (1.0, "a")}, "")):
        contest.cells = Cells()
        contest.keep(long, "splintr", Answer(figures, failure="exit status -11"), ("10 KB of spaces",))
        (record,) = contest.cells.records()
        assert (record["case"], record["results"]["splintr"]["problem"]) == ("10 KB of spaces", problem)


def test_who_is_far_behind_has_one_turn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    speeds = {"pairwright": 1.0, "gigatoken": 100.0, "fastokens": 70.0, "splintr": 60.0, "tokenizers": 100.0}
    turns_of: list[str] = []

    def answer(request: passes.Request, _patience: float) -> Answer:
        turns_of.append(request.encoder)
        return Answer({"file": (speeds[request.encoder], "numpy")})

    monkeypatch.setattr(turns, "ask", answer)
    vocabulary = Vocabulary("v", "", "", "", "", "", {}, published=False)
    contest = Bench(list(speeds), 5, tmp_path, smoke=True)
    contest.run(Group("file", vocabulary, "smoke", path=tmp_path / "x", part=tmp_path / "y"))
    once = {"splintr": 1, "tokenizers": 1}
    assert {name: turns_of.count(name) for name in speeds} == dict.fromkeys(speeds, 5) | once


# Cells


def filled(**figures: dict[str, float]) -> Cells:
    """Cells of one vocabulary and case, by section."""
    cells = Cells()
    for section, values in figures.items():
        for name, value in values.items():
            cells.at(Cell(section.replace("_", "-"), "o200k_base", "english"), name).samples = [value]
    return cells


def test_the_best_peer_is_the_fastest_and_ratios_above_one_are_good() -> None:
    cells = filled(warm={"pairwright": 300, "gigatoken": 200, "splintr": 50})
    record = cells.record(Cell("warm", "o200k_base", "english"))
    assert (record["best_peer"], record["ratio"], record["met"]) == ("gigatoken", 1.5, True)
    cells = filled(warm={"pairwright": 200, "gigatoken": 200})
    assert cells.record(Cell("warm", "o200k_base", "english"))["met"] is False
    load = Cell("latency", "o200k_base", LATENCIES["load"][0])
    cells = Cells()
    for name, value in {"pairwright": 20.0, "splintr": 50.0, "gigatoken": 200.0}.items():
        cells.at(load, name).samples = [value, value * 3, value / 2]
    record = cells.record(load)
    assert (record["best_peer"], record["ratio"], record["target"]) == (
        "splintr",
        2.5,
        {"kind": "at most", "value": 56},
    )
    assert record["met"] is True
    assert cells.target(load._replace(vocabulary="cl100k_base")) is None


def test_two_threads_are_compared_with_one() -> None:
    cells = filled(warm={"pairwright": 100, "splintr": 50}, warm_2={"pairwright": 190, "splintr": 60})
    cells.derive()
    record = cells.record(Cell("scaling", "o200k_base", "english, warm"))
    assert record["results"]["pairwright"]["median"] == 1.9
    assert (record["best_peer"], record["target"], record["met"]) == (
        "splintr",
        {"kind": "at least", "value": 1.8},
        True,
    )


def test_what_long_texts_may_take_grows_with_them() -> None:
    cells = Cells()
    for case, value in {"100 KB of spaces": 1.9, "10,000 KB of spaces": 201.0}.items():
        cells.at(Cell("long", "o200k_base", case), "pairwright").samples = [value]
    short, long = cells.records()
    assert (short["target"]["value"], short["met"]) == (2, True)
    assert (long["target"]["value"], long["met"]) == (200, False)


def test_every_figure_of_a_process_has_a_table() -> None:
    keys = {section.key for section in SECTIONS}
    vocabulary = Vocabulary("v", "", "", "", "", "", {}, published=False)
    for job, key in (
        ("batch", "first"),
        ("batch", "first_batch"),
        ("file", "file"),
        ("long", "x"),
        ("memory", "fresh"),
    ):
        for threads in (1, 2):
            assert cell_of(Group(job, vocabulary, "english", threads), key)[0].section in keys
    assert cell_of(Group("batch", vocabulary, "english", 2), "warm")[0].section == "warm-2"


def test_tables_show_everyone_and_what_is_met() -> None:
    records = filled(warm={"pairwright": 300, "gigatoken": 200}, count={"pairwright": 299}).records()
    warm, count = tables(records, ["pairwright", "tiktoken", "gigatoken"])
    assert [str(column.header) for column in warm.columns][2:4] == ["pairwright", "gigatoken"]
    assert [list(column.cells) for column in warm.columns][-3:] == [["1.50"], ["1.25 ×"], ["yes"]]
    assert [list(column.cells) for column in count.columns][-2:] == [["≥ 300"], ["NO"]]


# Corpora


@given(text=st.text("aé中😀\n", max_size=40) | texts.any_text, size=st.integers(min_value=4, max_value=9))
@example(text="", size=4)
def test_texts_are_cut_between_characters(text: str, size: int) -> None:
    content = text.encode(errors="replace")
    cut = passes.parts(content, size)
    assert "".join(cut).encode() == content
    assert all(0 < len(part.encode()) <= size for part in cut)
    # No part could have taken the next character, too.
    assert all(len((part + after[0]).encode()) > size for part, after in itertools.pairwise(cut))


def test_a_start_ends_with_a_line(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    path.write_bytes(b"one\ntwo\nthree\n")
    assert corpora.start(path, 9, tmp_path).read_bytes() == b"one\ntwo\n"


def test_lines_that_are_mostly_not_ascii(tmp_path: Path, data: Any) -> None:
    data("handbook")
    corpus = corpora.load("nonascii", tmp_path)
    (path,) = corpus.paths
    assert corpus.bytes > 4_000_000
    for line in path.read_bytes().splitlines():
        assert sum(byte >= 128 for byte in line) * 2 >= len(line)


def test_one_thread_means_one_core() -> None:
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system cannot keep a process to a core")
    program = "import os, passes; passes.keep_to(1); print(len(os.sched_getaffinity(0)))"
    environment = os.environ | {"PYTHONPATH": str(BENCHES)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
