"""Reviews of versions that were then promoted: tags with who, when and why."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from mlflow import MlflowClient

from sentiment.registry.promotions import MAX_REASON, find_last
from sentiment.tracking import REVIEW


def begin_reason(reviewer: str, note: str) -> str:
    """The prefix of the reason for a promotion after a review."""
    return f"approved by {reviewer} ({note}): "


def find_unrecorded(name: str, version: str, reviewer: str, note: str) -> str | None:
    """Why the version was promoted, if this same approval promoted it and ended before it recorded the review."""
    last = find_last(name)
    if last is None or last.version != version or not last.why.startswith(begin_reason(reviewer, note)[:MAX_REASON]):
        return None
    tags = MlflowClient().get_model_version(name, version).tags
    promoted = datetime.fromisoformat(last.when).replace(microsecond=0)
    later = [prefix for prefix in _prefixes(tags) if datetime.fromisoformat(tags[f"{prefix}at"]) >= promoted]
    recorded = [(tags.get(f"{prefix}reviewer"), tags.get(f"{prefix}note")) for prefix in later]
    return None if (reviewer, note) in recorded else last.why


def record(name: str, version: str, reviewer: str, note: str) -> None:
    """Write who reviewed a version to its tags; a later review, after a rollback, is numbered and leaves the others."""
    client = MlflowClient()
    earlier = _prefixes(client.get_model_version(name, version).tags)
    prefix = f"{REVIEW}{len(earlier) + 1}." if earlier else REVIEW
    at = datetime.now(UTC).isoformat("T", "seconds")
    for key, value in (("reviewer", reviewer), ("note", note), ("at", at)):  # the last one says that all are there
        client.set_model_version_tag(name, version, f"{prefix}{key}", value)


def _prefixes(tags: Mapping[str, str]) -> list[str]:
    """The prefix of the tags of each review of a version."""
    return [key.removesuffix("at") for key in tags if re.fullmatch(rf"{REVIEW}(\d+\.)?at", key)]
