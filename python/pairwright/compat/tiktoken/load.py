"""Rank files, read to and written from dictionaries."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from pathlib import Path

from pairwright._core import write_atomically
from pairwright.errors import ChecksumError, FormatError

EMPTY = b"="
"""In the place of a token: one without bytes, as in some published files."""


def load_tiktoken_bpe(tiktoken_bpe_file: str, expected_hash: str | None = None) -> dict[bytes, int]:
    """The tokens of a rank file on this machine, with their ranks.

    Raises `OSError`; `ChecksumError` if a sha256 is given and is not that of the file; `FormatError` naming the line
    that is damaged; `ValueError` for an address of the network.
    """
    if "://" in tiktoken_bpe_file:
        raise ValueError(f"{tiktoken_bpe_file} is not a file on this machine; fetch it first, or use get_encoding")
    content = Path(tiktoken_bpe_file).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if expected_hash not in (None, found):
        raise ChecksumError(f"{tiktoken_bpe_file}: expected sha256 {expected_hash}, found {found}")
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(content.splitlines(), 1):
        if not line:
            continue
        try:
            token, rank = line.split()
            ranks[b"" if token == EMPTY else base64.b64decode(token, validate=True)] = int(rank)
        except (ValueError, binascii.Error) as error:
            raise FormatError(
                f"{tiktoken_bpe_file}: line {number}: expected a token in base64 and its rank, found {line[:60]!r}"
            ) from error
    return ranks


def dump_tiktoken_bpe(bpe_ranks: Mapping[bytes, int], tiktoken_bpe_file: str) -> None:
    """Write a rank file, in the order of ranks. Raises `OSError`."""
    lines = (
        (base64.b64encode(token) or EMPTY) + b" %d\n" % rank
        for token, rank in sorted(bpe_ranks.items(), key=lambda item: item[1])
    )
    write_atomically(tiktoken_bpe_file, b"".join(lines))
