"""A headless Chromium for tests, where there is one: PAIRWRIGHT_CHROMIUM names it, or it is on the PATH."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")

# Against hangs only: a page takes a few seconds.
LIMIT = 240


def chromium() -> str:
    """The program. Skips the test where there is none."""
    named = os.environ.get("PAIRWRIGHT_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("needs Chromium, on the PATH or named by PAIRWRIGHT_CHROMIUM")
    return found


def opened(page: Path, folder: Path) -> tuple[str, list[str]]:
    """The document that a page becomes when its scripts have run, and what they wrote to the console."""
    command = [
        *(chromium(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
        *(f"--user-data-dir={folder}", "--enable-logging=stderr", "--log-level=0", "--virtual-time-budget=20000"),
        *("--dump-dom", page.as_uri()),
    ]
    ended = subprocess.run(command, capture_output=True, timeout=LIMIT, check=True)
    said = [line for line in ended.stderr.decode(errors="replace").splitlines() if re.search(r"CONSOLE[:(]", line)]
    return ended.stdout.decode(), said
