"""Fuzzes the reader of records of progress; see `records.py`.

`python3 dev.py fuzz progress` runs it; a short run is among the tests.
"""

from functools import partial

import records

fuzz = partial(records.fuzz, "progress")

if __name__ == "__main__":
    records.main("progress")
