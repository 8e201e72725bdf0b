"""Fuzzes the reader of manifests; see `records.py`.

`python3 dev.py fuzz manifest` runs it; a short run is among the tests.
"""

from functools import partial

import records

fuzz = partial(records.fuzz, "manifest")

if __name__ == "__main__":
    records.main("manifest")
