"""The part of a review card that is known last: the gate's checks, the version and its alias, which register fills in.

It does not import what draws the rest of the card, so that register starts fast.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from sentiment.pages import ui_url, version_page
from sentiment.registry.checks import Check
from sentiment.reports import page

BEGIN, END = "<!--decision-->", "<!--/decision-->"


def add_decision(
    card: str, gate: str, reason: str, checks: Sequence[Check], name: str, version: str, alias: str
) -> str:
    """A review card with what register decided.

    Args:
        card: the page that compare logged.
        gate: ``passed`` or ``failed``.
        reason: why.
        checks: the outcome of each check.
        name: the registered model.
        version: its new version.
        alias: the version's alias.
    """
    before, found, rest = card.partition(BEGIN)
    if not found:  # a card of an earlier version of the project
        return card
    after = rest.partition(END)[2]
    decision = page.render(
        "decision.html",
        gate=gate,
        reason=reason,
        checks=checks,
        name=name,
        version=version,
        alias=alias,
        url=ui_url(version_page(name, version)),
        date=today(),
    )
    return before + decision + after


def today() -> str:
    """The date in UTC, ISO 8601."""
    return datetime.now(UTC).date().isoformat()
