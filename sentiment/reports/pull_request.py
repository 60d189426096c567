"""A comparison beside the champion's, as the Markdown of a comment on a pull request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sentiment.markdown import escape_prose, to_markdown
from sentiment.registry.gate import Verdict
from sentiment.registry.trail import Promotion, describe_rollback
from sentiment.reports import table

Comparison = Mapping[str, Any]  # the content of comparison.json


@dataclass(frozen=True)
class Incumbent:
    """The champion that a winner is shown beside.

    Args:
        version: its number.
        comparison: the one that it won.
        same_data: whether that was measured on the same splits.
    """

    version: str
    comparison: Comparison
    same_data: bool

    @property
    def row(self) -> dict[str, Any]:
        """Its row of comparison.json, named as the champion."""
        row = self.comparison["rows"][0]
        return row | {"family": f"champion, version {self.version} ({row['family']})"}


def render_comment(
    name: str,
    comparison: Comparison,
    verdict: Verdict,
    incumbent: Incumbent | None,
    champion: str | None,
    rollback: Promotion | None,
) -> str:
    """The comment.

    Args:
        name: the registered model.
        comparison: what is proposed.
        verdict: the gate's verdict on its winner.
        incumbent: the champion; None if there is none, or the comparison that it won is unknown.
        champion: its version; None if there is none.
        rollback: the rollback of the winner, if it needs approval because of that.
    """
    winner = comparison["rows"][0]
    rows = [winner, *([incumbent.row] if incumbent else []), *comparison["rows"][1:]]
    baseline = comparison.get("baseline")
    parts = [
        f"### {name}: {winner['family']}, test accuracy {winner['test_accuracy']:.3f} "
        f"({winner['test_accuracy_low']:.3f} to {winner['test_accuracy_high']:.3f})",
        say_decision(verdict, champion, rollback),
        escape_prose(table.verdict(comparison)),
        to_markdown(table.cells([*rows, *([baseline] if baseline else [])])),
        "" if incumbent is None or incumbent.same_data else say_what_differs(verdict),
        _fold("The gate", verdict.markdown()),
        _fold("Behaviour tests", to_markdown(behaviour_cells(comparison, incumbent))),
        _fold("Slices", table.lost_slices(comparison)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def say_what_differs(verdict: Verdict) -> str:
    """Which data the champion's row was measured on, unlike the others, and where the two are compared."""
    compared = not any(check.name == "comparable" for check in verdict.checks)
    says = "The champion's row was measured on the test split of another dataset, its own"
    return f"{says}; the gate compares both on the same texts." if compared else f"{says}."


def say_decision(verdict: Verdict, champion: str | None, rollback: Promotion | None) -> str:
    """Whether the winner would become champion, and why, in one sentence."""
    if verdict.is_champion:
        held = "" if verdict.passed else f", and does not pass the gate: {escape_prose(verdict.reason)}"
        return f"**It is already the champion**{held}."
    if not verdict.passed:
        return f"**It would not become champion**: {escape_prose(verdict.reason)}."
    if rollback is not None:
        return f"**It would wait until it is approved**: {escape_prose(describe_rollback(rollback))}."
    place = (
        f"**It would become champion** in place of version {champion}"
        if champion
        else "**It would be the first champion**"
    )
    return f"{place}: {escape_prose(verdict.reason)}."


def behaviour_cells(comparison: Comparison, incumbent: Incumbent | None) -> list[list[str]]:
    """A header and a line for each capability: the share of its tests that the winner fails, and the champion."""
    rates = _failure_rates(comparison)
    others = _failure_rates(incumbent.comparison) if incumbent else {}
    header = ["capability", "kind", "tests", "fail", *(["of the champion's"] if incumbent else [])]
    lines = [
        [capability, kind, str(tests), f"{rate:.0%}", *([_show_rate(others, (kind, capability))] if incumbent else [])]
        for (kind, capability), (tests, rate) in rates.items()
    ]
    return [header, *lines]


def _failure_rates(comparison: Comparison) -> dict[tuple[str, str], tuple[int, float]]:
    """The number of tests and the failure rate of a comparison's winner, by kind and capability."""
    found: Sequence[Mapping[str, Any]] = comparison["behaviour"][comparison["winner"]]
    return {(row["kind"], row["capability"]): (row["cases"], row["failure_rate"]) for row in found}


def _show_rate(rates: Mapping[tuple[str, str], tuple[int, float]], test: tuple[str, str]) -> str:
    """A failure rate; empty if the champion was not tested."""
    return f"{rates[test][1]:.0%}" if test in rates else ""


def _fold(title: str, text: str) -> str:
    """A part that opens on a click; empty if there is no text."""
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>" if text else ""
