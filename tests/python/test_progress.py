"""Events of training, stopping it, and what they say of speed and time left."""

import io
import json
import random
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import pairwright as pw
from pairwright.bar import Bar, ByteBar, in_time
from pairwright.cli.progress import InputBar
from pairwright.pace import Pace

TEXT = "to be or not to be, that is the question\n" * 1000

SPECIAL = ["<end>", "<pad>"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture(scope="module")
def slow_text() -> str:
    """Words that hardly ever repeat, on which merging takes a while."""
    letters = bytes(b"abcdefghijklmnopqrstuvwxyz      "[byte % 32] for byte in range(256))
    return random.Random(3).randbytes(4_000_000).translate(letters).decode()


def stop_in(phase: str, seen: list[pw.ProgressEvent]) -> Callable[[pw.ProgressEvent], bool]:
    """A callback that asks to stop at the first event of a phase."""

    def receive(event: pw.ProgressEvent) -> bool:
        seen.append(event)
        return event.phase != phase

    return receive


def merges_of(model: pw.Tokenizer) -> int:
    return len(model.merges)


# What events tell


def test_events_tell_the_whole_way(file: Path) -> None:
    events: list[pw.ProgressEvent] = []
    tok = pw.train([file, file], 276, progress=events.append)
    counting = [event for event in events if event.phase == "count"]
    merging = [event for event in events if event.phase == "merge"]
    assert events == counting + merging
    for phase in (counting, merging):
        done = [event.done for event in phase]
        assert done == sorted(done)
        elapsed = [event.elapsed for event in phase]
        assert elapsed == sorted(elapsed)
        assert phase[-1].remaining == 0
        assert phase[-1].rate > 0
    assert {event.total for event in counting} == {2 * len(TEXT)}
    assert counting[-1].done == 2 * len(TEXT)
    assert all((event.pair, event.token, event.count) == (None, None, 0) for event in counting)
    first, last = merging[0], merging[-1]
    assert (first.done, first.pair, first.token, first.count, first.remaining) == (0, None, None, 0, None)
    assert {event.total for event in merging} == {20}
    assert last.done == 20
    assert last.pair == tok.merges[-1]
    assert last.token == b"".join(tok.merges[-1])
    assert last.count > 0


def test_the_count_is_that_of_the_pair() -> None:
    events: list[pw.ProgressEvent] = []
    pw.train(["ab ab ab cb"], 257, progress=events.append)
    assert (events[-1].pair, events[-1].count) == ((b"a", b"b"), 3)


def test_bytes_of_texts_add_up_over_batches() -> None:
    events: list[pw.ProgressEvent] = []
    # The core takes in texts of about 8 MB at a time.
    texts = [TEXT * 100] * 5
    counts = pw.count(iter(texts), progress=events.append)
    assert counts == pw.count([TEXT * 500])
    done = [event.done for event in events]
    assert done == sorted(done)
    assert done[-1] == 5 * len(texts[0])
    assert 3 * len(texts[0]) in done
    # Nobody knows how many more come.
    assert {(event.phase, event.total, event.remaining) for event in events} == {("count", 0, None)}


def test_a_file_that_grows_has_no_total(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pairwright.corpus.Corpus.size", lambda _: 10)
    events: list[pw.ProgressEvent] = []
    pw.count(file, progress=events.append)
    assert (events[-1].done, events[-1].total, events[-1].remaining) == (len(TEXT), 0, None)


# Stopping


@pytest.mark.parametrize("answer", [None, True, 0, "", [], "False"])
def test_only_false_itself_stops(answer: object, file: Path) -> None:
    tok = pw.train(file, 276, progress=lambda _: answer)
    assert tok == pw.train(file, 276)
    assert "stopped" not in tok.metadata


@pytest.mark.parametrize("special_ids", ["first", "last"])
@pytest.mark.parametrize("phase", ["count", "merge"])
def test_stopping_at_the_first_event_gives_a_model_without_merges(phase: str, special_ids: Any, file: Path) -> None:
    seen: list[pw.ProgressEvent] = []
    tok = pw.train(file, 276, special_tokens=SPECIAL, special_ids=special_ids, progress=stop_in(phase, seen))
    assert [event.phase == phase for event in seen].index(True) == len(seen) - 1
    assert tok.vocab == {bytes([byte]): byte for byte in range(256)}
    assert tok.special_tokens == {"<end>": 256, "<pad>": 257}
    assert (tok.merges, tok.vocab_size) == ([], 258)
    assert tok.metadata["stopped"] == {"phase": phase, "learned": 0, "asked": 18}
    assert bool(tok.metadata["corpus"]) == (phase == "merge")
    text = "to be\n"
    assert tok.encode(text + "<end>", allowed_special="all") == [*text.encode(), 256]


def test_stopping_later_gives_the_first_merges(slow_text: str, tmp_path: Path) -> None:
    """No `FewerMergesWarning` either, which would be an error here."""
    done: list[int] = []

    def stop_after_a_few(event: pw.ProgressEvent) -> object:
        if event.done and event.phase == "merge":
            done.append(event.done)
            # After that long the next event is due at once, however fast merging is.
            time.sleep(0.06)
            return len(done) < 4
        return None

    asked = 50_000
    tok = pw.train([slow_text], 256 + asked + 2, special_tokens=SPECIAL, progress=stop_after_a_few)
    learned = tok.metadata["stopped"]["learned"]
    # Stopped in the midst of a merge, training completes it.
    assert done[-1] <= learned <= done[-1] + 1
    assert 0 < learned < asked
    assert tok.metadata["stopped"] == {"phase": "merge", "learned": learned, "asked": asked}
    assert tok.vocab_size == 256 + learned + 2
    same = pw.train([slow_text], tok.vocab_size, special_tokens=SPECIAL)
    assert tok == same
    assert tok.merges == same.merges
    assert tok.special_tokens == {"<end>": 256 + learned, "<pad>": 257 + learned}
    tok.save(tmp_path / "model.json")
    loaded = pw.Tokenizer.load(tmp_path / "model.json")
    assert loaded == tok
    assert loaded.metadata == tok.metadata


@pytest.mark.parametrize("phase", ["count", "merge"])
def test_stopping_leaves_a_base_as_it_was(phase: str, file: Path) -> None:
    base = pw.train(file, 270, special_tokens=["<end>"])
    tok = pw.train(file, 300, base=base, special_tokens=["<new>"], progress=stop_in(phase, []))
    assert tok.vocab == base.vocab
    assert tok.merges == base.merges
    assert tok.special_tokens == {**base.special_tokens, "<new>": 270}
    assert tok.metadata["stopped"] == {"phase": phase, "learned": 0, "asked": 29}


@pytest.mark.parametrize("asked", [1, 20])
def test_stopping_when_all_is_done_stops_nothing(asked: int, file: Path) -> None:
    def stop_at_the_end(event: pw.ProgressEvent) -> bool:
        # After that long the next event is due at once: with one merge, that is not the one which is always sent last.
        time.sleep(0.06)
        return event.phase == "count" or event.done < event.total

    tok = pw.train(file, 256 + asked, progress=stop_at_the_end)
    assert merges_of(tok) == asked
    assert "stopped" not in tok.metadata


def test_running_out_of_pairs_is_no_stop() -> None:
    with pytest.warns(pw.FewerMergesWarning):
        tok = pw.train(["abc"], 300, progress=lambda event: not (event.phase == "merge" and event.done > 0))
    assert merges_of(tok) == 2
    assert "stopped" not in tok.metadata


def test_training_on_counts_can_be_stopped(file: Path) -> None:
    counts = pw.count(file, special_tokens=SPECIAL)
    tok = pw.train(counts, 276, progress=lambda _: False)
    assert tok.metadata["stopped"] == {"phase": "merge", "learned": 0, "asked": 18}


def test_half_counted_counts_are_an_error(file: Path) -> None:
    seen: list[pw.ProgressEvent] = []
    with pytest.raises(pw.StoppedError, match="stopped by the progress callback"):
        pw.count([file, file], progress=stop_in("count", seen))
    assert len(seen) == 1


def test_a_stop_inside_the_corpus_is_not_one_of_training(file: Path) -> None:
    def documents() -> Iterator[str]:
        yield "to be"
        pw.count(file, progress=lambda _: False)

    with pytest.raises(pw.StoppedError):
        pw.train(documents(), 276)


# Speed and time left


def test_a_steady_pace() -> None:
    pace = Pace()
    assert pace.at(0.0, 0, 1000) == (0.0, None)
    for tenth in range(1, 100):
        rate, remaining = pace.at(tenth / 10, tenth * 10, 1000)
        assert rate == pytest.approx(100)
        assert remaining == pytest.approx(10 - tenth / 10)
    assert pace.at(10.0, 1000, 1000) == (100.0, 0.0)


def test_a_rate_is_that_of_the_last_second() -> None:
    pace = Pace()
    for second in range(10):
        pace.at(second, second, 1000)
    rate, remaining = pace.at(10, 59, 1000)
    assert rate == 50
    assert remaining == pytest.approx((1000 - 59) / 50)
    # A long time without news, such as that of one large document.
    rate, _ = pace.at(20, 59, 1000)
    assert rate == 0
    assert pace.at(21, 80, 0) == (21, None)


@pytest.mark.parametrize("exponent", [0.2, 0.5, 1.0])
def test_work_that_eases_is_foreseen(exponent: float) -> None:
    """Where time is a power of what is done, the estimate is right from early on."""
    total, end = 100_000, 100.0
    pace = Pace(eases=True)
    assert pace.at(0.0, 0, total) == (0.0, None)
    for done in (100, 150, 200, 400, 800, 1600, 10_000, 50_000, 99_999):
        seconds = end * (done / total) ** exponent
        _, remaining = pace.at(seconds, done, total)
        if done >= 200:
            assert remaining == pytest.approx(end - seconds, rel=0.1), done


def test_estimates_are_never_negative_or_infinite(slow_text: str) -> None:
    events: list[pw.ProgressEvent] = []
    pw.train([slow_text], 30_000, progress=events.append)
    merging = [event for event in events if event.phase == "merge"]
    assert len(merging) >= 4
    known = [event.remaining for event in merging if event.remaining is not None]
    assert len(known) >= 2
    assert all(0 <= remaining < 1e6 for remaining in known)


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def replace_stderr(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A terminal of 80 columns in place of standard error. No fixture, because pytest renews that before each test."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    return screen


def lines(screen: Screen) -> list[str]:
    """What a screen shows at last, without colours and bars."""
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[━╸╺]", "", screen.getvalue())
    return [" ".join(line.split()) for line in re.split(r"[\r\n]+", shown) if line.strip()]


def test_the_bar_shows_speed_time_left_and_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = replace_stderr(monkeypatch)
    with Bar() as bar:
        bar.receive(pw.ProgressEvent("count", 250_000_000, 1_000_000_000, 2.0, 123_456_789.0, 61.2))
        bar.receive(pw.ProgressEvent("merge", 0, 32_000, 9.0))
        bar.receive(pw.ProgressEvent("merge", 16_000, 32_000, 9.5, 32_000.0, None, (b"[b", b"old]"), 7))
    assert lines(screen)[-2:] == ["counting 25% 123.5 MB/s 1:01 left", "merging 50% 32,000 merges/s '[bold]'"]


def test_the_bar_keeps_to_one_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = replace_stderr(monkeypatch)
    with Bar() as bar:
        bar.receive(pw.ProgressEvent("count", 10, 0, 2.0, 1e11, None))
        pair = (b"\x1b[2J" * 30, b"\n")
        bar.receive(pw.ProgressEvent("merge", 16_000, 32_000, 9.5, 1e7, 1e5, pair, 7))
    first, second = lines(screen)[-2:]
    assert first == "counting 0.0 MB 100,000.0 MB/s"
    # Escaped, and cut to the width of the screen.
    assert second == r"merging 50% 10,000,000 merges/s 27:46:40 left '\x1b[2J\x1b[2J…"


def test_what_is_printed_to_a_file_meanwhile_goes_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = replace_stderr(monkeypatch)

    def documents() -> Iterator[str]:
        # The first text is taken before the bar appears.
        yield "to be or not to be"
        sys.stdout.write("data\n")

    pw.train(documents(), 258, progress=True)
    assert capsys.readouterr().out == "data\n"
    assert "data" not in screen.getvalue()


def test_a_bar_that_never_appears_leaves_no_empty_line(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = replace_stderr(monkeypatch)
    monkeypatch.setenv("TERM", "dumb")
    with InputBar("encoding") as bar:
        bar.advance(10)
    assert screen.getvalue() == ""


def test_there_is_no_bar_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    for hidden in (False, True):
        with Bar(hidden=hidden) as bar:
            bar.receive(pw.ProgressEvent("count", 1, 2, 3.0))
    assert capsys.readouterr() == ("", "")


def test_bytes_are_shown_as_they_advance(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = replace_stderr(monkeypatch)
    work = ByteBar("fetching", 8_000_000)
    with work.bar:
        monkeypatch.setattr("pairwright.bar.monotonic", lambda: work._began + 2)
        work.advance(2_000_000)
    assert lines(screen)[-1] == "fetching 25% 1.0 MB/s 0:06 left"


def test_times_in_words() -> None:
    assert [in_time(seconds) for seconds in (0, 0.6, 59.7, 61, 3599.9, 3723)] == [
        "0:00",
        "0:01",
        "1:00",
        "1:01",
        "1:00:00",
        "1:02:03",
    ]


# Ctrl-C

CHILD = """
    import json, sys, time
    import pairwright as pw

    phase = sys.argv[1]

    def receive(event):
        if event.phase == phase and event.done > 0:
            print("now", flush=True)

    try:
        pw.train(sys.argv[2], 200_000, progress=receive)
    except KeyboardInterrupt:
        print(json.dumps(time.time()), flush=True)
"""


@pytest.mark.parametrize("phase", ["count", "merge"])
def test_ctrl_c_ends_training_soon(phase: str, slow_text: str, tmp_path: Path) -> None:
    """The promise is 0.2 s; a machine that is busy with other things gets a hundred times that."""
    corpus = tmp_path / "corpus.txt"
    # Ten times other words, so that both phases last for seconds.
    rotate = [str.maketrans(LETTERS, LETTERS[at:] + LETTERS[:at]) for at in range(10)]
    corpus.write_text("".join(slow_text.translate(table) for table in rotate))
    command = [sys.executable, "-c", textwrap.dedent(CHILD), phase, str(corpus)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=heed_ctrl_c) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == b"now\n"
            pressed = time.time()
            child.send_signal(signal.SIGINT)
            words = child.stdout.read().split()
            assert child.wait(60) == 0
        finally:
            child.kill()
    ended = json.loads(words[-1])
    assert ended - pressed < 20


LETTERS = "abcdefghijklmnopqrstuvwxyz"


def heed_ctrl_c() -> None:
    # A test run in the background has inherited that it is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
