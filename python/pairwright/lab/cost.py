"""What a vocabulary costs a language model, by formulas that are stated."""

from __future__ import annotations

from dataclasses import dataclass

from pairwright import arguments


@dataclass(frozen=True, kw_only=True)
class LanguageModel:
    """The measures of a transformer that a vocabulary is for.

    All formulas are those of a decoder with one embedding and one output head. FLOPs count a multiplication and an
    addition as two, and leave attention over the context out, as do Kaplan et al., "Scaling Laws for Neural Language
    Models" (2020), and Tao et al., "Scaling Laws with Vocabulary" (2024).
    """

    width: int
    """Numbers in the embedding of a token."""
    layers: int
    kv_heads: int | None = None
    """Heads that keys and values are cached for; with `None` they have the width together."""
    head_size: int | None = None
    parameters: int | None = None
    """Parameters without embedding and head; with `None`, 12 × layers × width²."""
    tied: bool = False
    """Whether embedding and head are one matrix."""
    context: int = 2048
    """The tokens that the model sees at once."""
    precision: int = 2
    """Bytes of a weight, a logit, a key or a value."""
    optimizer: int = 8
    """Bytes that an optimizer holds for a weight: two float32 numbers with Adam."""

    def __post_init__(self) -> None:
        """Raises `TypeError` and `ValueError` for measures that no model has."""
        for name in ("width", "layers", "context", "precision", "optimizer"):
            arguments.integer(name, getattr(self, name), least=0 if name == "optimizer" else 1)
        for name in ("kv_heads", "head_size", "parameters"):
            if getattr(self, name) is not None:
                arguments.integer(name, getattr(self, name), least=1)
        if (self.kv_heads is None) != (self.head_size is None):
            raise ValueError("kv_heads and head_size go together: give both or neither")
        arguments.flag("tied", self.tied)

    @property
    def body(self) -> int:
        """Parameters without embedding and head."""
        return 12 * self.layers * self.width**2 if self.parameters is None else self.parameters

    @property
    def cached(self) -> int:
        """Bytes of keys and values that a token takes in the cache: 2 × layers × heads × head size × precision."""
        each = self.width if self.kv_heads is None or self.head_size is None else self.kv_heads * self.head_size
        return 2 * self.layers * each * self.precision


def cost(vocab_size: int, bytes_per_token: float, model: LanguageModel) -> dict[str, float]:
    """What a vocabulary of a size costs, on text that has so many bytes a token.

    - `embedding_parameters`: vocab_size × width, twice if embedding and head are not tied.
    - `embedding_share`: of all parameters.
    - `weight_bytes`, `optimizer_bytes`: those of embedding and head.
    - `logit_bytes`: of the logits of a token: vocab_size × precision. Training holds them for every token of a batch.
    - `head_share`: the head's share of the FLOPs of a token: vocab_size × width / (parameters + vocab_size × width).
    - `flops_per_byte`: of training, 6 × (parameters + vocab_size × width) / bytes_per_token. For a given text this is
      what Tao et al. have smallest at their vocabulary size (their f(V) is tokens a character).
    - `context_bytes`: the text that fits into the context.
    - `cache_bytes_per_byte`: keys and values for a byte of text.
    """
    head = vocab_size * model.width
    embedding = head if model.tied else 2 * head
    return {
        "embedding_parameters": embedding,
        "embedding_share": embedding / (embedding + model.body),
        "weight_bytes": embedding * model.precision,
        "optimizer_bytes": embedding * model.optimizer,
        "logit_bytes": vocab_size * model.precision,
        "head_share": head / (head + model.body),
        "flops_per_byte": 6 * (model.body + head) / bytes_per_token,
        "context_bytes": model.context * bytes_per_token,
        "cache_bytes_per_byte": model.cached / bytes_per_token,
    }
