"""Promote a reviewed version if it still beats the champion, and write down who reviewed it, when and why."""

import json
from datetime import UTC, datetime

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from sentiment.errors import UserError
from sentiment.registry import gate, promotions
from sentiment.tracking import artifacts, checked_run
from sentiment.workflow.parameters import ApproveParameters


def approve(parameters: ApproveParameters) -> None:
    name, version, client = parameters.registered_model, parameters.version, MlflowClient()
    if not (version and parameters.reviewer and parameters.note):
        raise UserError(
            "approve needs version, reviewer and note: -P version=7 -P reviewer=ada -P note='read the card'"
        )
    try:
        reviewed = client.get_model_version(name, version)
    except MlflowException as error:
        raise UserError(f"version={version}: {name} has no such version at {mlflow.get_tracking_uri()}") from error
    if not {"compare_run", gate.TERMS} <= set(reviewed.tags):
        raise UserError(f"version={version}: it was not registered by this project, so there is nothing to weigh it by")
    compare_run = checked_run("compare_run", reviewed.tags["compare_run"], "compare")
    terms = json.loads(reviewed.tags[gate.TERMS])
    rows = json.loads(artifacts(compare_run.info.run_id, "comparison.json").read_text(encoding="utf-8"))["rows"]

    review = {
        "reviewer": parameters.reviewer,
        "note": parameters.note,
        "at": datetime.now(UTC).isoformat("T", "seconds"),
    }
    for key, value in review.items():
        client.set_model_version_tag(name, version, f"review.{key}", value)
    mlflow.set_tags({"registered_model": name, "model_version": version})
    while True:
        champion = promotions.present_champion(name)
        verdict = gate.weighed(champion, rows[0], compare_run, terms, parameters.force)
        if not verdict.passed:
            raise UserError(f"version {version} is reviewed, and is not promoted: {verdict.reason}")
        why = f"approved by {parameters.reviewer} ({parameters.note}): {verdict.reason}"
        if promotions.promote(name, version, champion and str(champion.version), why, verdict.figures):
            break
    if str(client.get_registered_model(name).aliases.get(promotions.CHALLENGER)) == version:
        client.delete_registered_model_alias(name, promotions.CHALLENGER)
    print(f"approve: {name} version {version} is champion, {why}", flush=True)
