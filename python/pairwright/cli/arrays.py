"""Arrays of numpy, made ready before the work."""

from pairwright import Tokenizer
from pairwright.cli import ending


def prepare_arrays(tokenizer: Tokenizer) -> None:
    """Have the core look up how numpy makes and lends arrays.

    It does so at the first array. If a signal comes in between it panics, which is no `KeyboardInterrupt`.
    """
    with ending.held_back():
        tokenizer.decode_bytes(tokenizer.encode_batch([]).values)
        tokenizer.count_batch([])
