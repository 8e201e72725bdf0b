"""The command line: `pairwright train`, `encode`, `decode`, `count`, `show` and `info`."""

import sys


def main() -> None:
    """Run the command line on `sys.argv` and exit: 0, 1 for a failure, 2 for wrong usage, 130 if interrupted."""
    try:
        # Not at the top of the file, so that Ctrl-C while typer and rich are loading ends like any other.
        from pairwright.cli.run import run
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(run(sys.argv[1:]))
