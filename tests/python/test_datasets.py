"""Datasets, and the manifest that says where they and the encodings come from."""

import hashlib
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pairwright import datasets, download
from pairwright.datasets import Dataset
from pairwright.download import PinnedFile
from pairwright.errors import ChecksumError, DownloadError, PairwrightError

CONTENT = b"To be, or not to be\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def test_python_docs_are_the_topics_in_the_order_of_their_names() -> None:
    from pydoc_data.topics import topics

    dataset = datasets.load("python-docs")
    assert dataset.paths == ()
    assert len(dataset.texts) == len(topics) > 50
    assert list(dataset.texts) == [topics[name] for name in sorted(topics)]


def test_python_docs_do_not_depend_on_the_order_of_the_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pydoc_data.topics.topics", {"b": "second", "c": "third", "a": "first"})
    assert datasets.load("python-docs") == Dataset("python-docs", texts=("first", "second", "third"))


def test_a_python_without_its_documentation_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(PairwrightError, match=r"'python-docs' .*pydoc_data") as caught:
        datasets.load("python-docs")
    assert caught.value.hint is not None


def test_python_stdlib_holds_the_source_files_of_the_running_python() -> None:
    dataset = datasets.load("python-stdlib")
    folder = Path(sysconfig.get_path("stdlib"))
    assert dataset.texts == ()
    assert list(dataset.paths) == sorted(dataset.paths)
    assert {folder / "os.py", folder / "json" / "__init__.py"} <= set(dataset.paths)
    assert all(path.suffix == ".py" and path.is_file() for path in dataset.paths)
    assert not {"site-packages", "dist-packages"} & {part for path in dataset.paths for part in path.parts}


def test_python_stdlib_leaves_out_packages_and_dead_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path / name))
    with pytest.raises(PairwrightError, match=r"'python-stdlib' .*no source files in .*stdlib") as caught:
        datasets.load("python-stdlib")
    assert caught.value.hint is not None
    folder = tmp_path / "stdlib"
    for name in ("b.py", "a/z.py", "a.py", "c.txt", "site-packages/d.py", "a/dist-packages/e.py", "a/cached/f.pyc"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    (folder / "dead.py").symlink_to(folder / "missing.py")
    assert datasets.load("python-stdlib").paths == (folder / "a" / "z.py", folder / "a.py", folder / "b.py")


def test_an_unknown_name_is_told_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown dataset 'nope'") as caught:
        datasets.load("nope")
    assert datasets.list_datasets() == ["tinyshakespeare", "python-docs", "python-stdlib"]
    assert all(name in str(caught.value) for name in datasets.list_datasets())


@pytest.mark.parametrize("name", ["Python_Docs", "python docs", "PYTHON-DOCS", "pythondocs"])
def test_a_name_is_known_in_other_spellings(name: str) -> None:
    assert datasets.load(name) == datasets.load("python-docs")


@pytest.mark.parametrize(("name", "meant"), [("tinyshakespear", "tinyshakespeare"), ("python", "python-docs")])
def test_what_was_probably_meant_is_suggested(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match=rf"did you mean '{meant}'\?$"):
        datasets.load(name)


@pytest.mark.parametrize("wrong", [None, 5, b"python-docs", Path("python-docs"), ["python-docs"]])
def test_names_are_str(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"^name must be a str, not "):
        datasets.load(wrong)


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, an empty cache, no network, and a manifest in which TinyShakespeare is `CONTENT`."""
    monkeypatch.setenv("PAIRWRIGHT_DATA", str(tmp_path))
    monkeypatch.setenv("PAIRWRIGHT_OFFLINE", "1")
    monkeypatch.setattr(download, "cache_folder", lambda: tmp_path / "cache")
    entry = {"file": "plays.txt", "url": "http://127.0.0.1/never-asked", "size": len(CONTENT), "sha256": SHA256}
    monkeypatch.setitem(download.MANIFEST["datasets"], "tinyshakespeare", entry)
    return tmp_path


def test_the_default_is_tiny_shakespeare(data_folder: Path) -> None:
    (data_folder / "plays.txt").write_bytes(CONTENT)
    dataset = Dataset("tinyshakespeare", paths=(data_folder / "plays.txt",))
    assert datasets.load("tinyshakespeare") == dataset
    assert datasets.default() == (dataset, None)


def missing(path: Path) -> None:
    assert not path.exists()


def damaged(path: Path) -> None:
    path.write_bytes(CONTENT[1:])


def a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [(missing, DownloadError, "PAIRWRIGHT_OFFLINE"), (damaged, ChecksumError, SHA256), (a_folder, OSError, "[Errno ")],
)
def test_the_default_is_python_docs_with_the_reason_if_tiny_shakespeare_cannot_be_had(
    make: Callable[[Path], None], error: type[Exception], said: str, data_folder: Path
) -> None:
    make(data_folder / "plays.txt")
    with pytest.raises(error) as caught:
        datasets.load("tinyshakespeare")
    dataset, reason = datasets.default()
    assert dataset == datasets.load("python-docs")
    assert reason == str(caught.value)
    assert said in reason
    assert str(data_folder / "plays.txt") in reason


def test_a_dataset_has_either_paths_or_texts() -> None:
    for paths, texts in [((), ()), ((Path("a"),), ("b",))]:
        with pytest.raises(ValueError, match="either paths or texts"):
            Dataset("both or none", paths=paths, texts=texts)


# The manifest


def test_every_pinned_file_is_pinned_well() -> None:
    pinned: dict[str, PinnedFile] = {}
    for section in ("datasets", "encodings"):
        for name, entry in download.MANIFEST[section].items():
            assert entry["licence"], name
            if "file" in entry:
                file = PinnedFile.from_entry(entry)
                assert file.url.startswith("https://")
                assert file.size > 0
                assert len(bytes.fromhex(file.sha256)) == 32
                assert not Path(file.path).is_absolute()
                assert ".." not in Path(file.path).parts
                assert pinned.setdefault(file.path, file) == file, f"{file.path} is pinned in two ways"
    assert len(pinned) == 5


@pytest.mark.parametrize("section", ["datasets", "encodings"])
def test_the_real_files_are_as_pinned(
    section: str, data: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAIRWRIGHT_OFFLINE", "1")
    entries = [entry for entry in download.MANIFEST[section].values() if "file" in entry]
    assert entries
    for entry in entries:
        path = data(entry["file"])
        assert download.find_or_fetch(PinnedFile.from_entry(entry)) == path
        assert path.stat().st_size == entry["size"]


def test_the_real_tiny_shakespeare_is_the_default(tinyshakespeare_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIRWRIGHT_OFFLINE", "1")
    assert datasets.default() == (Dataset("tinyshakespeare", paths=(tinyshakespeare_path,)), None)


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, pairwright.datasets, pairwright.encodings as e; e.list_encodings();"
        "print([name for name in ('requests', 'rich', 'typer', 'platformdirs') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
