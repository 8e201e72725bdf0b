"""What `pairwright train` and `tally` learn from."""

import itertools
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, Unpack

from pairwright import Corpus, Counts, datasets
from pairwright.cli import counted, files
from pairwright.corpus import Texts
from pairwright.corpus.files import Options


@dataclass(frozen=True)
class Source:
    """Files, texts in memory, or what was counted before."""

    corpus: Corpus | None = None
    texts: tuple[str | bytes, ...] = ()
    name: str = ""
    counts: Counts | None = None
    languages: Mapping[str, Corpus | Counts] = field(default_factory=dict)
    """By name, for parity: instead of all else."""

    @classmethod
    def of_files(cls, names: Sequence[str], **options: Unpack[Options]) -> Self:
        """The documents of files; the options are those of `pairwright.Corpus`."""
        return cls(Corpus(*names, **options))

    @classmethod
    def of_counts(cls, names: Sequence[str]) -> Self:
        """The sum of the counts files of these names."""
        return cls(name=", ".join(map(files.shown, names)), counts=counted.load_sum(names))

    @classmethod
    def of_languages(cls, languages: Mapping[str, Corpus | Counts]) -> Self:
        """A text, or the counts of one, for each of several languages."""
        return cls(name=", ".join(languages), languages=languages)

    @classmethod
    def of_dataset(cls, name: str) -> Self:
        """The dataset of this name."""
        return cls.of(datasets.load(name))

    @classmethod
    def of(cls, dataset: datasets.Dataset) -> Self:
        """A dataset."""
        return cls(Corpus(*dataset.paths, format="text") if dataset.paths else None, dataset.texts, dataset.name)

    @property
    def paths(self) -> list[Path | None]:
        """The files; `None` is standard input."""
        corpora = [self.corpus, *self.languages.values()]
        return [origin.path for each in corpora if isinstance(each, Corpus) for origin in each.origins]

    @property
    def source(self) -> Corpus | Texts | Counts | Mapping[str, Corpus | Counts]:
        """The source to hand to `pairwright.train`."""
        if self.languages:
            return self.languages
        return self.text if self.counts is None else self.counts

    @property
    def text(self) -> Corpus | Texts:
        """The source to hand to `pairwright.count`."""
        return self.corpus or Texts(self.texts, self.name)

    def beginning(self, limit: int) -> tuple[list[bytes], bool]:
        """The first documents, cut off after so many bytes, and whether that is all of the corpus.

        What cannot be read twice, such as a pipe, is left out.
        """
        documents = []
        is_all = self.corpus is None or len(self.corpus.regular().origins) == len(self.corpus.origins)
        with closing(self._documents()) as all_documents:
            for document in all_documents:
                if limit == 0:
                    is_all = False
                    break
                is_all = is_all and len(document) <= limit
                documents.append(document[:limit])
                limit -= len(documents[-1])
        return documents, is_all

    def _documents(self) -> Generator[bytes, None, None]:
        """Documents, of which long ones may come in parts: a part of one is enough of it."""
        if self.corpus is not None:
            regular = self.corpus.regular()
            # Cut where any pattern does, for it is not to be held as a whole.
            with closing(regular.blocks(cut_for=("cl100k", []))) as blocks:
                yield from itertools.chain.from_iterable(map(block.text, range(block.length)) for block in blocks)
        for text in self.texts:
            yield text.encode(errors="replace") if isinstance(text, str) else text
