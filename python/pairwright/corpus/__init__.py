"""What can be trained on, counted and encoded: files in the formats that data come in, and texts in memory."""

from pairwright.corpus.counting import Counting, Description
from pairwright.corpus.files import Corpus
from pairwright.corpus.sources import Source, Texts, resolve, texts

__all__ = ["Corpus", "Counting", "Description", "Source", "Texts", "resolve", "texts"]
