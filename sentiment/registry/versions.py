"""Versions of a registered model: which one a URI means, and registering a new one exactly once."""

import re

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from sentiment.commands import project_command
from sentiment.errors import UserError
from sentiment.registry import promotions
from sentiment.registry.trail import Promotion, find_rollback
from sentiment.results import has_model
from sentiment.tracking import COMPARISON_DIGEST, GATE_TERMS, gate_tags, raise_if_unanswered

# The description of a registered model until somebody changes it.
DESCRIPTION = """Classifies texts: it takes a string column `text`, and returns `label` and its probability, `score`.

`champion` is the version in use, `previous` the one that it replaced, and `challenger` the latest version that did not
pass the gate or waits for a review. A version's description compares it with other models; its tags `gate.…` say what
the gate found. The tags `promotion.…` of this page are the audit trail: who made which version champion, when, and why.
"""


def register(name: str, model_uri: str, tags: dict[str, str], description: str, once: bool) -> str:
    """Make a model the next version of a registered model.

    Args:
        name: the registered model.
        model_uri: URI of the logged model.
        tags: tags of the version, ``COMPARISON_DIGEST`` among them.
        description: Markdown.
        once: whether to return an existing version that won a comparison of the same content, if there is one: a chain
            that was killed right after it registered may have left one, or another chain may register at the same
            moment.

    Returns:
        The version.
    """
    client = MlflowClient()
    digest = tags.get(COMPARISON_DIGEST)
    version = _find_first(name, digest) if once else None
    if version is None:
        version = str(mlflow.register_model(model_uri, name, tags=tags).version)
        # Chains that register at the same moment each see the versions lower than their own, so that the lowest one is
        # kept.
        if once and (first := _find_first(name, digest)) and first != version:
            client.delete_model_version(name, version)
            version = first
    # The process that registered it may have been killed before it wrote this.
    if not client.get_model_version(name, version).description:
        client.update_model_version(name, version, description=description)
    if not client.get_registered_model(name).description:
        client.update_registered_model(name, DESCRIPTION)
    return version


def resolve_uri(uri: str, parameter: str = "model") -> tuple[str, str]:
    """A model's URI with the current version in place of an alias or of ``latest``, and the model's name for messages.

    Args:
        uri: the URI.
        parameter: the parameter that another model can be named with, for the message.

    Raises:
        UserError: there is no such registered model, version or alias.
    """
    match = re.fullmatch(r"models:/([^/@]+)(?:@([^/@]+)|/(\d+|latest))", uri)
    if not match:
        return uri, uri
    (name, alias, version), client = match.groups(), MlflowClient()
    try:
        if version == "latest":
            registered = client.search_model_versions(f"name = '{name}'")
            version = str(max((int(one.version) for one in registered), default=0))
        found = client.get_model_version_by_alias(name, alias) if alias else client.get_model_version(name, version)
    except MlflowException as error:
        raise_if_unanswered(error)
        hint = (
            f"run `{project_command(registered_model=name)}` first, or name a model with -P {parameter}="
            if alias == promotions.CHAMPION
            else "expected one that exists"
        )
        raise UserError(f"{uri}: there is no such model at {mlflow.get_tracking_uri()}: {hint}") from error
    return f"models:/{name}/{found.version}", f"{name} version {found.version}"


def find_version(name: str, version: str) -> ModelVersion:
    """A version of a registered model: the one of that number or alias, or the champion if none is named.

    Raises:
        UserError: there is none.
    """
    if not version:
        return promotions.require_champion(name)
    try:
        if version.isdecimal():
            return MlflowClient().get_model_version(name, version)
        return MlflowClient().get_model_version_by_alias(name, version)
    except MlflowException as error:
        raise_if_unanswered(error)
        raise UserError(
            f"version={version}: {name} has no such version or alias at {mlflow.get_tracking_uri()}"
        ) from error


def tag_gate(name: str, version: str, tags: dict[str, str], keep: bool = False) -> dict[str, str]:
    """Set the gate tags of a version, in place of those of an earlier evaluation.

    Args:
        name: the registered model.
        version: the version.
        tags: what the gate said (:meth:`sentiment.registry.gate.Verdict.tags`), and its terms.
        keep: whether to keep tags that only the earlier one has, if it had the same terms: the champion is not compared
            with itself, and its tags say how it became champion.

    Returns:
        The tags that the version has now.
    """
    client = MlflowClient()
    former = gate_tags(client.get_model_version(name, version).tags)
    if keep and former.get(GATE_TERMS) == tags[GATE_TERMS]:
        tags = former | tags
    for key in former.keys() - tags.keys():
        client.delete_model_version_tag(name, version, key)
    for key, value in tags.items():
        client.set_model_version_tag(name, version, key, value)
    return tags


def find_same(name: str, digest: str | None) -> list[ModelVersion]:
    """The versions that won a comparison of this content: they are the same model."""
    found = MlflowClient().search_model_versions(f"name = '{name}'")
    return [version for version in found if digest and version.tags.get(COMPARISON_DIGEST) == digest]


def find_last_rollback(name: str, digest: str | None) -> Promotion | None:
    """The latest rollback of this model, under any version number; None if none is in effect."""
    same = {str(version.version) for version in find_same(name, digest)}
    return find_rollback(promotions.read(name), same) if same else None  # without versions there may be no such model


def _find_first(name: str, digest: str | None) -> str | None:
    """The lowest version that won a comparison of this content and whose model still exists, or None."""
    same = find_same(name, digest)
    kept = [str(version.version) for version in same if has_model(f"models:/{name}/{version.version}")]
    return min(kept, key=int, default=None)
