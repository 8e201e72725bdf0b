"""pyarrow, which only those need who want its formats."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

COLUMN = "tokens"


def pyarrow() -> ModuleType:
    """The module pyarrow with what is used of it. Raises `ImportError`."""
    try:
        for part in ("ipc", "parquet"):
            import_module(f"pyarrow.{part}")
        return import_module("pyarrow")
    except ImportError as error:
        error.add_note("parquet and arrow files need pyarrow: pip install pairwright[arrow]")
        raise
