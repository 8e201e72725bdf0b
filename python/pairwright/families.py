"""Published vocabularies whose models give a meaning to ids behind the ordinary tokens."""

import hashlib
from base64 import b64encode
from dataclasses import dataclass

from pairwright._core import Tokenizer


@dataclass(frozen=True)
class Family:
    """A vocabulary, and the ids that its models use for special tokens."""

    name: str
    tokens: int
    """How many ordinary tokens there are."""
    sha256: str
    """That of the rank file: a line for each token, in the order of ids."""
    reserved: range


FAMILIES = (
    Family(
        "r50k_base",
        50_256,
        "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
        range(50_256, 50_257),
    ),
    Family(
        "cl100k_base",
        100_256,
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        range(100_257, 100_277),
    ),
    Family(
        "o200k_base",
        199_998,
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        range(199_999, 200_019),
    ),
    Family(
        "Llama 3",
        128_000,
        "82e9d31979e92ab929cd544440f129d9ecd797b69e327f80f17e1c50d5551b55",
        range(128_000, 128_256),
    ),
    Family(
        "Llama 4",
        200_000,
        "d0bdbaf59b0762c8c807617e2d8ea51420eb1b1de266df2495be755c8e0ed6ed",
        range(200_000, 202_048),
    ),
    # <|endoftext|>, <|im_start|>, <|im_end|>, and 205 more of Qwen 1; later versions use some of the same ids.
    Family(
        "Qwen",
        151_643,
        "b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186",
        range(151_643, 151_851),
    ),
)


def family_of(tokenizer: Tokenizer) -> Family | None:
    """The family whose ordinary tokens a tokenizer has, with the same ids; it may have others besides."""
    vocab = tokenizer.vocab
    for family in FAMILIES:
        if len(vocab) == family.tokens:
            lines = b"".join(b"%s %d\n" % (b64encode(token), id) for token, id in vocab.items())
            if hashlib.sha256(lines).hexdigest() == family.sha256:
                return family
    return None


def reserved_ids(base: Tokenizer, new: range) -> tuple[Family, list[int]] | None:
    """Of new ids on top of a tokenizer those that its family reserves and it has no special token for."""
    family = family_of(base)
    if family is None:
        return None
    known = set(base.special_tokens.values())
    taken = [id for id in family.reserved if id in new and id not in known]
    return (family, taken) if taken else None
