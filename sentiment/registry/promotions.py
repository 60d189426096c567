"""The audit trail of a registered model: each promotion a tag of its own, which nothing overwrites; the aliases follow from it.

MLflow moves an alias without a condition, so that of two promotions at the same moment the second would not know of the
first. Here each first writes down what it replaces. Whoever reads the trail in its order sees which of two was first, and
that the other replaces a champion who was none any more: that one is void, in every reader's eyes.
"""

import json
import re
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

from sentiment.errors import UserError

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
ENTRY = "promotion."  # before the moment in the name of an entry's tag
AT_ONCE = (
    60.0  # seconds within which two promotions of the same champion met; after that, someone moved the alias by hand
)


@dataclass(frozen=True)
class Promotion:
    """An entry of the trail.

    Args:
        version: the version that becomes champion, a str.
        replaces: the champion before it, a str, or None.
        who: name of the user.
        why: reason, in words.
        run: id of the run that did it, or None.
        rollback: whether it puts an earlier champion back.
        figures: what it was weighed by, a dict from names to floats.
        when: UTC, ISO 8601; entries are in its order.
    """

    version: str
    replaces: str | None
    who: str
    why: str
    run: str | None = None
    rollback: bool = False
    figures: dict = field(default_factory=dict)
    when: str = ""


def read(name):
    """The promotions of a registered model, the oldest first, void ones included: a list of :class:`Promotion`."""
    tags = MlflowClient().get_registered_model(name).tags
    entries = [json.loads(tags[key]) for key in sorted(tags) if key.startswith(ENTRY)]
    # Stores differ in whether a version is a number; entries that were written with one are there for good.
    return [Promotion(**entry | {"version": str(entry["version"])}) for entry in entries]


def in_force(promotions):
    """Those that replaced who was champion then, a list of :class:`Promotion`."""
    valid = []
    for promotion in promotions:
        last = valid[-1] if valid else None
        # A champion that is not the trail's, long after: someone set the alias by hand, and it was that one's turn.
        if last is None or promotion.replaces == last.version or _seconds(last, promotion) > AT_ONCE:
            valid.append(promotion)
    return valid


def champions(promotions):
    """The present champion and those before it, to whom a rollback leads: a list of versions, the present one last."""
    line = []
    for promotion in in_force(promotions):
        if promotion.replaces and line[-1:] != [promotion.replaces]:
            line.append(promotion.replaces)
        if promotion.rollback and promotion.version in line:
            while line[-1] != promotion.version:
                line.pop()
        else:
            line.append(promotion.version)
    return line


def promote(name, version, replaces, why, figures=None, rollback=False):
    """Make a version the champion, and write down who did it, when and why.

    Args:
        name: registered model.
        version: the new champion's version, a str or an int, as the store has it.
        replaces: the champion's version that it was weighed against, a str, or None where there was no champion.
        why: reason, in words.
        figures: what it was weighed by, a dict from names to floats.
        rollback: whether it puts an earlier champion back.

    Returns:
        Whether it is done: not where another version has become champion since.
    """
    client = MlflowClient()
    if champion_version(name) != replaces:
        return False
    run = mlflow.active_run()
    who = run.data.tags.get("mlflow.user", "unknown") if run else "unknown"
    when = datetime.now(UTC).isoformat(timespec="microseconds")
    mine = Promotion(str(version), replaces, who, why, run.info.run_id if run else None, rollback, figures or {}, when)
    stamp = re.sub(r"[^0-9T.]", "", when.partition("+")[0])
    # A tag holds 5,000 characters on every store; the reason is the only part without a bound.
    entry = json.dumps(asdict(mine) | {"why": why[:3000]}, ensure_ascii=False)
    client.set_registered_model_tag(name, f"{ENTRY}{stamp}.v{version}", entry)
    settle(name)
    return any(promotion.when == when and promotion.version == mine.version for promotion in in_force(read(name)))


def settle(name):
    """Set the aliases as the trail has them, again until nobody has added to it in between."""
    line = None
    while line != (line := champions(read(name))):
        _point(name, CHAMPION, line[-1])
        _point(name, PREVIOUS, line[-2] if len(line) > 1 else None)


def present_champion(name):
    """The ``ModelVersion`` with the alias champion, or None where there is no such model or alias yet."""
    try:
        return MlflowClient().get_model_version_by_alias(name, CHAMPION)
    except MlflowException as error:
        missing = (ErrorCode.Name(RESOURCE_DOES_NOT_EXIST), "INVALID_PARAMETER_VALUE")  # no model, no alias
        if error.error_code in missing:
            return None
        raise


def needed_champion(name):
    """The same; UserError where there is none."""
    champion = present_champion(name)
    if champion is None:
        raise UserError(f"{name} has no champion at {mlflow.get_tracking_uri()}: run `mlflow run .` first")
    return champion


def champion_version(name):
    """The champion's version, a str, or None."""
    version = MlflowClient().get_registered_model(name).aliases.get(CHAMPION)
    return None if version is None else str(version)


def _point(name, alias, version):
    """Set an alias, or drop it where the version is None."""
    client = MlflowClient()
    aliases = client.get_registered_model(name).aliases
    if version is None:
        if alias in aliases:
            client.delete_registered_model_alias(name, alias)
        return
    deadline = time.time() + 10
    while True:
        try:
            return client.set_registered_model_alias(name, alias, version)
        except MlflowException:
            # Two that set a *new* alias at the same moment: MLflow's store lets one of them fail at its unique key.
            if alias not in client.get_registered_model(name).aliases or time.time() > deadline:
                raise


def _seconds(first, second):
    return (datetime.fromisoformat(second.when) - datetime.fromisoformat(first.when)).total_seconds()
