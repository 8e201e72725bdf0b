"""The manual of the Rust classes.

Everything here releases the interpreter while it works, and all but `StreamDecoder` and `Counter` may be used from
several threads at once. Wherever text is taken, `str` and `bytes` are: `bytes` need not be UTF-8 and are kept byte for
byte; so are `bytearray` and `memoryview` objects of bytes. To encode a `str`, a pair of surrogates in it is taken for
the character that it means, and a lone one for U+FFFD; parts of a `str` have the surrogates that it has. Long calls can
be interrupted with Ctrl-C.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set as AbstractSet
from typing import Any, BinaryIO, Literal, Self, SupportsFloat, SupportsIndex, final, overload

import numpy as np
import numpy.typing as npt
import tiktoken
import tokenizers

from pairwright import Audit, Tokens
from pairwright.aliases import Arrow, Fraction, Ids, Origin, Path, Report, Special, Text
from pairwright.batch import TokenBatch
from pairwright.corpus import Source
from pairwright.frozen import FrozenDict, FrozenList
from pairwright.lab.guard import Guard
from pairwright.lab.merging import PieceMerges
from pairwright.lab.renumbered import Renumbered
from pairwright.lab.show import Shown
from pairwright.special import Treatment
from pairwright.tokens.progress import Progress as EncodingProgress

__all__ = [
    "DATASETS",
    "PACKED_HEADER",
    "PATTERNS",
    "PATTERN_NAMES",
    "WHOLE",
    "Block",
    "Counter",
    "Counts",
    "Reader",
    "Settings",
    "StreamDecoder",
    "Tokenizer",
    "__version__",
    "_add_usage",
    "_batch_to_arrow",
    "_from_counts",
    "_from_model",
    "_from_packed",
    "_schema_of_batches",
    "cache_info",
    "check_second_pattern",
    "clear_cache",
    "explain",
    "hashes",
    "kind_of",
    "lengths",
    "named_patterns",
    "refuse_foreign",
    "regex_of",
    "same_name",
    "set_cache_limit",
    "train",
    "train_parity",
    "unlearned",
    "write_atomically",
]

__version__: str

DATASETS: str
"""The dataset manifest, JSON."""

PATTERNS: dict[str, str]
"""The named split patterns: name → regex, or the text of several steps."""

PATTERN_NAMES: list[str]
"""All names that mean a split pattern: of patterns, encodings and models."""

WHOLE: str
PACKED_HEADER: int
"""The regex that takes a text whole."""

def cache_info() -> tuple[int, int, int, int]:
    """Limit, bytes, hits and misses: what `pairwright.cache_info` gives names to."""

def clear_cache() -> None:
    """Forget all pieces that were encoded before, and give their memory back.

    At once, or for calls that are still running when they have done.
    """

def set_cache_limit(limit: SupportsIndex) -> None:
    """Set the most memory, in bytes, that pieces which were encoded before may take in this process.

    For all tokenizers and threads together. With 0 nothing is remembered but a few pieces for each thread, in 4 KiB
    that do not count. `ValueError` for a negative number.
    """

@final
class Tokenizer:
    """A byte-level BPE tokenizer: a vocabulary, its merges, a split pattern and special tokens. Immutable.

    Made by `pairwright.train`, `Tokenizer.load`, `Tokenizer.from_tiktoken` or `pairwright.get_encoding`. Can be
    pickled, copied, compared with `==` (metadata does not matter) and used as a key. `len(tok)` is its `vocab_size`;
    `id in tok` tells whether a token has this id, `b" the" in tok` and `" the" in tok` whether one has these bytes,
    special tokens included.

    Wherever an `int` is taken, integers of numpy are, but no `bool`; a path is a `str` or `os.PathLike`.
    """

    def __new__(cls, *args: object, **options: object) -> Self:
        """Raises `TypeError`: see above."""

    @staticmethod
    def load(path: Path) -> Tokenizer:
        """Read a model file.

        Raises `OSError`; `FormatError` if the file is truncated, altered, of a newer version, or no model file; of a
        file in another format it names what reads it.
        """

    @staticmethod
    def from_tiktoken(
        path: Path, *, pattern: str, special_tokens: Mapping[str, int] | None = None, ignore_merges: bool = False
    ) -> Tokenizer:
        """Read a rank file in tiktoken's format, whatever its name; ranks are ids.

        One token may have no bytes, written as `=`: its id decodes to nothing, and no text is encoded to it.

        `pattern` is the name of a pattern, encoding or model in any spelling ("cl100k", "GPT-4o", "qwen2.5") or, to the
        letter, any regex. A word that is no name is refused; "(?:word)" is a regex.

        With `ignore_merges`, a piece that is a token is encoded to it, whether or not merging gives it: that is what
        tiktoken does, and it matters for vocabularies with tokens that no merge reaches, such as that of Llama 3.
        Raises `OSError`; `FormatError` naming the line that is damaged; `ValueError` for an invalid pattern or special
        token.
        """

    @staticmethod
    def from_huggingface(path: Path) -> Tokenizer:
        """Read a tokenizer.json of Hugging Face's tokenizers, or the one in a folder.

        Understood are byte-level BPE models with merge lists, in either spelling and with `ignore_merges`; the
        pre-tokenizers ByteLevel, Split, Digits and sequences of them; one normal form of Unicode; added tokens with all
        their flags; post-processors that add ids before and behind a text (`beginning`, `ending`). Added tokens that
        are not special are found in every text, and have the ids that tokenizers gives them. Truncation and padding are
        passed over.

        `encode(text, allowed_special="all")` gives the ids that tokenizers gives without `beginning` and `ending`.
        Raises `OSError`; `FormatError` naming a component that is not supported, or what is damaged.
        """

    @staticmethod
    def from_minbpe(path: Path) -> Tokenizer:
        """Read a `.model` file of minbpe. Raises `OSError`; `FormatError` naming the line that is damaged."""

    @staticmethod
    def from_tekken(path: Path) -> Tokenizer:
        """Read a tekken.json of Mistral's: its tokens, pattern and special tokens.

        Raises `OSError`; `FormatError` naming what is damaged.
        """

    @staticmethod
    def from_ranks(
        ranks: Mapping[bytes, int],
        *,
        pattern: str,
        special_tokens: Mapping[str, int] | None = None,
        ignore_merges: bool = False,
    ) -> Tokenizer:
        """As `from_tiktoken`, of tokens with their ranks: what `vocab` gives. Raises `ValueError`."""

    @staticmethod
    def from_merges(
        merges: Iterable[tuple[bytes, bytes]],
        *,
        vocab: Mapping[bytes, int] | None = None,
        pattern: str,
        special_tokens: Mapping[str, int] | None = None,
        ignore_merges: bool = False,
    ) -> Tokenizer:
        """A tokenizer in which only these merges happen, the first that can before all others: what `merges` gives.

        `vocab` gives every token its id. Without it the 256 bytes have the ids from 0 to 255, and what the merges make
        the next ones, in their order. A list that means what the ids mean as ranks gives the same tokenizer as
        `from_ranks`, whose `merges` leaves out what never happens. Raises `ValueError` naming the merge that is of what
        is no token, gives none, or is listed twice; and as `from_tiktoken`.
        """

    def save(self, path: Path) -> None:
        """Write a model file: one JSON object, complete or not at all. Raises `OSError`."""

    def to_tiktoken(self, path: Path) -> None:
        """Write the ordinary tokens as a rank file in tiktoken's format.

        The format has no place for special tokens, the split pattern and metadata. Raises `OSError`; `ValueError` for a
        tokenizer with a merge list that means something else than ranks.
        """

    def to_huggingface(self, path: Path, *, config: Mapping[str, object] | None = None) -> None:
        """Write a tokenizer.json for Hugging Face's tokenizers.

        A path that ends in ".json" is that of the file. Any other is a folder, made if it is not there, in which the
        file is tokenizer.json.

        With a `config`, even an empty one, a tokenizer_config.json goes beside it: `PreTrainedTokenizerFast` of
        transformers then loads the folder. The config says more, e.g. `{"eos_token": "<|end|>", "model_max_length":
        4096, "chat_template": "…"}`; values must be such as `json` writes.

        Raises `OSError`, `NotADirectoryError` for a file that does not end in ".json"; `ValueError` if tokenizers would
        understand something else: special tokens that share an id, or a custom pattern that means something else to its
        regex library.
        """

    def to_minbpe(self, path: Path) -> None:
        """Write a `.model` file for minbpe.

        Raises `OSError`; `ValueError` if the ids are not those of the bytes and then of the merges, or the tokenizer
        does what minbpe has no place for.
        """

    def encode(
        self,
        text: Text,
        *,
        allowed_special: Special = (),
        disallowed_special: Special = "all",
        threads: SupportsIndex | None = None,
    ) -> list[int]:
        """The ids of a text.

        Special tokens in `allowed_special` become their id. Those in `disallowed_special` raise `ValueError`; "all"
        means all that are not allowed. Any others are plain text. A name in `allowed_special` that is no special token
        of this tokenizer has no effect, as in tiktoken, and is warned of: `UnknownSpecialWarning`. `SplitError` if a
        custom pattern fails on the text.

        A text of more than 64 KiB is cut where that changes nothing, and encoded on up to `threads` threads, by default
        one for each core. The ids never depend on it.
        """

    def encode_ordinary(self, text: Text, *, threads: SupportsIndex | None = None) -> list[int]:
        """The ids of a text in which special tokens are plain text."""

    def encode_to_numpy(
        self,
        text: Text,
        *,
        allowed_special: Special = (),
        disallowed_special: Special = "all",
        threads: SupportsIndex | None = None,
    ) -> npt.NDArray[np.uint32]:
        """As `encode`, as an array of shape (n,): several times as fast as a list."""

    def encode_batch(
        self,
        texts: Iterable[Text] | Arrow,
        *,
        allowed_special: Special = (),
        disallowed_special: Special = "all",
        threads: SupportsIndex | None = None,
    ) -> TokenBatch:
        """The ids of many texts, in one flat array, on up to `threads` threads; by default one for each core.

        If several texts raise an error, it is that of the first, whatever the threads.

        Texts may also be a column of strings or binary, or a table with one such column and no other, of any library
        that offers Arrow's PyCapsule interface: a pyarrow array, a polars series, a duckdb relation. It is read where
        it is, without a copy. Raises `ValueError` for a row that is null and for several columns, `TypeError` for
        columns of other types, `RuntimeError` with the reason if a stream fails. A single text, a mapping and whatever
        has several columns or dimensions are a `TypeError`; one for an item that is no text names it: `texts[3]`.
        """

    def _encode_documents(
        self,
        texts: Iterable[Text] | Block,
        allowed_special: Special,
        disallowed_special: Special,
        threads: SupportsIndex | None,
        ending: int | None,
        complete: int,
    ) -> TokenBatch: ...
    def encode_with_spans(
        self,
        text: Text,
        *,
        allowed_special: Special = (),
        disallowed_special: Special = "all",
        threads: SupportsIndex | None = None,
    ) -> tuple[list[int], npt.NDArray[np.int64]]:
        """The ids, and where each token lies in the text: an array of shape (n, 2), start and end.

        Spans count characters of a `str`, and bytes of `bytes`. Tokens that share a character share its span. Raises
        `ValueError` if the tokenizer, read from a tokenizer.json, normalizes this text or leaves some of it out.
        """

    @overload
    def truncate(self, text: str, max_tokens: SupportsIndex) -> str: ...
    @overload
    def truncate(self, text: bytes, max_tokens: SupportsIndex) -> bytes:
        """The longest beginning of a text, of whole characters, that has at most so many ids by itself.

        Special tokens are plain text. Takes time in proportion to what is kept. `ValueError` for a negative number.
        """

    @overload
    def chunk(self, text: str, max_tokens: SupportsIndex, *, overlap: SupportsIndex = 0) -> list[str]: ...
    @overload
    def chunk(self, text: bytes, max_tokens: SupportsIndex, *, overlap: SupportsIndex = 0) -> list[bytes]:
        """Parts of a text, in order, that have at most `max_tokens` ids each, by themselves.

        Every chunk is the longest that fits, and no character is torn. Each starts where the one before ends or, with
        an `overlap`, further back: by as many characters as there are at the end of the one before that have at most
        `overlap` ids by themselves, always the most, as long as the new chunk still gets beyond the one before.

        Special tokens are plain text. Takes time in proportion to the text and all chunks. Raises `ValueError` if
        `overlap` is not less than `max_tokens`, or a single character has more ids than that.

        Under a regex of one's own, or where the tokenizer normalizes text, every chunk fits, too, but in rare cases a
        longer one might.
        """

    def encode_piece(self, piece: Text) -> list[int]:
        """The ids of one piece, whatever the split pattern would make of it; special tokens are plain text."""

    @overload
    def split(self, text: str) -> list[str]: ...
    @overload
    def split(self, text: bytes) -> list[bytes]:
        """The pieces of a text, of the type it has: joined, they are the text. Special tokens are plain text.

        Only a tokenizer.json can make a tokenizer that leaves out a part. Raises `SplitError` if a custom pattern fails
        on the text.
        """

    def count(self, text: Text, *, threads: SupportsIndex | None = None) -> int:
        """The number of ids of a text in which special tokens are plain text. Keeps no ids."""

    def count_batch(
        self, texts: Iterable[Text] | Arrow, *, threads: SupportsIndex | None = None
    ) -> npt.NDArray[np.int64]:
        """The number of ids of many texts, of all kinds that `encode_batch` takes: an array of shape (n,).

        Keeps no ids.
        """

    def usage(
        self,
        source: Source | Counts | Tokens,
        *,
        threads: SupportsIndex | None = None,
        progress: EncodingProgress = None,
    ) -> npt.NDArray[np.uint64]:
        """How often each id occurs in a source: an array of shape (vocab_size,).

        Args:
            source: What `train` takes: a `Corpus`, paths, folders or patterns, texts, a column of Arrow, `texts(…)`. Or
                `Counts` made with the same split pattern: each pretoken is encoded once, and special tokens that were
                cut out count nothing. Or a token folder, as a path (all its splits) or as `Tokens` (one split), that
                this tokenizer encoded: its ids are counted as they are, special tokens included.
            threads: The number of threads that encode; `None` uses every core.
            progress: For a corpus: `True` shows a bar on stderr if it is a terminal; a callable receives
                `EncodingEvent` objects, and ends the work with `StoppedError` if it returns `False`.

        Special tokens in text are plain text. The result is the same for any number of threads, and the usages of two
        corpora add up: `tok.usage(a) + tok.usage(b)`.

        Raises what `encode_corpus` raises for documents and files; `ValueError` for counts made with another split
        pattern, and for a token folder that another tokenizer encoded.

        """

    def made(self, usage: npt.ArrayLike) -> npt.NDArray[np.uint64]:
        """How often each token was made in a text of which this is the usage: an array of shape (vocab_size,).

        A token is made as often as it is left in the end, and as often as longer ones are made of it: `made[t] =
        usage[t] + Σ made[p]` over the tokens p whose last merge has t as a part, twice where it is both parts. Every
        token that merging reaches has one last merge, the same in any text (see `merges`), so this is exact.

        Raises `TypeError` for what are no integers, `ValueError` for another shape.
        """

    def curve(self, usage: npt.ArrayLike | None = None) -> npt.NDArray[np.uint64]:
        """How many tokens a text has after each merge, of which this is the usage: of shape (len(merges) + 1,).

        `curve[n]` is the number of tokens with the first n merges alone, as `first` leaves them: `curve[0]` is the
        number of bytes, `curve[-1]` that of the tokens. Special tokens in a usage count as they are.

        Without a usage it is the curve of the training corpus, as training counted it: it costs nothing, and only the
        tokenizer that `train` returned has it: no file keeps it. With a base it begins
        with the tokens of the base, and has an item for each merge learned on top. It differs from
        `curve(usage(corpus))` only where training and encoding cut a piece differently: training merges one pair at a
        time, in the order learned, encoding any pair whose bytes are a token.

        Raises `ValueError` if smaller vocabularies are not part of this one: a token is merged from one with a larger
        id, as in that of Llama 3, or is in use though no merge makes it. Without a usage, if there is no curve.
        """

    def usage_at(self, usage: npt.ArrayLike, vocab_size: SupportsIndex) -> npt.NDArray[np.uint64]:
        """The usage of `first(vocab_size)` in a text of which this is the usage: an array of shape (vocab_size,).

        It is computed, and equal to what encoding the text again would give. Raises as `curve` and `first`.
        """

    def first(self, vocab_size: SupportsIndex) -> Tokenizer:
        """The tokenizer that training to `vocab_size` ids would have given.

        It has the tokens of the lowest ids and all special tokens. Special tokens that come behind the merges move up
        to the last of them; all other ids stay. Raises `ValueError` for a size that leaves no room for the bytes and
        the special tokens or is above that of this tokenizer, and if a token is merged from one with a larger id.
        """

    def without(self, ids: Ids | AbstractSet[int]) -> Tokenizer:
        """The same tokenizer, which never gives these ids. All other ids stay.

        Text is encoded by the same rule, on the tokens that are left: of all neighbours whose joined bytes are a token,
        the one of the lowest id merges first. Where the merges are a list, those that make or need a removed token are
        gone. Either way, a text in which none of the tokens was made (see `made`) keeps its ids. The names of special
        tokens that are removed are plain text.

        Raises `KeyError` for an id that is no token, `ValueError` for a single byte, which some text needs.
        """

    def compact(self) -> Renumbered:
        """The same tokenizer with the ids 0, 1, … in the order of its own, and the map between old and new ids."""

    def keep(self, ids: Ids | AbstractSet[int]) -> Renumbered:
        """These tokens and the single bytes, and no others, with the ids 0, 1, …; and the map between old and new ids.

        Tokens that merging makes of others may need those, too: `trim` sees to that. Raises `KeyError` for an id that
        is no token.
        """

    def trim(self, usage: npt.ArrayLike, vocab_size: SupportsIndex | None = None) -> Tokenizer:
        """The tokens that a text needs of which this is the usage, with the same ids.

        Without a size the text keeps its ids: all tokens stay that are made in it, be it on the way to longer ones.
        With a size at most so many tokens stay, single bytes and special tokens among them: those that were made least
        often go first, and none stays without its parts. How many tokens the text has then, `usage` of the result
        tells: neighbours of a token that is gone may merge otherwise.

        Raises `ValueError` for a size below that of the single bytes and special tokens, and for a usage of another
        shape.
        """

    def guard(self, usage: npt.ArrayLike, unseen: Literal["split", "error"] | SupportsIndex = "split") -> Guard:
        """Encode without ids that a model has never seen in training, which have random embeddings.

        Args:
            usage: How often each id occurs in what the model was trained on.
            unseen: What becomes of an id that does not. "split" puts the two tokens in its place that it is merged
                from, and so on until all were seen: the text stays the same. Single bytes and special tokens cannot be
                split, and stay. "error" raises `ValueError`. An id, such as that of an unknown token, takes its place.

        Raises `ValueError` for a usage of another shape, or if `unseen` is none of these.

        """

    def show(self, text: Text, *, special: Treatment = "allow") -> Shown:
        """The tokens of a text, to look at: `print` them, or let a notebook show them in colours.

        `special` says what becomes of special tokens in the text: "allow" gives their id, "text" takes them for plain
        text, "refuse" raises `ValueError`.
        """

    def merge_steps(self, text: Text, *, special: Treatment = "allow") -> list[PieceMerges]:
        """In which order the pieces of a text are merged: one entry for each piece, in the order of the text.

        Of all merges that are possible in a piece, the one of the lowest rank happens first, and of equal ones the
        leftmost. `special` is as in `show`; a special token is a piece that is not merged.

        Raises `ValueError` for a text of which the tokenizer, read from a tokenizer.json, leaves out parts.
        """

    def _usages_at(self, usage: npt.ArrayLike, sizes: Sequence[int]) -> list[npt.NDArray[np.uint64]]: ...
    def _merge_table(self) -> npt.NDArray[np.uint32]: ...
    def _merged(self, bytes: bytes) -> list[int]: ...
    @staticmethod
    def _ids_of(ids: Ids) -> npt.NDArray[np.uint32]: ...
    def _compact(self) -> tuple[Tokenizer, npt.NDArray[np.uint32]]: ...
    def audit(
        self,
        source: Source | Counts | Tokens | None = None,
        *,
        usage: npt.ArrayLike | None = None,
        rare: SupportsIndex = 10,
        embeddings: Path | tuple[Path, str] | npt.ArrayLike | None = None,
        head: Path | tuple[Path, str] | npt.ArrayLike | None = None,
        unused: Ids | None = None,
        threads: SupportsIndex | None = None,
        progress: EncodingProgress = None,
    ) -> Audit:
        """Look for tokens that are of little use to a model, or a risk; each finding carries its evidence.

        Args:
            source: Text or ids to see which tokens occur, as in `usage`. Without it the vocabulary alone is examined.
            usage: Instead of a source, what `usage` gave for one: an array of shape (vocab_size,). Sums are welcome.
            rare: Tokens that occur in the source, but fewer times than this, are called rare.
            embeddings: The input embedding of a model with this tokenizer, to look for tokens that the model was hardly
                trained on by the indicators of Land and Bartolo (2024): an array of floats of shape (rows, width), an
                npy or safetensors file, or (file, name of the tensor). In safetensors the tensor is found by itself if
                it is the only matrix or has a usual name, such as `model.embed_tokens.weight`. Rows beyond the
                vocabulary are padding, and known to be unused.
            head: The matrix of the output layer, likewise, where it is not the same. An `lm_head.weight` in the same
                safetensors file is found by itself.
            unused: Ids that the model was never trained on, which other rows are measured by. `None` takes padding,
                free slots, tokens that no text gives, the bytes that UTF-8 never has, and special tokens whose names
                call them reserved or unused.
            threads: The number of threads that encode; `None` uses every core.
            progress: As in `usage`.

        A token is called reachable only with a text that was encoded and gave it, and unreachable only with a proof.
        Where neither was found it is `not_found`, and the bound of the search is told. Groups that need a source or
        embeddings are absent without; `Audit.skipped` says why.

        Raises what `usage` raises for a source; `TypeError` and `ValueError` for a usage that was not made by this
        tokenizer, and for embeddings with fewer rows than it has ids; `ValueError` for a source and a usage together;
        `FormatError` and `OSError` for files that cannot be read.

        """

    def _usage_of_texts(
        self, texts: Iterable[Text] | Arrow | Block, *, threads: SupportsIndex | None = None
    ) -> npt.NDArray[np.uint64]: ...
    def _usage_of_counts(self, counts: Counts, *, threads: SupportsIndex | None = None) -> npt.NDArray[np.uint64]: ...
    def decode(self, ids: Ids, errors: str = "replace") -> str:
        """The text of ids; `errors` as in `bytes.decode`.

        Ids are a list or another iterable of integers, or an array or tensor of one dimension: of numpy, pyarrow,
        pandas, torch and others. Raises `KeyError` naming an unknown id and its position: so are the -100 and other
        padding that batches for training have. `TypeError` for several sequences, which `decode_batch` takes, and for
        anything else; `LookupError` for unknown `errors`.
        """

    def decode_bytes(self, ids: Ids) -> bytes:
        """The bytes of ids: exactly those that were encoded. Raises `KeyError` as `decode` does."""

    def decode_with_spans(self, ids: Ids) -> tuple[str, npt.NDArray[np.int64]]:
        """The text of ids, and where each token lies in it: an array of shape (n, 2), start and end in characters.

        Bytes that are not UTF-8 are shown as U+FFFD, which counts as any character. Tokens that share a character share
        its span. Raises `KeyError` as `decode` does.
        """

    def decode_batch(self, batch: TokenBatch | Iterable[Ids], errors: str = "replace") -> list[str]:
        """The text of each of many sequences of ids. Raises as `decode` does, naming the sequence: `batch[3]`."""

    def stream_decoder(self) -> StreamDecoder:
        """A decoder for ids that arrive one by one."""

    def token_bytes(self, id: SupportsIndex) -> bytes:
        """The bytes of a token, special ones included. Raises `KeyError`."""

    def token_id(self, token: Text) -> int:
        """The id of the token with exactly these bytes, special ones included. Raises `KeyError`."""

    @property
    def vocab_size(self) -> int:
        """One more than the largest id: the number of all ids (bytes, merges, special tokens) if they have no holes."""

    @property
    def pattern(self) -> str:
        """The split pattern: its name, or the regex that was given."""

    @property
    def normalizer(self) -> str | None:
        """The normal form that text is brought into before it is split: "NFC", "NFD", "NFKC", "NFKD" or none."""

    @property
    def beginning(self) -> list[int]:
        """The ids that a model expects before those of a text. `encode` does not add them."""

    @property
    def ending(self) -> list[int]:
        """The ids that a model expects behind those of a text. `encode` does not add them."""

    @property
    def ignore_merges(self) -> bool:
        """Whether a piece that is a token is encoded to it, whether or not merging gives it."""

    @property
    def special_tokens(self) -> FrozenDict[str, int]:
        """The special tokens with their ids, in the order of ids: a `dict` as `vocab` is one."""

    @property
    def merges(self) -> FrozenList[tuple[bytes, bytes]]:
        """The merges in order: `from_merges` takes them back.

        Those of ranks, and of a merge list that means ranks, are the ones that can happen: the last merge of each token
        that merging reaches. A `list` that is made when it is first asked for and kept. It cannot be changed; a slice
        or copy of it can.
        """

    @property
    def vocab(self) -> FrozenDict[bytes, int]:
        """The ordinary tokens with their ids, in the order of ids.

        A `dict` that is made when it is first asked for and kept: some 100 bytes of memory for each token. It cannot be
        changed; a copy of it, `dict(tok.vocab)`, can. For a few look-ups `token in tok` and `token_id` do without it.
        """

    @property
    def metadata(self) -> dict[str, Any]:
        """How the tokenizer was made: corpus, settings, library version, time. A copy."""

    def as_tiktoken(self, name: str = "pairwright") -> tiktoken.Encoding:
        """The same as an object of tiktoken, which must be installed.

        Raises `ImportError`; `ValueError` if tiktoken has no encodings that do the same: with a merge list that means
        something else than ranks, several steps of splitting, a normal form, special tokens that are found in a
        manner of their own, or tokens that no merge gives unless merges are ignored.
        """

    def as_huggingface(self) -> tokenizers.Tokenizer:
        """The same as an object of tokenizers, which must be installed.

        Raises `ImportError`; `ValueError` as `to_huggingface`.
        """

    @property
    def _is_by_list(self) -> bool: ...
    @property
    def _is_plain(self) -> bool: ...
    def _unlike_ranks(self) -> str | None: ...
    def _unlike_plain(self) -> str | None: ...
    def _unreached(self) -> bytes | None: ...
    def _packed(self) -> bytes: ...
    def _model_file(self) -> bytes: ...
    @property
    def _merge_count(self) -> int: ...
    def _tokenizer_json(self) -> str: ...
    def _with_metadata(self, metadata: str) -> Tokenizer: ...
    def __reduce__(self) -> tuple[Callable[[bytes], Tokenizer], tuple[bytes]]: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def __len__(self) -> int: ...
    def __contains__(self, token: SupportsIndex | Text, /) -> bool: ...

@final
class StreamDecoder:
    """Turns ids that arrive one by one into text. Holds back only a character that is not complete yet.

    Made by `Tokenizer.stream_decoder`.
    """

    def __new__(cls, *args: object, **options: object) -> Self:
        """Raises `TypeError`: see above."""

    def push(self, id: SupportsIndex, /) -> str:
        """Take in an id, give out the text that is complete by now. Raises `KeyError` for an unknown id."""

    def finish(self) -> str:
        """Give out the rest: U+FFFD for a character that never became complete. The decoder can then start anew."""

@final
class Counts:
    """How often each distinct piece of a corpus (a pretoken) occurs: all that training needs to know of it.

    Made by `pairwright.count`, `Counts.load` or `Counts.from_items`. Iterating gives the pretokens, in the order of
    first occurrence. Immutable; can be pickled, copied and used as a key. Two are equal if they hold the same pretokens
    with the same counts under the same pattern and special tokens; the order, which decides ties under "first_seen"
    alone, is not compared.

    Counts have 64 bits. What would pass 2**64-1, a count or their total, is an `OverflowError` naming the pretoken.
    """

    def __new__(cls, *args: object, **options: object) -> Self:
        """Raises `TypeError`: see above."""

    @staticmethod
    def load(path: Path) -> Counts:
        """Read a counts file.

        Raises `OSError`; `FormatError` if the file is truncated, altered, of a newer version, or no counts file.
        """

    @staticmethod
    def from_items(
        items: Iterable[tuple[Text, SupportsIndex] | list[Any]],
        pattern: str = "cl100k",
        special_tokens: Iterable[str] = (),
    ) -> Counts:
        """Counts of pretokens that were counted elsewhere, in the order given; `pattern` is what split the text.

        Counts of equal pretokens add up, a count of 0 is dropped. Raises `ValueError` for an invalid pattern or special
        token and, naming the item, for a negative count, a pretoken that is empty or one that holds a special token;
        `TypeError` for what is no pair of text and int; `OverflowError`.
        """

    def save(self, path: Path) -> None:
        """Write a counts file, complete or not at all: binary, compact, with a checksum. Raises `OSError`."""

    def filter(self, min_count: SupportsIndex) -> Counts:
        """Only the pretokens that occur at least `min_count` times. `ValueError` if that is negative."""

    def __add__(self, other: Counts | Literal[0], /) -> Counts:
        """Counts of the text of one followed by that of the other: first all pretokens of the left, then new ones.

        0 changes nothing, so that `sum` works. Raises `ValueError` naming both if the patterns or the special tokens
        are not the same; `OverflowError`.
        """

    def __radd__(self, other: int, /) -> Counts:
        """For `sum`, which begins with 0; any other int is a `TypeError`."""

    def __mul__(self, factor: Fraction, /) -> Counts:
        """Every count times a number, which is taken as the exact fraction it is, rounded half up.

        Pretokens whose count becomes 0 are dropped. Raises `ValueError` if the number is negative, infinite or NaN;
        `OverflowError`.
        """

    def __rmul__(self, factor: Fraction, /) -> Counts: ...
    def __reduce__(self) -> tuple[Callable[[bytes], Counts], tuple[bytes]]: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    __array_ufunc__: None
    """Makes numpy's numbers leave `number * counts` to `Counts`."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[bytes]: ...
    def __contains__(self, pretoken: object, /) -> bool: ...
    def __getitem__(self, pretoken: Text, /) -> int: ...
    def items(self) -> list[tuple[bytes, int]]:
        """The pretokens with their counts, in the order of first occurrence."""

    @property
    def total(self) -> int:
        """The number of pieces, equal ones included."""

    @property
    def _bytes(self) -> int: ...
    def _sample(self, number: int) -> list[tuple[bytes, int]]: ...
    @property
    def pattern(self) -> str:
        """The split pattern: its name, or the regex that was given."""

    @property
    def special_tokens(self) -> list[str]:
        """The special tokens that were cut out, in the order given."""

@final
class Reader:
    """Reads documents of files ahead, on a thread of its own. For use by `pairwright.Corpus`.

    Origins are (path, or None for standard input; "gzip", "zstd", "bzip2", "xz" or "", by its name; the unit of
    documents, "file", "line", "separator", "json" (lines), "values" (other JSON), "csv" or "tsv"; the separator, the
    field, the column, or None; "take", "refuse" or "pass", what becomes of a file that is not text). Blocks have about
    `size` bytes. Longer documents are cut for `cut_for`, a split pattern and special tokens, or not at all. With
    `skips`, what cannot be read is passed over; with `refuses_empty`, files without a byte cannot be read. Reading
    begins at `start`, (file, document). `stream`, a binary file, is read instead of standard input.
    """

    def __new__(
        cls,
        origins: Sequence[Origin],
        *,
        size: int,
        cut_for: tuple[str, Sequence[str]] | None = None,
        skips: bool = False,
        refuses_empty: bool = False,
        start: tuple[int, int] = (0, 0),
        stream: BinaryIO | None = None,
    ) -> Self: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> Block:
        """The next block. Raises `OSError`, `DocumentError`."""

@final
class Block:
    """Some documents that were read, or parts of them; `Tokenizer.encode_batch` takes it as texts."""

    @property
    def runs(self) -> list[tuple[int, int, int]]:
        """(text, file, document), wherever a run of adjacent documents begins."""

    @property
    def continues(self) -> bool:
        """Whether the first text goes on with the last document of the block before."""

    @property
    def goes_on(self) -> bool:
        """Whether the document of the last text goes on in the next block."""

    @property
    def abandons(self) -> bool:
        """Whether the document that the block before ended in cannot be read and is to be forgotten."""

    @property
    def skipped(self) -> list[tuple[int, int, bool, str, str, str | None]]:
        """(file, document, position in the file, reason) of documents that were passed over."""

    @property
    def ended(self) -> list[tuple[int, int, str, int]]:
        """(file, bytes, SHA-256 or "", documents) of files that were read to their end."""

    @property
    def read(self) -> int:
        """Bytes of files that have been read so far, as they are on disk."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> bytes: ...

def refuse_foreign(origins: Sequence[Origin]) -> None:
    """Raise `DocumentError` for the first of these files that is not text, as reading it would; `OSError`."""

def lengths(values: Iterable[Text] | Arrow | Block) -> npt.NDArray[np.int64]:
    """The bytes of every text."""

def _add_usage(usage: npt.NDArray[np.uint64], ids: npt.NDArray[Any]) -> None:
    """Add ids, of uint16 or uint32, to a usage in place. Raises `KeyError` for one that it has no room for."""

def hashes(values: Iterable[Text] | Arrow | Block, most: int) -> npt.NDArray[np.uint64]:
    """The XXH3 (64 bits) of the first `most` bytes of every text."""

@final
class Counter:
    """Counts the pieces of any number of documents. For use by `pairwright.count` and `pairwright.train`.

    After an error it is of no further use.
    """

    def __new__(
        cls,
        *,
        pattern: str,
        special_tokens: Sequence[str] = (),
        threads: SupportsIndex | None = None,
        memory_limit: SupportsIndex | SupportsFloat | None = None,
        spill_folder: Path | None = None,
    ) -> Self: ...
    def add_corpus(
        self,
        origins: Sequence[Origin],
        report: Report | None = None,
        *,
        skips: bool = False,
        stream: BinaryIO | None = None,
    ) -> tuple[list[tuple[int, int, str, int]], list[tuple[int, int, bool, str, str, str | None]]]:
        """Count documents of files, block by block; see `Reader`. Gives what `Block.ended` and `Block.skipped` do."""

    def add(self, documents: Iterable[object] | Arrow, report: Report | None = None) -> None:
        """Count documents as they come: the next ones are fetched while some are counted.

        Raises what the iterator raises, and `TypeError` for a document that is no text. Columns of Arrow are taken as
        `Tokenizer.encode_batch` takes them, and those of a stream let go once they are counted.
        """

    def digest(self) -> tuple[int, int, str]:
        """Of all documents given to `add`: their number, their bytes, and their SHA-256.

        The sum is over each document's length (8 bytes, little-endian) and bytes.
        """

    def finish(self, report: Report | None = None) -> Counts:
        """All that was counted. The counter is then spent."""

@final
class Settings:
    """What to learn, checked before any text is read. The arguments are those of `pairwright.train`."""

    def __new__(
        cls,
        *,
        vocab_size: SupportsIndex,
        special_tokens: Sequence[str],
        special_ids: str,
        tie_break: str,
        min_frequency: SupportsIndex,
        max_token_bytes: SupportsIndex | None,
        max_token_words: SupportsIndex | None = None,
        base: Tokenizer | None = None,
        first_id: SupportsIndex | None = None,
        threads: SupportsIndex | None = None,
    ) -> Self: ...

def train(counts: Counts, settings: Settings, report: Report | None = None) -> tuple[Tokenizer, int, bool]:
    """Learn a vocabulary.

    Gives the tokenizer, the number of merges that were asked for, and whether fewer were learned because `report`
    stopped it.
    """

def train_parity(
    languages: Sequence[tuple[Counts, Counts | None, float]],
    balance: tuple[int, tuple[int, float] | None, bool],
    settings: Settings,
    report: Report | None = None,
) -> tuple[tuple[Tokenizer, int, bool], list[tuple[int, int, int]]]:
    """Learn a vocabulary that treats languages alike.

    Takes of each language its counts, those of its development text and its ratio; as `balance` the number of global
    merges, the window with its alpha, and whether ratios were given. Gives what `train` gives, and of each language the
    tokens that were learned for it, and the tokens and bytes of what it is measured on.
    """

def check_second_pattern(base: Tokenizer, pattern: str) -> tuple[str, int] | None:
    """Check a split pattern for learning on top of a base.

    Gives a short text that it cuts where that of the base does not, with the number of bytes before the cut; `None` if
    there is none among many texts of four characters of all kinds. Raises `ValueError` if it cuts a token of the base.
    """

def unlearned(counts: Counts, settings: Settings) -> tuple[Tokenizer, int]:
    """The tokenizer before anything is learned from the counts, and the number of merges that were asked for."""

def kind_of(path: Path) -> tuple[str, str] | None:
    """What is at a path, by its content and whatever its name: a short name, and a few words with an article.

    The names are "model", "ranks", "tokenizer.json", "tekken", "minbpe", "counts", "tokens", and those of files that
    pairwright does not read: "tokenizer_config.json", "vocab.json", "merges.txt", "sentencepiece", "gguf". `None` if it
    is nothing known. Raises `OSError`.
    """

def named_patterns() -> list[tuple[str, str, list[str], list[tuple[str, str, bool]]]]:
    """The named split patterns: name, source, other names; of each step regex, behavior, and whether it is inverted."""

def explain(pattern: str) -> dict[str, Any]:
    """What a split pattern becomes; see `pairwright.patterns.PatternExplanation`. Raises `ValueError`."""

def regex_of(pattern: str) -> str:
    """The regex of a split pattern: that of a named one, or the pattern itself. Raises `ValueError` for a word."""

def same_name(name: str, names: Sequence[str], beginnings: Sequence[str] = ()) -> str | None:
    """The one of some names that differs from a name at most in case and in `-`, `_`, `.` and blanks.

    Else the longest of some beginnings that fits so; one that ends in `-` is followed by more.
    """

def write_atomically(path: Path, content: bytes) -> None:
    """Write a file, complete or not at all: through a temporary file in the same folder. Raises `OSError`."""

def _batch_to_arrow(values: npt.NDArray[np.uint32], offsets: npt.NDArray[np.int64]) -> tuple[object, object]: ...
def _schema_of_batches() -> object: ...
def _from_counts(content: bytes, name: Path = "pickled counts") -> Counts: ...
def _from_model(content: bytes) -> Tokenizer: ...
def _from_packed(content: bytes) -> Tokenizer: ...
