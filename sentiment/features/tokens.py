"""The tokens of a split as numbers: a list of lists of strings takes twenty times the memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import gen_batches

from sentiment.batches import BATCH, Mapper, in_batches
from sentiment.model.progress import show_progress
from sentiment.model.text.cleaning import Cleaner
from sentiment.model.text.ngrams import mark_negation
from sentiment.model.text.subwords import Subwords


@dataclass(frozen=True)
class NumberedTokens:
    """The tokens of a split's texts, one text after the other.

    Args:
        numbers: of the tokens, int32 of shape (tokens,).
        starts: where each text begins, and the end: int64 of shape (texts + 1,).
    """

    numbers: np.ndarray
    starts: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """The number of tokens of each text: int64 of shape (texts,)."""
        return np.diff(self.starts)

    def batches(self) -> Iterator[NumberedTokens]:
        """The tokens of ``BATCH`` texts at a time."""
        for batch in gen_batches(len(self.starts) - 1, BATCH):
            starts = self.starts[batch.start : batch.stop + 1]
            yield NumberedTokens(self.numbers[starts[0] : starts[-1]], starts - starts[0])

    def __iter__(self) -> Iterator[list[int]]:
        """The numbers of each text's tokens."""
        for batch in self.batches():
            numbers = batch.numbers.tolist()
            for start, end in zip(batch.starts, batch.starts[1:]):
                yield numbers[start:end]

    def spell(self, words: Sequence[str]) -> Iterator[list[str]]:
        """The tokens of each text; ``words`` are the tokens by their numbers."""
        return ([words[number] for number in numbers] for numbers in self)


class Numbering:
    """Numbers tokens from 0 in the order in which they come."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    @property
    def words(self) -> list[str]:
        """The tokens by their numbers."""
        return list(self._numbers)

    def number(self, documents: Sequence[list[str]]) -> np.ndarray:
        """The numbers of the tokens of some documents, one document after the other."""
        numbers = self._numbers
        every = (numbers.setdefault(token, len(numbers)) for token in chain.from_iterable(documents))
        return np.fromiter(every, np.int32, sum(map(len, documents)))


class NumberedBatch(NamedTuple):
    """The tokens of some texts, once or in several ways, under numbers of their own.

    Args:
        tokens: by these numbers.
        ways: the numbers in each way, int32 of shape (tokens,).
        lengths: the number of tokens of each text.
    """

    tokens: list[str]
    ways: list[np.ndarray]
    lengths: list[int]


def number_words(
    texts: Sequence[str], cleaner: Cleaner, numbering: Numbering, name: str, mapper: Mapper = map
) -> tuple[NumberedTokens, NumberedTokens]:
    """The words of texts, and the same after :func:`mark_negation`; ``name`` labels the progress bar."""
    number = partial(_number_words, replace(cleaner))  # without what it has cached, which cannot be pickled
    with show_progress(name, len(texts), "text") as bar:
        plain, marked = _join(mapper(number, in_batches(texts)), numbering, bar)
    return plain, marked


def number_subwords(
    subwords: Subwords, texts: Sequence[str], words: Iterator[list[str]], numbering: Numbering, mapper: Mapper = map
) -> NumberedTokens:
    """The subwords of texts, whose words ``words`` gives."""
    given: Iterator[Any] = iter(texts) if subwords.raw_text else words
    batches = iter(lambda: list(islice(given, BATCH)), [])
    return _join(mapper(partial(_number_subwords, subwords), batches), numbering)[0]


def _number_words(cleaner: Cleaner, texts: list[str]) -> NumberedBatch:
    documents = [cleaner.tokens(text) for text in texts]
    return _number(documents, [mark_negation(tokens) for tokens in documents])


def _number_subwords(subwords: Subwords, documents: list[Any]) -> NumberedBatch:
    return _number(subwords.split(documents))


def _number(*ways: list[list[str]]) -> NumberedBatch:
    own = Numbering()
    numbers = [own.number(documents) for documents in ways]
    return NumberedBatch(own.words, numbers, list(map(len, ways[0])))


def _join(batches: Iterable[NumberedBatch], numbering: Numbering, bar: Any = None) -> list[NumberedTokens]:
    """The tokens of all batches, in each way, under one numbering: the one that the tokens would have got in order."""
    parts, lengths = [], []
    for batch in batches:
        numbers = numbering.number([batch.tokens])
        parts.append([numbers[own] for own in batch.ways])
        lengths += batch.lengths
        if bar is not None:
            bar.update(len(batch.lengths))
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return [NumberedTokens(np.concatenate(way), starts) for way in zip(*parts)]
