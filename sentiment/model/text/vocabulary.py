"""Words as integer ids, the input of the networks."""

from collections.abc import Mapping, Sequence

import numpy as np

from .truncation import padded_width, truncate

PADDING, UNKNOWN = 0, 1
RESERVED = 2


class Vocabulary:
    """The words that a model knows, each with an id; 0 is padding and 1 any other word.

    Args:
        words: the word at position ``i`` has the id ``i + 2``.
    """

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self._ids = {word: number for number, word in enumerate(words, start=RESERVED)}

    @classmethod
    def learn(cls, counts: Mapping[str, int], size: int) -> "Vocabulary":
        """The most frequent words of the training split.

        Args:
            counts: how often each word occurs in the training split alone.
            size: number of ids, including the two reserved ones.
        """
        # Ties are broken alphabetically, so that the order of the documents does not matter.
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(ranked[: size - RESERVED])

    def __len__(self) -> int:
        return len(self.words) + RESERVED

    def encode_words(self, words: Sequence[str]) -> np.ndarray:
        """The id of each word: int32 of shape (words,)."""
        return np.array([self._ids.get(word, UNKNOWN) for word in words], dtype=np.int32)

    def encode(self, documents: list[list[str]], max_length: int, truncation: str = "last") -> np.ndarray:
        """Token ids, padded at the end.

        Args:
            documents: the tokens of each document.
            max_length: tokens that are read at once.
            truncation: as in :func:`.truncation.truncate`: which tokens of a longer document are read.

        Returns:
            int32 array of shape (documents, max_length), values from 0 to ``len(self) - 1``. With ``chunks`` it has
            as many times ``max_length`` columns as the longest document needs.
        """
        width = padded_width(map(len, documents), max_length, truncation)
        ids = np.full((len(documents), width), PADDING, dtype=np.int32)
        for row, tokens in enumerate(documents):
            known = [self._ids.get(token, UNKNOWN) for token in truncate(tokens, max_length, truncation)]
            ids[row, : len(known)] = known
        return ids
