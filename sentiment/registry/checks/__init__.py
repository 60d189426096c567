"""The checks of the gate, a module each with a function ``check(candidate, terms)``.

The function gets a :class:`sentiment.registry.candidate.Candidate` and the gate's parameters by name, and returns the
checks that apply: none, one or several. ``sentiment.registry.gate.CHECKS`` lists the functions in use. A parameter of
a check is a field of ``GateParameters`` in :mod:`sentiment.workflow.parameter_groups`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Terms = Mapping[str, Any]  # the gate's parameters by name, and force


@dataclass(frozen=True)
class Check:
    """A condition that a candidate has to meet, and whether it does.

    Args:
        name: such as ``accuracy`` or ``minimum_f1_macro``; the tag ``gate.NAME`` holds the outcome.
        passed: whether the candidate meets it.
        message: the condition with its values, in words.
        figures: from names to values, for the audit trail.
        is_reason: whether the message also says why a candidate that passes the gate is promoted.
        forced: whether it passes only by ``force=true``.
    """

    name: str
    passed: bool
    message: str
    figures: dict[str, float] = field(default_factory=dict)
    is_reason: bool = False
    forced: bool = False

    @property
    def outcome(self) -> str:
        """In a word, to be shown; tags only have passed and failed."""
        return "forced" if self.forced else "passed" if self.passed else "failed"
