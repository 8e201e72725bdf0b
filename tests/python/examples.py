"""The examples in pages of Markdown, run as they stand."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks that are marked with a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def run_python(page: Path) -> None:
    """Run all Python blocks of a page in order, in one namespace and in the current folder."""
    names: dict[str, object] = {"__name__": page.stem}
    for number, block in enumerate(blocks(page, "python"), 1):
        exec(compile(block, f"{page.name}, Python block {number}", "exec"), names)


def run_shell(page: Path, folder: Path) -> list[str]:
    """Run all lines of the shell blocks of a page in a folder; gives what each has printed."""
    outputs = []
    for line in "".join(blocks(page, "shell")).splitlines():
        program, *arguments = shlex.split(line)
        assert program == "pairwright", line
        command = [sys.executable, "-m", "pairwright", *arguments]
        environment = os.environ | {"PAIRWRIGHT_OFFLINE": "1", "PYTHONIOENCODING": "utf-8"}
        ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
        assert ended.returncode == 0, f"{line}\n{ended.stderr.decode()}"
        outputs.append(ended.stdout.decode())
    return outputs
