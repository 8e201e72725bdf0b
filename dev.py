"""The commands of the project: `python3 dev.py demo`, `test`, `bench`, `scale`.

Needs nothing but Python 3.11 or newer and a Rust toolchain: the first run makes a virtual environment in `.venv`, with
the packages pinned in `requirements/`, and builds pairwright into it.
"""

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
WINDOWS = os.name == "nt"
SCRIPTS = ENVIRONMENT / ("Scripts" if WINDOWS else "bin")
PYTHON = SCRIPTS / ("python.exe" if WINDOWS else "python")


def run(*command: str | Path, **variables: str) -> None:
    """Run a command in the environment; end with its exit status if it fails."""
    shown = " ".join(str(word) for word in command)
    print(f"$ {shown}", file=sys.stderr, flush=True)
    path = os.pathsep.join([str(SCRIPTS), os.environ.get("PATH", "")])
    environment = os.environ | {"PATH": path, "VIRTUAL_ENV": str(ENVIRONMENT)} | variables
    environment.pop("PYTHONHOME", None)
    status = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if status != 0:
        sys.exit(f"failed with exit status {status}: {shown}")


def build(*groups: str) -> None:
    """Make the environment, install what is pinned, build pairwright in release mode."""
    if not PYTHON.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    for group in ("test", *groups):
        requirements = ROOT / "requirements" / f"{group}.txt"
        stamp = ENVIRONMENT / f"{group}.stamp"
        if not stamp.exists() or stamp.read_bytes() != requirements.read_bytes():
            run(PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", requirements)
            stamp.write_bytes(requirements.read_bytes())
    run(SCRIPTS / "maturin", "develop", "--release", "--locked")


def demo() -> None:
    """Train on TinyShakespeare, save, encode, decode, show what was learned."""
    build()
    run(SCRIPTS / "pairwright", "train")


def test() -> None:
    """Every check and test."""
    build()
    run("cargo", "fmt", "--check")
    run("cargo", "clippy", "--locked", "--all-targets", "--", "-D", "warnings")
    run("cargo", "clippy", "--locked", "--all-targets", "--features", "python", "--", "-D", "warnings")
    run("cargo", "test", "--locked")
    run("cargo", "bench", "--locked", "--", "--test")
    run("cargo", "doc", "--locked", "--no-deps", "--document-private-items", RUSTDOCFLAGS="-D warnings")
    run(SCRIPTS / "ruff", "format", "--check")
    run(SCRIPTS / "ruff", "check")
    run(SCRIPTS / "mypy")
    run(PYTHON, "-m", "mypy.stubtest", "pairwright._core")
    run(PYTHON, "benches/compare.py", "--smoke")
    run(PYTHON, "benches/scale.py", "--smoke")
    run(PYTHON, "-m", "pytest", "-q")


def bench() -> None:
    """Train beside peers; record times and memory in benches/results. Takes some minutes."""
    build("bench")
    results = ROOT / "benches" / "results"
    run(PYTHON, "benches/training.py", "--json", results / "training.json", "--chart", results / "training.svg")


def scale() -> None:
    """Train on corpora of up to 8 GB; record times and memory in benches/results. Needs 9 GB of disk."""
    build()
    run(PYTHON, "benches/scale.py", "--json", ROOT / "benches" / "results" / "scale.json")


COMMANDS: dict[str, Callable[[], None]] = {"build": build, "demo": demo, "test": test, "bench": bench, "scale": scale}


def main() -> None:
    """Run the command that was asked for."""
    if sys.version_info < (3, 11):  # noqa: UP036  this file is run by whatever Python is there
        sys.exit("error: pairwright needs Python 3.11 or newer; run this with one, e.g. python3.12 dev.py test")
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        lines = [f"  {name:<6} {command.__doc__}" for name, command in COMMANDS.items()]
        sys.exit("usage: python3 dev.py COMMAND\n\n" + "\n".join(lines))
    COMMANDS[sys.argv[1]]()


if __name__ == "__main__":
    main()
