"""Runs what writes files, again and again, with one call failing each time; started by test_faults.py under the shim.

Every attempt is made in a child of its own. Afterwards the old or the new content has to be there, and the same work
done once more, without a fault, has to give what it gives undisturbed. Prints what was tried, as JSON; exits with 1 and
says what went wrong otherwise.
"""

import ctypes
import errno
import json
import os
import random
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pairwright as pw
from pairwright.tokens.folder import leftovers

KILLED, REFUSED, WRONG = 77, 10, 11

# States after a power cut that are looked at where not all are.
STATES = 4

# Seconds that an attempt of a tenth of a second may take on a machine that does much else.
LIMIT = 120

FAIL, FAIL_ON, SHORT, KILL, KILL_HALF = 1, 2, 3, 4, 5

# What may happen at a call: the shim's action, the number of the error, and whether it is a power cut.
FAULTS: dict[str, tuple[int, int, bool]] = {
    "a full disk": (FAIL_ON, errno.ENOSPC, False),
    "ENOSPC once": (FAIL, errno.ENOSPC, False),
    "EIO once": (FAIL, errno.EIO, False),
    "EIO from there on": (FAIL_ON, errno.EIO, False),
    "EINTR": (FAIL, errno.EINTR, False),
    "a short write": (SHORT, 0, False),
    "a kill": (KILL, 0, False),
    "a kill after half of a write": (KILL_HALF, 0, False),
    "a power cut": (KILL, 0, True),
    "a power cut after half of a write": (KILL_HALF, 0, True),
}

Content = dict[str, bytes]

shim = ctypes.CDLL(os.environ["PAIRWRIGHT_SHIM"])
shim.faults_arm.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.c_int]
shim.faults_disarm.restype = ctypes.c_long


@dataclass(frozen=True)
class Work:
    """Something that writes below a folder. `prepare` puts there what was before."""

    name: str
    run: Callable[[Path], object]
    prepare: Callable[[Path], object] = lambda _: None
    is_atomic: bool = True
    """Whether what is there may only be as before or as after."""


# What there is to do.

TEXTS = [" ".join(random.Random(seed).choices(["some", "more", "words", "é", "12"], k=60)) for seed in range(40)]
OLD = pw.train(TEXTS, 262, special_tokens=["<|end|>"])
NEW = pw.train(TEXTS, 270, special_tokens=["<|end|>"])


def works(inputs: Path) -> Iterator[Work]:
    """All of it."""
    lines = inputs / "lines.txt"
    lines.write_text("\n".join(TEXTS), encoding="utf-8")
    corpus = pw.Corpus(lines, lines=True)
    old, new = pw.count(TEXTS[:5]), pw.count(TEXTS)
    yield Work("model", lambda at: NEW.save(at / "a.json"), lambda at: OLD.save(at / "a.json"))
    yield Work("counts", lambda at: new.save(at / "a.counts"), lambda at: old.save(at / "a.counts"))
    for name in ("a.npy", "a.parquet"):
        yield Work(name, partial(into_file, corpus, name), partial(old_file, name))
    options: dict[str, Any] = {"shard_tokens": 400, "validation": 0.3, "append": "<|end|>"}
    for format in ("bin", "npy", "parquet", "arrow", "jsonl"):
        yield Work(f"folder of {format}", partial(into_folder, corpus, {**options, "format": format}), is_atomic=False)
    yield Work(
        "restart",
        partial(into_folder, corpus, {**options, "restart": True}),
        lambda at: pw.encode_corpus(OLD, corpus, at / "out", format="npy", shard_tokens=300),
        is_atomic=False,
    )
    yield Work("spill", lambda at: spill(at, new), is_atomic=False)
    # What the checks are to find.
    yield Work("written in place", written_in_place, partial(old_file, "a"))
    yield Work("renamed unsynced", renamed_unsynced, partial(old_file, "a"))


def written_in_place(folder: Path) -> None:
    """Write a file that is there, and sync it: it may be seen half written."""
    with (folder / "a").open("wb") as file:
        file.write(b"new" * 9)
        file.flush()
        os.fsync(file.fileno())


def renamed_unsynced(folder: Path) -> None:
    """Replace a file as many programs do: never seen half written, but lost in a power cut."""
    (folder / ".a.part").write_bytes(b"new" * 9)
    (folder / ".a.part").rename(folder / "a")


def into_file(corpus: pw.Corpus, name: str, folder: Path) -> None:
    """Encode into one file."""
    pw.encode_to_file(NEW, corpus, folder / name)


def old_file(name: str, folder: Path) -> None:
    """What it replaces."""
    (folder / name).write_bytes(b"old")


def into_folder(corpus: pw.Corpus, options: dict[str, Any], folder: Path) -> None:
    """Encode into a folder of shards."""
    pw.encode_corpus(NEW, corpus, folder / "out", **options)


def spill(folder: Path, expected: pw.Counts) -> None:
    """Count with so little memory that most goes to disk."""
    counts = pw.count(iter(TEXTS), memory_limit=1, spill_folder=folder, threads=1)
    assert counts == expected


# What is on the disk.


def content(folder: Path) -> Content:
    """All files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def remember(folder: Path, shadow: Path) -> None:
    """Take what is there for safe on the disk, as the shim does."""
    for path in [folder, *folder.rglob("*")]:
        number = path.stat().st_ino
        if path.is_dir():
            names = "".join(f"{each.stat().st_ino} {each.name}\n" for each in path.iterdir())
            (shadow / f"names-{number}").write_text(names)
        else:
            (shadow / f"data-{number}").write_bytes(path.read_bytes())


def cuts(folder: Path, shadow: Path, to: Path, most: int = 0) -> Iterator[str]:
    """What a power cut may leave: each, one after the other, is put into the place of `to`. So many of them at most."""
    safe: dict[tuple[int, str], int] = {}
    now: dict[tuple[int, str], int] = {}
    paths = {path.stat().st_ino: path for path in [folder, *folder.rglob("*")]}
    for number, path in paths.items():
        if path.is_dir():
            listed = shadow / f"names-{number}"
            lines = listed.read_text().splitlines() if listed.exists() else []
            for line in lines:
                child, _, name = line.partition(" ")
                safe[number, name] = int(child)
            now |= {(number, each.name): each.stat().st_ino for each in path.iterdir()}
    changed = sorted(key for key in {*safe, *now} if safe.get(key) != now.get(key))
    names = {"no name that was not synced": safe, "every name": now}
    for key in changed if len(changed) > 1 else []:
        names[f"only the change of {key[1]}"] = apply(safe, now, [key])
        names[f"every change but that of {key[1]}"] = apply(now, safe, [key])
    states = [
        (told, entries, way)
        for told, entries in names.items()
        for way in (("nothing", "half", "zeros") if entries is not safe else ("nothing",))
    ]
    if most and len(states) > most:
        states = random.Random(len(states)).sample(states, most)
    for told, entries, way in states:
        shutil.rmtree(to, ignore_errors=True)
        build(folder.stat().st_ino, entries, paths, shadow, way, to)
        yield f"{told}, {way} of what was not synced"


def apply(base: dict[Any, int], change: dict[Any, int], keys: list[Any]) -> dict[Any, int]:
    """Some names with a few as they are in the other state."""
    made = dict(base)
    for key in keys:
        made.pop(key, None)
        if key in change:
            made[key] = change[key]
    return made


def build(
    number: int, entries: dict[tuple[int, str], int], paths: dict[int, Path], shadow: Path, way: str, to: Path
) -> None:
    """A folder with these names in it."""
    to.mkdir()
    for (parent, name), child in entries.items():
        if parent != number:
            continue
        path = paths.get(child)
        if path is not None and path.is_dir():
            build(child, entries, paths, shadow, way, to / name)
            continue
        data = shadow / f"data-{child}"
        if data.exists():
            written = data.read_bytes()
        else:
            whole = path.read_bytes() if path is not None else b""
            written = {"nothing": b"", "half": whole[: len(whole) // 2], "zeros": bytes(len(whole))}[way]
        (to / name).write_bytes(written)


# Attempts.


def in_child(work: Callable[[], int]) -> int:
    """The exit status of a child that does this."""
    child = os.fork()
    if child == 0:
        status = WRONG
        try:
            # Ends one that hangs.
            signal.alarm(LIMIT)
            status = work()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def attempt(work: Work, folder: Path, shadow: Path, number: int, fault: str, calls: Path) -> int:
    """Do the work with a fault at a call; notes how many calls there were. The exit status."""
    action, error, _ = FAULTS[fault]

    def tried() -> int:
        shim.faults_arm(os.fsencode(folder), os.fsencode(shadow), number, action, error)
        try:
            work.run(folder)
            return 0
        except OSError:
            return REFUSED
        finally:
            calls.write_text(str(shim.faults_disarm()))

    return in_child(tried)


@dataclass
class Trial:
    """One kind of work: what it gives undisturbed, and what was there before."""

    work: Work
    place: Path

    def __post_init__(self) -> None:
        self.folder, self.shadow, self.calls = self.place / "at", self.place / "shadow", self.place / "calls"
        self.before = self._fresh()
        remember(self.folder, self.shadow)
        assert attempt(self.work, self.folder, self.shadow, 0, "a kill", self.calls) == 0, self.work.name
        self.steps = int(self.calls.read_text())
        self.after = content(self.folder)
        # What is done is safe.
        for state in cuts(self.folder, self.shadow, self.place / "cut"):
            found = content(self.place / "cut")
            if found != self.after:
                raise AssertionError(f"{self.work.name}, done, then {state}: {differences(found, self.after)}")

    def _fresh(self) -> Content:
        for path in (self.folder, self.shadow):
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir()
        # A child, so that the parent never has threads.
        assert in_child(self._prepare) == 0
        return content(self.folder)

    def _prepare(self) -> int:
        self.work.prepare(self.folder)
        return 0

    def fail_at(self, number: int, fault: str, most: int) -> int:
        """Have the call with a number fail. The number of states that were looked at, of a power cut `most` at most."""
        self._fresh()
        remember(self.folder, self.shadow)
        status = attempt(self.work, self.folder, self.shadow, number, fault, self.calls)
        told = f"{self.work.name}: {fault} at call {number} of {self.steps}"
        if status not in (0, REFUSED, KILLED):
            raise AssertionError(f"{told}: ended with {status}")
        if not FAULTS[fault][2]:
            self._check(self.folder, told, status, fault)
            return 1
        states = 0
        for state in cuts(self.folder, self.shadow, self.place / "cut", most):
            self._check(self.place / "cut", f"{told}, {state}", status, fault)
            states += 1
        return states

    def _check(self, folder: Path, told: str, status: int, fault: str) -> None:
        found = content(folder)
        if status == 0 and found != self.after:
            raise AssertionError(f"{told}: done, but not what was to be done: {differences(found, self.after)}")
        if self.work.is_atomic:
            kept = {name: data for name, data in found.items() if not Path(name).name.startswith(".")}
            if kept not in (self.before, self.after):
                raise AssertionError(f"{told}: neither old nor new: {differences(kept, self.before)}")
        if fault == "a full disk" and any(Path(name).name.startswith(".") for name in found):
            raise AssertionError(f"{told}: leaves {[name for name in found if Path(name).name.startswith('.')]}")

        def again() -> int:
            out = folder / "out"
            if (out / "manifest.json").exists():
                problems = [each for each in pw.verify_tokens(out) if "left behind" not in each]
                # A restart that was interrupted may have begun to write into the folder of the one before.
                assert not problems, f"{told}: {problems}"
            self.work.run(folder)
            made = {name: data for name, data in content(folder).items() if self.is_of_work(folder / name)}
            assert made == self.after, f"{told}: done again: {differences(made, self.after)}"
            return 0

        if in_child(again) != 0:
            raise AssertionError(f"{told}: cannot be done again")

    def is_of_work(self, path: Path) -> bool:
        """Whether a file is none that a file written at once has left, in a folder that nothing tidies."""
        return not (self.work.is_atomic and path in {*leftovers(path.parent), *path.parent.glob(".*.part")})


def differences(found: Content, wanted: Content) -> str:
    """What is not the same."""
    names = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
    return ", ".join(f"{name} ({len(found.get(name, b''))} and {len(wanted.get(name, b''))} bytes)" for name in names)


def main(place: Path, wanted: str, most: int) -> None:
    """Try the work of this name: with every fault at every call, or with so many of these at most, drawn by chance."""
    (place / "in").mkdir()
    (work,) = (each for each in works(place / "in") if each.name == wanted)
    trial = Trial(work, place)
    tries = [(number, fault) for number in range(1, trial.steps + 1) for fault in FAULTS]
    if most and len(tries) > most:
        tries = random.Random(0).sample(tries, most)
    states = sum(trial.fail_at(number, fault, STATES if most else 0) for number, fault in tries)
    json.dump({"work": wanted, "calls": trial.steps, "tries": len(tries), "states": states}, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
