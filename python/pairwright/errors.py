"""The exceptions for which Python has none that fits. All others are builtin ones."""


class PairwrightError(Exception):
    """The base of pairwright's own exceptions. `hint` says what to do about it, if there is more to say."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class FormatError(PairwrightError, ValueError):
    """A model, rank or counts file is damaged, altered, of a newer version, or not what its name says."""


class DocumentError(PairwrightError, ValueError):
    """A document of a corpus cannot be read: the message names the file, the place in it and the reason."""


class SplitError(PairwrightError, RuntimeError):
    """A custom split pattern is valid, but gave up on a text: it backtracks without end."""


class StoppedError(PairwrightError):
    """A progress callback returned `False` where there is no result so far to give."""


class ChecksumError(PairwrightError):
    """A downloaded or stored file is not the published one."""


class DownloadError(PairwrightError, OSError):
    """A file could not be fetched or stored."""


class FewerMergesWarning(UserWarning):
    """Training ran out of pairs before the vocabulary had the size that was asked for."""


class PatternWarning(UserWarning):
    """The split pattern leaves texts whole or nearly so, and pairs are counted across everything in them."""


class SkippedWarning(UserWarning):
    """Documents of a corpus could not be read and were passed over, as it was asked for."""


class UnknownSpecialWarning(UserWarning):
    """A name in `allowed_special` is no special token of the tokenizer: as in tiktoken, it has no effect."""


class ReservedIdsWarning(UserWarning):
    """Training on top of a published vocabulary gave new tokens ids that its models use for special tokens."""
