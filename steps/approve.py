"""Promote a version that was reviewed if it still passes the gate, and record who reviewed it, when and why."""

import mlflow

from sentiment.artifacts import read_json
from sentiment.errors import UserError
from sentiment.markdown import escape_prose
from sentiment.registry import gate, promotions, reviews, versions
from sentiment.registry.candidate import Candidate
from sentiment.results import model_files
from sentiment.runs import checked_run
from sentiment.tracking import (
    COMPARE_RUN,
    COMPARISON,
    GATE,
    GATE_RESULT,
    GATE_TERMS,
    MAX_TAG,
    MODEL_VERSION,
    NOTE,
    REGISTERED_MODEL,
)
from sentiment.workflow.parameter_groups import GateParameters
from sentiment.workflow.parameters import ApproveParameters


def approve(parameters: ApproveParameters) -> None:
    name = parameters.registered_model
    if not (parameters.version and parameters.reviewer and parameters.note):
        raise UserError(
            "approve needs version, reviewer and note: -P version=7 -P reviewer=ada -P note='read the card'"
        )
    for parameter in ("reviewer", "note"):
        if (length := len(getattr(parameters, parameter))) > MAX_TAG:
            raise UserError(f"{parameter} has {length:,} characters: expected at most {MAX_TAG:,}, as a tag can hold")
    reviewed = parameters.reviewer, parameters.note
    found = versions.find_version(name, parameters.version)
    version, tags = str(found.version), found.tags  # an alias moves when the version is promoted
    if not {COMPARE_RUN, GATE_TERMS} <= set(tags):
        raise UserError(f"version={version}: it was not registered by this project, so there is no gate to evaluate")
    compare_run = checked_run(COMPARE_RUN, tags[COMPARE_RUN], "compare")
    winner = read_json(compare_run.info.run_id, COMPARISON)["rows"][0]
    promotions.check_permission(name)
    model_files(f"models:/{name}/{version}")  # what is gone cannot become champion
    # A parameter that the version was not registered with has its default; one of a later release is ignored.
    terms = GateParameters.model_validate_json(tags[GATE_TERMS], extra="ignore").terms(parameters.force)

    mlflow.set_tags({REGISTERED_MODEL: name, MODEL_VERSION: version})
    while True:
        candidate = Candidate(winner, compare_run, promotions.get_champion(name))
        verdict = gate.evaluate(candidate, terms)
        why = reviews.find_unrecorded(name, version, *reviewed) if candidate.champion_version == version else None
        if why:
            promotions.finish_last(name)
            break
        if not verdict.promotes:
            reason = "it already is the champion" if candidate.champion_version == version else verdict.reason
            raise UserError(f"{name} version {version} is not promoted: {reason}")
        # All but the review is written before the promotion, so that a store that fails leaves nothing half done.
        versions.tag_gate(name, version, verdict.tags() | {GATE_TERMS: tags[GATE_TERMS]})
        mlflow.log_dict(verdict.as_dict(), GATE_RESULT)
        mlflow.set_tags(verdict.tags() | {GATE: "passed", GATE_TERMS: tags[GATE_TERMS]})
        why = reviews.begin_reason(*reviewed) + verdict.reason
        if promotions.promote(name, version, candidate.champion_version, why, verdict.figures):
            break
    # Before the review: if that is missing, the same command has to finish this.
    note = f"`{name}` version {version} is **champion**, {escape_prose(why)}.\n\n{verdict.markdown()}"
    mlflow.set_tag(NOTE, note[:MAX_TAG])
    reviews.record(name, version, *reviewed)
    print(f"approve: {name} version {version} is champion, {why}", flush=True)
