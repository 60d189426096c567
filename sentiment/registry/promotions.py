"""The audit trail of a registered model. Each promotion is a tag that is never overwritten; the aliases follow from it.

MLflow sets an alias unconditionally, so that of two promotions at the same moment the second would silently undo the
first. Here each promotion first records which champion it replaces. The order of the records then shows every reader
which of the two came first, and that the other one replaced a version that was no longer champion, which makes it
void.
"""

import json
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

from sentiment.commands import project_command
from sentiment.errors import UserError
from sentiment.tracking import PROMOTION, USER

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
# Seconds within which two promotions of the same champion are concurrent. If they are further apart, the champion that
# the second one replaced was set by hand.
CONCURRENT = 60.0


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
        figures: what the decision was based on, from names to values.
        when: UTC, ISO 8601; entries are ordered by it.
    """

    version: str
    replaces: str | None
    who: str
    why: str
    run: str | None = None
    rollback: bool = False
    figures: dict[str, float] = field(default_factory=dict)
    when: str = ""


def read(name: str) -> list[Promotion]:
    """The promotions of a registered model, the oldest first, including void ones."""
    tags = MlflowClient().get_registered_model(name).tags
    entries = [json.loads(tags[key]) for key in sorted(tags) if key.startswith(PROMOTION)]
    # Some stores give a version as a number, and some entries were written so.
    return [Promotion(**entry | {"version": str(entry["version"])}) for entry in entries]


def drop_void(promotions: Sequence[Promotion]) -> list[Promotion]:
    """The promotions that replaced the champion of their time."""
    valid: list[Promotion] = []
    for promotion in promotions:
        last = valid[-1] if valid else None
        # A promotion that replaces another champion much later is valid: someone has set the alias by hand in between.
        if last is None or promotion.replaces == last.version or _seconds_between(last, promotion) > CONCURRENT:
            valid.append(promotion)
    return valid


def list_champions(promotions: Sequence[Promotion]) -> list[str]:
    """The current champion, last, and before it those that rollbacks lead back to, the oldest first."""
    line: list[str] = []
    for promotion in drop_void(promotions):
        if promotion.replaces and line[-1:] != [promotion.replaces]:
            line.append(promotion.replaces)
        if promotion.rollback and promotion.version in line:
            while line[-1] != promotion.version:
                line.pop()
        else:
            line.append(promotion.version)
    return line


def promote(
    name: str,
    version: str | int,
    replaces: str | None,
    why: str,
    figures: dict[str, float] | None = None,
    rollback: bool = False,
) -> bool:
    """Make a version the champion, and record who did it, when and why.

    Args:
        name: registered model.
        version: the new champion, a number where the store gives numbers.
        replaces: the champion that it was compared with, or None where there was no champion.
        why: reason, in words.
        figures: what the decision was based on, from names to values.
        rollback: whether it restores an earlier champion.

    Returns:
        Whether the version is champion; False where another version has become champion in the meantime.
    """
    client = MlflowClient()
    if get_champion_version(name) != replaces:
        return False
    run = mlflow.active_run()
    who = run.data.tags.get(USER, "unknown") if run else "unknown"
    when = datetime.now(UTC).isoformat(timespec="microseconds")
    mine = Promotion(str(version), replaces, who, why, run.info.run_id if run else None, rollback, figures or {}, when)
    timestamp = re.sub(r"[^0-9T.]", "", when.partition("+")[0])
    # Every store keeps 5,000 characters of a tag; only the reason can be longer than that.
    entry = json.dumps(asdict(mine) | {"why": why[:3000]}, ensure_ascii=False)
    client.set_registered_model_tag(name, f"{PROMOTION}{timestamp}.v{version}", entry)
    update_aliases(name)
    return any(promotion.when == when and promotion.version == mine.version for promotion in drop_void(read(name)))


def update_aliases(name: str) -> None:
    """Set the aliases to what the audit trail says, again until no entry was added in the meantime."""
    line = None
    while line != (line := list_champions(read(name))):
        _set_alias(name, CHAMPION, line[-1])
        _set_alias(name, PREVIOUS, line[-2] if len(line) > 1 else None)
        if str(MlflowClient().get_registered_model(name).aliases.get(CHALLENGER)) == line[-1]:
            _set_alias(name, CHALLENGER, None)


def get_champion(name: str) -> ModelVersion | None:
    """The version with the alias champion, or None where there is no such model or alias yet."""
    try:
        return MlflowClient().get_model_version_by_alias(name, CHAMPION)
    except MlflowException as error:
        missing = (ErrorCode.Name(RESOURCE_DOES_NOT_EXIST), "INVALID_PARAMETER_VALUE")  # no model, no alias
        if error.error_code in missing:
            return None
        raise


def require_champion(name: str) -> ModelVersion:
    """The version with the alias champion.

    Raises:
        UserError: there is none.
    """
    champion = get_champion(name)
    if champion is None:
        command = project_command(registered_model=name)
        raise UserError(f"{name} has no champion at {mlflow.get_tracking_uri()}: run `{command}` first")
    return champion


def get_champion_version(name: str) -> str | None:
    """The number of the version with the alias champion, or None."""
    version = MlflowClient().get_registered_model(name).aliases.get(CHAMPION)
    return None if version is None else str(version)


def _set_alias(name: str, alias: str, version: str | None) -> None:
    """Set an alias, or delete it where the version is None."""
    client = MlflowClient()
    aliases = client.get_registered_model(name).aliases
    if version is None:
        if alias in aliases:
            client.delete_registered_model_alias(name, alias)
        return
    deadline = time.time() + 10
    while True:
        try:
            client.set_registered_model_alias(name, alias, version)
            return
        except MlflowException:
            # When two processes set a new alias at the same moment, MLflow's store fails one of them at its unique key.
            if alias not in client.get_registered_model(name).aliases or time.time() > deadline:
                raise


def _seconds_between(first: Promotion, second: Promotion) -> float:
    return (datetime.fromisoformat(second.when) - datetime.fromisoformat(first.when)).total_seconds()
