"""Tests that need a Python of their own: what it uses of memory, how it ends."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PREAMBLE = """
import sys
import pairwright as pw

def used():
    # The most memory this process ever had, in bytes. `resource` would tell that of the parent if it had more.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))
"""

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system has no /proc")


def run_python(script: str, *arguments: str, timeout: float = 120) -> str:
    """Run a script in a new interpreter; what it prints. It must exit with 0 and leave stderr empty."""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", PREAMBLE + textwrap.dedent(script), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), f"exit {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout
