"""Deployments of versions: tags of the versions, and a trail of the registered model."""

from collections.abc import Iterable
from datetime import UTC, datetime

from mlflow import MlflowClient

from sentiment.errors import UserError
from sentiment.registry.promotions import get_champion_version
from sentiment.tracking import DEPLOYED, DEPLOYMENT, MAX_TAG, USER, active_run

GONE = " is gone"  # what was done, for a version no longer on an endpoint


def check_champion(name: str, version: str, any_version: bool) -> None:
    """Raise UserError if a version is not champion, unless any version will do."""
    champion = get_champion_version(name)
    if not any_version and version != champion:
        raise UserError(
            f"version={version}: {f'version {champion}' if champion else 'no version'} of {name} is champion: promote "
            f"this one first, or give -P any_version=true"
        )


def record(versions: Iterable[tuple[str, str]], target: str, endpoint: str, place: str, done: str) -> None:
    """Write what was done with an endpoint to the tags of versions, and to the trails of their registered models.

    A tag has a line for each place that a version is deployed to, the latest first.

    Args:
        versions: names of registered models, and numbers of versions.
        target: kind of the endpoint.
        endpoint: its name.
        place: where it is, since there may be others of this name.
        done: what was done, in words.
    """
    client, run, now = MlflowClient(), active_run(), datetime.now(UTC)
    who = run.data.tags.get(USER, "unknown")
    for name, version in versions:
        line = f"{now.isoformat(timespec='seconds')}: {target} endpoint {endpoint} in {place}, version {version}{done}"
        line += f", by {who} in run {run.info.run_id}"
        tag = f"{DEPLOYED}{target}.{endpoint}"
        lines = client.get_model_version(name, version).tags.get(tag, "").splitlines()
        elsewhere = [one for one in lines if GONE not in one and not _is_of(one, endpoint, place)]
        client.set_model_version_tag(name, version, tag, "\n".join([line, *elsewhere])[:MAX_TAG])
        timestamp = now.strftime("%Y%m%dT%H%M%S.%f")
        client.set_registered_model_tag(name, f"{DEPLOYMENT}{timestamp}.v{version}", line)


def list_deployed(target: str, endpoint: str, place: str) -> list[tuple[str, str]]:
    """The versions, of any model, whose tags say that they are part of an endpoint in a place."""
    tag = f"{DEPLOYED}{target}.{endpoint}"
    versions = MlflowClient().search_model_versions(f"tags.`{tag}` LIKE '%'")
    return [
        (version.name, str(version.version))
        for version in versions
        if any(GONE not in line and _is_of(line, endpoint, place) for line in version.tags.get(tag, "").splitlines())
    ]


def _is_of(line: str, endpoint: str, place: str) -> bool:
    # Older lines name no place.
    return any(f" endpoint {named}, version " in line for named in (f"{endpoint} in {place}", endpoint))
