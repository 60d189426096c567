"""Promotions of a registered model. Each is a tag from one process, an entry of the trail that decides the aliases.

MLflow sets an alias unconditionally, so the second of two concurrent promotions would silently undo the first. Here
each promotion first records its place in the trail: the one after the last promotion that its process has read. If two
take the same place, only one is valid, and the other one is refused. Nothing depends on clocks, which may differ by
minutes between two machines.
"""

import re
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED, RESOURCE_DOES_NOT_EXIST, ErrorCode

from sentiment.commands import project_command
from sentiment.errors import UserError
from sentiment.registry.trail import Promotion, drop_void, list_champions
from sentiment.tracking import PROMOTION, USER

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
RECORD = "promotion.json"  # artifact of the promoting run, whether it takes effect or not, with its metrics
MAX_REASON = 3000  # characters of a reason: every store keeps 5,000 of a tag, and all else in it is shorter
PATIENCE = 5.0  # seconds to wait for a promotion in the same place, whose process may have been killed


def find_last(name: str) -> Promotion | None:
    """The last promotion of a registered model, whether or not its aliases are set yet; None if there is none."""
    return next(reversed(drop_void(read(name))), None)


def read(name: str) -> list[Promotion]:
    """The promotions of a registered model, the oldest first, including void ones."""
    return list(_read_tags(name))


def _read_tags(name: str) -> dict[Promotion, str]:
    """From each promotion to its tag's key."""
    tags = MlflowClient().get_registered_model(name).tags
    return {Promotion.parse(key, tags[key]): key for key in sorted(tags) if key.startswith(PROMOTION)}


def promote(
    name: str,
    version: str | int,
    replaces: str | None,
    why: str,
    figures: dict[str, float] | None = None,
    rollback: bool = False,
) -> bool:
    """Make a version the champion, and record who did it, when and why, also in the active run.

    Args:
        name: registered model.
        version: the new champion, a number where the store gives numbers.
        replaces: the champion that it was compared with, or None if there was no champion.
        why: reason, in words.
        figures: what the decision was based on, from names to values.
        rollback: whether it restores an earlier champion.

    Returns:
        Whether the version is champion; False if another version has become champion in the meantime.
    """
    client = MlflowClient()
    if get_champion_version(name) != replaces:
        return False
    last = find_last(name)
    if last is not None and last.version != replaces:
        if not last.applied:
            update_aliases(name)
        # Else the champion was set by hand, or the alias was read before the trail was.
        if get_champion_version(name) != replaces:
            return False
    run = mlflow.active_run()
    mine = Promotion(
        version=str(version),
        replaces=replaces,
        who=run.data.tags.get(USER, "unknown") if run else "unknown",
        why=why[:MAX_REASON],
        run=run.info.run_id if run else None,
        rollback=rollback,
        when=datetime.now(UTC).isoformat(timespec="microseconds"),
        number=last.number + 1 if last else 1,
        applied=False,
    )
    timestamp = re.sub(r"[^0-9T.]", "", mine.when.partition("+")[0])
    if run:  # first: if the artifact store is not writable, nothing is promoted
        entry = {name: value for name, value in asdict(mine).items() if name != "applied"}
        mlflow.log_dict(entry | {"figures": figures or {}}, RECORD)
    key = f"{PROMOTION}n{mine.number:06d}.{timestamp}.v{version}"  # sorts after the timestamps of earlier releases
    _write(name, key, mine)
    # Another one in the same place may have become champion before this one could be read. It stays.
    if get_champion_version(name) not in (replaces, mine.version):
        client.delete_registered_model_tag(name, key)
        update_aliases(name)
        return False
    deadline = time.monotonic() + PATIENCE
    while True:
        update_aliases(name)
        valid = next(entry for entry in drop_void(read(name)) if entry.number == mine.number)
        if (valid.when, valid.version) == (mine.when, mine.version):
            mine = replace(mine, applied=True)
            _write(name, key, mine)
            return True
        if valid.applied or time.monotonic() > deadline:
            return False
        time.sleep(0.1)  # it may still give way


def finish_last(name: str) -> None:
    """Finish the last promotion if its process was killed before it had set all aliases."""
    keys = _read_tags(name)
    last = next(reversed(drop_void(list(keys))), None)
    if last is not None and not last.applied and last.version == get_champion_version(name):
        update_aliases(name)
        _write(name, keys[last], replace(last, applied=True))


def update_aliases(name: str) -> None:
    """Set the aliases by the audit trail, again until neither it nor the versions have changed meanwhile."""
    line = None
    while line != (line := list_champions(read(name), _list_versions(name))):
        champion = line[-1] if line else None
        _set_alias(name, CHAMPION, champion)
        _set_alias(name, PREVIOUS, line[-2] if len(line) > 1 else None)
        if champion and str(MlflowClient().get_registered_model(name).aliases.get(CHALLENGER)) == champion:
            _set_alias(name, CHALLENGER, None)


def find_previous(name: str) -> tuple[str | None, str | None]:
    """The current champion's version, and the one that a rollback restores: the one before it that still exists."""
    champion = get_champion_version(name)
    line = list_champions(read(name), _list_versions(name))
    if champion in line:
        while line.pop() != champion:
            pass
    return champion, line[-1] if line else None


def get_champion(name: str) -> ModelVersion | None:
    """The version with the alias champion, or None if there is no such model or alias yet."""
    version = get_champion_version(name)
    return None if version is None else MlflowClient().get_model_version(name, version)


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
    """The number of the version with the alias champion, or None if there is no such model or alias yet."""
    version = (_get_aliases(name) or {}).get(CHAMPION)
    return None if version is None else str(version)


def check_permission(name: str) -> None:
    """Raise UserError, before training, if this user may not register a version of a model."""
    try:
        if _get_aliases(name) is not None:
            # There is none: nothing changes. A promotion may delete an alias, which needs more than setting one.
            MlflowClient().delete_registered_model_alias(name, "promotion-none")
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(PERMISSION_DENIED):
            raise
        raise UserError(
            f"registered_model={name}: this user may not change it at {mlflow.get_tracking_uri()}: ask its owner for "
            "the permission MANAGE, or give another name"
        ) from error


def _get_aliases(name: str) -> dict[str, str] | None:
    """The version of each alias of a registered model, or None if there is no such model yet.

    Not asked for by alias: without a model, a server with authentication refuses that to all but admins.
    """
    try:
        return MlflowClient().get_registered_model(name).aliases
    except MlflowException as error:
        if error.error_code == ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            return None
        raise


def _set_alias(name: str, alias: str, version: str | None) -> None:
    """Set an alias, or delete it if the version is None."""
    client = MlflowClient()
    if version is None:
        if alias in client.get_registered_model(name).aliases:
            client.delete_registered_model_alias(name, alias)
        return
    deadline = time.time() + 10
    while True:
        try:
            client.set_registered_model_alias(name, alias, version)
            return
        except MlflowException as error:
            if error.error_code == ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
                return  # the version was deleted in the meantime: the next reading of the line sees it
            # If two processes set a new alias at the same moment, MLflow's store fails one of them on its unique key.
            if alias not in client.get_registered_model(name).aliases or time.time() > deadline:
                raise


def _list_versions(name: str) -> set[str]:
    """The versions that have not been deleted."""
    return {str(version.version) for version in MlflowClient().search_model_versions(f"name = '{name}'")}


def _write(name: str, key: str, promotion: Promotion) -> None:
    MlflowClient().set_registered_model_tag(name, key, str(promotion))
