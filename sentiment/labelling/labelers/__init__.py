"""Labelers, which rate the polarity of unlabelled texts. One module each, listed in ``MODULES``.

A module is imported by its name and only if a labeler is requested, so that the steps of a corpus with human labels do
not depend on it. ``main`` imports it for its digest and starts without numpy: what rates texts is imported inside
``rate``.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from sentiment.errors import UserError
from sentiment.model.progress import show_progress

if TYPE_CHECKING:
    import numpy as np

PORTION = 1_000  # texts
MODULES = ("vader", "opinion_lexicon", "registered_model", "pipeline")


class Labeler(Protocol):
    """The interface of a labeler.

    Attributes:
        EXPECTED: its name in ``label_by``, as a noun phrase for the message about an unknown one.
        REQUIREMENTS: packages not in requirements.txt that its ratings depend on.
    """

    EXPECTED: str
    REQUIREMENTS: tuple[str, ...]
    __name__: str

    def matches(self, name: str) -> bool:
        """Whether a name in ``label_by`` is this labeler's."""

    def resolve(self, name: str) -> str:
        """The name, with aliases resolved to what they mean now.

        Raises:
            UserError: nothing has this name.
        """

    def digest(self, name: str) -> str | None:
        """Digest of all except packages that a resolved name's ratings depend on; None if it cannot be computed."""

    def rate(self, name: str, texts: Sequence[str]) -> np.ndarray:
        """The polarity of texts: float64 of shape (texts,), from -1 (negative) over 0 (neutral) to 1 (positive).

        Raises:
            UserError: what it needs is missing, or does not rate polarity.
        """

    def training_texts(self, name: str) -> Collection[str]:
        """The texts that it was fitted or selected on, in their comparison form, as far as known."""


def find_labeler(name: str) -> Labeler:
    """The labeler of a name in ``label_by``; UserError if there is none."""
    modules = [importlib.import_module(f"{__name__}.{module}") for module in MODULES]
    for module in modules:
        if module.matches(name):
            return module
    expected = [module.EXPECTED for module in modules]
    missing = "there is no such folder; " if "/" in name else ""
    raise UserError(f"label_by={name}: {missing}expected {', '.join(expected[:-1])}, or {expected[-1]}")


def resolve_labeler(name: str) -> str:
    """A name in ``label_by`` with aliases resolved; see :meth:`Labeler.resolve`."""
    return find_labeler(name).resolve(name)


def in_portions(name: str, texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts in portions of at most ``PORTION``, with a progress bar if a labeler takes more than some seconds."""
    with show_progress(f"ingest: {name}", len(texts), " texts") as bar:
        for start in range(0, len(texts), PORTION):
            part = texts[start : start + PORTION]
            yield part
            bar.update(len(part))
