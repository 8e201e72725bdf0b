"""The exceptions for which Python has none that fits. All others are builtin ones."""

# How a hint begins among the notes of an exception, which a traceback shows below the message.
MARK = "hint: "


def advise(error: BaseException, hint: str) -> None:
    """Add a hint to a builtin exception, as a note."""
    error.add_note(MARK + hint)


class PairwrightError(Exception):
    """The base of pairwright's own exceptions.

    `hint` says what to do about it, or is `None`. It is also a note of the exception, so that a traceback shows it.
    Both survive pickling and copying.
    """

    _hint: str | None = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def hint(self) -> str | None:
        """What to do about the error."""
        return self._hint

    @hint.setter
    def hint(self, hint: str | None) -> None:
        # A new list: a copy of the exception shares the old one.
        notes = list(getattr(self, "__notes__", ()))
        if self._hint and MARK + self._hint in notes:
            notes.remove(MARK + self._hint)
        if hint:
            notes.insert(0, MARK + hint)
        self._hint = hint
        if notes or hasattr(self, "__notes__"):
            self.__notes__ = notes


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
