"""Register the winner: champion if it beats the present champion on this test split, else challenger."""

import json

import mlflow
import pandas as pd
from mlflow import MlflowClient

from steps.evaluation import table
from steps.registry import promotion
from steps.workflow.fingerprint import OUTPUT_DIGEST, text_digest
from steps.workflow.step import run_step
from steps.workflow.upstream import artifacts, upstream_run


def register(parameters):
    name = parameters.registered_model
    compare_run = upstream_run("compare_run", parameters.compare_run, "compare")
    comparison = json.loads(artifacts(compare_run.info.run_id, "comparison.json").read_text(encoding="utf-8"))
    winner = comparison["rows"][0]

    # The champion is measured before anything is registered, so that a champion that cannot be loaded leaves no trace.
    champion = promotion.present_champion(name)
    if champion is None:
        promoted, reason = True, "there was no champion"
    else:
        ingest_run = upstream_run("ingest_run", compare_run.data.tags["ingest_run"], "ingest")
        test = pd.read_parquet(artifacts(ingest_run.info.run_id, "dataset/test.parquet"))
        former = promotion.accuracy(f"models:/{name}/{champion.version}", test)
        promoted = winner["test_accuracy"] > former
        reason = (
            f"test accuracy {winner['test_accuracy']:.4f} against {former:.4f} of version {champion.version} "
            f"on the same {len(test)} documents"
        )

    version = mlflow.register_model(winner["model_uri"], name, tags=links(winner, compare_run)).version
    client = MlflowClient()
    client.update_model_version(
        name, version, description=f"{table.verdict(comparison['rows'])}\n\n{table.markdown(comparison['rows'])}"
    )
    if promoted:
        promotion.promote(name, version, champion)
    else:
        client.set_registered_model_alias(name, promotion.CHALLENGER, version)
    alias = promotion.CHAMPION if promoted else promotion.CHALLENGER

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
        "git_commit": tags.get("mlflow.source.git.commit"),
    }
    return {key: value for key, value in found.items() if value}


if __name__ == "__main__":
    run_step("register", register)
