"""Words to whole numbers: what the Keras families read."""

from collections import Counter

import numpy as np

from .truncation import columns, truncated

PADDING, UNKNOWN = 0, 1
RESERVED = 2


class Vocabulary:
    """The words that a model knows, each with an id; 0 is padding and 1 any other word.

    Args:
        words: list of str; the word at position ``i`` has the id ``i + 2``.
    """

    def __init__(self, words):
        self.words = words
        self._ids = {word: number for number, word in enumerate(words, start=RESERVED)}

    @classmethod
    def learn(cls, documents, size):
        """The most frequent words of the training split.

        Args:
            documents: iterable of lists of str, the tokens of the training split alone.
            size: number of ids, the two reserved ones included.
        """
        counts = Counter(token for tokens in documents for token in tokens)
        # Ties go to the alphabet, so that the order of documents does not matter.
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(ranked[: size - RESERVED])

    def __len__(self):
        return len(self.words) + RESERVED

    def encode(self, documents, max_length, truncation="last"):
        """Token ids, padded at the end; :mod:`sentiment.model.text.truncation` says what stands for a longer text.

        Args:
            documents: list of lists of str.
            max_length: tokens that are read at once.
            truncation: one of ``TRUNCATIONS``.

        Returns:
            int32 array of shape (documents, max_length), values from 0 to ``len(self) - 1``; with ``chunks`` there are
            as many times ``max_length`` columns as the longest document needs.
        """
        ids = np.full((len(documents), columns(map(len, documents), max_length, truncation)), PADDING, dtype=np.int32)
        for row, tokens in enumerate(documents):
            known = [self._ids.get(token, UNKNOWN) for token in truncated(tokens, max_length, truncation)]
            ids[row, : len(known)] = known
        return ids
