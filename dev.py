"""The commands of the project, `python3 dev.py COMMAND`: test, load, docs, sanitize, faults, fuzz, bench, scale, demo.

Needs nothing but Python 3.11 or newer and a Rust toolchain: the first run makes a virtual environment in `.venv`, with
the packages pinned in `requirements/`, and builds pairwright into it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import venv
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
WINDOWS = os.name == "nt"
SCRIPTS = ENVIRONMENT / ("Scripts" if WINDOWS else "bin")
PYTHON = SCRIPTS / ("python.exe" if WINDOWS else "python")


def run(*command: str | Path, **variables: str) -> None:
    """Run a command in the environment; end with its exit status if it fails.

    Beside the main thread, its output is printed when it ends.
    """
    shown = " ".join(str(word) for word in command)
    path = os.pathsep.join([str(SCRIPTS), os.environ.get("PATH", "")])
    environment = os.environ | {"PATH": path, "VIRTUAL_ENV": str(ENVIRONMENT)} | variables
    environment.pop("PYTHONHOME", None)
    if threading.current_thread() is threading.main_thread():
        print(f"$ {shown}", file=sys.stderr, flush=True)
        ended = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    else:
        ended = subprocess.run(
            command, cwd=ROOT, env=environment, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        print(f"$ {shown}\n{ended.stdout.decode(errors='replace')}", end="", file=sys.stderr, flush=True)
    if ended.returncode != 0:
        sys.exit(f"failed with exit status {ended.returncode}: {shown}")


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
    # Each leaves cores idle: installing packages, linking, checking types.
    with ThreadPoolExecutor(1) as pool:
        checks = pool.submit(check_python)
        check_rust()
        checks.result()
    # On every core. The tests of a file stay together as long as no core runs out of work.
    run(PYTHON, "-m", "pytest", "-q", "-n", "auto", "--dist", "worksteal")


def check_rust() -> None:
    """Style, tests, models and documentation of the core."""
    run("cargo", "fmt", "--check")
    run("cargo", "clippy", "--locked", "--lib", "--", "-D", "warnings")
    run("cargo", "clippy", "--locked", "--all-targets", "--features", "python", "--", "-D", "warnings")
    run("cargo", "test", "--locked")
    models(orders=2, runs=1_000)
    # Each benchmark once, as built for the tests.
    run("cargo", "test", "--locked", "--benches")
    run("cargo", "doc", "--locked", "--no-deps", "--document-private-items", RUSTDOCFLAGS="-D warnings")


def check_python() -> None:
    """Build; packages, style and types of the Python layer, the documentation site, a short run of each benchmark."""
    build("vocabularies", "docs")
    check_packages()
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
    run(PYTHON, "benches/hostile.py", "--smoke")
    run(PYTHON, "benches/patterns.py", "--smoke")
    run(PYTHON, "benches/lab.py", "--smoke")
    run(PYTHON, "benches/languages.py", "--smoke")


def check_packages() -> None:
    """What we depend on fits together, has a licence that we may use, comes from where it should. Needs no network."""
    # That every Python package has a hash, `--require-hashes` has seen when it was installed.
    found = subprocess.run([PYTHON, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    # These are installed without the packages they depend on, for only their files are read.
    lines = (ROOT / "requirements" / "vocabularies.txt").read_text(encoding="utf-8").splitlines()
    alone = {line.partition("==")[0] for line in lines if "==" in line}
    broken = [line for line in found.stdout.splitlines() if line.partition(" ")[0] not in alone]
    if found.returncode != 0 and broken:
        sys.exit("failed: pip check\n" + "\n".join(broken))
    if shutil.which("cargo-deny"):
        run("cargo", "deny", "--offline", "check", "licenses", "bans", "sources")
    else:
        print("left out: cargo deny, which is not installed (cargo install cargo-deny)", file=sys.stderr)


def load(only: str = "") -> None:
    """Run the Python tests as on other machines: busy, slow, other locales, read-only, or only one of these.

    The conditions are `reversed`, `c`, `turkish`, `home`, `readonly`, `nosignal`, `onecore` and `busy`. All of it takes
    hours.
    """
    build("vocabularies")
    with tempfile.TemporaryDirectory() as folder:
        made = conditions(Path(folder))
        if only not in ("", *made):
            sys.exit(f"error: there is no condition {only!r}: {', '.join(made)}")
        failed = [name for name, condition in made.items() if only in ("", name) and not under(condition, name)]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


@dataclass(frozen=True)
class Condition:
    """What is different from a quiet machine."""

    variables: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[str] = ()
    before: Sequence[str] = ()
    """A command that runs the tests."""
    lacks: str | None = None
    """Why it cannot be made here."""
    busy: bool = False
    times: int = 1
    processes: str = "auto"
    """How many run the tests, each file of tests in one of them."""


def conditions(folder: Path) -> dict[str, Condition]:
    """By name, each with what it needs in a folder."""
    folder.chmod(0o755)
    home = folder / "home"
    home.mkdir()
    home.chmod(0o555)
    without_home = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "XDG_CONFIG_HOME": str(home / "config")}
    # The superuser may write anywhere: there nobody runs the tests, from a copy that nobody may write to.
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups") if is_root else ()
    lacks_nobody = None
    if is_root and not shutil.which("setpriv"):
        lacks_nobody = "the superuser may write anywhere, and there is no setpriv to be nobody"
    elif is_root and subprocess.run([*nobody, PYTHON, "-c", ""], capture_output=True, check=False).returncode != 0:
        lacks_nobody = f"the superuser may write anywhere, and nobody cannot run {PYTHON}"
    turkish = None
    if shutil.which("localedef"):
        made = [str(folder / "tr_TR.UTF-8")]
        command = ["localedef", "-i", "tr_TR", "-f", "UTF-8", *made]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            turkish = "localedef cannot make tr_TR.UTF-8"
    else:
        turkish = "it needs localedef"
    one_core = ("taskset", "-c", "0") if shutil.which("taskset") else ()
    return {
        # In one process, as all tests come after each other there.
        "reversed": Condition(options=("--reversed",), processes="0"),
        "c": Condition({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
        "turkish": Condition({"LOCPATH": str(folder), "LC_ALL": "tr_TR.UTF-8", "PYTHONUTF8": "0"}, lacks=turkish),
        "home": Condition(without_home, before=nobody, lacks=lacks_nobody),
        "readonly": Condition(options=("--sources", str(folder / "sources")), before=nobody, lacks=lacks_nobody),
        "nosignal": Condition(before=("sh", "-c", "trap '' INT HUP; exec \"$@\"", "sh")),
        "onecore": Condition(before=one_core, lacks=None if one_core else "it needs taskset", processes="0"),
        "busy": Condition(busy=True, times=3),
    }


def under(condition: Condition, name: str) -> bool:
    """Whether the tests pass. What each condition does not change is as in `test`."""
    if condition.lacks:
        print(f"left out: {name}: {condition.lacks}", file=sys.stderr)
        return True
    options, sources = list(condition.options), ROOT
    if "--sources" in options:
        sources = Path(options[options.index("--sources") + 1])
        options = []
        copy_sources(sources)
    options += ["-n", condition.processes, "--dist", "loadfile"]
    command = [*condition.before, str(PYTHON), "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    environment = os.environ | {"PYTHONPATH": str(sources / "python"), "PYTHONDONTWRITEBYTECODE": "1"}
    print(f"$ {' '.join(command)}  # {name}", file=sys.stderr, flush=True)
    others = (os.cpu_count() or 1) if condition.busy else 0
    work = [subprocess.Popen([PYTHON, "-c", "while True: pass"]) for _ in range(others)]
    try:
        passed = [
            subprocess.run(command, cwd=sources, env={**environment, **condition.variables}, check=False).returncode
            == 0
            for _ in range(condition.times)
        ]
    finally:
        for process in work:
            process.kill()
            process.wait()
    return all(passed)


def copy_sources(folder: Path) -> None:
    """All that the tests read, where nothing may be written."""
    left_out = shutil.ignore_patterns(".git", ".venv", "target", "site", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, folder, ignore=left_out)
    for path in folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o555)


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
    # The limit against hangs is for the few tries of the ordinary tests.
    tests = ("-n", "auto", "--timeout=7200", "tests/python/test_faults.py")
    run(PYTHON, "-m", "pytest", "-q", *tests, PAIRWRIGHT_FAULTS="all")


def sanitize() -> None:
    """Test the core and encoding under AddressSanitizer, ThreadSanitizer, valgrind, loom and shuttle: 20 minutes."""
    build()
    models(orders=4, runs=100_000)
    checks = (sanitize_core, sanitize_module, sanitize_threads, check_reads)
    lacks = [reason for check in checks if (reason := check())]
    for reason in lacks:
        print(f"left out: {reason}", file=sys.stderr)
    if len(lacks) == len(checks):
        sys.exit("failed: no checker of memory can run here")


def models(orders: int, runs: int) -> None:
    """What threads share, in every order of events with few changes of the thread, and in so many at random."""
    cargo = ("--locked", "--quiet", "--release", "--manifest-path", ROOT / "tests" / "models" / "Cargo.toml")
    folder = ("--target-dir", ROOT / "target" / "models")
    run("cargo", "run", *cargo, *folder, "--bin", "memory", LOOM_MAX_PREEMPTIONS=str(orders))
    variables = {"PAIRWRIGHT_MODEL_RUNS": str(runs), "SHUTTLE_SILENCE_WARNINGS": "1"}
    run("cargo", "run", *cargo, *folder, "--bin", "threads", **variables)


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
    # The sanitizer takes an exception of C++, as pyarrow raises them, for an error unless it knows their library.
    names = ("libasan.so", "libstdc++.so")
    found = [Path(output(compiler, f"-print-file-name={name}")) if compiler else Path() for name in names]
    if not (target.endswith("linux-gnu") and all(path.is_absolute() for path in found)):
        return (
            f"the Python tests under AddressSanitizer: they need Linux and a C compiler `cc` with {' and '.join(names)}"
        )
    runtime, of_exceptions = found
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
        "LD_PRELOAD": f"{runtime} {of_exceptions}",
        # What Python still holds at its end is no leak of ours.
        "ASAN_OPTIONS": "detect_leaks=0",
        "PYTHONPATH": str(package.parent),
        # How long many threads and tokenizers are in use at once.
        "PAIRWRIGHT_SECONDS": "60",
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


def sanitize_threads() -> str | None:
    """The Rust tests of what threads share under ThreadSanitizer: races.

    The standard library has to be built with it, too: of one that is not, locks that threads wait for are not seen, and
    all that they guard is reported.
    """
    target = output("rustc", "--print", "host-tuple")
    if not (Path(output("rustc", "--print", "sysroot")) / "lib/rustlib/src/rust/library").exists():
        return "all under ThreadSanitizer: the Rust toolchain has no sources (rustup component add rust-src)"
    flags = SANITIZER | {"RUSTFLAGS": "-Zsanitizer=thread"}
    folder = SANITIZED / "threads"
    cargo = ("--locked", "-Zbuild-std", "--target", target, "--target-dir", folder, "--lib")
    run("cargo", "test", *cargo, "--", "parallel::", "encode::", **flags)
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


FUZZ = ROOT / "tests" / "fuzz"
FUZZED = ROOT / "target" / "fuzz"

# What libFuzzer wants to know of a program, as cargo-fuzz asks for it. Any toolchain takes these.
COVERAGE = (
    "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-pc-table "
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-trace-compares "
    "-Ccodegen-units=1"
)


def fuzz(*arguments: str) -> None:
    """Fuzz all targets, or one, for `--seconds` each, by default 60. What is found is kept in target/fuzz."""
    rest, seconds = list(arguments), "60"
    if "--seconds" in rest and rest.index("--seconds") + 1 < len(rest):
        seconds = rest.pop(rest.index("--seconds") + 1)
        rest.remove("--seconds")
    known = sorted(folder.name for folder in (FUZZ / "corpus").iterdir())
    if len(rest) > 1 or not set(rest) <= set(known) or not seconds.isdigit():
        sys.exit(f"usage: python3 dev.py fuzz [TARGET] [--seconds N]\n\ntargets: {', '.join(known)}")
    build()
    targets = rest or known
    in_python = [target for target in targets if (FUZZ / f"{target}.py").exists()]
    compiled = [target for target in targets if target not in in_python]
    program = fuzzer() if compiled else None
    for target in compiled:
        if program is None:
            print("without libFuzzer, which needs a C++ compiler `c++`: by chance alone", file=sys.stderr)
            variables = {"PAIRWRIGHT_FUZZ_SECONDS": seconds}
            run("cargo", "test", "--locked", "--test", "fuzz", "--", "--exact", target, **variables)
            continue
        grown = FUZZED / "corpus" / target
        grown.mkdir(parents=True, exist_ok=True)
        limits = (f"-max_total_time={seconds}", "-timeout=60", "-rss_limit_mb=4096", "-max_len=4096")
        found = f"-artifact_prefix={FUZZED}/found-{target}-"
        folders = (grown, FUZZ / "corpus" / target)
        run(program, *limits, found, "-print_final_stats=1", *folders, PAIRWRIGHT_FUZZ_TARGET=target)
    for target in in_python:
        run(PYTHON, FUZZ / f"{target}.py", seconds)


def fuzzer() -> Path | None:
    """The targets under libFuzzer, with AddressSanitizer where the toolchain has it."""
    if not shutil.which("c++"):
        return None
    target = output("rustc", "--print", "host-tuple")
    has_sanitizer = any(Path(output("rustc", "--print", "target-libdir")).glob("librustc*_rt.asan.*"))
    flags = {"RUSTFLAGS": f"{COVERAGE} {SANITIZER['RUSTFLAGS']}", "RUSTC_BOOTSTRAP": "1"} if has_sanitizer else {}
    folder = FUZZ / "libfuzzer"
    cargo = ("--release", "--manifest-path", folder / "Cargo.toml", "--target", target, "--target-dir", FUZZED)
    # Not `--locked`: the lock file follows the dependencies of the library.
    run("cargo", "build", *cargo, **({"RUSTFLAGS": COVERAGE} | flags))
    return FUZZED / target / "release" / "fuzz"


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
    "load": load,
    "docs": docs,
    "sanitize": sanitize,
    "faults": faults,
    "fuzz": fuzz,
    "bench": bench,
    "scale": scale,
}


def main() -> None:
    """Run the command that was asked for."""
    if sys.version_info < (3, 11):  # noqa: UP036  this file is run by whatever Python is there
        sys.exit("error: pairwright needs Python 3.11 or newer; run this with one, e.g. python3.12 dev.py test")
    command, arguments = "".join(sys.argv[1:2]), sys.argv[2:]
    # Only these take more words: what to compare, under which condition to test, what to fuzz and for how long.
    if command not in COMMANDS or len(arguments) > {"bench": 1, "load": 1, "fuzz": 3}.get(command, 0):
        lines = [f"  {name:<8} {(command.__doc__ or '').splitlines()[0]}" for name, command in COMMANDS.items()]
        sys.exit("usage: python3 dev.py COMMAND\n\n" + "\n".join(lines))
    COMMANDS[command](*arguments)


if __name__ == "__main__":
    main()
