"""Register the winner of a comparison: champion if it passes the gate, else challenger."""

from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run

from sentiment.artifacts import artifacts, read_json
from sentiment.commands import project_command
from sentiment.digests import text_digest
from sentiment.errors import GateFailed
from sentiment.evaluation.metrics import METRICS
from sentiment.markdown import escape_prose
from sentiment.registry import gate, promotions, versions
from sentiment.registry.candidate import Candidate, comparison_digest
from sentiment.registry.trail import describe_rollback
from sentiment.reports import table
from sentiment.reports.decision import add_decision
from sentiment.results import model_files
from sentiment.tracking import (
    ALIAS,
    CHAMPION_VERSION,
    CLASSES,
    COMPARE_RUN,
    COMPARISON,
    COMPARISON_DIGEST,
    DATASET_DIGEST,
    ENTRY_POINT,
    FAMILY,
    FEATURIZE_RUN,
    GATE,
    GATE_RESULT,
    GATE_TERMS,
    INGEST_RUN,
    MAIN_RUN,
    MAX_TAG,
    MODEL_VERSION,
    NOTE,
    OUTPUT_DIGEST,
    PARENT,
    PROCESS,
    REGISTERED_MODEL,
    REVIEW_CARD,
    TRUTH,
    TUNE_RUN,
    VERSION_GIT_COMMIT,
    WAITS,
    active_run,
    describe_commit,
)
from sentiment.workflow.parameter_groups import GateParameters
from sentiment.workflow.parameters import RegisterParameters


def register(parameters: RegisterParameters, compare_run: Run) -> None:
    name = parameters.registered_model
    promotions.check_permission(name)
    comparison = read_json(compare_run.info.run_id, COMPARISON)
    winner = comparison["rows"][0]
    model_files(winner["model_uri"])  # what is gone cannot become champion

    def evaluate_gate() -> tuple[str | None, gate.Verdict]:
        """The current champion's version and the gate's verdict."""
        candidate = Candidate(winner, compare_run, promotions.get_champion(name))
        return candidate.champion_version, gate.evaluate(candidate, parameters.terms(parameters.force))

    # The gate comes first, so that nothing is registered if the champion cannot be loaded.
    champion, verdict = evaluate_gate()
    terms = {GATE_TERMS: parameters.model_dump_json(include=set(GateParameters.model_fields))}
    if verdict.is_champion and champion is not None:
        version = champion  # a copy would only take the alias from a challenger that waits for its review
    else:
        version = versions.register(
            name,
            winner["model_uri"],
            tags=lineage_tags(winner, compare_run) | terms,
            description=f"{escape_prose(table.verdict(comparison))}\n\n{table.markdown(comparison)}",
            once=parameters.reuse,
        )
    digest = comparison_digest(compare_run)
    while True:
        waits = why_it_waits(name, version, digest, parameters) if verdict.promotes else ""
        if verdict.promotes and not waits:
            settled = promotions.promote(name, version, champion, verdict.reason, verdict.figures)
        else:
            settled = promotions.get_champion_version(name) == champion
        if settled:
            break
        champion, verdict = evaluate_gate()  # another process has changed the champion in the meantime

    was_champion = champion == version
    if was_champion:
        promotions.finish_last(name)
    alias = promotions.CHAMPION if was_champion or (verdict.promotes and not waits) else promotions.CHALLENGER
    if alias == promotions.CHALLENGER:
        MlflowClient().set_registered_model_alias(name, promotions.CHALLENGER, version)
    reason = verdict.reason
    if was_champion:
        reason = "it already was" if verdict.passed else f"it already was, but does not pass the gate: {reason}"
    if waits:
        reason = f"{waits}; {reason}"
    gate_tags = versions.tag_gate(name, version, verdict.tags() | terms, keep=verdict.is_champion)

    gate_outcome = "passed" if verdict.passed else "failed"
    card = artifacts(compare_run.info.run_id, REVIEW_CARD).read_text(encoding="utf-8")
    decided = add_decision(card, verdict.outcome, reason, verdict.checks, name, version, alias, champion)
    mlflow.log_text(decided, REVIEW_CARD)
    mlflow.log_dict(verdict.as_dict(), GATE_RESULT)
    mlflow.set_tags(
        gate_tags
        | {
            OUTPUT_DIGEST: text_digest(f"{name}/{version}"),
            COMPARISON_DIGEST: digest,
            REGISTERED_MODEL: name,
            MODEL_VERSION: version,
            ALIAS: alias,
            CHAMPION_VERSION: str(promotions.get_champion_version(name)),
            GATE: gate_outcome,
            **({WAITS: waits[:MAX_TAG]} if waits else {}),
            NOTE: f"`{name}` version {version} is **{alias}**: {escape_prose(reason)}.\n\n{verdict.markdown()}",
        }
    )
    print(f"register: {name} version {version} ({winner['family']}) is {alias}: {reason}", flush=True)
    if parameters.fail_on_gate and not verdict.passed:
        raise GateFailed(f"{name} version {version} does not pass the gate: {verdict.reason}")


def why_it_waits(name: str, version: str, digest: str | None, parameters: RegisterParameters) -> str:
    """Why somebody has to approve a version that passes the gate; empty if nobody has to."""
    command = project_command(
        "approve", registered_model=name, version=version, reviewer="YOUR_NAME", note="WHAT_YOU_FOUND"
    )
    rollback = None if parameters.force else versions.find_last_rollback(name, digest)
    if rollback is not None:
        return f"{describe_rollback(rollback)}: `{command}`, or -P force=true promotes it again"
    return f"it waits for a review, `{command}`" if parameters.require_review else ""


def lineage_tags(winner: dict[str, Any], compare_run: Run) -> dict[str, str]:
    """Tags of a version with its lineage and its metrics."""
    tags = compare_run.data.tags
    found = {
        FAMILY: winner["family"],
        COMPARE_RUN: compare_run.info.run_id,
        TUNE_RUN: winner["tune_run"],
        INGEST_RUN: tags[INGEST_RUN],
        FEATURIZE_RUN: tags.get(FEATURIZE_RUN),  # compare runs of older versions of this project do not have it
        MAIN_RUN: find_main(),
        DATASET_DIGEST: tags[DATASET_DIGEST],
        COMPARISON_DIGEST: comparison_digest(compare_run),
        CLASSES: tags.get(CLASSES),
        TRUTH: tags.get(TRUTH),
        VERSION_GIT_COMMIT: describe_commit(tags),
    }
    # MLflow's store keeps no metrics of a version, only of its model. Numbers in the units of comparison.json, whatever
    # its table shows.
    found |= {metric.key: str(round(winner[metric.key], 6)) for metric in METRICS.values() if metric.key in winner}
    return {key: value for key, value in found.items() if value}


def find_main() -> str | None:
    """The main run that this step is part of: not always that of the compare run, which may be reused."""
    parent = mlflow.get_run(active_run().info.run_id).data.tags.get(PARENT)
    # A user's own run, or another project's, may also be above a step.
    tags = mlflow.get_run(parent).data.tags if parent else {}
    return parent if tags.get(ENTRY_POINT) == "main" and PROCESS in tags else None
