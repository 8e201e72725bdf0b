"""Train, run and understand byte-level BPE tokenizers: fast, exact, the same everywhere.

>>> import pairwright as pw
>>> tok = pw.train(["to be or not to be, that is the question"], vocab_size=270)
>>> ids = tok.encode("to be or not")
>>> tok.decode(ids)
'to be or not'
"""

from pairwright import datasets
from pairwright._core import Counts, StreamDecoder, Tokenizer, __version__
from pairwright.batch import TokenBatch
from pairwright.encodings import get_encoding, list_encodings
from pairwright.errors import (
    ChecksumError,
    DownloadError,
    FewerMergesWarning,
    FormatError,
    PairwrightError,
    SplitError,
)
from pairwright.progress import ProgressEvent
from pairwright.training import count, train

__all__ = [
    "ChecksumError",
    "Counts",
    "DownloadError",
    "FewerMergesWarning",
    "FormatError",
    "PairwrightError",
    "ProgressEvent",
    "SplitError",
    "StreamDecoder",
    "TokenBatch",
    "Tokenizer",
    "__version__",
    "count",
    "datasets",
    "get_encoding",
    "list_encodings",
    "train",
]
