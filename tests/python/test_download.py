"""How pinned files are found or fetched. The network here is a server on this machine."""

import base64
import gzip
import hashlib
import io
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, strategies as st

from pairwright import datasets, download, encodings
from pairwright.datasets import Dataset
from pairwright.download import PinnedFile
from pairwright.errors import ChecksumError, DownloadError, PairwrightError

CONTENT = b"".join(b"%d: to be, or not to be\n" % number for number in range(20_000))
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OTHER = b"?" + CONTENT[1:]


class Handler(BaseHTTPRequestHandler):
    """Lets the test answer, and logs nothing."""

    server: "Server"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.answer(self)

    def log_message(self, *_: object) -> None:
        pass

    def send(self, content: bytes, promised: int | None = None, encoding: str | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content) if promised is None else promised))
        if encoding is not None:
            self.send_header("Content-Encoding", encoding)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()


Answer = Callable[[Handler], None]


class Server(ThreadingHTTPServer):
    """Answers as the test says, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer: Answer = lambda handler: handler.send(CONTENT)
        self.asked: list[str] = []
        self.released = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/file"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up early is what some tests are about."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, and a manifest in which TinyShakespeare is `CONTENT`, to be had from the server."""
    for name in ("PAIRWRIGHT_DATA", "PAIRWRIGHT_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    cache = tmp_path / "cache"
    monkeypatch.setattr(download, "cache_folder", lambda: cache)
    entry = {"file": "tinyshakespeare.txt", "url": server.url, "size": len(CONTENT), "sha256": SHA256}
    monkeypatch.setitem(download.MANIFEST["datasets"], "tinyshakespeare", entry)
    return cache


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def fetch() -> bytes:
    (path,) = datasets.load("tinyshakespeare").paths
    return path.read_bytes()


# Fetching


def test_a_file_is_fetched_once_and_kept(cache: Path, server: Server) -> None:
    assert datasets.load("tinyshakespeare") == Dataset("tinyshakespeare", paths=(cache / "tinyshakespeare.txt",))
    assert fetch() == CONTENT
    assert server.asked == ["/file"]
    assert files(cache) == ["tinyshakespeare.txt"]


@pytest.mark.usefixtures("cache")
def test_a_compressed_answer_is_unpacked(server: Server) -> None:
    server.answer = lambda handler: handler.send(gzip.compress(CONTENT), encoding="gzip")
    assert fetch() == CONTENT


def test_a_rank_file_is_fetched_into_its_folder(cache: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = b"".join(b"%s %d\n" % (base64.b64encode(bytes([byte])), byte) for byte in range(256))
    entry = {
        "file": "vocab/tiny.tiktoken",
        "url": server.url,
        "size": len(ranks),
        "sha256": hashlib.sha256(ranks).hexdigest(),
        "pattern": "gpt2",
        "special_tokens": {"<|end|>": 256},
    }
    monkeypatch.setitem(download.MANIFEST["encodings"], "tiny", entry)
    monkeypatch.setattr(encodings, "_loaded", {})
    server.answer = lambda handler: handler.send(ranks)
    encoding = encodings.get_encoding("tiny")
    assert encoding.encode("hi<|end|>", allowed_special="all") == [104, 105, 256]
    assert files(cache) == ["vocab/tiny.tiktoken"]


def not_found(handler: Handler) -> None:
    handler.send_error(404)


def hang_up(handler: Handler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def stall(handler: Handler) -> None:
    handler.send(CONTENT[:100_000], promised=len(CONTENT))
    handler.server.released.wait(60)


def no_answer(handler: Handler) -> None:
    handler.server.released.wait(60)


def without_length(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(CONTENT[:-1])


SHORT_SHA256 = hashlib.sha256(CONTENT[:-1]).hexdigest()


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (not_found, DownloadError, ["404 Not Found"]),
        (hang_up, DownloadError, ["closed connection"]),
        (no_answer, DownloadError, ["timed out"]),
        (stall, DownloadError, ["timed out"]),
        (lambda handler: handler.send(CONTENT[:1000], promised=len(CONTENT)), DownloadError, ["1000 bytes read"]),
        (lambda handler: handler.send(b"junk", encoding="gzip"), DownloadError, ["incorrect header check"]),
        (lambda handler: handler.send(OTHER), ChecksumError, [SHA256, hashlib.sha256(OTHER).hexdigest()]),
        (lambda handler: handler.send(b""), ChecksumError, [SHA256, hashlib.sha256(b"").hexdigest(), " 0 bytes"]),
        (without_length, ChecksumError, [SHA256, SHORT_SHA256, f"{len(CONTENT) - 1:,} bytes"]),
        (lambda handler: handler.send(CONTENT + b"x"), ChecksumError, [f"more than the expected {len(CONTENT):,}"]),
    ],
    ids=["404", "hang-up", "no answer", "stall", "cut", "not gzip", "other", "empty", "short", "long"],
)
def test_a_failed_download_says_why_and_leaves_nothing(
    answer: Answer,
    kind: type[PairwrightError],
    said: list[str],
    cache: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Only where the server says nothing is the time to run out; a busy machine may be slow to say anything.
    is_silent = answer in (no_answer, stall)
    monkeypatch.setattr(download, "TIMEOUT", (60.0, 0.3 if is_silent else 60.0))
    server.answer = answer
    start = time.monotonic()
    with pytest.raises(kind) as caught:
        datasets.load("tinyshakespeare")
    assert time.monotonic() - start < 50, "the time-out did not come"
    message = str(caught.value)
    assert server.url in message
    assert all(part in message for part in said), message
    assert str(cache / "tinyshakespeare.txt") in (caught.value.hint or "")
    assert files(cache.parent) == []
    monkeypatch.setattr(download, "TIMEOUT", (60.0, 60.0))
    server.answer = lambda handler: handler.send(CONTENT)
    assert fetch() == CONTENT


def test_a_refused_connection_says_so(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        # Bound but not listening: connections are refused, and nobody else can get the port meanwhile.
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/file"
        monkeypatch.setitem(download.MANIFEST["datasets"]["tinyshakespeare"], "url", url)
        try:
            raise KeyError("what the caller is handling is not the reason")
        except KeyError:
            with pytest.raises(DownloadError, match="refused") as caught:
                datasets.load("tinyshakespeare")
    assert isinstance(caught.value, OSError)
    assert url in str(caught.value)
    assert files(cache.parent) == []


@pytest.mark.skipif(sys.platform == "win32", reason="a signal cannot be sent to one thread on Windows")
def test_an_interrupt_passes_through_and_leaves_nothing(cache: Path, server: Server) -> None:
    def interrupt(handler: Handler) -> None:
        handler.send(CONTENT[:100_000], promised=len(CONTENT))
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        handler.server.released.wait(60)

    server.answer = interrupt
    with pytest.raises(KeyboardInterrupt):
        datasets.load("tinyshakespeare")
    assert files(cache.parent) == []


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit on file sizes on Windows")
def test_a_full_disk_leaves_nothing(cache: Path) -> None:
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(CONTENT) // 2, limits[1]))
    try:
        with pytest.raises(DownloadError, match=r"cannot write .*tinyshakespeare\.txt: .*too large") as caught:
            datasets.load("tinyshakespeare")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "PAIRWRIGHT_DATA" in (caught.value.hint or "")
    assert files(cache.parent) == []
    assert fetch() == CONTENT


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root may write into any folder, so where the tests run as root, be nobody for a while."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="a folder cannot be made read-only on this platform")
@pytest.mark.usefixtures("cache")
def test_a_read_only_cache_folder_is_an_os_error(monkeypatch: pytest.MonkeyPatch) -> None:
    # Not below tmp_path, where nobody may even look.
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        monkeypatch.setattr(download, "cache_folder", lambda: Path(folder))
        said = r"cannot write .*tinyshakespeare\.txt: .*[Pp]ermission denied"
        with without_privileges(), pytest.raises(OSError, match=said) as caught:
            datasets.load("tinyshakespeare")
        assert isinstance(caught.value, DownloadError)
        assert files(Path(folder)) == []


def test_a_cache_folder_that_cannot_be_made_is_an_os_error(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OSError, match=r"cannot write .*tinyshakespeare\.txt: Permission denied") as caught:
        datasets.load("tinyshakespeare")
    assert isinstance(caught.value, DownloadError)
    assert isinstance(caught.value.__cause__, PermissionError)
    assert files(cache.parent) == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_only(
    cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets.load("tinyshakespeare")
    assert capsys.readouterr() == ("", "")
    (cache / "tinyshakespeare.txt").unlink()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    assert fetch() == CONTENT
    assert "fetching tinyshakespeare.txt" in terminal.getvalue()
    assert capsys.readouterr().out == ""


# Looking in the folders


def test_a_damaged_file_in_the_cache_is_reported_and_fetched_anew(cache: Path, server: Server) -> None:
    cache.mkdir()
    (cache / "tinyshakespeare.txt").write_bytes(OTHER)
    with pytest.warns(UserWarning, match=f"tinyshakespeare.txt is not the expected file.*{SHA256}.*anew"):
        assert fetch() == CONTENT
    assert len(server.asked) == 1
    assert files(cache) == ["tinyshakespeare.txt"]


def test_a_damaged_file_in_the_cache_stays_if_it_cannot_be_fetched(cache: Path, server: Server) -> None:
    cache.mkdir()
    (cache / "tinyshakespeare.txt").write_bytes(OTHER)
    server.answer = not_found
    with pytest.warns(UserWarning, match="not the expected file"), pytest.raises(DownloadError, match="404"):
        datasets.load("tinyshakespeare")
    assert files(cache) == ["tinyshakespeare.txt"]
    assert (cache / "tinyshakespeare.txt").read_bytes() == OTHER


def test_a_damaged_file_in_the_cache_is_an_error_offline(
    cache: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir()
    (cache / "tinyshakespeare.txt").write_bytes(OTHER)
    monkeypatch.setenv("PAIRWRIGHT_OFFLINE", "1")
    with pytest.raises(ChecksumError, match=SHA256) as caught:
        datasets.load("tinyshakespeare")
    assert hashlib.sha256(OTHER).hexdigest() in str(caught.value)
    assert (cache / "tinyshakespeare.txt").read_bytes() == OTHER
    assert server.asked == []


def test_offline_takes_what_is_in_the_cache_and_fetches_nothing(
    cache: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAIRWRIGHT_OFFLINE", "1")
    with pytest.raises(DownloadError, match="PAIRWRIGHT_OFFLINE") as caught:
        datasets.load("tinyshakespeare")
    assert str(cache / "tinyshakespeare.txt") in str(caught.value)
    assert server.url in (caught.value.hint or "")
    assert server.asked == []
    assert files(cache.parent) == []
    monkeypatch.setenv("PAIRWRIGHT_OFFLINE", "0")
    assert fetch() == CONTENT
    monkeypatch.setenv("PAIRWRIGHT_OFFLINE", "1")
    assert fetch() == CONTENT
    assert len(server.asked) == 1


def test_the_data_folder_comes_first(
    cache: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setenv("PAIRWRIGHT_DATA", str(data))
    assert datasets.load("tinyshakespeare").paths == (cache / "tinyshakespeare.txt",)
    (data / "tinyshakespeare.txt").write_bytes(CONTENT)
    assert datasets.load("tinyshakespeare").paths == (data / "tinyshakespeare.txt",)
    assert len(server.asked) == 1


@pytest.mark.usefixtures("cache")
def test_a_damaged_file_in_the_data_folder_is_an_error_and_stays(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets.load("tinyshakespeare")
    data = tmp_path / "data"
    data.mkdir()
    (data / "tinyshakespeare.txt").write_bytes(OTHER)
    monkeypatch.setenv("PAIRWRIGHT_DATA", str(data))
    with pytest.raises(ChecksumError) as caught:
        datasets.load("tinyshakespeare")
    for part in (str(data / "tinyshakespeare.txt"), SHA256, hashlib.sha256(OTHER).hexdigest()):
        assert part in str(caught.value)
    assert server.url in (caught.value.hint or "")
    assert (data / "tinyshakespeare.txt").read_bytes() == OTHER
    assert len(server.asked) == 1


@pytest.mark.usefixtures("cache")
def test_a_folder_in_place_of_the_file_is_an_os_error(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAIRWRIGHT_DATA", str(tmp_path))
    (tmp_path / "tinyshakespeare.txt").mkdir()
    with pytest.raises(OSError, match=r"tinyshakespeare\.txt"):
        datasets.load("tinyshakespeare")
    assert server.asked == []


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_no_other_content_is_ever_taken(expected: bytes, found: bytes) -> None:
    file = PinnedFile("a/b", "http://127.0.0.1/never-asked", len(expected), hashlib.sha256(expected).hexdigest())
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAIRWRIGHT_DATA", folder)
        patch.setenv("PAIRWRIGHT_OFFLINE", "1")
        path = Path(folder, "a", "b")
        path.parent.mkdir()
        path.write_bytes(found)
        if found == expected:
            assert download.find_or_fetch(file) == path
        else:
            with pytest.raises(ChecksumError):
                download.find_or_fetch(file)
