"""Token ids in the arrays and files of pyarrow."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from pairwright.errors import FormatError
from pairwright.libraries import pyarrow
from pairwright.tokens.mapped import memory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

    import numpy.typing as npt

COLUMN = "tokens"


class Lists:
    """The ids and offsets of the rows of a record batch, neither of them copied. Raises `FormatError`."""

    def __init__(self, batch: Any, path: Path) -> None:  # noqa: ANN401  pyarrow tells no types
        index = batch.schema.get_field_index(COLUMN)
        rows = batch.column(index) if index >= 0 else None
        types = pyarrow().types
        if rows is None or not (types.is_large_list(rows.type) or types.is_list(rows.type)):
            raise FormatError(f"{path}: there is no column {COLUMN!r} of lists")
        ids = rows.flatten()
        if not types.is_uint32(ids.type) or rows.null_count or ids.null_count:
            raise FormatError(f"{path}: the lists in the column {COLUMN!r} are not of token ids")
        self.values: npt.NDArray[Any] = ids.to_numpy()
        offsets = rows.offsets.to_numpy().astype(np.int64, copy=False)
        self.offsets: npt.NDArray[np.int64] = offsets - offsets[0] if len(offsets) else np.zeros(1, np.int64)


@contextmanager
def reading(path: Path) -> Iterator[ModuleType]:
    """pyarrow, with errors that name the file. Raises `OSError`, `FormatError`, `ImportError`."""
    arrow = pyarrow()
    try:
        yield arrow
    except (arrow.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            error.filename = str(path)
            raise
        raise FormatError(f"{path}: damaged, or not what its name says: {error}") from error


def lists_of(path: Path) -> Iterator[Lists]:
    """Those of each record batch of an Arrow file, which is mapped. Raises `OSError`, `FormatError`, `ImportError`."""
    with reading(path) as arrow:
        file = arrow.ipc.open_file(arrow.py_buffer(memory(path)))
        for number in range(file.num_record_batches):
            yield Lists(file.get_batch(number), path)
