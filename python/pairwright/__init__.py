"""Train, run and understand byte-level BPE tokenizers: fast, exact, the same everywhere.

>>> import pairwright as pw
>>> tok = pw.train(["to be or not to be, that is the question"], vocab_size=270)
>>> ids = tok.encode("to be or not")
>>> tok.decode(ids)
'to be or not'
"""

from pairwright._core import Counts, StreamDecoder, Tokenizer, __version__, clear_cache, set_cache_limit
from pairwright.errors import (
    ChecksumError,
    DocumentError,
    DownloadError,
    FewerMergesWarning,
    FormatError,
    PairwrightError,
    PatternWarning,
    ReservedIdsWarning,
    SkippedWarning,
    SplitError,
    StoppedError,
    UnknownSpecialWarning,
)

__all__ = [
    "Alignment",
    "Audit",
    "Bridge",
    "CacheInfo",
    "ChecksumError",
    "Comparison",
    "Corpus",
    "Counts",
    "DocumentError",
    "DownloadError",
    "EncodedFile",
    "EncodingEvent",
    "FewerMergesWarning",
    "FormatError",
    "Guard",
    "LanguageModel",
    "MergeStep",
    "PairwrightError",
    "Parity",
    "PatternExplanation",
    "PatternInfo",
    "PatternWarning",
    "PieceMerges",
    "ProgressEvent",
    "Renumbered",
    "Report",
    "ReservedIdsWarning",
    "Shown",
    "Sizes",
    "SkippedWarning",
    "SplitError",
    "StoppedError",
    "StreamDecoder",
    "TokenBatch",
    "Tokenizer",
    "Tokens",
    "UnknownSpecialWarning",
    "__version__",
    "bridge",
    "cache_info",
    "clear_cache",
    "compare",
    "count",
    "datasets",
    "decode_tokens",
    "encode_corpus",
    "encode_to_file",
    "encoding_for_model",
    "encoding_name_for_model",
    "explain_pattern",
    "get_encoding",
    "list_encodings",
    "list_patterns",
    "mix",
    "mixing_weights",
    "open_tokens",
    "report",
    "rows",
    "set_cache_limit",
    "sizes",
    "texts",
    "train",
    "verify_tokens",
]

# `typing.TYPE_CHECKING` by the name that type checkers know it by: `typing` takes longer to import than all above.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from pairwright import datasets
    from pairwright.batch import TokenBatch
    from pairwright.cache import CacheInfo, cache_info
    from pairwright.corpus import Corpus, texts
    from pairwright.encodings import encoding_for_model, encoding_name_for_model, get_encoding, list_encodings
    from pairwright.lab.audit import Audit
    from pairwright.lab.bridge import Alignment, Bridge, bridge
    from pairwright.lab.compare import compare
    from pairwright.lab.comparison import Comparison
    from pairwright.lab.cost import LanguageModel
    from pairwright.lab.guard import Guard
    from pairwright.lab.inherited import rows
    from pairwright.lab.merging import MergeStep, PieceMerges
    from pairwright.lab.renumbered import Renumbered
    from pairwright.lab.report.making import Report, report
    from pairwright.lab.show import Shown
    from pairwright.lab.sizes import Sizes, sizes
    from pairwright.mixture import mix, mixing_weights
    from pairwright.parity import Parity
    from pairwright.patterns import PatternExplanation, PatternInfo, explain_pattern, list_patterns
    from pairwright.progress import ProgressEvent
    from pairwright.tokens.encoding import EncodingEvent, encode_corpus
    from pairwright.tokens.reading import Tokens, open_tokens
    from pairwright.tokens.restoring import decode_tokens
    from pairwright.tokens.single import EncodedFile, encode_to_file
    from pairwright.tokens.verifying import verify_tokens
    from pairwright.training import count, train
else:
    import os as _os

    # `threading.RLock`, which is not worth importing `threading` for.
    from _thread import RLock as _RLock

    _importing = _RLock()

    def _renew_lock() -> None:
        global _importing
        _importing = _RLock()

    # A child forked while another thread imports inherits a lock that nobody would ever release.
    if hasattr(_os, "register_at_fork"):
        _os.register_at_fork(after_in_child=_renew_lock)

    # Imported when first asked for: who loads a model and encodes is not to wait for numpy, nor to hold it in memory.
    _MODULES = {
        "Alignment": "pairwright.lab.bridge",
        "Audit": "pairwright.lab.audit",
        "Bridge": "pairwright.lab.bridge",
        "CacheInfo": "pairwright.cache",
        "Comparison": "pairwright.lab.comparison",
        "Corpus": "pairwright.corpus",
        "Guard": "pairwright.lab.guard",
        "LanguageModel": "pairwright.lab.cost",
        "MergeStep": "pairwright.lab.merging",
        "Parity": "pairwright.parity",
        "PatternExplanation": "pairwright.patterns",
        "PatternInfo": "pairwright.patterns",
        "PieceMerges": "pairwright.lab.merging",
        "ProgressEvent": "pairwright.progress",
        "Renumbered": "pairwright.lab.renumbered",
        "Report": "pairwright.lab.report.making",
        "Shown": "pairwright.lab.show",
        "Sizes": "pairwright.lab.sizes",
        "TokenBatch": "pairwright.batch",
        "Tokens": "pairwright.tokens.reading",
        "bridge": "pairwright.lab.bridge",
        "cache_info": "pairwright.cache",
        "compare": "pairwright.lab.compare",
        "count": "pairwright.training",
        "datasets": "pairwright.datasets",
        "EncodingEvent": "pairwright.tokens.encoding",
        "decode_tokens": "pairwright.tokens.restoring",
        "EncodedFile": "pairwright.tokens.single",
        "encode_corpus": "pairwright.tokens.encoding",
        "encode_to_file": "pairwright.tokens.single",
        "encoding_for_model": "pairwright.encodings",
        "encoding_name_for_model": "pairwright.encodings",
        "explain_pattern": "pairwright.patterns",
        "get_encoding": "pairwright.encodings",
        "list_encodings": "pairwright.encodings",
        "list_patterns": "pairwright.patterns",
        "mix": "pairwright.mixture",
        "mixing_weights": "pairwright.mixture",
        "open_tokens": "pairwright.tokens.reading",
        "report": "pairwright.lab.report.making",
        "rows": "pairwright.lab.inherited",
        "sizes": "pairwright.lab.sizes",
        "texts": "pairwright.corpus",
        "train": "pairwright.training",
        "verify_tokens": "pairwright.tokens.verifying",
    }

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        # One thread at a time: modules that two threads import in different orders may otherwise be given half-made.
        with _importing:
            module = import_module(_MODULES[name])
        value = module if name == "datasets" else getattr(module, name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
