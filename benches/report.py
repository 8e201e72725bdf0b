"""What every comparison says of itself: on what machine it ran, with which versions, where the figures go."""

import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any


def message(text: str) -> None:
    """Say what is going on."""
    print(text, file=sys.stderr, flush=True)


def machine() -> dict[str, Any]:
    """What the times depend on."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "python": platform.python_version(),
    }


def processor() -> str:
    """The name of the processor, as far as the system tells."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def versions(distributions: list[str]) -> dict[str, str]:
    """The versions of packages that are installed."""
    return {name: version(name) for name in distributions}


def write_json(summary: dict[str, Any], path: Path) -> None:
    """Write everything that was measured."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def machine_line(here: dict[str, Any]) -> str:
    """The machine in one line."""
    return (
        f"{here['processor']}, {here['cores']} cores, {here['system']} {here['architecture']}, Python {here['python']}."
    )
