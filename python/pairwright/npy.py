"""Files of numpy with one array."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import os

    import numpy.typing as npt


def array_of(path: str | os.PathLike[str], *, mapped: bool = False) -> npt.NDArray[Any]:
    """The array of an npy file, as a view of the file if it is `mapped`.

    Raises `OSError`; `ValueError` for what is none, which numpy says in many ways.
    """
    try:
        if mapped:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        else:
            # Opened here, for numpy leaves a file open that is damaged.
            with Path(path).open("rb") as file:
                array = np.load(file, allow_pickle=False)
    except OSError:
        raise
    # What numpy raises for a damaged header has no end: it reads it with Python's tokenizer.
    except Exception as error:
        raise ValueError(str(error)) from error
    if not isinstance(array, np.ndarray):
        raise ValueError("it has several arrays")
    return array
