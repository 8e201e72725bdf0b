"""The command line: `pairwright train`, `tally`, `encode`, `decode`, `verify`, `count`, `show`, `info`, `compare`."""

import os
import sys

from pairwright.cli import ending


def main() -> None:
    """Run the command line on `sys.argv` and exit: 0, 1 for a failure, 2 for wrong usage, 130 if interrupted.

    SIGTERM ends it with 143, SIGHUP with 129.
    """
    ending.watch()
    try:
        # Not at the top of the file, so that Ctrl-C while typer and rich are loading ends like any other.
        from pairwright.cli.run import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = ending.INTERRUPTED
    interrupted = code == ending.INTERRUPTED
    finish_standard_output(interrupted=interrupted)
    sys.exit(ending.status() if interrupted else code)


def finish_standard_output(*, interrupted: bool) -> None:
    """Write what is still buffered, or give it up where that fails or would have to be waited for.

    Python would otherwise try once more while it shuts down, and complain.
    """
    if sys.__stdout__ is None:
        return
    try:
        if not interrupted:
            sys.__stdout__.flush()
            return
    except OSError:
        pass  # Said by `run` if there is anyone to say it to.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.__stdout__.fileno())
    os.close(nowhere)
