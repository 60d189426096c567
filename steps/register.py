"""Register the winner: champion if it passes the gate, on texts that the present champion has not seen either, else challenger."""

import json

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run

from sentiment.digests import text_digest
from sentiment.registry import gate, promotions, versions
from sentiment.reports import table
from sentiment.tracking import OUTPUT_DIGEST, artifacts
from sentiment.workflow.parameters import RegisterParameters


def register(parameters: RegisterParameters, compare_run: Run) -> None:
    name = parameters.registered_model
    comparison = json.loads(artifacts(compare_run.info.run_id, "comparison.json").read_text(encoding="utf-8"))
    winner, terms = comparison["rows"][0], gate.terms_of(parameters)

    # The champion is measured before anything is registered, so that a champion that cannot be loaded leaves no trace.
    champion = promotions.present_champion(name)
    verdict = gate.weighed(champion, winner, compare_run, terms, parameters.force)
    version = versions.register(
        name,
        winner["model_uri"],
        tags=links(winner, compare_run) | {gate.TERMS: json.dumps(terms)},
        description=f"{table.verdict(comparison)}\n\n{table.markdown(comparison['rows'])}",
        once=parameters.reuse,
    )
    waits = verdict.passed and parameters.require_review
    while verdict.passed and not waits:
        if promotions.promote(name, version, champion and str(champion.version), verdict.reason, verdict.figures):
            break
        # Another one has become champion in between.
        champion = promotions.present_champion(name)
        verdict = gate.weighed(champion, winner, compare_run, terms, parameters.force)
    client = MlflowClient()
    already = champion is not None and str(champion.version) == version
    if better := already or (verdict.passed and not waits):
        alias, reason = promotions.CHAMPION, "it already was" if already else verdict.reason
    else:
        client.set_registered_model_alias(name, promotions.CHALLENGER, version)
        alias, reason = promotions.CHALLENGER, verdict.reason
    if waits:
        reason = (
            f"it waits for a review, mlflow run . -e approve -P version={version} -P reviewer=… -P note=…; {reason}"
        )
    for key, value in verdict.tags().items():
        client.set_model_version_tag(name, version, key, value)

    mlflow.log_dict(verdict.as_dict(), "gate.json")
    mlflow.set_tags(
        verdict.tags()
        | {
            OUTPUT_DIGEST: text_digest(f"{name}/{version}"),
            "registered_model": name,
            "model_version": version,
            "alias": alias,
            "gate": "passed" if better or waits else "failed",
            "mlflow.note.content": f"`{name}` version {version} is **{alias}**: {reason}.\n\n{verdict.markdown()}",
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
        versions.COMPARISON: tags.get(OUTPUT_DIGEST),
        "classes": tags.get("classes"),
        "git_commit": tags.get("mlflow.source.git.commit"),
    }
    return {key: value for key, value in found.items() if value}
