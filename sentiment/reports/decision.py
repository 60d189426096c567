"""The part of a review card that register fills in: the gate's checks, the version and its alias.

It does not import what draws the rest of the card, so that register starts fast.
"""

import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from sentiment.pages import ui_url, version_page
from sentiment.registry.checks import Check
from sentiment.reports import page

BEGIN, END = "<!--decision-->", "<!--/decision-->"
OTHER = "The comparison was with another champion: see the checks of the gate."
BESIDE = re.compile(r"<!--champion ([^\n]*?), (\d+|None)-->.*?<!--/champion-->", re.DOTALL)


def add_decision(
    card: str,
    gate: str,
    reason: str,
    checks: Sequence[Check],
    name: str,
    version: str,
    alias: str,
    champion: str | None,
) -> str:
    """A review card with what register decided.

    Args:
        card: the page that compare logged.
        gate: ``passed``, ``forced`` or ``failed``.
        reason: why.
        checks: the outcome of each check.
        name: the registered model.
        version: its new version.
        alias: the version's alias.
        champion: the version it was compared with; None for none.
    """

    def keep_or_replace(found: re.Match[str]) -> str:
        # The champion's section, which may say that there was none, may be about another one.
        if html.unescape(found[1]) == name and (champion == version or found[2] == str(champion)):
            return found[0]
        return f"<dd>–</dd><dd>{OTHER}</dd>" if "<dd>" in found[0] else f"<p>{OTHER}</p>"

    card = BESIDE.sub(keep_or_replace, card)
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
