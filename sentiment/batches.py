"""Work on many texts, a batch at a time: in this process, or on the workers of a cluster."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any, Protocol, TypeVar

BATCH = 10_000  # texts

Batch = TypeVar("Batch")
Result = TypeVar("Result")


class Mapper(Protocol):
    """Calls a function with each batch and gives the results in the order of the batches, as the built-in ``map``.

    If the calls run elsewhere, function, batches and results are pickled.
    """

    def __call__(self, function: Callable[[Batch], Result], batches: Iterable[Batch], /) -> Iterator[Result]: ...


def in_batches(texts: Sequence[Any]) -> Iterator[list[Any]]:
    """Lists of ``BATCH`` texts."""
    return (list(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH))


def map_texts(function: Callable[[str], Any], texts: Sequence[str], mapper: Mapper) -> list[Any]:
    """A function's result for each text."""
    return list(chain.from_iterable(mapper(partial(_call_each, function), in_batches(texts))))


def _call_each(function: Callable[[str], Any], texts: list[str]) -> list[Any]:
    return [function(text) for text in texts]
