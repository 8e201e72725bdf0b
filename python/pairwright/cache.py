"""The memory of pieces that were encoded before: how much it takes, and how much it may take.

Nearly all pieces of a text occur again and again. Each thread that encodes remembers the ids of those it has met, in
tables that never grow beyond a limit: they forget the older pieces instead. The limit holds for all tokenizers and
threads of the process together, 64 MiB unless another is set. Results never depend on it. With less memory texts of
many different words are slower; texts in a few languages hardly need more than 16 MiB for each thread.
"""

from typing import NamedTuple

from pairwright import _core
from pairwright._core import clear_cache, set_cache_limit

__all__ = ["CacheInfo", "cache_info", "clear_cache", "set_cache_limit"]


class CacheInfo(NamedTuple):
    """What is remembered of pieces, by all tokenizers and threads of the process."""

    limit: int
    """The most memory it may take, in bytes."""
    bytes: int
    """The memory that is set aside for it now, in bytes."""
    hits: int
    """Pieces that were found, since the process began. Those of calls that are still running are left out."""
    misses: int
    """Pieces that were not."""


def cache_info() -> CacheInfo:
    """How much memory pieces that were encoded before take, and how often they were found."""
    return CacheInfo(*_core.cache_info())
