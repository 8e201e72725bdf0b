"""The model that is there already under the name that `train` uses where none is given."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pairwright import Counts, FormatError, Tokenizer
from pairwright._core import regex_of
from pairwright.cli.console import CommandError
from pairwright.cli.corpus import Source
from pairwright.corpus import Corpus


def check_replaceable(path: Path, source: Source, settings: Mapping[str, Any], base: Tokenizer | None) -> None:
    """Raise `CommandError` if a file is there, unless the command would make the same model again.

    `settings` are those in the metadata of a model.
    """
    # A link that leads nowhere is something, too.
    if not path.exists() and not path.is_symlink():
        return
    if not is_made_so(path, source, settings, base):
        raise CommandError(
            f"{path} is there already, and this command makes another model",
            hint=f"--out {path} replaces it; name another file with --out to keep it",
        )


def is_made_so(path: Path, source: Source, settings: Mapping[str, Any], base: Tokenizer | None) -> bool:
    """Whether a file is a model that was learned from just this, in this way. Raises `OSError`."""
    try:
        there = Tokenizer.load(path)
    except (OSError, FormatError):
        return False
    metadata = there.metadata
    known, described = metadata.get("settings"), metadata.get("corpus")
    if not isinstance(known, dict) or not isinstance(described, list) or "stopped" in metadata:
        return False
    if not all(isinstance(each, dict) for each in described):
        return False
    if regex_of(there.pattern) != regex_of(settings["pattern"]):
        return False
    if any(known.get(name) != value for name, value in settings.items() if name != "pattern"):
        return False
    of_base = None if base is None else {key: value for key, value in base.metadata.items() if key != "time"}
    if metadata.get("base") != (None if base is None else {"vocab_size": base.vocab_size, **(of_base or {})}):
        return False
    if source.languages:
        return is_of_languages(metadata, described, source.languages)
    if source.counts is not None:
        counted = (metadata.get("pretokens"), metadata.get("pieces"))
        return described == [] and counted == (len(source.counts), source.counts.total)
    if source.corpus is not None:
        return is_of_files(described, source.corpus)
    size = sum(len(text.encode(errors="replace") if isinstance(text, str) else text) for text in source.texts)
    found = [(each.get("name"), each.get("documents"), each.get("bytes")) for each in described]
    return found == [(source.name, len(source.texts), size)]


def is_of_languages(
    metadata: Mapping[str, Any], described: list[dict[str, Any]], languages: Mapping[str, Corpus | Counts]
) -> bool:
    """Whether every language was learned from just this. Whether a development text is the same is not known."""
    names = [each["language"] for each in metadata.get("languages", [])]
    if "development" in metadata or names != list(languages):
        return False
    counts = [each for each in languages.values() if isinstance(each, Counts)]
    if counts:
        counted = (sum(map(len, counts)), sum(each.total for each in counts))
        all_counts = len(counts) == len(languages)
        return all_counts and (metadata.get("pretokens"), metadata.get("pieces")) == counted
    return all(
        isinstance(corpus, Corpus) and is_of_files([each for each in described if each.get("language") == name], corpus)
        for name, corpus in languages.items()
    )


def is_of_files(described: list[dict[str, Any]], corpus: Corpus) -> bool:
    """Whether these are the names, sizes and sums of a corpus, as far as all of it can be read again."""
    if len(described) != len(corpus.origins):
        return False
    for known, origin in zip(described, corpus.origins, strict=True):
        path = origin.path
        if path is None or not path.is_file():
            return False
        if (known.get("name"), known.get("bytes")) != (path.name, path.stat().st_size):
            return False
        if ("documents" in known) != (origin.format != "text" or corpus.framing.cuts):
            return False
    # The sums at the end, for they take time.
    return all(
        sum_of(origin.path) == known.get("sha256") for known, origin in zip(described, corpus.origins, strict=True)
    )


def sum_of(path: Path | None) -> str | None:
    """The SHA-256 of a file. Raises `OSError`."""
    if path is None:
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
