"""What it takes to send a tokenizer to another process: the size of its pickle, and the time to pack and to build it.

`python3 benches/pickles.py [ENCODING…]` prints a row for each published encoding, by default for three. Times are the
best of several. `first process` is that of a new process that unpickles and encodes one word, imports included.
"""

import argparse
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pairwright as pw
from pairwright import pickled

ROUNDS = 7

WORKER = """
import pickle, sys
import pairwright
from pathlib import Path
assert pickle.loads(Path(sys.argv[1]).read_bytes()).encode("hello")
"""

IMPORT = "import pickle, sys, pairwright; from pathlib import Path"


def best(work: Callable[[], object], prepare: Callable[[], object] = lambda: None) -> float:
    """The shortest of several times, in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        prepare()
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times) * 1000


def pack(tok: pw.Tokenizer) -> bytes:
    """Pack a copy, which keeps nothing."""
    return tok._with_metadata("{}")._packed()


def process(*arguments: str) -> Callable[[], object]:
    """Runs Python."""
    return lambda: subprocess.run([sys.executable, "-c", *arguments], check=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("encodings", nargs="*", default=["r50k_base", "cl100k_base", "o200k_base"])
    with TemporaryDirectory() as folder:
        path = Path(folder, "pickle")
        print("| encoding | pickle | packed | built | known again | first process | of which imports |")
        print("|---|---|---|---|---|---|---|")
        for name in parser.parse_args().encodings:
            tok = pw.get_encoding(name)
            content = pickle.dumps(tok)
            path.write_bytes(content)
            packed = best(partial(pack, tok))
            load = partial(pickle.loads, content)
            built = best(load, pickled.forget)
            assert load() == tok
            known = best(load)
            first, imports = best(process(WORKER, str(path))), best(process(IMPORT))
            print(
                f"| {name} | {len(content) / 1e6:.2f} MB | {packed:.0f} ms | {built:.1f} ms | {known:.2f} ms | "
                f"{first:.0f} ms | {imports:.0f} ms |"
            )


if __name__ == "__main__":
    main()
