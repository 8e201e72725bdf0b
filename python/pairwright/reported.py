"""Reporting on work, where somebody listens."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pairwright.progress import Progress, Reporter


def reporting_if(progress: Progress, total: int) -> AbstractContextManager[Reporter | None]:
    """As `progress.reporting`, which is only imported where somebody listens."""
    if progress is None or progress is False:
        return nullcontext()
    from pairwright.progress import reporting

    return reporting(progress, total)
