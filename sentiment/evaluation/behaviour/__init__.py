"""Behaviour tests after CheckList (Ribeiro et al. 2020): what a sentiment model has to get right beyond accuracy.

There are three kinds: minimum functionality (a text whose label is known), invariance (a change that must not change
the label) and directional expectation (a change that must not lower, or must not raise, the positive score).
"""

from dataclasses import dataclass

FUNCTIONALITY, INVARIANCE, DIRECTION = "functionality", "invariance", "direction"
NOT_LOWER, NOT_HIGHER = "not lower", "not higher"  # what is expected of the positive score


@dataclass(frozen=True)
class Case:
    """One behaviour test.

    Args:
        capability: what it tests, such as ``negated positive``.
        kind: ``functionality``, ``invariance`` or ``direction``.
        text: the text.
        changed: the text after a change; None for functionality.
        expected: for functionality the label, which is ``positive``, ``negative`` or a class of the corpus; for
            direction ``not lower`` or ``not higher``; None for invariance.
    """

    capability: str
    kind: str
    text: str
    changed: str | None = None
    expected: str | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts that a model predicts in the test."""
        return (self.text,) if self.changed is None else (self.text, self.changed)
