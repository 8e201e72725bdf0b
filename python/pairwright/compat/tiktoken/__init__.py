"""tiktoken's interface on top of pairwright: code that is written for tiktoken runs by changing an import.

>>> from pairwright.compat import tiktoken
>>> tiktoken.encoding_name_for_model("gpt-4o")
'o200k_base'

It has the names of tiktoken 0.14 and gives the same results and the same kinds of errors, but for one thing: text that
a pattern of one's own does not match is kept, and not dropped. tiktoken itself is not needed.
"""

from pairwright.compat.tiktoken.core import Encoding
from pairwright.compat.tiktoken.model import encoding_for_model, encoding_name_for_model
from pairwright.compat.tiktoken.registry import get_encoding, list_encoding_names

__all__ = ["Encoding", "encoding_for_model", "encoding_name_for_model", "get_encoding", "list_encoding_names"]

__version__ = "0.14.0"
"""Of tiktoken, whose interface this is: some code asks for it."""
