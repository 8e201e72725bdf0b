"""One process at a time writes into a folder."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from pairwright.errors import PairwrightError

if TYPE_CHECKING:
    from pathlib import Path

# What file systems say that know no locks, and the last one those of a network that would have to write into what they
# lock. There nobody is kept from anything.
UNKNOWN = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EBADF)


class FolderLock:
    """Keeps others away until it is closed, or the process has ended, however that came.

    Raises `PairwrightError` if somebody else has it. Windows has no locks of folders, and is trusted.
    """

    def __init__(self, folder: Path) -> None:
        self._number: int | None = None
        try:
            import fcntl
        except ImportError:
            return
        self._number = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(self._number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in UNKNOWN:
                return
            self.close()
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise PairwrightError(
                    f"{folder}: another process is encoding into this folder",
                    hint="wait until it is done, or name another folder",
                ) from error
            raise

    def close(self) -> None:
        """Let others have it. May be called twice."""
        if self._number is not None:
            os.close(self._number)
            self._number = None
