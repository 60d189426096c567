"""Register the winner: champion if it beats the present champion on this test split, else challenger."""

import json

import mlflow
from mlflow import MlflowClient

from steps.evaluation import table
from steps.registry import gate, promotion, trail
from steps.workflow.fingerprint import OUTPUT_DIGEST, text_digest
from steps.workflow.upstream import artifacts


def register(parameters):
    name = parameters.registered_model
    compare_run = parameters.compare_run
    comparison = json.loads(artifacts(compare_run.info.run_id, "comparison.json").read_text(encoding="utf-8"))
    winner = comparison["rows"][0]

    # The champion is measured before anything is registered, so that a champion that cannot be loaded leaves no trace.
    champion = trail.present_champion(name)
    better, reason = gate.weighed(champion, winner, compare_run, parameters.force)
    version = promotion.register(
        name,
        winner["model_uri"],
        tags=links(winner, compare_run),
        description=f"{table.verdict(comparison)}\n\n{table.markdown(comparison['rows'])}",
        once=parameters.reuse,
    )
    if better and parameters.require_review:
        better = False
        reason = (
            f"it waits for a review, mlflow run . -e approve -P version={version} -P reviewer=… -P note=…; {reason}"
        )
    while better and not trail.promote(name, version, champion and str(champion.version), reason):
        # Another one has become champion in between.
        champion = trail.present_champion(name)
        better, reason = gate.weighed(champion, winner, compare_run, parameters.force)
    if champion is not None and champion.version == version:
        better, reason = True, "it already was"
    elif not better:
        MlflowClient().set_registered_model_alias(name, trail.CHALLENGER, version)
    alias = trail.CHAMPION if better else trail.CHALLENGER

    mlflow.set_tags(
        {
            OUTPUT_DIGEST: text_digest(f"{name}/{version}"),
            "registered_model": name,
            "model_version": version,
            "alias": alias,
            "mlflow.note.content": f"`{name}` version {version} is **{alias}**: {reason}.",
        }
    )
    print(f"register: {name} version {version} ({winner['family']}) is {alias}: {reason}", flush=True)


def links(winner, compare_run):
    """Tags of a model version: where it comes from."""
    tags = compare_run.data.tags
    found = {
        "family": winner["family"],
        "compare_run": compare_run.info.run_id,
        "tune_run": winner["tune_run"],
        "ingest_run": tags["ingest_run"],
        "main_run": tags.get("mlflow.parentRunId"),
        "dataset.digest": tags["dataset.digest"],
        promotion.COMPARISON: tags.get(OUTPUT_DIGEST),
        "classes": tags.get("classes"),
        "git_commit": tags.get("mlflow.source.git.commit"),
    }
    return {key: value for key, value in found.items() if value}
