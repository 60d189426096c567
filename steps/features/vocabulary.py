"""Words to whole numbers: what the Keras families read."""

from collections import Counter

import numpy as np

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

    def encode(self, documents, max_length):
        """Token ids, padded at the end; of a longer text the last ``max_length`` tokens, where reviews conclude.

        Args:
            documents: list of lists of str.
            max_length: columns of the result.

        Returns:
            int32 array of shape (documents, max_length), values from 0 to ``len(self) - 1``.
        """
        ids = np.full((len(documents), max_length), PADDING, dtype=np.int32)
        for row, tokens in enumerate(documents):
            known = [self._ids.get(token, UNKNOWN) for token in tokens[-max_length:]]
            ids[row, : len(known)] = known
        return ids
