"""What a process that is measured has to know of itself. Imports nothing that takes memory."""

import sys
from pathlib import Path


def peak_memory() -> int | None:
    """The most memory that this process has had, in bytes; memory-mapped files count."""
    status = Path("/proc/self/status")
    if status.exists():
        # What getrusage says on Linux is never less than what the parent had when it started this process.
        kilobytes = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(kilobytes) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
