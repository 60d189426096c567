"""Register the winner: champion if it beats the present champion on this test split, else challenger."""

import json

import mlflow
import pandas as pd
from mlflow import MlflowClient

from steps.evaluation import table
from steps.registry import promotion, trail
from steps.workflow.fingerprint import OUTPUT_DIGEST, text_digest
from steps.workflow.upstream import artifacts, checked_run


def register(parameters):
    name = parameters.registered_model
    compare_run = parameters.compare_run
    comparison = json.loads(artifacts(compare_run.info.run_id, "comparison.json").read_text(encoding="utf-8"))
    winner = comparison["rows"][0]

    # The champion is measured before anything is registered, so that a champion that cannot be loaded leaves no trace.
    champion = promotion.present_champion(name)
    better, reason = against(champion, winner, compare_run)
    version = promotion.register(
        name,
        winner["model_uri"],
        tags=links(winner, compare_run),
        description=f"{table.verdict(comparison)}\n\n{table.markdown(comparison['rows'])}",
        once=parameters.reuse,
    )
    while better and not trail.promote(name, version, champion and str(champion.version), reason):
        # Another one has become champion in between.
        champion = promotion.present_champion(name)
        better, reason = against(champion, winner, compare_run)
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


def against(champion, winner, compare_run):
    """Whether the winner of a comparison is to take the champion's place, and the reason in words."""
    if champion is None:
        return True, "there was no champion"
    if champion.tags.get(promotion.COMPARISON) == compare_run.data.tags.get(OUTPUT_DIGEST):
        return False, f"champion version {champion.version} is the same model"
    ingest_run = checked_run("ingest_run", compare_run.data.tags["ingest_run"], "ingest")
    test = pd.read_parquet(artifacts(ingest_run.info.run_id, "dataset/test.parquet"))
    former = promotion.accuracy(f"models:/{champion.name}/{champion.version}", test)
    return winner["test_accuracy"] > former, (
        f"test accuracy {winner['test_accuracy']:.4f} against {former:.4f} of version {champion.version} "
        f"on the same {len(test)} documents"
    )


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
        "git_commit": tags.get("mlflow.source.git.commit"),
    }
    return {key: value for key, value in found.items() if value}
