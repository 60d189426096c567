"""The tokens of a split as numbers: a list of lists of strings takes twenty times the memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from sklearn.utils import gen_batches

from sentiment.model.progress import show_progress
from sentiment.model.text.cleaning import Cleaner
from sentiment.model.text.ngrams import mark_negation
from sentiment.model.text.subwords import Subwords

BATCH = 10_000  # texts whose tokens are strings at a time


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

    def __iter__(self) -> Iterator[list[int]]:
        """The numbers of each text's tokens."""
        for batch in gen_batches(len(self.starts) - 1, BATCH):
            starts = self.starts[batch.start : batch.stop + 1]
            numbers = self.numbers[starts[0] : starts[-1]].tolist()
            for start, end in zip(starts - starts[0], starts[1:] - starts[0]):
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


def number_words(
    texts: Sequence[str], cleaner: Cleaner, numbering: Numbering, name: str
) -> tuple[NumberedTokens, NumberedTokens]:
    """The words of texts, and the same behind :func:`mark_negation`; ``name`` is what the progress bar says of them."""
    plain: list[np.ndarray] = []
    marked: list[np.ndarray] = []
    lengths: list[int] = []
    with show_progress(name, len(texts), "text") as bar:
        for batch in gen_batches(len(texts), BATCH):
            documents = [cleaner.tokens(text) for text in texts[batch]]
            plain.append(numbering.number(documents))
            marked.append(numbering.number([mark_negation(tokens) for tokens in documents]))
            lengths += map(len, documents)
            bar.update(len(documents))
    starts = _find_starts(lengths)
    return NumberedTokens(np.concatenate(plain), starts), NumberedTokens(np.concatenate(marked), starts)


def number_subwords(
    subwords: Subwords, texts: Sequence[str], words: Iterator[list[str]], numbering: Numbering
) -> NumberedTokens:
    """The subwords of texts, whose words ``words`` gives."""
    parts: list[np.ndarray] = []
    lengths: list[int] = []
    for batch in gen_batches(len(texts), BATCH):
        of_batch = [next(words) for _ in range(batch.stop - batch.start)]
        documents = subwords.split(list(texts[batch]) if subwords.raw_text else of_batch)
        parts.append(numbering.number(documents))
        lengths += map(len, documents)
    return NumberedTokens(np.concatenate(parts), _find_starts(lengths))


def _find_starts(lengths: list[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
