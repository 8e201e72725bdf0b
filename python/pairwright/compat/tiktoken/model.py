"""Which model uses which encoding."""

from pairwright.compat.tiktoken.core import Encoding
from pairwright.compat.tiktoken.registry import get_encoding
from pairwright.download import MANIFEST
from pairwright.encodings import spelled_exactly
from pairwright.names import suggestion

MODEL_TO_ENCODING: dict[str, str] = {
    model: encoding for encoding, known in MANIFEST["models"].items() for model in known["names"]
}

MODEL_PREFIX_TO_ENCODING: dict[str, str] = {
    prefix: encoding for encoding, known in MANIFEST["models"].items() for prefix in known["prefixes"]
}


def encoding_name_for_model(model_name: str) -> str:
    """The name of the encoding that a model uses. Raises `KeyError` if the model is not known by just this name."""
    name = spelled_exactly(model_name)
    if name is None:
        raise KeyError(f"no encoding is known for a model {model_name!r}{suggestion(model_name, MODEL_TO_ENCODING)}")
    return name


def encoding_for_model(model_name: str) -> Encoding:
    """The encoding that a model uses. Raises `KeyError` if the model is not known, and as `get_encoding`."""
    return get_encoding(encoding_name_for_model(model_name))
