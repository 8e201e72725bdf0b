"""What `pairwright train` learns from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pairwright import Counts, datasets
from pairwright.cli import counted, files
from pairwright.corpus import Files, Texts


@dataclass(frozen=True)
class Corpus:
    """Files, texts in memory, or what was counted before."""

    paths: tuple[Path, ...] = ()
    texts: tuple[str | bytes, ...] = ()
    name: str = ""
    counts: Counts | None = None

    @classmethod
    def of_files(cls, names: Sequence[str]) -> Self:
        """The files of these names. Standard input among them is read now, and the others with it."""
        if files.STANDARD not in names:
            return cls(paths=tuple(map(Path, names)))
        return cls(texts=tuple(map(files.read, names)), name=", ".join(map(files.shown, names)))

    @classmethod
    def of_counts(cls, names: Sequence[str]) -> Self:
        """The sum of the counts files of these names."""
        return cls(name=", ".join(map(files.shown, names)), counts=counted.load_sum(names))

    @classmethod
    def of_dataset(cls, name: str) -> Self:
        """The dataset of this name."""
        return cls.of(datasets.load(name))

    @classmethod
    def of(cls, dataset: datasets.Dataset) -> Self:
        """A dataset."""
        return cls(dataset.paths, dataset.texts, dataset.name)

    @property
    def source(self) -> Files | Texts | Counts:
        """The source to hand to `pairwright.train`."""
        return self.text if self.counts is None else self.counts

    @property
    def text(self) -> Files | Texts:
        """The source to hand to `pairwright.count`."""
        return Files(self.paths) if self.paths else Texts(self.texts, self.name)

    def beginning(self, limit: int) -> list[bytes]:
        """The first documents, cut off after so many bytes. What cannot be read twice, such as a pipe, is left out."""
        documents = []
        for document in self._documents(limit):
            documents.append(document[:limit])
            limit -= len(documents[-1])
            if limit == 0:
                break
        return documents

    def _documents(self, limit: int) -> Iterator[bytes]:
        for path in self.paths:
            if path.is_file():
                with path.open("rb") as file:
                    yield file.read(limit)
        for text in self.texts:
            yield text.encode(errors="replace") if isinstance(text, str) else text
