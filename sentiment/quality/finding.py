"""The result of a data check."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Args:
        title: the name of the check, for a heading.
        count: how many texts, or groups, classes or tokens, it found.
        says: one or two sentences with the count, its meaning and what to do.
        warning: whether something should be done about it before training.
        examples: a table, its first row the header; texts are excerpts with personal data masked. Empty if there is
            nothing to show.
    """

    title: str
    count: int
    says: str
    warning: bool = False
    examples: list[list[str]] = field(default_factory=list)
