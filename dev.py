"""The commands of the project: `python3 dev.py demo`, `test`, `docs`, `sanitize`, `faults`, `bench`, `scale`.

Needs nothing but Python 3.11 or newer and a Rust toolchain: the first run makes a virtual environment in `.venv`, with
the packages pinned in `requirements/`, and builds pairwright into it.
"""

import os
import shutil
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


def output(*command: str) -> str:
    """What a command prints, without the end of its last line."""
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def build(*groups: str) -> None:
    """Make the environment, install what is pinned, build pairwright in release mode."""
    if not PYTHON.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    for group in ("test", *groups):
        requirements = ROOT / "requirements" / f"{group}.txt"
        stamp = ENVIRONMENT / f"{group}.stamp"
        if not stamp.exists() or stamp.read_bytes() != requirements.read_bytes():
            alone = ["--no-deps"] if group == "vocabularies" else []
            run(PYTHON, "-m", "pip", "install", "--quiet", *alone, "--require-hashes", "-r", requirements)
            stamp.write_bytes(requirements.read_bytes())
    run(SCRIPTS / "maturin", "develop", "--release", "--locked")


def demo() -> None:
    """Train on TinyShakespeare, save, encode, decode, show what was learned."""
    build()
    run(SCRIPTS / "pairwright", "train")


def test() -> None:
    """Every check and test."""
    build("vocabularies", "docs")
    run("cargo", "fmt", "--check")
    run("cargo", "clippy", "--locked", "--all-targets", "--", "-D", "warnings")
    run("cargo", "clippy", "--locked", "--all-targets", "--features", "python", "--", "-D", "warnings")
    run("cargo", "test", "--locked")
    run("cargo", "bench", "--locked", "--", "--test")
    run("cargo", "doc", "--locked", "--no-deps", "--document-private-items", RUSTDOCFLAGS="-D warnings")
    build_site()
    run(SCRIPTS / "ruff", "format", "--check")
    run(SCRIPTS / "ruff", "check")
    run(SCRIPTS / "mypy")
    run(PYTHON, "-m", "mypy.stubtest", "pairwright._core")
    run(PYTHON, "benches/compare.py", "--smoke")
    run(PYTHON, "benches/encoding.py", "--smoke", "--contenders", "tiktoken")
    run(PYTHON, "benches/scale.py", "--smoke")
    run(PYTHON, "benches/pipeline.py", "--smoke")
    run(PYTHON, "benches/windows.py", "--smoke")
    # On every core, each file of tests on one of them.
    run(PYTHON, "-m", "pytest", "-q", "-n", "auto", "--dist", "loadfile")


def docs() -> None:
    """Build the documentation site into site/."""
    build("docs")
    build_site()


def build_site() -> None:
    """The documentation: every page, and the API from docstrings. A warning fails."""
    # Not `--quiet`, which would let warnings pass. The theme would speak of the future of MkDocs on every run.
    run(SCRIPTS / "mkdocs", "build", "--strict", NO_MKDOCS_2_WARNING="1")


def faults() -> None:
    """Every fault at every call that writes, where the tests draw some of them: takes half an hour."""
    build()
    run(PYTHON, "-m", "pytest", "-q", "-n", "auto", "tests/python/test_faults.py", PAIRWRIGHT_FAULTS="all")


def sanitize() -> None:
    """Test the core and encoding under checkers of memory: AddressSanitizer, valgrind. Takes about 15 minutes."""
    build()
    lacks = [reason for check in (sanitize_core, sanitize_module, check_reads) if (reason := check())]
    for reason in lacks:
        print(f"left out: {reason}", file=sys.stderr)
    if len(lacks) == 3:
        sys.exit("failed: no checker of memory can run here")


# Stable toolchains bring the sanitizer along, but take the option for it only when told to be unstable.
SANITIZER = {"RUSTC_BOOTSTRAP": "1", "RUSTFLAGS": "-Zsanitizer=address"}
SANITIZED = ROOT / "target" / "sanitize"


def sanitize_core() -> str | None:
    """The Rust tests under AddressSanitizer: reads and writes out of bounds, after a free, and leaks."""
    target = output("rustc", "--print", "host-tuple")
    if not any(Path(output("rustc", "--print", "target-libdir")).glob("librustc*_rt.asan.*")):
        return f"all under AddressSanitizer: the Rust toolchain has none for {target}"
    run("cargo", "test", "--locked", "--target", target, "--target-dir", SANITIZED, "--lib", "--tests", **SANITIZER)
    return None


def sanitize_module() -> str | None:
    """The Python tests of encoding under AddressSanitizer, which Python itself is not built with."""
    target = output("rustc", "--print", "host-tuple")
    compiler = shutil.which("cc")
    runtime = Path(output(compiler, "-print-file-name=libasan.so")) if compiler else Path()
    if not (target.endswith("linux-gnu") and runtime.is_absolute()):
        return "the Python tests under AddressSanitizer: they need Linux and a C compiler `cc` with libasan.so"
    # A sanitizer must be loaded before all else, and so cannot be a part of a module that Python loads.
    flags = SANITIZER | {"RUSTFLAGS": SANITIZER["RUSTFLAGS"] + " -Zexternal-clangrt"}
    folder = SANITIZED / "module"
    cargo = ("--locked", "--target", target, "--target-dir", folder)
    run("cargo", "build", *cargo, "--lib", "--features", "python", **flags)
    package = folder / "python" / "pairwright"
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(ROOT / "python" / "pairwright", package, ignore=shutil.ignore_patterns("_core.*.so", "__pycache__"))
    shutil.copy(folder / target / "debug" / "libpairwright.so", package / "_core.abi3.so")
    preloaded = {
        "LD_PRELOAD": str(runtime),
        # What Python still holds at its end is no leak of ours.
        "ASAN_OPTIONS": "detect_leaks=0",
        "PYTHONPATH": str(package.parent),
        # Every object of Python gets memory of its own, so that a step beyond the end of a `str` is seen.
        "PYTHONMALLOC": "malloc",
    }
    run(
        PYTHON, "-c", f"import pairwright as p; assert p.__file__.startswith({str(package)!r}), p.__file__", **preloaded
    )
    folder = ROOT / "tests" / "python"
    others = ("test_arrow.py", "test_cache.py", "test_tokenizer.py")
    tests = [*sorted(folder.glob("test_encode*.py")), *(folder / name for name in others)]
    # Freed memory is kept for a while to see who still uses it: what a process takes means nothing here.
    run(PYTHON, "-m", "pytest", "-q", "-k", "not memory", *tests, **preloaded)
    return None


def check_reads() -> str | None:
    """Some of the Rust tests under valgrind, which sees decisions on memory that nobody wrote.

    It is slow, and offers the tests no AVX-512: they take what they use where there is none.
    """
    if not shutil.which("valgrind"):
        return "all under valgrind: it is not installed"
    target = output("rustc", "--print", "host-tuple").upper().replace("-", "_")
    runner = {f"CARGO_TARGET_{target}_RUNNER": "valgrind --quiet --error-exitcode=1 --fair-sched=yes"}
    parts = ("decode::", "encode::", "merges::", "special::", "split::scan::tests::any_", "tokenizer::", "vocab::")
    run("cargo", "test", "--locked", "--lib", "--", *parts, **runner)
    return None


def bench(only: str = "") -> None:
    """Train, encode, and make token files beside peers, or only `training`, `encoding` or `pipeline`; record it.

    The figures go to benches/results. All of it takes three quarters of an hour.
    """
    if only not in ("", "training", "encoding", "pipeline"):
        sys.exit(f"error: there is no comparison {only!r}: training, encoding or pipeline")
    build("bench")
    results = ROOT / "benches" / "results"
    if only in ("", "training"):
        run(PYTHON, "benches/training.py", "--json", results / "training.json", "--chart", results / "training.svg")
    if only in ("", "encoding"):
        run(PYTHON, "benches/encoding.py", "--json", results / "encoding.json", "--chart", results)
    if only in ("", "pipeline"):
        run(PYTHON, "benches/pipeline.py", "--json", results / "pipeline.json")
        run(PYTHON, "benches/windows.py", "--json", results / "windows.json")


def scale() -> None:
    """Train on corpora of up to 8 GB, make token files of 10 GB; record times and memory. Needs 30 GB of disk.

    The figures go to benches/results. It takes three quarters of an hour.
    """
    build()
    results = ROOT / "benches" / "results"
    run(PYTHON, "benches/scale.py", "--json", results / "scale.json")
    run(PYTHON, "benches/pipeline.py", "--memory", "--json", results / "pipeline-memory.json")


COMMANDS: dict[str, Callable[..., None]] = {
    "build": build,
    "demo": demo,
    "test": test,
    "docs": docs,
    "sanitize": sanitize,
    "faults": faults,
    "bench": bench,
    "scale": scale,
}


def main() -> None:
    """Run the command that was asked for."""
    if sys.version_info < (3, 11):  # noqa: UP036  this file is run by whatever Python is there
        sys.exit("error: pairwright needs Python 3.11 or newer; run this with one, e.g. python3.12 dev.py test")
    command, arguments = "".join(sys.argv[1:2]), sys.argv[2:]
    # Only `bench` takes a word more: what to compare.
    if command not in COMMANDS or len(arguments) > (command == "bench"):
        lines = [f"  {name:<8} {(command.__doc__ or '').splitlines()[0]}" for name, command in COMMANDS.items()]
        sys.exit("usage: python3 dev.py COMMAND\n\n" + "\n".join(lines))
    COMMANDS[command](*arguments)


if __name__ == "__main__":
    main()
