"""What all tests share: data that may be absent, corpora, a trained tokenizer."""

import lzma
import os
import signal
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from pydoc_data.topics import topics

import hypothesis
import pytest
from peers import ENCODINGS, TRAINED, LoadPeers, Peers, published, trained

import pairwright

# A busy machine is slow, which is no fault.
hypothesis.settings.register_profile(
    "pairwright", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("pairwright")
if not os.access(Path(__file__).parents[2], os.W_OK):
    # There is no place for what failed, to be tried first the next time.
    hypothesis.settings.register_profile("read-only", hypothesis.settings.get_profile("pairwright"), database=None)
    hypothesis.settings.load_profile("read-only")


def pytest_configure() -> None:
    """Heed Ctrl-C even where the tests were started with it ignored: under `nohup`, by `&` in a script, on CI systems.

    Many tests send themselves or a child the signal. What a child inherits is whether a signal is ignored, not the
    handler, so this puts children right, too.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--reversed`: what depends on the tests before it fails."""
    parser.addoption("--reversed", action="store_true", help="run the tests in reversed order")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The order of the tests."""
    if config.getoption("--reversed"):
        items.reverse()


@pytest.fixture(scope="session")
def data() -> Callable[[str], Path]:
    """Finds a file or folder of the shared data. A test that asks for one that is not there is skipped."""

    def find(name: str) -> Path:
        folder = os.environ.get("PAIRWRIGHT_DATA")
        if not folder:
            pytest.skip("needs the folder named by PAIRWRIGHT_DATA, which is not set")
        path = Path(folder, name)
        if not path.exists():
            pytest.skip(f"needs {name} in the folder named by PAIRWRIGHT_DATA")
        return path

    return find


@pytest.fixture(scope="session")
def tinyshakespeare_path(data: Callable[[str], Path]) -> Path:
    return data("tinyshakespeare.txt")


@pytest.fixture(scope="session")
def tinyshakespeare(tinyshakespeare_path: Path) -> str:
    return tinyshakespeare_path.read_bytes().decode()


@pytest.fixture(scope="session")
def handbook(data: Callable[[str], Path]) -> dict[str, str]:
    """One book in 26 languages, by the name of the language."""
    texts = {path.stem: path.read_bytes().decode() for path in sorted(data("handbook").glob("*.txt"))}
    assert len(texts) == 26
    return texts


@pytest.fixture(scope="session")
def english(data: Callable[[str], Path]) -> str:
    """Technical prose: 65 MB."""
    return lzma.decompress(data("english.txt.xz").read_bytes()).decode()


@pytest.fixture(scope="session")
def python_docs() -> str:
    """English prose with examples that every CPython carries: about 700 KB."""
    return "\n".join(topics.values())


@pytest.fixture(scope="session")
def python_sources() -> list[str]:
    """Every tenth file of the standard library's sources."""
    paths = pairwright.datasets.load("python-stdlib").paths[::10]
    return [path.read_bytes().decode(errors="replace") for path in paths]


@pytest.fixture(scope="session")
def tokenizer(python_docs: str) -> pairwright.Tokenizer:
    """A small vocabulary with special tokens, trained on the documentation."""
    return pairwright.train([python_docs[:200_000]], vocab_size=1000, special_tokens=["<|end|>", "<|pad|>"])


@pytest.fixture(scope="session")
def load_peers(data: Callable[[str], Path], python_docs: str) -> LoadPeers:
    """Gives a published encoding by its name, or what was trained here: "trained" or "trained-" and a pattern."""

    def train(name: str) -> pairwright.Tokenizer:
        pattern = name.partition("-")[2] or "cl100k"
        return pairwright.train([python_docs[:200_000]], 1000, pattern, special_tokens=["<|end|>", "<|pad|>"])

    @cache
    def load(name: str) -> Peers:
        if name in TRAINED:
            return trained(train(name))
        return published(name, data(f"vocab/{name}.tiktoken"))

    return load


@pytest.fixture(scope="session", params=[*TRAINED, *ENCODINGS])
def peers(request: pytest.FixtureRequest, load_peers: LoadPeers) -> Peers:
    """Each vocabulary that tiktoken and pairwright share."""
    return load_peers(request.param)
