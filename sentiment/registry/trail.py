"""The audit trail of a registered model: its entries, and what follows from them. No call to a store."""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import groupby

from sentiment.errors import UserError
from sentiment.tracking import PROMOTION

# Seconds within which two promotions by earlier releases, which did not number them, were concurrent. If they are
# further apart, the champion that the second one replaced was set by hand.
CONCURRENT = 60.0
# An entry as shown on the model's page (:meth:`Promotion.__str__`).
LINE = re.compile(
    r"(?P<when>\S+): version (?P<version>\d+) "
    r"(?:replaces version (?P<replaces>\d+)|is the first|becomes champion where there was none)"
    r"(?P<rollback> \(rollback\))?(?P<pending> \(pending\))?, "
    r"by (?P<who>.*?)(?: in run (?P<run>[0-9a-f]{32}))?: (?P<why>.*)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Promotion:
    """One entry of the audit trail.

    Args:
        version: the version that becomes champion.
        replaces: the champion before it, if there was one.
        who: name of the user.
        why: reason, in words.
        run: id of the run that promoted it.
        rollback: whether it restores an earlier champion.
        when: UTC, ISO 8601, by the clock of its machine.
        number: its place in the trail, from 1; 0 for all entries of earlier releases, which come first.
        applied: whether the alias has been set to it; also False if its process was killed in between.
    """

    version: str
    replaces: str | None
    who: str
    why: str
    run: str | None = None
    rollback: bool = False
    when: str = ""
    number: int = 0
    applied: bool = True

    def __str__(self) -> str:
        no_champion = "is the first" if self.number == 1 else "becomes champion where there was none"
        replaces = f"replaces version {self.replaces}" if self.replaces else no_champion
        rollback, pending = " (rollback)" * self.rollback, " (pending)" * (not self.applied)
        run = f" in run {self.run}" if self.run else ""
        return f"{self.when}: version {self.version} {replaces}{rollback}{pending}, by {self.who}{run}: {self.why}"

    @classmethod
    def parse(cls, key: str, line: str) -> "Promotion":
        """The entry of a tag, which is a line, or JSON of an earlier release."""
        if line.startswith("{"):
            entry = json.loads(line)
            kept = {one.name: entry[one.name] for one in fields(cls) if one.name in entry}
            return cls(**kept | {"version": str(entry["version"])})  # some were written as a number
        found = LINE.fullmatch(line)
        if not found:
            raise UserError(f"the registered model's tag {key} is not a promotion: delete it, or restore it")
        values = found.groupdict()
        rollback, applied = bool(values.pop("rollback")), not values.pop("pending")
        number = int(key.removeprefix(f"{PROMOTION}n").partition(".")[0])
        return cls(**values, rollback=rollback, applied=applied, number=number)


def drop_void(promotions: Sequence[Promotion]) -> list[Promotion]:
    """The promotions that took effect: the first one in each place of the trail."""
    valid: list[Promotion] = []
    for promotion in promotions:
        last = valid[-1] if valid else None
        if last is None or promotion.number > last.number or _follows_unnumbered(last, promotion):
            valid.append(promotion)
    return valid


def list_champions(promotions: Sequence[Promotion], existing: Collection[str]) -> list[str]:
    """The current champion, last, and before it those that rollbacks lead back to, the oldest first.

    Args:
        promotions: the trail.
        existing: the versions that have not been deleted; the others are left out.
    """
    line: list[str] = []
    for promotion in drop_void(promotions):
        if promotion.replaces and line[-1:] != [promotion.replaces]:
            line.append(promotion.replaces)
        if promotion.rollback and promotion.version in line:
            while line[-1] != promotion.version:
                line.pop()
        else:
            line.append(promotion.version)
    return [version for version, _ in groupby(version for version in line if version in existing)]


def find_rollback(promotions: Sequence[Promotion], versions: Collection[str]) -> Promotion | None:
    """The latest rollback away from versions of one model; None if there was none, or one was promoted again since."""
    found = None
    for promotion in drop_void(promotions):
        if promotion.rollback and promotion.replaces in versions:
            found = promotion
        elif promotion.version in versions:
            found = None
    return found


def describe_rollback(rollback: Promotion) -> str:
    return f"it was rolled back on {rollback.when[:10]} ({' '.join(rollback.why.split())})"


def _follows_unnumbered(first: Promotion, second: Promotion) -> bool:
    """Whether the second of two entries of earlier releases took effect."""
    if second.number:
        return False
    seconds = (datetime.fromisoformat(second.when) - datetime.fromisoformat(first.when)).total_seconds()
    return second.replaces == first.version or seconds > CONCURRENT
