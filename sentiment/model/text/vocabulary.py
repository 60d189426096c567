"""Words as integer ids, the input of the networks."""

from collections.abc import Mapping, Sequence

import numpy as np

from .truncation import padded_width, truncate
from .word_kinds import KINDS

PADDING, UNKNOWN = 0, 1
RESERVED = 2


class Vocabulary:
    """The words that a model knows, with their ids; 0 is padding and 1 any other word.

    Args:
        words: the word at position ``i`` has the id ``i + 2``.
        kinds: the kind of each word of a lexicon (:func:`.word_kinds.learn_word_kinds`). Those not in ``words`` share
            one id per kind, after the ids of the words.
    """

    def __init__(self, words: list[str], kinds: Mapping[str, int] | None = None) -> None:
        self.words = words
        self.kinds = dict(kinds or {})
        self._known = len(words) + RESERVED
        self._ids = {word: self._known + kind - 1 for word, kind in self.kinds.items()}
        self._ids |= {word: number for number, word in enumerate(words, start=RESERVED)}

    @classmethod
    def learn(cls, counts: Mapping[str, int], size: int, kinds: Mapping[str, int] | None = None) -> "Vocabulary":
        """The most frequent words of the training split.

        Args:
            counts: how often each word occurs in the training split only.
            size: number of ids, including the two reserved ones, without those of kinds.
            kinds: as above.
        """
        # Ties are broken alphabetically, so that the order of the documents does not matter.
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(ranked[: size - RESERVED], kinds)

    def __len__(self) -> int:
        return self._known + (KINDS if self.kinds else 0)

    def is_unknown(self, ids: np.ndarray) -> np.ndarray:
        """Whether ids are of words that are not in ``words``."""
        return (ids == UNKNOWN) | (ids >= self._known)

    def id_kinds(self) -> np.ndarray:
        """The kind of each id: int32 of shape (ids,), values from 0 to ``KINDS``."""
        kinds = [0] * RESERVED + [self.kinds.get(word, 0) for word in self.words]
        return np.array(kinds + list(range(1, len(self) - self._known + 1)), dtype=np.int32)

    def ids_if_unknown(self) -> np.ndarray:
        """The id that each word would have if it were not in ``words``: int32 of shape (ids,)."""
        kinds = self.id_kinds()
        ids = np.where(kinds > 0, self._known + kinds - 1, UNKNOWN).astype(np.int32)
        ids[PADDING] = PADDING
        return ids

    def encode_words(self, words: Sequence[str]) -> np.ndarray:
        """The id of each word: int32 of shape (words,)."""
        return np.array([self._ids.get(word, UNKNOWN) for word in words], dtype=np.int32)

    def encode(self, documents: list[list[str]], max_length: int, truncation: str = "last") -> np.ndarray:
        """Token ids, padded at the end.

        Args:
            documents: the tokens of each document.
            max_length: tokens that are read at once.
            truncation: which tokens of a longer document are read, as in :func:`.truncation.truncate`.

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
